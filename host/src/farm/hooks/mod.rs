//! Carries out hooks: the plugin's, which are lists of actions, and the studio's own scripts, which are programs.
//!
//! What runs when is the scheduler's decision for jobs and the attempt's for tasks. Hooks are safe to repeat by
//! contract: a daemon that ends while they run has them run again by the next one.

mod actions;
mod job;
mod program;

pub(super) use job::{JobHooksHandle, run_job_hooks};

use super::attempt::own_variables;
use super::parts::Parts;
use farmhand_model::dcc::JobContext;
use farmhand_model::hooks::{Hook, HookRun, HookScript, HooksResult, Moment, OnFailure};
use farmhand_model::{AttemptId, Seconds};
use farmhand_plugin::{LoadedPlugin, PluginError};
use farmhand_runner::{EnvSpec, Roots, ShimSpec};
use program::Killed;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// What the hooks of one moment came to.
pub(super) struct Outcome {
    pub(super) runs: Vec<HookRun>,
    pub(super) notes: Vec<String>,
    pub(super) result: HooksResult,
}

impl Outcome {
    fn new() -> Self {
        Self { runs: Vec::new(), notes: Vec::new(), result: HooksResult::GoOn }
    }
}

/// Where and for whom hooks run.
pub(super) struct HookSite {
    pub(super) parts: Arc<Parts>,
    pub(super) plugin: Arc<LoadedPlugin>,
    pub(super) job: Arc<JobContext>,
    /// What the job asks of the DCC's version.
    pub(super) dcc_version: Option<semver::VersionReq>,
    pub(super) moment: Moment,
    pub(super) attempt: Option<AttemptId>,
    /// Programs get directories of their own in here, with their logs.
    pub(super) dir: PathBuf,
    /// What a task's render sees of the GPUs, and so its hooks' programs; none for a job's hooks.
    pub(super) gpu_env: Vec<(String, String)>,
    /// The task's own directories, which its hooks may use besides.
    pub(super) own: Vec<PathBuf>,
}

impl HookSite {
    /// Runs the plugin's hooks and then the studio's scripts of this moment, one after the other, until one ends the
    /// matter. `context` is what the scripts are told, as JSON.
    pub(super) async fn run(
        &self,
        hooks: Result<Vec<Hook>, PluginError>,
        context: &serde_json::Value,
        killed: &Killed,
    ) -> Outcome {
        let mut outcome = Outcome::new();
        match hooks {
            Ok(hooks) => {
                for hook in hooks {
                    self.record(&mut outcome, &hook.name, hook.on_failure, self.plugins_hook(&hook, killed))
                        .await;
                    if is_over(&outcome, killed) {
                        return outcome;
                    }
                }
            }
            Err(error) => {
                let failed = async { Err(error.to_string()) };
                self.record(&mut outcome, &self.plugin.descriptor().name, OnFailure::Fail, failed).await;
                return outcome;
            }
        }
        for script in self.scripts() {
            let ran = async { self.script(script, context, killed).await.map(|()| Vec::new()) };
            self.record(&mut outcome, &script.name, script.on_failure, ran).await;
            if is_over(&outcome, killed) {
                break;
            }
        }
        outcome
    }

    /// The studio's scripts of this moment.
    pub(super) fn scripts(&self) -> impl Iterator<Item = &HookScript> {
        self.job.hook_scripts.iter().filter(|script| script.moment == self.moment)
    }

