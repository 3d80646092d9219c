//! Reading an attempt's log: a span of it, its last lines, and following it while it grows. Memory stays at one block
//! however long the log or a line of it is. Offsets count in the whole output, of which the middle may have been
//! dropped.
//!
//! What a client asked for and what it is answered with is in `attempts`; how the log lies on disk is the runner's. Lines
//! by number, searching and marks are in the modules below.

mod known;
mod marks;
mod pattern;
mod search;
mod window;

pub(super) use known::KnownLogs;
pub(super) use marks::{TIME as MARKS_TIME, read as marks};
pub(super) use pattern::Pattern;
pub(super) use search::{Search, TIME as SEARCH_TIME};
pub(super) use window::{TIME as LINES_TIME, Wanted, Window, follow as follow_lines};

use axum::body::Bytes;
use farmhand_runner::{LogFiles, LogPiece};
use futures::Stream;
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Read at once: large enough that 64 MB cost few calls, small enough that 100 readers cost nothing.
const BLOCK: usize = 128 * 1024;

/// How far back the last lines are looked for, so that one endless line does not cost a walk through a whole log.
const TAIL_BYTES: u64 = 16 * 1024 * 1024;

/// How often a followed log is looked at: what a page shows is at most 100 ms old.
const POLL: Duration = Duration::from_millis(100);

/// How often a followed log that does not grow is asked whether it still can.
const LIVE_POLL: Duration = Duration::from_millis(500);

/// What a `Range` header asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    /// No range, or one that may be ignored: several at once, or another unit.
    Whole,
    /// This part.
    Part(Range<u64>),
    /// Nothing that there is.
    Outside,
}

/// Reads a `Range` header against a file of `length` bytes (RFC 9110, section 14).
pub(super) fn asked_range(header: Option<&str>, length: u64) -> Asked {
    let Some(spec) = header.and_then(|header| header.trim().strip_prefix("bytes=")) else {
        return Asked::Whole;
    };
    let Some((first, last)) = spec.split_once('-').filter(|_| !spec.contains(',')) else {
        return Asked::Whole;
    };
    let range = match (first.trim().parse::<u64>(), last.trim().parse::<u64>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..length,
        (Err(_), Ok(count)) if first.trim().is_empty() => length.saturating_sub(count)..length,
        _ => return Asked::Whole,
    };
    if range.start < range.end { Asked::Part(range) } else { Asked::Outside }
}

/// The part of a range that is kept in one piece: from its first kept byte to where bytes were dropped. Absent where
/// none of it is kept.
pub(super) fn kept(log: &LogFiles, asked: &Range<u64>) -> Option<Range<u64>> {
    let mut kept: Option<Range<u64>> = None;
    for segment in log.segments() {
        let part = segment.start.max(asked.start)..(segment.start + segment.len).min(asked.end);
        kept = match kept {
            _ if part.is_empty() => kept,
            None => Some(part),
            Some(before) if before.end == part.start => Some(before.start..part.end),
            Some(before) => return Some(before),
        };
    }
    kept
}

/// How many bytes of a range are kept.
pub(super) fn kept_bytes(log: &LogFiles, asked: &Range<u64>) -> u64 {
    log.segments()
        .iter()
        .map(|segment| {
            let end = (segment.start + segment.len).min(asked.end);
            end.saturating_sub(segment.start.max(asked.start))
        })
        .sum()
}

/// Where the last `lines` lines begin. A line without its newline at the end counts. Reads from disk.
pub(super) fn tail_start(log: &LogFiles, lines: u32) -> io::Result<u64> {
    let end_of_log = log.end();
    let floor = end_of_log.saturating_sub(TAIL_BYTES);
    let mut newlines = 0;
    let mut first = end_of_log;
    for segment in log.segments().iter().rev() {
        let lowest = segment.start.max(floor);
        let mut end = segment.start + segment.len;
        while end > lowest {
            let start = end.saturating_sub(BLOCK as u64).max(lowest);
            let piece = log.read(start, (end - start) as usize)?;
            for (index, _) in piece.bytes.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
                let after = start + index as u64 + 1;
                // The newline that ends the last line begins no line.
                if after == end_of_log {
                    continue;
                }
                newlines += 1;
                if newlines == lines {
                    return Ok(after);
                }
            }
            (first, end) = (start, start);
        }
        if lowest == floor {
            break;
        }
    }
    Ok(first)
}

