//! What the page says of one job, alone or as one of a batch.

use super::parts::{escape, fact, picture};
use super::{Thumbnails, section};
use crate::report::chart::{Bar, bars};
use crate::report::words::{Words, bytes, count, short, span, thousands};
use crate::shell::command_line;
use farmhand_model::JobId;
use farmhand_model::report::{FaultGroup, FrameTimes, JobReport, PictureNote, PluginUse};
use std::fmt::Write as _;

/// Slow frames that have a row.
const SLOW_ROWS: usize = 8;
/// The longest message that is quoted whole.
const LONGEST: usize = 1000;

/// Where a job is told of.
#[derive(Debug, Clone, Copy)]
pub(super) enum Depth<'a> {
    /// The report is about it.
    Alone,
    /// It is one of a batch, whose head shows these pictures.
    InBatch {
        /// Not to be shown again.
        shown: &'a [(JobId, &'a PictureNote)],
    },
}

/// Everything below the head.
pub(super) fn body(
    out: &mut String,
    job: &JobReport,
    words: &Words,
    pictures: &Thumbnails,
    depth: Depth<'_>,
) -> std::fmt::Result {
    if let (Depth::InBatch { .. }, Some(error)) = (depth, &job.error) {
        writeln!(out, "<p class=\"error\">{}</p>", escape(&short(error, LONGEST)))?;
    }
    if let (Depth::InBatch { .. }, Some(reason)) = (depth, &job.skipped) {
        writeln!(out, "<p class=\"dim\">{}</p>", escape(reason))?;
    }
    section(out, "Pictures", &strip(job, pictures, depth))?;
    if let Some(times) = &job.times {
        section(out, "Frame times", &frame_times(times))?;
    }
    section(out, "What went wrong", &faults(&job.faults, false))?;
    section(out, "Retries and fallbacks", &again(job))?;
    section(out, "Configuration", &config(job, words))?;
    if let Some(command) = &job.command {
        let mut text = format!(
            "<pre tabindex=\"0\" role=\"group\" aria-label=\"Command\">{}</pre>",
            escape(&command_line(&command.program, &command.args))
        );
        let _ = write!(text, "<p class=\"dim\">in {}</p>", escape(&command.cwd));
        section(out, "Command", &text)?;
    }
    section(out, "Notes", &list(job.notes.iter().map(|note| escape(&short(note, LONGEST)))))?;
    match depth {
        Depth::Alone => section(out, "Decided by", &plugins(&job.plugins)),
        Depth::InBatch { .. } => Ok(()),
    }
}

fn strip(job: &JobReport, pictures: &Thumbnails, depth: Depth<'_>) -> String {
    let mut body = String::new();
    for note in &job.pictures {
        let is_shown = match depth {
            Depth::Alone => false,
            Depth::InBatch { shown } => shown.contains(&(job.id, note)),
        };
        if let Some(thumbnail) = pictures.get(&(job.id, note.clone())).filter(|_| !is_shown) {
            let caption = match &note.layer {
                Some(layer) => format!("{layer}, frame {}", note.frame),
                None => format!("frame {}", note.frame),
            };
            body.push_str(&picture(thumbnail, &caption));
        }
    }
    if body.is_empty() { body } else { format!("<div class=\"strip\">{body}</div>") }
}

fn frame_times(times: &FrameTimes) -> String {
    let mut out = String::new();
    if times.chart.len() > 1 {
        // Far above the middle: worth a look.
        let limit = times.median * 2.0;
        let bars_of: Vec<Bar> = times
            .chart
            .iter()
            .map(|point| {
                let layer = point.layer.as_ref().map(|layer| format!("{layer}, ")).unwrap_or_default();
                let frames = if point.frame == point.to {
                    format!("frame {}", point.frame)
                } else {
                    format!("frames {} to {}, slowest", point.frame, point.to)
                };
                Bar {
                    title: format!("{layer}{frames}: {}", span(point.seconds)),
                    label: point.frame.to_string(),
                    seconds: point.seconds,
                    class: if point.seconds > limit && times.median > 0.0 { "c-slow" } else { "c" },
                }
            })
            .collect();
        out.push_str(&bars(&bars_of, Some(times.median), "Seconds of each frame"));
    }
    let _ = write!(
        out,
        "<p class=\"read\">{} took {} in all: median {} (the dashed line), mean {}, fastest {}, 95 % within {}.</p>",
        count(times.frames, "frame"),
        span(times.total),
        span(times.median),
        span(times.mean),
        span(times.fastest),
        span(times.p95)
    );
    if times.frames > 1 && !times.slowest.is_empty() {
        out.push_str("<table class=\"small\"><caption>Slowest frames</caption><thead><tr><th>Frame</th><th class=\"n\">Time</th><th class=\"n\">Of the median</th><th class=\"n\">Attempt</th></tr></thead><tbody>");
        for slow in times.slowest.iter().take(SLOW_ROWS) {
            let layer = slow.layer.as_ref().map(|layer| format!(" of {}", escape(layer))).unwrap_or_default();
            let ratio = if times.median > 0.0 {
                format!("{:.1}×", slow.seconds / times.median)
            } else {
                String::new()
            };
            let attempt = slow.attempt.map(|id| id.to_string()).unwrap_or_default();
            let _ = write!(
                out,
                "<tr><td>{}{layer}</td><td class=\"n\">{}</td><td class=\"n\">{ratio}</td><td class=\"n\">{attempt}</td></tr>",
                slow.frame,
                span(slow.seconds)
            );
        }
        out.push_str("</tbody></table>");
    }
    out
}

