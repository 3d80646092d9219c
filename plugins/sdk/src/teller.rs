//! Tells each warning and each fault once. DCCs repeat themselves on every frame and tile, and a reader that passed all
//! of it on would bury what matters. What a line means is not its business.

use crate::{Event, Fault, text};
use std::collections::HashSet;

/// So many different warnings of an attempt are told.
const MOST_WARNINGS: usize = 200;
/// The same for faults. They are counted apart, so that no flood of warnings hides one.
const MOST_FAULTS: usize = 1_000;

/// What a reader has told of one attempt.
#[derive(Debug, Clone, Default)]
pub struct Teller {
    warnings: HashSet<String>,
    faults: HashSet<(String, Option<i32>)>,
}

impl Teller {
    /// Tells a warning once, as long as a quote may be.
    pub fn warn(&mut self, warning: &str, events: &mut Vec<Event>) {
        let warning = text::quote(warning);
        if self.warnings.len() < MOST_WARNINGS && self.warnings.insert(warning.to_owned()) {
            events.push(Event::warning(warning));
        }
    }

    /// Tells a fault once in the attempt; `key` is what tells it from others.
    pub fn fault(&mut self, key: &str, fault: Fault, events: &mut Vec<Event>) {
        self.tell((key.to_owned(), None), fault, events);
    }

    /// Tells a fault once for each frame; `key` is what tells it from others of the frame.
    pub fn fault_of_frame(&mut self, key: &str, fault: Fault, events: &mut Vec<Event>) {
        self.tell((key.to_owned(), fault.frame), fault, events);
    }

    fn tell(&mut self, key: (String, Option<i32>), fault: Fault, events: &mut Vec<Event>) {
        if self.faults.len() < MOST_FAULTS && self.faults.insert(key) {
            events.push(Event::Fault(fault));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cause, Severity};

    fn of_frame(frame: i32) -> Fault {
        let message = "it crashed".to_owned();
        Fault {
            severity: Severity::FrameFatal,
            cause: Cause::Crash,
            message,
            frame: Some(frame),
            about: None,
        }
    }

    #[test]
    fn what_was_told_is_no_news() {
        let (mut teller, mut events) = (Teller::default(), Vec::new());
        teller.warn(" a texture is pink\n", &mut events);
        teller.warn("a texture is pink", &mut events);
        assert_eq!(events, [Event::warning("a texture is pink")]);
        for frame in [1, 2, 2] {
            teller.fault_of_frame("crash", of_frame(frame), &mut events);
            teller.fault("in all", of_frame(frame), &mut events);
        }
        let told: Vec<Event> = [1, 1, 2].map(|frame| Event::Fault(of_frame(frame))).into();
        assert_eq!(events[1..], told);
    }

    #[test]
    fn no_flood_of_warnings_hides_a_fault() {
        let (mut teller, mut events) = (Teller::default(), Vec::new());
        for number in 0..10 * MOST_WARNINGS {
            teller.warn(&format!("warning {number}"), &mut events);
        }
        teller.fault("crash", of_frame(1), &mut events);
        assert_eq!(events.len(), MOST_WARNINGS + 1);
    }
}