/// What is kept of a range, block by block.
pub(super) fn span(log: LogFiles, span: Range<u64>) -> impl Stream<Item = io::Result<Bytes>> {
    async_stream::try_stream! {
        let mut offset = span.start;
        while offset < span.end {
            let from = log.clone();
            let LogPiece { start, mut bytes } = blocking(move || from.read(offset, BLOCK)).await?;
            bytes.truncate(usize::try_from(span.end.saturating_sub(start)).unwrap_or(usize::MAX));
            if bytes.is_empty() {
                break;
            }
            offset = start + bytes.len() as u64;
            yield Bytes::from(bytes);
        }
    }
}

/// A log from `start` on, and what is added to it, until `is_live` says that nothing more will be. Where the daemon stops
/// before that, the answer breaks off, so that nobody takes it for the log's end. Holds `place` as long as it lives.
pub(super) fn follow<L, F, P>(
    log: PathBuf,
    start: u64,
    mut is_live: L,
    stop: CancellationToken,
    place: P,
) -> impl Stream<Item = io::Result<Bytes>>
where
    L: FnMut() -> F,
    F: Future<Output = bool>,
{
    async_stream::try_stream! {
        let _place = place;
        let mut offset = start;
        let mut live = true;
        let mut asked = Instant::now();
        loop {
            let mut grew = false;
            loop {
                let log = log.clone();
                let piece = blocking(move || LogFiles::open(&log)?.read(offset, BLOCK)).await?;
                if piece.bytes.is_empty() {
                    break;
                }
                grew = true;
                offset = piece.start + piece.bytes.len() as u64;
                yield Bytes::from(piece.bytes);
            }
            if !live {
                break;
            }
            if !grew && asked.elapsed() >= LIVE_POLL {
                // What was written before the end was announced is read after the question.
                live = is_live().await;
                asked = Instant::now();
                continue;
            }
            // A `?` inside of `select` would be lost on the stream.
            let stopped = tokio::select! {
                biased;
                () = stop.cancelled() => true,
                () = tokio::time::sleep(POLL) => false,
            };
            if stopped {
                Err(io::Error::other("the daemon stops while the log may still grow"))?;
            }
        }
    }
}

