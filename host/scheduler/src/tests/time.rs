//! Where a job's time goes.

use crate::Event;
use crate::test_env::{TestEnv, job, outcome, profile};
use farmhand_model::dcc::{Decision, FrameShape, Outcome};
use farmhand_model::job::TimeSpent;
use farmhand_model::{AttemptId, Chunking, EndedBy, JobId, JobSpec, JobStatus, Seconds};

/// What happens to the only attempt of a job, in order; the numbers are seconds that pass.
#[derive(Clone, Copy)]
enum Step {
    Pass(f64),
    Running,
    Begin(i32),
    /// A frame that took so long, where somebody could tell.
    Settle(i32, Option<f64>),
    Skip(i32),
    /// After the process had lived so long.
    ProcessEnded(f64),
    Restart,
}

use Step::{Begin, Pass, ProcessEnded, Restart, Running, Settle, Skip};

/// One slot.
fn env() -> TestEnv {
    let mut env = TestEnv::bare(1);
    env.plugin(profile(&[("render", FrameShape::Any)]));
    env
}

fn restart(env: &mut TestEnv) {
    env.restart();
    env.plugin(profile(&[("render", FrameShape::Any)]));
}

fn take(env: &mut TestEnv, step: Step) {
    let attempt = AttemptId(1);
    match step {
        Pass(seconds) => env.pass(seconds),
        Running => env.running(1),
        Begin(frame) => env.begin(1, frame),
        Settle(frame, seconds) => {
            let path = format!("{frame}.png");
            env.send(Event::FrameSettled { attempt, frame, path, bytes: 1, seconds, skipped: false });
        }
        Skip(frame) => {
            let path = format!("{frame}.png");
            env.send(Event::FrameSettled { attempt, frame, path, bytes: 1, seconds: None, skipped: true });
        }
        ProcessEnded(seconds) => env.send(Event::ProcessEnded { attempt, seconds: Seconds(seconds) }),
        Restart => restart(env),
    }
}

fn spent(env: &TestEnv, job: JobId) -> TimeSpent {
    env.scheduler.time_spent(job, env.now).unwrap()
}

fn near(time: TimeSpent, expect: [f64; 4]) {
    let TimeSpent { waiting, starting, rendering, verifying } = time;
    let is_near =
        [waiting, starting, rendering, verifying].iter().zip(expect).all(|(a, b)| (a - b).abs() < 1e-6);
    assert!(is_near, "{time:?} is not {expect:?}");
}

/// Waiting, starting, rendering and verifying of a job whose attempt went so; the same while it lives and after its
/// end. Whatever a test does not say, its process was lost without a word of how long it lived.
fn check(steps: Vec<Step>, expect: [f64; 4]) {
    let mut env = env();
    let shot = env.submit(JobSpec { chunk: Chunking::Whole, ..job("1-3") });
    for step in steps {
        take(&mut env, step);
    }
    near(spent(&env, shot), expect);
    env.send(Event::Cancel(shot));
    env.end_as(
        1,
        Outcome { seconds: Seconds(0.0), ..outcome(EndedBy::Cancel, Vec::new()) },
        Decision::Accept,
    );
    assert_eq!(env.status(shot), JobStatus::Cancelled);
    near(spent(&env, shot), expect);
    env.pass(100.0);
    near(spent(&env, shot), expect);
    let record = env.scheduler.record(shot).unwrap();
    near(record.time, expect);
    assert_eq!(record.idle_since, None);
}

#[test]
fn an_attempt_starts_renders_and_is_verified() {
    let whole = || {
        vec![
            Pass(1.0),
            Running,
            Pass(4.0),
            Begin(1),
            Pass(10.0),
            Settle(1, None),
            Pass(5.0),
            ProcessEnded(18.0),
        ]
    };
    // The process lived 18 s from when it was there, so that its end was seen a second late.
    check(whole(), [0.0, 5.0, 14.0, 1.0]);
    check(whole().into_iter().chain([Pass(7.0)]).collect(), [0.0, 5.0, 14.0, 8.0]);
    // Daemons come and go.
    let steps = whole().into_iter().flat_map(|step| [step, Restart]);
    check(steps.chain([Pass(7.0)]).collect(), [0.0, 5.0, 14.0, 8.0]);
}

