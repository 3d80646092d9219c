//! The same attempts with the Blender of this machine, where it has one. `FARMHAND_RECORD_LOGS=1` keeps what it
//! prints as the logs under `tests/logs`.

use crate::cases::{self, Case, FARM};
use crate::golden::{self, logs};
use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command as Process, Stdio};

fn version() -> Option<String> {
    let output = Process::new("blender").arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.lines().next()?.strip_prefix("Blender ")?.to_owned())
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

/// What must be the same whatever the machine is: images, faults without their figures, the decision.
fn essence(case: &Case, farm: &str, log: &str, exit: i32) -> Vec<String> {
    let replayed = golden::replay(&case.task(farm), log, exit);
    let mut essence: Vec<String> = replayed
        .events
        .iter()
        .filter_map(|event| match event {
            Event::FrameDone(image) => Some(format!("done {} {:?}", image.frame, image.place)),
            Event::Fault(fault) => Some(format!("fault {:?} {:?}", fault.severity, fault.cause)),
            _ => None,
        })
        .map(|line| line.replace(farm, FARM))
        .collect();
    essence.push(format!("{:?}", replayed.verdict.decision));
    essence
}

#[test]
fn a_real_blender_does_what_was_recorded() {
    let record = std::env::var_os("FARMHAND_RECORD_LOGS").is_some();
    // Other versions have other denoisers and other words; the recorded logs stand for them.
    if version().is_none_or(|version| !version.starts_with("3.4")) {
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
    let cases = cases::blender_3_4();
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
    let name = case.name;
    let log = Path::new(farm).join(format!("{name}.log"));
    let task = case.task(farm);
    let exit = render(&task, &log);
    let printed = String::from_utf8_lossy(&fs::read(&log).unwrap()).into_owned();
    if exit != case.exit {
        return vec![format!("{name}: exit code {exit}\n{printed}")];
    }
    let actual = essence(case, farm, &printed, exit);
    let mut failures = Vec::new();
    for event in golden::replay(&task, &printed, exit).events {
        if let Event::FrameDone(image) = event
            && fs::metadata(&image.path).map_or(0, |file| file.len()) == 0
        {
            failures.push(format!("{name}: {} is not there", image.path));
        }
    }
    for output in Blender::build_command(&task).unwrap().outputs {
        let (Output::Image(Image { path, .. }) | Output::Movie(Movie { path, .. })) = output;
        if actual.last().unwrap() == "Accept" && !Path::new(&path).exists() {
            failures.push(format!("{name}: {path} was promised and is not there"));
        }
    }
    let recorded = logs().join(format!("{name}.log"));
    if record {
        fs::write(recorded, printed.replace(farm, FARM)).unwrap();
        return failures;
    }
    let expected = essence(case, FARM, &fs::read_to_string(recorded).unwrap(), case.exit);
    if actual != expected {
        failures.push(format!("{name}: {actual:?} instead of {expected:?}\n{printed}"));
    }
    failures
}
