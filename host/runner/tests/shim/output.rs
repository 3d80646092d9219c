//! Output: capped in size and speed, lost on a full disk, and never in the program's way.

use crate::bench::{Bench, SHIM, shell};
use farmhand_model::EndedBy;
use farmhand_runner::{AttemptDir, End, LogFiles, LogLimits, LogTail, ShimSpec};
use std::fs;

const OK: End = End::Ran { exit_code: Some(0), signal: None, by: EndedBy::Itself };
/// More than anything here writes in a second.
const UNHURRIED: LogLimits = LogLimits {
    head_bytes: 1 << 20,
    tail_bytes: 1 << 20,
    bytes_per_second: 1 << 40,
    lines_per_second: 1 << 40,
};

fn log_size(dir: &AttemptDir) -> u64 {
    LogFiles::open(&dir.log()).expect("a log").segments().iter().map(|segment| segment.len).sum()
}

/// The most memory that a process ever held.
fn peak_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn output_and_errors_come_in_the_order_they_were_written() {
    let bench = Bench::new();
    let report = bench.run("both", &shell("echo one; echo two >&2; echo three; printf end")).await;
    assert_eq!((report.log_bytes, report.log_dropped), (17, 0));
    let text = fs::read_to_string(bench.path("both").join("log")).expect("a log");
    assert_eq!(text, "one\ntwo\nthree\nend");
}

#[tokio::test]
async fn a_program_may_close_its_output_early() {
    let bench = Bench::new();
    let done = bench.path("done");
    let script = format!("echo before; exec >&- 2>&-; sleep 0.2; touch {}", done.display());
    let report = bench.run("closed", &shell(&script)).await;
    assert_eq!(report.end, OK);
    assert!(done.exists(), "the end of the output was taken for the end of the program");
    assert_eq!(report.log_bytes, 7);
}

#[tokio::test]
async fn two_hundred_megabytes_keep_a_head_and_a_tail() {
    let bench = Bench::new();
    let script = "seq -f 'line %.0f of a renderer that has a lot to say about every sample it takes' 2700000; \
                  echo the last line";
    let dir = bench.attempt("flood", &ShimSpec { log: UNHURRIED, ..shell(script) });
    let mut attempt = bench.pool.start(&dir).await.expect("a shim");
    let mut tail = LogTail::new(dir.log(), 0);
    let handle = tail.handle();
    let followed = tokio::spawn(async move {
        let (mut count, mut last, mut longest) = (0_u64, String::new(), 0);
        while let Some(mut batch) = tail.next().await {
            longest = longest.max(batch.lines.len());
            count += batch.lines.len() as u64;
            last = batch.lines.pop().unwrap_or(last);
        }
        (count, last, longest)
    });
    let shim = attempt.shim_pid().expect("a shim");
    let report = attempt.wait().await;
    handle.finish();
    let (count, last, longest) = followed.await.expect("the tail");

    assert_eq!((report.end.clone(), report.log_dropped), (OK, 0));
    assert!(report.log_bytes > 200_000_000, "{}", report.log_bytes);
    assert!(peak_kib(shim) < 16_384, "the shim took {} KiB", peak_kib(shim));
    assert!(log_size(&dir) <= 2 << 20, "{} bytes on disk", log_size(&dir));
    // How much the tail saw before it was dropped depends on the machine; that it goes on to the end does not.
    assert_eq!(last, "the last line");
    assert!(longest <= 64 && count > 10_000, "{longest} {count}");
    assert!(fs::read_to_string(dir.log()).expect("the head").starts_with("line 1 of"));
}

#[tokio::test]
async fn the_tail_keeps_up_when_nothing_is_dropped() {
    let bench = Bench::new();
    let limits = LogLimits { head_bytes: 1 << 30, ..UNHURRIED };
    let dir = bench.attempt("fast", &ShimSpec { log: limits, ..shell("seq 500000") });
    let mut attempt = bench.pool.start(&dir).await.expect("a shim");
    let mut tail = LogTail::new(dir.log(), 0);
    let handle = tail.handle();
    let followed = tokio::spawn(async move {
        let mut next = 1_u32;
        while let Some(batch) = tail.next().await {
            for line in batch.lines {
                assert_eq!(line, next.to_string());
                next += 1;
            }
        }
        next
    });
    attempt.wait().await;
    handle.finish();
    assert_eq!(followed.await.expect("the tail"), 500_001);
}

#[tokio::test]
async fn a_flood_without_an_end_of_line_is_no_different() {
    let bench = Bench::new();
    let script = "head -c 50000000 /dev/zero; printf end";
    let dir = bench.attempt("zeroes", &ShimSpec { log: UNHURRIED, ..shell(script) });
    let report = bench.pool.start(&dir).await.expect("a shim").wait().await;
    assert_eq!((report.end, report.log_bytes, report.log_dropped), (OK, 50_000_003, 0));
    assert!(log_size(&dir) <= 2 << 20, "{} bytes on disk", log_size(&dir));
}

#[tokio::test]
async fn what_comes_too_fast_is_counted_and_named() {
    let bench = Bench::new();
    let limits = LogLimits { bytes_per_second: 1000, ..UNHURRIED };
    let dir = bench.attempt("fast", &ShimSpec { log: limits, ..shell("seq 100000") });
    let report = bench.pool.start(&dir).await.expect("a shim").wait().await;
    assert_eq!(report.end, OK);
    let written = (1..=100_000_u64).map(|number| number.to_string().len() as u64 + 1).sum::<u64>();
    let text = fs::read_to_string(dir.log()).expect("a log");
    let kept =
        text.lines().filter(|line| !line.starts_with('[')).map(|line| line.len() as u64 + 1).sum::<u64>();
    assert_eq!(kept + report.log_dropped, written);
    assert!(report.log_dropped > 0);
    assert!(text.contains("of output left out here: they came too fast\n"), "{text}");
}

#[tokio::test]
async fn a_full_disk_does_not_stop_the_program() {
    let bench = Bench::new();
    let done = bench.path("done");
    let dir = bench.attempt("full", &shell(&format!("seq 100000; touch {}", done.display())));
    std::os::unix::fs::symlink("/dev/full", dir.log()).expect("a link");
    let report = bench.pool.start(&dir).await.expect("a shim").wait().await;
    assert_eq!((report.end.clone(), report.log_bytes), (OK, 0));
    assert!(report.log_dropped > 500_000, "{}", report.log_dropped);
    assert!(done.exists());
    assert_eq!(dir.report(), Some(report), "the report has its space");
}

#[tokio::test]
async fn a_limit_on_file_sizes_does_not_stop_the_shim() {
    let limited = format!("ulimit -f 8; exec {SHIM}");
    let bench = Bench::with_shim("/bin/sh", &["-c", &limited]);
    let dir = bench.attempt("limited", &shell("seq 100000"));
    let report = bench.pool.start(&dir).await.expect("a shim").wait().await;
    assert_eq!(report.end, OK);
    let (kept, written) = (report.log_bytes, 588_895);
    assert!(kept > 0 && kept < 20_000, "{kept}");
    assert_eq!(kept + report.log_dropped, written);
    assert_eq!(dir.report(), Some(report));
}
