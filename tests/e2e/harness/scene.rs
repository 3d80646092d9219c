//! Real scenes, made by real Blender: small enough to render in a fraction of a second a frame.

use super::{Daemon, job_of};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a scene is like.
#[derive(Debug, Clone)]
pub struct Scene {
    pub camera: bool,
    pub denoise: bool,
    pub samples: u32,
    pub size: (u32, u32),
}

impl Default for Scene {
    fn default() -> Self {
        Self { camera: true, denoise: false, samples: 1, size: (64, 36) }
    }
}

/// Python for a job's `python` option that stops the render at `frame` until `gate` exists, and writes Blender's
/// process id to `pid` first: a test can then do what it likes in the middle of a chunk.
pub fn gate_script(dir: &Path, frame: i32) -> Gate {
    let gate = Gate { script: dir.join("gate.py"), open: dir.join("gate.open"), pid: dir.join("gate.pid") };
    let text = format!(
        r#"import bpy, os, time
def wait(scene, *_):
    if scene.frame_current == {frame} and not os.path.exists({open:?}):
        with open({pid:?} + ".tmp", "w") as file:
            file.write(str(os.getpid()))
        os.rename({pid:?} + ".tmp", {pid:?})
        print("gate: waiting at frame {frame}", flush=True)
        while not os.path.exists({open:?}):
            time.sleep(0.02)
bpy.app.handlers.render_pre.append(wait)
"#,
        open = gate.open,
        pid = gate.pid,
    );
    std::fs::write(&gate.script, text).expect("writable");
    gate
}

/// A render that waits in the middle.
pub struct Gate {
    pub script: PathBuf,
    open: PathBuf,
    pid: PathBuf,
}

impl Gate {
    /// Blender's process id, once it waits.
    pub fn waiting(&self) -> Option<u32> {
        std::fs::read_to_string(&self.pid).ok()?.trim().parse().ok()
    }

    pub fn open(&self) {
        std::fs::write(&self.open, "").expect("writable");
    }

    /// Submits a render of `frames` to `out/shot_####`, in one process, that comes to stand at the gate; its job's
    /// number and Blender's process id.
    pub fn render(&self, daemon: &Daemon, scene: &Path, frames: &str) -> (u64, u32) {
        let directory = scene.parent().expect("a directory").join("out/shot_####");
        let mut job = job_of(scene, frames, &directory);
        job["options"]["python"] = serde_json::json!(self.script);
        job["chunk"] = serde_json::json!("whole");
        let id = daemon.client.submit(&job);
        (id, daemon.client.wait_for("the render waits at the gate", || self.waiting()))
    }
}

/// Blender with nothing of the user's.
pub fn blender_command() -> Command {
    let mut command = Command::new("blender");
    command.args(["-b", "--factory-startup", "--python-exit-code", "1"]);
    command
}

impl Scene {
    /// Makes it as `name` in `dir`.
    pub fn make(&self, dir: &Path, name: &str) -> PathBuf {
        let path = dir.join(name);
        let script = dir.join(format!("{name}.make.py"));
        std::fs::write(&script, self.script(&path)).expect("writable");
        let made =
            blender_command().arg("-P").arg(&script).output().expect("blender runs; `scripts/setup test`");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
        path
    }

    fn script(&self, path: &Path) -> String {
        let (width, height) = self.size;
        format!(
            r#"import bpy
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.samples = {samples}
scene.cycles.use_denoising = {denoise}
scene.render.resolution_x, scene.render.resolution_y = {width}, {height}
scene.frame_start, scene.frame_end = 1, 8
scene.render.image_settings.file_format = "PNG"
scene.render.filepath = "//own/own_####"
cube = bpy.data.objects["Cube"]
cube.keyframe_insert("rotation_euler", frame=1)
cube.rotation_euler.z = 2.0
cube.keyframe_insert("rotation_euler", frame=8)
if not {camera}:
    bpy.data.objects.remove(scene.camera)
bpy.ops.wm.save_as_mainfile(filepath={path:?})
"#,
            samples = self.samples,
            denoise = if self.denoise { "True" } else { "False" },
            camera = if self.camera { "True" } else { "False" },
        )
    }
}
