//! Reports of jobs and batches: what is gathered of them added up, and written as Markdown, JSON or HTML.
//!
//! Everything here is pure: what is read comes from `farm::reports`, pictures come from whoever can draw them, and
//! what is written goes where the caller says. The shape of a report is `farmhand_model::report`.

mod chart;
mod html;
mod markdown;
mod tally;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use html::{Thumbnail, Thumbnails, html};
pub(crate) use markdown::markdown;
pub(crate) use tally::{AttemptTally, Room, TimesTally, error_of, summed};
pub(crate) use words::Words;

use farmhand_model::JobId;
use farmhand_model::batch::ReportFormat;
use farmhand_model::report::{PictureNote, Report};
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

/// The most pictures of a report: at about 20 kB each, a page of 2 MB.
const PICTURES: usize = 96;

/// A report in its format. `pictures` are only for pages.
///
/// # Errors
/// It cannot be written as JSON, which would be a mistake of ours.
pub(crate) fn render(
    report: &Report,
    format: ReportFormat,
    words: &Words,
    pictures: &Thumbnails,
) -> serde_json::Result<String> {
    Ok(match format {
        ReportFormat::Md => markdown(report, words),
        ReportFormat::Html => html(report, words, pictures),
        ReportFormat::Json => {
            let mut text = serde_json::to_string_pretty(report)?;
            text.push('\n');
            text
        }
    })
}

/// Writes a report by a file beside it, so that nobody ever reads half of one.
///
/// # Errors
/// The disk refuses.
pub(crate) fn write_file(file: &Path, text: &str) -> io::Result<()> {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    let part = file.with_file_name(name);
    let written = File::create(&part)
        .and_then(|mut part| part.write_all(text.as_bytes()))
        .and_then(|()| std::fs::rename(&part, file));
    if written.is_err() {
        // The error is what is told; what is left of the try is of no use.
        let _ = std::fs::remove_file(&part);
    }
    written
}

/// Which pictures a page of this report shows: three a job where there is room for so many, then one, and then only
/// those of the first jobs.
pub(crate) fn wanted_pictures(report: &Report) -> Vec<(JobId, PictureNote)> {
    let each = match report.jobs.len() {
        0 | 1 => 12,
        2..=32 => 3,
        _ => 1,
    };
    let of_job = |job: &farmhand_model::report::JobReport| {
        // One stands for the job: the one in the middle.
        let skip = if each == 1 { job.pictures.len() / 2 } else { 0 };
        let id = job.id;
        job.pictures.iter().skip(skip).take(each).map(move |note| (id, note.clone())).collect::<Vec<_>>()
    };
    report.jobs.iter().flat_map(of_job).take(PICTURES).collect()
}
