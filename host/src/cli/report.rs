//! What is said of a job that has ended: where its images are, or which frames failed, why, and what the log said.

use super::client::Client;
use super::context::Context;
use super::error::CliError;
use super::human;
use super::output::{clean, clean_lines};
use farmhand_model::view::{AttemptView, FrameDoneView, FramesView, JobView, Page};
use farmhand_model::{FrameSet, FrameState, JobStatus};
use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

/// Lines of the failing attempt's log.
const TAIL: u32 = 20;

/// Where whoever wants more of a log finds it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Logs<'a> {
    /// The daemon goes on and has them.
    WithDaemon,
    /// The daemon ends with this command; they stay in this directory, one directory an attempt.
    In(&'a Path),
}

/// Prints it; an error, already told, unless every frame is there and verified.
pub(super) fn ended(
    context: &mut Context,
    client: &Client,
    job: &JobView,
    logs: Logs<'_>,
) -> Result<(), CliError> {
    if context.out.json {
        context.out.json(job)?;
    } else if job.summary.status == JobStatus::Done {
        let images: Vec<FrameDoneView> =
            client.get(&format!("/jobs/{}/images?limit=1000", job.summary.id))?;
        context.out.line(done_line(job))?;
        for line in image_lines(&images) {
            context.out.line(line)?;
        }
    } else {
        for line in failure(client, job, logs)? {
            context.out.line(line)?;
        }
    }
    if job.summary.status == JobStatus::Done { Ok(()) } else { Err(CliError::Told) }
}

fn done_line(job: &JobView) -> String {
    let summary = &job.summary;
    let mut text = format!("job {} is done: {}", summary.id, human::count(summary.frames.done, "frame"));
    if let (Some(finished), Some(started)) = (summary.finished, summary.started) {
        text.push_str(&format!(" in {}", human::span(finished.since(started))));
    }
    if summary.frames.skipped > 0 {
        text.push_str(&format!(", {} were there already", summary.frames.skipped));
    }
    text
}

/// Directories with what lies in them.
fn image_lines(images: &[FrameDoneView]) -> Vec<String> {
    let mut places: BTreeMap<String, Vec<(i32, String)>> = BTreeMap::new();
    for image in images {
        let path = Path::new(&image.path);
        let dir = path.parent().map(|dir| dir.display().to_string()).unwrap_or_default();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        places.entry(dir).or_default().push((image.frame, name));
    }
    let line = |(dir, mut names): (String, Vec<(i32, String)>)| {
        names.sort();
        let first = names.first().map(|(_, name)| name.clone()).unwrap_or_default();
        let last = names.last().map(|(_, name)| name.clone()).unwrap_or_default();
        let shown = if first == last { first } else { format!("{first} … {last}") };
        clean(&format!("images: {dir}/{shown}"))
    };
    places.into_iter().map(line).collect()
}

fn failure(client: &Client, job: &JobView, logs: Logs<'_>) -> Result<Vec<String>, CliError> {
    let id = job.summary.id;
    let frames: FramesView = client.get(&format!("/jobs/{id}/frames"))?;
    let attempts: Page<AttemptView> = client.get(&format!("/jobs/{id}/attempts?limit=1000"))?;
    let mut lines = failure_lines(job, &frames, &attempts.items);
    let failing = attempts
        .items
        .iter()
        .find(|attempt| attempt.outcome.as_ref().is_some_and(|outcome| !outcome.frames_missing.is_empty()));
    if let Some(attempt) = failing
        && let Ok(mut log) = client.log(attempt.id, &format!("?tail={TAIL}"))
    {
        let mut bytes = Vec::new();
        // Half a log is better than none.
        let _ = log.read_to_end(&mut bytes);
        let all = match logs {
            Logs::WithDaemon => format!("`farmhand log --attempt {}` shows all", attempt.id),
            Logs::In(dir) => {
                format!("all of it is in {}", dir.join(attempt.id.to_string()).join("log").display())
            }
        };
        lines.push(format!("the last lines of attempt {} ({all}):", attempt.id));
        let text = clean_lines(&String::from_utf8_lossy(&bytes));
        lines.extend(text.lines().map(|line| format!("  | {line}")));
    }
    Ok(lines)
}

fn failure_lines(job: &JobView, frames: &FramesView, attempts: &[AttemptView]) -> Vec<String> {
    let summary = &job.summary;
    let state = match summary.status {
        JobStatus::Cancelled => "was cancelled",
        _ => "failed",
    };
    let counts = &frames.counts;
    let done = counts.done + counts.skipped;
    let mut lines =
        vec![format!("job {} {state}: {done} of {}", summary.id, human::count(counts.total, "frame"))];
    lines.extend(summary.failure.as_ref().map(|reason| format!("  {}", clean(reason))));
    for run in frames.runs.iter().filter(|run| run.state == FrameState::Failed) {
        let layer = run.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
        lines.push(clean(&format!("  failed frames{layer}: {}", run.frames)));
    }
    let known = summary.failure.as_deref().map(clean);
    let news = faults(attempts).into_iter().filter(|line| known.as_deref() != Some(line.as_str()));
    lines.extend(news.map(|line| format!("  {line}")));
    lines
}

