/**
 * Reports and what has ended: their shapes, true to `host/model/src/report.rs`, and the requests about them.
 */
import type { EntryState, JobCounts } from "./batches";
import type { Client } from "./client";
import type { Fallback, FrameCounts, FrameSetText, JobStatus, JobSummary, Page, Timestamp } from "./types";

export type ReportFormat = "md" | "json" | "html";
export const FORMATS: readonly ReportFormat[] = ["html", "md", "json"];

export type SubjectKind = "job" | "batch";

export interface ReportSubject {
  kind: SubjectKind;
  id: number;
  name: string;
  user: string | null;
  submitted: Timestamp;
  started: Timestamp | null;
  finished: Timestamp | null;
}

export interface TimeSpent {
  waiting: number;
  starting: number;
  rendering: number;
  verifying: number;
}

export interface ReportSummary {
  jobs: JobCounts;
  frames: FrameCounts;
  duration: number | null;
  render_seconds: number | null;
  time: TimeSpent;
  attempts: number;
  retries: number;
  fallbacks: number;
  peak_memory_bytes: number | null;
  peak_gpu_memory_bytes: number | null;
}

export interface FaultGroup {
  cause: string;
  severity: string;
  message: string;
  count: number;
  frames: FrameSetText;
  jobs: number[];
  attempt: number;
}

export interface PluginUse {
  name: string;
  version: string;
  digest: string;
  generation: number;
  attempts: number;
}

export interface SlowFrame {
  layer: string | null;
  frame: number;
  seconds: number;
  attempt: number | null;
}

export interface ChartPoint {
  layer: string | null;
  frame: number;
  to: number;
  seconds: number;
}

export interface FrameTimes {
  frames: number;
  total: number;
  median: number;
  mean: number;
  fastest: number;
  p95: number;
  slowest: SlowFrame[];
  chart: ChartPoint[];
}

export interface RetryNote {
  attempt: number;
  layer: string | null;
  level: string;
  frames: FrameSetText;
  reason: string;
}

export interface PictureNote {
  layer: string | null;
  frame: number;
  path: string;
}

export interface JobReport {
  id: number;
  name: string;
  state: EntryState;
  status: JobStatus;
  user: string | null;
  config: {
    scene: string;
    plugin: string;
    frames: FrameSetText;
    layers: string[];
    output: string | null;
    priority: number;
    options: Record<string, unknown>;
  };
  submitted: Timestamp;
  started: Timestamp | null;
  finished: Timestamp | null;
  duration: number | null;
  frames: FrameCounts;
  failed_frames: { layer: string | null; frames: FrameSetText }[];
  error: string | null;
  skipped: string | null;
  times: FrameTimes | null;
  time: TimeSpent;
  attempts: number;
  retries: RetryNote[];
  retry_count: number;
  fallbacks: Fallback[];
  faults: FaultGroup[];
  peak_memory_bytes: number | null;
  peak_gpu_memory_bytes: number | null;
  command: { program: string; args: string[]; cwd: string } | null;
  plugins: PluginUse[];
  notes: string[];
  pictures: PictureNote[];
}

export interface Report {
  generated: Timestamp;
  farmhand: string;
  subject: ReportSubject;
  summary: ReportSummary;
  faults: FaultGroup[];
  plugins: PluginUse[];
  jobs: JobReport[];
}

/** Which ended jobs; what is empty does not matter. */
export interface EndedQuery {
  readonly states: readonly JobStatus[];
  readonly user: string;
  readonly plugin: string;
  readonly search: string;
}

function path(kind: SubjectKind, id: number): string {
  return `${kind === "job" ? "jobs" : "batches"}/${id}/report`;
}

export function report(client: Client, kind: SubjectKind, id: number, signal: AbortSignal): Promise<Report> {
  return client.get(path(kind, id), signal);
}

/** Where a report is to be downloaded. */
export function reportAddress(client: Client, kind: SubjectKind, id: number, format: ReportFormat): string {
  return new URL(`${path(kind, id)}?format=${format}&download=1`, client.root).href;
}

/** Jobs that have ended, newest first. A page may be short, or empty, and still go on. */
export function endedJobs(
  client: Client,
  query: EndedQuery,
  limit: number,
  cursor: string | null,
  signal?: AbortSignal,
): Promise<Page<JobSummary>> {
  const search = new URLSearchParams({ state: query.states.join(","), limit: String(limit) });
  for (const name of ["user", "plugin", "search"] as const) if (query[name] !== "") search.set(name, query[name]);
  if (cursor !== null) search.set("cursor", cursor);
  return client.get(`jobs?${search}`, signal);
}
