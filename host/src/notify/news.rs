//! What there is to tell of a job or a batch as it is now. Pure: the same state gives the same deliveries with the same
//! keys, so that it may be asked for again at any time and nobody is told twice.

use farmhand_model::batch::{BatchSummary, NotifyMoment, NotifyWish, ReportFormat, ReportWish};
use farmhand_model::notify::{Delivery, Notification, NotifyTarget};
use farmhand_model::report::SubjectKind;
use farmhand_model::view::FrameCounts;
use farmhand_model::{JobId, JobRecord, JobStatus, Timestamp};
use std::path::Path;

/// Of a job. A job is asked about each time that it is kept, so this is quick where nobody is to be told.
pub(crate) fn of_job(record: &JobRecord, now: Timestamp) -> Vec<Delivery> {
    let wishes = &record.spec.notify;
    if wishes.is_empty() {
        return Vec::new();
    }
    let failed: u64 = record.failed.iter().map(farmhand_model::FrameSet::len).sum();
    let has_failed = failed > 0 || record.status == JobStatus::Failed;
    let ended = record.finished.filter(|_| record.status.is_end());
    let frames = FrameCounts { failed, ..record.counts };
    let of = |moment: NotifyMoment, id: String, at: Timestamp| Notification {
        id,
        event: moment,
        kind: SubjectKind::Job,
        number: record.id.0,
        name: record.spec.name.clone(),
        user: record.spec.user.clone(),
        status: record.status.name().to_owned(),
        text: job_text(record, moment, &frames),
        failure: record.failure.clone(),
        frames,
        failed_jobs: if has_failed { vec![record.id] } else { Vec::new() },
        submitted: record.submitted,
        finished: ended,
        at,
    };
    deliveries(wishes, |moment| match moment {
        // A job that is retried ends anew.
        NotifyMoment::End => ended.map(|at| of(moment, format!("job-{}-end-{}", record.id, at.0), at)),
        NotifyMoment::FirstFailure => {
            has_failed.then(|| of(moment, format!("job-{}-first-failure", record.id), now))
        }
    })
}

/// Of a batch: whom to tell, and the reports to write. `failed_jobs` are the first ones.
pub(crate) fn of_batch(
    summary: &BatchSummary,
    wishes: &[NotifyWish],
    report: Option<&ReportWish>,
    failed_jobs: &[JobId],
    now: Timestamp,
) -> Vec<Delivery> {
    let ended = summary.finished.filter(|_| summary.status.is_end());
    let of = |moment: NotifyMoment, id: String, at: Timestamp| Notification {
        id,
        event: moment,
        kind: SubjectKind::Batch,
        number: summary.id.0,
        name: summary.name.clone(),
        user: summary.user.clone(),
        status: summary.status.name().to_owned(),
        text: batch_text(summary, moment),
        failure: None,
        frames: summary.frames,
        failed_jobs: failed_jobs.to_vec(),
        submitted: summary.submitted,
        finished: ended,
        at,
    };
    let end = |at: Timestamp| of(NotifyMoment::End, format!("batch-{}-end-{}", summary.id, at.0), at);
    let has_failed = summary.jobs.failed > 0 || summary.frames.failed > 0;
    let mut all = deliveries(wishes, |moment| match moment {
        NotifyMoment::End => ended.map(end),
        NotifyMoment::FirstFailure => {
            has_failed.then(|| of(moment, format!("batch-{}-first-failure", summary.id), now))
        }
    });
    if let (Some(report), Some(at)) = (report, ended) {
        for format in &report.formats {
            let file = report_file(report, &summary.name, *format);
            all.push(Delivery::new(NotifyTarget::Report { file, format: *format }, end(at)));
        }
    }
    all
}

fn deliveries(wishes: &[NotifyWish], of: impl Fn(NotifyMoment) -> Option<Notification>) -> Vec<Delivery> {
    let mut all: Vec<Delivery> = Vec::new();
    for wish in wishes {
        let Some(target) = wish.target() else { continue };
        for moment in &wish.on {
            let news = of(*moment).map(|notification| Delivery::new(target.clone(), notification));
            all.extend(news.filter(|delivery| all.iter().all(|known| known.key != delivery.key)));
        }
    }
    all
}

