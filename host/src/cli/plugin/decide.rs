//! `farmhand plugin rollback`, `pin`, `unpin` and `confirm`: one decision to the daemon, and what serves then.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use clap::Args;
use farmhand_model::view::PluginView;
use serde_json::{Value, json};

#[derive(Debug, Args)]
pub(in crate::cli) struct PluginArgs {
    /// The plugin's name
    name: String,
    /// Who decides; by default who you are here
    #[arg(long)]
    user: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct VersionArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// The version's digest, or the beginning of it, as `farmhand plugin history` shows it
    digest: Option<String>,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ConfirmArgs {
    #[command(flatten)]
    plugin: PluginArgs,
    /// The version's digest, or the beginning of it
    digest: String,
}

pub(super) fn roll_back(context: &mut Context, args: &VersionArgs) -> Result<(), CliError> {
    decide(context, &args.plugin, "rollback", args.digest.as_deref())
}

pub(super) fn pin(context: &mut Context, args: &VersionArgs) -> Result<(), CliError> {
    decide(context, &args.plugin, "pin", args.digest.as_deref())
}

pub(super) fn unpin(context: &mut Context, args: &PluginArgs) -> Result<(), CliError> {
    decide(context, args, "unpin", None)
}

pub(super) fn confirm(context: &mut Context, args: &ConfirmArgs) -> Result<(), CliError> {
    decide(context, &args.plugin, "confirm", Some(&args.digest))
}

fn decide(
    context: &mut Context,
    plugin: &PluginArgs,
    verb: &str,
    digest: Option<&str>,
) -> Result<(), CliError> {
    let user = plugin.user.clone().or_else(|| std::env::var("USER").ok()).filter(|user| !user.is_empty());
    let mut body = json!({ "user": user });
    if let (Some(digest), Value::Object(body)) = (digest, &mut body) {
        body.insert("digest".to_owned(), json!(digest));
    }
    let view: PluginView = context.client()?.post(&format!("/plugins/{}/{verb}", plugin.name), &body)?;
    if context.out.json {
        return context.out.json(&view);
    }
    for line in lines(&view) {
        context.out.line(line)?;
    }
    Ok(())
}

/// What serves now, and what does not.
fn lines(view: &PluginView) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(stamp) = &view.serving {
        let pinned = if view.standing.pinned.is_some() { ", pinned" } else { "" };
        lines.push(format!(
            "{} serves version {} ({}){pinned}",
            view.name,
            stamp.version,
            stamp.digest.short()
        ));
    }
    if let Some(waiting) = &view.standing.waiting {
        let (version, digest) = (&waiting.version, waiting.digest.short());
        lines.push(format!("version {version} ({digest}) from {} waits for `unpin`", waiting.source));
    }
    lines.extend(view.failure.clone());
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::versions::{VersionPin, VersionStanding, VersionWaiting};
    use farmhand_model::{Digest, PluginStamp, Timestamp};

    #[test]
    fn a_decision_says_what_serves_and_what_waits() {
        let digest = Digest("a1b2c3d4e5f6a7b8".to_owned());
        let stamp = PluginStamp {
            name: "maya".to_owned(),
            version: "1.0.0".to_owned(),
            digest: digest.clone(),
            generation: 2,
        };
        let view = PluginView {
            name: "maya".to_owned(),
            state: "serving".to_owned(),
            source: "built-in".to_owned(),
            serving: Some(stamp),
            summary: None,
            extensions: Vec::new(),
            levels: Vec::new(),
            options_schema: None,
            failure: None,
            standing: VersionStanding::default(),
            changed: Timestamp(0),
        };
        assert_eq!(lines(&view), ["maya serves version 1.0.0 (a1b2c3d4e5f6)"]);
        let waiting = VersionWaiting {
            digest: Digest("0123456789abcdef".to_owned()),
            version: "1.1.0".to_owned(),
            source: "maya.wasm".to_owned(),
        };
        let standing = VersionStanding {
            pinned: Some(VersionPin { digest, at: Timestamp(0), by: None }),
            waiting: Some(waiting),
            ..VersionStanding::default()
        };
        assert_eq!(
            lines(&PluginView { standing, ..view }),
            [
                "maya serves version 1.0.0 (a1b2c3d4e5f6), pinned",
                "version 1.1.0 (0123456789ab) from maya.wasm waits for `unpin`",
            ]
        );
    }
}
