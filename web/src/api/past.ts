/**
 * Requests of the view of one job: what its attempts and frames come to (`host/model/src/past.rs`), and what can be
 * done with its frames.
 */
import type { Client } from "./client";
import type { FrameSetText, JobView, PluginStamp, Severity, Timestamp } from "./types";

export interface AttemptCost {
  attempt: number;
  level: number;
  peak_memory_bytes: number | null;
  /** Absent while it runs. */
  decision: string | null;
}

/** Columns: the n-th entry is about the n-th of the frames. */
export interface TimesView {
  job: number;
  layer: string | null;
  frames: FrameSetText;
  seconds: (number | null)[];
  attempts: number[];
  costs: AttemptCost[];
  /** The frame to go on from; absent at the end. */
  next: number | null;
}

export interface AttemptSpan {
  id: number;
  layer: string | null;
  frames: FrameSetText;
  /** What it left undone, once it has ended. */
  missed: FrameSetText;
  level: number;
  level_name: string;
  try_number: number;
  /** An index into the plugins of the time line. */
  plugin: number | null;
  gpus: number[];
  started: Timestamp;
  running: Timestamp | null;
  first_frame: Timestamp | null;
  process_ended: Timestamp | null;
  ended: Timestamp | null;
  decision: string | null;
  cause: string | null;
  reason: string | null;
  peak_memory_bytes: number | null;
}

export interface TimelineView {
  job: number;
  /** Newest first. */
  spans: AttemptSpan[];
  plugins: PluginStamp[];
  is_cut: boolean;
}

export interface LayerFrames {
  layer: string | null;
  frames: FrameSetText;
}

export interface TroubleGroup {
  severity: Severity | null;
  cause: string | null;
  message: string;
  failed: LayerFrames[];
  failed_count: number;
  attempts: number;
  newest: number;
  /** Which of that attempt's faults it is. */
  fault: number | null;
  frame: number | null;
  levels: string[];
}

export interface TroubleView {
  job: number;
  groups: TroubleGroup[];
  more: number;
  untried: LayerFrames[];
  is_cut: boolean;
}

export interface TimesWanted {
  layer: string | null;
  from?: number;
  to?: number;
  limit: number;
}

export function readTimes(client: Client, job: number, wanted: TimesWanted, signal?: AbortSignal): Promise<TimesView> {
  const query = new URLSearchParams({ limit: `${wanted.limit}` });
  if (wanted.layer !== null) query.set("layer", wanted.layer);
  if (wanted.from !== undefined) query.set("from", `${wanted.from}`);
  if (wanted.to !== undefined) query.set("to", `${wanted.to}`);
  return client.get(`jobs/${job}/times?${query}`, signal);
}

export function readTimeline(client: Client, job: number, signal?: AbortSignal): Promise<TimelineView> {
  return client.get(`jobs/${job}/timeline`, signal);
}

export function readTrouble(client: Client, job: number, signal?: AbortSignal): Promise<TroubleView> {
  return client.get(`jobs/${job}/trouble`, signal);
}

/** Renders these frames again, of one layer or of all. */
export function retryFrames(client: Client, job: number, frames: LayerFrames): Promise<JobView> {
  const layer = frames.layer === null ? {} : { layer: frames.layer };
  return client.send("POST", `jobs/${job}/retry`, { frames: frames.frames, ...layer });
}

export function setPriority(client: Client, job: number, priority: number): Promise<JobView> {
  return client.send("PATCH", `jobs/${job}`, { priority });
}