    /// Waits for a hook and writes down what came of it.
    async fn record(
        &self,
        outcome: &mut Outcome,
        name: &str,
        on_failure: OnFailure,
        hook: impl Future<Output = Result<Vec<String>, String>>,
    ) {
        let (at, began) = (self.parts.clock.now(), Instant::now());
        let error = match hook.await {
            Ok(notes) => {
                outcome.notes.extend(notes);
                None
            }
            Err(error) => Some(error),
        };
        if let Some(error) = &error {
            let told = format!("{} hook {name}: {error}", self.moment);
            tracing::warn!(job = %self.job.id, attempt = ?self.attempt, "{told}");
            outcome.result = match on_failure {
                OnFailure::Fail => HooksResult::Fail(told),
                OnFailure::Hold => HooksResult::Hold(told),
                OnFailure::Warn => {
                    outcome.notes.push(told);
                    HooksResult::GoOn
                }
            };
        }
        let seconds = Seconds(began.elapsed().as_secs_f64());
        let (moment, attempt) = (self.moment, self.attempt);
        outcome.runs.push(HookRun { name: name.to_owned(), moment, attempt, at, seconds, error, on_failure });
    }

    async fn plugins_hook(&self, hook: &Hook, killed: &Killed) -> Result<Vec<String>, String> {
        let roots = self.roots()?;
        let mut notes = Vec::new();
        for (index, action) in hook.actions.iter().enumerate() {
            let step = actions::Step { site: self, roots: &roots, killed };
            let place = format!("{}-{index}", file_name(&hook.name));
            notes.extend(step.carry_out(action, &place).await?);
        }
        Ok(notes)
    }

    /// Where a plugin's actions may read and write: the roots, or where this node has none, the directories that the
    /// job names; and the task's own.
    fn roots(&self) -> Result<Roots, String> {
        let mut allowed = match &self.parts.roots {
            Roots::Under(roots) => roots.clone(),
            Roots::Anywhere => {
                let output = self.job.output.as_deref().map(super::attempt::fixed_directory);
                self.job.scene.parent().map(Path::to_owned).into_iter().chain(output).collect()
            }
        };
        allowed.extend(self.own.iter().cloned());
        Roots::new(allowed).map_err(|error| error.to_string())
    }

    async fn script(
        &self,
        script: &HookScript,
        context: &serde_json::Value,
        killed: &Killed,
    ) -> Result<(), String> {
        let place = self.dir.join(file_name(&script.name));
        let write = || -> std::io::Result<PathBuf> {
            std::fs::create_dir_all(&self.dir)?;
            let path = self.dir.join(format!("{}.json", file_name(&script.name)));
            std::fs::write(&path, serde_json::to_vec_pretty(context)?)?;
            Ok(path)
        };
        let context = write().map_err(|error| format!("cannot write what it is told: {error}"))?;
        let context = context.display().to_string();
        let env = vec![
            ("FARMHAND_HOOK".to_owned(), self.moment.name().to_owned()),
            ("FARMHAND_JOB".to_owned(), self.job.id.to_string()),
            ("FARMHAND_CONTEXT".to_owned(), context.clone()),
        ];
        program::run(&self.parts, place, self.program(&script.path, vec![context], env, None), killed).await
    }

    fn program(
        &self,
        program: &Path,
        args: Vec<String>,
        env: Vec<(String, String)>,
        limit: Option<Seconds>,
    ) -> ShimSpec {
        let settings = &self.parts.settings;
        let own = Seconds(settings.hooks.limit.as_secs_f64());
        let set = self.gpu_env.iter().cloned().chain(env).collect();
        let limit = limit.map_or(own, |limit| if own.0 > 0.0 { Seconds(limit.0.min(own.0)) } else { limit });
        ShimSpec {
            env: EnvSpec::Inherit { remove: own_variables(), set },
            log: settings.process.log,
            time_limit: (limit.0 > 0.0).then_some(limit),
            grace: settings.process.grace,
            nice: settings.process.nice,
            io: settings.process.io,
            ..ShimSpec::new(program, args)
        }
    }
}

/// Whether nothing more is to run: a hook has ended the matter, or nobody waits for the rest.
fn is_over(outcome: &Outcome, killed: &Killed) -> bool {
    outcome.result != HooksResult::GoOn || killed.borrow().is_some()
}

/// A name that is safe in a path.
fn file_name(name: &str) -> String {
    name.chars()
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .collect()
}
