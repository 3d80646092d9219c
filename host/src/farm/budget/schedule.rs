//! The hours in which renders may start: texts such as `mon-fri 19:00-08:00`, and whether they are open at an instant.
//!
//! Days and times are those of a time zone that is handed in. What they mean for renders is not decided here.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, Zoned};
use std::fmt;
use std::str::FromStr;

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];
/// A week and two days: hours over midnight begin on the day before, and a change of the clocks may swallow some.
const DAYS_AHEAD: i32 = 9;

/// Hours of the week. None at all: always open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    hours: Vec<Hours>,
}

/// The same hours on some days that follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hours {
    first: Weekday,
    last: Weekday,
    from: Time,
    /// On the next day where it is not after `from`; midnight is the end of the day.
    to: Time,
}

/// Why a text names no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}`, at character {position}: {what}; write days, hours or both, such as `mon-fri 19:00-08:00`, `sat-sun` or \
     `20:00-06:30`"
)]
pub struct ScheduleError {
    text: String,
    /// From 1.
    position: usize,
    what: String,
}

impl Schedule {
    /// From texts such as `mon-fri 19:00-08:00` and `sat-sun`, which add up.
    ///
    /// # Errors
    /// At the first text that is none.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, ScheduleError> {
        let hours = texts.iter().map(|text| text.as_ref().parse());
        Ok(Self { hours: hours.collect::<Result<_, _>>()? })
    }

    /// Whether it is open at all times.
    #[must_use]
    pub fn is_always(&self) -> bool {
        self.hours.is_empty()
    }

    /// Whether it is open then: from an opening on, until just before the closing.
    #[must_use]
    pub fn is_open(&self, at: &Zoned) -> bool {
        self.is_always() || self.around(at).any(|(from, to)| (from..to).contains(&at.timestamp()))
    }

    /// When it closes, where it is open then, or opens; none where it stays as it is.
    #[must_use]
    pub fn next_change(&self, at: &Zoned) -> Option<Timestamp> {
        let open = self.is_open(at);
        let mut edges: Vec<Timestamp> =
            self.around(at).flat_map(|(from, to)| [from, to]).filter(|edge| *edge > at.timestamp()).collect();
        edges.sort_unstable();
        // Where some hours end as others begin, nothing changes.
        edges.into_iter().find(|edge| self.is_open(&edge.to_zoned(at.time_zone().clone())) != open)
    }

    /// The open spans from the day before to a week later. Instants and not times of day are compared, so that a change
    /// of the clocks moves no edge. An edge that the clocks skip comes as much later as they skip; one that they pass
    /// twice is the first.
    fn around(&self, at: &Zoned) -> impl Iterator<Item = (Timestamp, Timestamp)> {
        let instant = |day: jiff::civil::Date, time: Time, zone: &TimeZone| {
            day.to_datetime(time).to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
        };
        let days = (-1..DAYS_AHEAD).filter_map(|ahead| at.date().checked_add(ahead.days()).ok());
        days.flat_map(move |day| {
            let of_day = self.hours.iter().filter(move |hours| hours.has(day.weekday()));
            of_day.filter_map(move |hours| {
                let end = if hours.to > hours.from { day } else { day.tomorrow().ok()? };
                Some((instant(day, hours.from, at.time_zone())?, instant(end, hours.to, at.time_zone())?))
            })
        })
    }
}

impl Hours {
    fn has(&self, day: Weekday) -> bool {
        let since = |day: Weekday| day.since(self.first);
        since(day) <= since(self.last)
    }
}

impl FromStr for Hours {
    type Err = ScheduleError;

