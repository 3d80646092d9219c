//! Searching a log: forward or backward from a line, counting, and keeping count of what reads like an error. Every
//! search stops in time and says where to go on.

use super::known::{Look, Stop};
use super::pattern::{Pattern, reads_like_an_error};
use farmhand_model::log::{LogMatches, LogPlace};
use farmhand_runner::{Hole, Line, LineStart, LineText, Lines, LogFiles, plain};
use std::io;
use std::time::Duration;

/// How long one answer may take.
pub(in crate::api) const TIME: Duration = Duration::from_secs(2);
/// Most lines of a spread.
const SPREAD: usize = 4_000;
/// Lines between two looks at the clock.
const LINES_A_LOOK: u64 = 512;

/// What is searched for, and where.
#[derive(Debug, Clone)]
pub(in crate::api) struct Search {
    pub(in crate::api) pattern: Pattern,
    /// The first line that is looked at.
    pub(in crate::api) from: u64,
    /// The last one, going forward.
    pub(in crate::api) to: u64,
    /// Towards the beginning.
    pub(in crate::api) back: bool,
    /// Everything is counted; else the search ends with the last line that it may tell of.
    pub(in crate::api) count: bool,
    /// Most lines that are told of.
    pub(in crate::api) limit: usize,
}

impl Search {
    /// Searches until there is enough, or it is time to answer.
    pub(in crate::api) fn run(&self, look: &Look) -> io::Result<LogMatches> {
        let known = look.known()?;
        if self.back {
            let from = self.from.min(known.index.lines());
            let known_lines = known.index.known_down_from(from);
            drop(known);
            return self.backward(&look.log, from, known_lines, &look.stop);
        }
        let start = known.index.before_line(self.from);
        // Lines of a log that is not counted to its end yet have numbers all the same: they are counted in passing.
        drop(known);
        self.forward(&look.log, start, &look.stop)
    }

    fn forward(&self, log: &LogFiles, start: LineStart, stop: &Stop) -> io::Result<LogMatches> {
        let mut found = LogMatches::default();
        let mut spread = Spread::default();
        let mut lines = Lines::new(log.clone(), start);
        let mut clock = Clock::default();
        while let Some(line) = lines.next_line()? {
            let at = line.start;
            if at.number < self.from {
                continue;
            }
            if at.number > self.to {
                break;
            }
            if clock.is_due(&line, stop) {
                found.next = Some(at.number);
                break;
            }
            if !matches(&self.pattern, &line) {
                continue;
            }
            found.count += 1;
            if found.items.len() < self.limit {
                found.items.push(LogPlace { line: at.number, offset: at.offset });
            }
            if self.count {
                spread.add(at.number);
            } else if found.items.len() >= self.limit {
                found.next = Some(at.number + 1);
                break;
            }
        }
        found.spread = spread.lines;
        Ok(found)
    }

    /// Goes back from known line to known line, reading forward from each.
    fn backward(
        &self,
        log: &LogFiles,
        from: u64,
        known: Vec<LineStart>,
        stop: &Stop,
    ) -> io::Result<LogMatches> {
        let mut found = LogMatches::default();
        let mut last = from;
        for start in known {
            let mut here = Vec::new();
            let mut lines = Lines::new(log.clone(), start);
            let mut clock = Clock::default();
            while let Some(line) = lines.next_line()? {
                if line.start.number > last {
                    break;
                }
                if clock.is_due(&line, stop) {
                    // What was found in this part is found again by the next request.
                    found.next = Some(last);
                    return Ok(found);
                }
                if matches(&self.pattern, &line) {
                    here.push(LogPlace { line: line.start.number, offset: line.start.offset });
                }
            }
            for place in here.into_iter().rev() {
                found.count += 1;
                found.items.push(place);
                if found.items.len() >= self.limit {
                    found.next = (place.line > 1).then(|| place.line - 1);
                    return Ok(found);
                }
            }
            last = start.number.saturating_sub(1);
        }
        Ok(found)
    }
}

fn matches(pattern: &Pattern, line: &Line<'_>) -> bool {
    match line.text {
        LineText::Kept { bytes, .. } => pattern.is_match(&plain(bytes)),
        LineText::Dropped => false,
    }
}

/// Looks at the clock now and then: every so many lines, and before every megabyte of a long one.
#[derive(Default)]
struct Clock {
    lines: u64,
    bytes: u64,
}

