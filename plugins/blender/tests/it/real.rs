//! Cases of the corpus once more with the Blender of this machine, where it has the version that they name.
//! `FARMHAND_RECORD_LOGS=1` keeps what it prints as their logs.

use crate::cases;
use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use farmhand_sdk::testing::Case;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command as Process, Stdio};

/// Stands in the corpus for the directory that its cases were rendered in.
const FARM: &str = "/farm";

fn version() -> Option<String> {
    let output = Process::new("blender").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.strip_prefix("Blender ")?.to_owned())
}

/// The task of a case, in this farm's directory.
fn placed(case: &Case, farm: &str) -> Task {
    let mut task = Task { threads: 1, ..case.task.clone() };
    let there = |path: &str| path.replace(FARM, farm);
    task.job.scene = there(&task.job.scene);
    task.job.output = task.job.output.as_deref().map(there);
    let options = serde_json::to_string(&task.job.raw_options).unwrap();
    task.job.raw_options = serde_json::from_str(&there(&options)).unwrap();
    (task.scratch, task.staging) = (there(&task.scratch), there(&task.staging));
    task
}

/// Runs what the plugin says, with standard error in the log as a host has it.
fn render(task: &Task, log: &Path) -> i32 {
    let command = Blender::build_command(task).unwrap();
    for directory in [&task.scratch, &task.staging] {
        let _ = fs::remove_dir_all(directory);
        fs::create_dir_all(directory).unwrap();
    }
    for file in &command.files {
        fs::write(path::join(&task.scratch, &file.path), &file.contents).unwrap();
    }
    let log = File::create(log).unwrap();
    let status = Process::new("blender")
        .args(&command.args)
        .envs(command.env)
        .current_dir(&task.scratch)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .status()
        .unwrap();
    status.code().unwrap_or(-1)
}

fn is_there(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > 0)
}

/// How it ended, with the images that really are there.
fn outcome(task: &Task, events: &[Event], exit_code: i32) -> Outcome {
    let movie = |output: &Output| matches!(output, Output::Movie(movie) if is_there(&movie.path));
    let movie = exit_code == 0 && Blender::build_command(task).unwrap().outputs.iter().any(movie);
    let done = |frame: i32| {
        movie
            || events.iter().any(|event| match event {
                Event::FrameDone(image) | Event::FrameSkipped(image) => {
                    image.frame == frame && is_there(&image.path)
                }
                _ => false,
            })
    };
    let (frames_done, frames_missing) = task.frames.iter().partition::<Vec<_>, _>(|frame| done(*frame));
    Outcome {
        exit_code: Some(exit_code),
        frames_done: frames_done.into_iter().collect(),
        frames_missing: frames_missing.into_iter().collect(),
        ..Outcome::default()
    }
}

/// What must be the same whatever the machine is: images, faults without their figures, the decision.
fn essence(task: &Task, events: &[Event], outcome: &Outcome) -> Vec<String> {
    let mut essence: Vec<String> = events
        .iter()
        .filter_map(|event| match event {
            Event::FrameDone(image) => Some(format!("done {} {:?}", image.frame, image.place)),
            Event::Fault(fault) => Some(format!("fault {:?} {:?}", fault.severity, fault.cause)),
            _ => None,
        })
        .collect();
    essence.push(format!("verified {}", outcome.frames_done));
    essence.push(format!("{:?}", Blender::judge(task, outcome).unwrap().decision));
    essence
}

#[test]
fn a_real_blender_does_what_was_recorded() {
    let record = std::env::var_os("FARMHAND_RECORD_LOGS").is_some();
    let Some(version) = version() else { return };
    // Other versions have other denoisers and other words; the recorded logs stand for them.
    let mut cases = cases::all();
    cases.retain(|case| case.ask_again.as_ref().is_some_and(|asked| version.starts_with(asked)));
    if cases.is_empty() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let farm = directory.path().canonicalize().unwrap().to_str().unwrap().to_owned();
    let scenes = Process::new("blender")
        .args(["-b", "-noaudio", "--factory-startup", "--python-exit-code", "1", "-P"])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenes.py"))
        .args(["--", &farm])
        .output()
        .unwrap();
    assert!(scenes.status.success(), "{}", String::from_utf8_lossy(&scenes.stdout));

    // Two at a time: a Blender mostly waits for itself while it starts.
    let failures: Vec<String> = std::thread::scope(|scope| {
        let half = cases.len() / 2;
        let halves = [&cases[..half], &cases[half..]].map(|half| {
            let farm = &farm;
            scope.spawn(move || half.iter().flat_map(|case| check(case, farm, record)).collect::<Vec<_>>())
        });
        halves.into_iter().flat_map(|half| half.join().unwrap()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Runs one case, and says what is not as it was recorded.
fn check(case: &Case, farm: &str, record: bool) -> Vec<String> {
    let name = case.name();
    let log = Path::new(farm).join(format!("{name}.log"));
    let task = placed(case, farm);
    let exit = render(&task, &log);
    let printed = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
    if Some(exit) != case.outcome.exit_code {
        return vec![format!("{name}: exit code {exit}\n{printed}")];
    }
    let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    let events = cases::events(&task, &lines);
    let outcome = Case { outcome: outcome(&task, &events, exit), ..case.clone() }.outcome_with(&events);
    let actual: Vec<String> =
        essence(&task, &events, &outcome).iter().map(|line| line.replace(farm, FARM)).collect();
    let mut failures = Vec::new();
    for output in Blender::build_command(&task).unwrap().outputs {
        let (Output::Image(Image { path, .. }) | Output::Movie(Movie { path, .. })) = output;
        if actual.last().unwrap() == "Accept" && !Path::new(&path).exists() {
            failures.push(format!("{name}: {path} was promised and is not there"));
        }
    }
    if record {
        failures.extend(case.record(&printed.replace(farm, FARM)).err());
        return failures;
    }
    let recorded = cases::events(&case.task, &case.log);
    let expected = essence(&case.task, &recorded, &case.outcome_with(&recorded));
    if actual != expected {
        failures.push(format!("{name}: {actual:?} instead of {expected:?}\n{printed}"));
    }
    failures
}
