//! Some lines of a log by number, by offset or from its end, and what is added while it grows.

use super::known::{KnownLogs, Look};
use super::pattern::{Pattern, reads_like_an_error};
use farmhand_model::log::{LogHole, LogLine, LogWindow};
use farmhand_runner::{Line, LineText, Lines, plain};
use futures::Stream;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// How much of a line a window shows.
const SHOWN: usize = 4 << 10;
/// How long a window may take, counting the lines of a long log included.
pub(in crate::api) const TIME: Duration = Duration::from_secs(1);
/// How often a followed log is looked at.
const POLL: Duration = Duration::from_millis(40);
/// How often a followed log that does not grow is asked whether it still can.
const LIVE_POLL: Duration = Duration::from_millis(500);

/// Which lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::api) enum Wanted {
    /// From this line on.
    From(u64),
    /// The one that holds this byte, with half of the lines before it.
    Around(u64),
    /// The last ones.
    Last,
}

/// What a window shows.
#[derive(Debug, Clone)]
pub(in crate::api) struct Window {
    pub(in crate::api) wanted: Wanted,
    pub(in crate::api) count: u64,
    /// What to show the places of.
    pub(in crate::api) pattern: Option<Pattern>,
}

impl Window {
    pub(in crate::api) fn read(&self, look: &Look) -> io::Result<LogWindow> {
        let known = look.known()?;
        let index = &known.index;
        let first = match self.wanted {
            Wanted::From(line) => line,
            Wanted::Last => (index.lines() + 1).saturating_sub(self.count).max(1),
            Wanted::Around(offset) => {
                let line = index.lines_at(&look.log, &[offset])?.first().copied().unwrap_or(1);
                line.saturating_sub(self.count / 2).max(1)
            }
        };
        let mut window = LogWindow {
            live: look.live,
            lines: index.lines(),
            bytes: look.log.end(),
            counted_bytes: index.scanned(),
            holes: index.holes().iter().map(hole).collect(),
            items: Vec::new(),
        };
        let start = index.before_line(first);
        drop(known);
        let mut lines = Lines::new(look.log.clone(), start);
        while (window.items.len() as u64) < self.count
            && let Some(line) = lines.next_line()?
        {
            if line.start.number > window.lines {
                break;
            }
            if line.start.number >= first {
                window.items.push(shown(&line, self.pattern.as_ref()));
            }
        }
        Ok(window)
    }
}

fn hole(hole: &farmhand_runner::Hole) -> LogHole {
    LogHole { line: hole.start.number, offset: hole.start.offset, bytes: hole.bytes }
}

fn shown(line: &Line<'_>, pattern: Option<&Pattern>) -> LogLine {
    let mut shown = LogLine {
        number: line.start.number,
        offset: line.start.offset,
        bytes: line.bytes,
        ..LogLine::default()
    };
    match line.text {
        LineText::Dropped => shown.dropped = true,
        LineText::Kept { bytes, cut, redrawn } => {
            let text = plain(bytes);
            shown.error = reads_like_an_error(&text);
            shown.hits = pattern.map(|pattern| pattern.hits(&text)).unwrap_or_default();
            shown.cut = cut || bytes.len() > SHOWN;
            shown.redrawn = redrawn;
            shown.text = beginning(bytes);
        }
    }
    shown
}

/// As much of a line as is shown, and no half of a character at its end.
fn beginning(line: &[u8]) -> String {
    let Some(mut end) = (line.len() > SHOWN).then_some(SHOWN) else {
        return String::from_utf8_lossy(line).into_owned();
    };
    while end > SHOWN - 4 && line[end] & 0xc0 == 0x80 {
        end -= 1;
    }
    String::from_utf8_lossy(&line[..end]).into_owned()
}