/// Runs what reads from disk where it may block.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use futures::{StreamExt, TryStreamExt, pin_mut};
    use std::io::Write;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    #[test]
    fn ranges_are_read_as_http_says() {
        let check =
            |header: &str, expect: Asked| assert_eq!(asked_range(Some(header), 100), expect, "{header}");
        check("bytes=0-9", Asked::Part(0..10));
        check("bytes=90-", Asked::Part(90..100));
        check("bytes=-5", Asked::Part(95..100));
        check("bytes=-500", Asked::Part(0..100));
        check("bytes=50-5000", Asked::Part(50..100));
        check("bytes=0-18446744073709551615", Asked::Part(0..100));
        check("bytes=100-", Asked::Outside);
        check("bytes=-0", Asked::Outside);
        check("bytes=9-0", Asked::Whole);
        check("bytes=0-1,5-6", Asked::Whole);
        check("lines=0-9", Asked::Whole);
        check("bytes=x-", Asked::Whole);
        check("bytes=-", Asked::Whole);
        assert_eq!(asked_range(None, 100), Asked::Whole);
        assert_eq!(asked_range(Some("bytes=0-"), 0), Asked::Outside);
    }

    /// A log whose first bytes are `head`, with segments behind it that begin where they say.
    pub(in crate::api) struct Log {
        dir: tempfile::TempDir,
    }

    impl Log {
        pub(in crate::api) fn new(head: &[u8], segments: &[(u64, &[u8])]) -> Self {
            let log = Self { dir: tempfile::tempdir().unwrap() };
            std::fs::write(log.path(), head).unwrap();
            for (start, bytes) in segments {
                std::fs::write(log.dir.path().join(format!("log.{start:020}")), bytes).unwrap();
            }
            log
        }

        pub(in crate::api) fn path(&self) -> PathBuf {
            self.dir.path().join("log")
        }

        pub(in crate::api) fn files(&self) -> LogFiles {
            LogFiles::open(&self.path()).unwrap()
        }

        pub(in crate::api) fn append(&self, bytes: &[u8]) {
            let mut file = std::fs::OpenOptions::new().append(true).open(self.path()).unwrap();
            file.write_all(bytes).unwrap();
        }
    }

    #[test]
    fn the_last_lines_are_found_across_blocks_and_segments() {
        let check = |head: &[u8], segments: &[(u64, &[u8])], lines: u32, expect: u64| {
            assert_eq!(
                tail_start(&Log::new(head, segments).files(), lines).unwrap(),
                expect,
                "{lines} of {segments:?}"
            );
        };
        check(b"", &[], 5, 0);
        check(b"a\nb\nc\n", &[], 2, 2);
        check(b"a\nb\nc", &[], 2, 2);
        check(b"a\nb\nc\n", &[], 3, 0);
        check(b"a\nb\nc\n", &[], 9, 0);
        check(b"\n\n\n", &[], 1, 2);
        let long = format!("{}\n{}\nlast\n", "x".repeat(3 * BLOCK), "y".repeat(2 * BLOCK));
        check(long.as_bytes(), &[], 2, 3 * BLOCK as u64 + 1);
        // What is behind the head, and what is behind the gap.
        check(b"a\nb", &[(3, b"c\nd\n")], 2, 2);
        check(b"a\nb\n", &[(100, b"c\nd\n")], 1, 102);
        check(b"a\nb\n", &[(100, b"c\nd\n")], 2, 4);
        check(b"a\nb\n", &[(100, b"c\nd\n")], 3, 2);
    }

    async fn all(stream: impl Stream<Item = io::Result<Bytes>>) -> Vec<u8> {
        let add = async |mut all: Vec<u8>, block: Bytes| {
            all.extend(block);
            Ok(all)
        };
        stream.try_fold(Vec::new(), add).await.unwrap()
    }

    #[tokio::test]
    async fn a_span_is_exact_and_leaves_out_what_was_dropped() {
        let contents: Vec<u8> = (0..3 * BLOCK).map(|n| n as u8).collect();
        let log = Log::new(&contents, &[]);
        let range = 10..(2 * BLOCK as u64 + 5);
        assert_eq!(all(span(log.files(), range.clone())).await, &contents[10..2 * BLOCK + 5]);
        assert_eq!(kept(&log.files(), &range), Some(range.clone()));

        let log = Log::new(b"head", &[(4, b"-more"), (100, b"tail")]);
        let check = async |asked: Range<u64>, expect: &str, one_piece: Option<Range<u64>>| {
            let found = all(span(log.files(), asked.clone())).await;
            assert_eq!(String::from_utf8(found).unwrap(), expect, "{asked:?}");
            assert_eq!(kept_bytes(&log.files(), &asked), expect.len() as u64, "{asked:?}");
            assert_eq!(kept(&log.files(), &asked), one_piece, "{asked:?}");
        };
        check(0..104, "head-moretail", Some(0..9)).await;
        check(2..7, "ad-mo", Some(2..7)).await;
        check(50..102, "ta", Some(100..102)).await;
        check(20..30, "", None).await;
    }

    #[tokio::test]
    async fn following_shows_what_is_added_and_ends_with_the_attempt() {
        let log = Log::new(b"one\n", &[]);
        let live = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&live);
        let is_live = move || std::future::ready(still.load(Ordering::SeqCst));
        let stream = follow(log.path(), 0, is_live, CancellationToken::new(), ());
        pin_mut!(stream);
        assert_eq!(stream.next().await.unwrap().unwrap(), "one\n");
        log.append(b"two\n");
        assert_eq!(stream.next().await.unwrap().unwrap(), "two\n");
        log.append(b"three\n");
        live.store(false, Ordering::SeqCst);
        assert_eq!(all(stream).await, b"three\n");
    }

    #[tokio::test]
    async fn following_breaks_off_when_the_daemon_stops() {
        let log = Log::new(b"one\n", &[]);
        let stop = CancellationToken::new();
        let stream = follow(log.path(), 2, || std::future::ready(true), stop.clone(), ());
        pin_mut!(stream);
        assert_eq!(stream.next().await.unwrap().unwrap(), "e\n");
        stop.cancel();
        assert!(stream.next().await.unwrap().is_err());
        assert!(stream.next().await.is_none());
    }
}
