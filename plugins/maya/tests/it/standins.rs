//! Whole attempts against the stand-ins for Maya in the repository's `tests/standins`: the job is validated, its
//! command is run as the host would run it, and what it prints goes through the reader and the judge.

use crate::tasks::{MINIMAL, RENDER, SCRIPT, gpus, options, run};
use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command as Process;

fn standins() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/standins")
}

/// What an attempt came to, with images believed where they are there.
struct Attempt {
    log: String,
    events: Vec<Event>,
    verdict: Verdict,
    done: Vec<i32>,
    /// Where its images belong.
    places: BTreeSet<String>,
    code: Option<i32>,
}

impl Attempt {
    fn faults(&self) -> Vec<&Fault> {
        self.events
            .iter()
            .filter_map(|event| if let Event::Fault(fault) = event { Some(fault) } else { None })
            .collect()
    }

    fn started(&self) -> Vec<i32> {
        let started =
            |event: &Event| if let Event::FrameStarted(frame) = event { Some(*frame) } else { None };
        self.events.iter().filter_map(started).collect()
    }
}

/// A show with one of the stand-ins' scenes in it.
struct Show {
    dir: tempfile::TempDir,
    scene: PathBuf,
    env: Vec<(&'static str, String)>,
}

impl Show {
    fn new(scene: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let scenes = dir.path().join("scenes");
        std::fs::create_dir(&scenes).unwrap();
        std::fs::write(dir.path().join("workspace.mel"), "").unwrap();
        let path = scenes.join(scene);
        std::fs::copy(standins().join("scenes").join(scene), &path).unwrap();
        Self { dir, scene: path, env: Vec::new() }
    }

    fn faults(mut self, faults: &Value) -> Self {
        self.env.push(("STANDIN_FAULTS", faults.to_string()));
        self
    }

    fn path(&self, below: &str) -> String {
        self.dir.path().join(below).to_str().unwrap().to_owned()
    }

    fn job(&self, output: Option<&str>, frames: FrameRuns, raw_options: Value) -> Job {
        let job = Job {
            scene: self.scene.to_str().unwrap().to_owned(),
            output: output.map(|output| self.path(output)),
            frames,
            raw_options: options(raw_options),
            ..Job::default()
        };
        let prepared = Maya::validate(&job).unwrap();
        Job {
            output: prepared.output,
            frames: prepared.frames,
            raw_options: prepared.options,
            layers: prepared.layers,
            ..job
        }
    }

    fn task(&self, job: Job, level: u32) -> Task {
        let make = |name: &str| {
            let path = self.path(name);
            std::fs::create_dir_all(&path).unwrap();
            path
        };
        Task {
            frames: job.frames.clone(),
            layer: job.layers.first().cloned(),
            job,
            attempt: 7,
            level,
            try_number: 1,
            threads: 2,
            scratch: make(&format!("attempt-{level}/scratch")),
            staging: make(&format!("attempt-{level}/staging")),
            ..Task::default()
        }
    }

    /// Runs a task as the host would.
    fn run(&self, task: &Task) -> Attempt {
        let command = Maya::build_command(task).unwrap();
        for file in &command.files {
            std::fs::write(Path::new(&task.scratch).join(&file.path), &file.contents).unwrap();
        }
        let program = if command.tool == "render" { "Render" } else { "mayapy" };
        let log = std::fs::File::create(Path::new(&task.scratch).join("log")).unwrap();
        let status = Process::new("python3")
            .arg(standins().join("bin").join(program))
            .args(&command.args)
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .current_dir(&task.scratch)
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .status()
            .expect("the stand-ins need a python3");
        let log = std::fs::read_to_string(Path::new(&task.scratch).join("log")).unwrap();
        self.judged(task, &command, log, status)
    }

