//! The hooks of a job: before its first task and after its last frame. The scheduler orders them, and waits for one
//! answer.

use super::{HookSite, Outcome};
use crate::farm::attempt::job_context;
use crate::farm::driver::DriverHandle;
use crate::farm::parts::Parts;
use farmhand_model::hooks::{HooksResult, JobEnd, Moment};
use farmhand_model::{EndedBy, JobId};
use farmhand_scheduler::Event;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The driver's hold on running hooks. Dropping it lets go of them: a program goes on in its shim, and the next
/// daemon ends it before it runs again.
pub(in crate::farm) struct JobHooksHandle {
    kill: watch::Sender<Option<EndedBy>>,
    task: JoinHandle<()>,
}

impl JobHooksHandle {
    /// Ends what runs; the answer comes all the same.
    pub(in crate::farm) fn kill(&self) {
        self.kill.send_replace(Some(EndedBy::Cancel));
    }
}

impl Drop for JobHooksHandle {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Runs them, and tells the driver what came of it.
pub(in crate::farm) fn run_job_hooks(
    parts: Arc<Parts>,
    driver: DriverHandle,
    job: JobId,
    moment: Moment,
    end: Option<JobEnd>,
) -> JobHooksHandle {
    let (kill, killed) = watch::channel(None);
    let task = tokio::spawn(async move {
        let outcome = run(parts, job, moment, end, &killed).await;
        let Outcome { runs, notes, result } = outcome;
        driver.tell(Event::HooksEnded { job, moment, runs, notes, result }).await;
    });
    JobHooksHandle { kill, task }
}

async fn run(
    parts: Arc<Parts>,
    id: JobId,
    moment: Moment,
    end: Option<JobEnd>,
    killed: &super::Killed,
) -> Outcome {
    let spec = match parts.store.job(id).await {
        Ok(Some(record)) => record.spec,
        Ok(None) => return failed(format!("{moment} hooks: the job is not in the database")),
        Err(error) => return failed(format!("{moment} hooks: {error}")),
    };
    let plugin = match parts.plugin_of(&spec).await {
        Ok(plugin) => plugin,
        Err(error) => return failed(format!("{moment} hooks: {error}")),
    };
    let job = match job_context(&parts, id, &spec) {
        Ok(job) => Arc::new(job),
        Err(error) => return failed(format!("{moment} hooks: {error}")),
    };
    let hooks = match (moment, end) {
        (Moment::AfterJob, Some(end)) => plugin.after_job(&job, end).await,
        _ => plugin.before_job(&job).await,
    };
    let context = serde_json::json!({
        "moment": moment,
        "job": { "id": id, "name": job.name, "scene": job.scene, "output": job.output, "layers": job.layers,
                 "frames": job.frames, "options": job.options },
        "end": end,
    });
    let dir = parts.settings.data_dir.join("hooks").join(format!("{id}-{moment}"));
    let site = HookSite {
        parts,
        plugin,
        job,
        dcc_version: spec.dcc_version,
        moment,
        attempt: None,
        dir,
        gpu_env: Vec::new(),
        own: Vec::new(),
    };
    site.run(hooks, &context, killed).await
}

fn failed(reason: String) -> Outcome {
    Outcome { runs: Vec::new(), notes: Vec::new(), result: HooksResult::Fail(reason) }
}