/// A window, and then one of what is added, at most so many of the newest lines at once, until `is_live` says that
/// nothing more will be, or the daemon stops. The last line that was told is told again, since it may have been half of
/// one. Holds `place` as long as it lives.
pub(in crate::api) fn follow<L, F, P>(
    logs: KnownLogs,
    path: PathBuf,
    window: Window,
    mut is_live: L,
    stop: CancellationToken,
    place: P,
) -> impl Stream<Item = io::Result<LogWindow>>
where
    L: FnMut() -> F,
    F: Future<Output = bool>,
{
    async_stream::try_stream! {
        let _place = place;
        let mut asked = Instant::now();
        let mut live = true;
        let mut told: Option<LogWindow> = None;
        loop {
            let next = match &told {
                None => window.clone(),
                Some(_) => Window { wanted: Wanted::Last, ..window.clone() },
            };
            let before = told.as_ref().map(|told| (told.bytes, told.counted_bytes));
            let seen = logs.look(&path, live, TIME, move |look| {
                if before == Some((look.log.end(), look.log.end())) {
                    return Ok(None);
                }
                next.read(look).map(Some)
            });
            let seen = seen.await?;
            let grew = seen.is_some();
            if let Some(mut now) = seen {
                if let Some(told) = &told && told.holes == now.holes {
                    now.items.retain(|line| line.number >= told.lines);
                }
                told = Some(LogWindow { items: Vec::new(), ..now.clone() });
                yield now;
            }
            if !live {
                // The end is told even where nothing was added before it.
                if !grew && let Some(told) = told {
                    yield LogWindow { live, ..told };
                }
                break;
            }
            if !grew && asked.elapsed() >= LIVE_POLL {
                // What was written before the end was announced is read after the question.
                live = is_live().await;
                asked = Instant::now();
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                () = tokio::time::sleep(POLL) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::log::tests::Log;
    use futures::{StreamExt, pin_mut};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn look(log: &Log) -> Look {
        Look::at(log.files(), false, Duration::from_secs(3600))
    }

    fn texts(window: &LogWindow) -> Vec<(u64, &str)> {
        window.items.iter().map(|line| (line.number, line.text.as_str())).collect()
    }

    #[test]
    fn lines_by_number_by_offset_and_from_the_end() {
        let text: String = (1..=1000).map(|n| format!("line {n:04}\n")).collect();
        let log = Log::new(text.as_bytes(), &[]);
        let look = look(&log);
        let check = |wanted: Wanted, count: u64, first: u64, last: u64| {
            let window = Window { wanted, count, pattern: None }.read(&look).unwrap();
            let expect: Vec<_> = (first..=last).map(|n| (n, format!("line {n:04}"))).collect();
            let expect: Vec<_> = expect.iter().map(|(n, text)| (*n, text.as_str())).collect();
            assert_eq!(texts(&window), expect, "{wanted:?}");
            assert_eq!((window.lines, window.bytes, window.counted_bytes), (1000, 10_000, 10_000));
        };
        check(Wanted::From(1), 3, 1, 3);
        check(Wanted::From(999), 5, 999, 1000);
        check(Wanted::From(1001), 5, 1001, 1000);
        check(Wanted::Last, 2, 999, 1000);
        check(Wanted::Last, 2000, 1, 1000);
        check(Wanted::Around(5004), 5, 499, 503);
        check(Wanted::Around(0), 5, 1, 5);
        check(Wanted::Around(99_999), 3, 999, 1000);
    }

    #[test]
    fn a_line_says_all_that_there_is_to_know_of_it() {
        let long = format!("{}ü{}\n", "x".repeat(SHOWN - 1), "y".repeat(SHOWN));
        let text = format!("\u{1b}[31mError: hit\u{1b}[0m\r\n10%\r20%\n{long}");
        let log = Log::new(text.as_bytes(), &[(100_000, b"behind")]);
        let pattern = Some(Pattern::new("hit", false).unwrap());
        let window = Window { wanted: Wanted::From(1), count: 10, pattern }.read(&look(&log)).unwrap();
        let [coloured, drawn, cut, dropped, behind] = window.items.as_slice() else { panic!("{window:?}") };
        assert_eq!(coloured.text, "\u{1b}[31mError: hit\u{1b}[0m");
        assert_eq!((coloured.error, coloured.hits.as_slice()), (true, &[(7, 10)][..]));
        assert_eq!((drawn.text.as_str(), drawn.redrawn, drawn.error), ("20%", true, false));
        assert_eq!((cut.text.len(), cut.cut, cut.bytes), (SHOWN - 1, true, long.len() as u64));
        assert!(dropped.dropped && dropped.text.is_empty());
        assert_eq!(dropped.offset + dropped.bytes, 100_000);
        assert_eq!((behind.number, behind.offset, behind.text.as_str()), (5, 100_000, "behind"));
        assert_eq!(window.holes, [LogHole { line: 4, offset: dropped.offset, bytes: dropped.bytes }]);
    }

    #[tokio::test]
    async fn following_tells_what_is_new_and_then_the_end() {
        let log = Log::new(b"one\ntw", &[]);
        let live = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&live);
        let is_live = move || std::future::ready(still.load(Ordering::SeqCst));
        let window = Window { wanted: Wanted::Last, count: 2, pattern: None };
        let stream = follow(KnownLogs::new(), log.path(), window, is_live, CancellationToken::new(), ());
        pin_mut!(stream);
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!((texts(&first), first.live), (vec![(1, "one"), (2, "tw")], true));
        log.append(b"o\n");
        assert_eq!(texts(&stream.next().await.unwrap().unwrap()), [(2, "two")]);
        log.append(b"three\nfour\nfive\n");
        let flood = stream.next().await.unwrap().unwrap();
        assert_eq!((texts(&flood), flood.lines), (vec![(4, "four"), (5, "five")], 5), "only the newest");
        live.store(false, Ordering::SeqCst);
        let last = stream.next().await.unwrap().unwrap();
        assert_eq!((last.live, last.lines), (false, 5));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn following_ends_when_the_daemon_stops() {
        let log = Log::new(b"one\n", &[]);
        let stop = CancellationToken::new();
        let window = Window { wanted: Wanted::Last, count: 2, pattern: None };
        let live = || std::future::ready(true);
        let stream = follow(KnownLogs::new(), log.path(), window, live, stop.clone(), ());
        pin_mut!(stream);
        assert!(stream.next().await.is_some());
        stop.cancel();
        assert!(stream.next().await.is_none());
    }
}
