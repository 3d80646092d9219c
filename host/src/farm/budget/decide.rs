//! How much of the node renders may have at an instant: a function of settings, the clock and what was seen.

use super::schedule::Schedule;
use farmhand_model::{Budget, Closed, Timestamp};
use farmhand_resource::Input;
use farmhand_scheduler::NodeCapacity;
use jiff::Zoned;
use std::time::Duration;

/// A time that moves on while somebody works is told to the minute, so that not every look at the machine is news.
const MINUTE: i64 = 60_000;

/// What an artist at this machine keeps from renders, besides cores and memory, which the capacity leaves out already.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InteractiveSettings {
    /// The hours in which renders may start.
    pub schedule: Schedule,
    /// How long nobody must have used the machine before renders start; absent: that does not matter.
    pub idle: Option<Duration>,
}

/// What renders may have.
pub(super) fn budget(
    capacity: &NodeCapacity,
    settings: &InteractiveSettings,
    now: &Zoned,
    seen: Option<&Input>,
) -> Budget {
    Budget {
        threads: capacity.threads,
        memory_bytes: capacity.memory_bytes,
        closed: by_schedule(settings, now).or_else(|| by_activity(settings, now, seen?)),
    }
}

/// When the budget is another one, if nothing is seen.
pub(super) fn next_change(settings: &InteractiveSettings, now: &Zoned, budget: &Budget) -> Option<Timestamp> {
    let by_schedule = settings.schedule.next_change(now).map(timestamp);
    let opens = match &budget.closed {
        Some(Closed::Schedule { until } | Closed::Activity { until, .. }) => Some(*until),
        None => None,
    };
    by_schedule.into_iter().chain(opens).min()
}

fn by_schedule(settings: &InteractiveSettings, now: &Zoned) -> Option<Closed> {
    if settings.schedule.is_open(now) {
        return None;
    }
    // Hours that open never again are not to be had: every week has them all.
    let until = settings.schedule.next_change(now)?;
    Some(Closed::Schedule { until: timestamp(until) })
}

fn by_activity(settings: &InteractiveSettings, now: &Zoned, seen: &Input) -> Option<Closed> {
    let idle = i64::try_from(settings.idle?.as_millis()).ok()?;
    let until = seen.at.plus_millis(idle);
    let until =
        Timestamp(until.0.div_euclid(MINUTE) * MINUTE + if until.0 % MINUTE == 0 { 0 } else { MINUTE });
    (until > timestamp(now.timestamp())).then(|| Closed::Activity { what: seen.what.clone(), until })
}

fn timestamp(at: jiff::Timestamp) -> Timestamp {
    Timestamp(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use std::collections::BTreeMap;

    fn at(text: &str) -> Zoned {
        text.parse::<jiff::civil::DateTime>().unwrap().to_zoned(TimeZone::UTC).unwrap()
    }

    fn stamp(text: &str) -> Timestamp {
        timestamp(at(text).timestamp())
    }

    #[test]
    fn closes_by_the_clock_and_by_what_is_seen() {
        let capacity = NodeCapacity {
            slots: 2,
            threads: 12,
            threads_per_task: 6,
            memory_bytes: 48_000_000_000,
            limits: BTreeMap::new(),
        };
        let nights = Schedule::parse(&["mon-fri 19:00-08:00"]).unwrap();
        let settings = |schedule: &Schedule, minutes: Option<u64>| InteractiveSettings {
            schedule: schedule.clone(),
            idle: minutes.map(|minutes| Duration::from_secs(60 * minutes)),
        };
        let always = Schedule::default();
        let (plain, watched) = (settings(&always, None), settings(&always, Some(10)));
        let (nightly, both) = (settings(&nights, None), settings(&nights, Some(10)));
        let schedule = |until: &str| Some(Closed::Schedule { until: stamp(until) });
        let activity =
            |until: &str| Some(Closed::Activity { what: "typing".to_owned(), until: stamp(until) });
        // Settings, now, when somebody typed; why it is closed, and when that is looked at again.
        let table = [
            (&plain, "2026-11-23T12:00", None, None, None),
            (&plain, "2026-11-23T12:00", Some("2026-11-23T12:00"), None, None),
            (&watched, "2026-11-23T12:00", None, None, None),
            (
                &watched,
                "2026-11-23T12:00",
                Some("2026-11-23T12:00"),
                activity("2026-11-23T12:10"),
                Some("2026-11-23T12:10"),
            ),
            // Told to the minute, and never too early.
            (
                &watched,
                "2026-11-23T12:09:30",
                Some("2026-11-23T11:59:31"),
                activity("2026-11-23T12:10"),
                Some("2026-11-23T12:10"),
            ),
            (&watched, "2026-11-23T12:10", Some("2026-11-23T12:00"), None, None),
            // A clock that was set back: what was seen lies ahead.
            (
                &watched,
                "2026-11-23T11:00",
                Some("2026-11-23T12:00"),
                activity("2026-11-23T12:10"),
                Some("2026-11-23T12:10"),
            ),
            (&nightly, "2026-11-23T18:59:59", None, schedule("2026-11-23T19:00"), Some("2026-11-23T19:00")),
            (&nightly, "2026-11-23T19:00", None, None, Some("2026-11-24T08:00")),
            // The schedule is what a person wrote, so it goes first.
            (
                &both,
                "2026-11-23T18:59",
                Some("2026-11-23T18:58"),
                schedule("2026-11-23T19:00"),
                Some("2026-11-23T19:00"),
            ),
            (
                &both,
                "2026-11-23T19:00",
                Some("2026-11-23T18:58"),
                activity("2026-11-23T19:08"),
                Some("2026-11-23T19:08"),
            ),
            (
                &both,
                "2026-11-24T07:59",
                Some("2026-11-24T07:58"),
                activity("2026-11-24T08:08"),
                Some("2026-11-24T08:00"),
            ),
        ];
        for (settings, now, typed, closed, next) in table {
            let now = at(now);
            let seen = typed.map(|typed| Input { at: stamp(typed), what: "typing".to_owned() });
            let found = budget(&capacity, settings, &now, seen.as_ref());
            let expect = Budget { threads: 12, memory_bytes: 48_000_000_000, closed };
            assert_eq!(found, expect, "{settings:?} {now} {typed:?}");
            assert_eq!(next_change(settings, &now, &found), next.map(stamp), "{settings:?} {now} {typed:?}");
        }
    }
}