impl Clock {
    /// Never before the first line, so that every answer gets on.
    fn is_due(&mut self, line: &Line<'_>, stop: &Stop) -> bool {
        self.lines += 1;
        self.bytes += line.bytes;
        let looks = self.lines.is_multiple_of(LINES_A_LOOK) || self.bytes > 1 << 20;
        if self.bytes > 1 << 20 {
            self.bytes = 0;
        }
        looks && self.lines > 1 && stop.is_due()
    }
}

/// Lines out of many, so far apart that there are never more than a bar beside a log can show.
#[derive(Debug)]
struct Spread {
    lines: Vec<u64>,
    per: u64,
}

impl Default for Spread {
    fn default() -> Self {
        Self { lines: Vec::new(), per: 1 }
    }
}

impl Spread {
    fn add(&mut self, line: u64) {
        if self.lines.last().is_some_and(|last| last / self.per == line / self.per) {
            return;
        }
        self.lines.push(line);
        while self.lines.len() > SPREAD {
            self.per *= 2;
            let per = self.per;
            self.lines.dedup_by_key(|line| *line / per);
        }
    }
}

/// Which lines of a log read like errors, counted as it grows.
#[derive(Debug)]
pub(super) struct ErrorScan {
    next: LineStart,
    count: u64,
    spread: Spread,
    /// As they were; with others, lines have other numbers.
    holes: Vec<Hole>,
}

impl Default for ErrorScan {
    fn default() -> Self {
        let next = LineStart { number: 1, offset: 0 };
        Self { next, count: 0, spread: Spread::default(), holes: Vec::new() }
    }
}

