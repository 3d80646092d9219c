/**
 * The JSON shapes that the daemon serves, as `host/model` defines them. Nothing here has behaviour; what the page
 * makes of them is in `model/`.
 */

/** RFC 3339 in UTC with milliseconds. */
export type Timestamp = string;
/** Frames as ranges, such as `1-100x5,200`. */
export type FrameSetText = string;

export type JobStatus = "waiting" | "running" | "paused" | "cancelling" | "done" | "failed" | "cancelled";
export type FrameState = "pending" | "running" | "done" | "skipped" | "failed";

export interface FrameCounts {
  total: number;
  pending: number;
  running: number;
  done: number;
  skipped: number;
  failed: number;
}

export type WaitKind =
  | "paused"
  | "after"
  | "after-failed"
  | "all-running"
  | "max-tasks"
  | "back-off"
  | "no-slot"
  | "behind"
  | "threads"
  | "breaker"
  | "held"
  | "hooks"
  | "licence"
  | "no-plugin"
  | "no-tool"
  | "stopping"
  | "next"
  | "ended";

export interface WhyView {
  reason: { kind: WaitKind; [detail: string]: unknown };
  text: string;
}

export interface JobSummary {
  id: number;
  name: string;
  user: string | null;
  plugin: string;
  scene: string;
  priority: number;
  status: JobStatus;
  frames: FrameCounts;
  submitted: Timestamp;
  started: Timestamp | null;
  finished: Timestamp | null;
  eta: Timestamp | null;
  why: WhyView | null;
  failure: string | null;
}

export interface JobSpec {
  name: string;
  scene: string;
  plugin: { name: string; version: string | null };
  frames: FrameSetText;
  layers: string[];
  output: string | null;
  options: Record<string, unknown>;
  priority: number;
  after: number[];
  order: string;
  chunk: unknown;
  threads: number | null;
  skip_existing: boolean;
  levels: string[];
}

export interface Fallback {
  layer: number;
  frames: FrameSetText;
  from: string;
  to: string;
  cause: string;
  reason: string;
  attempt: number;
}

export interface HookRun {
  name: string;
  moment: string;
  seconds: number;
  error: string | null;
}

export interface JobCosts {
  start_seconds: number | null;
  frame_seconds: number | null;
  frames_seen: number;
}

export interface JobView extends JobSummary {
  spec: JobSpec;
  notes: string[];
  costs: JobCosts;
  attempts: number;
  fallbacks: Fallback[];
  hooks: HookRun[];
}

/** What a job's events carry: all but what only the view of one job has. */
export function summaryOf(view: JobView): JobSummary {
  const { spec: _s, notes: _n, costs: _c, attempts: _a, fallbacks: _f, hooks: _h, ...summary } = view;
  return summary;
}

export interface FrameRuns {
  layer: string | null;
  state: FrameState;
  frames: FrameSetText;
}

export interface FramesView {
  job: number;
  counts: FrameCounts;
  runs: FrameRuns[];
}

export interface FrameDoneView {
  job: number;
  layer: string | null;
  frame: number;
  attempt: number | null;
  path: string;
  bytes: number;
  seconds: number | null;
  at: Timestamp;
}

export interface PluginStamp {
  name: string;
  version: string;
  digest: string;
  generation: number;
}

export type Severity = "transient" | "frame-fatal" | "worker-fatal";

export interface Fault {
  severity: Severity;
  cause: string;
  message: string;
  frame: number | null;
}

export interface Fact {
  name: string;
  value: string;
}

export type EndedBy = "itself" | "time-limit" | "stall" | "cancel" | "daemon-stop" | "lost";

export interface Outcome {
  exit_code: number | null;
  signal: number | null;
  ended_by: EndedBy;
  seconds: number;
  frames_done: FrameSetText;
  frames_missing: FrameSetText;
  faults: Fault[];
  facts: Fact[];
}

export type DecisionKind = "accept" | "retry" | "fall-back" | "fail-frames" | "fail-job" | "quarantine-node";

export interface Verdict {
  decision: { kind: DecisionKind; after_ms?: number };
  reason: string;
}

export interface CommandView {
  program: string;
  args: string[];
  env: [string, string][];
  cwd: string;
}

export interface AttemptView {
  id: number;
  job: number;
  layer: string | null;
  frames: FrameSetText;
  frames_done: FrameSetText;
  level: number;
  level_name: string;
  try_number: number;
  threads: number;
  plugin: PluginStamp | null;
  state: "starting" | "running" | "ended";
  started: Timestamp;
  ended: Timestamp | null;
  outcome: Outcome | null;
  verdict: Verdict | null;
  consequence: string | null;
  faults: Fault[];
  facts: Fact[];
  command: CommandView | null;
}

export interface Level {
  name: string;
  summary: string;
  tools: string[];
  frames: string;
}

export interface PluginView {
  name: string;
  state: "serving" | "degraded" | "failed";
  source: string;
  serving: PluginStamp | null;
  summary: string | null;
  extensions: string[];
  levels: Level[];
  failure: string | null;
  standing: VersionStanding;
  changed: Timestamp;
}

/** What is out of the ordinary about a plugin's versions; empty where the newest one simply serves. */
export interface VersionStanding {
  pinned?: { digest: string; at: Timestamp; by: string | null };
  rolled_back?: { digest: string; version: string; at: Timestamp };
  waiting?: VersionWaiting;
  held?: VersionWaiting;
  trouble?: string;
}

export interface VersionWaiting {
  digest: string;
  version: string;
  source: string;
}

export interface ToolView {
  plugin: string;
  id: string;
  path: string | null;
  version: string | null;
  problem: string | null;
}

export interface LeaseView {
  attempt: number;
  job: number;
  threads: number;
}

export interface BreakerView {
  plugin: string;
  /** Absent: the plugin takes none at all. */
  gpu: string | null;
  reason: string;
  until: Timestamp;
}

export interface Gpu {
  index: number;
  uuid: string;
  name: string;
  memory_bytes: number;
}

export interface NodeView {
  name: string;
  version: string;
  cores: number;
  memory_bytes: number;
  slots: number;
  threads_per_task: number;
  gpus: Gpu[];
  gpu_state: string;
  tools: ToolView[];
  leases: LeaseView[];
  breakers: BreakerView[];
  started: Timestamp;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type FarmEvent =
  | { type: "job"; job: JobSummary }
  | { type: "frames"; job: number; layer: string | null; frames: FrameSetText; frame_state: FrameState }
  | { type: "image"; image: FrameDoneView }
  | { type: "attempt"; attempt: AttemptView }
  | {
      type: "progress";
      job: number;
      attempt: number;
      frame: number | null;
      fraction: number;
      memory_bytes: number | null;
    }
  | { type: "plugin"; plugin: PluginView }
  | { type: "plugin-removed"; name: string }
  | { type: "node"; node: NodeView }
  | { type: "notice"; job: number | null; message: string };
