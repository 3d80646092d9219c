import { describe, expect, test } from "vitest";
import type { BatchSummary } from "../api/batches";
import type { JobReport, ReportSummary } from "../api/reports";
import type { JobSummary } from "../api/types";
import { byDay, compare, figures, pastOfBatch, pastOfJob, suits, type Past } from "./history";

const FRAMES = { total: 8, pending: 0, running: 0, done: 8, skipped: 0, failed: 0 };

function job(id: number, finished: string, status: JobSummary["status"] = "done"): Past {
  return pastOfJob({
    id,
    name: `shot_${id}`,
    user: "ada",
    plugin: "blender",
    scene: "/shot.blend",
    priority: 50,
    status,
    frames: FRAMES,
    submitted: "2026-11-22T08:00:00.000Z",
    started: "2026-11-22T09:00:00.000Z",
    finished,
    eta: null,
    why: null,
    failure: null,
  } as unknown as JobSummary);
}

function batch(status: BatchSummary["status"], finished: string | null): Past | null {
  return pastOfBatch({ id: 3, name: "Monday", user: "ben", status, frames: FRAMES, started: null, finished } as unknown as BatchSummary);
}

const dayOf = (time: string): string => time.slice(0, 10);

describe("what has ended", () => {
  test("is listed by day, newest first", () => {
    const rows = byDay(
      [job(1, "2026-11-21T09:00:00.000Z"), job(3, "2026-11-22T10:00:00.000Z"), job(2, "2026-11-22T10:00:00.000Z")],
      dayOf,
    );
    expect(rows.map((row) => ("day" in row ? `${row.day} ${row.count}` : row.past.id))).toEqual(["2026-11-22 2", 3, 2, "2026-11-21 1", 1]);
    expect(byDay([], dayOf)).toEqual([]);
  });

  test("adds up without counting a batch's jobs twice", () => {
    const all = [job(1, "2026-11-22T09:01:00.000Z"), job(2, "2026-11-22T09:02:00.000Z", "failed"), job(3, "2026-11-22T08:00:00.000Z", "cancelled")];
    const sum = figures([...all, batch("completed", "2026-11-22T10:00:00.000Z")!]);
    expect(sum).toEqual({ jobs: 3, done: 1, failed: 1, cancelled: 1, frames: 24, seconds: 180 });
  });

  test("has batches once they have ended", () => {
    expect(batch("running", null)).toBeNull();
    expect(batch("partial", "2026-11-22T10:00:00.000Z")?.status).toBe("failed");
    const past = batch("completed", "2026-11-22T10:00:00.000Z")!;
    expect(suits(past, ["done"], "", "")).toBe(true);
    expect(suits(past, ["done"], "ben", "mon batch")).toBe(true);
    expect(suits(past, ["failed"], "", "")).toBe(false);
    expect(suits(past, ["done"], "ada", "")).toBe(false);
    expect(suits(past, ["done"], "", "tuesday")).toBe(false);
  });
});

test("two runs differ by so much", () => {
  const run = (median: number | null, retries: number) => ({
    job: {
      frames: FRAMES,
      times: median === null ? null : { total: median * 8, median, slowest: [] },
      retry_count: retries,
      fallbacks: [],
      peak_memory_bytes: null,
    } as unknown as JobReport,
    summary: { duration: 10 } as ReportSummary,
  });
  const lines = compare(run(2, 0), run(3, 1));
  const of = (name: string) => lines.find((line) => line.name === name);
  expect(of("median")).toMatchObject({ one: 2, other: 3, change: 0.5 });
  expect(of("retries")).toMatchObject({ one: 0, other: 1, change: null });
  expect(of("slowest")).toMatchObject({ one: null, other: null, change: null });
  expect(compare(run(null, 0), run(1, 0)).find((line) => line.name === "total")).toMatchObject({ one: null, other: 8, change: null });
});
