//! What went wrong with a job, put together: attempts that the same thing ended, and the failed frames that it cost.
//! Pure; where the attempts come from is `past`'s.

use farmhand_model::dcc::{Cause, Decision, Fault, Severity};
use farmhand_model::past::{LayerFrames, TroubleGroup, TroubleView};
use farmhand_model::view::FramesView;
use farmhand_model::{AttemptId, AttemptRecord, AttemptState, EndedBy, FrameSet, FrameState};
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};

/// Groups of a summary. Nobody reads on past these.
const MOST_GROUPS: usize = 50;

/// Puts together what went wrong. `records` are newest first: a frame that has failed is put down to the last attempt
/// that left it undone.
pub(super) fn trouble(frames: &FramesView, records: &[AttemptRecord], is_cut: bool) -> TroubleView {
    let mut failed: BTreeMap<Option<String>, FrameSet> = BTreeMap::new();
    for run in frames.runs.iter().filter(|run| run.state == FrameState::Failed) {
        failed.entry(run.layer.clone()).or_default().extend(&run.frames);
    }
    let mut groups = Groups::default();
    for record in records.iter().filter(|record| !is_fine(record)) {
        let missed = missed(record);
        let mut mine = FrameSet::new();
        if let Some(left) = failed.get_mut(&record.layer) {
            mine = left.intersection(&missed);
            left.subtract(&mine);
        }
        groups.put(record, mine);
    }
    let mut groups: Vec<TroubleGroup> = groups.all.into_iter().map(Group::into_view).collect();
    groups.sort_by_key(|group| (Reverse(group.failed_count), Reverse(group.attempts), Reverse(group.newest)));
    let more = groups.len().saturating_sub(MOST_GROUPS) as u64;
    groups.truncate(MOST_GROUPS);
    TroubleView { job: frames.job, groups, more, untried: by_layer(failed), is_cut }
}

/// The frames that an attempt has not done.
pub(super) fn missed(record: &AttemptRecord) -> FrameSet {
    record.frames.difference(&record.frames_done)
}

/// Whether an attempt did all that it was for, or is at it still.
pub(super) fn is_fine(record: &AttemptRecord) -> bool {
    match &record.state {
        AttemptState::Ended { verdict, .. } => {
            verdict.decision == Decision::Accept && missed(record).is_empty()
        }
        _ => true,
    }
}

/// What went wrong with an attempt: what was seen in all once it has ended, what its reader has said until then.
pub(super) fn faults(record: &AttemptRecord) -> &[Fault] {
    match &record.state {
        AttemptState::Ended { outcome, .. } if !outcome.faults.is_empty() => &outcome.faults,
        _ => &record.faults,
    }
}

/// The worst of them, and of several as bad the first: what comes after it mostly follows from it.
pub(super) fn worst<'a>(faults: impl IntoIterator<Item = &'a Fault>) -> Option<&'a Fault> {
    faults.into_iter().fold(None, |worst: Option<&Fault>, fault| match worst {
        Some(known) if known.severity >= fault.severity => worst,
        _ => Some(fault),
    })
}

/// Which of the faults that the API tells of an attempt this is.
fn place_of(record: &AttemptRecord, fault: &Fault) -> Option<u32> {
    record.faults.iter().position(|known| known == fault).map(|place| place as u32)
}

/// What attempts have in common that the same thing ended: all but the numbers in what was said.
#[derive(PartialEq, Eq, Hash)]
struct Likeness {
    what: Option<(Severity, Cause)>,
    message: String,
}

impl Likeness {
    fn of(fault: Option<&Fault>, message: &str) -> Self {
        let mut like = String::with_capacity(message.len());
        for letter in message.chars() {
            if !letter.is_ascii_digit() {
                like.push(letter);
            } else if !like.ends_with('#') {
                like.push('#');
            }
        }
        Self { what: fault.map(|fault| (fault.severity, fault.cause)), message: like }
    }
}

/// The groups as they come to be.
#[derive(Default)]
struct Groups {
    known: HashMap<Likeness, usize>,
    all: Vec<Group>,
}

struct Group {
    view: TroubleGroup,
    failed: BTreeMap<Option<String>, FrameSet>,
    /// The attempt that was counted last.
    counted: Option<AttemptId>,
}

