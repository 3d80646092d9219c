import { describe, expect, test } from "vitest";
import type { JobStatus } from "../api/types";
import { commonPriority, lossOf, suits, type Action } from "./job-actions";
import { sampleJob } from "./samples";
import { NOTHING, ranged, toggled, within, type Selection } from "./selection";

// Row -9 is a batch of 4 and 5.
const rows = [1, 2, -9, 4, 5, 6];
const jobsOf = (row: number): number[] => (row === -9 ? [4, 5] : [row]);
const ids = (selection: Selection): number[] => [...selection.jobs].sort((a, b) => a - b);

describe("a selection", () => {
  test("is toggled row by row, a batch as a whole", () => {
    let selection = toggled(NOTHING, 2, jobsOf);
    selection = toggled(selection, 4, jobsOf);
    expect(ids(selection)).toEqual([2, 4]);
    selection = toggled(selection, -9, jobsOf);
    expect(ids(selection)).toEqual([2, 4, 5]);
    selection = toggled(selection, -9, jobsOf);
    expect(ids(selection)).toEqual([2]);
  });

  test.each<[number | null, number, boolean, number[]]>([
    [2, 4, false, [2, 4, 5]],
    [6, 2, false, [2, 4, 5, 6]],
    [6, 6, true, [1, 6]],
    [null, 4, false, [4]],
    [77, 2, false, [2]],
  ])("reaches from %s to %s", (anchor, to, keep, expected) => {
    expect(ids(ranged({ jobs: new Set([1]), anchor }, to, rows, jobsOf, keep))).toEqual(expected);
  });

  test("keeps its anchor while its end moves", () => {
    const first = ranged({ jobs: new Set(), anchor: 2 }, 6, rows, jobsOf, false);
    expect(ids(ranged(first, 1, rows, jobsOf, false))).toEqual([1, 2]);
  });

  test("loses what is not listed any more", () => {
    const selection = { jobs: new Set([1, 2]), anchor: 1 };
    expect(ids(within(selection, (id) => id === 2))).toEqual([2]);
    expect(within(selection, () => true)).toBe(selection);
  });
});

const STATES: JobStatus[] = ["waiting", "running", "paused", "cancelling", "done", "failed", "cancelled"];

test.each<[Action, JobStatus[]]>([
  ["pause", ["waiting", "running"]],
  ["resume", ["paused"]],
  ["cancel", ["waiting", "running", "paused"]],
  ["priority", ["waiting", "running", "paused"]],
  ["retry", ["failed", "cancelled"]],
])("%s suits", (action, expected) => {
  expect(STATES.filter((status) => suits(action, sampleJob(1, { status })))).toEqual(expected);
});

test("failed frames can be tried again while the rest goes on, but not while it is cancelled", () => {
  const frames = { ...sampleJob(1).frames, failed: 1 };
  expect(STATES.filter((status) => suits("retry", sampleJob(1, { status, frames })))).not.toContain("cancelling");
  expect(suits("retry", sampleJob(1, { status: "running", frames }))).toBe(true);
});

test("what cancelling loses is counted", () => {
  const frames = (running: number, pending: number) => ({ ...sampleJob(1).frames, running, pending });
  const jobs = [sampleJob(1, { frames: frames(3, 4) }), sampleJob(2, { frames: frames(0, 5) })];
  expect(lossOf(jobs)).toEqual({ jobs: 2, running: 1, frames: 3, pending: 9 });
});

test("a common priority is offered where there is one", () => {
  expect(commonPriority([sampleJob(1), sampleJob(2)])).toBe(50);
  expect(commonPriority([sampleJob(1), sampleJob(2, { priority: 9 })])).toBeNull();
  expect(commonPriority([])).toBeNull();
});
