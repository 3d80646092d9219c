//! A report as one page that needs nothing besides itself: no script, no request, its style and its pictures inside.
//! Light and dark by the reader's system, and fit for paper. Names and messages are other people's texts: everything
//! goes through [`escape`].

mod job;
mod parts;

pub(super) use parts::escape;

use super::chart::{Bar, bars};
use super::words::{Words, bytes, count, percent, span, thousands};
use farmhand_model::JobId;
use farmhand_model::batch::EntryState;
use farmhand_model::report::{JobReport, PictureNote, Report, SubjectKind};
use farmhand_model::view::FrameCounts;
use parts::{figure_tile, icon, picture, section};
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Bars of the chart of jobs.
const JOB_BARS: usize = 120;
/// Pictures of a batch that stand beside each other at its head.
const SHEET: usize = 24;

/// A small picture, as the page holds it.
#[derive(Debug, Clone)]
pub(crate) struct Thumbnail {
    /// `image/jpeg` or `image/png`.
    pub(crate) mime: &'static str,
    /// Its bytes in base64.
    pub(crate) base64: String,
}

/// Pictures by job and frame.
pub(crate) type Thumbnails = BTreeMap<(JobId, PictureNote), Thumbnail>;

/// The report as a page.
pub(crate) fn html(report: &Report, words: &Words, pictures: &Thumbnails) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, report, words, pictures);
    out
}

fn write_all(out: &mut String, report: &Report, words: &Words, pictures: &Thumbnails) -> std::fmt::Result {
    let title = format!("{}: {}", report.subject, report.subject.name);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"generator\" content=\"farmhand {}\">\n\
         <title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n",
        escape(&report.farmhand),
        escape(&title),
        include_str!("style.css"),
    )?;
    head(out, report, words)?;
    match (report.subject.kind, report.jobs.as_slice()) {
        (SubjectKind::Job, [only]) => job::body(out, only, words, pictures, job::Depth::Alone)?,
        (_, jobs) => batch(out, report, jobs, words, pictures)?,
    }
    write!(
        out,
        "</main>\n<footer>Made by farmhand {} on {}</footer>\n</body>\n</html>\n",
        escape(&report.farmhand),
        escape(&words.time(report.generated))
    )
}

fn head(out: &mut String, report: &Report, words: &Words) -> std::fmt::Result {
    let subject = &report.subject;
    let summary = &report.summary;
    let mark = overall(report);
    let is_partial = mark == EntryState::Failed && summary.jobs.completed + summary.jobs.skipped > 0;
    write!(
        out,
        "<header>\n<p class=\"over\">{}</p>\n<h1>{}</h1>\n",
        capital(&subject.to_string()),
        escape(&subject.name)
    )?;
    write!(
        out,
        "<p class=\"verdict {}\">{} <strong>{}</strong> ",
        mark.name(),
        icon(mark),
        if is_partial { "Partly failed".to_owned() } else { capital(mark.name()) }
    )?;
    writeln!(out, "<span>{}</span></p>", escape(&verdict(report)))?;
    let mut facts = Vec::new();
    if let Some(user) = &subject.user {
        facts.push(format!("by {user}"));
    }
    facts.push(format!("submitted {}", words.time(subject.submitted)));
    if let Some(finished) = subject.finished {
        facts.push(format!("ended {}", words.time(finished)));
    }
    writeln!(out, "<p class=\"facts\">{}</p>", escape(&facts.join(" · ")))?;
    frames_bar(out, &summary.frames)?;
    writeln!(out, "<dl class=\"tiles\">")?;
    let frames = &summary.frames;
    let there = frames.done + frames.skipped;
    figure_tile(out, "Frames", &format!("{} / {}", thousands(there), thousands(frames.total)), "")?;
    if let Some(success) = summary.success() {
        figure_tile(out, "Success", &percent(success), if success < 1.0 { "bad" } else { "" })?;
    }
    if let Some(duration) = summary.duration {
        figure_tile(out, "Duration", &span(duration.0), "")?;
    }
    if let [job] = report.jobs.as_slice()
        && let Some(times) = &job.times
    {
        figure_tile(out, "Median frame", &span(times.median), "")?;
        if let Some(slow) = times.slowest.first() {
            figure_tile(out, "Slowest frame", &span(slow.seconds), "")?;
        }
    }
    if let Some(seconds) = summary.render_seconds {
        figure_tile(out, "Frame time in all", &span(seconds), "")?;
    }
    if let Some(peak) = summary.peak_memory_bytes {
        figure_tile(out, "Peak memory", &bytes(peak), "")?;
    }
    if let Some(peak) = summary.peak_gpu_memory_bytes {
        figure_tile(out, "Peak GPU memory", &bytes(peak), "")?;
    }
    figure_tile(out, "Retries", &thousands(summary.retries), if summary.retries > 0 { "warn" } else { "" })?;
    figure_tile(
        out,
        "Fallbacks",
        &thousands(summary.fallbacks),
        if summary.fallbacks > 0 { "warn" } else { "" },
    )?;
    writeln!(out, "</dl>\n</header>")
}

