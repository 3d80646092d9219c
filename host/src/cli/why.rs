//! `farmhand why`: the one reason that holds a job now, what would make it run, and where its time has gone.

use super::context::Context;
use super::error::CliError;
use super::human::{self, localised};
use super::output::{Cell, Table, Tone};
use clap::Args;
use farmhand_model::job::TimeSpent;
use farmhand_model::view::JobWhyView;
use farmhand_model::why::WaitReason;
use farmhand_model::{JobId, Seconds};

#[derive(Debug, Args)]
pub(super) struct WhyArgs {
    /// The job's number
    job: JobId,
}

pub(super) fn run(context: &mut Context, args: &WhyArgs) -> Result<(), CliError> {
    let client = context.client()?;
    let path = format!("/jobs/{}/why", args.job);
    if context.out.json {
        let why: serde_json::Value = client.get(&path)?;
        return context.out.json(&why);
    }
    let why: JobWhyView = client.get(&path)?;
    context.out.table(&table(&why))
}

fn table(view: &JobWhyView) -> Table {
    let mut table = Table::facts();
    let status = view.status.name();
    let name = format!("job {}", view.job);
    match &view.why.reason {
        WaitReason::Ended => table.fact(&name, status),
        WaitReason::Gpus { need, gpus } if !gpus.is_empty() => {
            table.fact(&name, format!("{status}: needs {need}"));
            for gpu in gpus {
                let what = localised(&gpu.obstacle.to_string());
                table.fact(&format!("GPU {}", gpu.index), what.strip_prefix("is ").unwrap_or(&what));
            }
        }
        _ => table.fact(&name, format!("{status}: {}", localised(&view.why.text))),
    }
    if let Some(remedy) = &view.why.remedy {
        table.row([Cell::toned("remedy", Tone::Dim), Cell::toned(localised(remedy), Tone::Warn)]);
    }
    if let Some(time) = shares(&view.time) {
        table.fact("time", time);
    }
    table
}

/// `waiting 1 h 02 min (62 %), rendering 38 min 00 s (38 %)`; `None` before there is anything to share out.
pub(super) fn shares(time: &TimeSpent) -> Option<String> {
    let parts = [
        ("waiting", time.waiting),
        ("starting", time.starting),
        ("rendering", time.rendering),
        ("verifying", time.verifying),
    ];
    let all: f64 = parts.iter().map(|(_, seconds)| seconds).sum();
    let parts: Vec<String> = parts
        .iter()
        .filter(|(_, seconds)| *seconds >= 0.05)
        .map(|(name, seconds)| {
            format!("{name} {} ({:.0} %)", human::span(Seconds(*seconds)), seconds / all * 100.0)
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::*;
    use farmhand_model::needs::GpuNeed;
    use farmhand_model::node::GpuStanding;
    use farmhand_model::why::{GpuInTheWay, GpuObstacle, Holder};
    use farmhand_model::{AttemptId, JobStatus};

    fn view(status: JobStatus, reason: WaitReason, time: TimeSpent) -> JobWhyView {
        JobWhyView { job: JobId(12), status, why: reason.into(), time }
    }

    #[test]
    fn each_gpu_has_a_line() {
        let gpu = |index, obstacle| GpuInTheWay { index, uuid: String::new(), obstacle };
        let holders = vec![Holder { attempt: AttemptId(31), job: JobId(7) }];
        let reason = WaitReason::Gpus {
            need: GpuNeed { count: 1, memory_bytes: Some(12_000_000_000), required: true },
            gpus: vec![
                gpu(0, GpuObstacle::Standing(GpuStanding::Reserved)),
                gpu(1, GpuObstacle::Leased { holders }),
            ],
        };
        let time = TimeSpent { waiting: 300.0, starting: 10.0, rendering: 89.0, verifying: 1.0 };
        let table = table(&view(JobStatus::Waiting, reason, time));
        let expect = "\
job 12  waiting: needs 1 GPU with 12 GB free
GPU 0   reserved for interactive use
GPU 1   renders job 7 (attempt 31)
remedy  it starts when `interactive.gpus` reserves less or a render ends
time    waiting 5 min 00 s (75 %), starting 10 s (2 %), rendering 1 min 29 s (22 %), verifying 1.0 s (0 %)
";
        assert_eq!(table.render(Style::Plain), expect);
        let narrow = "\
job 12  waiting: needs 1 GPU with 12 GB
        free
GPU 0   reserved for interactive use
GPU 1   renders job 7 (attempt 31)
remedy  it starts when
        `interactive.gpus` reserves less
        or a render ends
time    waiting 5 min 00 s (75 %),
        starting 10 s (2 %), rendering 1
        min 29 s (22 %), verifying 1.0 s
        (0 %)
";
        assert_eq!(table.render_within(Style::Plain, Some(40)), narrow);
    }

    #[test]
    fn a_job_that_has_ended_says_how_and_where_its_time_went() {
        let time = TimeSpent { rendering: 12.0, ..TimeSpent::default() };
        let rendered = table(&view(JobStatus::Done, WaitReason::Ended, time)).render(Style::Plain);
        assert_eq!(rendered, "job 12  done\ntime    rendering 12 s (100 %)\n");
        let rendered = table(&view(JobStatus::Waiting, WaitReason::Next, TimeSpent::default()));
        assert_eq!(rendered.render(Style::Plain), "job 12  waiting: starts next\n");
    }
}
