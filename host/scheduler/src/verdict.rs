//! What becomes of the frames that an ended attempt left undone.
//!
//! The plugin's verdict says what should happen; here is what makes sure that every job ends: an attempt that
//! verified no frame costs some frame a try, or a wait that is as long as for a licence, or opens a breaker. Nothing
//! here touches frames that were verified: they are done.

use crate::attempt::Live;
use crate::blame::evidence;
use crate::costs::{learn_frame, learn_peaks};
use crate::effect::Turn;
use crate::fallback::{cause_of, remember};
use crate::job::{Hold, Job};
use crate::layer::Group;
use crate::licence::{Licences, Missing};
use crate::memory::{Relief, relief};
use crate::policy::PluginProfile;
use crate::policy::Policy;
use crate::reports::stale;
use crate::scheduler::Scheduler;
use crate::time::of_attempt;
use farmhand_model::dcc::{Decision, Outcome, Severity, Verdict};
use farmhand_model::fallback::Fallback;
use farmhand_model::{
    AttemptId, AttemptState, Boost, EndedBy, FrameSet, FrameState, Happening, JobStatus, Seconds, Timestamp,
};

/// What is to be decided on.
struct Case<'a> {
    live: &'a Live,
    job: &'a Job,
    outcome: &'a Outcome,
    verdict: &'a Verdict,
    /// The plugin, where this daemon has heard of it.
    plugin: Option<&'a PluginProfile>,
    licences: &'a Licences,
    /// The GPU that is to blame.
    gpu: Option<u32>,
    /// What can be done about memory, where it ran out of that.
    relief: Option<Relief>,
    policy: &'a Policy,
}

impl Case<'_> {
    /// The level for frames that go back to where they were: that of fresh ones where it was their first.
    fn level(&self) -> u32 {
        let level = self.live.record.level;
        let is_first = self.plugin.is_some_and(|plugin| level <= plugin.level_from(&self.job.spec.levels, 0));
        if is_first { 0 } else { level }
    }

    /// Frames that go back to where they were.
    fn back(&self, frames: FrameSet) -> Return {
        let (level, tries, boost) = (self.level(), self.live.tries(), self.live.boost.clone());
        Return { frames, level, tries, boost, wait: None }
    }
}

/// Frames that go back to the queue.
#[derive(Debug, PartialEq)]
struct Return {
    frames: FrameSet,
    level: u32,
    tries: u32,
    boost: Boost,
    wait: Option<Seconds>,
}

/// What is done.
#[derive(Debug, Default, PartialEq)]
struct Consequence {
    returns: Vec<Return>,
    fail: FrameSet,
    fail_job: bool,
    /// The job waits for a person.
    hold_job: bool,
    /// All that needs these licences waits so long, or the whole job does.
    missing: Option<Missing>,
    /// Frames that leave their level for the one of this name.
    fall_back: Option<(FrameSet, String)>,
    /// It was lost and had verified nothing.
    is_loss: bool,
    /// It failed by itself and had verified nothing.
    is_fruitless: bool,
    /// For people: which frames, and what becomes of them.
    text: Vec<String>,
}

impl Consequence {
    fn back(&mut self, back: Return, what: &str) {
        if !back.frames.is_empty() {
            self.text.push(format!("{}: {what}", name(&back.frames)));
            self.returns.push(back);
        }
    }

    /// The frames go back as if this attempt had not been.
    fn untouched(&mut self, frames: FrameSet, case: &Case<'_>) {
        self.back(case.back(frames), "back to the queue as before");
    }

    fn fail(&mut self, frames: &FrameSet, why: &str) {
        if !frames.is_empty() {
            self.text.push(format!("{}: failed, {why}", name(frames)));
            self.fail.extend(frames);
        }
    }
}

fn decide(case: &Case<'_>) -> Consequence {
    let mut out = Consequence::default();
    let missing = case.live.missing();
    let is_judged = matches!(case.outcome.ended_by, EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall);
    let counts = is_judged && case.job.status != JobStatus::Cancelling;
    out.fail_job = counts && case.verdict.decision == Decision::FailJob;
    if counts && case.verdict.decision == Decision::HoldJob && case.job.failure.is_none() {
        out.hold_job = true;
        out.text.push("the job is held for a person".to_owned());
    }
    if missing.is_empty() {
        return out;
    }
    if case.job.status == JobStatus::Cancelling {
        out.back(case.back(missing), "left undone, the job is cancelled");
        return out;
    }
    if case.job.failure.is_some() {
        out.fail(&missing, "the job has failed");
        return out;
    }
    match case.outcome.ended_by {
        EndedBy::DaemonStop | EndedBy::Cancel => {
            out.untouched(missing, case);
        }
        EndedBy::Lost => decide_lost(case, &mut out, missing),
        EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall => decide_verdict(case, &mut out, missing),
    }
    out
}

