//! The logs in `tests/corpus/maya`: what Maya printed and how it ended, and what the plugin makes of it.

use farmhand_maya::Maya;
use farmhand_maya::faults::ROWS;
use farmhand_sdk::prelude::*;
use farmhand_sdk::testing::{Case, check_all};
use std::path::PathBuf;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/maya")
}

#[test]
fn every_recorded_log_is_read_as_expected() {
    if let Err(differences) = check_all::<Maya>(&corpus()) {
        panic!("{differences}");
    }
}

/// A row without a case is a row that nobody has seen work.
#[test]
fn every_row_of_the_table_has_a_case() {
    let lines: Vec<String> =
        Case::read_all(&corpus()).unwrap().into_iter().flat_map(|case| case.log).collect();
    let rules = Rules::new(ROWS);
    let met: Vec<*const Rule<_>> =
        lines.iter().filter_map(|line| rules.find(line)).map(|row| row as *const _).collect();
    let unmet: Vec<_> =
        ROWS.iter().filter(|row| !met.contains(&(*row as *const _))).map(|row| row.needles).collect();
    assert!(unmet.is_empty(), "no case meets {unmet:?}");
}
