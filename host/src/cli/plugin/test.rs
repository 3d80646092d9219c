//! `farmhand plugin test`: a plugin's scenarios under the limits and grants that it would have in the daemon.

use super::calls::{self, Call, Calls};
use super::load::{load_file, start_empty};
use super::project::{component_of, project_at};
use crate::author::{Profile, Shown};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::cli::local::runtime;
use crate::cli::output::{Output, clean_lines};
use crate::trial::scenario::{Played, find, play, scenarios_of, update};
use crate::trial::{Scenario, diff};
use clap::Args;
use farmhand_plugin::LoadedPlugin;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

#[derive(Debug, Args)]
pub(in crate::cli) struct TestArgs {
    /// A component, a script, a script's folder, or a Rust project, which is built first
    path: PathBuf,
    /// Only these scenarios, by their names
    scenarios: Vec<String>,
    /// Look for scenarios in this directory; by default in the folder's `scenarios`, or beside the file as
    /// `NAME.scenario.toml`
    #[arg(long = "scenarios", value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Write what the plugin answers now into the scenarios, as what is expected from here on; not where a call fails
    #[arg(long)]
    update: bool,
    /// Show what each scenario's calls cost
    #[arg(short, long)]
    verbose: bool,
}

/// One scenario, over.
struct Report {
    scenario: Scenario,
    played: Result<Played, String>,
    calls: Vec<Call>,
    updated: bool,
}

impl Report {
    fn passed(&self) -> bool {
        self.updated || self.played.as_ref().is_ok_and(Played::passed)
    }
}

pub(super) fn run(context: &mut Context, args: &TestArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let project = project_at(&context.absolute(&args.path))?;
    let (plugin, reports) = runtime()?.block_on(async {
        let path = component_of(&project, Profile::Quick, Shown::Live).await?;
        let host = start_empty(&config).await?;
        let calls = Arc::new(Calls::default());
        let plugin = load_file(&host, &path).await?.observed(calls.clone());
        let mut reports = Vec::new();
        for scenario in chosen(context, args)? {
            reports.push(report(&plugin, scenario, &calls, args.update).await?);
        }
        Ok::<_, CliError>((plugin, reports))
    })?;
    let failed = reports.iter().filter(|report| !report.passed()).count();
    if context.out.json {
        context.out.json(&as_json(&plugin, &reports))?;
    } else {
        print(&mut context.out, &plugin, &reports, args)?;
    }
    if failed > 0 { Err(CliError::Told) } else { Ok(()) }
}

fn chosen(context: &Context, args: &TestArgs) -> Result<Vec<Scenario>, CliError> {
    let path = context.absolute(&args.path);
    let found = match &args.dir {
        Some(dir) => find(&context.absolute(dir)),
        None => scenarios_of(&path),
    };
    let mut found = found.map_err(|error| CliError::failed(error.to_string()))?;
    let names: Vec<String> = found.iter().map(Scenario::name).collect();
    if let Some(unknown) = args.scenarios.iter().find(|name| !names.contains(name)) {
        let message = format!("there is no scenario `{unknown}`; there are {}", names.join(", "));
        return Err(CliError::Usage(message));
    }
    found.retain(|scenario| args.scenarios.is_empty() || args.scenarios.contains(&scenario.name()));
    if found.is_empty() {
        return Err(CliError::Failed {
            message: format!("there are no scenarios for {}", path.display()),
            help: Some(
                "put one into the folder's `scenarios`, or beside the file as `NAME.scenario.toml`, with a job or a \
                 log in it; --update writes what is expected"
                    .to_owned(),
            ),
        });
    }
    Ok(found)
}

async fn report(
    plugin: &LoadedPlugin,
    scenario: Scenario,
    calls: &Calls,
    accept: bool,
) -> Result<Report, CliError> {
    // What loading it took is not the scenario's.
    calls.take();
    let played = play(&scenario, plugin, human::now()).await;
    let mut updated = false;
    // A mistake of the plugin is not what anybody expects of it; one that is meant is written by hand.
    if let Ok(played) = &played
        && accept
        && played.errors.is_empty()
    {
        updated = update(&scenario, &played.answers).map_err(|error| CliError::failed(error.to_string()))?;
    }
    Ok(Report { scenario, played, calls: calls.take(), updated })
}

