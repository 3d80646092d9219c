//! A scenario through a plugin: what the plugin answers, part by part, beside what is expected.

use super::file::HERE;
use super::{Part, Scenario};
use crate::trial::run::{self, Done, Feed, Input};
use crate::trial::{text, without_times};
use farmhand_model::dcc::{JobContext, Outcome, PreparedJob, TaskContext};
use farmhand_model::hooks::{Hook, JobEnd, Moment};
use farmhand_model::{Seconds, Timestamp};
use farmhand_plugin::{LoadedPlugin, PluginError, PluginErrorKind};
use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

/// Lines handed over at once: few, so that most logs show whether a reader keeps its state between batches.
const LINES: usize = 8;

/// What a plugin answered to one part of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The part.
    pub part: Part,
    /// What the file expects of it; absent in a scenario that does not say yet.
    pub expected: Option<String>,
    /// What the plugin answered.
    pub seen: String,
}

impl Answer {
    /// Whether it is what is expected.
    #[must_use]
    pub fn is_as_expected(&self) -> bool {
        self.expected.as_ref() == Some(&self.seen)
    }
}

/// What came of a scenario.
#[derive(Debug, Clone)]
pub struct Played {
    /// Part by part, in order. Of a scenario that expects nothing yet, what it could expect.
    pub answers: Vec<Answer>,
    /// Errors that the plugin reported on the way, with everything that helps to find them.
    pub errors: Vec<PluginError>,
}

impl Played {
    /// Whether every part is as expected, and there is one.
    #[must_use]
    pub fn passed(&self) -> bool {
        !self.answers.is_empty() && self.answers.iter().all(Answer::is_as_expected)
    }
}

/// Runs a scenario. `now` is about when: moments near it are written as `{time}`.
///
/// # Errors
/// The plugin has no such level.
pub async fn play(scenario: &Scenario, plugin: &LoadedPlugin, now: Timestamp) -> Result<Played, String> {
    let mut stage = Stage { scenario, plugin, now, errors: Vec::new() };
    let job = Arc::new(scenario.given.job.clone());
    // Before anything is asked, so that a level that is not there is said once.
    let task = scenario.given.task(Arc::clone(&job), plugin.descriptor())?;
    let expected = &scenario.expectations;
    let mut answers = Vec::new();
    let mut answer = |part: Part, seen: String| {
        let seen = seen.trim().to_owned();
        answers.push(Answer { part, expected: expected.get(&part).cloned(), seen });
    };
    let of_job = [Part::Problems, Part::Prepared, Part::Command, Part::Hooks];
    let wanted = match expected.is_empty() {
        // Nothing is expected yet: what there is to say of a job, or of a log.
        true if scenario.given.log.is_none() => vec![Part::Problems, Part::Prepared, Part::Command],
        true => vec![Part::Expect],
        false => expected.keys().copied().collect(),
    };
    let mut seen_by_reader = task;
    if wanted.iter().any(|part| of_job.contains(part)) {
        let prepared = stage.prepare(&job).await;
        match &prepared {
            Err(refusal) => {
                for part in wanted.iter().filter(|part| of_job.contains(part)) {
                    match part {
                        Part::Problems => answer(Part::Problems, refusal.clone()),
                        _ if expected.is_empty() => {}
                        part => answer(*part, format!("the job is refused:\n{refusal}")),
                    }
                }
            }
            Ok(prepared) => {
                let job = Arc::new(as_kept(&job, prepared));
                let task = scenario.given.task(Arc::clone(&job), plugin.descriptor())?;
                for part in wanted.iter().filter(|part| of_job.contains(part)) {
                    match part {
                        Part::Problems if expected.is_empty() => {}
                        Part::Problems => answer(Part::Problems, "none: the job is prepared".to_owned()),
                        Part::Prepared => {
                            answer(Part::Prepared, stage.placed(&text::prepared(prepared), &task));
                        }
                        Part::Command => answer(Part::Command, stage.command(&task).await),
                        _ => answer(Part::Hooks, stage.hooks(&job, &task).await),
                    }
                }
                seen_by_reader = task;
            }
        }
    }
    if wanted.contains(&Part::Expect) {
        answer(Part::Expect, stage.read(seen_by_reader).await);
    }
    Ok(Played { answers, errors: stage.errors })
}

struct Stage<'a> {
    scenario: &'a Scenario,
    plugin: &'a LoadedPlugin,
    now: Timestamp,
    errors: Vec<PluginError>,
}