/// How the whole of it stands.
fn overall(report: &Report) -> EntryState {
    let jobs = &report.summary.jobs;
    let first = [
        EntryState::Running,
        EntryState::Pending,
        EntryState::Failed,
        EntryState::Cancelled,
        EntryState::Completed,
        EntryState::Skipped,
    ];
    match report.jobs.as_slice() {
        [only] if report.subject.kind == SubjectKind::Job => only.state,
        // One that waits while others have run is a batch that runs.
        _ if jobs.pending > 0 && jobs.pending < jobs.total && jobs.running == 0 => EntryState::Running,
        _ => first.into_iter().find(|mark| jobs.count(*mark) > 0).unwrap_or(EntryState::Completed),
    }
}

fn verdict(report: &Report) -> String {
    let (jobs, frames) = (&report.summary.jobs, &report.summary.frames);
    let mut parts = Vec::new();
    if report.subject.kind == SubjectKind::Batch {
        let states = EntryState::ALL.into_iter().filter(|mark| jobs.count(*mark) > 0);
        let states: Vec<String> =
            states.map(|mark| format!("{} {}", thousands(jobs.count(mark)), mark.name())).collect();
        parts.push(format!("{}: {}", count(jobs.total, "job"), states.join(", ")));
    } else if let [job] = report.jobs.as_slice()
        && let Some(reason) = job.error.as_ref().or(job.skipped.as_ref())
    {
        parts.push(super::words::short(reason, 300));
    }
    if frames.failed > 0 {
        parts.push(format!("{} failed", count(frames.failed, "frame")));
    }
    if parts.is_empty() {
        parts.push(format!(
            "{} of {} are there and verified",
            thousands(frames.done + frames.skipped),
            count(frames.total, "frame")
        ));
    }
    parts.join("; ")
}

/// A stacked bar of what frames are, with its legend.
fn frames_bar(out: &mut String, frames: &FrameCounts) -> std::fmt::Result {
    let parts = [
        ("done", "done", frames.done),
        ("skipped", "there before", frames.skipped),
        ("running", "running", frames.running),
        ("failed", "failed", frames.failed),
        ("pending", "pending", frames.pending),
    ];
    let total = frames.total.max(1) as f64;
    let legend: Vec<String> = parts
        .iter()
        .filter(|(_, _, number)| *number > 0)
        .map(|(_, name, number)| format!("{} {name}", thousands(*number)))
        .collect();
    write!(
        out,
        "<svg class=\"bar\" viewBox=\"0 0 1000 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"Frames: {}\">",
        escape(&legend.join(", "))
    )?;
    let mut x = 0.0;
    for (class, _, number) in parts.iter().filter(|(_, _, number)| *number > 0) {
        let width = *number as f64 / total * 1000.0;
        write!(
            out,
            "<rect class=\"f-{class}\" x=\"{x:.2}\" y=\"0\" width=\"{:.2}\" height=\"12\"/>",
            width.max(4.0)
        )?;
        x += width;
    }
    write!(out, "</svg>\n<ul class=\"legend\">")?;
    for (class, name, number) in parts.iter().filter(|(_, _, number)| *number > 0) {
        let number = thousands(*number);
        write!(out, "<li><i class=\"l-{class}\"></i>{number} {name}</li>")?;
    }
    writeln!(out, "</ul>")
}

