//! How many attempts that do nothing go through shims in a second, two at a time, beside starting the same program
//! directly. `cargo run --release -p farmhand-runner --example noop_rate [ATTEMPTS]`
#![expect(clippy::print_stdout, reason = "a program for people")]

use farmhand_runner::{AttemptDir, EnvSpec, LogTail, ShimPool, ShimSpec};
use std::error::Error;
use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Instant;

const AT_ONCE: usize = 2;
const PROGRAM: &str = "/bin/true";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let first = args.next();
    if first.as_deref() == Some("shim".as_ref()) {
        return Ok(farmhand_runner::shim_main(args));
    }
    let attempts = first.and_then(|count| count.to_str()?.parse().ok()).unwrap_or(4000);
    let root = std::env::temp_dir().join(format!("farmhand-noop-rate-{}", std::process::id()));
    std::fs::create_dir(&root)?;
    let measured = measure(&root, attempts);
    std::fs::remove_dir_all(&root)?;
    measured.map(|()| ExitCode::SUCCESS)
}

fn measure(root: &Path, attempts: usize) -> Result<(), Box<dyn Error>> {
    let raw = rate(attempts, || spawn_directly(attempts))?;
    let runtime = tokio::runtime::Runtime::new()?;
    let shims = rate(attempts, || runtime.block_on(through_shims(root, attempts)))?;
    println!("{AT_ONCE} at a time, {attempts} times {PROGRAM}:");
    println!("  started directly   {raw:7.0}/s");
    println!("  through shims      {shims:7.0}/s   ({:.2} of it)", shims / raw);
    Ok(())
}

fn rate(attempts: usize, run: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    run()?;
    Ok(attempts as f64 / start.elapsed().as_secs_f64())
}

fn spawn_directly(attempts: usize) -> Result<(), Box<dyn Error>> {
    let one_after_the_other = move || {
        for _ in 0..attempts / AT_ONCE {
            Command::new(PROGRAM).stdin(Stdio::null()).status()?;
        }
        Ok::<_, std::io::Error>(())
    };
    let threads: Vec<_> = (0..AT_ONCE).map(|_| std::thread::spawn(one_after_the_other)).collect();
    for thread in threads {
        thread.join().map_err(|_| "a thread panicked")??;
    }
    Ok(())
}

async fn through_shims(root: &Path, attempts: usize) -> Result<(), Box<dyn Error>> {
    let pool = ShimPool::new(std::env::current_exe()?, vec![OsString::from("shim")]);
    let mut lanes = tokio::task::JoinSet::new();
    for lane in 0..AT_ONCE {
        let (pool, root) = (pool.clone(), root.join(lane.to_string()));
        lanes.spawn(async move {
            for number in 0..attempts / AT_ONCE {
                run_one(&pool, &root.join(number.to_string())).await.map_err(|error| error.to_string())?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(lane) = lanes.join_next().await {
        lane??;
    }
    Ok(())
}

/// All that a daemon does for an attempt but for deciding and remembering.
async fn run_one(pool: &ShimPool, path: &Path) -> Result<(), Box<dyn Error>> {
    let dir = AttemptDir::create(path)?;
    let env = EnvSpec::Only(vec![("PATH".into(), "/usr/bin:/bin".into())]);
    dir.write_command(&ShimSpec { env, ..ShimSpec::new(PROGRAM, Vec::<String>::new()) })?;
    let mut tail = LogTail::new(dir.log(), 0);
    let handle = tail.handle();
    let mut attempt = pool.start(&dir).await?;
    let (report, ()) = tokio::join!(
        async {
            let report = attempt.wait().await;
            handle.finish();
            report
        },
        async { while tail.next().await.is_some() {} }
    );
    match report.exit_code() {
        Some(0) => Ok(()),
        _ => Err(format!("{report:?}").into()),
    }
}
