//! Who dies when, and that every attempt still has exactly one end.

use crate::bench::{Bench, SHIM, eventually, is_alive, pid_in, shell};
use farmhand_model::{EndedBy, Seconds};
use farmhand_runner::{Activity, AttemptDir, DirState, End, KillReason, RunningAttempt, ShimPool, ShimSpec};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::process::{Command, Stdio};

fn send(pid: u32, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(pid).expect("a process id")), signal).expect("a process");
}

fn patient(script: &str) -> ShimSpec {
    ShimSpec { linger: Seconds(600.0), grace: Seconds(600.0), ..shell(script) }
}

fn exit(code: i32) -> End {
    End::Ran { exit_code: Some(code), signal: None, by: EndedBy::Itself }
}

#[tokio::test]
async fn an_attempt_outlives_its_daemon_and_is_adopted_while_it_runs() {
    let mut bench = Bench::new();
    let go = bench.path("go");
    let script =
        format!("echo started; while [ ! -e {} ]; do sleep 0.01; done; echo ended; exit 4", go.display());
    let running = bench.start("outlives", &patient(&script)).await;
    let dir = running.dir().clone();
    eventually("output", || fs::read_to_string(dir.log()).ok()?.contains("started").then_some(()));
    let shim = running.shim_pid().expect("a shim");
    // The daemon's end of both pipes closes, as on its death.
    drop(running);
    bench.pool = ShimPool::new(SHIM.into(), Vec::new());

    let mut adopted = RunningAttempt::adopt(dir.clone()).expect("a directory");
    assert_eq!(dir.state().expect("a state"), DirState::Held);
    assert_eq!(adopted.shim_pid(), Some(shim));
    fs::write(&go, "").expect("a file");
    let report = adopted.wait().await;
    assert_eq!(report.end, exit(4));
    assert_eq!(fs::read_to_string(dir.log()).expect("a log"), "started\nended\n");
    assert_eq!(adopted.wait().await, report, "asked again, the same answer");
    eventually("the shim's own end", || (!is_alive(shim)).then_some(()));
}

#[tokio::test]
async fn an_attempt_that_ended_without_a_daemon_is_settled_from_its_directory() {
    let bench = Bench::new();
    let running = bench.start("ended", &patient("exit 6")).await;
    let dir = running.dir().clone();
    drop(running);
    eventually("the report", || dir.report());
    assert_eq!(RunningAttempt::adopt(dir).expect("a directory").wait().await.end, exit(6));
}

#[tokio::test]
async fn an_adopted_attempt_can_be_ended() {
    let bench = Bench::new();
    let running = bench.start("adopted", &patient("while :; do sleep 60; done")).await;
    let dir = running.dir().clone();
    let leader = eventually("the program", || dir.owner()?.leader);
    drop(running);
    let mut adopted = RunningAttempt::adopt(dir).expect("a directory");
    adopted.kill(KillReason::DaemonStop).expect("a request");
    let end = End::Ran { exit_code: None, signal: Some(15), by: EndedBy::DaemonStop };
    assert_eq!(adopted.wait().await.end, end);
    assert!(!is_alive(leader.pid));
}

#[tokio::test]
async fn a_shim_that_is_told_to_stop_ends_its_attempt_first() {
    let bench = Bench::new();
    let mut running = bench.start("told", &patient("while :; do sleep 60; done")).await;
    eventually("the program", || running.dir().owner()?.leader);
    send(running.shim_pid().expect("a shim"), Signal::SIGTERM);
    let end = End::Ran { exit_code: None, signal: Some(15), by: EndedBy::DaemonStop };
    assert_eq!(running.wait().await.end, end);
}

#[tokio::test]
async fn a_killed_shim_leaves_nobody_behind() {
    let bench = Bench::new();
    let pids = ["leader", "session"].map(|name| bench.path(&format!("{name}.pid")));
    let [leader, session] = pids.each_ref().map(|path| path.display());
    let script = format!(
        "trap '' TERM HUP; echo $$ > {leader}; (setsid sh -c 'echo $$ > {session}; while :; do sleep 60; done' &) ; \
         while :; do sleep 60; done"
    );
    let mut running = bench.start("killed", &patient(&script)).await;
    let processes = pids.each_ref().map(|path| pid_in(path));
    let dir = running.dir().clone();
    send(running.shim_pid().expect("a shim"), Signal::SIGKILL);
    let report = running.wait().await;
    assert!(matches!(report.end, End::Lost { .. }), "{:?}", report.end);
    assert_eq!(report.ended_by(), EndedBy::Lost);
    assert!(report.leftovers >= 2, "{}", report.leftovers);
    for pid in processes {
        assert!(!is_alive(pid), "{pid} renders on");
    }
    assert_eq!(dir.state().expect("a state"), DirState::Settled(Box::new(report)));
}