    fn from_str(text: &str) -> Result<Self, ScheduleError> {
        let wrong = |part: &str, what: String| {
            // Every part is a piece of the text itself.
            let before = part.as_ptr() as usize - text.as_ptr() as usize;
            let position = text[..before].chars().count() + 1;
            ScheduleError { text: text.to_owned(), position, what }
        };
        let mut hours = Hours {
            first: Weekday::Monday,
            last: Weekday::Sunday,
            from: Time::midnight(),
            to: Time::midnight(),
        };
        let words: Vec<&str> = text.split_whitespace().collect();
        let is_time = |word: &str| word.starts_with(|first: char| first.is_ascii_digit());
        let (days, times) = match words[..] {
            [days, times] => (Some(days), Some(times)),
            [times] if is_time(times) => (None, Some(times)),
            [days] => (Some(days), None),
            [] => return Err(wrong(text, "there is nothing".to_owned())),
            [_, _, more, ..] => return Err(wrong(more, format!("`{more}` is one word too many"))),
        };
        if let Some(days) = days {
            let (first, last) = days.split_once('-').unwrap_or((days, days));
            let day = |name: &str| {
                let found = DAYS.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
                let names = DAYS.map(|(name, _)| name).join(", ");
                found
                    .map(|(_, day)| *day)
                    .ok_or_else(|| wrong(name, format!("`{name}` is no day, there are {names}")))
            };
            (hours.first, hours.last) = (day(first)?, day(last)?);
        }
        if let Some(times) = times {
            let Some((from, to)) = times.split_once('-') else {
                return Err(wrong(times, format!("`{times}` has no end")));
            };
            let time = |name: &str, is_end: bool| match time_of(name) {
                Some(time) => Ok(time),
                None if is_end && name == "24:00" => Ok(Time::midnight()),
                None => Err(wrong(name, format!("`{name}` is no time of day from 00:00 to 23:59"))),
            };
            (hours.from, hours.to) = (time(from, false)?, time(to, true)?);
            if hours.from == hours.to && to != "24:00" {
                return Err(wrong(times, format!("`{times}` begins and ends at once")));
            }
        }
        Ok(hours)
    }
}

fn time_of(text: &str) -> Option<Time> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?;
    (hour.len() <= 2 && minute.len() == 2).then(|| Time::new(number(hour)?, number(minute)?, 0, 0).ok())?
}

/// As it would be written in the configuration, separated by commas.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<String> = self.hours.iter().map(ToString::to_string).collect();
        f.write_str(&texts.join(", "))
    }
}

impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |day: Weekday| DAYS[day.to_monday_zero_offset() as usize].0;
        f.write_str(name(self.first))?;
        if self.last != self.first {
            write!(f, "-{}", name(self.last))?;
        }
        match (self.from, self.to) {
            (from, to) if from == to => Ok(()),
            (from, to) if to == Time::midnight() => write!(f, " {}-24:00", from.strftime("%H:%M")),
            (from, to) => write!(f, " {}-{}", from.strftime("%H:%M"), to.strftime("%H:%M")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Central Europe: clocks go from 2 to 3 on the last Sunday of March, from 3 to 2 on that of October.
    fn zone() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    /// By the clock on the wall; the first of two such times.
    fn at(text: &str) -> Zoned {
        text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(zone()).unwrap()
    }

    fn schedule(texts: &[&str]) -> Schedule {
        Schedule::parse(texts).unwrap()
    }

    #[test]
    fn opens_and_closes_on_the_instant() {
        // 2026-11-23 is a Monday.
        let nights: &[&str] = &["mon-fri 19:00-08:00", "sat-sun"];
        let table: [(&[&str], &str, bool, Option<&str>); 26] = [
            (&[], "2026-11-23T12:00", true, None),
            (&["mon-sun"], "2026-11-23T12:00", true, None),
            (&["mon-wed", "thu-sun"], "2026-11-25T12:00", true, None),
            (nights, "2026-11-23T12:00", false, Some("2026-11-23T19:00")),
            (nights, "2026-11-23T18:59:59.999", false, Some("2026-11-23T19:00")),
            (nights, "2026-11-23T19:00", true, Some("2026-11-24T08:00")),
            (nights, "2026-11-24T00:00", true, Some("2026-11-24T08:00")),
            (nights, "2026-11-24T07:59:59.999", true, Some("2026-11-24T08:00")),
            (nights, "2026-11-24T08:00", false, Some("2026-11-24T19:00")),
            // From Friday evening to Monday morning without a break: Sunday ends at midnight.
            (nights, "2026-11-27T19:00", true, Some("2026-11-30T00:00")),
            (nights, "2026-11-30T00:00", false, Some("2026-11-30T19:00")),
            // Monday's early hours belong to Sunday, which has none here.
            (&["mon-fri 19:00-08:00"], "2026-11-23T07:00", false, Some("2026-11-23T19:00")),
            // Friday's go on into Saturday.
            (&["mon-fri 19:00-08:00"], "2026-11-28T07:00", true, Some("2026-11-28T08:00")),
            (&["mon-fri 19:00-08:00"], "2026-11-28T08:00", false, Some("2026-11-30T19:00")),
            (&["20:00-06:30"], "2026-11-28T06:29", true, Some("2026-11-28T06:30")),
            (&["20:00-24:00"], "2026-11-28T23:59", true, Some("2026-11-29T00:00")),
            (&["00:00-24:00"], "2026-11-28T23:59", true, None),
            (&["fri-mon"], "2026-11-24T00:00", false, Some("2026-11-27T00:00")),
            (&["fri-mon"], "2026-11-27T00:00", true, Some("2026-12-01T00:00")),
            (&["tue 09:00-10:00"], "2026-11-24T10:00", false, Some("2026-12-01T09:00")),
            // Hours that overlap.
            (&["08:00-12:00", "10:00-14:00"], "2026-11-24T09:00", true, Some("2026-11-24T14:00")),
            (&["sun"], "2026-03-29T12:00", true, Some("2026-03-30T00:00")),
            // 02:30 does not exist on that day: it is 03:30.
            (&["02:30-06:00"], "2026-03-29T01:59", false, Some("2026-03-29T03:30")),
            (&["02:10-02:50"], "2026-03-29T00:00", false, Some("2026-03-29T03:10")),
            // 02:30 is there twice, and the first one counts.
            (&["00:00-02:30"], "2026-10-25T02:15", true, Some("2026-10-25T02:30")),
            (&["02:30-06:00"], "2026-10-25T02:30", true, Some("2026-10-25T06:00")),
        ];
        for (texts, now, open, next) in table {
            let (schedule, now) = (schedule(texts), at(now));
            assert_eq!(schedule.is_open(&now), open, "{texts:?} {now}");
            assert_eq!(schedule.next_change(&now), next.map(|next| at(next).timestamp()), "{texts:?} {now}");
        }
    }

    #[test]
    fn a_night_is_as_long_as_the_clocks_make_it() {
        let night = schedule(&["22:00-06:00"]);
        for (evening, hours) in [
            ("2026-03-27T22:00", 8),
            ("2026-03-28T22:00", 7),
            ("2026-10-24T22:00", 9),
            ("2026-10-25T22:00", 8),
        ] {
            let evening = at(evening);
            let end = night.next_change(&evening).unwrap();
            assert_eq!((end.as_second() - evening.timestamp().as_second()) / 3600, hours, "{evening}");
        }
        // The second 02:30 of that night is no second evening, and still open.
        let second = at("2026-10-25T02:30").timestamp() + jiff::SignedDuration::from_hours(1);
        assert!(night.is_open(&second.to_zoned(zone())));
        assert!(!schedule(&["00:00-02:30"]).is_open(&second.to_zoned(zone())));
    }

    #[test]
    fn is_written_as_it_is_read() {
        for text in ["mon-fri 19:00-08:00", "sat-sun", "mon", "fri-mon 20:00-24:00", "mon-sun 00:30-01:00"] {
            assert_eq!(schedule(&[text]).to_string(), text);
        }
        assert_eq!(
            schedule(&[" MON-Fri  9:00-17:00 ", "00:00-24:00"]).to_string(),
            "mon-fri 09:00-17:00, mon-sun"
        );
    }

    #[test]
    fn what_names_no_hours_is_told_with_its_position() {
        const FORMS: &str =
            "write days, hours or both, such as `mon-fri 19:00-08:00`, `sat-sun` or `20:00-06:30`";
        const NAMES: &str = "is no day, there are mon, tue, wed, thu, fri, sat, sun";
        let table = [
            ("", 1, "there is nothing".to_owned()),
            ("mo-fri", 1, format!("`mo` {NAMES}")),
            ("mon-frei 19:00-08:00", 5, format!("`frei` {NAMES}")),
            ("mon,tue", 1, format!("`mon,tue` {NAMES}")),
            ("mon 19:00", 5, "`19:00` has no end".to_owned()),
            ("mon 19:00-25:00", 11, "`25:00` is no time of day from 00:00 to 23:59".to_owned()),
            ("mon 24:00-08:00", 5, "`24:00` is no time of day from 00:00 to 23:59".to_owned()),
            ("7pm-8am", 1, "`7pm` is no time of day from 00:00 to 23:59".to_owned()),
            ("19-08", 1, "`19` is no time of day from 00:00 to 23:59".to_owned()),
            ("+1:00-2:00", 1, format!("`+1:00` {NAMES}")),
            ("8:00-8:00", 1, "`8:00-8:00` begins and ends at once".to_owned()),
            ("mon 8:00-9:00 and", 15, "`and` is one word too many".to_owned()),
        ];
        for (text, position, what) in table {
            let error = Schedule::parse(&[text]).unwrap_err();
            assert_eq!(error.to_string(), format!("`{text}`, at character {position}: {what}; {FORMS}"));
        }
    }
}
