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

export interface Folding {
  batchOfJob(id: number): number | undefined;
  /** Whether a batch of which so many jobs are listed folds them. */
  folds(batch: number, listed: number): boolean;
  isOpen(batch: number): boolean;
}

/** A batch stands where the first of its jobs does, and only where one of them is listed. */
export function foldedRows(ids: readonly number[], { batchOfJob, folds, isOpen }: Folding): Rows {
  const members = new Map<number, number[]>();
  for (const id of ids) {
    const batch = batchOfJob(id);
    if (batch === undefined) continue;
    const known = members.get(batch);
    if (known === undefined) members.set(batch, [id]);
    else known.push(id);
  }
  for (const [batch, jobs] of members) if (!folds(batch, jobs.length)) members.delete(batch);
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
  /** What all of them have, where all have the same; null where they differ. */
  readonly plugin: string | null;
  readonly priorities: readonly [least: number, most: number];
  /** What holds all of those that wait, where it is the same for all. */
  readonly why: string | null;
}

const STATES: readonly (keyof FrameCounts)[] = ["total", "pending", "running", "done", "skipped", "failed"];
const STANDING: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused", "failed", "cancelled", "done"];

/** What the jobs of a batch come to. */
export function foldOf(jobs: Iterable<JobSummary>): Fold {
  const frames: FrameCounts = { total: 0, pending: 0, running: 0, done: 0, skipped: 0, failed: 0 };
  const statuses = new Map<JobStatus, number>();
  let [count, eta, finished]: [number, string | null, string | null] = [0, "", ""];
  let [least, most] = [Infinity, -Infinity];
  const plugins = new Set<string>();
  const whys = new Set<string | null>();
  for (const job of jobs) {
    count += 1;
    for (const state of STATES) frames[state] += job.frames[state];
    least = Math.min(least, job.priority);
    most = Math.max(most, job.priority);
    plugins.add(job.plugin);
    if (job.status === "waiting") whys.add(job.why?.text ?? null);
    statuses.set(job.status, (statuses.get(job.status) ?? 0) + 1);
    if (job.finished === null) {
      finished = null;
      eta = eta === null || job.eta === null ? null : later(eta, job.eta);
    } else if (finished !== null) finished = later(finished, job.finished);
  }
  const status = STANDING.find((one) => statuses.has(one)) ?? "waiting";
  const [plugin, why] = [only(plugins), only(whys)];
  return { jobs: count, frames, statuses, status, eta: eta || null, finished: finished || null, plugin, priorities: [least, most], why };
}

function only<T>(values: ReadonlySet<T>): T | null {
  return values.size === 1 ? (values.values().next().value as T) : null;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
