//! One look along the lines: the first job of each class, in the order of their places. What the first one cannot have,
//! nobody behind it in its line can, so ten thousand jobs that wait for the same are looked at once.

use crate::gpus::Offer;
use crate::job::Job;
use crate::ledger::{Claims, Course};
use crate::needs::Class;
use crate::queue::Place;
use crate::scheduler::Scheduler;
use farmhand_model::{JobId, Lease, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The first job of a line.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Head {
    pub(crate) place: Place,
    /// Which of its job's lines it is: what was tried before goes first.
    rank: usize,
    pub(crate) plugin: String,
    pub(crate) class: Class,
}

impl Head {
    pub(crate) fn job(&self) -> JobId {
        self.place.1
    }
}

/// Where a look along the lines has come to.
#[derive(Default)]
pub(crate) struct Pass {
    heads: BTreeSet<Head>,
    /// Classes that were passed by, by plugin.
    passed: BTreeMap<String, BTreeSet<Class>>,
    pub(crate) claims: Claims,
}

/// How a job fares on its turn.
pub(crate) enum Turnout {
    /// It has all that it needs.
    Starts(Lease),
    /// It lacks something, and those behind it wait.
    HoldsUp,
    /// It lacks something, and those behind it have their turn.
    PassedBy,
}

impl Pass {
    pub(crate) fn new(scheduler: &Scheduler, now: Timestamp) -> Self {
        let mut pass = Self::default();
        for (name, plugin) in scheduler.plugins.iter().filter(|(_, plugin)| plugin.admits(now)) {
            for class in plugin.lines.keys() {
                pass.look_at(scheduler, name, class);
            }
        }
        pass
    }

    /// The line of that class may have another first job now.
    pub(crate) fn look_at(&mut self, scheduler: &Scheduler, plugin: &str, class: &Class) {
        if self.passed.get(plugin).is_some_and(|passed| passed.contains(class)) {
            return;
        }
        let line = scheduler.plugins.get(plugin).and_then(|plugin| plugin.lines.get(class));
        let Some(place) = line.and_then(BTreeSet::first).copied() else { return };
        let lines = scheduler.jobs.get(&place.1).map(|job| job.lines.as_slice()).unwrap_or_default();
        let rank = lines.iter().position(|line| line == class).unwrap_or_default();
        self.heads.insert(Head { place, rank, plugin: plugin.to_owned(), class: class.clone() });
    }

    /// Whose turn is next, if it is before `end`.
    pub(crate) fn next_before(
        &mut self,
        scheduler: &Scheduler,
        now: Timestamp,
        end: Option<(Place, usize)>,
    ) -> Option<Head> {
        loop {
            let first = self.heads.first()?;
            if end.is_some_and(|end| (first.place, first.rank) >= end) {
                return None;
            }
            let head = self.heads.pop_first()?;
            // What has started meanwhile may have changed the line, or closed the plugin's breaker behind it.
            let is_first = scheduler.plugins.get(&head.plugin).is_some_and(|plugin| {
                let line = plugin.lines.get(&head.class);
                plugin.admits(now) && line.and_then(BTreeSet::first) == Some(&head.place)
            });
            if is_first && (!head.class.hooks_first || scheduler.has_room_for_hooks()) {
                return Some(head);
            }
        }
    }

    /// What comes of a turn. What the job waits for is kept for it from here on.
    pub(crate) fn take_turn(&mut self, scheduler: &Scheduler, now: Timestamp, head: &Head) -> Turnout {
        let Some(job) = scheduler.jobs.get(&head.job()) else { return Turnout::PassedBy };
        if scheduler.is_batch_full(job) {
            self.pass_by(head);
            return Turnout::PassedBy;
        }
        let offer = scheduler.offer(job, &self.claims, now);
        let shortage = match scheduler.ledger.try_lease(&head.class.need, &offer) {
            Ok(lease) => return Turnout::Starts(lease),
            Err(shortage) => shortage,
        };
        match shortage.course(&head.class.need, job.id, &scheduler.ledger) {
            Course::HoldsUp => return Turnout::HoldsUp,
            Course::StandsAside => {}
            Course::Claims(claims) => self.claims.add(claims),
        }
        self.pass_by(head);
        Turnout::PassedBy
    }

    /// Nobody of its line is looked at again in this pass.
    fn pass_by(&mut self, head: &Head) {
        self.passed.entry(head.plugin.clone()).or_default().insert(head.class.clone());
    }
}

impl Scheduler {
    /// The node's GPUs as a job may have them beside those claims.
    pub(crate) fn offer<'a>(&'a self, job: &Job, claims: &'a Claims, now: Timestamp) -> Offer<'a> {
        let breakers = self.plugins.get(&job.spec.plugin.name).map(|plugin| &plugin.gpus);
        Offer { gpus: &self.gpus, breakers, claims, now }
    }
}
