//! The cases of `tests/corpus` are scenarios. The plugins' own tests play the same cases natively and spell what they
//! see with the SDK's own words, so what differs here differs by the component: it is stale, what the host hands in and
//! takes out means something else, or a scenario is spelled in another way than the SDK spells it.

use crate::support::{plugin_host, prebuilt, root};
use farmhand::trial::diff;
use farmhand::trial::scenario::{find, play};
use farmhand_model::Timestamp;
use std::fmt::Write as _;

/// Plays all cases of a plugin, and shows everything that differs at once.
async fn check(name: &str) {
    let scenarios = find(&root().join("tests/corpus").join(name)).unwrap();
    assert!(!scenarios.is_empty(), "no cases for {name}");
    let plugin = plugin_host().await.load_file(&prebuilt(name)).await.unwrap();
    let (mut differences, mut differing) = (String::new(), 0);
    for scenario in &scenarios {
        let played = play(scenario, &plugin, Timestamp(0)).await.unwrap();
        if !played.passed() {
            differing += 1;
            writeln!(differences, "{}", scenario.path.display()).unwrap();
            for answer in &played.answers {
                differences += &diff(answer.expected.as_deref().unwrap_or_default(), &answer.seen);
            }
        }
    }
    assert_eq!(
        differing,
        0,
        "of {} cases; where the plugin's own tests pass, plugins/prebuilt/{name}.wasm is stale: run \
         scripts/build-plugins\n\n{differences}",
        scenarios.len(),
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
