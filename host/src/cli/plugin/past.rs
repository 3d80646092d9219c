//! Past attempts of this farm through another version of their plugin: what would be different. Nothing is changed.

use super::load;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::cli::local::runtime;
use crate::cli::output::{Cell, Output, Table, Tone, clean_lines};
use crate::config::Config;
use crate::trial::{Change, Comparison, Recorded, compare};
use farmhand_model::{AttemptId, AttemptRecord, Digest, JobId, PluginStamp, Timestamp};
use farmhand_plugin::{LoadedPlugin, PluginHost};
use farmhand_store::{Archive, EndedFilter};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Which attempts.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Past {
    /// All of a job that the plugin decided.
    Job(JobId),
    /// All that started then or later.
    Since(Timestamp),
}

/// Attempts left out, and why.
#[derive(Debug, Serialize)]
struct LeftOut {
    attempt: AttemptId,
    why: String,
}

#[derive(Serialize)]
struct Report {
    /// The version that was tried.
    plugin: PluginStamp,
    attempts: Vec<Comparison>,
    left_out: Vec<LeftOut>,
    summary: String,
}

pub(in crate::cli) fn run(
    context: &mut Context,
    named: &Path,
    past: Past,
    verbose: bool,
) -> Result<(), CliError> {
    let config = context.config()?;
    let report = runtime()?.block_on(async {
        let host = load::start_plugins(&config).await?;
        let plugin = load::load(&host, named).await?;
        let records = records(&config, &plugin.stamp().name, past)?;
        Ok::<_, CliError>(replay(&config, &host, &plugin, records).await)
    })?;
    if context.out.json { context.out.json(&report) } else { print(&mut context.out, &report, verbose) }
}

/// The database of this machine's farm.
pub(in crate::cli) fn archive(config: &Config) -> Result<Archive, CliError> {
    let path = config.data_dir.join("farmhand.db");
    let failed = |message| CliError::Failed {
        message,
        help: Some("run this on the machine that rendered, with the daemon's own data directory".to_owned()),
    };
    if !path.is_file() {
        return Err(failed(format!("no farm has kept anything in {}", config.data_dir.display())));
    }
    Archive::open(&path).map_err(|error| failed(error.to_string()))
}

/// Oldest first.
fn records(config: &Config, plugin: &str, past: Past) -> Result<Vec<AttemptRecord>, CliError> {
    let failed = |error: farmhand_store::StoreError| CliError::failed(error.to_string());
    let archive = archive(config)?;
    let mut records = match past {
        Past::Since(since) => {
            let filter =
                EndedFilter { plugin: plugin.to_owned(), since: Some(since), limit: u32::MAX, among: None };
            archive.ended(&filter).map_err(failed)?
        }
        Past::Job(job) => {
            let all = archive.attempts(job).map_err(failed)?;
            let mut all = all.ok_or_else(|| CliError::failed(format!("there is no job {job}")))?;
            all.retain(|record| record.plugin.as_ref().is_some_and(|stamp| stamp.name == plugin));
            all
        }
    };
    records.reverse();
    Ok(records)
}

async fn replay(
    config: &Config,
    host: &PluginHost,
    plugin: &Arc<LoadedPlugin>,
    records: Vec<AttemptRecord>,
) -> Report {
    let mut versions = Versions::new(host);
    let (mut attempts, mut left_out) = (Vec::new(), Vec::new());
    for record in records {
        let dir = config.data_dir.join("attempts").join(record.id.to_string());
        match Recorded::read(&dir, &record).await {
            Ok(recorded) => {
                let then = versions.of(&recorded.stamp).await;
                attempts.push(compare(plugin, &recorded, then.as_deref(), human::now()).await);
            }
            Err(why) => left_out.push(LeftOut { attempt: record.id, why: why.to_string() }),
        }
    }
    let summary = summary(&attempts, &left_out);
    Report { plugin: plugin.stamp().clone(), attempts, left_out, summary }
}

/// The versions that decided, as far as they can still be had.
pub(in crate::cli) struct Versions<'a> {
    host: &'a PluginHost,
    known: BTreeMap<Digest, Option<Arc<LoadedPlugin>>>,
}

impl<'a> Versions<'a> {
    pub(in crate::cli) fn new(host: &'a PluginHost) -> Self {
        Self { host, known: BTreeMap::new() }
    }

    /// The very version of a stamp.
    pub(in crate::cli) async fn of(&mut self, stamp: &PluginStamp) -> Option<Arc<LoadedPlugin>> {
        if let Some(known) = self.known.get(&stamp.digest) {
            return known.clone();
        }
        // A version whose bytes are not kept any more, or do not load, cannot be asked: its record still can.
        let kept = self.host.version(&stamp.digest.0).await.ok();
        let version = kept.filter(|version| version.stamp().name == stamp.name);
        self.known.insert(stamp.digest.clone(), version.clone());
        version
    }
}

