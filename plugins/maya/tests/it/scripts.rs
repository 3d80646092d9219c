//! The generated scripts as Python: compiled by a real one, down to the version of Maya 2022, and asked for no more
//! than they are given.

use crate::tasks::{MINIMAL, SCRIPT, hook, task};
use farmhand_maya::Maya;
use farmhand_sdk::prelude::*;
use serde_json::json;
use std::process::Command as Process;

/// A job with everything in it that quoting could break.
fn hostile(level: u32) -> Task {
    let text = "a\"b'c\\d\n{}%s Größe \u{2028} ''' \"\"\" @JOB@";
    let mut options = json!({ "renderer": "arnold" });
    if level == SCRIPT {
        options["camera"] = text.into();
        options["attributes"] = json!({ "a.b": text });
        options["pre_render_python"] = text.into();
    }
    let mut task = task(level, options);
    task.job.scene = format!("/show/{text}.ma");
    task.job.output = Some("/out/it's \"{layer}\" \\_####.exr".into());
    task.layer = Some(text.into());
    task.job.path_map = vec![PathRule { spelled: "P:/\"x\"".into(), here: "/p/'x'".into() }];
    if level == SCRIPT {
        task.job.hook_scripts = vec![hook("pub'lish", Moment::AfterFrame, OnFailure::Hold)];
    }
    task
}

fn contents(level: u32) -> String {
    Maya::build_command(&hostile(level)).unwrap().files[0].contents.clone()
}

/// Python's own answer; a machine without one fails the test.
fn python(args: &[&str]) -> std::process::Output {
    Process::new("python3")
        .args(args)
        .output()
        .expect("the generated scripts need a python3 to be checked by")
}

#[test]
fn both_scripts_compile_down_to_the_python_of_maya_2022() {
    let directory = tempfile::tempdir().unwrap();
    for (level, name) in [(SCRIPT, "script.py"), (MINIMAL, "minimal.py")] {
        let file = directory.path().join(name);
        std::fs::write(&file, contents(level)).unwrap();
        let file = file.to_str().unwrap();
        for check in [
            "import py_compile, sys; py_compile.compile(sys.argv[1], doraise=True)",
            "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), feature_version=(3, 7))",
        ] {
            let output = python(&["-c", check, file]);
            assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
        }
    }
}

#[test]
fn python_reads_the_job_as_it_was_written() {
    for level in [SCRIPT, MINIMAL] {
        let contents = contents(level);
        let (head, _) = contents.split_once("\nIMAGES = ").unwrap();
        let script = format!("{head}\nsys.stdout.buffer.write(JOB['layer'].encode())\n");
        let output = python(&["-c", &script]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), hostile(level).layer.unwrap());
    }
}

#[test]
fn the_scripts_ask_only_for_what_they_are_given() {
    for level in [SCRIPT, MINIMAL] {
        let contents = contents(level);
        let (_, json) = contents.split_once("json.loads(").unwrap();
        let literal: String = serde_json::Deserializer::from_str(json).into_iter().next().unwrap().unwrap();
        let job: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&literal).unwrap();
        let asked: Vec<&str> =
            contents.split("JOB[\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        for key in &asked {
            assert!(job.contains_key(*key), "level {level} asks for {key}");
        }
        for key in job.keys() {
            assert!(asked.contains(&key.as_str()), "level {level}: nobody asks for {key}");
        }
    }
}
