import { expect, test } from "vitest";
import type { GpuObstacle, JobStatus, JobSummary, WaitKind, WhyView } from "../api/types";
import { isStuck } from "./order";

function job(id: number, status: JobStatus): JobSummary {
  return { id, status } as JobSummary;
}

test.each<[WaitKind, boolean]>([
  ["behind", false],
  ["no-slot", false],
  ["paused", false],
  ["breaker", true],
  ["held", true],
  ["licence", true],
  ["hooks", false],
  ["no-tool", true],
  ["after-failed", true],
])("a job that waits for %s is stuck: %s", (kind, stuck) => {
  const reason = { kind } as WhyView["reason"];
  expect(isStuck({ ...job(1, "waiting"), why: { reason, text: "", remedy: null } })).toBe(stuck);
});

test.each<[string, GpuObstacle[], boolean]>([
  ["that a person keeps", [{ obstacle: "standing", standing: "reserved" }], true],
  ["that are lost or too small", [{ obstacle: "standing", standing: "lost", reason: "" }, { obstacle: "too-small", bytes: 1 }], true],
  ["of which one renders", [{ obstacle: "standing", standing: "reserved" }, { obstacle: "leased", holders: [] }], false],
])("a job that waits for GPUs %s: stuck", (_, obstacles, stuck) => {
  const gpus = obstacles.map((obstacle, index) => ({ index, uuid: "", ...obstacle }));
  const need = { count: 1, memory_bytes: null, required: true };
  const why: WhyView = { reason: { kind: "gpus", need, gpus }, text: "", remedy: null };
  expect(isStuck({ ...job(1, "waiting"), why })).toBe(stuck);
});
