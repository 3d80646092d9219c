//! The demo's scene in the arrangements that people use, side by side with farmhand, in one run.

use crate::farm::{Farm, machine_cpu_seconds};
use crate::report::table;
use crate::row;
use serde_json::json;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const FRAMES: u32 = 24;
const PERSISTENT: &str = "import bpy; bpy.context.scene.render.use_persistent_data = True";

struct Measured {
    name: &'static str,
    wall: f64,
    cpu: f64,
}

pub fn arrangements() {
    let dir = tempfile::tempdir().expect("a directory");
    let scene = dir.path().join("field.blend");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../demo/make_scene.py");
    let made = Command::new("blender")
        .args(["-b", "--factory-startup", "-P"])
        .arg(script)
        .arg("--")
        .arg(&scene)
        .arg(FRAMES.to_string())
        .stdout(Stdio::null())
        .status();
    assert!(made.is_ok_and(|status| status.success()), "blender makes the scene");
    // Once without a clock, so that no arrangement pays for cold files.
    blender(&scene, dir.path(), &["-f", "1"]).wait().expect("it ends");

    let half = FRAMES / 2;
    let (first, second) = (format!("1..{half}"), format!("{}..{FRAMES}", half + 1));
    let all = FRAMES.to_string();
    let measured = [
        measure("blender -b -a", || run(blender(&scene, dir.path(), &["-s", "1", "-e", &all, "-a"]))),
        measure("farmhand", || farmhand(&scene, dir.path())),
        measure("the same with persistent data", || {
            run(blender(&scene, dir.path(), &["--python-expr", PERSISTENT, "-s", "1", "-e", &all, "-a"]));
        }),
        measure("two processes, half the frames each, one thread", || {
            let a = blender(&scene, dir.path(), &["-t", "1", "-f", &first]);
            let b = blender(&scene, dir.path(), &["-t", "1", "-f", &second]);
            run(a);
            run(b);
        }),
        measure("the same with persistent data", || {
            let with = |frames: &str| {
                blender(&scene, dir.path(), &["-t", "1", "--python-expr", PERSISTENT, "-f", frames])
            };
            let (a, b) = (with(&first), with(&second));
            run(a);
            run(b);
        }),
        measure("chunks of 5 in turn", || {
            for start in (1..=FRAMES).step_by(5) {
                let chunk = format!("{start}..{}", (start + 4).min(FRAMES));
                run(blender(&scene, dir.path(), &["-f", &chunk]));
            }
        }),
        measure("a process a frame, two at a time", || {
            std::thread::scope(|scope| {
                for slot in 0..2 {
                    let (scene, dir) = (&scene, dir.path());
                    scope.spawn(move || {
                        for frame in (1 + slot..=FRAMES).step_by(2) {
                            run(blender(scene, dir, &["-t", "1", "-f", &frame.to_string()]));
                        }
                    });
                }
            });
        }),
    ];
    let plain = measured[0].wall;
    let cores = std::thread::available_parallelism().map_or(1, usize::from) as f64;
    let rows: Vec<Vec<String>> = measured
        .iter()
        .map(|m| {
            row![
                m.name,
                format!("{:.1}", m.wall),
                format!("{:.2}", m.wall / plain),
                format!("{:.1}", m.cpu),
                format!("{:.2}", m.wall / (m.cpu / cores)),
            ]
        })
        .collect();
    table(
        &format!("The demo's scene, {FRAMES} frames, {cores} cores"),
        &["arrangement", "wall s", "of `-a`", "CPU s", "wall / (CPU s / cores)"],
        &rows,
    );
}

fn measure(name: &'static str, work: impl FnOnce()) -> Measured {
    let cpu = machine_cpu_seconds();
    let started = Instant::now();
    work();
    Measured { name, wall: started.elapsed().as_secs_f64(), cpu: machine_cpu_seconds() - cpu }
}

fn blender(scene: &Path, dir: &Path, arguments: &[&str]) -> std::process::Child {
    // The output and format stand before the frames, as Blender works through its arguments from left to right; the
    // thread count is an option of the environment and may stand anywhere.
    Command::new("blender")
        .arg("-b")
        .arg(scene)
        .arg("-o")
        .arg(dir.join("plain/field_####"))
        .args(["-F", "PNG", "-x", "1"])
        .args(arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("blender starts")
}

fn run(mut child: std::process::Child) {
    assert!(child.wait().is_ok_and(|status| status.success()));
}

/// Start of the daemon to the last verified frame.
fn farmhand(scene: &Path, dir: &Path) {
    let farm = Farm::start(&dir.join("farm"), &[]);
    let job = farm.submit(&json!({
        "scene": scene,
        "frames": format!("1-{FRAMES}"),
        "output": dir.join("farmhand/field_####"),
        "options": {"format": "PNG"},
    }));
    farm.wait_for_end(job);
}