/// Groups of faults; with the jobs that they came from where they are of many.
pub(super) fn faults(groups: &[FaultGroup], with_jobs: bool) -> String {
    if groups.is_empty() {
        return String::new();
    }
    let mut out = "<ul class=\"faults\">".to_owned();
    for group in groups {
        let _ = write!(
            out,
            "<li><p><span class=\"cause\">{}</span> <span class=\"dim\">{}, {}</span></p><p class=\"said\">{}</p>",
            group.cause,
            group.severity,
            if group.count == 1 { "once".to_owned() } else { format!("{} times", thousands(group.count)) },
            escape(&short(&group.message, LONGEST))
        );
        let mut about = Vec::new();
        if !group.frames.is_empty() {
            about.push(format!("frames {}", short(&group.frames.to_string(), 200)));
        }
        if with_jobs {
            let jobs: Vec<String> =
                group.jobs.iter().map(|job| format!("<a href=\"#job-{job}\">job {job}</a>")).collect();
            about.push(jobs.join(", "));
        } else {
            about.push(format!("first in attempt {}", group.attempt));
        }
        let _ = write!(out, "<p class=\"dim\">{}</p></li>", about.join(" · "));
    }
    out.push_str("</ul>");
    out
}

fn again(job: &JobReport) -> String {
    let retries = job.retries.iter().map(|retry| {
        let layer = retry.layer.as_ref().map(|layer| format!(" of {}", escape(layer))).unwrap_or_default();
        format!(
            "<strong>{} again</strong>: frames {}{layer}, attempt {}. {}",
            escape(&retry.level),
            escape(&short(&retry.frames.to_string(), 200)),
            retry.attempt,
            escape(&short(&retry.reason, LONGEST))
        )
    });
    let fallbacks = job.fallbacks.iter().map(|fallback| {
        format!(
            "<strong>{} to {}</strong>: frames {}, {}. {}",
            escape(&fallback.from),
            escape(&fallback.to),
            escape(&short(&fallback.frames.to_string(), 200)),
            fallback.cause,
            escape(&short(&fallback.reason, LONGEST))
        )
    });
    list(retries.chain(fallbacks))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let mut out = String::new();
    for item in items {
        let _ = write!(out, "<li>{item}</li>");
    }
    if out.is_empty() { out } else { format!("<ul class=\"plain\">{out}</ul>") }
}

fn config(job: &JobReport, words: &Words) -> String {
    let config = &job.config;
    let mut out = "<dl class=\"config\">".to_owned();
    fact(&mut out, "Job", &job.id.to_string());
    fact(&mut out, "Scene", &path(&config.scene));
    match &config.output {
        Some(output) => fact(&mut out, "Output", &path(output)),
        None => fact(&mut out, "Output", "as the scene says"),
    }
    fact(&mut out, "Plugin", &escape(&config.plugin));
    fact(&mut out, "Frames", &escape(&short(&config.frames.to_string(), LONGEST)));
    for failed in &job.failed_frames {
        let layer = failed.layer.as_ref().map(|layer| format!(" of {}", escape(layer))).unwrap_or_default();
        fact(
            &mut out,
            "Failed frames",
            &format!("{}{layer}", escape(&short(&failed.frames.to_string(), LONGEST))),
        );
    }
    let layers: Vec<String> = config.layers.iter().map(|layer| escape(layer)).collect();
    fact(&mut out, "Layers", &layers.join(", "));
    for (name, value) in &config.options {
        let value = match value {
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        fact(&mut out, name, &escape(&short(&value, LONGEST)));
    }
    fact(&mut out, "Priority", &config.priority.to_string());
    fact(&mut out, "Attempts", &thousands(job.attempts));
    if let Some(peak) = job.peak_memory_bytes {
        fact(&mut out, "Peak memory", &bytes(peak));
    }
    if let Some(peak) = job.peak_gpu_memory_bytes {
        fact(&mut out, "Peak GPU memory", &bytes(peak));
    }
    fact(&mut out, "Submitted", &escape(&words.time(job.submitted)));
    fact(&mut out, "Started", &job.started.map(|at| escape(&words.time(at))).unwrap_or_default());
    fact(&mut out, "Ended", &job.finished.map(|at| escape(&words.time(at))).unwrap_or_default());
    let time = &job.time;
    let spent: Vec<String> = [
        ("waiting", time.waiting),
        ("starting", time.starting),
        ("rendering", time.rendering),
        ("verifying", time.verifying),
    ]
    .into_iter()
    .filter(|(_, seconds)| *seconds >= 0.05)
    .map(|(name, seconds)| format!("{name} {}", span(seconds)))
    .collect();
    fact(&mut out, "Time spent", &spent.join(", "));
    out.push_str("</dl>");
    out
}

fn path(path: &str) -> String {
    format!("<code>{}</code>", escape(path))
}

/// Versions of plugins.
pub(super) fn plugins(uses: &[PluginUse]) -> String {
    list(uses.iter().map(|used| {
        let stamp = &used.plugin;
        format!(
            "{} {} <code>{}</code> <span class=\"dim\">{}</span>",
            escape(&stamp.name),
            escape(&stamp.version),
            escape(stamp.digest.short()),
            count(used.attempts, "attempt")
        )
    }))
}
