//! `docs/nuke.md` is true: its tables of options and levels are the descriptor's own.

use farmhand_nuke::describe::descriptor;
use farmhand_sdk::testing::check_manual;
use std::path::Path;

#[test]
fn the_manual_is_the_descriptors() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/nuke.md");
    if let Err(differences) = check_manual(&page, &descriptor()) {
        panic!("{differences}");
    }
}
