//! A report as Markdown: headings, a summary table, then each job with its mark. Names and messages are other people's
//! texts: nothing in them is read as Markdown or as HTML.

use super::words::{Words, bytes, count, line, percent, short, span};
use crate::shell::command_line;
use farmhand_model::batch::EntryState;
use farmhand_model::report::{FaultGroup, FrameTimes, JobReport, PluginUse, Report, SubjectKind, tag};
use std::fmt::Write as _;

/// The longest name, message or path that is quoted whole.
const LONGEST: usize = 1000;
/// Jobs whose report has a section for times and attempts, where there are many: more would be read by nobody.
const TOLD_IN_FULL: usize = 200;

/// The report as Markdown.
pub(crate) fn markdown(report: &Report, words: &Words) -> String {
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = write_all(&mut out, report, words);
    out
}

fn write_all(out: &mut String, report: &Report, words: &Words) -> std::fmt::Result {
    let subject = &report.subject;
    match subject.kind {
        SubjectKind::Batch => writeln!(out, "# Batch Processing Report\n")?,
        SubjectKind::Job => writeln!(out, "# Job Report\n")?,
    }
    let title = if subject.kind == SubjectKind::Batch { "Batch" } else { "Job" };
    writeln!(out, "**{title}:** {} {}  ", subject.id, text(&subject.name))?;
    if let Some(user) = &subject.user {
        writeln!(out, "**User:** {}  ", text(user))?;
    }
    writeln!(out, "**Generated:** {}  ", words.time(report.generated))?;
    match report.summary.duration {
        Some(duration) => writeln!(out, "**Duration:** {:.2} seconds ({})", duration.0, span(duration.0))?,
        None => writeln!(out, "**Duration:** not started")?,
    }
    summary(out, report)?;
    if subject.kind == SubjectKind::Batch {
        faults(out, "## Faults", &report.faults)?;
        plugins(out, "## Plugins", &report.plugins)?;
    }
    writeln!(out, "\n## Job Details")?;
    for job in &report.jobs {
        write_job(out, job, report.jobs.len() <= TOLD_IN_FULL || job.state == EntryState::Failed)?;
    }
    writeln!(out, "\nMade by farmhand {}.", report.farmhand)
}

fn summary(out: &mut String, report: &Report) -> std::fmt::Result {
    let summary = &report.summary;
    let jobs = &summary.jobs;
    writeln!(out, "\n## Summary\n\n| Metric | Count |\n|--------|-------|")?;
    writeln!(out, "| Total Jobs | {} |", jobs.total)?;
    writeln!(out, "| Completed | {} |", jobs.completed)?;
    writeln!(out, "| Failed | {} |", jobs.failed)?;
    writeln!(out, "| Skipped | {} |", jobs.skipped)?;
    for (name, number) in
        [("Pending", jobs.pending), ("Running", jobs.running), ("Cancelled", jobs.cancelled)]
    {
        if number > 0 {
            writeln!(out, "| {name} | {number} |")?;
        }
    }
    let frames = &summary.frames;
    writeln!(out, "| Frames | {} |", frames.total)?;
    writeln!(out, "| Frames done | {} |", frames.done)?;
    if frames.skipped > 0 {
        writeln!(out, "| Frames there before | {} |", frames.skipped)?;
    }
    if frames.failed > 0 {
        writeln!(out, "| Frames failed | {} |", frames.failed)?;
    }
    if let Some(success) = summary.success() {
        writeln!(out, "| Success rate | {} |", percent(success))?;
    }
    if let Some(seconds) = summary.render_seconds {
        writeln!(out, "| Frame time in all | {} |", span(seconds))?;
    }
    writeln!(out, "| Attempts | {} |", summary.attempts)?;
    writeln!(out, "| Retries | {} |", summary.retries)?;
    writeln!(out, "| Fallbacks | {} |", summary.fallbacks)?;
    if let Some(peak) = summary.peak_memory_bytes {
        writeln!(out, "| Peak memory | {} |", bytes(peak))?;
    }
    if let Some(peak) = summary.peak_gpu_memory_bytes {
        writeln!(out, "| Peak GPU memory | {} |", bytes(peak))?;
    }
    Ok(())
}

