/**
 * Batches: their shapes, true to `host/model/src/batch.rs`, and the requests about them.
 */
import type { Client } from "./client";
import type { FrameCounts, JobStatus, Page, Timestamp } from "./types";

export type BatchStatus = "waiting" | "running" | "paused" | "completed" | "partial" | "failed" | "cancelled";

/** Where a job of a batch is, in the batch's words. */
export type EntryState = "pending" | "running" | "completed" | "failed" | "skipped" | "cancelled";

/** What a submission made of one of its jobs. */
export type Standing = "new" | "continued" | "retried" | "complete";

export interface JobCounts {
  total: number;
  pending: number;
  running: number;
  completed: number;
  failed: number;
  skipped: number;
  cancelled: number;
}

export interface BatchSummary {
  id: number;
  name: string;
  user: string | null;
  /** The file or directory that it was made from, on the machine that submitted it. */
  source: string | null;
  status: BatchStatus;
  jobs: JobCounts;
  frames: FrameCounts;
  /** Of all frames, those that are done or were there: 0 to 100. */
  percent: number;
  /** Of the frames that have ended, those that did not fail: 0 to 1. */
  success_rate: number | null;
  eta: Timestamp | null;
  workers: number;
  submitted: Timestamp;
  started: Timestamp | null;
  finished: Timestamp | null;
}

export interface BatchEntryView {
  name: string;
  job: number;
  standing: Standing;
  /** Why it was skipped, continued or retried. */
  reason?: string;
  state: EntryState;
  /** Absent where the job has been forgotten. */
  status: JobStatus | null;
  frames: FrameCounts;
  failure: string | null;
  started: Timestamp | null;
  finished: Timestamp | null;
  eta: Timestamp | null;
}

export interface BatchSettings {
  workers: number;
  max_retries: number;
  timeout_seconds: number;
  continue_on_error: boolean;
  resume_on_failure: boolean;
}

export interface ReportWish {
  dir: string;
  formats: ("md" | "json" | "html")[];
}

export interface NotifyWish {
  on: ("end" | "first-failure")[];
  webhook?: string;
  command?: string;
}

export interface BatchView extends BatchSummary {
  settings: BatchSettings;
  report: ReportWish | null;
  notify: NotifyWish[];
  entries: BatchEntryView[];
}

/** The row of a batch of which everything was told. */
export function summaryOfBatch(view: BatchView): BatchSummary {
  const { settings: _settings, report: _report, notify: _notify, entries: _entries, ...summary } = view;
  return summary;
}

const A_PAGE = 500;
/** What is older than so many pages is told of by its jobs alone. */
const MOST_PAGES = 10;

export type BatchAction = "pause" | "resume" | "cancel" | "retry";

/** Batches, newest first. */
export function batches(client: Client, limit: number, cursor: string | null): Promise<Page<BatchSummary>> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (cursor !== null) query.set("cursor", cursor);
  return client.get(`batches?${query}`);
}

/** Batches, newest first, down to the one of this number; as few requests as that takes, and never more than some. */
export async function batchesDownTo(client: Client, least: number): Promise<BatchSummary[]> {
  const found: BatchSummary[] = [];
  let cursor: string | null = null;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page: Page<BatchSummary> = await batches(client, A_PAGE, cursor);
    found.push(...page.items);
    cursor = page.next ?? null;
    const last = page.items.at(-1);
    if (cursor === null || last === undefined || last.id <= least) break;
  }
  return found;
}

export function batch(client: Client, id: number): Promise<BatchView> {
  return client.get(`batches/${id}`);
}

export function control(client: Client, id: number, action: BatchAction): Promise<BatchView> {
  return client.send("POST", `batches/${id}/${action}`);
}
