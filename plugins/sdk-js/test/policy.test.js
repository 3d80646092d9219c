// The usual verdicts: the same cases as the Rust SDK's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { Fact, Fault, FrameRuns, Outcome, Task, policy } from "../index.js";

const fault = (severity, cause, frame = null) => new Fault(severity, cause, "it broke", { frame });

function outcome(isMissing, more = {}) {
  const [framesDone, framesMissing] = isMissing
    ? [FrameRuns.range(1, 3), FrameRuns.range(4, 5)]
    : [FrameRuns.range(1, 5), new FrameRuns()];
  return new Outcome({ exitCode: 1, framesDone, framesMissing, ...more });
}

function decide(level, tryNumber, ended) {
  const { decision, afterMs } = policy.standard(new Task({ level, tryNumber }), ended, 2);
  return decision === "retry" ? `retry ${afterMs}` : decision;
}

test("verified frames count whatever the exit code says", () => {
  const verdict = policy.standard(new Task(), outcome(false), 2);
  assert.deepEqual(
    [verdict.decision, verdict.reason],
    ["accept", "all 5 frames are verified; exit code 1 came after the last image"],
  );
  const one = new Outcome({ exitCode: null, signal: 11, framesDone: FrameRuns.of([1]) });
  assert.equal(
    policy.standard(new Task(), one, 2).reason,
    "the frame is verified; signal 11 came after the last image",
  );
});

test("whole images are not believed after a fault that spoils them", () => {
  for (const [cause, expected] of [
    ["memory", "retry 2000"],
    ["licence", "quarantine-node"],
    ["crash", "accept"],
    ["disk", "accept"],
  ]) {
    assert.equal(decide(0, 1, outcome(false, { faults: [fault("worker-fatal", cause)] })), expected, cause);
  }
  assert.equal(policy.spoilsImages(fault("transient", "licence")), false);
});

test("the fault decides", () => {
  for (const [seen, level, tryNumber, expected] of [
    [fault("frame-fatal", "script"), 0, 1, "fail-job"],
    [fault("frame-fatal", "script", 4), 0, 1, "fail-frames"],
    [fault("frame-fatal", "scene", 4), 0, 1, "fail-job"],
    [fault("frame-fatal", "missing-file"), 0, 1, "fail-job"],
    [fault("frame-fatal", "missing-file", 4), 0, 1, "fail-frames"],
    [fault("frame-fatal", "disk", 4), 0, 1, "fail-job"],
    [fault("worker-fatal", "memory"), 0, 1, "retry 2000"],
    [fault("frame-fatal", "memory", 4), 1, 2, "retry 4000"],
    [fault("worker-fatal", "memory"), 0, 3, "fall-back"],
    [fault("worker-fatal", "memory"), 1, 3, "fail-frames"],
    [fault("worker-fatal", "gpu"), 0, 1, "fall-back"],
    [fault("worker-fatal", "gpu"), 1, 1, "fail-frames"],
    [fault("worker-fatal", "disk"), 0, 1, "quarantine-node"],
    [fault("frame-fatal", "crash", 4), 0, 1, "retry 2000"],
    [fault("frame-fatal", "crash", 4), 0, 2, "fall-back"],
    [fault("transient", "licence"), 0, 2, "retry 60000"],
    [fault("transient", "other"), 0, 1, "retry 5000"],
  ])
    assert.equal(decide(level, tryNumber, outcome(true, { faults: [seen] })), expected, JSON.stringify(seen));
  const several = [
    fault("transient", "licence"),
    fault("frame-fatal", "missing-file", 4),
    fault("frame-fatal", "script"),
  ];
  assert.equal(decide(0, 1, outcome(true, { faults: several })), "fail-job");
});

test("without a fault the way it ended decides", () => {
  const ended = (exitCode, signal, endedBy = "itself") => outcome(true, { exitCode, signal, endedBy });
  for (const [end, level, tryNumber, expected] of [
    [ended(0, null), 0, 1, "fall-back"],
    [ended(0, null), 1, 1, "fail-frames"],
    [ended(3, null), 0, 1, "fall-back"],
    [ended(127, null), 0, 1, "quarantine-node"],
    [ended(null, 9), 0, 1, "retry 10000"],
    [ended(137, null), 0, 2, "retry 20000"],
    [ended(null, 15), 0, 1, "retry 2000"],
    [ended(null, 11), 0, 1, "retry 2000"],
    [ended(-1_073_741_819, null), 0, 2, "fall-back"],
    [ended(null, 9, "stall"), 0, 2, "fall-back"],
    [ended(null, 9, "time-limit"), 1, 2, "fail-frames"],
    [ended(null, null, "lost"), 1, 9, "retry 0"],
    [ended(null, null), 0, 1, "retry 2000"],
  ])
    assert.equal(decide(level, tryNumber, end), expected, JSON.stringify(end));
  assert.match(policy.standard(new Task(), ended(0, null), 1).reason, /left no good image of frames 4-5/);
});

test("a hook may ask for the job to be held", () => {
  const held = outcome(true, { facts: [new Fact("hold", "first"), new Fact("hold", "look at frame 4")] });
  assert.deepEqual(
    { ...policy.standard(new Task(), held, 1) },
    { decision: "hold-job", reason: "look at frame 4", afterMs: 0 },
  );
});

test("the wait grows and stops growing", () => {
  assert.deepEqual(
    [policy.backOff(5_000, 1), policy.backOff(5_000, 3), policy.backOff(5_000, 30)],
    [5_000, 20_000, 300_000],
  );
});

test("a fault of the plugin's own making", () => {
  assert.equal(policy.ownFault(new Task(), outcome(true, { exitCode: 0 }), 2, "x").decision, "fail-job");
  assert.equal(policy.ownFault(new Task(), outcome(true), 2, "x").decision, "fall-back");
});

test("signals, also of wrappers and of Windows", () => {
  for (const [signal, exitCode, expected] of [
    [9, null, 9],
    [null, 139, 11],
    [null, 1, null],
    [null, null, null],
    [null, -1_073_741_819, 11],
    [null, 3_221_225_477, 11],
    [null, 160, null],
  ]) {
    assert.equal(policy.signalOf({ signal, exitCode }), expected, `${signal} ${exitCode}`);
  }
});
