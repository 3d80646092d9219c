import { expect, test } from "vitest";
import { sampleJob } from "../model/samples";
import { JobsIndex } from "./jobs-index";

test("jobs are counted as they come and change", () => {
  const index = new JobsIndex();
  index.put(sampleJob(1, { user: "anna", batch: { id: 7, name: "nightly" } }));
  index.put(sampleJob(2, { user: "bo", plugin: "maya", status: "running" }));
  index.put(sampleJob(1, { user: "anna", status: "running" }));
  expect([index.size, index.count("waiting"), index.count("running")]).toEqual([2, 0, 2]);
  expect(index.withStatus("running", "waiting").map((job) => job.id)).toEqual([2, 1]);
  expect([index.users(), index.plugins(), index.hasBatches]).toEqual([["anna", "bo"], ["blender", "maya"], false]);
  index.reset([sampleJob(3, { batch: { id: 7, name: "nightly" } })]);
  expect([index.size, index.count("running"), index.users()]).toEqual([1, 0, []]);
  expect(index.ofBatch(7).map((job) => job.id)).toEqual([3]);
});

test("who watches is told once what has changed", () => {
  const index = new JobsIndex();
  const watch = index.watch();
  expect(watch.take().all).toBe(true);
  index.put(sampleJob(1));
  index.touch(4);
  index.put(sampleJob(1));
  expect(watch.take()).toEqual({ all: false, ids: new Set([1, 4]) });
  expect(watch.take().ids.size).toBe(0);
  index.reset([]);
  expect(watch.take().all).toBe(true);
});

test("what only a search has found is known as that until it is read or lives again", () => {
  const index = new JobsIndex();
  index.put(sampleJob(1, { status: "done" }), true);
  index.put(sampleJob(2, { status: "done" }));
  index.put(sampleJob(2, { status: "done" }), true);
  expect([index.wasFound(1), index.wasFound(2)]).toEqual([true, false]);
  index.put(sampleJob(1, { status: "waiting" }));
  expect(index.wasFound(1)).toBe(false);
});
