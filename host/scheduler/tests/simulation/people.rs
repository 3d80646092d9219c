//! What people and plugins do to a farm.

use crate::dice::Dice;
use crate::leases::needs;
use crate::world::World;
use farmhand_model::batch::{BatchMember, BatchRef};
use farmhand_model::dcc::FrameShape;
use farmhand_model::hooks::{HookPhase, Moment};
use farmhand_model::job::{JobCosts, JobEdit, JobHooks, JobLimits, PluginChoice};
use farmhand_model::view::FrameCounts;
use farmhand_model::{BatchId, Chunking, Digest, FrameOrder, FrameSet, JobId, JobRecord, JobSpec, JobStatus};
use farmhand_scheduler::{Event, LevelProfile, PluginProfile, PluginState};

/// The plugins of every world.
pub const PLUGINS: [&str; 2] = ["blender", "maya"];
/// The licences that jobs may need.
pub const LICENCES: [&str; 2] = ["arnold", "maya"];

impl World {
    pub fn submit(&mut self) {
        let id = self.store.jobs.keys().next_back().map_or(JobId(1), |id| id.next());
        if id.0 > 12 {
            return;
        }
        let spec = self.spec(id);
        let record = JobRecord {
            id,
            failed: vec![FrameSet::new(); spec.layers.len().max(1)],
            status: if self.dice.one_in(10) && self.mood.commands {
                JobStatus::Paused
            } else {
                JobStatus::Waiting
            },
            submitted: self.now,
            started: None,
            finished: None,
            failure: None,
            notes: Vec::new(),
            requeued: Vec::new(),
            counts: FrameCounts::default(),
            costs: JobCosts::default(),
            losses: 0,
            held: None,
            hooks: self.hooks_of(id),
            fallbacks: Vec::new(),
            spec,
            idle_since: None,
            time: Default::default(),
        };
        let ended = self.store.ended_before(&record.spec.after);
        self.send(Event::Submit { job: Box::new(record), ended });
    }

    /// One job in four has hooks before it, and one in three after it.
    fn hooks_of(&mut self, id: JobId) -> JobHooks {
        // A submission of this number may have been lost with a daemon.
        self.hooked.retain(|(job, _)| *job != id);
        let mut phase = |moment, n| {
            if self.dice.one_in(n) {
                self.hooked.insert((id, moment));
                HookPhase::Due
            } else {
                HookPhase::Over
            }
        };
        let (before, after) = (phase(Moment::BeforeJob, 4), phase(Moment::AfterJob, 3));
        JobHooks { before, after, ..JobHooks::default() }
    }

    pub fn spec(&mut self, id: JobId) -> JobSpec {
        let dice = &mut self.dice;
        let first = dice.below(20) as i32 - 10;
        let step = 1 + dice.below(3) as usize;
        let count = 1 + dice.below(24) as usize;
        let maybe = |dice: &mut Dice, n: u64| dice.one_in(3).then(|| dice.below(n) as u32);
        JobSpec {
            name: format!("shot {id}"),
            user: None,
            scene: "shot.blend".into(),
            plugin: PluginChoice {
                name: PLUGINS[dice.below(2) as usize].to_owned(),
                version: None,
                digest: None,
            },
            dcc_version: None,
            frames: (first..).step_by(step).take(count).collect(),
            layers: if dice.one_in(4) { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() },
            output: None,
            options: serde_json::Map::new(),
            priority: dice.below(101) as u8,
            after: if id.0 > 1 && dice.one_in(4) {
                vec![JobId(1 + dice.below(id.0 - 1))]
            } else {
                Vec::new()
            },
            order: [FrameOrder::Forward, FrameOrder::Reverse, FrameOrder::Spread][dice.below(3) as usize],
            chunk: match dice.below(5) {
                0 => Chunking::Whole,
                1 | 2 => Chunking::Fixed(1 + dice.below(6) as u32),
                _ => Chunking::Auto,
            },
            threads: maybe(dice, 9),
            skip_existing: false,
            limits: JobLimits {
                max_tasks: maybe(dice, 3),
                retries: maybe(dice, 4),
                attempt_seconds: maybe(dice, 100),
                frame_seconds: maybe(dice, 100),
                stall_seconds: maybe(dice, 300),
                max_failed_frames: maybe(dice, 10),
            },
            levels: some(dice, &["level 0", "level 1", "level 2", "gone"]),
            hooks: Vec::new(),
            licences: some(dice, &LICENCES),
            needs: needs(dice),
            notify: Vec::new(),
            batch: if dice.one_in(3) { Some(member(1 + dice.below(3), id)) } else { None },
        }
    }

