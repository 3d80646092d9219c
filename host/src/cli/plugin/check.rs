//! `farmhand plugin check`: what a plugin is, what it would be granted by this configuration, and what is odd about it.
//! Besides its description nothing of it is asked, and nothing runs.

use super::load::{load_file, start_plugins};
use super::project::{component_of, project_at};
use crate::author::{Profile, Shown};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::cli::local::runtime;
use crate::cli::output::{Output, Table};
use clap::Args;
use farmhand_model::Seconds;
use farmhand_model::dcc::Descriptor;
use farmhand_plugin::{Form, Grant, Inspection, Language, LoadedPlugin, PluginHost};
use farmhand_resource::ToolFinder;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug, Args)]
pub(in crate::cli) struct CheckArgs {
    /// A component, a script, a script's folder, or a Rust project, which is built first
    path: PathBuf,
}

/// Everything that is told of a plugin.
struct Checked {
    plugin: Arc<LoadedPlugin>,
    inspection: Inspection,
    grant: Grant,
    warnings: Vec<String>,
}

pub(super) fn run(context: &mut Context, args: &CheckArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let project = project_at(&context.absolute(&args.path))?;
    let checked = runtime()?.block_on(async {
        let path = component_of(&project, Profile::Quick, Shown::Live).await?;
        let host = start_plugins(&config).await?;
        let failed = |error: farmhand_plugin::PluginError| CliError::failed(error.to_string());
        let inspection = host.inspect(&path).map_err(failed)?;
        let plugin = load_file(&host, &path).await?;
        let grant = host.settings().grant_of(&plugin.stamp().name);
        let mut warnings = odd(plugin.descriptor());
        warnings.extend(shared_extensions(&host, plugin.descriptor()));
        warnings.extend(missing_tools(ToolFinder::new(config.tools.clone()), plugin.descriptor()).await);
        warnings.extend(odd_grants(&grant));
        Ok::<_, CliError>(Checked { plugin, inspection, grant, warnings })
    })?;
    if context.out.json {
        return context.out.json(&as_json(&checked));
    }
    print(&mut context.out, &checked)
}

/// What its author would rather not ship.
fn odd(descriptor: &Descriptor) -> Vec<String> {
    let mut warnings = Vec::new();
    if descriptor.extensions.is_empty() {
        warnings.push(format!(
            "no extension of a scene selects it, so jobs have to name it: `--plugin {}`",
            descriptor.name
        ));
    }
    let properties = descriptor.options_schema.get("properties").and_then(|value| value.as_object());
    let untitled: Vec<&str> = properties
        .into_iter()
        .flatten()
        .filter(|(_, schema)| schema.get("title").is_none())
        .map(|(name, _)| name.as_str())
        .collect();
    if !untitled.is_empty() {
        let names = untitled.join(", ");
        warnings.push(format!("options without a `title` show on the page by their bare names: {names}"));
    }
    warnings
}

/// Extensions that select another plugin too, so that neither is selected by them alone.
fn shared_extensions(host: &PluginHost, descriptor: &Descriptor) -> Vec<String> {
    let others = host.views().into_iter().filter(|view| view.name != descriptor.name);
    let shared = others.flat_map(|view| {
        let both = view.extensions.into_iter().filter(|extension| descriptor.extensions.contains(extension));
        both.map(move |extension| (view.name.clone(), extension)).collect::<Vec<_>>()
    });
    shared
        .map(|(name, extension)| {
            format!(
                "plugin {name} takes .{extension} scenes too, so that jobs with one have to name a plugin"
            )
        })
        .collect()
}

async fn missing_tools(finder: ToolFinder, descriptor: &Descriptor) -> Vec<String> {
    let mut warnings = Vec::new();
    for tool in &descriptor.tools {
        if let Err(problem) = finder.find(tool, &descriptor.supports).await {
            warnings.push(problem.to_string());
        }
    }
    warnings
}

fn odd_grants(grant: &Grant) -> Vec<String> {
    let directories = grant.read.iter().filter(|dir| !dir.is_dir());
    let variables = grant.env.iter().filter(|name| std::env::var_os(name).is_none());
    let directories =
        directories.map(|dir| format!("it may read {}, which is no directory here", dir.display()));
    directories
        .chain(variables.map(|name| format!("it may read the variable {name}, which is not set here")))
        .collect()
}

fn form(inspection: &Inspection) -> String {
    let language = |language: Language| match language {
        Language::Python => "Python",
        Language::JavaScript => "JavaScript",
    };
    let what = match inspection.form {
        Form::Component => return format!("component, {}", human::bytes(inspection.bytes)),
        Form::Script(of) => format!("{} script", language(of)),
        Form::Packed(of) => format!("{} script with its runner", language(of)),
    };
    let files = human::count(inspection.files.len() as u64, "file");
    format!("{what}, {files}, {}", human::bytes(inspection.bytes))
}

