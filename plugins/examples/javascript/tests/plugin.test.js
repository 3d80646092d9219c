// `node --test` runs this: no farmhand, no host, no renderer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fault, FrameDone, FrameStarted, Image, Progress } from "farmhand";
import * as testing from "farmhand/testing";
import Glow from "../plugin.js";

test("the command line", () => {
  const command = testing.command(Glow, testing.task({ frames: "1-3", options: { quality: 70 } }));
  assert.deepEqual(command.args, [
    "--frames", "1-3", "--threads", "4", "--quality", "70", "--output", "/show/out/.staging/7/shot_####.png", "/show/shot.scene",
  ]);
  assert.deepEqual(command.outputs[0], new Image(1, "/show/out/.staging/7/shot_0001.png", "/show/out/shot_0001.png"));
});

test("what it prints", () => {
  const log = [
    "glow 2.1", "frame 3 42%", "wrote /show/out/.staging/7/shot_0003.png", "LICENCE: no seat for glow", "texture missing: /show/a.tex",
  ];
  assert.deepEqual(testing.events(Glow, log), [
    new FrameStarted(3),
    new Progress(0.42),
    new FrameDone(new Image(3, "/show/out/.staging/7/shot_0003.png", "/show/out/shot_0003.png")),
    new Fault("transient", "licence", "no seat for glow", { about: "glow" }),
    new Fault("frame-fatal", "missing-file", "texture missing: /show/a.tex", { frame: 3, about: "/show/a.tex" }),
  ]);
});

test("without a licence it waits and tries again", () => {
  const ended = testing.outcome({ done: "1-2", missing: "3-10", exitCode: 1 });
  const verdict = testing.verdict(Glow, ended, testing.task(), { log: "LICENCE: no seat for glow" });
  assert.deepEqual([verdict.decision, verdict.afterMs, verdict.reason], ["retry", 30_000, "no seat for glow"]);
});
