//! `farmhand plugin list`: what serves, in which version, and why something newer does not.

use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Cell, Table, Tone};
use farmhand_model::versions::VersionStanding;
use farmhand_model::view::PluginView;

/// Asks the daemon.
pub(super) fn run(context: &mut Context) -> Result<(), CliError> {
    let client = context.client()?;
    if context.out.json {
        let plugins: serde_json::Value = client.get("/plugins")?;
        return context.out.json(&plugins);
    }
    let plugins: Vec<PluginView> = client.get("/plugins")?;
    context.out.table(&table(&plugins))
}

/// What people should know of a slot at first sight.
fn state(plugin: &PluginView) -> &str {
    let VersionStanding { pinned, rolled_back, held, .. } = &plugin.standing;
    match (pinned, held, rolled_back) {
        (Some(_), _, _) => "pinned",
        (None, Some(_), _) => "held back",
        (None, None, Some(_)) => "rolled back",
        (None, None, None) => &plugin.state,
    }
}

fn table(plugins: &[PluginView]) -> Table {
    let mut table = Table::new(&["PLUGIN", "STATE", "VERSION", "#GEN", "DIGEST", "FROM", "SCENES", "ABOUT"]);
    for plugin in plugins {
        let tone = match plugin.state.as_str() {
            "serving" => Tone::Good,
            "degraded" => Tone::Warn,
            _ => Tone::Bad,
        };
        let serving = plugin.serving.as_ref();
        let about = plugin.failure.as_ref().or(plugin.summary.as_ref());
        table.row([
            Cell::from(&plugin.name),
            Cell::toned(state(plugin), tone),
            Cell::from(serving.map_or("", |stamp| stamp.version.as_str())),
            Cell::from(serving.map(|stamp| stamp.generation.to_string()).unwrap_or_default()),
            Cell::from(serving.map_or("", |stamp| stamp.digest.short())),
            Cell::from(&plugin.source),
            Cell::from(plugin.extensions.join(", ")),
            Cell::toned(
                about.cloned().unwrap_or_default(),
                if plugin.failure.is_some() { tone } else { Tone::Plain },
            ),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::Style;
    use farmhand_model::versions::VersionPin;
    use farmhand_model::{Digest, PluginStamp, Timestamp};

    #[test]
    fn a_plugin_that_does_not_serve_says_why() {
        let blender = PluginView {
            name: "blender".to_owned(),
            state: "serving".to_owned(),
            source: "built-in".to_owned(),
            serving: Some(PluginStamp {
                name: "blender".to_owned(),
                version: "0.1.0".to_owned(),
                digest: Digest("a1b2c3d4e5f6a7b8".to_owned()),
                generation: 2,
            }),
            summary: Some("Blender".to_owned()),
            extensions: vec!["blend".to_owned()],
            levels: Vec::new(),
            options_schema: None,
            failure: None,
            standing: VersionStanding::default(),
            changed: Timestamp(0),
        };
        let broken = PluginView {
            name: "mine".to_owned(),
            state: "failed".to_owned(),
            source: "mine.wasm".to_owned(),
            serving: None,
            summary: None,
            extensions: Vec::new(),
            failure: Some("it is no component".to_owned()),
            ..blender.clone()
        };
        let pin = VersionPin { digest: Digest("a1b2c3d4e5f6a7b8".to_owned()), at: Timestamp(0), by: None };
        let pinned = PluginView {
            standing: VersionStanding { pinned: Some(pin), ..VersionStanding::default() },
            ..blender.clone()
        };
        let expect = "\
PLUGIN   STATE    VERSION  GEN  DIGEST        FROM       SCENES  ABOUT
blender  serving  0.1.0      2  a1b2c3d4e5f6  built-in   blend   Blender
mine     failed                               mine.wasm          it is no component
blender  pinned   0.1.0      2  a1b2c3d4e5f6  built-in   blend   Blender
";
        assert_eq!(table(&[blender, broken, pinned]).render(Style::Plain), expect);
    }
}