fn decide_lost(case: &Case<'_>, out: &mut Consequence, missing: FrameSet) {
    out.is_loss = case.live.settled == 0;
    if !out.is_loss || case.job.losses < case.policy.free_losses {
        return out.untouched(missing, case);
    }
    let culprits = or_all(case.live.begun().intersection(&missing), &missing);
    let innocent = missing.difference(&culprits);
    burn(case, out, culprits, None, None);
    out.untouched(innocent, case);
}

fn decide_verdict(case: &Case<'_>, out: &mut Consequence, missing: FrameSet) {
    let named = |wanted: fn(Severity) -> bool| -> FrameSet {
        let faults = case.outcome.faults.iter().filter(|fault| wanted(fault.severity));
        faults.filter_map(|fault| fault.frame).filter(|frame| missing.contains(*frame)).collect()
    };
    let fatal = named(|severity| severity == Severity::FrameFatal);
    let reason = &case.verdict.reason;
    match case.verdict.decision {
        Decision::FailJob => out.fail(&missing, reason),
        Decision::QuarantineNode => {
            let what = match case.gpu {
                Some(gpu) => format!("back to the queue, the plugin's tasks stay off GPU {gpu} here"),
                None => "back to the queue, this node takes no more of the plugin's tasks".to_owned(),
            };
            out.back(case.back(missing), &what);
        }
        Decision::HoldJob => out.untouched(missing, case),
        Decision::FallBack => {
            if !descend(case, out, &missing) {
                // The end of the line is no reason to fail those that the process never came to.
                let mut culprits = named(|_| true);
                culprits.extend(&case.live.begun());
                let culprits = or_all(culprits.intersection(&missing), &missing);
                out.fail(&culprits, &format!("{reason}; there is no further level"));
                out.untouched(missing.difference(&culprits), case);
            }
        }
        Decision::FailFrames => {
            // Where faults name the frames that cannot be rendered, those that the process never came to are not
            // lost with them.
            let fatal = or_all(fatal, &missing);
            let rest = missing.difference(&fatal);
            out.fail(&fatal, reason);
            out.untouched(rest, case);
        }
        Decision::Accept | Decision::Retry { .. } => {
            let asked = match case.verdict.decision {
                Decision::Retry { after_ms } if after_ms > 0 => Some(Seconds(f64::from(after_ms) / 1000.0)),
                _ => None,
            };
            if let Some(lacking) = lacking(case, asked) {
                let (wait, names) = (lacking.wait.0, lacking.names.join("`, `"));
                let what = if names.is_empty() {
                    format!("back to the queue, the job waits {wait:.0} s for a licence")
                } else {
                    format!("back to the queue, all that needs the licence `{names}` waits {wait:.0} s")
                };
                out.missing = Some(lacking);
                return out.back(case.back(missing), &what);
            }
            // A plugin that accepts an end with frames at fault gives those up; one that wants a retry does not.
            let given_up = if case.verdict.decision == Decision::Accept { fatal } else { FrameSet::new() };
            out.fail(&given_up, reason);
            let rest = missing.difference(&given_up);
            if case.relief == Some(Relief::Exhausted) && descend(case, out, &rest) {
                return;
            }
            let more = match &case.relief {
                Some(Relief::More { boost, what }) => Some((boost, what.as_str())),
                Some(Relief::Exhausted) | None => None,
            };
            let mut culprits = named(|_| true);
            culprits.extend(&case.live.begun());
            let mut culprits = culprits.intersection(&rest);
            let has_progress = case.live.settled > 0 || !given_up.is_empty();
            if culprits.is_empty() && !has_progress {
                culprits = rest.clone();
            }
            let innocent = rest.difference(&culprits);
            // Another need is not the same trouble again.
            out.is_fruitless = !has_progress && more.is_none();
            burn(case, out, culprits, asked, more);
            match more {
                // What was to come in the same process would have run out in its turn.
                Some((boost, with)) => {
                    let back = Return { boost: boost.clone(), ..case.back(innocent) };
                    out.back(back, &format!("back to the queue, to go on {with}"));
                }
                None => out.untouched(innocent, case),
            }
        }
    }
}