    pub fn plugin_state(&mut self) -> PluginState {
        match self.dice.below(8) {
            0 => PluginState::Unavailable { reason: "it traps".to_owned() },
            1 => PluginState::MissingTool { reason: "no blender".to_owned() },
            2 => ready(&[FrameShape::Single]),
            3 | 4 => ready(&[FrameShape::Stepped, FrameShape::Any]),
            _ => ready(&[FrameShape::Any, FrameShape::Stepped, FrameShape::Single]),
        }
    }

    pub fn announce(&mut self, name: &'static str, state: PluginState) {
        self.plugins.insert(name, state.clone());
        self.send(Event::Plugin { name: name.to_owned(), state });
    }

    pub fn reload(&mut self) {
        let state = self.plugin_state();
        let name = PLUGINS[self.dice.below(2) as usize];
        self.announce(name, state);
    }

    pub fn command(&mut self) {
        let jobs: Vec<JobId> = self.store.jobs.keys().copied().collect();
        let Some(&job) = self.dice.pick(&jobs) else { return };
        // What people do while hooks run is worth a closer look.
        let hooked = self.hooks.first().filter(|_| self.dice.one_in(2)).map(|(job, _)| *job);
        let job = hooked.unwrap_or(job);
        match self.dice.below(6) {
            0 => self.send(Event::Pause(job)),
            1 => self.send(Event::Resume(job)),
            2 if self.dice.one_in(2) => self.send(Event::Cancel(job)),
            3 => {
                let limits =
                    JobLimits { max_failed_frames: Some(self.dice.below(8) as u32), ..JobLimits::default() };
                let edit = JobEdit { priority: Some(self.dice.below(101) as u8), limits: Some(limits) };
                self.send(Event::Edit { job, edit })
            }
            _ => {
                if !self.scheduler.holds(job) {
                    let ended = self.store.ended_before(&self.store.jobs[&job].spec.after);
                    let recalled = Box::new(self.store.restored_job(job));
                    self.send(Event::Recall { job: recalled, ended });
                }
                let all = &self.store.jobs[&job].spec.frames;
                let some = all.take_first(1 + self.dice.below(10));
                let frames = self.dice.one_in(2).then_some(some);
                self.send(Event::Retry { job, frames })
            }
        };
    }
}

/// Mostly nothing, or some of these.
fn some(dice: &mut Dice, names: &[&str]) -> Vec<String> {
    if !dice.one_in(3) {
        return Vec::new();
    }
    names.iter().filter(|_| dice.one_in(2)).map(|&name| name.to_owned()).collect()
}

/// A plugin that serves, with levels of these shapes.
pub fn ready(shapes: &[FrameShape]) -> PluginState {
    let level =
        |(index, shape): (usize, &FrameShape)| LevelProfile { name: format!("level {index}"), shape: *shape };
    PluginState::Ready(PluginProfile {
        version: semver::Version::new(1, 0, 0),
        generation: 1,
        levels: shapes.iter().enumerate().map(level).collect(),
    })
}

/// A place in one of three batches, of which the first has one task at once, the second two, and the third stops at the
/// first failure.
fn member(batch: u64, job: JobId) -> BatchMember {
    BatchMember {
        batch: BatchRef { id: BatchId(batch), name: format!("batch {batch}") },
        entry: format!("entry {job}"),
        workers: batch as u32,
        continue_on_error: batch != 3,
        content: Digest(job.to_string()),
    }
}
