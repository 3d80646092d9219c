//! Every level from the job to the verdict, with the stand-in for `nuke` from the workspace's `tests/standins`: it takes
//! the command line as strictly as Nuke, runs the generated script, writes images, and fails in every documented way.

use farmhand_nuke::Nuke;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

struct Show {
    dir: tempfile::TempDir,
    job: Job,
}

struct Ended {
    outcome: Outcome,
    verdict: Verdict,
    places: Vec<PathBuf>,
    log: String,
}

fn standins() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/standins"))
}

impl Show {
    /// A job of one of the stand-ins' scenes, as `validate` makes it.
    fn new(scene: &str, layer: &str, output: Option<&str>, options: Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(scene);
        std::fs::copy(standins().join("scenes").join(scene), &path).unwrap();
        let Value::Object(raw_options) = options else { panic!("options are an object") };
        let submitted = Job {
            scene: path.to_str().unwrap().into(),
            layers: vec![layer.into()],
            output: output.map(str::to_owned),
            raw_options,
            ..Job::default()
        };
        let prepared = Nuke::validate(&submitted).unwrap();
        let PreparedJob { layers, frames, output, options, .. } = prepared;
        Self { job: Job { layers, frames, output, raw_options: options, ..submitted }, dir }
    }

    fn task(&self, level: u32) -> Task {
        let make = |name: &str| {
            let path = self.dir.path().join(name);
            std::fs::create_dir_all(&path).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let frames = if level == 2 { FrameRuns::range(1, 1) } else { FrameRuns::range(1, 2) };
        Task {
            frames,
            layer: self.job.layers.first().cloned(),
            job: self.job.clone(),
            level,
            attempt: 7,
            try_number: 1,
            threads: 2,
            scratch: make("scratch"),
            staging: make("staging"),
            ..Task::default()
        }
    }

    /// What the host does with a task: the hooks, the files, the process, the log, the images, the verdict.
    fn render(&self, level: u32, faults: &Value) -> Ended {
        let task = self.task(level);
        for hook in Nuke::before_job(&self.job).unwrap() {
            for action in hook.actions {
                let Action::MakeDirectory(path) = action else { panic!("{action:?}") };
                std::fs::create_dir_all(path).unwrap();
            }
        }
        let command = Nuke::build_command(&task).unwrap();
        for file in &command.files {
            let path = path::join(&task.scratch, &file.path);
            assert!(!Path::new(&path).exists(), "{path} is a new file");
            std::fs::write(path, &file.contents).unwrap();
        }
        // Both streams into one file, as the host has them.
        let log = task.scratch.clone() + "/log";
        let file = std::fs::File::create(&log).unwrap();
        let status = Process::new(standins().join("bin/nuke"))
            .args(&command.args)
            .envs(command.env.iter().cloned())
            .env("STANDIN_FAULTS", faults.to_string())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .current_dir(&task.scratch)
            .stdout(file.try_clone().unwrap())
            .stderr(file)
            .status()
            .expect("the stand-in for nuke needs a python3");
        let log = std::fs::read_to_string(log).unwrap();
        let mut reader = Nuke::reader(&task);
        let mut events = reader.read(&log.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap();
        reader.finish(&mut events);
        let promised = command.outputs.into_iter().map(|output| match output {
            Output::Image(image) => image,
            Output::Movie(movie) => panic!("{movie:?}"),
        });
        let mut images: Vec<Image> = promised.collect();
        let (mut faults, mut facts) = (Vec::new(), Vec::new());
        for event in events {
            match event {
                Event::FrameDone(image) if !images.contains(&image) => images.push(image),
                Event::Fault(fault) => faults.push(fault),
                Event::Fact(fact) => facts.push(fact),
                _ => {}
            }
        }
        let there = |image: &Image| std::fs::metadata(&image.path).is_ok_and(|file| file.len() > 0);
        let of = |frame: i32| images.iter().filter(move |image| image.frame == frame);
        let done: BTreeSet<i32> =
            task.frames.iter().filter(|frame| of(*frame).count() > 0 && of(*frame).all(there)).collect();
        let places = images
            .iter()
            .filter(|image| done.contains(&image.frame))
            .map(|image| PathBuf::from(image.place.as_ref().unwrap_or(&image.path)))
            .collect();
        let outcome = Outcome {
            exit_code: status.code(),
            signal: if status.code().is_none() { Some(11) } else { None },
            frames_done: done.iter().copied().collect(),
            frames_missing: task.frames.iter().filter(|frame| !done.contains(frame)).collect(),
            faults,
            facts,
            ..Outcome::default()
        };
        let verdict = Nuke::judge(&task, &outcome).unwrap();
        Ended { outcome, verdict, places, log }
    }
}

#[test]
fn every_scene_renders_at_every_level() {
    for (scene, layer, output, options, names) in [
        ("comp.nk", "Beauty", None, json!({}), vec!["renders/beauty.####.exr"]),
        ("comp.nk", "Matte", None, json!({ "script_place": "scratch" }), vec!["renders/matte.####.png"]),
        ("comp.nk", "Matte", Some("out/{layer}.##.png"), json!({ "size": "full" }), vec!["out/Matte.##.png"]),
        (
            "comp.nk",
            "Beauty",
            Some("out/"),
            json!({ "nukex": true, "render_order": true, "verbosity": 2,
            "licence": "interactive", "cache_memory": "2G", "continue_on_error": false, "size": "proxy" }),
            vec!["out/comp_Beauty.####.exr"],
        ),
        (
            "stereo.nk",
            "Stereo",
            None,
            json!({}),
            vec!["renders/shot_left.####.png", "renders/shot_right.####.png"],
        ),
        (
            "stereo.nk",
            "Stereo",
            Some("out/%V/s_%v.####.png"),
            json!({}),
            vec!["out/left/s_l.####.png", "out/right/s_r.####.png"],
        ),
        (
            "stereo.nk",
            "Stereo",
            Some("out/%V.####.png"),
            json!({ "views": ["right"] }),
            vec!["out/right.####.png"],
        ),
        (
            "argv.nk",
            "Farm",
            Some("out/f.####.tif"),
            json!({ "argv": ["{staging}/f"] }),
            vec!["out/f.####.tif"],
        ),
    ] {
        for level in 0..3 {
            let show = Show::new(scene, layer, output, options.clone());
            let ended = show.render(level, &json!([]));
            let told =
                format!("{scene} {layer} {output:?} at level {level}: {:?}\n{}", ended.outcome, ended.log);
            assert_eq!(ended.verdict.decision, Decision::Accept, "{told}");
            assert_eq!(ended.outcome.faults, [], "{told}");
            assert_eq!(ended.outcome.fact("dcc-version"), Some("15.1v1"), "{told}");
            let mut expected: Vec<PathBuf> = Vec::new();
            for frame in ended.outcome.frames_done.iter() {
                for name in &names {
                    let name = Template::parse(name).unwrap().name(frame, None);
                    expected.push(show.dir.path().join(name));
                }
            }
            assert_eq!(ended.places, expected, "{told}");
        }
    }
}

#[test]
fn every_documented_failure_is_judged() {
    use Decision::{FailFrames, FailJob, FallBack, HoldJob, QuarantineNode, Retry};
    let wait = Retry { after_ms: 30_000 };
    for (fault, levels, expected, cause) in [
        (json!({ "fault": "licence" }), [0, 1, 2].as_slice(), wait, Some(Cause::Licence)),
        (json!({ "fault": "licence", "variant": "rlm-short" }), &[0, 1, 2], wait, Some(Cause::Licence)),
        (json!({ "fault": "licence", "variant": "comm" }), &[0, 1], wait, Some(Cause::Licence)),
        (json!({ "fault": "licence", "variant": "badhost" }), &[0, 1], QuarantineNode, Some(Cause::Licence)),
        (json!({ "fault": "licence", "variant": "noproduct" }), &[0, 1], HoldJob, Some(Cause::Licence)),
        (json!({ "fault": "memory" }), &[0, 1, 2], Retry { after_ms: 2_000 }, Some(Cause::Memory)),
        (json!({ "fault": "missing-texture" }), &[0, 1, 2], FailFrames, Some(Cause::MissingFile)),
        (
            json!({ "fault": "missing-asset", "variant": "lut" }),
            &[0, 1, 2],
            FailFrames,
            Some(Cause::MissingFile),
        ),
        (
            json!({ "fault": "missing-asset", "variant": "denied" }),
            &[0, 1],
            QuarantineNode,
            Some(Cause::Disk),
        ),
        (json!({ "fault": "read-error" }), &[0, 1, 2], FailFrames, Some(Cause::MissingFile)),
        (
            json!({ "fault": "read-error", "variant": "scanline" }),
            &[0, 1],
            Retry { after_ms: 5_000 },
            Some(Cause::MissingFile),
        ),
        (
            json!({ "fault": "read-error", "variant": "early-end" }),
            &[0, 1],
            Retry { after_ms: 5_000 },
            Some(Cause::MissingFile),
        ),
        (json!({ "fault": "read-error", "variant": "channel" }), &[0, 1, 2], FailJob, Some(Cause::Scene)),
        (json!({ "fault": "missing-argv" }), &[0, 1, 2], FailJob, Some(Cause::Scene)),
        (json!({ "fault": "cont-past-errors" }), &[0, 1], FallBack, Some(Cause::Other)),
        (json!({ "fault": "cont-past-errors" }), &[2], FailFrames, Some(Cause::Other)),
        (json!({ "fault": "exit-0-without-image" }), &[1], FallBack, None),
        (json!({ "fault": "exit-0-without-image" }), &[0], FallBack, Some(Cause::Other)),
        (json!({ "fault": "disk-full" }), &[0, 1], QuarantineNode, Some(Cause::Disk)),
        (json!({ "fault": "crash" }), &[0, 1], Retry { after_ms: 2_000 }, None),
        (json!({ "fault": "exit", "code": 1 }), &[0, 1], FallBack, None),
        (json!({ "fault": "wrong-name" }), &[0], FallBack, Some(Cause::Other)),
        (json!({ "fault": "script-error" }), &[0], FailJob, Some(Cause::Scene)),
    ] {
        for level in levels {
            let show = Show::new("comp.nk", "Beauty", Some("out/a.####.exr"), json!({}));
            let ended = show.render(*level, &json!([fault]));
            let told =
                format!("{fault} at level {level}: {:?} {:?}\n{}", ended.verdict, ended.outcome, ended.log);
            assert_eq!(ended.verdict.decision, expected, "{told}");
            match cause {
                Some(cause) => {
                    assert!(ended.outcome.faults.iter().any(|fault| fault.cause == cause), "{told}");
                }
                None => assert_eq!(ended.outcome.faults, [], "{told}"),
            }
        }
    }
}

#[test]
fn one_frame_that_fails_leaves_the_others_done() {
    let faults = json!([{ "fault": "missing-texture", "frames": "1", "path": "/plates/bg.0001.exr" }]);
    for level in [0, 1] {
        let ended = Show::new("comp.nk", "Beauty", Some("out/a.####.exr"), json!({})).render(level, &faults);
        assert_eq!(ended.outcome.frames_done.to_string(), "2", "{}", ended.log);
        let [fault] = ended.outcome.faults.as_slice() else {
            panic!("{:?}\n{}", ended.outcome.faults, ended.log)
        };
        assert_eq!(fault.about.as_deref(), Some("/plates/bg.0001.exr"), "{}", ended.log);
        assert_eq!(fault.frame, Some(1), "{}", ended.log);
    }
    let stops = json!({ "continue_on_error": false });
    for level in [0, 1] {
        let ended =
            Show::new("comp.nk", "Beauty", Some("out/a.####.exr"), stops.clone()).render(level, &faults);
        assert_eq!(ended.outcome.frames_done.to_string(), "", "{}", ended.log);
        assert_eq!(ended.outcome.exit_code, Some(1), "{}", ended.log);
    }
}

#[test]
fn the_script_stands_beside_the_scene() {
    let show = Show::new("comp.nk", "Beauty", None, json!({}));
    show.render(0, &json!([]));
    let scripts: Vec<String> = std::fs::read_dir(show.dir.path().join("py/comp"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let [script] = scripts.as_slice() else { panic!("{scripts:?}") };
    assert!(script.starts_with("render_Beauty_f001_") && script.ends_with("_7.py"), "{script}");
}
