// The plugin's unit tests: `node --test` in the plugin's folder. They need no farmhand, only its SDK, which
// `farmhand plugin new` put into `node_modules/farmhand`.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameStarted, Progress } from "farmhand";
import * as testing from "farmhand/testing";
import Glow from "../plugin.js";

test("the command has the frames and the options", () => {
  const task = testing.task({ scene: "/show/shot.glow", frames: "1-3", options: { quality: 70 } });
  const command = testing.command(Glow, task);
  assert.deepEqual(command.args.slice(0, 6), ["--frames", "1-3", "--threads", "4", "--quality", "70"]);
  assert.equal(command.outputs.length, 3);
});

test("the command has the default quality", () => {
  assert.ok(testing.command(Glow).args.includes("50"));
});

test("the reader sees progress", () => {
  assert.deepEqual(testing.events(Glow, "frame 3 42%"), [new FrameStarted(3), new Progress(0.42)]);
});

test("the reader sees a missing licence", () => {
  const [fault] = testing.events(Glow, "LICENCE: no seat for glow");
  assert.deepEqual([fault.severity, fault.cause, fault.about], ["transient", "licence", "glow"]);
});
