//! `farmhand plugin history`: every version of a plugin that ever served, when, and on whose decision.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::human;
use crate::cli::output::{Cell, Table, Tone};
use clap::Args;
use farmhand_model::versions::{PluginVersions, VersionView};

#[derive(Debug, Args)]
pub(in crate::cli) struct HistoryArgs {
    /// The plugin's name
    name: String,
}

pub(super) fn run(context: &mut Context, args: &HistoryArgs) -> Result<(), CliError> {
    let versions: PluginVersions = context.client()?.get(&format!("/plugins/{}/versions", args.name))?;
    if context.out.json {
        return context.out.json(&versions);
    }
    context.out.table(&table(&versions))
}

fn table(versions: &PluginVersions) -> Table {
    let mut table = Table::new(&["SINCE", "DIGEST", "VERSION", "FROM", "FORM", "#SIZE", "NOW", "WHY"]);
    for view in &versions.history {
        let (now, tone) = now(versions, view);
        let entry = &view.entry;
        table.row([
            Cell::from(human::local(entry.at)),
            Cell::from(entry.digest.short()),
            Cell::from(&entry.version),
            Cell::from(&entry.source),
            Cell::from(entry.language.as_ref().unwrap_or(&entry.form)),
            Cell::from(human::bytes(entry.bytes)),
            Cell::toned(now, tone),
            Cell::from(entry.reason.to_string()),
        ]);
    }
    table
}

/// What became of a version.
fn now(versions: &PluginVersions, view: &VersionView) -> (&'static str, Tone) {
    match view {
        VersionView { serving: true, .. } if versions.standing.pinned.is_some() => ("pinned", Tone::Good),
        VersionView { serving: true, .. } => ("serves", Tone::Good),
        VersionView { aside: Some(_), .. } => ("set aside", Tone::Warn),
        VersionView { kept: false, .. } => ("not kept", Tone::Dim),
        _ => ("", Tone::Plain),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Style;
    use farmhand_model::versions::{AsideReason, LiveReason, VersionEntry, VersionStanding};
    use farmhand_model::{Digest, Timestamp};

    #[test]
    fn a_history_says_what_became_of_each_version() {
        let entry = |digest: &str, version: &str, reason| VersionEntry {
            digest: Digest(digest.repeat(4)),
            version: version.to_owned(),
            form: "script".to_owned(),
            language: Some("Python".to_owned()),
            bytes: 2048,
            source: "mine.py".to_owned(),
            at: Timestamp(0),
            reason,
        };
        let reason = "2 calls in a row failed".to_owned();
        let from = Digest("bbbb".repeat(4));
        let back = LiveReason::RolledBackByDaemon { from, reason: reason.clone() };
        let history = vec![
            VersionView { entry: entry("aaaa", "1.0.0", back), serving: true, kept: true, aside: None },
            VersionView {
                entry: entry("bbbb", "1.1.0", LiveReason::Saved),
                serving: false,
                kept: true,
                aside: Some(AsideReason::Failed { reason }),
            },
        ];
        let versions = PluginVersions {
            name: "mine".to_owned(),
            standing: VersionStanding::default(),
            history,
            confirmed: Vec::new(),
        };
        let text = table(&versions).render(Style::Plain);
        let lines: Vec<&str> = text.lines().map(|line| line.get(21..).unwrap_or(line)).collect();
        assert!(
            lines[0].starts_with("DIGEST        VERSION  FROM     FORM       SIZE  NOW        WHY"),
            "{text}"
        );
        assert!(
            lines[1].ends_with("Python  2.0 KiB  serves     rolled back by the daemon from bbbbbbbbbbbb: 2 calls in a row failed"),
            "{text}"
        );
        assert!(lines[2].ends_with("set aside  saved"), "{text}");
    }
}
