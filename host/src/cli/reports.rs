//! `farmhand report`: what became of a job or a batch, as a document.

use super::client::Client;
use super::context::Context;
use super::error::CliError;
use crate::report::write_file;
use clap::Args;
use farmhand_model::JobId;
use farmhand_model::batch::ReportFormat;
use std::path::{Path, PathBuf};

#[derive(Debug, Args)]
pub(super) struct ReportArgs {
    /// A job's number, such as `12`, or a batch's, such as `b3` or `batch 3`
    #[arg(value_name = "JOB|BATCH", required = true, num_args = 1..=2)]
    what: Vec<String>,
    /// As Markdown, JSON or one HTML page; without it as the file's extension says, or else as Markdown
    #[arg(long, value_name = "FORMAT", value_parser = ["md", "json", "html"])]
    format: Option<String>,
    /// Write it to this file
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
}

pub(super) fn run(context: &mut Context, args: &ReportArgs) -> Result<(), CliError> {
    let path = path_of(&args.what).map_err(CliError::Usage)?;
    let format = format_of(args, context.out.json);
    let client = context.client()?;
    let text = read(&client, &path, format)?;
    match &args.output {
        None if context.out.is_terminal() => context.out.raw(super::output::clean_lines(&text).as_bytes()),
        None => context.out.raw(text.as_bytes()),
        Some(file) => {
            let file = context.absolute(file);
            write_file(&file, &text).map_err(|source| CliError::Io {
                context: format!("cannot write {}", file.display()),
                source,
            })?;
            if context.out.json { Ok(()) } else { context.out.line(format!("wrote {}", file.display())) }
        }
    }
}

fn read(client: &Client, path: &str, format: ReportFormat) -> Result<String, CliError> {
    client.text(&format!("{path}/report?format={}", format.name()))
}

/// The flag, or the file's extension, or `--json`, or else Markdown.
fn format_of(args: &ReportArgs, json: bool) -> ReportFormat {
    let named = |text: &str| ReportFormat::ALL.into_iter().find(|format| format.name() == text);
    let extension = args.output.as_deref().and_then(Path::extension).and_then(|extension| extension.to_str());
    let by_flag = args.format.as_deref().and_then(named);
    let by_file = extension.and_then(|extension| named(&extension.to_ascii_lowercase()));
    by_flag.or(by_file).unwrap_or(if json { ReportFormat::Json } else { ReportFormat::Md })
}

/// Where the API has it: `/jobs/12`, `/batches/3`.
fn path_of(what: &[String]) -> Result<String, String> {
    let number = |text: &str| text.parse::<JobId>().ok().map(|id| id.0);
    let found = match what {
        [kind, id] if kind == "batch" => number(id).map(|id| format!("/batches/{id}")),
        [kind, id] if kind == "job" => number(id).map(|id| format!("/jobs/{id}")),
        [one] => match one.strip_prefix("batch-").or_else(|| one.strip_prefix('b')) {
            Some(id) => number(id).map(|id| format!("/batches/{id}")),
            None => number(one).map(|id| format!("/jobs/{id}")),
        },
        _ => None,
    };
    let said = what.join(" ");
    found.ok_or_else(|| format!("`{said}` is neither a job's number such as `12` nor a batch's such as `b3`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_and_batches_are_told_apart() {
        let check = |line: &str, expect: Option<&str>| {
            let what: Vec<String> = line.split(' ').map(str::to_owned).collect();
            assert_eq!(path_of(&what).ok().as_deref(), expect, "{line}");
        };
        check("12", Some("/jobs/12"));
        check("job 12", Some("/jobs/12"));
        check("b3", Some("/batches/3"));
        check("batch-3", Some("/batches/3"));
        check("batch 3", Some("/batches/3"));
        check("shot", None);
        check("b", None);
        check("3 4", None);
    }

    #[test]
    fn the_format_follows_the_file() {
        let check = |format: Option<&str>, output: Option<&str>, json, expect: ReportFormat| {
            let args = ReportArgs {
                what: Vec::new(),
                format: format.map(str::to_owned),
                output: output.map(PathBuf::from),
            };
            assert_eq!(format_of(&args, json), expect);
        };
        check(None, None, false, ReportFormat::Md);
        check(None, None, true, ReportFormat::Json);
        check(None, Some("out/report.HTML"), false, ReportFormat::Html);
        check(Some("md"), Some("report.html"), false, ReportFormat::Md);
        check(None, Some("report.txt"), false, ReportFormat::Md);
    }

    #[test]
    fn a_report_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("r.md");
        write_file(&file, "one").unwrap();
        write_file(&file, "two").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "two");
        assert!(write_file(&dir.path().join("none/r.md"), "x").is_err());
        std::fs::create_dir(dir.path().join("taken")).unwrap();
        assert!(write_file(&dir.path().join("taken"), "x").is_err());
        let mut names: Vec<_> =
            std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["r.md", "taken"]);
    }
}
