//! `farmhand job`: one job, with its frames, its attempts and what went wrong.

use super::context::Context;
use super::error::CliError;
use super::jobs::status_cell;
use super::node::gpu_leases;
use super::output::{Cell, Table, Tone};
use super::why::shares;
use super::{human, report, usage};
use clap::Args;
use farmhand_model::hooks::HookRun;
use farmhand_model::view::{AttemptView, FramesView, JobView, Page};
use farmhand_model::{Bytes, FrameState, JobId};

#[derive(Debug, Args)]
pub(super) struct JobCommand {
    /// The job's number
    job: JobId,
    /// Attempts to list, newest first
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1000))]
    attempts: u32,
}

pub(super) fn run(context: &mut Context, args: &JobCommand) -> Result<(), CliError> {
    let client = context.client()?;
    let path = format!("/jobs/{}", args.job);
    if context.out.json {
        let job: serde_json::Value = client.get(&path)?;
        return context.out.json(&job);
    }
    let job: JobView = client.get(&path)?;
    let frames: FramesView = client.get(&format!("{path}/frames"))?;
    let attempts: Page<AttemptView> = client.get(&format!("{path}/attempts?limit={}", args.attempts))?;
    context.out.table(&facts(&job))?;
    context.out.line("")?;
    context.out.table(&frame_table(&frames))?;
    if !job.fallbacks.is_empty() {
        context.out.line("")?;
        context.out.table(&fallback_table(&job))?;
    }
    if !job.hooks.is_empty() {
        context.out.line("")?;
        context.out.table(&hook_table(&job.hooks))?;
    }
    if !attempts.items.is_empty() {
        context.out.line("")?;
        context.out.table(&attempt_table(&attempts.items))?;
        if let Some(usage) = usage::table(&attempts.items, human::now()) {
            context.out.line("")?;
            context.out.table(&usage)?;
        }
    }
    let faults = report::faults(&attempts.items);
    if !faults.is_empty() {
        context.out.line("")?;
        context.out.line("faults:")?;
        for fault in faults {
            context.out.line(format!("  {fault}"))?;
        }
    }
    Ok(())
}

fn facts(job: &JobView) -> Table {
    let (summary, spec) = (&job.summary, &job.spec);
    let mut table = Table::facts();
    table.fact("job", format!("{} {}", summary.id, summary.name));
    table.row([Cell::toned("state", Tone::Dim), status_cell(summary.status)]);
    if let Some(why) = &summary.why {
        table.fact("why", human::localised(&why.text));
        if let Some(remedy) = &why.remedy {
            table.row([Cell::toned("remedy", Tone::Dim), Cell::toned(human::localised(remedy), Tone::Warn)]);
        }
    }
    if let Some(failure) = &summary.failure {
        table.row([Cell::toned("failure", Tone::Dim), Cell::toned(failure, Tone::Bad)]);
    }
    table.fact("frames", format!("{} of {}", human::frames(&summary.frames), spec.frames));
    if !spec.layers.is_empty() {
        table.fact("layers", spec.layers.join(", "));
    }
    if !spec.levels.is_empty() {
        table.fact("levels", spec.levels.join(", "));
    }
    table.fact("scene", &summary.scene);
    table.fact("output", spec.output.as_deref().unwrap_or("as the scene says"));
    table.fact("plugin", &summary.plugin);
    if !spec.options.is_empty() {
        table.fact("options", serde_json::Value::Object(spec.options.clone()).to_string());
    }
    table.fact("priority", summary.priority);
    if let Some(user) = &summary.user {
        table.fact("user", user);
    }
    table.fact("submitted", human::local(summary.submitted));
    if let Some(finished) = summary.finished {
        table.fact("finished", human::local(finished));
    } else if let Some(eta) = summary.eta {
        table.fact("ready at", human::local(eta));
    }
    if let Some(seconds) = job.costs.frame_seconds {
        table.fact("a frame takes", human::span(farmhand_model::Seconds(seconds)));
    }
    if let Some(bytes) = job.costs.peak_memory_bytes {
        table.fact("peak memory", Bytes(bytes));
    }
    if let Some(time) = shares(&job.time) {
        table.fact("time", time);
    }
    for note in &job.notes {
        table.fact("note", note);
    }
    table
}

fn frame_table(frames: &FramesView) -> Table {
    let mut table = Table::new(&["#FRAMES", "STATE", "LAYER", "WHICH"]);
    for run in &frames.runs {
        let (state, tone) = match run.state {
            FrameState::Pending => ("pending", Tone::Plain),
            FrameState::Running => ("running", Tone::Good),
            FrameState::Done => ("done", Tone::Good),
            FrameState::Skipped => ("skipped", Tone::Dim),
            FrameState::Failed => ("failed", Tone::Bad),
        };
        table.row([
            Cell::from(run.frames.len()),
            Cell::toned(state, tone),
            Cell::from(run.layer.as_deref().unwrap_or("")),
            Cell::from(&run.frames),
        ]);
    }
    table
}

