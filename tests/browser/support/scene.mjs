// Real scenes, made by real Blender: small enough to render in a fraction of a second a frame.
import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const SCRIPT = join(dirname(fileURLToPath(import.meta.url)), "make_scene.py");

/** Makes a scene in `dir` and gives its path. */
export async function makeScene(dir, name = "shot.blend") {
  const path = join(dir, name);
  await promisify(execFile)("blender", ["-b", "--factory-startup", "--python-exit-code", "1", "-P", SCRIPT, "--", path]);
  return path;
}

/**
 * A render that stops at `frame` until the test lets it go on: a script for a job's `python` option. Tests look at the
 * page in between, so that they wait for what happens and never for time to pass.
 */
export class Gate {
  constructor(dir, frame, name = "gate") {
    this.script = join(dir, `${name}.py`);
    this.way = join(dir, `${name}.open`);
    writeFileSync(
      this.script,
      `import bpy, os, time
def wait(scene, *_):
    if scene.frame_current == ${frame} and not os.path.exists(${JSON.stringify(this.way)}):
        print("gate: waiting at frame ${frame}", flush=True)
        while not os.path.exists(${JSON.stringify(this.way)}):
            time.sleep(0.02)
bpy.app.handlers.render_pre.append(wait)
`,
    );
  }

  open() {
    writeFileSync(this.way, "");
  }
}

/** The JSON of a job that renders `frames` of a scene in one process. */
export function jobOf(scene, frames, output, python) {
  return { scene, frames, output, chunk: "whole", options: { format: "PNG", ...(python === undefined ? {} : { python }) } };
}
