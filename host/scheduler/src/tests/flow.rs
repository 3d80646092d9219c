//! Who starts when, with which frames.

use crate::test_env::{TestEnv, job, profile, set};
use crate::{Effect, Event, Signs};
use farmhand_model::dcc::FrameShape;
use farmhand_model::job::JobLimits;
use farmhand_model::{
    AttemptId, AttemptState, Change, Chunking, EndedBy, FrameOrder, FrameState, JobSpec, JobStatus, Seconds,
    Timestamp,
};

#[test]
fn a_job_runs_from_submission_to_done() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-5"));
    env.check_started(&[(1, "1,2"), (2, "3,4")]);
    let records: Vec<_> =
        env.changes().into_iter().map(|change| matches!(change, Change::Attempt(_))).collect();
    assert_eq!(records, [false, true, true], "the job, then what belongs to it");
    assert_eq!(env.status(shot), JobStatus::Running);
    env.running(1);
    assert!(matches!(env.changes()[..], [Change::Attempt(_)]));
    env.settle(1, "1");
    assert!(matches!(env.changes()[..], [Change::Settled(_)]));
    env.settle(1, "2");
    env.accept(1);
    env.check_started(&[(3, "5")]);
    env.finish(2);
    env.check_started(&[]);
    env.finish(3);
    assert_eq!(env.status(shot), JobStatus::Done);
    let Some(Change::Job(record)) = env.changes().into_iter().find(|change| matches!(change, Change::Job(_)))
    else {
        panic!("the end is not durable")
    };
    assert_eq!((record.status, record.counts.done, record.finished), (JobStatus::Done, 5, Some(env.now)));
    assert_eq!(env.scheduler.retire_ended(), [shot]);
    assert!(!env.scheduler.holds(shot));
}

#[test]
fn higher_priority_goes_first_and_the_older_one_of_the_same() {
    let mut env = TestEnv::bare(1);
    let low = env.submit(JobSpec { priority: 10, ..job("1") });
    let high = env.submit(JobSpec { priority: 90, ..job("1") });
    let same = env.submit(JobSpec { priority: 90, ..job("1") });
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let mut order = Vec::new();
    while let Some(start) = env.orders().first().map(|order| order.attempt.clone()) {
        order.push(start.job);
        env.finish(start.id.0);
    }
    assert_eq!(order, [high, same, low]);
}

#[test]
fn an_edit_changes_who_goes_first() {
    let mut env = TestEnv::bare(1);
    let first = env.submit(job("1"));
    let second = env.submit(job("1"));
    let edit = farmhand_model::job::JobEdit { priority: Some(51), limits: None };
    env.send(Event::Edit { job: second, edit });
    env.plugin(profile(&[("render", FrameShape::Any)]));
    assert_eq!(env.orders()[0].attempt.job, second);
    env.finish(1);
    assert_eq!(env.orders()[0].attempt.job, first);
}

#[test]
fn threads_are_never_oversubscribed_and_the_first_in_line_is_not_passed_by() {
    let mut env = TestEnv::new();
    env.submit(JobSpec { threads: Some(3), ..job("1") });
    env.check_started(&[(1, "1")]);
    let wide = env.submit(JobSpec { threads: Some(64), ..job("1") });
    env.check_started(&[]);
    let narrow = env.submit(JobSpec { threads: Some(1), ..job("1") });
    env.check_started(&[]);
    env.finish(1);
    assert_eq!(env.orders()[0].attempt.job, wide);
    assert_eq!(env.orders()[0].attempt.lease.threads, 4, "all there are");
    env.finish(2);
    assert_eq!(env.orders()[0].attempt.job, narrow);
}

#[test]
fn a_job_that_is_held_up_does_not_hold_up_those_behind_it() {
    let mut env = TestEnv::new();
    let limited = JobLimits { max_tasks: Some(1), ..JobLimits::default() };
    env.submit(JobSpec { limits: limited, ..job("1-10") });
    env.check_started(&[(1, "1,2")]);
    env.submit(job("50"));
    env.check_started(&[(2, "50")]);
    env.retry(1);
    env.check_started(&[(3, "3,4")]);
}