/// The batch's name, made safe for a file, in the directory that was asked for.
fn report_file(report: &ReportWish, name: &str, format: ReportFormat) -> String {
    let safe: String = name
        .chars()
        .map(|c| if c.is_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' })
        .take(100)
        .collect();
    let safe = safe.trim_start_matches('.');
    let safe = if safe.is_empty() { "batch" } else { safe };
    Path::new(&report.dir).join(format!("{safe}.{}", format.name())).display().to_string()
}

fn job_text(record: &JobRecord, moment: NotifyMoment, frames: &FrameCounts) -> String {
    let there = frames.done + frames.skipped;
    let who = format!("job {} ({})", record.id, record.spec.name);
    let reason = record.failure.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    match (moment, record.status) {
        (NotifyMoment::FirstFailure, _) => {
            format!("{who} has failed frames: {} of {}{reason}", frames.failed, frames.total)
        }
        (NotifyMoment::End, JobStatus::Done) => format!("{who} is done: {there} of {} frames", frames.total),
        (NotifyMoment::End, JobStatus::Cancelled) => {
            format!("{who} was cancelled: {there} of {} frames are there", frames.total)
        }
        (NotifyMoment::End, _) => {
            format!(
                "{who} failed: {there} of {} frames are there, {} failed{reason}",
                frames.total, frames.failed
            )
        }
    }
}

fn batch_text(summary: &BatchSummary, moment: NotifyMoment) -> String {
    let (jobs, frames) = (&summary.jobs, &summary.frames);
    let who = format!("batch {} ({})", summary.id, summary.name);
    let there = frames.done + frames.skipped;
    match moment {
        NotifyMoment::FirstFailure => {
            format!("{who} has failures: {} of {} jobs, {} frames", jobs.failed, jobs.total, frames.failed)
        }
        NotifyMoment::End => format!(
            "{who} has ended: {} of {} jobs complete, {} failed, {} cancelled; {there} of {} frames are there",
            jobs.completed + jobs.skipped,
            jobs.total,
            jobs.failed,
            jobs.cancelled,
            frames.total
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::BatchId;
    use farmhand_model::batch::BatchStatus;
    use farmhand_model::batch::JobCounts;

    fn wish(json: &str) -> NotifyWish {
        serde_json::from_str(json).unwrap()
    }

    fn job(status: &str, failed: &str, finished: Option<&str>, wishes: &[&str]) -> JobRecord {
        let value = serde_json::json!({
            "id": 7, "status": status, "submitted": "2026-11-01T10:00:00Z", "started": null, "finished": finished,
            "failure": null, "notes": [], "requeued": [], "failed": [failed],
            "counts": {"total": 10, "pending": 0, "running": 0, "done": 8, "skipped": 0, "failed": 0},
            "costs": {"start_seconds": null, "frame_seconds": null, "frames_seen": 0},
            "spec": {
                "name": "shot", "user": "ada", "scene": "/show/shot.blend",
                "plugin": {"name": "blender", "version": null}, "dcc_version": null, "frames": "1-10",
                "layers": [], "output": null, "options": {}, "priority": 50, "after": [], "order": "forward",
                "chunk": "auto", "threads": null, "skip_existing": false,
                "limits": {},
                "notify": wishes.iter().map(|text| wish(text)).collect::<Vec<_>>(),
            }
        });
        serde_json::from_value(value).unwrap()
    }

    fn keys(deliveries: &[Delivery]) -> Vec<&str> {
        deliveries.iter().map(|delivery| delivery.key.as_str()).collect()
    }

    #[test]
    fn a_job_is_told_of_when_it_ends_and_when_it_first_fails() {
        let both = r#"{"webhook": "chat", "on": ["end", "first-failure"]}"#;
        let check = |status, failed, finished, wishes: &[&str], expect: &[&str]| {
            let news = of_job(&job(status, failed, finished, wishes), Timestamp(5));
            assert_eq!(keys(&news), expect);
        };
        let end = Some("2026-11-01T10:00:01Z");
        check("running", "", None, &[both], &[]);
        check("running", "3", None, &[both], &["job-7-first-failure webhook chat"]);
        check("done", "", end, &[both, both], &["job-7-end-1793527201000 webhook chat"]);
        check(
            "cancelled",
            "",
            end,
            &[r#"{"command": "tell.sh"}"#],
            &["job-7-end-1793527201000 command tell.sh"],
        );
        check("failed", "3", end, &[r#"{"webhook": "a", "command": "b"}"#, "{}"], &[]);
        let news = of_job(&job("failed", "3,4", end, &[both]), Timestamp(5));
        assert_eq!(news.len(), 2);
        assert_eq!(news[0].notification.text, "job 7 (shot) failed: 8 of 10 frames are there, 2 failed");
        assert_eq!(
            (news[0].notification.frames.failed, news[0].due()),
            (2, Some(Timestamp(1_793_527_201_000)))
        );
    }

    #[test]
    fn a_batch_is_told_of_and_its_reports_are_written() {
        let mut summary = BatchSummary {
            id: BatchId(3),
            name: "../monday night".to_owned(),
            user: None,
            source: None,
            status: BatchStatus::Running,
            jobs: JobCounts { total: 2, running: 1, completed: 1, ..JobCounts::default() },
            frames: FrameCounts { total: 8, done: 4, running: 4, ..FrameCounts::default() },
            percent: 50.0,
            success_rate: None,
            eta: None,
            workers: 1,
            submitted: Timestamp(0),
            started: None,
            finished: None,
        };
        let wishes = [wish(r#"{"webhook": "chat"}"#), wish(r#"{"command": "t", "on": ["first-failure"]}"#)];
        let report: ReportWish = serde_json::from_str(r#"{"dir": "/out"}"#).unwrap();
        let news = |summary: &BatchSummary| of_batch(summary, &wishes, Some(&report), &[], Timestamp(9));
        assert_eq!(keys(&news(&summary)), Vec::<&str>::new());
        summary.frames.failed = 1;
        assert_eq!(keys(&news(&summary)), ["batch-3-first-failure command t"]);
        (summary.status, summary.finished, summary.jobs.failed) =
            (BatchStatus::Partial, Some(Timestamp(8)), 1);
        assert_eq!(
            keys(&news(&summary)),
            [
                "batch-3-end-8 webhook chat",
                "batch-3-first-failure command t",
                "batch-3-end-8 report /out/_monday_night.md",
                "batch-3-end-8 report /out/_monday_night.html",
            ]
        );
    }
}