fn print(
    out: &mut Output,
    plugin: &LoadedPlugin,
    reports: &[Report],
    args: &TestArgs,
) -> Result<(), CliError> {
    let stamp = plugin.stamp();
    out.line(format!("{} {} ({})", stamp.name, stamp.version, stamp.digest.short()))?;
    for report in reports {
        print_one(out, report, args.verbose)?;
    }
    let all: Vec<Call> = reports.iter().flat_map(|report| report.calls.iter().cloned()).collect();
    if !all.is_empty() {
        out.line("")?;
        out.table(&calls::table(&all))?;
    }
    let count = |of: fn(&Report) -> bool| reports.iter().filter(|report| of(report)).count() as u64;
    let (failed, updated) = (count(|report| !report.passed()), count(|report| report.updated));
    let mut told = vec![format!("{} passed", reports.len() as u64 - failed - updated)];
    if updated > 0 {
        told.push(format!("{updated} updated"));
    }
    if failed > 0 {
        told.push(format!("{failed} failed"));
    }
    out.line(format!("\n{}: {}", human::count(reports.len() as u64, "scenario"), told.join(", ")))
}

fn print_one(out: &mut Output, report: &Report, verbose: bool) -> Result<(), CliError> {
    let word = match (report.updated, report.passed()) {
        (true, _) => "updated",
        (false, true) => "pass",
        (false, false) => "FAIL",
    };
    let time: f64 = report.calls.iter().map(|call| call.milliseconds).sum();
    let memory = report.calls.iter().map(|call| call.memory_bytes).max();
    let cost =
        memory.map(|memory| format!("  ({}, {})", calls::milliseconds(time), human::bytes(memory as u64)));
    out.line(format!("{word:<7}  {}{}", report.scenario.name(), cost.unwrap_or_default()))?;
    let indented = |out: &mut Output, text: &str| -> Result<(), CliError> {
        clean_lines(text).lines().try_for_each(|line| out.line(format!("    {line}")))
    };
    match &report.played {
        Err(error) => indented(out, error)?,
        Ok(played) => {
            for answer in played.answers.iter().filter(|answer| !answer.is_as_expected()) {
                let expected = answer.expected.as_deref().unwrap_or_default();
                let unsaid = if answer.expected.is_none() { " (nothing is expected of it yet)" } else { "" };
                out.line(format!("  {}{unsaid}:", answer.part.key()))?;
                indented(out, &diff(expected, &answer.seen))?;
            }
            if !report.passed() || verbose {
                for error in &played.errors {
                    indented(out, &error.to_string())?;
                }
            }
        }
    }
    if verbose {
        for call in &report.calls {
            out.line(format!(
                "  {:<14} {:>9}  {:>8}  {}",
                call.function,
                calls::milliseconds(call.milliseconds),
                human::bytes(call.memory_bytes as u64),
                human::count(call.log_lines, "log line")
            ))?;
        }
    }
    Ok(())
}

fn as_json(plugin: &LoadedPlugin, reports: &[Report]) -> serde_json::Value {
    let scenario = |report: &Report| {
        let (answers, errors) = match &report.played {
            Ok(played) => {
                let answers = played.answers.iter().map(|answer| {
                    json!({
                        "part": answer.part.key(),
                        "passed": answer.is_as_expected(),
                        "expected": answer.expected,
                        "seen": answer.seen,
                    })
                });
                (answers.collect(), played.errors.iter().map(ToString::to_string).collect())
            }
            Err(error) => (Vec::new(), vec![error.clone()]),
        };
        json!({
            "name": report.scenario.name(),
            "path": report.scenario.path,
            "about": report.scenario.about,
            "passed": report.passed(),
            "updated": report.updated,
            "answers": answers,
            "errors": errors,
            "calls": report.calls,
        })
    };
    json!({
        "plugin": plugin.stamp(),
        "passed": reports.iter().all(Report::passed),
        "scenarios": reports.iter().map(scenario).collect::<Vec<_>>(),
    })
}
