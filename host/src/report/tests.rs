//! A fixed report, as each format writes it. `UPDATE_GOLDEN=1` writes the files anew; look at what changed.

use super::*;
use farmhand_model::batch::{EntryState, Standing};
use farmhand_model::dcc::{Cause, Severity};
use farmhand_model::fallback::Fallback;
use farmhand_model::job::TimeSpent;
use farmhand_model::report::{
    FaultGroup, JobConfig, JobReport, LayerFrames, PluginUse, RetryNote, Subject, SubjectKind,
};
use farmhand_model::view::{CommandView, FrameCounts};
use farmhand_model::{AttemptId, Digest, JobStatus, PluginStamp, Seconds, Timestamp};
use jiff::tz::TimeZone;
use std::path::Path;

/// Names and messages as somebody would write them who means harm.
const HOSTILE: &str = "shot</title><script>alert('x')</script>\"onload=\"y\n# not a heading `code` |cell|";

fn at(seconds: i64) -> Timestamp {
    Timestamp(1_795_330_800_000 + seconds * 1000)
}

fn job(id: u64, name: &str, status: JobStatus, frames: FrameCounts) -> JobReport {
    let all: farmhand_model::FrameSet = "1-8".parse().unwrap();
    let room = Room::for_jobs(3);
    let mut times = TimesTally::new(&[], &all, room);
    for frame in 1..=i32::try_from(frames.done).unwrap() {
        times.add(
            0,
            frame,
            if frame == 3 { 9.5 } else { 2.0 + f64::from(frame) / 10.0 },
            Some(AttemptId(id * 10)),
        );
    }
    let mark = EntryState::of(Standing::New, status, status != JobStatus::Waiting, &frames);
    JobReport {
        id: JobId(id),
        name: name.to_owned(),
        state: mark,
        status,
        user: Some("ada".to_owned()),
        config: JobConfig {
            scene: format!("/show/shots/{id:03}.blend"),
            plugin: "blender".to_owned(),
            frames: all.clone(),
            layers: Vec::new(),
            output: Some(format!("/renders/{id:03}/####")),
            priority: 50,
            options: serde_json::from_value(serde_json::json!({"format": "PNG", "samples": 128})).unwrap(),
        },
        submitted: at(0),
        started: Some(at(10)),
        finished: status.is_end().then(|| at(70)),
        duration: Some(Seconds(60.0)),
        frames,
        failed_frames: Vec::new(),
        error: None,
        skipped: None,
        times: times.finish(),
        time: TimeSpent { waiting: 10.0, starting: 4.0, rendering: 55.0, verifying: 1.0 },
        attempts: 2,
        retries: Vec::new(),
        retry_count: 0,
        fallbacks: Vec::new(),
        faults: Vec::new(),
        peak_memory_bytes: Some(3_400_000_000),
        peak_gpu_memory_bytes: None,
        command: Some(CommandView {
            program: "/opt/blender/blender".to_owned(),
            args: vec!["-b".to_owned(), "it's here.blend".to_owned()],
            env: vec![("TOKEN".to_owned(), "(hidden)".to_owned())],
            cwd: "/tmp".to_owned(),
        }),
        plugins: vec![PluginUse {
            plugin: PluginStamp {
                name: "blender".to_owned(),
                version: "1.2.0".to_owned(),
                digest: Digest("ab".repeat(32)),
                generation: 1,
            },
            attempts: 2,
        }],
        notes: Vec::new(),
        pictures: vec![PictureNote { layer: None, frame: 1, path: "/renders/0001.png".to_owned() }],
    }
}

fn failed() -> JobReport {
    let frames = FrameCounts { total: 8, done: 5, failed: 3, ..FrameCounts::default() };
    let message = format!("{HOSTILE}: no texture");
    JobReport {
        error: Some(message.clone()),
        failed_frames: vec![LayerFrames { layer: None, frames: "6-8".parse().unwrap() }],
        retries: vec![RetryNote {
            attempt: AttemptId(20),
            layer: None,
            level: "render".to_owned(),
            frames: "6-8".parse().unwrap(),
            reason: "the licence server did not answer".to_owned(),
        }],
        retry_count: 1,
        fallbacks: vec![Fallback {
            layer: 0,
            frames: "6-8".parse().unwrap(),
            from: "render".to_owned(),
            to: "safe".to_owned(),
            cause: Cause::Memory,
            reason: "ran out of memory".to_owned(),
            attempt: AttemptId(21),
        }],
        faults: vec![FaultGroup {
            cause: Cause::MissingFile,
            severity: Severity::FrameFatal,
            message,
            count: 3,
            frames: "6-8".parse().unwrap(),
            jobs: vec![JobId(2)],
            attempt: AttemptId(20),
        }],
        notes: vec!["rendered on the CPU".to_owned()],
        ..job(2, HOSTILE, JobStatus::Failed, frames)
    }
}

fn report(kind: SubjectKind, jobs: Vec<JobReport>) -> Report {
    let (mut summary, faults, plugins) = summed(&jobs);
    summary.duration = Some(Seconds(75.25));
    Report {
        generated: at(100),
        farmhand: "0.1.0".to_owned(),
        subject: Subject {
            kind,
            id: 3,
            name: jobs[0].name.clone(),
            user: Some("ada".to_owned()),
            submitted: at(0),
            started: Some(at(10)),
            finished: Some(at(85)),
        },
        summary,
        faults,
        plugins,
        jobs,
    }
}

