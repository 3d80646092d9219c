/**
 * What the submit form asks of the daemon: what there is to submit, what a job would run, and that it is a job.
 */
import type { NotifyWish } from "./batches";
import type { Client } from "./client";
import type { FrameSetText, JobSpec, JobView, LevelNeeds, Timestamp } from "./types";
import { asProblem } from "./problem";

export interface FilesView {
  /** Without roots there is nothing to list. */
  confined: boolean;
  /** Absent for the list of roots. */
  path: string | null;
  root: string | null;
  entries: FileEntry[];
  found: number;
  left_out: number;
  cut: boolean;
}

export interface FileEntry {
  name: string;
  path: string;
  kind: "directory" | "scene";
  bytes: number | null;
  modified: Timestamp | null;
  plugins: string[];
}

export interface SceneView {
  path: string;
  bytes: number;
  modified: Timestamp | null;
  plugins: string[];
  /** The one that would be rendered first. */
  scenes: SceneInside[];
  unread: { what: "frames" | "layers"; why: string }[];
}

export interface SceneInside {
  name: string | null;
  frames: FrameSetText | null;
  layers: { name: string; enabled: boolean }[];
}

export const MOMENTS = ["before-job", "before-task", "before-frame", "after-frame", "after-task", "after-job"] as const;
export const FAILURES = ["fail", "warn", "hold"] as const;

export interface HookRequest {
  name: string;
  at: (typeof MOMENTS)[number];
  on_failure: (typeof FAILURES)[number];
}

export const NOTIFY_MOMENTS = ["end", "first-failure"] as const;
export type NotifyMoment = (typeof NOTIFY_MOMENTS)[number];

export const LIMITS = ["max_tasks", "retries", "attempt_seconds", "frame_seconds", "stall_seconds", "max_failed_frames"] as const;
export type LimitName = (typeof LIMITS)[number];

export type Chunking = "auto" | "whole" | { fixed: number };
export const ORDERS = ["forward", "reverse", "spread"] as const;
export type FrameOrder = (typeof ORDERS)[number];

/** A job as a person writes it: what is absent is left to the daemon. */
export interface Submission {
  scene: string;
  frames?: FrameSetText;
  name?: string;
  user?: string;
  plugin?: string | { name?: string; digest: string };
  dcc_version?: string;
  layers?: string[];
  output?: string;
  options?: Record<string, unknown>;
  priority?: number;
  after?: number[];
  order?: FrameOrder;
  chunk?: Chunking;
  threads?: number;
  memory?: string;
  gpus?: number | { count: number; memory?: string; required: boolean };
  licences?: string[];
  skip_existing?: boolean;
  limits?: Partial<Record<LimitName, number>>;
  levels?: string[];
  start_level?: string;
  hooks?: HookRequest[];
  notify?: NotifyWish[];
  paused?: boolean;
}

/** All of a job's specification; the rest of the page needs less of it. */
export interface WholeSpec extends JobSpec {
  user: string | null;
  plugin: { name: string; version: string | null; digest?: string | null };
  dcc_version: string | null;
  limits: Partial<Record<LimitName, number | null>>;
  hooks: HookRequest[];
  /** Absent where nobody is to be told. */
  notify?: NotifyWish[];
}

export interface PlanView {
  job: WholeSpec;
  notes: string[];
  levels: LevelPlan[];
}

export interface LevelPlan {
  name: string;
  summary: string;
  needs: Omit<LevelNeeds, "level">;
  problem: string | null;
  tasks: TaskPlan[];
  more_tasks: number;
}

export interface TaskPlan {
  layer: string | null;
  frames: FrameSetText;
  command: { program: string; args: string[]; env: [string, string][]; cwd: string };
  files: { path: string; contents: string }[];
  outputs: string[];
  more_outputs: number;
}

export function listFiles(client: Client, path: string | null, search: string, signal: AbortSignal): Promise<FilesView> {
  const query = new URLSearchParams();
  if (path !== null) query.set("path", path);
  if (search !== "") query.set("search", search);
  return client.get(`files?${query}`, signal);
}

export function inspectScene(client: Client, path: string, signal: AbortSignal): Promise<SceneView> {
  return client.get(`scenes/inspect?${new URLSearchParams({ path })}`, signal);
}

export async function planJob(client: Client, submission: Submission, signal: AbortSignal): Promise<PlanView> {
  const headers = { accept: "application/json", "content-type": "application/json" };
  const response = await client.request("jobs?dry_run=true", { method: "POST", headers, body: JSON.stringify(submission), signal });
  try {
    return (await response.json()) as PlanView;
  } catch (error) {
    throw asProblem(error);
  }
}

/** The same submission under the same key makes one job, however often it is sent. */
export function submitJob(client: Client, submission: Submission, key: string): Promise<JobView> {
  return client.send("POST", "jobs", submission, { "idempotency-key": key });
}
