//! What becomes of the frames that an ended attempt left undone.
//!
//! The plugin's verdict says what should happen; here is what makes sure that every job ends: an attempt that
//! verified no frame costs some frame a try, or a wait that is as long as for a licence, or opens a breaker. Nothing
//! here touches frames that were verified: they are done.

use crate::attempt::Live;
use crate::breaker::Evidence;
use crate::effect::Turn;
use crate::job::{Hold, Job};
use crate::layer::Group;
use crate::policy::Policy;
use crate::reports::stale;
use crate::scheduler::Scheduler;
use crate::{costs::learn_frame, policy::PluginProfile};
use farmhand_model::dcc::{Cause, Decision, Outcome, Severity, Verdict};
use farmhand_model::{AttemptId, AttemptState, EndedBy, FrameSet, FrameState, JobStatus, Seconds, Timestamp};

/// What is to be decided on.
struct Case<'a> {
    live: &'a Live,
    job: &'a Job,
    outcome: &'a Outcome,
    verdict: &'a Verdict,
    /// The plugin, where this daemon has heard of it.
    plugin: Option<&'a PluginProfile>,
    policy: &'a Policy,
}

/// Frames that go back to the queue.
#[derive(Debug, PartialEq)]
struct Return {
    frames: FrameSet,
    level: u32,
    tries: u32,
    wait: Option<Seconds>,
}

/// What is done.
#[derive(Debug, Default, PartialEq)]
struct Consequence {
    returns: Vec<Return>,
    fail: FrameSet,
    fail_job: bool,
    /// The whole job waits so long.
    hold: Option<Seconds>,
    /// It was lost and had verified nothing.
    is_loss: bool,
    /// It failed by itself and had verified nothing.
    is_fruitless: bool,
    /// For people: which frames, and what becomes of them.
    text: Vec<String>,
}

impl Consequence {
    fn back(&mut self, frames: FrameSet, level: u32, tries: u32, wait: Option<Seconds>, what: &str) {
        if !frames.is_empty() {
            self.text.push(format!("{}: {what}", name(&frames)));
            self.returns.push(Return { frames, level, tries, wait });
        }
    }

