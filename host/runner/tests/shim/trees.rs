//! Process trees: how they end, and that all of them does.

use crate::bench::{Bench, eventually, is_alive, pid_in, shell};
use farmhand_model::{EndedBy, Seconds};
use farmhand_runner::{AttemptDir, DirState, End, EnvSpec, KillReason, ShimSpec};
use std::fs;

fn ran(exit_code: Option<i32>, signal: Option<i32>, by: EndedBy) -> End {
    End::Ran { exit_code, signal, by }
}

#[tokio::test]
async fn the_report_says_how_the_program_ended() {
    let bench = Bench::new();
    for (name, script, end) in [
        ("ok", "exit 0", ran(Some(0), None, EndedBy::Itself)),
        ("code", "exit 7", ran(Some(7), None, EndedBy::Itself)),
        ("signal", "kill -SEGV $$", ran(None, Some(11), EndedBy::Itself)),
        ("code again, by the same shim", "exit 8", ran(Some(8), None, EndedBy::Itself)),
    ] {
        let report = bench.run(name, &shell(script)).await;
        assert_eq!(report.end, end, "{name}");
        assert_eq!(report.leftovers, 0, "{name}");
        assert!(report.ended >= report.started, "{name}");
        assert!(report.max_rss_bytes.is_some_and(|bytes| bytes > 100_000), "{name}");
        let state = AttemptDir::open(bench.path(name)).state().expect("a state");
        assert_eq!(state, DirState::Settled(Box::new(report)), "{name}");
    }
}

#[tokio::test]
async fn cpu_time_counts_the_whole_tree() {
    let bench = Bench::new();
    // The work is done by a grandchild whose parent does not wait for it.
    let busy = "(sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done' &) ; exit 0";
    let idle = bench.run("idle", &shell("exit 0")).await;
    let report = bench.run("busy", &ShimSpec { linger: Seconds(60.0), ..shell(busy) }).await;
    assert!(report.cpu.0 > idle.cpu.0 + 0.02, "{} and {}", report.cpu.0, idle.cpu.0);
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let bench = Bench::new();
    let missing = bench.run("missing", &ShimSpec::new("/nowhere/blender", ["-b"])).await;
    let End::FailedToStart { message } = missing.end else { panic!("{:?}", missing.end) };
    assert!(message.contains("/nowhere/blender"), "{message}");

    let dir = bench.attempt("garbled", &shell("exit 0"));
    fs::write(dir.path().join("command.json"), "{").expect("a file");
    let garbled = bench.pool.start(&dir).await.expect("a shim").wait().await;
    let End::FailedToStart { message } = &garbled.end else { panic!("{:?}", garbled.end) };
    assert!(message.contains("command.json"), "{message}");
    assert_eq!(dir.report(), Some(garbled));
}

#[tokio::test]
async fn the_environment_is_what_was_asked_for() {
    let bench = Bench::new();
    let script = "env | grep -v -e '^PWD=' -e '^SHLVL=' -e '^_=' -e '^OLDPWD=' | sort";
    let only = EnvSpec::Only(vec![("PATH".into(), "/usr/bin:/bin".into()), ("A".into(), "1 2".into())]);
    bench.run("only", &ShimSpec { env: only, ..shell(script) }).await;
    let marker = format!("FARMHAND_ATTEMPT_DIR={}", bench.path("only").display());
    let text = fs::read_to_string(bench.path("only").join("log")).expect("a log");
    assert_eq!(text, format!("A=1 2\n{marker}\nPATH=/usr/bin:/bin\n"));

    let inherit = EnvSpec::Inherit { remove: vec!["HOME".into()], set: vec![("B".into(), "x".into())] };
    bench.run("inherit", &ShimSpec { env: inherit, ..shell("echo ${HOME-gone} $B; pwd") }).await;
    let text = fs::read_to_string(bench.path("inherit").join("log")).expect("a log");
    assert_eq!(text, format!("gone x\n{}\n", bench.path("inherit").join("scratch").display()));
}

