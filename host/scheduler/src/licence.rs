//! Licences that were not to be had a moment ago: nothing that needs one starts until its hold ends, and then all
//! may. Holds are not durable: after a restart one task finds out again.

use crate::policy::Policy;
use farmhand_model::dcc::{Cause, Fault, Outcome, Severity};
use farmhand_model::{JobSpec, Seconds, Timestamp};
use std::collections::BTreeMap;

/// Why a licence is not asked for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Hold {
    /// When it was found missing, last.
    since: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) reason: String,
    /// How often in a row it was found missing.
    rounds: u32,
}

/// What a licence fault is about.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Missing {
    /// Empty: nobody knows, and only the job that saw it waits.
    pub(crate) names: Vec<String>,
    pub(crate) wait: Seconds,
}

/// Holds by licence.
#[derive(Debug, Default)]
pub(crate) struct Licences(BTreeMap<String, Hold>);

impl Licences {
    /// What keeps a job from starting now: the hold that lasts longest.
    pub(crate) fn hold_of<'a>(&'a self, spec: &'a JobSpec, now: Timestamp) -> Option<(&'a str, &'a Hold)> {
        let holds = spec.licences.iter().filter_map(|name| Some((name.as_str(), self.0.get(name)?)));
        holds.filter(|(_, hold)| hold.until > now).max_by_key(|(_, hold)| hold.until)
    }

    /// What an attempt lacked that began at `started`, and how long to wait for it: as long as its plugin asked
    /// for, or longer with each round in which it was found missing again.
    pub(crate) fn missing(
        &self,
        spec: &JobSpec,
        outcome: &Outcome,
        started: Timestamp,
        asked: Seconds,
        policy: &Policy,
        seed: u64,
    ) -> Option<Missing> {
        let is_licence =
            |fault: &&Fault| fault.cause == Cause::Licence && fault.severity != Severity::FrameFatal;
        let mut faults = outcome.faults.iter().filter(is_licence).peekable();
        faults.peek()?;
        let named = |fault: &Fault| spec.licences.iter().find(|name| Some(*name) == fault.about.as_ref());
        let mut names: Vec<String> = faults.filter_map(named).cloned().collect();
        if names.is_empty() {
            names.clone_from(&spec.licences);
        }
        names.sort_unstable();
        names.dedup();
        let rounds = names.iter().map(|name| self.round(name, started)).max();
        let own = rounds.map_or(policy.licence_wait, |rounds| policy.licence_backoff(rounds, seed));
        Some(Missing { names, wait: Seconds(own.0.max(asked.0)) })
    }

    /// Which round it is that an attempt tells of. One that began before the licence was found missing last tells
    /// nothing new.
    fn round(&self, name: &str, started: Timestamp) -> u32 {
        self.0.get(name).map_or(1, |hold| hold.rounds.saturating_add(u32::from(started > hold.since)))
    }

    pub(crate) fn hold(&mut self, missing: &Missing, started: Timestamp, now: Timestamp, reason: &str) {
        for name in &missing.names {
            let rounds = self.round(name, started);
            let until = now + missing.wait;
            match self.0.get_mut(name) {
                Some(hold) if hold.rounds == rounds => hold.until = hold.until.max(until),
                _ => {
                    let hold = Hold { since: now, until, reason: reason.to_owned(), rounds };
                    self.0.insert(name.clone(), hold);
                }
            }
        }
    }

    /// An attempt that began at `started` has rendered a frame: what it needs was to be had.
    pub(crate) fn rendered(&mut self, spec: &JobSpec, started: Timestamp, now: Timestamp) {
        if !self.0.is_empty() {
            let was_had = |name: &String| spec.licences.contains(name);
            self.0.retain(|name, hold| hold.until > now || hold.since >= started || !was_had(name));
        }
    }
}
