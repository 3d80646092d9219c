//! The logs in `tests/corpus/blender`: what Blenders printed and how they ended, and what the plugin makes of it.

use farmhand_blender::Blender;
use farmhand_blender::faults::ROWS;
use farmhand_sdk::prelude::*;
use farmhand_sdk::testing::{Case, check_all};
use std::path::PathBuf;

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/corpus/blender")
}

/// Every case.
pub fn all() -> Vec<Case> {
    Case::read_all(&corpus()).unwrap()
}

/// What the reader sees in these lines.
pub fn events(task: &Task, lines: &[String]) -> Vec<Event> {
    let mut reader = Blender::reader(task);
    // In batches, as a host hands them over.
    let mut events: Vec<Event> = lines.chunks(64).flat_map(|batch| reader.read(batch).unwrap()).collect();
    reader.finish(&mut events);
    events
}

fn faults(task: &Task, lines: &[String]) -> Vec<Fault> {
    let fault = |event| if let Event::Fault(fault) = event { Some(fault) } else { None };
    events(task, lines).into_iter().filter_map(fault).collect()
}

#[test]
fn every_recorded_log_is_read_as_expected() {
    if let Err(differences) = check_all::<Blender>(&corpus()) {
        panic!("{differences}");
    }
}

/// A row without a case is a row that nobody has seen work.
#[test]
fn every_row_of_the_table_has_a_case() {
    let lines: Vec<String> = all().into_iter().flat_map(|case| case.log).collect();
    let rules = Rules::new(ROWS);
    let met: Vec<_> = lines.iter().filter_map(|line| rules.find(line)).map(|row| row.needles).collect();
    let unmet: Vec<_> = ROWS.iter().map(|row| row.needles).filter(|needles| !met.contains(needles)).collect();
    assert!(unmet.is_empty(), "no case meets {unmet:?}");
}

/// A log that ends anywhere gives no fault that the whole log does not give.
#[test]
fn a_log_that_is_cut_off_invents_nothing() {
    for case in all() {
        let whole = faults(&case.task, &case.log);
        for end in 0..case.log.len() {
            for fault in faults(&case.task, &case.log[..end]) {
                assert!(whole.contains(&fault), "{} cut after line {end}: {fault:?}", case.name());
            }
        }
    }
}

/// Blender 5 puts a time and a category before what older ones say as it stands.
#[test]
fn one_line_means_the_same_in_every_version() {
    let mut told = 0;
    for case in all() {
        let [line] = case.log.as_slice() else { continue };
        let seen = faults(&case.task, &case.log);
        let newer = faults(&case.task, &[format!("00:01.234  render           | ERROR {line}")]);
        let kinds = |faults: &[Fault]| -> Vec<_> {
            faults.iter().map(|fault| (fault.severity, fault.cause, fault.frame)).collect()
        };
        assert_eq!(kinds(&seen), kinds(&newer), "{}", case.name());
        for fault in &seen {
            assert!(fault.message.len() > 20, "{}: a message for a person: {fault:?}", case.name());
        }
        told += seen.len();
    }
    assert!(told > 50, "only {told} cases of one line tell a fault");
}

/// The corpus leaves progress out, so that a renderer that counts in other steps changes no expectation.
#[test]
fn recorded_logs_show_how_far_a_frame_is() {
    // Two view layers of two samples each, where nobody says otherwise.
    let frame = [0.5, 1.0, 0.0, 0.5, 1.0];
    let third = 1.0 / 3.0;
    for (name, expected) in [
        ("success", frame.repeat(3)),
        ("movie", frame.repeat(3)),
        ("4.2-success", frame.repeat(2)),
        ("layer", vec![0.5, 1.0]),
        ("exr", vec![third, 1.0, 0.0, third, 1.0]),
        ("scene-missing", Vec::new()),
    ] {
        let case = all().into_iter().find(|case| case.name() == name).unwrap();
        let progress = |event: &Event| if let Event::Progress(part) = event { Some(*part) } else { None };
        let seen: Vec<f32> = events(&case.task, &case.log).iter().filter_map(progress).collect();
        assert_eq!(seen, expected, "{name}");
    }
}