fn batch() -> Report {
    let all = |done, skipped| FrameCounts { total: 8, done, skipped, ..FrameCounts::default() };
    let skipped = JobReport {
        skipped: Some("everything was there already".to_owned()),
        command: None,
        ..job(3, "shot_030", JobStatus::Done, all(0, 8))
    };
    let waiting = FrameCounts { total: 8, pending: 8, ..FrameCounts::default() };
    let running = FrameCounts { total: 8, pending: 4, running: 2, done: 2, ..FrameCounts::default() };
    report(
        SubjectKind::Batch,
        vec![
            job(1, "shot_010", JobStatus::Done, all(8, 0)),
            failed(),
            skipped,
            JobReport { started: None, duration: None, ..job(4, "shot_040", JobStatus::Waiting, waiting) },
            job(5, "shot_050", JobStatus::Running, running),
        ],
    )
}

fn words() -> Words {
    Words::new(TimeZone::UTC)
}

fn golden(name: &str, made: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/golden").join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(kept == made, "{name} would be different; UPDATE_GOLDEN=1 writes it anew:\n{made}");
}

#[test]
fn markdown_and_json_are_as_they_were() {
    let none = Thumbnails::new();
    let made = |report: &Report, format| render(report, format, &words(), &none).unwrap();
    golden("batch.md", &made(&batch(), ReportFormat::Md));
    golden("batch.json", &made(&batch(), ReportFormat::Json));
    golden("job.md", &made(&report(SubjectKind::Job, vec![failed()]), ReportFormat::Md));
    let read: Report = serde_json::from_str(&made(&batch(), ReportFormat::Json)).unwrap();
    assert_eq!(read, batch(), "what is written can be read");
}

#[test]
fn the_seeds_lines_are_there() {
    let text = markdown(&batch(), &words());
    for line in [
        "# Batch Processing Report",
        "**Generated:** 2026-11-22 07:01:40 UTC",
        "**Duration:** 75.25 seconds",
        "| Metric | Count |",
        "| Total Jobs | 5 |",
        "| Completed | 1 |",
        "| Failed | 1 |",
        "| Skipped | 1 |",
        "### [OK] shot\\_010",
        "### [FAIL] shot",
        "### [SKIP] shot\\_030",
        "### [WAIT] shot\\_040",
        "### [RUN] shot\\_050",
        "- **Status:** completed",
        "- **Config:** `/show/shots/001.blend`",
        "- **Output:** `/renders/001/####`",
        "- **Error:** `",
    ] {
        assert!(text.contains(&format!("\n{line}")) || text.starts_with(line), "{line:?} is not in:\n{text}");
    }
    assert!(!text.contains("\n# not a heading"));
    // As code it stands for itself.
    let outside = text.lines().filter(|line| line.contains("<script") && !line.contains("- **Error:** `` "));
    assert_eq!(outside.collect::<Vec<_>>(), Vec::<&str>::new());
}

/// Checks that tags are closed in the order in which they were opened; gives the names of all that there are.
fn tags(html: &str) -> Vec<String> {
    const VOID: [&str; 3] = ["meta", "img", "!doctype"];
    let (mut open, mut seen) = (Vec::new(), Vec::new());
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        let end = rest.find('>').expect("a tag ends");
        let (tag, after) = rest.split_at(end);
        rest = &after[1..];
        assert_eq!(tag.matches('"').count() % 2, 0, "quotes of <{tag}>");
        let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default().to_owned();
        match tag.strip_prefix('/') {
            Some(_) => assert_eq!(open.pop(), Some(name), "what is closed last was opened last"),
            None if tag.ends_with('/') || VOID.contains(&name.as_str()) => seen.push(name),
            None => {
                seen.push(name.clone());
                open.push(name);
            }
        }
    }
    assert_eq!(open, Vec::<String>::new(), "everything is closed");
    seen
}

#[test]
fn the_page_is_well_formed_whatever_things_are_called() {
    let thumbnail = Thumbnail { mime: "image/png", base64: "iVBORw0KGgo=".to_owned() };
    let note = PictureNote { layer: None, frame: 1, path: "/renders/0001.png".to_owned() };
    let pictures: Thumbnails = [1, 2].map(|id| ((JobId(id), note.clone()), thumbnail.clone())).into();
    for report in [batch(), report(SubjectKind::Job, vec![failed()])] {
        let page = html(&report, &words(), &pictures);
        let seen = tags(&page);
        for never in ["script", "link", "iframe", "object", "form", "b"] {
            assert!(!seen.iter().any(|tag| tag == never), "<{never}> on the page");
        }
        assert!(seen.iter().any(|tag| tag == "img") && seen.iter().filter(|tag| *tag == "svg").count() > 2);
        assert!(
            page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            "the name is told as it is"
        );
        assert!(!page.contains("http://") && !page.contains("https://"), "it asks nobody");
        assert!(!page.contains(" style=") && !page.contains("src=\"/"));
    }
}

#[test]
fn a_batch_of_thousands_makes_a_file_of_sane_size() {
    let done = FrameCounts { total: 8, done: 8, ..FrameCounts::default() };
    let mut one = job(1, "shot_010", JobStatus::Done, done);
    one.times.as_mut().unwrap().chart.clear();
    one.command = None;
    let jobs = (1..=2000).map(|id| JobReport { id: JobId(id), ..one.clone() }).collect();
    let report = report(SubjectKind::Batch, jobs);
    assert_eq!(wanted_pictures(&report).len(), PICTURES);
    for (format, most) in
        [(ReportFormat::Md, 1 << 20), (ReportFormat::Html, 8 << 20), (ReportFormat::Json, 8 << 20)]
    {
        let size = render(&report, format, &words(), &Thumbnails::new()).unwrap().len();
        assert!(size < most, "{}: {size} bytes", format.name());
    }
}
