import { expect, test } from "vitest";
import type { JobSummary } from "../api/types";
import { foldedRows, foldOf } from "./job-rows";
import { sampleJob } from "./samples";

const batches: Record<number, number> = { 2: 7, 4: 7, 5: 8, 6: 7, 10: 9 };
const rows = (ids: number[], open: number[]) =>
  foldedRows(ids, {
    batchOfJob: (id) => batches[id],
    folds: (batch, listed) => listed > 1 || batch === 9,
    isOpen: (batch) => open.includes(batch),
  });

test.each<[string, number[], number[], number[]]>([
  ["a batch stands where its first job does", [1, 2, 3, 4, 6], [], [1, -7, 3]],
  ["its jobs follow it when it is open", [1, 2, 3, 4, 6], [7], [1, -7, 2, 4, 6, 3]],
  ["the order of its jobs is the list's", [6, 1, 4, 2], [7], [-7, 6, 4, 2, 1]],
  ["one that does not fold is its jobs", [1, 4, 5], [7, 8], [1, 4, 5]],
  ["one that folds a single job is a row of its own", [1, 10], [], [1, -9]],
])("%s", (_, ids, open, expected) => {
  expect(rows(ids, open).rows).toEqual(expected);
});

test("without batches the rows are the list itself", () => {
  const ids = [3, 1];
  expect(rows(ids, []).rows).toBe(ids);
});

test("a batch comes to what its jobs do", () => {
  const frames = { total: 10, pending: 2, running: 1, done: 5, skipped: 1, failed: 1 };
  const fold = (...jobs: Partial<JobSummary>[]) => foldOf(jobs.map((job, id) => sampleJob(id, { frames, ...job })));
  const live = fold({ status: "done", finished: "a" }, { status: "running", eta: "b" }, { status: "waiting", eta: "c" });
  expect(live.frames).toEqual({ total: 30, pending: 6, running: 3, done: 15, skipped: 3, failed: 3 });
  expect([live.jobs, live.status, live.eta, live.finished]).toEqual([3, "running", "c", null]);
  expect(fold({ eta: "b" }, { eta: null }).eta).toBeNull();
  const ended = fold({ status: "done", finished: "a" }, { status: "failed", finished: "c" }, { status: "done", finished: "b" });
  expect([ended.status, ended.eta, ended.finished]).toEqual(["failed", null, "c"]);
});

test("what all jobs of a batch share is said once", () => {
  const why = (text: string) => ({ reason: { kind: "no-slot" as const }, text, remedy: null });
  const fold = (...jobs: Partial<JobSummary>[]) => foldOf(jobs.map((job, id) => sampleJob(id, job)));
  const same = fold({ why: why("no slot"), priority: 40 }, { why: why("no slot"), priority: 60 }, { status: "running", why: why("all runs") });
  expect([same.why, same.plugin, same.priorities]).toEqual(["no slot", "blender", [40, 60]]);
  const differ = fold({ why: why("no slot") }, { why: why("no licence"), plugin: "maya" });
  expect([differ.why, differ.plugin, differ.priorities]).toEqual([null, null, [50, 50]]);
});
