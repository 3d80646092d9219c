//! The generated script, run by a real Python against a small stand-in of Nuke's module, and read by the reader.

use crate::{job, task};
use farmhand_nuke::{Nuke, command};
use farmhand_sdk::prelude::*;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command as Process;

struct Farm {
    dir: tempfile::TempDir,
    task: Task,
}

struct Ran {
    code: Option<i32>,
    log: String,
    events: Vec<Event>,
}

impl Farm {
    fn new(options: Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
        let mut options = options;
        options["script_place"] = json!("scratch");
        let mut task = task(job(options), 0);
        for path in [&mut task.scratch, &mut task.staging] {
            *path = at(path.rsplit('/').next().unwrap());
            std::fs::create_dir(&*path).unwrap();
        }
        Self { task, dir }
    }

    fn at(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn to(mut self, output: &str) -> Self {
        self.task.job.output = Some(self.at(output));
        self
    }

    fn hook(mut self, moment: Moment, on_failure: OnFailure, code: &str) -> Self {
        let path = self.at(&format!("{}.py", moment.name()));
        std::fs::write(&path, code).unwrap();
        self.task.job.hook_scripts.push(HookScript { name: "studio".into(), path, moment, on_failure });
        self
    }

    fn script(&self) -> String {
        let command = command::build(&self.task, 7).unwrap();
        let path = command.args.last().unwrap().clone();
        std::fs::write(&path, &command.files[0].contents).unwrap();
        path
    }

    /// Runs the script while Nuke holds this scene.
    fn run(&self, scene: &Value) -> Ran {
        let modules = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python");
        let output = Process::new("python3")
            .arg(self.script())
            .env("PYTHONPATH", modules)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("FAKE_NUKE", scene.to_string())
            .output()
            .expect("these tests need a python3");
        let log =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let mut reader = Nuke::reader(&self.task);
        let mut events = reader.read(&log.lines().map(str::to_owned).collect::<Vec<_>>()).unwrap();
        reader.finish(&mut events);
        Ran { code: output.status.code(), log, events }
    }
}

impl Ran {
    fn places(&self) -> Vec<&str> {
        let mut images: Vec<&Image> = Vec::new();
        for event in &self.events {
            if let Event::FrameDone(image) = event {
                images.push(image);
            }
        }
        images.iter().for_each(|image| assert!(Path::new(&image.path).is_file(), "{}", image.path));
        images.into_iter().map(|image| image.place.as_deref().unwrap()).collect()
    }

    fn faults(&self) -> Vec<&Fault> {
        let mut faults = Vec::new();
        for event in &self.events {
            if let Event::Fault(fault) = event {
                faults.push(fault);
            }
        }
        faults
    }

    fn only_fault(&self) -> (&Fault, &str) {
        let faults = self.faults();
        let [fault] = faults.as_slice() else { panic!("{faults:?}\n{}", self.log) };
        (fault, &self.log)
    }
}

fn beauty(file: &str) -> Value {
    json!({ "nodes": { "Beauty": { "file": file, "proxy": "", "disable": false, "reading": false } } })
}

#[test]
fn it_compiles_down_to_the_python_of_nuke_13() {
    let hostile = "a\"b'c\\d\n{}%s Größe \u{2028} ''' \"\"\"";
    let mut farm = Farm::new(json!({ "argv": [hostile] }));
    farm.task.layer = Some(hostile.into());
    farm.task.job.name = hostile.into();
    let path = farm.script();
    let check = "import ast, json, sys\ntree = ast.parse(open(sys.argv[1], encoding='utf-8').read(), feature_version=(3, 7))\n\
                 loads = [one for one in ast.walk(tree) if isinstance(one, ast.Call) and ast.dump(one.func).count(\"'loads'\")]\n\
                 sys.stdout.buffer.write(json.loads(loads[0].args[0].value)['write'].encode())";
    let output =
        Process::new("python3").args(["-c", check]).arg(path).output().expect("these tests need a python3");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), hostile, "the job arrives as it was written");
}

#[test]
fn it_asks_only_for_what_it_is_given() {
    let contents = command::build(&task(job(json!({})), 0), 7).unwrap().files[0].contents.clone();
    let literal = text::between(&contents, "json.loads(r'''", "''')").unwrap();
    let job: serde_json::Map<String, Value> = serde_json::from_str(literal).unwrap();
    let asked = contents.split("JOB[\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for key in asked.clone() {
        assert!(job.contains_key(key), "the script asks for {key}");
    }
    for key in job.keys() {
        assert!(asked.clone().any(|asked| asked == key), "nobody asks for {key}");
    }
}

