/**
 * What has ended, by day: which rows the list has, what they add up to, and how two runs of a scene differ.
 */
import type { BatchStatus, BatchSummary } from "../api/batches";
import type { JobReport, ReportSummary, SubjectKind } from "../api/reports";
import type { FrameCounts, JobStatus, JobSummary } from "../api/types";

/** A job or a batch that has ended. */
export interface Past {
  readonly kind: SubjectKind;
  readonly id: number;
  readonly name: string;
  readonly user: string | null;
  /** Of jobs. */
  readonly plugin: string | null;
  readonly scene: string | null;
  readonly status: JobStatus;
  readonly frames: FrameCounts;
  /** Seconds from the start to the end; null where nothing of it started. */
  readonly seconds: number | null;
  readonly ended: string;
  readonly failure: string | null;
}

export type Row = { readonly day: string; readonly count: number } | { readonly past: Past };

const BATCH_STATUS: Partial<Record<BatchStatus, JobStatus>> = {
  completed: "done",
  partial: "failed",
  failed: "failed",
  cancelled: "cancelled",
};

function span(from: string | null, to: string): number | null {
  return from === null ? null : Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

export function pastOfJob(job: JobSummary): Past {
  const ended = job.finished ?? job.submitted;
  const { id, name, user, plugin, scene, status, frames, failure } = job;
  return { kind: "job", id, name, user, plugin, scene, status, frames, failure, ended, seconds: span(job.started, ended) };
}

/** Null of a batch that has not ended. */
export function pastOfBatch(batch: BatchSummary): Past | null {
  const status = BATCH_STATUS[batch.status];
  if (status === undefined || batch.finished === null) return null;
  const { id, name, user, frames, finished } = batch;
  const seconds = span(batch.started, finished);
  return { kind: "batch", id, name, user, plugin: null, scene: null, status, frames, failure: null, ended: finished, seconds };
}

/** Whether a batch is one that is looked for; jobs are looked for by the daemon. */
export function suits(past: Past, states: readonly JobStatus[], user: string, search: string): boolean {
  if (!states.includes(past.status)) return false;
  if (user !== "" && past.user !== user) return false;
  const text = `${past.kind} ${past.id} ${past.name} ${past.user ?? ""}`.toLowerCase();
  return search
    .toLowerCase()
    .split(/\s+/)
    .every((word) => text.includes(word));
}

/** Newest first, with a row before each day. `dayOf` says which day a time is on, in the reader's time zone. */
export function byDay(all: readonly Past[], dayOf: (time: string) => string): Row[] {
  const sorted = [...all].sort((a, b) => (a.ended < b.ended ? 1 : a.ended > b.ended ? -1 : b.id - a.id));
  const rows: Row[] = [];
  let from = 0;
  while (from < sorted.length) {
    const day = dayOf(sorted[from]!.ended);
    let to = from;
    while (to < sorted.length && dayOf(sorted[to]!.ended) === day) to += 1;
    rows.push({ day, count: to - from }, ...sorted.slice(from, to).map((past) => ({ past })));
    from = to;
  }
  return rows;
}

export interface Figures {
  jobs: number;
  done: number;
  failed: number;
  cancelled: number;
  frames: number;
  seconds: number;
}

/** What the jobs of a list come to. Batches are made of jobs, so they are not counted again. */
export function figures(all: readonly Past[]): Figures {
  const sum: Figures = { jobs: 0, done: 0, failed: 0, cancelled: 0, frames: 0, seconds: 0 };
  for (const past of all) {
    if (past.kind !== "job") continue;
    sum.jobs += 1;
    if (past.status === "done") sum.done += 1;
    else if (past.status === "failed") sum.failed += 1;
    else sum.cancelled += 1;
    sum.frames += past.frames.done;
    sum.seconds += past.seconds ?? 0;
  }
  return sum;
}

export type Unit = "count" | "seconds" | "bytes";

export interface Difference {
  readonly name: "frames" | "failed" | "duration" | "total" | "median" | "slowest" | "retries" | "fallbacks" | "memory";
  readonly unit: Unit;
  readonly one: number | null;
  readonly other: number | null;
  /** How much more the other has, as a share of the one; null where that says nothing. */
  readonly change: number | null;
}

/** The figures of two runs beside each other. */
export function compare(
  one: { job: JobReport; summary: ReportSummary },
  other: { job: JobReport; summary: ReportSummary },
): Difference[] {
  const line = (
    name: Difference["name"],
    unit: Unit,
    of: (run: { job: JobReport; summary: ReportSummary }) => number | null | undefined,
  ): Difference => {
    const [a, b] = [of(one) ?? null, of(other) ?? null];
    const change = a !== null && b !== null && a > 0 ? (b - a) / a : null;
    return { name, unit, one: a, other: b, change };
  };
  return [
    line("frames", "count", ({ job }) => job.frames.done + job.frames.skipped),
    line("failed", "count", ({ job }) => job.frames.failed),
    line("duration", "seconds", ({ summary }) => summary.duration),
    line("total", "seconds", ({ job }) => job.times?.total),
    line("median", "seconds", ({ job }) => job.times?.median),
    line("slowest", "seconds", ({ job }) => job.times?.slowest[0]?.seconds),
    line("retries", "count", ({ job }) => job.retry_count),
    line("fallbacks", "count", ({ job }) => job.fallbacks.length),
    line("memory", "bytes", ({ job }) => job.peak_memory_bytes),
  ];
}