/// Sends frames on to the next level that the job may use; answers whether there is one.
fn descend(case: &Case<'_>, out: &mut Consequence, frames: &FrameSet) -> bool {
    let level = case.live.record.level;
    // Where the plugin was never announced to this daemon, its levels are counted when the frames start.
    let next = match case.plugin {
        Some(plugin) => plugin
            .level_after(&case.job.spec.levels, level)
            .and_then(|next| Some((next, plugin.levels.get(next as usize)?.name.clone()))),
        None => Some((level + 1, "the next level".to_owned())),
    };
    let Some((next, name)) = next else { return false };
    let level = if case.plugin.is_some() { "level " } else { "" };
    let what = format!("on to {level}{name}");
    out.fall_back = Some((frames.clone(), name));
    let boost = Boost::default();
    out.back(Return { frames: frames.clone(), level: next, tries: 0, boost, wait: None }, &what);
    true
}

/// The frames have had one try more: they wait and are tried again, or have had their last at this level. Then the
/// next one has its turn, since it may go round what is wrong; and after the last level they fail. Where they get
/// more than they had, there is nothing to wait for.
fn burn(
    case: &Case<'_>,
    out: &mut Consequence,
    frames: FrameSet,
    asked: Option<Seconds>,
    more: Option<(&Boost, &str)>,
) {
    if frames.is_empty() {
        return;
    }
    let retries = case.job.spec.limits.retries.unwrap_or(case.policy.retries);
    let tries = case.live.record.try_number;
    if tries > retries {
        if descend(case, out, &frames) {
            return;
        }
        out.fail(&frames, &format!("{} (try {tries} of {})", case.verdict.reason, retries.saturating_add(1)));
        return;
    }
    let wait = match (asked, more) {
        (Some(asked), _) => Some(Seconds(asked.0.min(MAX_WAIT))),
        (None, Some(_)) => None,
        (None, None) => Some(case.policy.backoff(tries, case.live.id().0)),
    };
    let with = more.map(|(_, with)| format!(" {with}")).unwrap_or_default();
    let after = wait.map(|wait| format!(" in {:.1} s", wait.0)).unwrap_or_default();
    let what = format!("try {} of {}{with}{after}", tries + 1, retries.saturating_add(1));
    let boost = more.map_or(&case.live.boost, |(boost, _)| boost).clone();
    out.back(Return { tries, wait, boost, ..case.back(frames) }, &what);
}

/// The longest wait that a plugin may ask for.
const MAX_WAIT: f64 = 3600.0;

fn or_all(some: FrameSet, all: &FrameSet) -> FrameSet {
    if some.is_empty() { all.clone() } else { some }
}

fn lacking(case: &Case<'_>, asked: Option<Seconds>) -> Option<Missing> {
    let asked = Seconds(asked.map_or(0.0, |asked| asked.0.min(MAX_WAIT)));
    let live = case.live;
    case.licences.missing(&case.job.spec, case.outcome, live.record.started, asked, case.policy, live.id().0)
}

fn name(frames: &FrameSet) -> String {
    let text = frames.to_string();
    let noun = if frames.len() == 1 { "frame" } else { "frames" };
    if text.len() <= 60 { format!("{noun} {text}") } else { format!("{} frames", frames.len()) }
}

