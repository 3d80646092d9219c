//! `farmhand config`: the configuration as it is, where each value comes from, and whether it is right.

use super::context::Context;
use super::error::CliError;
use super::output::{Cell, Table, Tone};
use crate::config::{Config, Place, reference_page};
use clap::{Args, Subcommand};
use serde_json::json;

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Only say what is wrong with it
    Check,
    /// Print the page that documents every key
    Reference,
}

pub(super) fn run(context: &mut Context, args: &ConfigArgs) -> Result<(), CliError> {
    match args.action {
        Some(Action::Reference) => context.out.raw(reference_page().as_bytes()),
        Some(Action::Check) => check(context),
        None => show(context),
    }
}

fn check(context: &mut Context) -> Result<(), CliError> {
    match context.config() {
        Ok(config) if context.out.json => context.out.json(&json!({"file": config.file, "problems": []})),
        Ok(config) => context.out.line(match &config.file {
            Some(file) => format!("{} is right", file.display()),
            None => "no farmhand.toml was found, and nothing else is wrong".to_owned(),
        }),
        Err(CliError::Config(error)) if context.out.json => {
            let problems: Vec<_> = error
                .problems
                .iter()
                .map(|problem| {
                    json!({"place": place_json(&problem.place), "key": problem.key, "message": problem.message})
                })
                .collect();
            context.out.json(&json!({"problems": problems}))?;
            Err(CliError::Config(error))
        }
        Err(error) => Err(error),
    }
}

fn show(context: &mut Context) -> Result<(), CliError> {
    let config = context.config()?;
    let rows = rows(&config);
    if context.out.json {
        let values: serde_json::Map<String, serde_json::Value> = rows
            .into_iter()
            .map(|(key, value, place)| (key, json!({"value": value, "from": place_json(&place)})))
            .collect();
        return context.out.json(&json!({"file": config.file, "values": values}));
    }
    let file = match &config.file {
        Some(file) => file.display().to_string(),
        None => "no farmhand.toml was found; what follows are defaults, environment and flags".to_owned(),
    };
    context.out.line(file)?;
    context.out.line("")?;
    let mut table = Table::new(&["KEY", "VALUE", "FROM"]);
    for (key, value, place) in rows {
        let tone = if place == Place::Default { Tone::Dim } else { Tone::Plain };
        table.row([Cell::from(key), Cell::toned(value, tone), Cell::toned(place.to_string(), Tone::Dim)]);
    }
    context.out.table(&table)
}

/// Everything that is set, and what the directories come to where they are not.
fn rows(config: &Config) -> Vec<(String, String, Place)> {
    let mut rows: Vec<_> =
        config.shown().map(|(key, value, place)| (key.to_owned(), value, place.clone())).collect();
    for (key, path) in [("data.dir", &config.data_dir), ("plugins.dir", &config.plugins_dir)] {
        if config.settings.get(key).is_none() {
            rows.push((key.to_owned(), path.display().to_string(), Place::Default));
        }
    }
    rows.sort_by(|left, right| left.0.cmp(&right.0));
    rows
}

fn place_json(place: &Place) -> serde_json::Value {
    match place {
        Place::Default => json!({"kind": "default"}),
        Place::File { path, line, column } => {
            json!({"kind": "file", "path": path, "line": line, "column": column})
        }
        Place::Environment(name) => json!({"kind": "environment", "name": name}),
        Place::Flag(name) => json!({"kind": "flag", "name": name}),
    }
}
