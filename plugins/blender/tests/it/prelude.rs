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

/// As much of Blender as the choice of a device sees: what it has by back-end, and what it used in the end.
const STAND_IN: &str = r#"
import sys, types
from types import SimpleNamespace as Some

class Preferences:
    def __init__(self, devices):
        self.__dict__["devices"] = [Some(type=kind, name=kind, use=kind == "CPU") for kind in devices]
        self.__dict__["compute_device_type"] = "NONE"

    def __setattr__(self, name, value):
        if value not in [device.type for device in self.devices]:
            raise TypeError(value)
        self.__dict__[name] = value

preferences = Preferences(sys.argv[1].split())
bpy = types.ModuleType("bpy")
bpy.context = Some(preferences=Some(addons={"cycles": Some(preferences=preferences)}))
sys.modules["bpy"] = bpy
scene = Some(render=Some(engine="CYCLES"), cycles=Some(device=sys.argv[2]))
"#;
const CHOOSE: &str = r#"
try:
    choose_device(scene)
    used = [device.type for device in preferences.devices if device.use]
    say("used", scene.cycles.device + " " + " ".join(used))
except Refused as refused:
    say("refused", "%s|%s" % (refused.cause, refused))
"#;

#[test]
fn cycles_gets_the_leased_gpus_and_no_others() {
    let two = "CPU OPTIX CUDA OPTIX CUDA";
    let own = "CPU OPTIX CUDA";
    for (options, leased, there, scene, expected) in [
        // As the scene says.
        (json!({}), 1, own, "CPU", "device=CPU used=CPU CPU"),
        (json!({}), 1, own, "GPU", "device=OPTIX gpus=OPTIX used=GPU OPTIX"),
        (json!({}), 1, "CPU CUDA", "GPU", "device=CUDA gpus=CUDA used=GPU CUDA"),
        (json!({}), 2, two, "GPU", "device=OPTIX gpus=OPTIX, OPTIX used=GPU OPTIX OPTIX"),
        (json!({}), 0, own, "GPU", "device=CPU warning=the scene asks for a GPU used=CPU CPU"),
        (json!({}), 1, "CPU", "GPU", "device=CPU warning=the scene asks for a GPU used=CPU CPU"),
        (json!({ "allow_cpu": false }), 0, own, "GPU", "device=none refused=gpu|this node has no GPU device"),
        // Without a lease, those that farmhand does not know.
        (json!({}), 0, "CPU CUDA HIP", "GPU", "device=HIP gpus=HIP used=GPU HIP"),
        (json!({}), 1, "CPU CUDA HIP", "GPU", "device=CUDA gpus=CUDA used=GPU CUDA"),
        (json!({ "device": "METAL" }), 0, "CPU METAL", "CPU", "device=METAL gpus=METAL used=GPU METAL"),
        // As the job says.
        (json!({ "device": "CUDA" }), 1, own, "CPU", "device=CUDA gpus=CUDA used=GPU CUDA"),
        (json!({ "device": "CPU" }), 1, own, "GPU", "device=CPU used=CPU CPU"),
        (
            json!({ "device": "CUDA" }),
            0,
            own,
            "CPU",
            "device=CPU warning=the job asks for a GPU used=CPU CPU",
        ),
        (
            json!({ "device": "CUDA", "allow_cpu": false }),
            0,
            own,
            "CPU",
            "device=none refused=gpu|this task was given no GPU for CUDA",
        ),
        (
            json!({ "device": "OPTIX" }),
            1,
            "CPU CUDA",
            "CPU",
            "device=none refused=gpu|this node has no OPTIX",
        ),
        // The variable that keeps it to its own was overwritten.
        (json!({}), 1, two, "GPU", "device=none refused=gpu|Blender sees 2 GPUs and the task has 1"),
    ] {
        let task = Task {
            job: Job { raw_options: options.as_object().unwrap().clone(), ..hostile().job },
            gpus: vec![farmhand_sdk::Gpu::default(); leased],
            ..hostile()
        };
        let contents = Blender::build_command(&task).unwrap().files[0].contents.clone();
        let functions = contents.split("\n\ntry:\n    main()").next().unwrap();
        let script = format!("{STAND_IN}\n{functions}\n{CHOOSE}");
        let Ok(output) = Process::new("python3").args(["-c", &script, there, scene]).output() else { return };
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let told = String::from_utf8(output.stdout).unwrap();
        let told: Vec<_> = told.lines().filter_map(|line| line.strip_prefix("farmhand: ")).collect();
        let mut rest = told.join(" ");
        for part in expected.split(' ') {
            let at = rest.find(part).unwrap_or_else(|| panic!("{part} of {expected} in {told:?}: {options}"));
            rest = rest[at..].to_owned();
        }
        let facts = |text: &str| text.matches('=').count();
        assert_eq!(facts(&told.join(" ")), facts(expected), "{told:?}: {options}");
    }
}