impl Groups {
    /// Puts an attempt where it belongs, with the failed frames that are put down to it.
    fn put(&mut self, record: &AttemptRecord, mut failed: FrameSet) {
        let AttemptState::Ended { outcome, verdict, .. } = &record.state else { return };
        // Somebody ended it: nothing went wrong.
        if failed.is_empty() && matches!(outcome.ended_by, EndedBy::Cancel | EndedBy::DaemonStop) {
            return;
        }
        let faults = faults(record);
        let mut has_any = false;
        // A frame belongs to the worst fault that names it.
        let mut named: BTreeMap<i32, Vec<&Fault>> = BTreeMap::new();
        for fault in faults {
            if let Some(frame) = fault.frame.filter(|frame| failed.contains(*frame)) {
                named.entry(frame).or_default().push(fault);
            }
        }
        for (frame, faults) in named {
            if let Some(fault) = worst(faults) {
                failed.remove(frame);
                has_any = true;
                self.of(record, Some(fault), &fault.message).add(record, &FrameSet::range(frame, frame));
            }
        }
        if has_any && failed.is_empty() {
            return;
        }
        let fault = worst(faults.iter().filter(|fault| fault.frame.is_none())).or_else(|| worst(faults));
        let message = fault.map_or(&verdict.reason, |fault| &fault.message);
        self.of(record, fault, message).add(record, &failed);
    }

    /// The group of what ended `record`; a new one where it is the first, which is the newest, to meet it.
    fn of(&mut self, record: &AttemptRecord, fault: Option<&Fault>, message: &str) -> &mut Group {
        let next = self.all.len();
        let index = *self.known.entry(Likeness::of(fault, message)).or_insert(next);
        if index == next {
            let view = TroubleGroup {
                severity: fault.map(|fault| fault.severity),
                cause: fault.map(|fault| fault.cause),
                message: message.to_owned(),
                failed: Vec::new(),
                failed_count: 0,
                attempts: 0,
                newest: record.id,
                fault: fault.and_then(|fault| place_of(record, fault)),
                frame: fault.and_then(|fault| fault.frame),
                levels: Vec::new(),
            };
            self.all.push(Group { view, failed: BTreeMap::new(), counted: None });
        }
        &mut self.all[index]
    }
}

impl Group {
    fn add(&mut self, record: &AttemptRecord, failed: &FrameSet) {
        if self.counted.replace(record.id) != Some(record.id) {
            self.view.attempts += 1;
        }
        if !self.view.levels.contains(&record.level_name) {
            self.view.levels.push(record.level_name.clone());
        }
        self.view.failed_count += failed.len();
        self.failed.entry(record.layer.clone()).or_default().extend(failed);
    }

    fn into_view(self) -> TroubleGroup {
        TroubleGroup { failed: by_layer(self.failed), ..self.view }
    }
}

