//! The command lines, word by word, as files under `tests/golden` that a TD can read. `FARMHAND_ACCEPT=1` writes them.

use crate::{comp, job, task};
use farmhand_nuke::command;
use farmhand_sdk::Gpu;
use farmhand_sdk::prelude::*;
use farmhand_sdk::testing::check_golden;
use serde_json::json;
use std::fmt::Write;
use std::path::Path;

/// 2025-06-26 18:15:23.
const NOW: u64 = 1_750_961_723;

fn cases() -> Vec<(&'static str, Task)> {
    let with = |options, change: fn(&mut Job)| {
        let mut job = job(options);
        change(&mut job);
        job
    };
    let plain = || with(json!({}), |_| ());
    let to_output = |job: &mut Job| job.output = Some("/show/sc010/out/{layer}.####.exr".into());
    let everything = json!({
        "verbosity": 2, "nukex": true, "render_order": true, "size": "proxy", "licence": "interactive",
        "cache_memory": "8G", "views": ["left"], "argv": ["{staging}/a", "b"], "gpu": true,
    });
    let scattered = FrameRuns::new(vec![
        FrameRun { first: 1, last: 5, step: 1 },
        FrameRun { first: 10, last: 10, step: 1 },
        FrameRun { first: 30, last: 50, step: 2 },
    ]);
    let mut everything_script = task(with(everything, |_| ()), 0);
    let card = |index: u32| Gpu { index, uuid: format!("GPU-{index}"), ..Gpu::default() };
    everything_script.gpus = vec![card(2)];
    let everything_execute = Task { level: 1, gpus: vec![card(1), card(2)], ..everything_script.clone() };
    let everything_safe = Task { level: 2, ..everything_script.clone() };
    let mut remapped = plain();
    let rule = |spelled: &str, here: &str| PathRule { spelled: spelled.into(), here: here.into() };
    remapped.path_map = vec![rule("//nas/show", "/show"), rule("X:/", "/mnt/x/"), rule("/a,b", "/c")];
    let mut stereo = with(json!({ "views": ["left", "right"] }), |job| {
        job.output = Some("/show/sc010/renders/{view}/stereo_{v}.####.dpx".into());
    });
    stereo.layers = vec!["Stereo".into()];
    let mut warned = plain();
    warned.hook_scripts = vec![HookScript {
        name: "stamp.py".into(),
        path: "/hooks/stamp.py".into(),
        moment: Moment::AfterFrame,
        on_failure: OnFailure::Warn,
    }];
    vec![
        ("script", task(with(json!({}), to_output), 0)),
        ("script-own-output", task(plain(), 0)),
        ("script-in-scratch", task(with(json!({ "script_place": "scratch" }), to_output), 0)),
        ("script-everything", everything_script),
        ("script-remap", task(remapped.clone(), 0)),
        ("script-stereo", task(stereo.clone(), 0)),
        ("execute", task(plain(), 1)),
        ("execute-moved-to-the-output", task(with(json!({}), to_output), 1)),
        ("execute-scattered-frames", Task { frames: scattered, ..task(plain(), 1) }),
        ("execute-stops-at-errors", task(with(json!({ "continue_on_error": false }), |_| ()), 1)),
        ("execute-full-size", task(with(json!({ "size": "full" }), |_| ()), 1)),
        ("execute-everything", everything_execute),
        ("execute-remap", task(remapped, 1)),
        ("execute-stereo", task(stereo, 1)),
        ("execute-hooks-that-only-warn", task(warned, 1)),
        ("safe", Task { frames: FrameRuns::range(1001, 1001), ..task(plain(), 2) }),
        ("safe-everything", Task { frames: FrameRuns::range(1001, 1001), ..everything_safe }),
    ]
}

fn written(command: &Command) -> String {
    let mut text = format!("{}\n", command.tool);
    let mut args = command.args.iter().peekable();
    while let Some(arg) = args.next() {
        // A switch and its value stand on one line.
        let takes_value =
            ["-V", "-X", "-m", "-c", "-F", "-t", "--view", "--gpu", "--remap"].contains(&arg.as_str());
        match args.next_if(|_| takes_value) {
            Some(value) => writeln!(text, "  {arg} {value}"),
            None => writeln!(text, "  {arg}"),
        }
        .unwrap();
    }
    text.push_str("environment\n");
    for (name, value) in &command.env {
        writeln!(text, "  {name}={value}").unwrap();
    }
    for file in &command.files {
        let header: Vec<&str> = file.contents.lines().take_while(|line| !line.is_empty()).collect();
        writeln!(text, "file {}, removed on success: {}", file.path, file.remove_on_success).unwrap();
        header.iter().for_each(|line| writeln!(text, "  {line}").unwrap());
    }
    text.push_str(if command.outputs.is_empty() { "images: as Nuke tells of them\n" } else { "images\n" });
    for output in &command.outputs {
        let Output::Image(Image { frame, path, place }) = output else { panic!("only images") };
        let place = place.as_ref().map(|place| format!(" -> {place}")).unwrap_or_default();
        writeln!(text, "  {frame} {path}{place}").unwrap();
    }
    text.replace(path::split(&comp()).0, "/show/sc010")
}

#[test]
fn every_command_line_is_as_it_was() {
    let text =
        |(name, task): (&'static str, Task)| (name.to_owned(), written(&command::build(&task, NOW).unwrap()));
    let texts: Vec<_> = cases().into_iter().map(text).collect();
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    if let Err(differences) = check_golden(&dir, &texts) {
        panic!("{differences}");
    }
}

#[test]
fn what_a_level_cannot_do_is_refused_with_its_reason() {
    let refused = |task: &Task| command::build(task, NOW).unwrap_err().message;
    let negative = |level| Task { frames: FrameRuns::range(-5, -3), ..task(job(json!({})), level) };
    assert!(refused(&negative(1)).contains("negative"));
    assert!(command::build(&negative(0), NOW).is_ok());
    let mut hooked = job(json!({}));
    hooked.hook_scripts = vec![HookScript {
        name: "stamp.py".into(),
        path: "/hooks/stamp.py".into(),
        moment: Moment::BeforeFrame,
        on_failure: OnFailure::Hold,
    }];
    for level in [1, 2] {
        let message = refused(&task(hooked.clone(), level));
        assert!(message.contains("stamp.py") && message.contains("`script`"), "{message}");
    }
    assert!(command::build(&task(hooked, 0), NOW).is_ok());
    let scattered = Task { frames: (0..5_000).map(|frame| frame * 2).collect(), ..task(job(json!({})), 1) };
    assert!(refused(&scattered).contains("chunk size"));
    let unnamed = Task { layer: None, ..task(job(json!({})), 0) };
    assert!(refused(&unnamed).contains("Write node"));
    assert!(refused(&task(job(json!({ "thread": 4 })), 0)).contains("/options/thread"));
}

#[test]
fn scripts_of_two_attempts_never_share_a_name() {
    let first = command::build(&task(job(json!({})), 0), NOW).unwrap();
    let second = command::build(&Task { attempt: 10, ..task(job(json!({})), 0) }, NOW).unwrap();
    assert_ne!(first.files[0].path, second.files[0].path);
}
