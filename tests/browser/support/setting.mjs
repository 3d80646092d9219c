// What every test file begins with and leaves nothing of: a directory, a daemon, a scene and a browser.
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { launch } from "./browser.mjs";
import { Daemon } from "./daemon.mjs";
import { Gate, jobOf, makeScene } from "./scene.mjs";

/**
 * `prepare` runs once before the first test: hooks of one file do not wait for each other. `configure` gives what the
 * daemon's configuration has besides, for the test's directory.
 */
export function setting(prepare = async () => {}, configure = () => "") {
  const gates = [];
  const set = {
    /** A job whose render waits at `gateFrame`, and the gate. */
    gated(frames, gateFrame, name) {
      const gate = new Gate(set.dir, gateFrame, name);
      gates.push(gate);
      return { gate, job: { ...jobOf(set.scene, frames, join(set.dir, name, "####"), gate.script), name } };
    },
  };
  before(async () => {
    set.dir = realpathSync(mkdtempSync(join(tmpdir(), "farmhand-browser-")));
    [set.scene, set.daemon, set.browser] = await Promise.all([makeScene(set.dir), Daemon.start(set.dir, configure(set.dir)), launch()]);
    await prepare(set);
  });
  after(async () => {
    gates.forEach((gate) => gate.open());
    await set.browser?.close();
    await set.daemon?.stop();
    rmSync(set.dir, { recursive: true, force: true, maxRetries: 5 });
  });
  return set;
}