#[test]
fn what_has_come_to_no_frame_is_starting() {
    check(vec![Pass(3.0)], [0.0, 3.0, 0.0, 0.0]);
    check(vec![Pass(3.0), Running, Pass(4.0)], [0.0, 7.0, 0.0, 0.0]);
    check(vec![Pass(3.0), Running, Pass(4.0), ProcessEnded(4.0), Pass(1.0)], [0.0, 8.0, 0.0, 0.0]);
    check(vec![Pass(3.0), Skip(1), Skip(2)], [0.0, 3.0, 0.0, 0.0]);
}

#[test]
fn a_first_frame_that_nobody_announced_is_known_by_its_length() {
    check(vec![Pass(1.0), Running, Pass(9.0), Settle(1, Some(6.0))], [0.0, 4.0, 6.0, 0.0]);
    // It cannot have begun before its process.
    check(vec![Pass(1.0), Running, Pass(9.0), Settle(1, Some(1e300))], [0.0, 1.0, 9.0, 0.0]);
}

#[test]
fn a_program_that_tells_of_no_frame_renders_while_it_runs() {
    let steps = vec![Pass(2.0), Running, Pass(8.0), ProcessEnded(8.0), Settle(1, None), Pass(1.0)];
    check(steps, [0.0, 2.0, 8.0, 1.0]);
}

#[test]
fn lines_that_are_read_late_make_no_time_of_their_own() {
    let steps = vec![Pass(1.0), Running, Pass(4.0), ProcessEnded(3.0), Begin(1), Pass(1.0)];
    check(steps, [0.0, 4.0, 0.0, 2.0]);
    // A process does not end later than now, whatever clock its shim had.
    check(vec![Running, Pass(4.0), Begin(1), ProcessEnded(99.0)], [0.0, 4.0, 0.0, 0.0]);
}

#[test]
fn steps_are_on_record() {
    let mut env = env();
    env.submit(job("1,2"));
    env.pass(1.0);
    env.running(1);
    env.pass(2.0);
    env.begin(1, 1);
    env.pass(3.0);
    env.begin(1, 2);
    env.send(Event::ProcessEnded { attempt: AttemptId(1), seconds: Seconds(4.0) });
    let record = env.scheduler.attempt(AttemptId(1)).unwrap();
    let since = |at: Option<farmhand_model::Timestamp>| at.unwrap().since(record.started).0;
    let steps = record.steps;
    assert_eq!((since(steps.running), since(steps.first_frame), since(steps.process_ended)), (1.0, 3.0, 5.0));
}

#[test]
fn waiting_is_when_nothing_of_it_runs() {
    let mut env = env();
    let first = env.submit(job("1"));
    let second = env.submit(job("1-4"));
    env.pass(10.0);
    near(spent(&env, second), [10.0, 0.0, 0.0, 0.0]);
    restart(&mut env);
    env.pass(5.0);
    env.finish(1);
    near(spent(&env, second), [15.0, 0.0, 0.0, 0.0]);
    env.pass(3.0);
    // The next attempt starts in the same turn.
    env.finish(2);
    env.send(Event::Pause(second));
    env.pass(4.0);
    near(spent(&env, second), [15.0, 7.0, 0.0, 0.0]);
    env.finish(3);
    assert_eq!(env.status(second), JobStatus::Done);
    assert_eq!(env.status(first), JobStatus::Done);
    near(spent(&env, first), [0.0, 15.0, 0.0, 0.0]);
    // What has ended does not wait, and does again when somebody wants more of it.
    env.pass(1000.0);
    near(spent(&env, second), [15.0, 7.0, 0.0, 0.0]);
    let blocker = env.submit(job("1"));
    env.send(Event::Retry { job: second, frames: Some("2".parse().unwrap()) });
    env.pass(2.0);
    near(spent(&env, second), [17.0, 7.0, 0.0, 0.0]);
    env.send(Event::Cancel(second));
    near(spent(&env, second), [17.0, 7.0, 0.0, 0.0]);
    assert_eq!(env.status(blocker), JobStatus::Running);
}

#[test]
fn attempts_side_by_side_are_added_up() {
    let mut env = TestEnv::new();
    let shot = env.submit(job("1-4"));
    env.pass(10.0);
    env.begin(1, 1);
    env.begin(2, 3);
    env.pass(5.0);
    near(spent(&env, shot), [0.0, 20.0, 10.0, 0.0]);
}