#[test]
fn it_renders_checks_and_reports_each_frame() {
    let farm = Farm::new(json!({})).to("out/{layer}.####.exr");
    let ran = farm.run(&beauty("C:\\old\\a.####.exr"));
    assert_eq!(ran.code, Some(0), "{}", ran.log);
    assert_eq!(ran.places(), [farm.at("out/Beauty.1001.exr"), farm.at("out/Beauty.1002.exr")]);
    assert_eq!(ran.faults(), Vec::<&Fault>::new());
    assert!(Path::new(&farm.at("out")).is_dir(), "it makes the directories");
    for step in [
        "opening",
        "opened in",
        "is there and enabled",
        "verified",
        "frame 1002 (2 of 2)",
        "2 of 2 frames in",
    ] {
        assert!(ran.log.contains(step), "the log lacks `{step}`:\n{}", ran.log);
    }
    assert!(ran.events.contains(&Event::fact("dcc-version", "15.1v3")));
}

#[test]
fn the_write_nodes_own_file_is_computed_mapped_and_corrected() {
    let mut farm = Farm::new(json!({ "argv": ["plate"] }));
    let mapped = farm.at("mapped");
    farm.task.job.path_map = vec![PathRule { spelled: "x:/show/".into(), here: mapped.clone() }];
    farm.task.frames = FrameRuns::range(-1, 0);
    let ran = farm.run(&beauty("X:\\show\\[argv 0]_[value root.name].%04d.exr"));
    let expected = ["-0001", "0000"].map(|frame| format!("{mapped}/plate_computed.{frame}.exr"));
    assert_eq!(ran.places(), expected, "{}", ran.log);
}

#[test]
fn a_relative_file_starts_at_the_projects_directory() {
    let farm = Farm::new(json!({}));
    let mut scene = beauty("renders/a.####.exr");
    scene["project"] = json!(farm.at("project"));
    let ran = farm.run(&scene);
    assert_eq!(
        ran.places(),
        ["1001", "1002"].map(|frame| farm.at(&format!("project/renders/a.{frame}.exr"))),
        "{}",
        ran.log
    );
}

#[test]
fn views_have_images_of_their_own_where_the_name_says_so() {
    let mut scene = beauty("");
    scene["views"] = json!(["left", "right"]);
    let mut farm = Farm::new(json!({}));
    scene["nodes"]["Beauty"]["file"] = json!(farm.at("o/%V/a_%v.####.exr"));
    farm.task.frames = FrameRuns::range(1001, 1001);
    let expected = [farm.at("o/left/a_l.1001.exr"), farm.at("o/right/a_r.1001.exr")];
    assert_eq!(farm.run(&scene).places(), expected);
    farm.task.job.raw_options.insert("views".into(), json!(["left", "right"]));
    let farm = farm.to("o/{view}/a_{v}.####.exr");
    let ran = farm.run(&scene);
    assert_eq!(ran.places(), expected, "{}", ran.log);
    assert!(ran.log.contains("left.a_l.1001.exr ['left']"), "each view by itself:\n{}", ran.log);
}

#[test]
fn a_proxy_goes_to_the_proxys_file() {
    let farm = Farm::new(json!({ "size": "proxy" }));
    let mut scene = beauty("/full/a.####.exr");
    scene["nodes"]["Beauty"]["proxy"] = json!(farm.at("proxy/a.####.exr"));
    let ran = farm.run(&scene);
    assert_eq!(ran.places()[0], farm.at("proxy/a.1001.exr"), "{}", ran.log);
}

#[test]
fn a_frame_that_fails_is_told_and_the_next_one_rendered_unless_the_job_says_otherwise() {
    let mut scene = beauty("");
    scene["fail"] = json!({ "1001": "Read1: Can't read /a/b.exr: No such file or directory" });
    let farm = Farm::new(json!({})).to("a.####.exr");
    let ran = farm.run(&scene);
    let (fault, log) = ran.only_fault();
    assert_eq!(
        (fault.cause, fault.frame, fault.about.as_deref()),
        (Cause::MissingFile, Some(1001), Some("/a/b.exr"))
    );
    assert_eq!((ran.code, ran.places().len()), (Some(1), 1), "{log}");
    let farm = Farm::new(json!({ "continue_on_error": false })).to("a.####.exr");
    let ran = farm.run(&scene);
    assert_eq!((ran.code, ran.places().len(), ran.faults().len()), (Some(1), 0, 1), "{}", ran.log);
}