fn batch(
    out: &mut String,
    report: &Report,
    jobs: &[JobReport],
    words: &Words,
    pictures: &Thumbnails,
) -> std::fmt::Result {
    let sheet = contact_sheet(jobs, pictures);
    if !sheet.is_empty() {
        let mut body = "<div class=\"strip\">".to_owned();
        for (job, note) in &sheet {
            if let Some(thumbnail) = pictures.get(&(job.id, (*note).clone())) {
                let caption = format!("{}, frame {}", job.name, note.frame);
                body.push_str(&picture(thumbnail, &caption));
            }
        }
        body.push_str("</div>");
        section(out, "Pictures", &body)?;
    }
    job_chart(out, jobs)?;
    section(out, "What went wrong", &job::faults(&report.faults, true))?;
    jobs_table(out, jobs)?;
    let shown: Vec<(JobId, &PictureNote)> = sheet.iter().map(|(job, note)| (job.id, *note)).collect();
    writeln!(out, "<section>\n<h2>Each job</h2>")?;
    for one in jobs {
        let open = if one.state == EntryState::Failed && jobs.len() <= 100 { " open" } else { "" };
        let frames = &one.frames;
        writeln!(
            out,
            "<details id=\"job-{}\"{open}>\n<summary>{} <span class=\"name\">{}</span> <span class=\"dim\">{} of {}</span></summary>",
            one.id,
            tag(one.state),
            escape(&one.name),
            thousands(frames.done + frames.skipped),
            count(frames.total, "frame")
        )?;
        job::body(out, one, words, pictures, job::Depth::InBatch { shown: &shown })?;
        writeln!(out, "</details>")?;
    }
    writeln!(out, "</section>")?;
    section(out, "Decided by", &job::plugins(&report.plugins))
}

/// One picture of each job, the one in the middle, of the first jobs that have some.
fn contact_sheet<'a>(jobs: &'a [JobReport], pictures: &Thumbnails) -> Vec<(&'a JobReport, &'a PictureNote)> {
    let middle = |job: &'a JobReport| {
        let here = |note: &&PictureNote| pictures.contains_key(&(job.id, (*note).clone()));
        let notes: Vec<&PictureNote> = job.pictures.iter().filter(here).collect();
        notes.get(notes.len() / 2).map(|note| (job, *note))
    };
    jobs.iter().filter_map(middle).take(SHEET).collect()
}

/// How long each job's frames took; of very many jobs those that took longest.
fn job_chart(out: &mut String, jobs: &[JobReport]) -> std::fmt::Result {
    let mut timed: Vec<(&JobReport, f64)> =
        jobs.iter().filter_map(|job| Some((job, job.times.as_ref()?.total))).collect();
    if timed.len() < 2 {
        return Ok(());
    }
    let all = timed.len();
    if all > JOB_BARS {
        timed.sort_by(|a, b| b.1.total_cmp(&a.1));
        timed.truncate(JOB_BARS);
    }
    let shown: Vec<Bar> = timed
        .iter()
        .map(|(job, seconds)| Bar {
            title: format!("{}: {}", job.name, span(*seconds)),
            label: super::words::short(&job.name, 18),
            seconds: *seconds,
            class: if job.state == EntryState::Failed { "c-bad" } else { "c" },
        })
        .collect();
    let name = if all > JOB_BARS {
        format!("Frame time of the {JOB_BARS} jobs that took longest, of {}", thousands(all as u64))
    } else {
        "Frame time of each job".to_owned()
    };
    section(out, &name, &bars(&shown, None, &name))
}

fn jobs_table(out: &mut String, jobs: &[JobReport]) -> std::fmt::Result {
    let mut body = "<div class=\"wide\" tabindex=\"0\" role=\"group\" aria-label=\"Jobs\"><table>\n<thead><tr><th>State</th><th>Job</th><th class=\"n\">Frames</th><th class=\"n\">Duration</th><th class=\"n\">Median frame</th><th class=\"n\">Slowest</th><th class=\"n\">Peak memory</th><th class=\"n\">Retries</th></tr></thead>\n<tbody>\n".to_owned();
    for job in jobs {
        let frames = &job.frames;
        let times = job.times.as_ref();
        writeln!(
            body,
            "<tr><td>{}</td><td><a href=\"#job-{}\">{}</a></td><td class=\"n\">{}/{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>",
            tag(job.state),
            job.id,
            escape(&job.name),
            frames.done + frames.skipped,
            frames.total,
            job.duration.map(|duration| span(duration.0)).unwrap_or_default(),
            times.map(|times| span(times.median)).unwrap_or_default(),
            times.and_then(|times| times.slowest.first()).map(|slow| span(slow.seconds)).unwrap_or_default(),
            job.peak_memory_bytes.map(bytes).unwrap_or_default(),
            if job.retry_count > 0 { thousands(job.retry_count) } else { String::new() },
        )?;
    }
    body.push_str("</tbody></table></div>");
    section(out, "Jobs", &body)
}

/// How a job stands, by shape, colour and word.
fn tag(mark: EntryState) -> String {
    format!("<span class=\"tag {}\">{} {}</span>", mark.name(), icon(mark), mark.name())
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
