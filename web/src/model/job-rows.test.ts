import { expect, test } from "vitest";
import type { JobSummary } from "../api/types";
import { foldedRows, foldOf } from "./job-rows";
import { sampleJob } from "./samples";

const batches: Record<number, number> = { 2: 7, 4: 7, 5: 8, 6: 7 };
const rows = (ids: number[], open: number[]) => foldedRows(ids, (id) => batches[id], (batch) => open.includes(batch));

test.each<[string, number[], number[], number[]]>([
  ["a batch stands where its first job does", [1, 2, 3, 4, 6], [], [1, -7, 3]],
  ["its jobs follow it when it is open", [1, 2, 3, 4, 6], [7], [1, -7, 2, 4, 6, 3]],
  ["the order of its jobs is the list's", [6, 1, 4, 2], [7], [-7, 6, 4, 2, 1]],
  ["one of which a single job is listed is that job", [1, 4, 5], [7, 8], [1, 4, 5]],
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
