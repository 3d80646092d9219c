//! `farmhand cleanup`: what renders left behind and what nobody looks at any more, shown and removed.
//!
//! The data directory and the places that jobs have named are the daemon's to clean up, or this command's own where
//! none runs; the roots that a person names are looked through here, with that person's rights.

use super::context::Context;
use super::daemon;
use super::error::CliError;
use super::human;
use super::local::{holder, runtime};
use super::output::{Cell, Table, clean};
use crate::cleanup::{
    CleanupKind, CleanupReport, CleanupRequest, Cutoffs, Ground, LiveAttempts, run as clean_up, sweep_roots,
};
use crate::config::Config;
use crate::farm::lock_data_dir;
use clap::Args;
use farmhand_model::Timestamp;
use farmhand_store::Store;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct CleanupArgs {
    /// Also look through this directory and everything below it, on this machine; may be repeated
    #[arg(long = "root", value_name = "DIR")]
    roots: Vec<PathBuf>,
    /// Only what has not changed for this long, such as 7d, 12h, 30m or 2w; by default what `[cleanup]` in the
    /// configuration says, each kind its own time
    #[arg(long, value_name = "AGE", value_parser = seconds)]
    older_than: Option<u64>,
    /// Only these kinds: scripts, scenes, staging, logs, history
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
    only: Vec<CleanupKind>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Name every file
    #[arg(short, long)]
    verbose: bool,
}

pub(super) fn run(context: &mut Context, args: &CleanupArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let mut roots = Vec::new();
    for root in &args.roots {
        let root = context.absolute(root);
        if !root.is_dir() {
            return Err(CliError::Usage(format!("--root {}: there is no such directory", root.display())));
        }
        roots.push(root);
    }
    let request =
        CleanupRequest { roots: Vec::new(), older_than_seconds: args.older_than, only: args.only.clone() };
    // Read before anybody is asked what lives: what starts after that is younger.
    let now = human::now();
    let report = match daemon::find(&config) {
        Ok(found) => found.client.post(&format!("/cleanup?dry_run={}", u8::from(args.dry_run)), &request)?,
        Err(CliError::NoDaemon { .. }) if config.url.is_none() => {
            alone(&config, &request, args.dry_run, now)?
        }
        Err(error) => return Err(error),
    };
    let cutoffs = Cutoffs::new(&request, config.cleanup, now);
    let report = sweep_roots(report, &roots, &cutoffs, &config.data_dir);
    show(context, &report, args.verbose)?;
    match report.problems.as_slice() {
        [] => Ok(()),
        problems => {
            Err(CliError::failed(format!("not everything was cleaned up\n  {}", problems.join("\n  "))))
        }
    }
}

/// Cleans up a data directory that no daemon uses, and keeps any from starting meanwhile.
fn alone(
    config: &Config,
    request: &CleanupRequest,
    dry_run: bool,
    now: Timestamp,
) -> Result<CleanupReport, CliError> {
    let database = config.data_dir.join("farmhand.db");
    if !database.is_file() {
        return Ok(CleanupReport::new(dry_run, LiveAttempts::default()));
    }
    let _lock = lock_data_dir(&config.data_dir)
        .map_err(|source| CliError::Start { holder: holder(config, &source), source })?;
    let (store, _) = Store::open(&database).map_err(|error| CliError::failed(error.to_string()))?;
    runtime()?.block_on(async {
        let jobs = tokio::sync::Mutex::default();
        let ground =
            Ground { store: &store, data_dir: &config.data_dir, policy: config.cleanup, jobs: &jobs };
        let mut done = clean_up(ground, request, dry_run, now).await;
        if !dry_run && done.is_ok() {
            done = store.maintenance(now).await.and(done);
        }
        store.close().await;
        done.map_err(|error| CliError::failed(error.to_string()))
    })
}

fn show(context: &mut Context, report: &CleanupReport, verbose: bool) -> Result<(), CliError> {
    if context.out.json {
        return context.out.json(report);
    }
    context.out.table(&table(report))?;
    context.out.line(last_line(report))?;
    if verbose {
        for path in report.rows.iter().flat_map(|row| &row.paths) {
            context.out.line(clean(path))?;
        }
    }
    Ok(())
}

fn table(report: &CleanupReport) -> Table {
    let mut table = Table::new(&["WHAT", "#COUNT", "#SIZE"]);
    for row in &report.rows {
        table.row([Cell::from(row.kind.label()), Cell::from(row.count), Cell::from(human::bytes(row.bytes))]);
    }
    table
}

fn last_line(report: &CleanupReport) -> String {
    let (count, bytes) = report.total();
    match (count, report.dry_run) {
        (0, _) => "there is nothing to remove".to_owned(),
        (_, true) => format!("a dry run: nothing was removed; {} would be free", human::bytes(bytes)),
        (_, false) => format!("{} are free", human::bytes(bytes)),
    }
}

fn kind(text: &str) -> Result<CleanupKind, String> {
    serde_json::from_value(serde_json::Value::from(text))
        .map_err(|_| "there are scripts, scenes, staging, logs and history".to_owned())
}

/// An age in seconds: a whole number and its unit.
pub(super) fn seconds(text: &str) -> Result<u64, String> {
    let wrong = || "write a whole number and its unit: 90s, 30m, 12h, 7d or 2w".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        'd' => 24 * 3600,
        'w' => 7 * 24 * 3600,
        _ => return Err(wrong()),
    };
    let number = &text[..text.len() - 1];
    // `parse` would take a sign.
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(wrong());
    }
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::output::Style;
    use super::*;

    #[test]
    fn ages_have_units() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(seconds(text).ok(), expect, "{text}");
        check("7d", Some(7 * 86_400));
        check("2w", Some(14 * 86_400));
        check("12h", Some(43_200));
        check("30m", Some(1800));
        check("0s", Some(0));
        for wrong in [
            "",
            "7",
            "d",
            "7 d",
            "+7d",
            "-7d",
            "1.5d",
            "7D",
            "7ü",
            "99999999999999999999d",
            "99999999999999999w",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn kinds_are_named_as_in_json() {
        for each in CleanupKind::ALL {
            let name = serde_json::to_value(each).unwrap();
            assert_eq!(kind(name.as_str().unwrap()), Ok(each));
        }
        assert!(kind("everything").is_err());
    }

    #[test]
    fn the_table_says_what_goes_and_the_last_line_whether_it_went() {
        let mut report = CleanupReport::new(true, LiveAttempts::default());
        assert_eq!(last_line(&report), "there is nothing to remove");
        report.rows[0].count = 12;
        report.rows[0].bytes = 49_152;
        report.rows[4].count = 3;
        let expect = "\
WHAT               COUNT    SIZE
generated scripts     12  48 KiB
temporary scenes       0     0 B
staging                0     0 B
logs of attempts       0     0 B
ended jobs             3     0 B
";
        assert_eq!(table(&report).render(Style::Plain), expect);
        assert_eq!(last_line(&report), "a dry run: nothing was removed; 48 KiB would be free");
        report.dry_run = false;
        assert_eq!(last_line(&report), "48 KiB are free");
    }
}