impl Scheduler {
    pub(crate) fn on_ended(
        &mut self,
        turn: &mut Turn,
        attempt: AttemptId,
        mut outcome: Outcome,
        verdict: Verdict,
    ) {
        let Some(live) = self.live.get(&attempt) else {
            return stale(turn, attempt, "it ended");
        };
        let id = live.job();
        // What counts as done is what was settled, one by one, with a path.
        outcome.frames_done = live.record.frames_done.clone();
        outcome.frames_missing = live.missing();
        let most = self.ledger.capacity().memory_bytes;
        let relief = relief(live, &outcome, &verdict, most, &self.gpus);
        let evidence = evidence(live, &outcome, &verdict, relief.as_ref(), &self.gpus);
        let gpu = evidence.gpu();
        let gpus: Vec<u32> = live.record.lease.gpus.iter().map(|lease| lease.gpu.index).collect();
        let now = turn.now;
        self.observe(turn, attempt, |plugin, policy| plugin.ended(attempt, &gpus, evidence, policy, now));
        let Some(mut live) = self.live.remove(&attempt) else { return };
        self.ledger.release(attempt);
        turn.touched.insert(id);
        let plugin = self.jobs.get(&id).and_then(|job| self.last_profile(job)).cloned();
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.live.remove(&attempt);
        live.process_ended(outcome.seconds, now);
        job.time += of_attempt(&live.record, now);
        job.dirty = true;
        if live.rendered {
            learn_peaks(&mut job.costs, &outcome.usage);
        }
        if live.frames_costed == 0 && live.settled > 0 {
            // Nothing told what a frame costs: at most this.
            let frames = u32::try_from(live.settled).unwrap_or(u32::MAX);
            learn_frame(&mut job.costs, outcome.seconds.0 / f64::from(frames), frames);
        }
        let case = Case {
            live: &live,
            job,
            outcome: &outcome,
            verdict: &verdict,
            plugin: plugin.as_ref(),
            licences: &self.licences,
            gpu,
            relief,
            policy: &self.policy,
        };
        let consequence = decide(&case);
        if let Some((frames, to)) = consequence.fall_back.clone() {
            let fallback = Fallback {
                layer: live.layer,
                frames,
                from: live.record.level_name.clone(),
                to,
                cause: cause_of(&outcome, &verdict),
                reason: verdict.reason.clone(),
                attempt,
            };
            remember(&mut job.fallbacks, fallback);
        }
        apply(turn, job, &live, &consequence, &verdict.reason, &self.policy);
        if let Some(missing) = consequence.missing.filter(|missing| !missing.names.is_empty()) {
            self.hold_licences(turn, &missing, &live, &verdict.reason);
        }
        if consequence.fail_job {
            self.fail_job(turn, id, verdict.reason.clone());
        } else {
            self.check_failed_limit(turn, id);
        }
        live.record.state =
            AttemptState::Ended { at: turn.now, outcome, verdict, consequence: consequence.text.join("; ") };
        turn.attempt(&live.record);
    }

    fn hold_licences(&mut self, turn: &mut Turn, missing: &Missing, live: &Live, reason: &str) {
        self.licences.hold(missing, live.record.started, turn.now, reason);
        let waits = |job: &&Job| {
            !job.is_ending() && missing.names.iter().any(|name| job.spec.licences.contains(name))
        };
        turn.touched.extend(self.jobs.values().filter(waits).map(|job| job.id));
    }
}

fn apply(
    turn: &mut Turn,
    job: &mut Job,
    live: &Live,
    consequence: &Consequence,
    reason: &str,
    policy: &Policy,
) {
    let layer = &mut job.layers[live.layer as usize];
    for back in &consequence.returns {
        turn.frames(job.id, live.layer, back.frames.clone(), FrameState::Pending);
        layer.give_back(Group {
            frames: back.frames.clone(),
            level: back.level,
            tries: back.tries,
            boost: back.boost.clone(),
            not_before: back.wait.map(|wait| on_grid(turn.now, wait)),
            reason: reason.to_owned(),
        });
    }
    if !consequence.fail.is_empty() {
        turn.frames(job.id, live.layer, consequence.fail.clone(), FrameState::Failed);
        layer.fail(&consequence.fail);
        job.dirty = true;
    }
    if consequence.is_loss {
        job.losses += 1;
        job.dirty = true;
    }
    if consequence.hold_job {
        let plugin = job.spec.plugin.name.clone();
        turn.notice(Happening::JobHeld { job: job.id, plugin, reason: reason.to_owned() });
        job.hold_for_person(reason.to_owned());
    }
    // Where it is known what is missing, that is held, with all that needs it.
    let unnamed = consequence.missing.as_ref().filter(|missing| missing.names.is_empty());
    let mut hold = unnamed.map(|missing| missing.wait);
    if consequence.is_fruitless {
        job.fruitless += 1;
        if job.fruitless > 1 {
            // One failure is its frames' own; two in a row are the job's: its other frames wait too, or each of
            // them would be burnt in turn.
            hold = hold.or(Some(policy.backoff(job.fruitless - 1, live.id().0)));
        }
    }
    if let Some(until) = hold.map(|wait| turn.now + wait)
        && job.hold.as_ref().is_none_or(|hold| hold.until < until)
    {
        job.hold = Some(Hold { until, reason: reason.to_owned() });
    }
    if job.costs.frames_seen.checked_ilog2() != job.costs_saved.frames_seen.checked_ilog2() {
        job.dirty = true;
    }
}

/// Waits end on a coarse grid, so that frames that failed one by one wait and go on together.
fn on_grid(now: Timestamp, wait: Seconds) -> Timestamp {
    let grid = (wait.millis() / 16).clamp(250, 1 << 20).unsigned_abs().next_power_of_two() as i64;
    let end = now.plus_millis(wait.millis());
    Timestamp(end.0.div_euclid(grid).saturating_add(1).saturating_mul(grid))
}