#[tokio::test]
async fn a_lost_attempt_is_never_begun_later() {
    let bench = Bench::new();
    let ran = bench.path("ran");
    let dir = bench.attempt("late", &shell(&format!("touch {}", ran.display())));
    assert_eq!(dir.state().expect("a state"), DirState::Lost);
    // A new daemon finds an attempt that no shim has taken, while the line to a shim is still on its way.
    let settled = RunningAttempt::adopt(dir.clone()).expect("a directory").wait().await;
    assert!(matches!(settled.end, End::Lost { .. }));
    let late = bench.pool.start(&dir).await.expect("a shim").wait().await;
    assert_eq!(late, settled);
    assert!(!ran.exists(), "it ran after it was given up");
}

#[tokio::test]
async fn two_shims_never_run_the_same_attempt() {
    let bench = Bench::new();
    let (go, runs) = (bench.path("go"), bench.path("runs"));
    let script =
        format!("echo run >> {}; while [ ! -e {} ]; do sleep 0.01; done", runs.display(), go.display());
    let mut first = bench.start("one", &patient(&script)).await;
    eventually("the first run", || runs.exists().then_some(()));
    let mut second = bench.pool.start(first.dir()).await.expect("a shim");
    let (second, first) = tokio::join!(second.wait(), async {
        tokio::task::spawn_blocking(move || {
            std::thread::sleep(std::time::Duration::from_millis(50));
            fs::write(go, "").expect("a file");
        })
        .await
        .expect("a thread");
        first.wait().await
    });
    assert_eq!(first, second, "both see the one end");
    assert_eq!(fs::read_to_string(runs).expect("a file"), "run\n");
}

#[tokio::test]
async fn a_dead_idle_shim_is_replaced() {
    let bench = Bench::new();
    let mut first = bench.start("first", &shell("exit 0")).await;
    let shim = first.shim_pid().expect("a shim");
    first.wait().await;
    send(shim, Signal::SIGKILL);
    eventually("its death", || (!is_alive(shim)).then_some(()));
    assert_eq!(bench.run("second", &shell("exit 2")).await.end, exit(2));
}

#[tokio::test]
async fn shims_are_used_again_and_then_replaced() {
    let root = Bench::new();
    let pool = ShimPool::with_limits(SHIM.into(), Vec::new(), 8, 2);
    let mut shims = Vec::new();
    for name in ["a", "b", "c"] {
        let mut running = pool.start(&root.attempt(name, &shell("exit 0"))).await.expect("a shim");
        shims.push(running.shim_pid().expect("a shim"));
        running.wait().await;
    }
    assert_eq!(shims[0], shims[1]);
    assert_ne!(shims[1], shims[2]);
}

#[tokio::test]
async fn a_shim_that_is_no_shim_is_an_error_or_a_loss() {
    let bench = Bench::with_shim("/nowhere/farmhand", &["shim"]);
    let dir = bench.attempt("none", &shell("exit 0"));
    let error = bench.pool.start(&dir).await.expect_err("there is no such program");
    assert!(error.to_string().contains("/nowhere/farmhand"), "{error}");

    let bench = Bench::with_shim("/bin/cat", &[]);
    let report = bench.run("cat", &shell("exit 0")).await;
    assert!(matches!(report.end, End::Lost { .. }));
}

#[test]
fn directories_as_arguments_are_run_in_turn() {
    let root = tempfile::tempdir().expect("a directory");
    let dirs = ["a", "b"].map(|name| {
        let dir = AttemptDir::create(root.path().join(name)).expect("a directory");
        dir.write_command(&shell("exit 9")).expect("a command");
        dir
    });
    let status = Command::new(SHIM)
        .args(dirs.iter().map(AttemptDir::path))
        .stdout(Stdio::null())
        .status()
        .expect("a shim");
    assert!(status.success());
    for dir in dirs {
        assert_eq!(dir.report().expect("a report").end, exit(9));
    }
}

#[tokio::test]
async fn activity_shows_a_tree_at_work() {
    let bench = Bench::new();
    let mut running = bench.start("busy", &shell("(while :; do :; done) & while :; do sleep 60; done")).await;
    let dir = running.dir().clone();
    let cpu = || Activity::look(&dir, None).usage?.so_far.cpu_seconds;
    let start = eventually("a CPU time", cpu);
    eventually("CPU use", || (cpu()? > start + 0.05).then_some(()));
    running.kill(KillReason::Cancel).expect("a request");
    let report = running.wait().await;
    assert!(report.usage.cpu_seconds > cpu(), "{report:?}");
}