#[test]
fn an_image_that_is_not_there_is_no_success() {
    let mut scene = beauty("");
    scene["silent"] = json!([1002]);
    let farm = Farm::new(json!({})).to("a.####.exr");
    let ran = farm.run(&scene);
    let (fault, log) = ran.only_fault();
    assert!(fault.frame == Some(1002) && fault.message.contains("not there"), "{log}");
    assert_eq!((ran.code, ran.places().len()), (Some(1), 1));
}

#[test]
fn what_is_wrong_with_the_script_has_a_remedy() {
    let told = |scene: Value, options: Value, cause: Cause, part: &str| {
        let farm = Farm::new(options).to("a.####.exr");
        let ran = farm.run(&scene);
        let (fault, log) = ran.only_fault();
        assert!(fault.cause == cause && fault.message.contains(part), "`{part}` in {fault:?}\n{log}");
        assert_eq!(ran.code, Some(1));
    };
    let with = |key: &str, value: Value| {
        let mut scene = beauty("/a.####.exr");
        scene["nodes"]["Beauty"][key] = value;
        scene
    };
    told(with("disable", json!(true)), json!({}), Cause::Scene, "disabled");
    told(with("reading", json!(true)), json!({}), Cause::Scene, "reading");
    told(json!({ "nodes": { "Other": { "file": "" } } }), json!({}), Cause::Scene, "it has Other");
    told(
        json!({ "nodes": {}, "refuse": "Wipe: Unknown command" }),
        json!({}),
        Cause::Scene,
        "Unknown command",
    );
    let none = json!({ "make_directories": false });
    let farm = Farm::new(none).to("not/there/a.####.exr");
    let ran = farm.run(&beauty(""));
    assert_eq!(ran.only_fault().0.cause, Cause::Disk);
    let mut farm = Farm::new(json!({}));
    farm.task.job.scene = "/not/there.nk".into();
    let ran = farm.run(&beauty(""));
    assert_eq!(ran.only_fault().0.cause, Cause::MissingFile);
    let farm = Farm::new(json!({}));
    let ran = farm.run(&beauty(&farm.at("a.exr")));
    assert!(ran.only_fault().0.message.contains("frames 1001 and 1002"), "{}", ran.log);
    let farm = Farm::new(json!({}));
    let ran = farm.run(&beauty(""));
    assert!(ran.only_fault().0.message.contains("has no file"), "{}", ran.log);
}

#[test]
fn frame_hooks_run_around_each_frame() {
    let code = "def before_frame(context):\n    print('before', context['frame'], context['layer'])\n";
    let after =
        "import os\ndef after_frame(context):\n    print('after', os.path.getsize(context['paths'][0]))\n";
    let farm = Farm::new(json!({}))
        .hook(Moment::BeforeFrame, OnFailure::Fail, code)
        .hook(Moment::AfterFrame, OnFailure::Fail, after)
        .to("a.####.exr");
    let ran = farm.run(&beauty(""));
    assert_eq!(ran.code, Some(0), "{}", ran.log);
    let order: Vec<&str> = ran
        .log
        .lines()
        .filter(|line| ["before", "executing", "after"].iter().any(|word| line.starts_with(word)))
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(order, ["before", "executing", "after", "before", "executing", "after"]);
}

#[test]
fn a_hook_that_fails_counts_as_its_policy_says() {
    let code = "def after_frame(context):\n    raise ValueError('no stamp')\n";
    let farm = |on_failure| Farm::new(json!({})).hook(Moment::AfterFrame, on_failure, code).to("a.####.exr");
    let fail = farm(OnFailure::Fail).run(&beauty(""));
    let faults: Vec<_> = fail.faults().iter().map(|fault| (fault.cause, fault.frame)).collect();
    assert_eq!(faults, [(Cause::Script, Some(1001)), (Cause::Script, Some(1002))], "{}", fail.log);
    let warned = farm(OnFailure::Warn);
    let warn = warned.run(&beauty(""));
    assert_eq!((warn.code, warn.places().len(), warn.faults().len()), (Some(0), 2, 0), "{}", warn.log);
    assert!(
        warn.events.iter().any(|event| matches!(event, Event::Warning(text) if text.contains("no stamp")))
    );
    let hold = farm(OnFailure::Hold).run(&beauty(""));
    assert!(
        hold.events.iter().any(|event| matches!(event, Event::Fact(fact) if fact.name == report::HOLD)),
        "{}",
        hold.log
    );
    assert_eq!((hold.code, hold.places().len()), (Some(1), 0));
}
