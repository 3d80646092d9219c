//! The generated prelude as Python, where this machine has one.

use farmhand_blender::Blender;
use farmhand_sdk::prelude::*;
use serde_json::json;
use std::process::Command as Process;

/// Options with everything in them that quoting could break.
fn hostile() -> Task {
    let text = "a\"b'c\\d\n{}%s Größe \u{2028} ''' \"\"\"";
    let options = json!({ "scene": text, "camera": text, "samples": 4, "resolution": [64, 48], "engine": "BLENDER_EEVEE" });
    Task {
        job: Job {
            scene: "/a.blend".into(),
            output: Some("/out/it's \"{layer}\" \\_####.exr".into()),
            raw_options: options.as_object().unwrap().clone(),
            ..Job::default()
        },
        frames: FrameRuns::range(1, 2),
        layer: Some(text.into()),
        staging: "/st".into(),
        scratch: "/scratch".into(),
        ..Task::default()
    }
}

#[test]
fn python_reads_the_job_as_it_was_written() {
    let contents = Blender::build_command(&hostile()).unwrap().files[0].contents.clone();
    let head = contents.split("\n\n# Blender's own limit").next().unwrap().replace("import bpy\n", "");
    let script = format!("{head}\nsys.stdout.buffer.write(JOB['camera'].encode())\n");
    let Ok(output) = Process::new("python3").args(["-c", &script]).output() else { return };
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{error}");
    let expected = hostile().job.raw_options["camera"].as_str().unwrap().to_owned();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
}

#[test]
fn it_compiles_down_to_the_python_of_2_80() {
    let contents = Blender::build_command(&hostile()).unwrap().files[0].contents.clone();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("prelude.py");
    std::fs::write(&file, contents).unwrap();
    let script =
        "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), feature_version=(3, 7))";
    let Ok(output) = Process::new("python3").args(["-c", script]).arg(&file).output() else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_prelude_asks_only_for_what_it_is_given() {
    let contents = Blender::build_command(&hostile()).unwrap().files[0].contents.clone();
    let (_, json) = contents.split_once("json.loads(").unwrap();
    let literal: String = serde_json::Deserializer::from_str(json).into_iter().next().unwrap().unwrap();
    let job: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&literal).unwrap();
    let asked = contents.split("JOB[\"").skip(1).map(|rest| rest.split('"').next().unwrap());
    for key in asked.clone() {
        assert!(job.contains_key(key), "the prelude asks for {key}");
    }
    for key in job.keys() {
        assert!(asked.clone().any(|asked| asked == key), "nobody asks for {key}");
    }
}