fn print(out: &mut Output, checked: &Checked) -> Result<(), CliError> {
    let Checked { plugin, inspection, grant, warnings } = checked;
    let (stamp, descriptor, limits) = (plugin.stamp(), plugin.descriptor(), plugin.limits());
    let mut facts = Table::facts();
    facts.fact("plugin", format!("{} {}", stamp.name, stamp.version));
    if !descriptor.summary.is_empty() {
        facts.fact("about", &descriptor.summary);
    }
    facts.fact("form", form(inspection));
    facts.fact("digest", &stamp.digest.0);
    if let Some(surface) = &inspection.surface {
        let contract = surface.contract.as_ref().map_or("-".to_owned(), ToString::to_string);
        facts.fact("contract", contract);
        facts.fact("exports", list(&surface.exports));
        facts.fact("imports", imports(&surface.imports));
    }
    let extensions: Vec<String> = descriptor.extensions.iter().map(|name| format!(".{name}")).collect();
    facts.fact("scenes", list(&extensions));
    facts.fact("supports", descriptor.supports.to_string());
    for level in &descriptor.levels {
        facts.fact("level", format!("{} ({})", level.name, list(&level.tools)));
    }
    facts.fact("options", list(&options(descriptor)));
    facts.fact("hooks", if plugin.has_hooks() { "yes" } else { "no" });
    let directories: Vec<String> = grant.read.iter().map(|dir| dir.display().to_string()).collect();
    facts.fact("may read", list(&directories));
    facts.fact("sees", list(&grant.env));
    facts.fact("config", grant.config.to_string());
    let time = |limit: Duration| human::span(Seconds(limit.as_secs_f64()));
    facts.fact(
        "limits",
        format!(
            "{} a call, {} a batch of lines, {} of memory, {} of log a call",
            time(limits.call),
            time(limits.read),
            human::bytes(limits.memory as u64),
            human::bytes(limits.log as u64)
        ),
    );
    out.table(&facts)?;
    for warning in warnings {
        out.line(format!("warning: {warning}"))?;
    }
    Ok(())
}

/// What it imports of the contract; WASI's many parts as one, since there is nothing behind them.
fn imports(names: &[String]) -> String {
    let (wasi, own): (Vec<String>, Vec<String>) =
        names.iter().cloned().partition(|name| name.starts_with("wasi:"));
    let wasi =
        (!wasi.is_empty()).then(|| format!("{} of WASI", human::count(wasi.len() as u64, "interface")));
    list(&own.into_iter().chain(wasi).collect::<Vec<_>>())
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "-".to_owned() } else { names.join(", ") }
}

fn options(descriptor: &Descriptor) -> Vec<String> {
    let properties = descriptor.options_schema.get("properties").and_then(|value| value.as_object());
    properties.map(|properties| properties.keys().cloned().collect()).unwrap_or_default()
}

fn as_json(checked: &Checked) -> serde_json::Value {
    let Checked { plugin, inspection, grant, warnings } = checked;
    let limits = plugin.limits();
    let (kind, language) = match inspection.form {
        Form::Component => ("component", None),
        Form::Script(language) => ("script", Some(language)),
        Form::Packed(language) => ("packed", Some(language)),
    };
    let language = language.map(|language| match language {
        Language::Python => "python",
        Language::JavaScript => "javascript",
    });
    let surface = inspection.surface.as_ref();
    json!({
        "plugin": plugin.stamp(),
        "form": kind,
        "language": language,
        "bytes": inspection.bytes,
        "files": inspection.files,
        "contract": surface.and_then(|surface| surface.contract.as_ref()),
        "imports": surface.map(|surface| &surface.imports),
        "exports": surface.map(|surface| &surface.exports),
        "descriptor": plugin.descriptor(),
        "hooks": plugin.has_hooks(),
        "granted": {
            "read": grant.read,
            "env": grant.env,
            "config": grant.config,
            "call_ms": limits.call.as_millis() as u64,
            "read_ms": limits.read.as_millis() as u64,
            "memory_bytes": limits.memory,
            "log_bytes": limits.log,
            "log_lines_per_second": limits.log_lines_per_second,
        },
        "warnings": warnings,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descriptor(extensions: &[&str], schema: serde_json::Value) -> Descriptor {
        Descriptor {
            name: "lumen".to_owned(),
            version: semver::Version::new(1, 0, 0),
            summary: String::new(),
            extensions: extensions.iter().map(|&extension| extension.to_owned()).collect(),
            supports: semver::VersionReq::STAR,
            tools: Vec::new(),
            levels: Vec::new(),
            options_schema: schema,
        }
    }

    #[test]
    fn what_is_odd_is_said() {
        let schema = json!({"properties": {"samples": {"type": "integer"}, "mode": {"title": "Mode"}}});
        let warnings = odd(&descriptor(&[], schema));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("--plugin lumen") && warnings[1].ends_with(": samples"), "{warnings:?}");
        assert_eq!(odd(&descriptor(&["lum"], json!({}))), Vec::<String>::new());
    }

    #[test]
    fn grants_that_lead_nowhere_are_said() {
        let dir = tempfile::tempdir().unwrap();
        let grant = Grant {
            read: vec![dir.path().to_owned(), dir.path().join("gone")],
            env: vec!["PATH".to_owned(), "FARMHAND_TEST_NOT_SET".to_owned()],
            ..Grant::default()
        };
        let warnings = odd_grants(&grant);
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(
            warnings[0].contains("gone") && warnings[1].contains("FARMHAND_TEST_NOT_SET"),
            "{warnings:?}"
        );
    }
}