/// `9 attempts replayed: 7 the same, 2 changed (1 verdict, 2 faults); 3 left out: 2 its log is gone, …`
fn summary(attempts: &[Comparison], left_out: &[LeftOut]) -> String {
    let changed = attempts.iter().filter(|one| !one.changes.is_empty()).count();
    let mut text = human::count(attempts.len() as u64, "attempt");
    text.push_str(&format!(" replayed: {} the same, {changed} changed", attempts.len() - changed));
    let mut kinds: BTreeMap<&str, u64> = BTreeMap::new();
    for change in attempts.iter().flat_map(|one| &one.changes) {
        *kinds.entry(change.name()).or_default() += 1;
    }
    if !kinds.is_empty() {
        let kinds: Vec<String> = kinds.iter().map(|(kind, count)| format!("{kind} of {count}")).collect();
        text.push_str(&format!(" ({})", kinds.join(", ")));
    }
    let mut reasons: BTreeMap<&str, u64> = BTreeMap::new();
    for one in left_out {
        *reasons.entry(&one.why).or_default() += 1;
    }
    if !reasons.is_empty() {
        let reasons: Vec<String> = reasons.iter().map(|(why, count)| format!("{count}: {why}")).collect();
        text.push_str(&format!("; {} left out ({})", left_out.len(), reasons.join("; ")));
    }
    text
}

fn print(out: &mut Output, report: &Report, verbose: bool) -> Result<(), CliError> {
    let shown: Vec<&Comparison> =
        report.attempts.iter().filter(|one| verbose || !one.changes.is_empty()).collect();
    if !shown.is_empty() {
        out.table(&table(&shown))?;
        out.line("")?;
    }
    if verbose {
        for one in &shown {
            print_changes(out, &format!("attempt {}: ", one.attempt), &one.changes)?;
        }
    }
    let stamp = &report.plugin;
    out.line(format!("{} {} ({})", stamp.name, stamp.version, stamp.digest.short()))?;
    out.line(&report.summary)
}

/// Every difference, line by line.
pub(in crate::cli) fn print_changes(out: &mut Output, of: &str, changes: &[Change]) -> Result<(), CliError> {
    for change in changes {
        out.line(format!("{of}{}", change.name()))?;
        for line in clean_lines(change.difference()).lines() {
            out.line(format!("  {line}"))?;
        }
    }
    if changes.is_empty() { Ok(()) } else { out.line("") }
}

fn table(shown: &[&Comparison]) -> Table {
    let mut table = Table::new(&["#ATTEMPT", "#JOB", "FRAMES", "LEVEL", "THEN", "NOW", "CHANGED"]);
    for one in shown {
        let names: Vec<&str> = one.changes.iter().map(Change::name).collect();
        let tone = if one.changes.iter().any(Change::decides) { Tone::Warn } else { Tone::Plain };
        let layer = one.layer.as_ref().map(|layer| format!(" of {layer}")).unwrap_or_default();
        table.row([
            Cell::from(one.attempt),
            Cell::from(one.job),
            Cell::from(format!("{}{layer}", one.frames)),
            Cell::from(&one.level),
            Cell::from(&one.then.decision),
            Cell::toned(&one.now.decision, tone),
            Cell::toned(names.join(", "), tone),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Style;
    use crate::trial::Decided;

    fn comparison(attempt: u64, now: &str, changes: Vec<Change>) -> Comparison {
        let decided = |decision: &str| Decided { decision: decision.to_owned(), reason: "x".to_owned() };
        Comparison {
            attempt: AttemptId(attempt),
            job: JobId(1),
            layer: None,
            frames: "1-3".parse().unwrap(),
            level: "render".to_owned(),
            plugin: PluginStamp {
                name: "lumen".to_owned(),
                version: "1.0.0".to_owned(),
                digest: Digest("ab".to_owned()),
                generation: 1,
            },
            then: decided("retry 30000"),
            now: decided(now),
            events_compared: false,
            changes,
        }
    }

    #[test]
    fn what_changed_is_counted_and_shown() {
        let verdict = Change::Verdict("- retry 30000\n+ fail-frames\n".to_owned());
        let command = Change::Command("- a\n+ b\n".to_owned());
        let attempts = [
            comparison(7, "retry 30000", Vec::new()),
            comparison(12, "fail-frames", vec![command, verdict]),
            comparison(13, "retry 30000", vec![Change::Command("- a\n+ b\n".to_owned())]),
        ];
        let left_out = [LeftOut { attempt: AttemptId(1), why: "its log is gone".to_owned() }];
        assert_eq!(
            summary(&attempts, &left_out),
            "3 attempts replayed: 1 the same, 2 changed (command of 2, verdict of 1); 1 left out (1: its log is gone)"
        );
        assert_eq!(summary(&attempts[..1], &[]), "1 attempt replayed: 1 the same, 0 changed");
        assert_eq!(attempts[1].summary(), "attempt 12: retry 30000 -> fail-frames");
        assert_eq!(attempts[2].summary(), "attempt 13: command");
        let expect = "\
ATTEMPT  JOB  FRAMES  LEVEL   THEN         NOW          CHANGED
     12    1  1-3     render  retry 30000  fail-frames  command, verdict
     13    1  1-3     render  retry 30000  retry 30000  command
";
        assert_eq!(table(&[&attempts[1], &attempts[2]]).render(Style::Plain), expect);
    }
}
