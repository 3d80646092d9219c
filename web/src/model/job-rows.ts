/**
 * Rows of the table: jobs, and batches that fold their jobs. A row is a number, so that ten thousand of them are cheap
 * and each can be told again after the list has changed: a job's is its own, a batch's is below zero.
 */
import type { FrameCounts, JobStatus, JobSummary } from "../api/types";

export type Row = number;

export const rowOfBatch = (batch: number): Row => -batch;
export const isBatch = (row: Row): boolean => row < 0;
export const batchOf = (row: Row): number => -row;

export interface Rows {
  readonly rows: readonly Row[];
  /** The listed jobs of every batch that folds, in their order. */
  readonly members: ReadonlyMap<number, readonly number[]>;
}

/** A batch stands where the first of its jobs does. One of which a single job is listed does not fold. */
export function foldedRows(
  ids: readonly number[],
  batchOfJob: (id: number) => number | undefined,
  isOpen: (batch: number) => boolean,
): Rows {
  const members = new Map<number, number[]>();
  for (const id of ids) {
    const batch = batchOfJob(id);
    if (batch === undefined) continue;
    const known = members.get(batch);
    if (known === undefined) members.set(batch, [id]);
    else known.push(id);
  }
  for (const [batch, jobs] of members) if (jobs.length < 2) members.delete(batch);
  if (members.size === 0) return { rows: ids, members };
  const rows: Row[] = [];
  for (const id of ids) {
    const batch = batchOfJob(id);
    const jobs = batch === undefined ? undefined : members.get(batch);
    if (batch === undefined || jobs === undefined) rows.push(id);
    else if (jobs[0] === id) {
      rows.push(rowOfBatch(batch));
      if (isOpen(batch)) for (const member of jobs) rows.push(member);
    }
  }
  return { rows, members };
}

export interface Fold {
  readonly jobs: number;
  readonly frames: FrameCounts;
  readonly statuses: ReadonlyMap<JobStatus, number>;
  /** What stands for the whole: the liveliest of its jobs' states, or the worst of their ends. */
  readonly status: JobStatus;
  /** When the last of them will be done; null until that can be said of all. */
  readonly eta: string | null;
  /** When the last of them ended; null while one has not. */
  readonly finished: string | null;
}

const STANDING: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused", "failed", "cancelled", "done"];

/** What the jobs of a batch come to. */
export function foldOf(jobs: Iterable<JobSummary>): Fold {
  const frames: FrameCounts = { total: 0, pending: 0, running: 0, done: 0, skipped: 0, failed: 0 };
  const statuses = new Map<JobStatus, number>();
  let [count, eta, finished]: [number, string | null, string | null] = [0, "", ""];
  for (const job of jobs) {
    count += 1;
    for (const state of Object.keys(frames) as (keyof FrameCounts)[]) frames[state] += job.frames[state];
    statuses.set(job.status, (statuses.get(job.status) ?? 0) + 1);
    if (job.finished === null) {
      finished = null;
      eta = eta === null || job.eta === null ? null : later(eta, job.eta);
    } else if (finished !== null) finished = later(finished, job.finished);
  }
  const status = STANDING.find((one) => statuses.has(one)) ?? "waiting";
  return { jobs: count, frames, statuses, status, eta: eta || null, finished: finished || null };
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
