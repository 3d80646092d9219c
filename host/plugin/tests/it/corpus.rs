//! The recorded logs of `tests/corpus` through the components that travel with farmhand. The plugins' own tests replay
//! the same cases natively, so what differs here differs by the component: it is stale, or what the host hands in and
//! takes out means something else.

mod convert;

use crate::support::Bench;
use convert::Seen;
use farmhand_plugin::{LoadedPlugin, PluginError};
use farmhand_sdk::testing::{self, Case};
use std::path::Path;

/// Lines handed over at once. Few, so that most logs show whether the reader keeps its state between batches.
const BATCH: usize = 8;

/// What a component makes of a case, as `expect` spells it.
async fn told(plugin: &LoadedPlugin, case: &Case) -> Result<String, PluginError> {
    let task = convert::task(&case.task);
    let mut reader = plugin.reader(&task).await?;
    let mut events = Vec::new();
    for lines in case.log.chunks(BATCH) {
        events.extend(reader.read(lines).await?);
    }
    events.extend(reader.finish().await?);
    let Seen { events, faults, facts } = Seen::new(events);
    let verdict = plugin.judge(&task, &convert::outcome(&case.outcome, faults, facts)).await?;
    Ok(testing::told(&events, &convert::verdict(verdict)))
}

/// Replays all cases of a plugin, and shows everything that differs at once.
async fn check(name: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let cases = Case::read_all(&root.join("tests/corpus").join(name)).unwrap();
    assert!(!cases.is_empty(), "no cases for {name}");
    let bench = Bench::plain().await;
    let component = root.join("plugins/prebuilt").join(format!("{name}.wasm"));
    let plugin = bench.host.load_file(&component).await.unwrap();
    let mut differences = Vec::new();
    for case in &cases {
        let compared = match told(&plugin, case).await {
            Ok(told) => case.compare(&told),
            Err(error) => Err(format!("{}\n{error}\n", case.path.display())),
        };
        differences.extend(compared.err());
    }
    assert!(
        differences.is_empty(),
        "{} of {} cases differ; where the plugin's own tests pass, plugins/prebuilt/{name}.wasm is stale: run \
         scripts/build-plugins\n\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}

#[tokio::test]
async fn blender_reads_every_recorded_log_as_expected() {
    check("blender").await;
}

#[tokio::test]
async fn maya_reads_every_recorded_log_as_expected() {
    check("maya").await;
}

#[tokio::test]
async fn nuke_reads_every_recorded_log_as_expected() {
    check("nuke").await;
}