    /// The frames go back as if this attempt had not been.
    fn untouched(&mut self, frames: FrameSet, live: &Live) {
        self.back(frames, live.record.level, live.tries(), None, "back to the queue as before");
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
    out.fail_job =
        is_judged && case.verdict.decision == Decision::FailJob && case.job.status != JobStatus::Cancelling;
    if missing.is_empty() {
        return out;
    }
    if case.job.status == JobStatus::Cancelling {
        out.back(
            missing,
            case.live.record.level,
            case.live.tries(),
            None,
            "left undone, the job is cancelled",
        );
        return out;
    }
    if case.job.failure.is_some() {
        out.fail(&missing, "the job has failed");
        return out;
    }
    match case.outcome.ended_by {
        EndedBy::DaemonStop | EndedBy::Cancel => {
            out.untouched(missing, case.live);
        }
        EndedBy::Lost => decide_lost(case, &mut out, missing),
        EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall => decide_verdict(case, &mut out, missing),
    }
    out
}

fn decide_lost(case: &Case<'_>, out: &mut Consequence, missing: FrameSet) {
    out.is_loss = case.live.settled == 0;
    if !out.is_loss || case.job.losses < case.policy.free_losses {
        return out.untouched(missing, case.live);
    }
    let culprits = or_all(case.live.begun().intersection(&missing), &missing);
    let innocent = missing.difference(&culprits);
    burn(case, out, culprits, None);
    out.untouched(innocent, case.live);
}

fn decide_verdict(case: &Case<'_>, out: &mut Consequence, missing: FrameSet) {
    let (level, tries) = (case.live.record.level, case.live.tries());
    let named = |wanted: fn(Severity) -> bool| -> FrameSet {
        let faults = case.outcome.faults.iter().filter(|fault| wanted(fault.severity));
        faults.filter_map(|fault| fault.frame).filter(|frame| missing.contains(*frame)).collect()
    };
    let fatal = named(|severity| severity == Severity::FrameFatal);
    let reason = &case.verdict.reason;
    match case.verdict.decision {
        Decision::FailJob => out.fail(&missing, reason),
        Decision::QuarantineNode => {
            out.back(
                missing,
                level,
                tries,
                None,
                "back to the queue, this node takes no more of the plugin's tasks",
            );
        }
        Decision::FallBack => {
            // Where the plugin was never announced to this daemon, its levels are counted when the frames start.
            let next = case.plugin.map(|plugin| plugin.levels.get(level as usize + 1));
            match next {
                Some(Some(next)) => {
                    out.back(missing, level + 1, 0, None, &format!("on to level {}", next.name));
                }
                None => out.back(missing, level + 1, 0, None, "on to the next level"),
                Some(None) => {
                    // The end of the line is no reason to fail those that the process never came to.
                    let mut culprits = named(|_| true);
                    culprits.extend(&case.live.begun());
                    let culprits = or_all(culprits.intersection(&missing), &missing);
                    out.fail(&culprits, &format!("{reason}; there is no further level"));
                    out.untouched(missing.difference(&culprits), case.live);
                }
            }
        }
        Decision::FailFrames => {
            // Where faults name the frames that cannot be rendered, those that the process never came to are not
            // lost with them.
            let fatal = or_all(fatal, &missing);
            let rest = missing.difference(&fatal);
            out.fail(&fatal, reason);
            out.untouched(rest, case.live);
        }
        Decision::Accept | Decision::Retry { .. } => {
            let asked = match case.verdict.decision {
                Decision::Retry { after_ms } if after_ms > 0 => Some(Seconds(f64::from(after_ms) / 1000.0)),
                _ => None,
            };
            if lacks_licence(case.outcome) {
                let wait =
                    Seconds(asked.map_or(0.0, |asked| asked.0).clamp(case.policy.licence_wait.0, MAX_WAIT));
                out.hold = Some(wait);
                let what = format!("back to the queue, the job waits {:.0} s for a licence", wait.0);
                return out.back(missing, level, tries, None, &what);
            }
            out.fail(&fatal, reason);
            let rest = missing.difference(&fatal);
            let mut culprits = named(|severity| severity != Severity::FrameFatal);
            culprits.extend(&case.live.begun());
            let mut culprits = culprits.intersection(&rest);
            let has_progress = case.live.settled > 0 || !fatal.is_empty();
            if culprits.is_empty() && !has_progress {
                culprits = rest.clone();
            }
            let innocent = rest.difference(&culprits);
            out.is_fruitless = !has_progress;
            burn(case, out, culprits, asked);
            out.untouched(innocent, case.live);
        }
    }
}

/// The frames have had one try more: they wait and are tried again, or have had their last.
fn burn(case: &Case<'_>, out: &mut Consequence, frames: FrameSet, asked: Option<Seconds>) {
    if frames.is_empty() {
        return;
    }
    let retries = case.job.spec.limits.retries.unwrap_or(case.policy.retries);
    let tries = case.live.record.try_number;
    if tries > retries {
        out.fail(&frames, &format!("{} (try {tries} of {})", case.verdict.reason, retries.saturating_add(1)));
        return;
    }
    let wait = match asked {
        Some(asked) => Seconds(asked.0.min(MAX_WAIT)),
        None => case.policy.backoff(tries, case.live.id().0),
    };
    let what = format!("try {} of {} in {:.1} s", tries + 1, retries.saturating_add(1), wait.0);
    out.back(frames, case.live.record.level, tries, Some(wait), &what);
}

/// The longest wait that a plugin may ask for.
const MAX_WAIT: f64 = 3600.0;

fn or_all(some: FrameSet, all: &FrameSet) -> FrameSet {
    if some.is_empty() { all.clone() } else { some }
}

fn lacks_licence(outcome: &Outcome) -> bool {
    let transient = |severity| severity != Severity::FrameFatal;
    outcome.faults.iter().any(|fault| fault.cause == Cause::Licence && transient(fault.severity))
}

fn name(frames: &FrameSet) -> String {
    let text = frames.to_string();
    let noun = if frames.len() == 1 { "frame" } else { "frames" };
    if text.len() <= 60 { format!("{noun} {text}") } else { format!("{} frames", frames.len()) }
}

/// What the end says about the plugin on this node.
fn evidence(live: &Live, outcome: &Outcome, verdict: &Verdict) -> Evidence {
    let fatal = outcome.faults.iter().find(|fault| fault.severity == Severity::WorkerFatal);
    let told_by_itself = matches!(outcome.ended_by, EndedBy::Itself | EndedBy::TimeLimit | EndedBy::Stall);
    match (verdict.decision, fatal) {
        _ if !told_by_itself => Evidence::None,
        (Decision::QuarantineNode, _) => {
            let cause = fatal.or(outcome.faults.first()).map_or(Cause::Other, |fault| fault.cause);
            Evidence::Quarantine { cause, reason: verdict.reason.clone() }
        }
        (_, Some(fault)) if live.settled == 0 => {
            Evidence::Strike { cause: fault.cause, reason: fault.message.clone() }
        }
        _ => Evidence::Good,
    }
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
        let evidence = evidence(live, &outcome, &verdict);
        self.observe(turn, id, attempt, evidence);
        let Some(mut live) = self.live.remove(&attempt) else { return };
        self.ledger.release(attempt);
        turn.touched.insert(id);
        let Some(job) = self.jobs.get_mut(&id) else { return };
        job.live.remove(&attempt);
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
            plugin: self.plugins.get(&job.spec.plugin.name).and_then(|plugin| plugin.profile.as_ref()),
            policy: &self.policy,
        };
        let consequence = decide(&case);
        apply(turn, job, &live, &consequence, &verdict.reason, &self.policy);
        if consequence.fail_job {
            self.fail_job(turn, id, verdict.reason.clone());
        } else {
            self.check_failed_limit(turn, id);
        }
        live.record.state =
            AttemptState::Ended { at: turn.now, outcome, verdict, consequence: consequence.text.join("; ") };
        turn.attempt(&live.record);
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
        job.dirty |= back.level > 0 || back.tries > 0 || back.wait.is_some();
        layer.give_back(Group {
            frames: back.frames.clone(),
            level: back.level,
            tries: back.tries,
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
    let mut hold = consequence.hold;
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
