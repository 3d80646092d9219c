import { expect, test } from "vitest";
import type { GpuObstacle, JobStatus, JobSummary, WaitKind, WhyView } from "../api/types";
import { grouped, isStuck } from "./order";

function job(id: number, status: JobStatus, priority = 50, finished: string | null = null): JobSummary {
  return { id, status, priority, finished, submitted: "2026-11-22T00:00:00.000Z" } as JobSummary;
}

test("what runs, then the queue by turn, then the newest end", () => {
  const groups = grouped([
    job(1, "done", 50, "2026-11-22T01:00:00.000Z"),
    job(2, "waiting"),
    job(3, "failed", 50, "2026-11-22T02:00:00.000Z"),
    job(4, "waiting", 80),
    job(5, "running"),
    job(6, "paused"),
    job(7, "cancelling", 10),
    job(8, "cancelled"),
  ]);
  const ids = Object.fromEntries(Object.entries(groups).map(([group, jobs]) => [group, jobs.map((one) => one.id)]));
  expect(ids).toEqual({ running: [5, 7], queue: [4, 2, 6], ended: [3, 1, 8] });
});

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
