import { expect, test } from "vitest";
import type { JobStatus, JobSummary } from "../api/types";
import { comparator, EVERYTHING, matcher, type JobFilter, type Sort } from "./job-filter";
import { JobList } from "./job-list";
import { sampleJob } from "./samples";

function listOf(jobs: Map<number, JobSummary>, filter: Partial<JobFilter> = {}, sort: Sort | null = null): JobList {
  return JobList.of(jobs.values(), matcher({ ...EVERYTHING, ...filter }), comparator(sort));
}

const known = (...jobs: JobSummary[]): Map<number, JobSummary> => new Map(jobs.map((job) => [job.id, job]));

test("a change that moves nothing leaves the list as it is", () => {
  const jobs = known(sampleJob(1), sampleJob(2));
  const list = listOf(jobs);
  const before = list.ids;
  jobs.set(2, sampleJob(2, { frames: { ...sampleJob(2).frames, done: 3 } }));
  list.update([2], (id) => jobs.get(id));
  expect(list.ids).toBe(before);
});

test("jobs come, go and move", () => {
  const jobs = known(sampleJob(1), sampleJob(2), sampleJob(3));
  const list = listOf(jobs, { statuses: ["waiting", "running"] });
  const change = (job: JobSummary): void => {
    jobs.set(job.id, job);
    list.update([job.id], (id) => jobs.get(id));
  };
  change(sampleJob(3, { priority: 80 }));
  expect(list.ids).toEqual([3, 1, 2]);
  change(sampleJob(2, { status: "running" }));
  expect(list.ids).toEqual([2, 3, 1]);
  change(sampleJob(3, { status: "paused" }));
  expect(list.ids).toEqual([2, 1]);
  change(sampleJob(4, { priority: 60 }));
  expect(list.ids).toEqual([2, 4, 1]);
  jobs.delete(2);
  list.update([2], (id) => jobs.get(id));
  expect(list.ids).toEqual([4, 1]);
});

/** A small generator of its own, so that a failure can be had again. */
function dice(seed: number): (sides: number) => number {
  let state = seed;
  return (sides) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state % sides;
  };
}

test.each<[string, Partial<JobFilter>, Sort | null]>([
  ["by turn", {}, null],
  ["by progress", {}, { column: "progress", descending: true }],
  ["filtered", { statuses: ["running", "failed"] }, { column: "job", descending: false }],
])("many changes at once end where sorting anew does: %s", (_, filter, sort) => {
  const roll = dice(7);
  const statuses: JobStatus[] = ["waiting", "running", "paused", "failed", "done"];
  const random = (id: number): JobSummary =>
    sampleJob(id, {
      status: statuses[roll(5)] as JobStatus,
      priority: roll(4) * 25,
      frames: { ...sampleJob(id).frames, done: roll(10) },
    });
  const jobs = known(...Array.from({ length: 300 }, (_, id) => random(id + 1)));
  const list = listOf(jobs, filter, sort);
  for (let round = 0; round < 40; round += 1) {
    const changed = Array.from({ length: 1 + roll(30) }, () => 1 + roll(330));
    for (const id of changed) jobs.set(id, random(id));
    list.update(new Set(changed), (id) => jobs.get(id));
  }
  expect(list.ids).toEqual(listOf(jobs, filter, sort).ids);
});