/// Each message once, with the frames that it was about; those that were seen last come first.
pub(super) fn faults(attempts: &[AttemptView]) -> Vec<String> {
    let mut seen: Vec<(String, FrameSet)> = Vec::new();
    for attempt in attempts {
        for fault in &attempt.faults {
            let frames: FrameSet = match fault.frame {
                Some(frame) => [frame].into_iter().collect(),
                None => FrameSet::new(),
            };
            match seen.iter_mut().find(|(message, _)| *message == fault.message) {
                Some((_, all)) => all.extend(&frames),
                None => seen.push((fault.message.clone(), frames)),
            }
        }
    }
    let line = |(message, frames): (String, FrameSet)| {
        let message = clean(&message);
        if frames.is_empty() { message } else { format!("{message} (frames {frames})") }
    };
    seen.into_iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::super::progress::tests::{attempt, summary};
    use super::*;
    use farmhand_model::dcc::{Cause, Fault, Severity};
    use farmhand_model::job::{Chunking, FrameOrder, JobCosts, JobLimits, PluginChoice};
    use farmhand_model::view::{FrameCounts, FrameRuns, JobSummary};
    use farmhand_model::{JobId, JobSpec, Timestamp};

    fn job(summary: JobSummary) -> JobView {
        JobView {
            spec: JobSpec {
                name: summary.name.clone(),
                user: None,
                scene: summary.scene.clone().into(),
                plugin: PluginChoice { name: "blender".to_owned(), version: None, digest: None },
                dcc_version: None,
                frames: "1-48".parse().expect("frames"),
                layers: Vec::new(),
                output: None,
                options: serde_json::Map::new(),
                priority: 50,
                after: Vec::new(),
                order: FrameOrder::Forward,
                chunk: Chunking::Auto,
                threads: None,
                skip_existing: false,
                limits: JobLimits::default(),
                levels: Vec::new(),
                hooks: Vec::new(),
                licences: Vec::new(),
                needs: Vec::new(),
                notify: Vec::new(),
                batch: None,
            },
            summary,
            notes: Vec::new(),
            costs: JobCosts::default(),
            time: Default::default(),
            attempts: 3,
            fallbacks: Vec::new(),
            hooks: Vec::new(),
        }
    }

    fn image(frame: i32, path: &str) -> FrameDoneView {
        FrameDoneView {
            job: JobId(12),
            layer: None,
            frame,
            attempt: None,
            path: path.to_owned(),
            bytes: 1,
            seconds: None,
            at: Timestamp(0),
        }
    }

    #[test]
    fn a_done_job_says_where_its_images_are() {
        let mut summary = summary();
        summary.status = JobStatus::Done;
        summary.frames = FrameCounts { total: 48, done: 45, skipped: 3, ..FrameCounts::default() };
        summary.finished = Some(Timestamp(1_065_000));
        assert_eq!(done_line(&job(summary)), "job 12 is done: 45 frames in 1 min 04 s, 3 were there already");
        let images =
            [image(10, "/out/b/s_0010.png"), image(9, "/out/b/s_0009.png"), image(1, "/out/a/one.png")];
        assert_eq!(
            image_lines(&images),
            ["images: /out/a/one.png", "images: /out/b/s_0009.png … s_0010.png"]
        );
    }

    #[test]
    fn a_failed_job_says_which_frames_and_why() {
        let mut summary = summary();
        summary.status = JobStatus::Failed;
        summary.failure = Some("more than 1 frame failed".to_owned());
        let frames = FramesView {
            job: JobId(12),
            counts: FrameCounts { total: 48, done: 46, failed: 2, ..FrameCounts::default() },
            runs: vec![
                FrameRuns { layer: None, state: FrameState::Done, frames: "1-46".parse().expect("frames") },
                FrameRuns {
                    layer: None,
                    state: FrameState::Failed,
                    frames: "47-48".parse().expect("frames"),
                },
            ],
        };
        let fault = |message: &str, frame| Fault {
            severity: Severity::FrameFatal,
            cause: Cause::Script,
            message: message.to_owned(),
            frame,
            about: None,
        };
        let mut newest = attempt();
        newest.faults = vec![
            fault("the script raised", Some(48)),
            fault("no camera", None),
            fault("more than 1 frame failed", None),
        ];
        let mut older = attempt();
        older.faults = vec![fault("the script raised", Some(47))];
        assert_eq!(
            failure_lines(&job(summary), &frames, &[newest, older]),
            [
                "job 12 failed: 46 of 48 frames",
                "  more than 1 frame failed",
                "  failed frames: 47,48",
                "  the script raised (frames 47,48)",
                "  no camera",
            ]
        );
    }
}
