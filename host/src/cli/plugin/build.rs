//! `farmhand plugin build`: one component to hand out. Of a crate, what cargo makes of it; of a script, the script packed
//! with its runner, so that it runs where no runner is installed.

use super::load::{load_file, start_empty};
use super::project::{component_of, project_at};
use crate::author::{self, Kind, Profile, Project, Shown};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::cli::interrupt::Interrupt;
use crate::cli::local::runtime;
use crate::config::Config;
use clap::Args;
use farmhand_model::PluginStamp;
use farmhand_plugin::PluginHost;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;

#[derive(Debug, Args)]
pub(in crate::cli) struct BuildArgs {
    /// A Rust project, a script, or a script's folder
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Write the component to this file; by default `NAME.wasm` in a Rust project, or beside a script
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A component that is where it should be.
struct Built {
    stamp: PluginStamp,
    path: PathBuf,
    bytes: u64,
}

pub(super) fn run(context: &mut Context, args: &BuildArgs) -> Result<(), CliError> {
    let config = context.config()?;
    let project = project_at(&context.absolute(&args.path))?;
    let out = args.out.as_ref().map(|out| context.absolute(out));
    let started = Instant::now();
    let built = runtime()?.block_on(async {
        let interrupt = Interrupt::listen()?;
        // Given up at once: dropping a build ends cargo and its compilers.
        tokio::select! {
            built = build(&project, &config, out) => built,
            () = interrupt.asked() => Err(CliError::Interrupted),
        }
    })?;
    let Built { stamp, path, bytes } = built;
    if context.out.json {
        return context.out.json(&json!({ "plugin": stamp, "path": path, "bytes": bytes }));
    }
    context.out.line(format!(
        "{} {} ({}): {}, {}, in {:.1} s",
        stamp.name,
        stamp.version,
        stamp.digest.short(),
        path.display(),
        human::bytes(bytes),
        started.elapsed().as_secs_f64()
    ))
}

async fn build(project: &Project, config: &Config, out: Option<PathBuf>) -> Result<Built, CliError> {
    let host = start_empty(config).await?;
    match project.kind {
        Kind::Component => Err(CliError::Usage(format!(
            "{} is built already; `farmhand plugin check` says what it is",
            project.path.display()
        ))),
        Kind::Rust => {
            let component = component_of(project, Profile::Small, Shown::Live).await?;
            let bytes = read(&component)?;
            let out = |name: &str| out.unwrap_or_else(|| project.path.join(format!("{name}.wasm")));
            let stamp = load_file(&host, &component).await?.stamp().clone();
            publish(&host, &bytes, &out(&stamp.name)).await
        }
        Kind::Script(_) => {
            // Before it is packed, so that what is wrong with it is said of its own file.
            let stamp = load_file(&host, &project.path).await?.stamp().clone();
            let bytes = farmhand_plugin::pack(&project.path, &config.runner_dirs)
                .map_err(|error| CliError::failed(error.to_string()))?;
            let beside = project.path.parent().unwrap_or(&project.path);
            let out = out.unwrap_or_else(|| beside.join(format!("{}.wasm", stamp.name)));
            if project.is_in(&config.plugins_dir) && out.parent() == project.path.parent() {
                return Err(CliError::Usage(format!(
                    "{} would serve beside the script under the same name; name another file with --out",
                    out.display()
                )));
            }
            publish(&host, &bytes, &out).await
        }
    }
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    std::fs::read(path)
        .map_err(|source| CliError::Io { context: format!("cannot read {}", path.display()), source })
}

/// Takes the very bytes that will be handed out through the gate, and puts them in their place once they passed.
async fn publish(host: &PluginHost, bytes: &[u8], out: &Path) -> Result<Built, CliError> {
    let name = out.file_name().unwrap_or_default().to_string_lossy();
    let draft = Draft(out.with_file_name(format!(".{name}.checked-{}", std::process::id())));
    author::write(&draft.0, bytes)?;
    let stamp = load_file(host, &draft.0).await?.stamp().clone();
    std::fs::rename(&draft.0, out)
        .map_err(|source| CliError::Io { context: format!("cannot write {}", out.display()), source })?;
    Ok(Built { stamp, path: out.to_path_buf(), bytes: bytes.len() as u64 })
}

/// A file that goes again, unless it was moved to its place.
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}