impl Stage<'_> {
    /// The job as it would be kept, or what it is refused with.
    async fn prepare(&mut self, job: &JobContext) -> Result<PreparedJob, String> {
        let unfit = self.plugin.check_options(&job.options);
        if !unfit.is_empty() {
            return Err(text::problems(&unfit));
        }
        match self.plugin.validate(job).await {
            Ok(Ok(prepared)) => Ok(prepared),
            Ok(Err(problems)) => Err(self.here(&text::problems(&problems))),
            Err(error) => Err(self.failed(error)),
        }
    }

    async fn command(&mut self, task: &TaskContext) -> String {
        match self.plugin.build_command(task).await {
            Ok(command) => self.placed(&text::command(&command.tool, &command), task),
            Err(error) => self.failed(error),
        }
    }

    /// The hooks of the moments that the scenario reaches.
    async fn hooks(&mut self, job: &JobContext, task: &TaskContext) -> String {
        let given = &self.scenario.given;
        let mut all = vec![
            (Moment::BeforeJob, self.plugin.before_job(job).await),
            (Moment::BeforeTask, self.plugin.before_task(task).await),
        ];
        if given.log.is_some() || given.end.exit_code.is_some() || given.end.signal.is_some() {
            let outcome = self.outcome(task).await;
            let end = JobEnd {
                complete: outcome.frames_missing.is_empty(),
                frames_done: outcome.frames_done.len(),
                frames_failed: outcome.frames_missing.len(),
                seconds: Seconds(60.0),
            };
            all.push((Moment::AfterTask, self.plugin.after_task(task, &outcome).await));
            all.push((Moment::AfterJob, self.plugin.after_job(job, end).await));
        }
        let mut told = String::new();
        for (moment, hooks) in all {
            let one = self.of_moment(moment, hooks, task);
            if !one.is_empty() {
                // Writing to a string cannot fail.
                let _ = writeln!(told, "{one}");
            }
        }
        if told.is_empty() { "none".to_owned() } else { told.trim_end().to_owned() }
    }

    fn of_moment(
        &mut self,
        moment: Moment,
        hooks: Result<Vec<Hook>, PluginError>,
        task: &TaskContext,
    ) -> String {
        match hooks {
            Ok(hooks) => self.placed(&text::hooks(moment, &hooks), task),
            Err(error) => format!("{moment}: {}", self.failed(error)),
        }
    }

    async fn read(&mut self, task: TaskContext) -> String {
        let input = self.input(task);
        let trial = run::run(self.plugin, &input, Feed::Lines(LINES)).await;
        match trial.told() {
            Ok((events, verdict)) => self.here(&text::told(events.iter().map(|seen| &seen.event), verdict)),
            Err(error) => self.failed(error.clone()),
        }
    }

    async fn outcome(&mut self, task: &TaskContext) -> Outcome {
        let input = self.input(task.clone());
        run::run(self.plugin, &input, Feed::Lines(LINES)).await.outcome
    }

    fn input(&self, task: TaskContext) -> Input {
        let given = &self.scenario.given;
        Input {
            task,
            log: given.log.clone().unwrap_or_default(),
            end: given.end,
            done: Done::Verified(given.done.clone()),
            host_faults: Vec::new(),
        }
    }

    /// What a failed call reads as: the plugin's own words where it has said something, and otherwise what became of
    /// it, without anything that differs from run to run.
    fn failed(&mut self, error: PluginError) -> String {
        let said = match error.kind() {
            PluginErrorKind::Guest { message, .. } => message.clone(),
            PluginErrorKind::Trap { what, .. } => what.clone(),
            kind => kind.to_string(),
        };
        self.errors.push(error);
        self.here(&format!("error: {said}"))
    }

    /// The text as it would be on any machine: the scenario's directory, the task's own ones, and moments by name.
    fn placed(&self, text: &str, task: &TaskContext) -> String {
        let scratch = task.scratch.display().to_string();
        let staging = task.staging.display().to_string();
        let text = text.replace(&scratch, "{scratch}").replace(&staging, "{staging}");
        without_times(&self.here(&text), &[self.now])
    }

    fn here(&self, text: &str) -> String {
        let here = self.scenario.path.parent().unwrap_or(Path::new("")).display().to_string();
        // A scenario at the root of the file system, or one that was named from its own directory, is nowhere special.
        if here.len() > 1 { text.replace(&here, HERE) } else { text.to_owned() }
    }
}

/// The job with what the plugin made of it.
fn as_kept(job: &JobContext, prepared: &PreparedJob) -> JobContext {
    JobContext {
        frames: prepared.frames.clone(),
        layers: prepared.layers.clone(),
        output: prepared.output.clone(),
        options: prepared.options.clone(),
        ..job.clone()
    }
}
