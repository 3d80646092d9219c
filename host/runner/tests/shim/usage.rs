//! What a process tree takes, and how it stands behind others: real processes that allocate, spin, fork, read and write.

use crate::bench::{Bench, eventually, shell};
use farmhand_model::Seconds;
use farmhand_runner::{AttemptDir, CgroupSpec, End, IoClass, KillReason, OutOfMemory, ShimSpec};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;

const MIB: u64 = 1 << 20;
/// What a shell, `dd` and their libraries hold besides what they were told to.
const OTHERS: u64 = 24 * MIB;

/// Two processes that hold so much each for ever, one of which left its group and its parent.
fn hold(dir: &Path, mib: u64) -> ShimSpec {
    // `dd` fills its whole buffer and then waits for a pipe that nobody empties.
    let pipe = dir.join("pipe");
    shell(&format!(
        "mkfifo {0}; exec 3<>{0}; hold='dd if=/dev/zero of={0} bs={mib}M count=1'; (setsid $hold &) ; $hold",
        pipe.display()
    ))
}

fn log(bench: &Bench, name: &str) -> String {
    fs::read_to_string(bench.path(name).join("log")).expect("a log")
}

#[tokio::test]
async fn memory_of_all_processes_counts_at_the_same_time() {
    let bench = Bench::new();
    let mut running = bench.start("two", &hold(bench.root.path(), 64)).await;
    let dir = running.dir().clone();
    let seen =
        eventually("both buffers", || dir.live_usage().filter(|usage| usage.memory_bytes > Some(128 * MIB)));
    assert!(seen.memory_bytes < Some(128 * MIB + OTHERS), "{seen:?}");
    running.kill(KillReason::Cancel).expect("a request");
    let report = running.wait().await;
    let peak = report.usage.peak_memory_bytes.expect("a peak");
    assert!((128 * MIB..128 * MIB + OTHERS).contains(&peak), "{peak}");
}

#[tokio::test]
async fn a_peak_between_two_looks_is_known_all_the_same() {
    let bench = Bench::new();
    let report = bench.run("spike", &shell("dd if=/dev/zero of=/dev/null bs=96M count=1; exit 3")).await;
    let peak = report.usage.peak_memory_bytes.expect("a peak");
    assert!((96 * MIB..96 * MIB + OTHERS).contains(&peak), "{peak}");
    let small = bench.run("small", &shell("exit 0")).await;
    assert!(small.usage.peak_memory_bytes < Some(OTHERS), "{small:?}");
}

#[tokio::test]
async fn cpu_time_of_forked_children_that_ended_counts() {
    let bench = Bench::new();
    let spin = "sh -c 'i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done'";
    let report = bench.run("spin", &shell(&format!("{spin}; {spin} & {spin} & wait; times"))).await;
    // What the shell says of itself and of its children: `0m0.01s 0m0.00s`, twice.
    let text = log(&bench, "spin");
    let times: Vec<f64> = text
        .split_whitespace()
        .map(|time| {
            let (minutes, seconds) = time.trim_end_matches('s').split_once('m').expect("a time");
            60.0 * minutes.parse::<f64>().expect("minutes") + seconds.parse::<f64>().expect("seconds")
        })
        .collect();
    let [user, system, children_user, children_system] = times[..] else { panic!("{text}") };
    let children = children_user + children_system;
    let used = report.usage.cpu_seconds.expect("a CPU time");
    assert!(children > 0.0, "{text}");
    // The shell rounds to hundredths of a second.
    assert!(used > children - 0.02 && used < children + user + system + 0.2, "{used} and {text}");
}

#[tokio::test]
async fn what_children_wrote_counts_to_the_byte_and_only_once() {
    let bench = Bench::new();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("io-{}", std::process::id()));
    let script = format!(
        "dd if=/dev/zero of={0} bs=1M count=8 conv=fsync 2>/dev/null; rm {0}; cat /proc/$$/io",
        file.display()
    );
    // How much of it reaches a disk is the file system's to say: the kernel's own count for the shell is what has to
    // come out, be it nothing.
    let report = bench.run("writes", &shell(&script)).await;
    let text = log(&bench, "writes");
    let own = |name: &str| -> Option<u64> {
        text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")?.parse().ok())
    };
    assert!(own("write_bytes").is_some(), "{text}");
    assert_eq!(report.usage.written_bytes, own("write_bytes"));
    assert!(report.usage.read_bytes >= own("read_bytes"), "{report:?} and {text}");

    let after = bench.run("after", &shell("exit 0")).await;
    assert_eq!(after.usage.written_bytes, Some(0), "it has what the one before wrote");
}