#[tokio::test]
async fn a_child_starts_with_ordinary_signals_and_no_input() {
    let bench = Bench::new();
    bench
        .run("signals", &shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; cat; readlink /proc/self/fd/0"))
        .await;
    let text = fs::read_to_string(bench.path("signals").join("log")).expect("a log");
    let lines: Vec<&str> = text.lines().collect();
    let [blocked, ignored, input] = lines[..] else { panic!("{text}") };
    for (line, name) in [(blocked, "SigBlk:"), (ignored, "SigIgn:")] {
        let mask = u64::from_str_radix(line.trim_start_matches(name).trim(), 16).expect("a mask");
        // Signals 32 and 33 belong to the C library, which hides them from everybody.
        assert_eq!(mask & 0x7fff_ffff, 0, "{text}");
    }
    assert_eq!(input, "/dev/null");
}

#[tokio::test]
async fn ends_only_when_the_whole_tree_has() {
    let bench = Bench::new();
    let done = bench.path("done");
    // A double fork into a session of its own: its parent is gone, its group is its own.
    let script = format!("(setsid sh -c 'sleep 0.3; touch {}' &) ; exit 3", done.display());
    let report = bench.run("double", &ShimSpec { linger: Seconds(60.0), ..shell(&script) }).await;
    assert_eq!(report.end, ran(Some(3), None, EndedBy::Itself));
    assert_eq!(report.leftovers, 0);
    assert!(done.exists(), "the attempt ended before its tree did");
}

#[tokio::test]
async fn what_lingers_too_long_is_ended() {
    let bench = Bench::new();
    let pid = bench.path("pid");
    let script = format!(
        "(setsid sh -c 'echo $$ > {}; trap \"\" TERM; while :; do sleep 60; done' &) ; \
                          while [ ! -s {0} ]; do :; done; exit 0",
        pid.display()
    );
    let report = bench.run("linger", &shell(&script)).await;
    assert_eq!(report.end, ran(Some(0), None, EndedBy::Itself));
    assert!(report.leftovers >= 1, "{report:?}");
    assert!(!is_alive(pid_in(&pid)));
}

#[tokio::test]
async fn a_kill_reaches_everyone_and_says_why() {
    let bench = Bench::new();
    let pids = ["leader", "child", "session"].map(|name| bench.path(&format!("{name}.pid")));
    let [leader, child, session] = pids.each_ref().map(|path| path.display());
    // Nobody here ends when asked, and the third left both the group and the session.
    let script = format!(
        "trap '' TERM; echo $$ > {leader}; (echo $(exec sh -c 'echo $PPID') > {child}; while :; do sleep 60; done) & \
         (setsid sh -c 'trap \"\" TERM; echo $$ > {session}; while :; do sleep 60; done' &) ; \
         while :; do sleep 60; done"
    );
    let mut attempt = bench.start("kill", &shell(&script)).await;
    let running = pids.each_ref().map(|path| pid_in(path));
    assert_eq!(attempt.dir().state().expect("a state"), DirState::Held);
    attempt.kill(KillReason::Stall).expect("a request");
    let report = attempt.wait().await;
    assert_eq!(report.end, ran(None, Some(9), EndedBy::Stall));
    for pid in running {
        assert!(!is_alive(pid), "{pid} lives on");
    }
}

#[tokio::test]
async fn who_ends_when_asked_ends_with_an_exit_code() {
    let bench = Bench::new();
    let ready = bench.path("ready");
    let script = format!("trap 'exit 5' TERM; touch {}; while :; do sleep 0.01; done", ready.display());
    let spec = ShimSpec { grace: Seconds(600.0), ..shell(&script) };
    let mut attempt = bench.start("polite", &spec).await;
    eventually("the trap", || ready.exists().then_some(()));
    attempt.kill(KillReason::Cancel).expect("a request");
    assert_eq!(attempt.wait().await.end, ran(Some(5), None, EndedBy::Cancel));
}

#[tokio::test]
async fn a_stopped_process_can_be_ended_too() {
    let bench = Bench::new();
    let mut attempt =
        bench.start("stopped", &ShimSpec { grace: Seconds(600.0), ..shell("kill -STOP $$") }).await;
    let leader = eventually("the first process", || attempt.dir().owner()?.leader);
    eventually("its stop", || {
        let stat = fs::read_to_string(format!("/proc/{}/stat", leader.pid)).ok()?;
        stat.contains(") T ").then_some(())
    });
    attempt.kill(KillReason::Cancel).expect("a request");
    assert_eq!(attempt.wait().await.end, ran(None, Some(15), EndedBy::Cancel));
}

#[tokio::test]
async fn the_time_limit_ends_it() {
    let bench = Bench::new();
    let spec = ShimSpec { time_limit: Some(Seconds(0.2)), ..shell("while :; do sleep 60; done") };
    let report = bench.run("limit", &spec).await;
    assert_eq!(report.end, ran(None, Some(15), EndedBy::TimeLimit));
    assert!(report.seconds().0 >= 0.2);
}

#[tokio::test]
async fn a_program_that_outpaces_its_killers_is_caught() {
    let bench = Bench::new();
    // Each copy starts the next one in a new session and goes; none lives for long.
    let script = bench.path("hydra.sh");
    fs::write(&script, "trap '' TERM\nsetsid sh \"$0\" &\nsleep 0.005\n").expect("a script");
    let spec = ShimSpec {
        linger: Seconds(0.2),
        grace: Seconds(0.1),
        ..ShimSpec::new("/bin/sh", [script.display().to_string()])
    };
    let report = bench.run("hydra", &spec).await;
    assert_eq!(report.end, ran(Some(0), None, EndedBy::Itself));
    let ours = fs::read_dir("/proc").expect("processes").flatten().filter(|entry| {
        let line = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        String::from_utf8_lossy(&line).contains(&*script.to_string_lossy())
    });
    assert_eq!(ours.count(), 0);
}

#[tokio::test]
async fn one_that_is_nicer_than_the_shim_stays_so() {
    let bench = Bench::new();
    bench.run("nice", &ShimSpec { nice: 7, ..shell("sleep 0.1; nice") }).await;
    assert_eq!(fs::read_to_string(bench.path("nice").join("log")).expect("a log"), "7\n");
}
