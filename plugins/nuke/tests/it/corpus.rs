//! Every row of the failure tables, as a recorded log with what is made of it.

use farmhand_nuke::Nuke;
use farmhand_nuke::faults::ROWS;
use farmhand_sdk::testing::{Case, check_all};
use std::path::PathBuf;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/nuke")
}

#[test]
fn every_recorded_log_means_what_it_did() {
    if let Err(differences) = check_all::<Nuke>(&corpus()) {
        panic!("{differences}");
    }
}

#[test]
fn every_rule_has_a_case() {
    let cases = Case::read_all(&corpus()).unwrap();
    let lines: Vec<&String> = cases.iter().flat_map(|case| &case.log).collect();
    let rules = farmhand_sdk::Rules::new(ROWS);
    for row in ROWS {
        let met = lines.iter().any(|line| rules.find(line).is_some_and(|found| found.needles == row.needles));
        assert!(met, "no recorded log meets the rule {:?}", row.needles);
    }
}