#[test]
fn layers_are_rendered_on_their_own() {
    let mut env = TestEnv::new();
    let layers = vec!["beauty".to_owned(), "shadow".to_owned()];
    let shot = env.submit(JobSpec { layers, chunk: Chunking::Whole, ..job("1-3") });
    let started: Vec<_> =
        env.orders().iter().map(|order| (order.attempt.layer.clone(), order.layer)).collect();
    assert_eq!(started, [(Some("beauty".to_owned()), 0), (Some("shadow".to_owned()), 1)]);
    env.finish(1);
    assert_eq!(env.status(shot), JobStatus::Running);
    env.finish(2);
    assert_eq!(env.status(shot), JobStatus::Done);
    assert_eq!(env.scheduler.record(shot).unwrap().counts.total, 6);
}

#[test]
fn shapes_constrain_chunks() {
    for (shape, expect) in
        [(FrameShape::Any, "1,3,9,10"), (FrameShape::Stepped, "1,3"), (FrameShape::Single, "1")]
    {
        let mut env = TestEnv::bare(1);
        env.plugin(profile(&[("render", shape)]));
        env.submit(JobSpec { chunk: Chunking::Fixed(4), frames: set("1,3,9-12"), ..job("1") });
        env.check_started(&[(1, expect)]);
    }
}

#[test]
fn frame_order_is_the_jobs() {
    for (order, expect) in
        [(FrameOrder::Forward, "1,2"), (FrameOrder::Reverse, "8,9"), (FrameOrder::Spread, "1,9")]
    {
        let mut env = TestEnv::new();
        env.submit(JobSpec { order, ..job("1-9") });
        assert_eq!(env.started()[0].1, expect);
    }
}

/// 48 frames of 1.2 s and starts of 1.4 s on two slots: two probes, then the rest in two halves, no idle slot.
#[test]
fn the_demo_takes_four_starts() {
    let mut env = TestEnv::new();
    let shot = env.submit(JobSpec { chunk: Chunking::Auto, ..job("1-48") });
    let mut runs: Vec<(i64, AttemptId, Option<i32>)> = Vec::new();
    let mut starts = Vec::new();
    let mut ends = [0, 0];
    let begin = env.now.0;
    loop {
        for order in env.orders() {
            starts.push(order.attempt.frames.len());
            runs.push((env.now.0 + 1400, order.attempt.id, None));
        }
        for id in env.started().into_iter().map(|(id, _)| id).collect::<Vec<_>>() {
            let started = env.now;
            env.running(id);
            assert_eq!(env.now, started);
        }
        let Some(next) = runs.iter().map(|(at, ..)| *at).min() else { break };
        let index = runs.iter().position(|(at, ..)| *at == next).unwrap();
        let (_, attempt, current) = runs.remove(index);
        env.now = Timestamp(next);
        if let Some(frame) = current {
            env.settle(attempt.0, &frame.to_string());
        }
        let record = env.scheduler.attempt(attempt).unwrap();
        match record.frames.difference(&record.frames_done).first() {
            Some(frame) => {
                env.begin(attempt.0, frame);
                runs.push((next + 1200, attempt, Some(frame)));
            }
            None => {
                ends[attempt.0 as usize % 2] = next - begin;
                env.accept(attempt.0);
            }
        }
    }
    assert_eq!(env.status(shot), JobStatus::Done);
    assert_eq!(starts, [4, 4, 20, 20]);
    assert!((ends[0] - ends[1]).abs() <= 1200, "{ends:?}");
}

#[test]
fn costs_are_learned_and_tell_when_it_is_done() {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    let shot = env.submit(JobSpec { chunk: Chunking::Auto, ..job("1-10") });
    assert_eq!(env.scheduler.summary(shot, env.now).unwrap().eta, None);
    env.running(1);
    env.pass(3.0);
    env.begin(1, 1);
    env.pass(2.0);
    env.settle(1, "1");
    let costs = env.scheduler.costs(shot).unwrap();
    assert_eq!((costs.start_seconds, costs.frame_seconds, costs.frames_seen), (Some(3.0), Some(2.0), 1));
    // Three more of the probe's four frames, one start, then six.
    let eta = env.scheduler.summary(shot, env.now).unwrap().eta.unwrap();
    assert_eq!(eta, env.now + Seconds(3.0 * 2.0 + 3.0 + 6.0 * 2.0));
}