fn write_job(out: &mut String, job: &JobReport, in_full: bool) -> std::fmt::Result {
    writeln!(out, "\n### {} {}\n", tag(job.state), text(&job.name))?;
    writeln!(out, "- **Status:** {}", job.state.name())?;
    writeln!(out, "- **Config:** {}", code(&job.config.scene))?;
    match &job.config.output {
        Some(output) => writeln!(out, "- **Output:** {}", code(output))?,
        None => writeln!(out, "- **Output:** as the scene says")?,
    }
    if let Some(error) = &job.error {
        writeln!(out, "- **Error:** {}", code(error))?;
    }
    if let Some(reason) = &job.skipped {
        writeln!(out, "- **Skipped:** {}", text(reason))?;
    }
    let frames = &job.frames;
    write!(out, "- **Frames:** {} of {}", frames.done + frames.skipped, frames.total)?;
    for (number, what) in [(frames.skipped, "there before"), (frames.failed, "failed")] {
        if number > 0 {
            write!(out, ", {number} {what}")?;
        }
    }
    writeln!(out, " ({})", code(&job.config.frames.to_string()))?;
    for failed in &job.failed_frames {
        let layer = failed.layer.as_ref().map(|layer| format!(" of {}", text(layer))).unwrap_or_default();
        writeln!(out, "- **Failed frames{layer}:** {}", code(&failed.frames.to_string()))?;
    }
    writeln!(out, "- **Job:** {}, plugin {}", job.id, text(&job.config.plugin))?;
    if let Some(duration) = job.duration {
        writeln!(out, "- **Duration:** {}", span(duration.0))?;
    }
    if let Some(times) = &job.times {
        write_times(out, times)?;
    }
    if let Some(peak) = job.peak_memory_bytes {
        write!(out, "- **Peak memory:** {}", bytes(peak))?;
        match job.peak_gpu_memory_bytes {
            Some(gpu) => writeln!(out, ", {} on GPUs", bytes(gpu))?,
            None => writeln!(out)?,
        }
    }
    if !in_full {
        return Ok(());
    }
    if !job.config.layers.is_empty() {
        let layers: Vec<String> = job.config.layers.iter().map(|layer| text(layer)).collect();
        writeln!(out, "- **Layers:** {}", layers.join(", "))?;
    }
    if !job.config.options.is_empty() {
        let options = serde_json::to_string(&job.config.options).unwrap_or_default();
        writeln!(out, "- **Options:** {}", code(&options))?;
    }
    if let Some(command) = &job.command {
        writeln!(out, "- **Command:** {}", code(&command_line(&command.program, &command.args)))?;
    }
    if job.retry_count > 0 || !job.retries.is_empty() {
        writeln!(out, "- **Retries:** {}", job.retry_count)?;
        for retry in &job.retries {
            let layer = retry.layer.as_ref().map(|layer| format!(" of {}", text(layer))).unwrap_or_default();
            let frames = code(&retry.frames.to_string());
            let (attempt, level, reason) = (retry.attempt, text(&retry.level), text(&retry.reason));
            writeln!(out, "  - attempt {attempt}, {level}, frames {frames}{layer}: {reason}")?;
        }
    }
    if !job.fallbacks.is_empty() {
        writeln!(out, "- **Fallbacks:** {}", job.fallbacks.len())?;
        for fallback in &job.fallbacks {
            let frames = code(&fallback.frames.to_string());
            let (from, to, reason) = (text(&fallback.from), text(&fallback.to), text(&fallback.reason));
            writeln!(out, "  - {from} to {to}, frames {frames} ({}): {reason}", fallback.cause)?;
        }
    }
    if !job.faults.is_empty() {
        writeln!(out, "- **Faults:**")?;
        for group in &job.faults {
            writeln!(out, "  - {}", fault_line(group))?;
        }
    }
    if !job.plugins.is_empty() {
        let uses: Vec<String> = job.plugins.iter().map(plugin_line).collect();
        writeln!(out, "- **Decided by:** {}", uses.join("; "))?;
    }
    for note in &job.notes {
        writeln!(out, "- **Note:** {}", text(note))?;
    }
    Ok(())
}

fn write_times(out: &mut String, times: &FrameTimes) -> std::fmt::Result {
    let (total, median, mean) = (span(times.total), span(times.median), span(times.mean));
    write!(out, "- **Frame times:** {total} in all, median {median}, mean {mean}")?;
    let slowest: Vec<String> = times
        .slowest
        .iter()
        .take(5)
        .map(|slow| {
            let layer = slow.layer.as_ref().map(|layer| format!(" of {}", text(layer))).unwrap_or_default();
            format!("frame {}{layer} {}", slow.frame, span(slow.seconds))
        })
        .collect();
    if slowest.is_empty() { writeln!(out) } else { writeln!(out, "; slowest: {}", slowest.join(", ")) }
}

fn faults(out: &mut String, heading: &str, groups: &[FaultGroup]) -> std::fmt::Result {
    if groups.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}\n")?;
    for group in groups {
        writeln!(out, "- {}", fault_line(group))?;
    }
    Ok(())
}

fn fault_line(group: &FaultGroup) -> String {
    let mut line =
        format!("{} × {} ({}): {}", group.count, group.cause, group.severity, text(&group.message));
    if !group.frames.is_empty() {
        let _ = write!(line, ", frames {}", code(&group.frames.to_string()));
    }
    line
}

fn plugins(out: &mut String, heading: &str, uses: &[PluginUse]) -> std::fmt::Result {
    if uses.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{heading}\n")?;
    for used in uses {
        writeln!(out, "- {}", plugin_line(used))?;
    }
    Ok(())
}

fn plugin_line(used: &PluginUse) -> String {
    let stamp = &used.plugin;
    let attempts = count(used.attempts, "attempt");
    format!("{} {} ({}), {attempts}", text(&stamp.name), text(&stamp.version), stamp.digest.short())
}

/// Text that stands for itself: everything that Markdown or HTML would read is escaped.
fn text(text: &str) -> String {
    let mut out = String::new();
    for c in short(&line(text), LONGEST).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '(' | ')' | '#' | '+' | '!' | '|' | '~'
            | '$' => {
                out.push('\\');
                out.push(c);
            }
            // Nothing is made a link of by itself.
            ':' if out.ends_with("http") || out.ends_with("https") => out.push_str("&#58;"),
            '@' => out.push_str("&#64;"),
            other => out.push(other),
        }
    }
    out
}

/// Text as code: fenced by more backticks than there are in it.
fn code(text: &str) -> String {
    let text = short(&line(text), LONGEST);
    let mut longest = 0;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    if text.is_empty() {
        "` `".to_owned()
    } else if longest > 0 {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_peoples_texts_are_neither_markdown_nor_html() {
        for (written, expect) in [
            ("shot_010", "shot\\_010"),
            ("<script>alert(1)</script>", "&lt;script&gt;alert\\(1\\)&lt;/script&gt;"),
            ("a\n# heading", "a \\# heading"),
            ("[x](http://evil)", "\\[x\\]\\(http&#58;//evil\\)"),
        ] {
            assert_eq!(text(written), expect);
        }
        assert_eq!(code("a`b``c"), "``` a`b``c ```");
        assert_eq!(code("two\nlines"), "`two lines`");
        assert_eq!(code(""), "` `");
    }
}