#[tokio::test]
async fn the_figures_survive_a_killed_shim() {
    let bench = Bench::new();
    let mut running = bench.start("killed", &hold(bench.root.path(), 32)).await;
    let dir = running.dir().clone();
    eventually("both buffers", || (dir.live_usage()?.memory_bytes? > 64 * MIB).then_some(()));
    let shim = i32::try_from(running.shim_pid().expect("a shim")).expect("a process id");
    kill(Pid::from_raw(shim), Signal::SIGKILL).expect("a process");
    let report = running.wait().await;
    assert!(matches!(report.end, End::Lost { .. }), "{report:?}");
    assert!(report.usage.peak_memory_bytes > Some(64 * MIB), "{report:?}");
    assert_eq!(AttemptDir::open(bench.path("killed")).report(), Some(report));
}

#[tokio::test]
async fn what_never_ran_took_nothing() {
    let bench = Bench::new();
    let report = bench.run("missing", &ShimSpec::new("/nowhere/blender", ["-b"])).await;
    assert_eq!(report.usage(), farmhand_model::Usage::default());
}

#[tokio::test]
async fn io_is_of_the_class_that_was_asked_for_and_of_no_other_attempt() {
    let bench = Bench::new();
    let ask = async |name: &str, io| {
        bench.run(name, &ShimSpec { io, ..shell("ionice; ionice -p $$") }).await;
        log(&bench, name)
    };
    let before = ask("before", IoClass::Normal).await;
    assert_eq!(ask("low", IoClass::Low).await, "best-effort: prio 7\n".repeat(2));
    assert_eq!(ask("idle", IoClass::Idle).await, "idle\n".repeat(2));
    let after = ask("after", IoClass::Normal).await;
    let class = |text: &str| text.split(':').next().map(str::to_owned);
    assert!(before.contains("prio") && class(&before) != Some("idle".to_owned()), "{before}");
    assert!(!after.contains("idle") && !after.contains("prio 7"), "{after}");
}

/// A stand-in for the kernel's files of one cgroup, which is there already.
fn cgroup(bench: &Bench, events: &str) -> CgroupSpec {
    let path = bench.path("farmhand-attempt-1");
    fs::create_dir_all(&path).expect("a directory");
    for (name, text) in [
        ("cgroup.procs", ""),
        ("memory.max", "max"),
        ("memory.peak", "1000000\n"),
        ("memory.events", events),
        ("cpu.stat", "usage_usec 9000000000\n"),
        ("io.stat", "8:0 rbytes=123456789012 wbytes=0\n"),
    ] {
        fs::write(path.join(name), text).expect("a file");
    }
    CgroupSpec { path, cpu_weight: 20, memory_max: Some(1 << 30) }
}

#[tokio::test]
async fn an_attempt_runs_in_its_cgroup_whose_figures_are_the_better_ones() {
    let bench = Bench::new();
    for (events, expect) in [
        ("oom 0\noom_kill 0\n", None),
        ("oom 1\noom_kill 1\n", Some(OutOfMemory::Limit)),
        ("oom 0\noom_kill 1\n", Some(OutOfMemory::Machine)),
    ] {
        let spec = cgroup(&bench, events);
        let path = spec.path.clone();
        let name = events.replace('\n', " ");
        let report = bench.run(&name, &ShimSpec { cgroup: Some(spec), ..shell("exit 4") }).await;
        assert_eq!(report.exit_code(), Some(4));
        assert_eq!(report.out_of_memory, expect, "{events}");
        let told = |name: &str| fs::read_to_string(path.join(name)).expect("a file");
        assert_eq!((told("cgroup.procs").as_str(), told("memory.max").as_str()), ("0", "1073741824"));
        let usage = report.usage;
        assert_eq!(usage.peak_memory_bytes, Some(1_000_000), "more than the kernel charged");
        assert_eq!((usage.cpu_seconds, usage.read_bytes), (Some(9000.0), Some(123_456_789_012)));
    }
}

#[tokio::test]
async fn one_that_its_cgroup_does_not_let_in_runs_without() {
    let bench = Bench::new();
    let path = bench.path("no-kernel-here");
    let spec = CgroupSpec { path: path.clone(), cpu_weight: 20, memory_max: None };
    let report = bench.run("out", &ShimSpec { cgroup: Some(spec), ..shell("exit 5") }).await;
    assert_eq!(report.exit_code(), Some(5));
    assert!(!path.exists(), "it was left behind");

    let nowhere = CgroupSpec { path: bench.path("no/parent"), cpu_weight: 20, memory_max: None };
    let spec = ShimSpec { cgroup: Some(nowhere), linger: Seconds(1.0), ..shell("exit 6") };
    assert_eq!(bench.run("nowhere", &spec).await.exit_code(), Some(6));
}