/// Why frames were rendered at another level than the first.
fn fallback_table(job: &JobView) -> Table {
    let mut table = Table::new(&["FRAMES", "FELL BACK", "CAUSE", "LAYER", "WHY"]);
    for one in &job.fallbacks {
        let layer = job.spec.layers.get(one.layer as usize).map_or("", String::as_str);
        table.row([
            Cell::from(&one.frames),
            Cell::from(format!("{} -> {}", one.from, one.to)),
            Cell::toned(one.cause.to_string(), Tone::Bad),
            Cell::from(layer),
            Cell::from(&one.reason),
        ]);
    }
    table
}

fn hook_table(hooks: &[HookRun]) -> Table {
    let mut table = Table::new(&["HOOK", "MOMENT", "#TIME", "RESULT"]);
    for run in hooks {
        table.row([
            Cell::from(&run.name),
            Cell::from(run.moment),
            Cell::from(human::span(run.seconds)),
            match &run.error {
                None => Cell::toned("done", Tone::Good),
                Some(error) => Cell::toned(error, Tone::Bad),
            },
        ]);
    }
    table
}

fn attempt_table(attempts: &[AttemptView]) -> Table {
    let mut table = Table::new(&["#ATTEMPT", "STATE", "FRAMES", "LEVEL", "#TRY", "TIME", "GPUS", "VERDICT"]);
    for attempt in attempts {
        let time = attempt.ended.map(|ended| human::span(ended.since(attempt.started))).unwrap_or_default();
        let missing = attempt.outcome.as_ref().is_some_and(|outcome| !outcome.frames_missing.is_empty());
        let verdict = attempt.verdict.as_ref().map(|verdict| match attempt.consequence.as_deref() {
            None | Some("") => verdict.reason.clone(),
            Some(consequence) => format!("{}; {consequence}", verdict.reason),
        });
        let tone = if missing { Tone::Bad } else { Tone::Plain };
        table.row([
            Cell::from(attempt.id),
            Cell::from(&attempt.state),
            Cell::from(match &attempt.layer {
                Some(layer) => format!("{} of {layer}", attempt.frames),
                None => attempt.frames.to_string(),
            }),
            Cell::from(&attempt.level_name),
            Cell::from(attempt.try_number),
            Cell::from(time),
            Cell::from(gpu_leases(&attempt.lease.gpus)),
            Cell::toned(verdict.unwrap_or_default(), tone),
        ]);
    }
    table.leave_out_empty();
    table
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::super::progress::tests::attempt;
    use super::*;
    use farmhand_model::dcc::Gpu;
    use farmhand_model::hooks::HookRun;
    use farmhand_model::hooks::{Moment, OnFailure};
    use farmhand_model::needs::GpuLease;
    use farmhand_model::view::{FrameCounts, FrameRuns};
    use farmhand_model::{AttemptId, Seconds, Timestamp};

    #[test]
    fn attempts_say_how_they_ended() {
        let ended = attempt();
        let mut running = attempt();
        let gpu = Gpu { index: 1, uuid: String::new(), name: String::new(), memory_bytes: 0 };
        running.lease.gpus = vec![GpuLease { gpu, share_bytes: Some(8_000_000_000) }];
        running.id = AttemptId(10);
        running.state = "running".to_owned();
        running.layer = Some("beauty".to_owned());
        (running.ended, running.outcome, running.verdict, running.consequence) = (None, None, None, None);
        let expect = "\
ATTEMPT  STATE    FRAMES         LEVEL   TRY  TIME        GPUS      VERDICT
     10  running  1-5 of beauty  render    1              1 (8 GB)
      7  ended    1-5            render    1  1 min 02 s            out of memory [2J; tried again at level safe
";
        assert_eq!(attempt_table(&[running, ended]).render(Style::Plain), expect);
    }

    #[test]
    fn hooks_say_how_they_went() {
        let run = |name: &str, error: Option<&str>| HookRun {
            name: name.to_owned(),
            moment: Moment::AfterJob,
            attempt: None,
            at: Timestamp(0),
            seconds: Seconds(2.0),
            error: error.map(str::to_owned),
            on_failure: OnFailure::Warn,
        };
        let expect = "\
HOOK        MOMENT      TIME  RESULT
sync.sh     after-job  2.0 s  done
publish.sh  after-job  2.0 s  it ended with exit code 3: no space
";
        let runs = [run("sync.sh", None), run("publish.sh", Some("it ended with exit code 3: no space"))];
        assert_eq!(hook_table(&runs).render(Style::Plain), expect);
    }

    #[test]
    fn frames_by_state() {
        let run =
            |state, frames: &str| FrameRuns { layer: None, state, frames: frames.parse().expect("frames") };
        let view = FramesView {
            job: JobId(12),
            counts: FrameCounts::default(),
            runs: vec![run(FrameState::Done, "1-46"), run(FrameState::Failed, "47,48")],
        };
        let expect = "\
FRAMES  STATE   LAYER  WHICH
    46  done           1-46
     2  failed         47,48
";
        assert_eq!(frame_table(&view).render(Style::Plain), expect);
    }
}