    fn judged(
        &self,
        task: &Task,
        command: &Command,
        log: String,
        status: std::process::ExitStatus,
    ) -> Attempt {
        let mut reader = Maya::reader(task);
        let lines: Vec<String> = log.lines().map(str::to_owned).collect();
        let mut events = reader.read(&lines).unwrap();
        reader.finish(&mut events);
        let (mut done, mut places, mut unfinished) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let listed = command
            .outputs
            .iter()
            .filter_map(|output| if let Output::Image(image) = output { Some(image) } else { None });
        let announced = events
            .iter()
            .filter_map(|event| if let Event::FrameDone(image) = event { Some(image) } else { None });
        let at_fault: BTreeSet<i32> = events
            .iter()
            .filter_map(|event| if let Event::Fault(fault) = event { fault.frame } else { None })
            .collect();
        for image in listed.chain(announced).filter(|image| !at_fault.contains(&image.frame)) {
            if Path::new(&image.path).is_file() {
                done.insert(image.frame);
                places.insert(image.place.clone().unwrap().replace(&self.path(""), ""));
            } else {
                unfinished.insert(image.frame);
            }
        }
        let done: Vec<i32> =
            task.frames.iter().filter(|frame| done.contains(frame) && !unfinished.contains(frame)).collect();
        let pick = |event: &Event| if let Event::Fault(fault) = event { Some(fault.clone()) } else { None };
        let fact = |event: &Event| if let Event::Fact(fact) = event { Some(fact.clone()) } else { None };
        let outcome = Outcome {
            exit_code: status.code(),
            signal: signal_of(status),
            frames_done: done.iter().copied().collect(),
            frames_missing: task.frames.iter().filter(|frame| !done.contains(frame)).collect(),
            faults: events.iter().filter_map(pick).collect(),
            facts: events.iter().filter_map(fact).collect(),
            ..Outcome::default()
        };
        let verdict = Maya::judge(task, &outcome).unwrap();
        Attempt { log, events, verdict, done, places, code: status.code() }
    }
}

#[cfg(unix)]
fn signal_of(status: std::process::ExitStatus) -> Option<i32> {
    std::os::unix::process::ExitStatusExt::signal(&status)
}

#[cfg(not(unix))]
fn signal_of(_status: std::process::ExitStatus) -> Option<i32> {
    None
}

const SCENES: [&str; 6] =
    ["software.ma", "hardware2.ma", "arnold.ma", "vray.ma", "redshift.ma", "renderman.ma"];

#[test]
fn every_renderer_renders_at_every_level() {
    for scene in SCENES {
        for level in [SCRIPT, RENDER, MINIMAL] {
            let show = Show::new(scene);
            let frames = run(1, 5, 2);
            // Level minimal changes no format: that of the stand-ins' scenes is theirs.
            let output = if level == MINIMAL { "out/a_####" } else { "out/a_####.png" };
            let mut job = show.job(Some(output), frames, json!({}));
            if level == MINIMAL {
                job.output = Some(show.path(output));
            }
            let attempt = show.run(&show.task(job, level));
            assert_eq!(attempt.code, Some(0), "{scene}, level {level}:\n{}", attempt.log);
            assert_eq!(
                attempt.done,
                [1, 3, 5],
                "{scene}, level {level}: {:?}\n{}",
                attempt.events,
                attempt.log
            );
            assert_eq!(attempt.verdict.decision, Decision::Accept, "{scene}, level {level}");
            assert!(attempt.faults().is_empty(), "{scene}, level {level}: {:?}", attempt.faults());
            let first = attempt.places.iter().next().unwrap();
            assert!(first.starts_with("out/a_0001."), "{scene}, level {level}: {:?}", attempt.places);
        }
    }
}

#[test]
fn scattered_frames_and_everything_that_changes_the_scene() {
    let show = Show::new("arnold.ma");
    let frames = FrameRuns::new(vec![
        FrameRun { first: -2, last: -2, step: 1 },
        FrameRun { first: 5, last: 9, step: 4 },
    ]);
    let asked = json!({
        "camera": "persp", "resolution": [32, 18], "percent": 50, "scene_copy": "always",
        "attributes": { "defaultRenderGlobals.renderVersion": "v2" },
        "pre_render_mel": "print \"from mel\\n\";", "pre_render_python": "print('from python')",
        "post_render_python": "print('from the end')",
    });
    let mut job = show.job(Some("out/a.####.exr"), frames, asked);
    let hook = show.path("publish.py");
    std::fs::write(
        &hook,
        "def after_frame(context):\n    print('published', context['frame'], context['paths'])\n",
    )
    .unwrap();
    job.hook_scripts = vec![HookScript {
        name: "publish".into(),
        path: hook,
        moment: Moment::AfterFrame,
        on_failure: OnFailure::Fail,
    }];
    job.path_map = vec![PathRule { spelled: "P:/show".into(), here: show.path("") }];
    let mut task = show.task(job, SCRIPT);
    task.gpus = gpus(&[1]);
    for copy in 1..=6 {
        let directory = show.dir.path().join("scenes/.farmhand/scenes");
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(
            directory.join(format!("render_arnold_20200101-00000{copy}_masterLayer_{copy}.ma")),
            "",
        )
        .unwrap();
    }
    let attempt = show.run(&task);
    assert_eq!(attempt.done, [-2, 5, 9], "{}", attempt.log);
    assert_eq!(attempt.started(), [-2, 5, 9]);
    assert!(attempt.places.contains("out/a.-0002.exr"), "{:?}", attempt.places);
    for part in ["from mel", "from python", "from the end", "published 5", "\"16x9\""] {
        assert!(attempt.log.contains(part), "{part} in\n{}", attempt.log);
    }
    let copies: Vec<_> =
        std::fs::read_dir(show.dir.path().join("scenes/.farmhand/scenes")).unwrap().collect();
    assert_eq!(copies.len(), 5, "the newest five are kept");
}

/// The stand-in for `Render` knows the documented flags of each renderer, and no others.
#[test]
fn render_takes_everything_that_a_job_can_ask_for() {
    for scene in SCENES {
        let show = Show::new(scene);
        let asked = json!({
            "camera": "persp", "resolution": [32, 18], "percent": 50, "verbosity": "debug", "strict": false,
            "attributes": { "defaultRenderGlobals.renderVersion": "a \"b\" \\c" },
            "pre_render_mel": "print \"from mel\\n\";", "pre_render_python": "print('from \"python\"')",
            "post_render_python": "print('from the end')",
        });
        let mut task = show.task(show.job(Some("out/a.####.png"), run(1, 3, 2), asked), RENDER);
        task.gpus = gpus(&[0]);
        let attempt = show.run(&task);
        assert_eq!(attempt.done, [1, 3], "{scene}: {:?}\n{}", attempt.events, attempt.log);
        for part in ["from mel", "from \"python\"", "from the end"] {
            assert!(attempt.log.contains(part), "{scene}: {part} in\n{}", attempt.log);
        }
    }
    for (scene, device) in [("arnold.ma", "gpu"), ("redshift.ma", "scene")] {
        let show = Show::new(scene);
        let asked = json!({ "gpu_selection": "flags", "device": device });
        for level in [SCRIPT, RENDER] {
            let mut task = show.task(show.job(Some("out/a.####.png"), run(1, 1, 1), asked.clone()), level);
            task.gpus = gpus(&[1]);
            let attempt = show.run(&task);
            assert_eq!(attempt.done, [1], "{scene} {level}: {:?}\n{}", attempt.events, attempt.log);
        }
    }
}

#[test]
fn layers_on_their_own_and_together() {
    for scene in ["render-setup.ma", "legacy-layers.ma"] {
        let show = Show::new(scene);
        let job = show.job(Some("out/{layer}/a.####.exr"), run(1, 2, 1), json!({}));
        assert!(job.layers.len() >= 2, "{scene}: {:?}", job.layers);
        for layer in job.layers.clone() {
            for level in [SCRIPT, RENDER, MINIMAL] {
                let mut task = show.task(job.clone(), level);
                task.layer = Some(layer.clone());
                let staging = format!("{}-{layer}", task.staging);
                std::fs::create_dir_all(&staging).unwrap();
                task.staging = staging;
                let attempt = show.run(&task);
                assert_eq!(attempt.done, [1, 2], "{scene} {layer} {level}\n{}", attempt.log);
                let expected = [1, 2].map(|frame| format!("out/{layer}/a.000{frame}.exr"));
                assert_eq!(
                    attempt.places.iter().cloned().collect::<Vec<_>>(),
                    expected,
                    "{scene} {layer} {level}"
                );
            }
        }
        let layers = job.layers.clone();
        let job = show.job(Some("out/{layer}/a.####.exr"), run(1, 2, 1), json!({ "layer_mode": "together" }));
        for level in [SCRIPT, RENDER, MINIMAL] {
            let attempt = show.run(&Task {
                staging: show.path(&format!("together-{level}")),
                ..show.task(job.clone(), level)
            });
            assert_eq!(attempt.done, [1, 2], "{scene} {level}\n{}", attempt.log);
            let places = |layer: &String| [1, 2].map(|frame| format!("out/{layer}/a.000{frame}.exr"));
            let expected: BTreeSet<String> = layers.iter().flat_map(places).collect();
            assert_eq!(attempt.places, expected, "{scene} {level}");
        }
    }
}

#[test]
fn several_cameras_need_names_of_their_own() {
    let show = Show::new("several-cameras.ma");
    let own = |attributes: Value| {
        let job = Job {
            scene: show.scene.to_str().unwrap().to_owned(),
            frames: run(1, 1, 1),
            raw_options: options(json!({
                "project": show.path(""), "images": show.path("images"), "layer_mode": "together", "attributes": attributes,
            })),
            ..Job::default()
        };
        show.run(&show.task(job, SCRIPT))
    };
    let refused = own(json!({}));
    assert_eq!(refused.verdict.decision, Decision::FailJob, "{}", refused.log);
    assert!(refused.verdict.reason.contains("option camera"), "{}", refused.verdict.reason);
    let named = own(json!({ "defaultRenderGlobals.imageFilePrefix": "<Scene>/<Camera>" }));
    assert_eq!(named.done, [1], "{}", named.log);
    let in_images = |place: &String| place.starts_with("images/several-cameras/");
    assert!(named.places.len() >= 2 && named.places.iter().all(in_images), "{:?}", named.places);
}

/// What goes wrong, and what the plugin makes of it.
#[test]
fn faults_are_understood() {
    use Cause::{Crash, Gpu, Licence, Memory, MissingFile, Other};
    let retry = |after_ms| Decision::Retry { after_ms };
    for (scene, level, fault, cause, decision) in [
        ("arnold.ma", SCRIPT, json!({ "fault": "licence", "product": "arnold" }), Licence, retry(30_000)),
        ("arnold.ma", RENDER, json!({ "fault": "licence" }), Licence, retry(30_000)),
        ("arnold.ma", SCRIPT, json!({ "fault": "watermark" }), Licence, retry(30_000)),
        ("arnold.ma", RENDER, json!({ "fault": "watermark" }), Licence, retry(30_000)),
        ("software.ma", SCRIPT, json!({ "fault": "licence", "product": "maya" }), Licence, retry(30_000)),
        ("redshift.ma", SCRIPT, json!({ "fault": "licence", "product": "redshift" }), Licence, retry(30_000)),
        ("vray.ma", RENDER, json!({ "fault": "licence" }), Licence, retry(30_000)),
        (
            "renderman.ma",
            SCRIPT,
            json!({ "fault": "licence", "product": "renderman" }),
            Licence,
            retry(30_000),
        ),
        ("redshift.ma", RENDER, json!({ "fault": "memory", "variant": "gpu" }), Memory, retry(2_000)),
        (
            "arnold.ma",
            RENDER,
            json!({ "fault": "plugin-missing", "plugin": "mtoa" }),
            Other,
            Decision::QuarantineNode,
        ),
        (
            "arnold.ma",
            SCRIPT,
            json!({ "fault": "plugin-missing", "plugin": "mtoa" }),
            Other,
            Decision::QuarantineNode,
        ),
        (
            "redshift.ma",
            RENDER,
            json!({ "fault": "gpu-init", "variant": "no-devices" }),
            Gpu,
            Decision::QuarantineNode,
        ),
        (
            "arnold.ma",
            SCRIPT,
            json!({ "fault": "missing-asset", "variant": "alembic" }),
            MissingFile,
            retry(5_000),
        ),
        ("software.ma", RENDER, json!({ "fault": "crash", "variant": "fatal-error" }), Crash, retry(2_000)),
        (
            "arnold.ma",
            SCRIPT,
            json!({ "fault": "licence", "product": "arnold", "variant": "library" }),
            Other,
            Decision::QuarantineNode,
        ),
    ] {
        let show = Show::new(scene).faults(&fault);
        let attempt = show.run(&show.task(show.job(Some("out/a.####.png"), run(1, 2, 1), json!({})), level));
        let causes: Vec<Cause> = attempt.faults().iter().map(|fault| fault.cause).collect();
        assert!(causes.contains(&cause), "{scene} {level} {fault}: {:?}\n{}", attempt.faults(), attempt.log);
        assert_eq!(
            attempt.verdict.decision, decision,
            "{scene} {level} {fault}: {}\n{}",
            attempt.verdict.reason, attempt.log
        );
    }
}

#[test]
fn exit_codes_are_understood() {
    for (fault, code, done, decision) in [
        (json!({ "fault": "exit-0-without-image" }), 0, 0, Decision::FallBack),
        (json!({ "fault": "211-with-images" }), 211, 2, Decision::Accept),
        (json!({ "fault": "206" }), 206, 0, Decision::FallBack),
        (json!({ "fault": "library-missing" }), 255, 0, Decision::QuarantineNode),
        (json!({ "fault": "210" }), 210, 0, Decision::Retry { after_ms: 2_000 }),
    ] {
        let show = Show::new("software.ma").faults(&fault);
        let attempt = show.run(&show.task(show.job(Some("out/a.####.png"), run(1, 2, 1), json!({})), RENDER));
        assert_eq!((attempt.code, attempt.done.len()), (Some(code), done), "{fault}\n{}", attempt.log);
        assert_eq!(attempt.verdict.decision, decision, "{fault}: {}", attempt.verdict.reason);
    }
}

#[test]
fn a_hook_of_a_frame_fails_it_or_holds_the_job() {
    for (on_failure, decision) in [
        (OnFailure::Fail, Decision::FailFrames),
        (OnFailure::Hold, Decision::HoldJob),
        (OnFailure::Warn, Decision::Accept),
    ] {
        let show = Show::new("software.ma");
        let path = show.path("check.py");
        std::fs::write(
            &path,
            "def before_frame(context):\n    assert context['frame'] != 2, 'not this one'\n",
        )
        .unwrap();
        let mut job = show.job(Some("out/a.####.png"), run(1, 3, 1), json!({}));
        job.hook_scripts =
            vec![HookScript { name: "check".into(), path, moment: Moment::BeforeFrame, on_failure }];
        let attempt = show.run(&show.task(job, SCRIPT));
        assert_eq!(
            attempt.verdict.decision, decision,
            "{on_failure:?}: {}\n{}",
            attempt.verdict.reason, attempt.log
        );
        let expected: &[i32] = match on_failure {
            OnFailure::Fail => &[1, 3],
            OnFailure::Hold => &[1],
            OnFailure::Warn => &[1, 2, 3],
        };
        assert_eq!(attempt.done, expected, "{on_failure:?}\n{}", attempt.log);
    }
}