#[test]
fn a_plugin_that_tells_nothing_is_costed_by_the_whole() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-4"));
    env.finish(1);
    assert_eq!(env.scheduler.costs(shot).unwrap().frame_seconds, Some(0.5));
}

#[test]
fn dependencies_are_waited_for() {
    let mut env = TestEnv::new();
    let sim = env.submit(job("1"));
    let render = env.submit(JobSpec { after: vec![sim], ..job("1") });
    env.check_started(&[]);
    env.finish(1);
    assert_eq!(env.status(sim), JobStatus::Done);
    assert_eq!(env.orders()[0].attempt.job, render);
}

#[test]
fn a_dependency_that_was_let_go_of_is_remembered_or_told() {
    let mut env = TestEnv::bare(1);
    let sim = env.submit(job("1"));
    let render = env.submit(JobSpec { after: vec![sim], ..job("1") });
    env.send(Event::Cancel(sim));
    env.scheduler.retire_ended();
    env.scheduler.sanity_check(env.now);
    assert_eq!(env.why(render), farmhand_model::why::WaitReason::AfterFailed { job: sim });
    env.send(Event::Cancel(render));
    env.scheduler.retire_ended();
    assert!(env.scheduler.live_jobs().is_empty());
}

#[test]
fn limits_end_an_attempt_once() {
    let limits =
        |attempt, frame| JobLimits { attempt_seconds: attempt, frame_seconds: frame, ..JobLimits::default() };
    for limits in [limits(Some(60), None), limits(None, Some(60))] {
        let mut env = TestEnv::new();
        env.submit(JobSpec { limits, ..job("1,2") });
        env.pass(100.0);
        assert_eq!(env.kills(), [], "it does not run yet");
        env.running(1);
        env.begin(1, 1);
        assert_eq!(env.scheduler.next_wakeup(), Some(env.now + Seconds(60.0)));
        env.pass(59.0);
        assert_eq!(env.kills(), []);
        env.pass(1.0);
        assert_eq!(env.kills(), [(1, EndedBy::TimeLimit)]);
        env.pass(1.0);
        assert_eq!(env.kills(), []);
        assert_eq!(env.scheduler.next_wakeup(), None);
    }
}

#[test]
fn a_settled_frame_ends_its_time_limit() {
    let mut env = TestEnv::new();
    env.submit(JobSpec {
        limits: JobLimits { frame_seconds: Some(10), ..JobLimits::default() },
        ..job("1,2")
    });
    env.running(1);
    env.begin(1, 1);
    env.pass(9.0);
    env.begin(1, 2);
    env.settle(1, "1");
    env.pass(9.0);
    assert_eq!(env.kills(), []);
    env.settle(1, "2");
    env.pass(9.0);
    assert_eq!(env.kills(), []);
}

#[test]
fn a_stall_is_ended_once_and_any_sign_prevents_it() {
    let mut env = TestEnv::new();
    env.submit(JobSpec {
        limits: JobLimits { stall_seconds: Some(120), ..JobLimits::default() },
        ..job("1,2")
    });
    env.running(1);
    let quiet =
        Signs { last_output: Some(Timestamp(0)), cpu_seconds: Some(7.0), newest_file: Some(Timestamp(0)) };
    let alive = |env: &mut TestEnv| {
        env.now = env.now + Seconds(30.0);
        env.send(Event::Alive { attempt: AttemptId(1), signs: quiet });
        env.kills()
    };
    for _ in 0..4 {
        assert_eq!(alive(&mut env), []);
    }
    env.begin(1, 1);
    for _ in 0..3 {
        assert_eq!(alive(&mut env), []);
    }
    assert_eq!(alive(&mut env), [(1, EndedBy::Stall)]);
    assert_eq!(alive(&mut env), []);
}

