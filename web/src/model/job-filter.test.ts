import { describe, expect, test } from "vitest";
import type { JobSummary } from "../api/types";
import { comparator, EVERYTHING, matcher, narrows, nextSort, readChoice, writeChoice, type Choice, type JobFilter, type Sort } from "./job-filter";
import { sampleJob } from "./samples";

const jobs = [
  sampleJob(1, { name: "sq010_sh0040", user: "anna", status: "done", finished: "2026-11-22T04:00:00.000Z" }),
  sampleJob(2, { name: "sq010_SH0050", user: "bo", status: "failed", failure: "no such rig: Bert", finished: "2026-11-22T05:00:00.000Z" }),
  sampleJob(3, { name: "turntable", user: "anna", plugin: "maya", priority: 80 }),
  sampleJob(4, { why: { reason: { kind: "next" }, text: "it starts next", remedy: null }, batch: { id: 9, name: "Nightly" } }),
  sampleJob(41, { status: "running", eta: "2026-11-22T06:00:00.000Z" }),
];

test.each<[string, Partial<JobFilter>, number[]]>([
  ["everything", {}, [1, 2, 3, 4, 41]],
  ["spaces alone", { search: "  " }, [1, 2, 3, 4, 41]],
  ["a state", { statuses: ["done", "failed"] }, [1, 2]],
  ["a whole name of a user", { user: "anna" }, [1, 3]],
  ["a DCC and a user", { user: "anna", plugin: "maya" }, [3]],
  ["words in either case", { search: "SQ010 sh0050" }, [2]],
  ["the scene", { search: "/shows/demo" }, [1, 2, 3, 4, 41]],
  ["the failure", { search: "bert" }, [2]],
  ["why it waits", { search: "starts next" }, [4]],
  ["the batch", { search: "nightly" }, [4]],
  ["the beginning of a number", { search: "#4" }, [4, 41]],
  ["nothing", { search: "sq010 turntable" }, []],
])("finds by %s", (_, change, expected) => {
  const filter = { ...EVERYTHING, ...change };
  expect(jobs.filter(matcher(filter)).map((job) => job.id)).toEqual(expected);
});

test.each<[Partial<JobFilter>, boolean]>([
  [{}, false],
  [{ search: " " }, false],
  [{ statuses: ["done"] }, true],
  [{ plugin: "maya" }, true],
])("%j narrows: %s", (change, expected) => {
  expect(narrows({ ...EVERYTHING, ...change })).toBe(expected);
});

describe("sorted", () => {
  const sorted = (sort: Sort | null, of: JobSummary[] = jobs): number[] => [...of].sort(comparator(sort)).map((job) => job.id);

  test("by turn: what runs, then the queue, then the newest end", () => {
    const more = [sampleJob(6, { status: "paused" }), sampleJob(7, { status: "cancelling", priority: 10 }), sampleJob(8, { status: "cancelled" })];
    expect(sorted(null, [...jobs, ...more])).toEqual([41, 7, 3, 4, 6, 2, 1, 8]);
  });

  test.each<[Sort["column"], boolean, number[]]>([
    ["state", false, [41, 3, 4, 2, 1]],
    ["state", true, [1, 2, 3, 4, 41]],
    ["job", false, [4, 41, 1, 2, 3]],
    ["priority", true, [3, 41, 4, 2, 1]],
    ["user", false, [3, 1, 2, 41, 4]],
    ["time", false, [41, 3, 4, 2, 1]],
  ])("by %s, descending: %s", (column, descending, expected) => {
    expect(sorted({ column, descending })).toEqual(expected);
  });

  test("a column is sorted its own way first, then the other, then by turn again", () => {
    const first = nextSort(null, "progress");
    const second = nextSort(first, "progress");
    expect([first?.descending, second?.descending, nextSort(second, "progress")]).toEqual([true, false, null]);
    expect(nextSort(first, "job")).toEqual({ column: "job", descending: false });
  });
});

test.each<[string, Choice]>([
  ["state=failed,paused", { filter: { ...EVERYTHING, statuses: ["paused", "failed"] }, sort: null }],
  ["user=anna+b&dcc=maya", { filter: { ...EVERYTHING, user: "anna b", plugin: "maya" }, sort: null }],
  ["q=sh+%2340&sort=-progress", { filter: { ...EVERYTHING, search: "sh #40" }, sort: { column: "progress", descending: true } }],
  ["state=done,odd&sort=weather", { filter: { ...EVERYTHING, statuses: ["done"] }, sort: null }],
])("the address says %s", (address, choice) => {
  expect(readChoice(new URLSearchParams(address))).toEqual(choice);
  const query = new URLSearchParams("layer=beauty");
  writeChoice(choice, query);
  expect(readChoice(query)).toEqual(choice);
  expect(query.get("layer")).toBe("beauty");
});

test("an address that says nothing of it chooses nothing", () => {
  expect(readChoice(new URLSearchParams("layer=beauty"))).toBeNull();
  const query = new URLSearchParams("q=old");
  writeChoice({ filter: EVERYTHING, sort: null }, query);
  expect([...query]).toEqual([]);
});