impl ErrorScan {
    /// Goes on to the log's end, or until it is time to answer. The last line of a log that may grow may be half of one.
    pub(super) fn update(&mut self, look: &Look, holes: &[Hole]) -> io::Result<()> {
        if self.holes != holes || look.log.end() < self.next.offset {
            *self = Self { holes: holes.to_vec(), ..Self::default() };
        }
        let mut lines = Lines::new(look.log.clone(), self.next);
        let mut clock = Clock::default();
        while let Some(line) = lines.next_line()? {
            let end = line.start.offset + line.bytes;
            if (look.live && end == look.log.end()) || clock.is_due(&line, &look.stop) {
                break;
            }
            if let LineText::Kept { bytes, .. } = line.text
                && reads_like_an_error(&plain(bytes))
            {
                self.count += 1;
                self.spread.add(line.start.number);
            }
            self.next = LineStart { number: line.start.number + 1, offset: end };
        }
        Ok(())
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn lines(&self) -> &[u64] {
        &self.spread.lines
    }

    pub(super) fn searched(&self) -> u64 {
        self.next.offset
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::log::tests::Log;

    const LONG: Duration = Duration::from_secs(3600);

    fn search(text: &str, from: u64, back: bool, limit: usize) -> Search {
        Search { pattern: Pattern::new(text, false).unwrap(), from, to: u64::MAX, back, count: false, limit }
    }

    fn lines(found: &LogMatches) -> Vec<u64> {
        found.items.iter().map(|place| place.line).collect()
    }

    /// Numbered lines, every tenth of which has a match.
    fn numbered(lines: u64) -> Log {
        let text: String =
            (1..=lines).map(|n| format!("{}{n}\n", if n % 10 == 0 { "hit " } else { "" })).collect();
        Log::new(text.as_bytes(), &[])
    }

    #[test]
    fn forward_and_backward_from_any_line() {
        let log = numbered(100_000);
        let look = Look::at(log.files(), false, LONG);
        let check = |from: u64, back: bool, limit: usize, expect: &[u64], next: Option<u64>| {
            let found = search("HIT".to_lowercase().as_str(), from, back, limit).run(&look).unwrap();
            assert_eq!((lines(&found).as_slice(), found.next), (expect, next), "{from} {back}");
        };
        check(1, false, 2, &[10, 20], Some(21));
        check(10, false, 1, &[10], Some(11));
        check(11, false, 1, &[20], Some(21));
        check(99_995, false, 5, &[100_000], None);
        check(100_001, false, 5, &[], None);
        check(u64::MAX, true, 2, &[100_000, 99_990], Some(99_989));
        check(50_005, true, 3, &[50_000, 49_990, 49_980], Some(49_979));
        check(15, true, 5, &[10], None);
        check(9, true, 5, &[], None);
        check(1, true, 5, &[], None);
    }

    #[test]
    fn counting_goes_to_the_end_and_spreads_what_it_found() {
        let log = numbered(200_000);
        let look = Look::at(log.files(), false, LONG);
        let found = Search { count: true, ..search("hit", 1, false, 3) }.run(&look).unwrap();
        assert_eq!((lines(&found).as_slice(), found.count, found.next), (&[10, 20, 30][..], 20_000, None));
        assert!(found.spread.len() > SPREAD / 4 && found.spread.len() <= SPREAD, "{}", found.spread.len());
        assert_eq!(found.spread[0], 10);
        assert!(*found.spread.last().unwrap() > 199_000);
        let few = Search { count: true, ..search("hit", 199_950, false, 3) }.run(&look).unwrap();
        assert_eq!(few.spread, [199_950, 199_960, 199_970, 199_980, 199_990, 200_000]);
        let some = Search { count: true, to: 30, ..search("hit", 11, false, 9) }.run(&look).unwrap();
        assert_eq!((lines(&some).as_slice(), some.count, some.next), (&[20, 30][..], 2, None));
    }

    #[test]
    fn an_answer_that_ran_out_of_time_says_where_to_go_on() {
        let log = numbered(20_000);
        let look = Look::at(log.files(), false, LONG);
        drop(look.known().unwrap());
        let hurried = || Look::at(log.files(), false, Duration::ZERO);
        // Counting lines takes its time too, so what is known of the log is told to the hurried one.
        let with_index = |search: &Search| {
            let hurried = hurried();
            let index = look.known().unwrap().index.clone();
            hurried.known().unwrap().index = index;
            search.run(&hurried).unwrap()
        };
        let (mut count, mut from, mut answers) = (0, 1, 0);
        loop {
            let found = with_index(&Search { count: true, ..search("hit", from, false, 1) });
            count += found.count;
            answers += 1;
            match found.next {
                Some(next) => from = next,
                None => break,
            }
        }
        assert_eq!(count, 2_000);
        assert!(answers > 10, "{answers}");
        let stuck = with_index(&search("nowhere", u64::MAX, true, 1));
        assert_eq!((stuck.count, stuck.next), (0, Some(20_000)));
    }

    #[test]
    fn what_is_searched_is_what_a_terminal_shows() {
        let text = b"\x1b[31mEr\x1b[0mror: 1\nhidden\rshown\n\xff\xfehit\nlast hit";
        let log = Log::new(text, &[(100, b"\nbehind the hole: hit\n")]);
        let look = Look::at(log.files(), false, LONG);
        let check = |what: &str, expect: &[u64]| {
            assert_eq!(lines(&search(what, 1, false, 10).run(&look).unwrap()), expect, "{what}");
        };
        check("Error:", &[1]);
        check("[31m", &[]);
        check("hidden", &[]);
        check("shown", &[2]);
        check("hit", &[3, 4, 7]);
    }

    #[test]
    fn lines_like_errors_are_counted_as_the_log_grows() {
        let log = Log::new(b"fine\nError: one\nfatal: tw", &[]);
        let look = Look::at(log.files(), true, LONG);
        let count = |look: &Look| {
            let mut known = look.known().unwrap();
            let holes = known.index.holes().to_vec();
            known.errors.update(look, &holes).unwrap();
            (known.errors.count(), known.errors.lines().to_vec(), known.errors.searched())
        };
        assert_eq!(count(&look), (1, vec![2], 16), "the last line may be half of one");
        log.append(b"o\nfine\n");
        let look = look.again(log.files(), true);
        assert_eq!(count(&look), (2, vec![2, 3], 27));
        let look = look.again(log.files(), false);
        assert_eq!(count(&look), (2, vec![2, 3], log.files().end()));
    }

    #[test]
    fn a_spread_keeps_both_ends_and_its_bound() {
        let mut spread = Spread::default();
        (1..=1_000_000).for_each(|line| spread.add(line));
        assert!(spread.lines.len() <= SPREAD && spread.lines.len() > SPREAD / 4);
        assert_eq!(spread.lines[0], 1);
        assert!(*spread.lines.last().unwrap() > 999_000);
    }
}