#[test]
fn late_reports_are_dropped_and_said_so() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1,2"));
    env.end(1, EndedBy::Lost, farmhand_model::dcc::Decision::Accept, vec![]);
    env.check_started(&[(2, "1,2")]);
    env.settle(1, "1");
    assert_eq!((env.notices().len(), env.changes().len()), (1, 0));
    env.accept(1);
    assert_eq!((env.notices().len(), env.changes().len()), (1, 0));
    env.settle(2, "2");
    env.settle(2, "2");
    assert!(env.effects.is_empty(), "the same report again is nothing new");
    env.send(Event::FrameSettled {
        attempt: AttemptId(2),
        frame: 77,
        path: String::new(),
        bytes: 0,
        seconds: None,
        skipped: false,
    });
    assert!(env.notices()[0].contains("not its to render"));
    assert_eq!(env.frames(shot, FrameState::Running), "1");
}

#[test]
fn skipped_frames_count_as_skipped() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1"));
    env.send(Event::FrameSettled {
        attempt: AttemptId(1),
        frame: 1,
        path: "1.png".to_owned(),
        bytes: 5,
        seconds: None,
        skipped: true,
    });
    let [Change::Settled(row)] = env.changes()[..] else { panic!("{:?}", env.effects) };
    assert_eq!(row.attempt, None);
    env.accept(1);
    assert_eq!((env.status(shot), env.frames(shot, FrameState::Skipped)), (JobStatus::Done, "1".to_owned()));
}

#[test]
fn stopping_starts_nothing_and_ends_what_it_is_told_to() {
    for kill in [false, true] {
        let mut env = TestEnv::new();
        env.submit(job("1-10"));
        env.send(Event::Stopping { kill });
        let expect: &[_] = if kill { &[(1, EndedBy::DaemonStop), (2, EndedBy::DaemonStop)] } else { &[] };
        assert_eq!(env.kills(), expect);
        env.finish(1);
        env.check_started(&[]);
    }
}

#[test]
fn what_ends_is_kept_with_what_became_of_it() {
    let mut env = TestEnv::new();
    env.submit(job("1,2"));
    env.settle(1, "1");
    env.accept(1);
    let ended = env.changes().into_iter().find_map(|change| match change {
        Change::Attempt(attempt) => Some(attempt.clone()),
        _ => None,
    });
    let AttemptState::Ended { outcome, consequence, .. } = ended.unwrap().state else { panic!("not ended") };
    assert_eq!((outcome.frames_done, outcome.frames_missing), (set("1"), set("2")));
    assert_eq!(consequence, "frame 2: back to the queue as before");
}

#[test]
fn a_due_breaker_without_a_free_slot_wakes_nobody() {
    let mut env = TestEnv::bare(1);
    env.submit(job("1-4"));
    let other = farmhand_model::job::PluginChoice { name: "maya".to_owned(), version: None, digest: None };
    env.submit(JobSpec { plugin: other, ..job("1") });
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env.end(1, EndedBy::Itself, farmhand_model::dcc::Decision::QuarantineNode, vec![]);
    env.send(Event::Plugin { name: "maya".to_owned(), state: profile(&[("render", FrameShape::Any)]) });
    assert_eq!(env.started().len(), 1);
    let until = env.now + Seconds(60.0);
    assert_eq!(env.scheduler.next_wakeup(), Some(until));
    env.pass(60.0);
    env.check_started(&[]);
    assert_eq!(env.scheduler.next_wakeup(), None);
    env.finish(2);
    env.check_started(&[(3, "1,2")]);
}

#[test]
fn a_swap_that_changes_nothing_for_a_job_is_not_told_of_it() {
    let mut env = TestEnv::bare(1);
    let shot = env.submit(job("1-4"));
    env.plugin(profile(&[("render", FrameShape::Any)]));
    assert!(env.effects.contains(&Effect::JobTouched(shot)));
    env.plugin(profile(&[("other", FrameShape::Any)]));
    assert!(env.effects.is_empty());
}