fn by_layer(frames: BTreeMap<Option<String>, FrameSet>) -> Vec<LayerFrames> {
    let some = frames.into_iter().filter(|(_, frames)| !frames.is_empty());
    some.map(|(layer, mut frames)| {
        frames.compact();
        LayerFrames { layer, frames }
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use farmhand_model::dcc::{Outcome, Verdict};
    use farmhand_model::view::{FrameCounts, FrameRuns};
    use farmhand_model::{JobId, Lease, Seconds, Timestamp};

    fn set(text: &str) -> FrameSet {
        if text.is_empty() { FrameSet::new() } else { text.parse().unwrap() }
    }

    fn fault(severity: Severity, cause: Cause, message: &str, frame: Option<i32>) -> Fault {
        Fault { severity, cause, message: message.into(), frame, about: None }
    }

    fn missing(message: &str, frame: Option<i32>) -> Fault {
        fault(Severity::FrameFatal, Cause::MissingFile, message, frame)
    }

    struct Ended<'a> {
        id: u64,
        layer: Option<&'a str>,
        frames: &'a str,
        done: &'a str,
        by: EndedBy,
        decision: Decision,
        faults: Vec<Fault>,
    }

    fn ended(id: u64, frames: &'static str, done: &'static str, faults: Vec<Fault>) -> Ended<'static> {
        let (layer, by, decision) = (None, EndedBy::Itself, Decision::FailFrames);
        Ended { id, layer, frames, done, by, decision, faults }
    }

    impl Ended<'_> {
        fn record(self) -> AttemptRecord {
            let (frames, frames_done) = (set(self.frames), set(self.done));
            let outcome = Outcome {
                exit_code: Some(1),
                signal: None,
                ended_by: self.by,
                seconds: Seconds(1.0),
                frames_missing: frames.difference(&frames_done),
                frames_done: frames_done.clone(),
                faults: self.faults,
                facts: Vec::new(),
                usage: Default::default(),
            };
            let verdict = Verdict { decision: self.decision, reason: "no image came".into() };
            AttemptRecord {
                id: AttemptId(self.id),
                job: JobId(1),
                layer: self.layer.map(str::to_owned),
                frames,
                level: 0,
                level_name: "render".into(),
                try_number: 1,
                lease: Lease::default(),
                boost: Default::default(),
                plugin: None,
                started: Timestamp(0),
                frames_done,
                faults: Vec::new(),
                facts: Vec::new(),
                steps: Default::default(),
                state: AttemptState::Ended { at: Timestamp(9), outcome, verdict, consequence: String::new() },
            }
        }
    }

    fn frames(failed: &[(Option<&str>, &str)]) -> FramesView {
        let runs = failed.iter().map(|(layer, frames)| FrameRuns {
            layer: layer.map(str::to_owned),
            state: FrameState::Failed,
            frames: set(frames),
        });
        FramesView { job: JobId(1), counts: FrameCounts::default(), runs: runs.collect() }
    }

    /// As `cause: message: layer frames, ...; attempts, newest`, and what nobody tried.
    fn told(failed: &[(Option<&str>, &str)], ended: Vec<Ended<'_>>) -> (Vec<String>, String) {
        let records: Vec<_> = ended.into_iter().map(Ended::record).collect();
        let view = trouble(&frames(failed), &records, false);
        let text = |all: &[LayerFrames]| {
            let one = |frames: &LayerFrames| match &frames.layer {
                Some(layer) => format!("{layer} {}", frames.frames),
                None => frames.frames.to_string(),
            };
            all.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        let groups = view.groups.iter().map(|group| {
            let cause = group.cause.map_or("?".to_owned(), |cause| cause.to_string());
            let failed = text(&group.failed);
            format!("{cause}: {}: {failed}; {}, {}", group.message, group.attempts, group.newest)
        });
        (groups.collect(), text(&view.untried))
    }

    #[test]
    fn what_differs_in_numbers_only_is_one_thing() {
        let faults = |n: u32| vec![missing(&format!("cannot read wood_{n}k.exr"), None)];
        let ended = vec![ended(9, "5-6", "", faults(16)), ended(8, "1-4", "1-2", faults(4))];
        let (groups, untried) = told(&[(None, "3-6")], ended);
        assert_eq!(groups, ["missing-file: cannot read wood_16k.exr: 3-6; 2, 9"]);
        assert_eq!(untried, "");
    }

    #[test]
    fn a_frame_is_put_down_to_the_fault_that_names_it_and_to_the_last_attempt_that_had_it() {
        let first =
            ended(7, "1-9", "1-4", vec![fault(Severity::Transient, Cause::Licence, "none left", None)]);
        let last = ended(
            8,
            "5-9",
            "9",
            vec![
                missing("no wood.exr", Some(6)),
                missing("no glass.exr", Some(7)),
                fault(Severity::WorkerFatal, Cause::Crash, "it crashed", None),
            ],
        );
        let (groups, untried) = told(&[(None, "5-8,20")], vec![last, first]);
        let expect = [
            "crash: it crashed: 5,8; 1, 8",
            "missing-file: no wood.exr: 6; 1, 8",
            "missing-file: no glass.exr: 7; 1, 8",
            "licence: none left: ; 1, 7",
        ];
        // Of two that cost as much, either may come first.
        let sorted = |mut all: Vec<String>| {
            all.sort();
            all
        };
        assert_eq!(groups[0], expect[0]);
        assert_eq!(sorted(groups), sorted(expect.map(str::to_owned).to_vec()));
        assert_eq!(untried, "20");
    }

    #[test]
    fn layers_are_kept_apart_and_an_attempt_without_a_fault_says_its_verdict() {
        let beauty = Ended { layer: Some("beauty"), ..ended(3, "1-2", "", vec![]) };
        let (groups, untried) = told(&[(Some("beauty"), "1-2"), (Some("shadow"), "2")], vec![beauty]);
        assert_eq!(groups, ["?: no image came: beauty 1,2; 1, 3"]);
        assert_eq!(untried, "shadow 2");
    }

    #[test]
    fn what_somebody_ended_and_what_went_well_is_no_trouble() {
        let cancelled = Ended { by: EndedBy::Cancel, ..ended(2, "1-2", "1", vec![]) };
        let fine =
            Ended { decision: Decision::Accept, ..ended(1, "1-2", "1-2", vec![missing("a shader", None)]) };
        assert_eq!(told(&[], vec![cancelled, fine]), (vec![], String::new()));
    }

    #[test]
    fn there_are_no_more_groups_than_anybody_reads() {
        let named = |n: u64| {
            let name: String = format!("{n:b}").replace('0', "a").replace('1', "b");
            ended(n, "1", "", vec![missing(&format!("no {name}.exr"), None)]).record()
        };
        let records: Vec<_> = (1..=60).rev().map(named).collect();
        let view = trouble(&frames(&[(None, "1")]), &records, true);
        assert_eq!((view.groups.len(), view.more, view.is_cut), (50, 10, true));
        assert_eq!(view.groups[0].newest, AttemptId(60));
    }
}
