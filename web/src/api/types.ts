/**
 * The JSON shapes that the daemon serves, as `host/model` defines them. Nothing here has behaviour; what the page
 * makes of them is in `model/`.
 */
import type { BatchSummary } from "./batches";

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
  | "workers"
  | "back-off"
  | "no-slot"
  | "behind"
  | "threads"
  | "memory"
  | "gpus"
  | "limit"
  | "too-big"
  | "closed"
  | "breaker"
  | "held"
  | "hooks"
  | "licence"
  | "no-plugin"
  | "no-tool"
  | "stopping"
  | "next"
  | "ended";

/** An attempt that has what another one needs. */
export interface Holder {
  attempt: number;
  job: number;
}

export interface GpuNeed {
  count: number;
  /** On each of them; absent: each of them whole. */
  memory_bytes: number | null;
  required: boolean;
}

/** Whether renders may have a GPU. */
export type GpuStanding =
  | { standing: "free" }
  | { standing: "reserved" }
  /** `until` is when it counts as idle; absent while it is in use. */
  | { standing: "in-use"; by: string; until: Timestamp | null }
  | { standing: "lost"; reason: string };

/** What keeps a job from a GPU. */
export type GpuObstacle =
  | ({ obstacle: "standing" } & GpuStanding)
  | { obstacle: "leased"; holders: Holder[] }
  | { obstacle: "too-small"; bytes: number }
  | { obstacle: "breaker"; reason: string; until: Timestamp }
  | { obstacle: "ran-out" }
  | { obstacle: "claimed"; job: number }
  | { obstacle: "free" };

export type GpuInTheWay = { index: number; uuid: string } & GpuObstacle;

/** Jobs that the same thing holds: the first and the last of each run of their numbers. */
export interface SharedWhy {
  why: WhyView | null;
  jobs: [number, number][];
}

export interface WhyView {
  /** What the page looks into is typed; of all others it shows only the text. */
  reason:
    | { kind: Exclude<WaitKind, "gpus">; [detail: string]: unknown }
    | { kind: "gpus"; need: GpuNeed; gpus: GpuInTheWay[] };
  text: string;
  /** What would make it run; absent where that is plain. */
  remedy: string | null;
}

/** Where a job's time has gone, in seconds; that of attempts side by side is added up. */
export interface TimeSpent {
  waiting: number;
  starting: number;
  rendering: number;
  verifying: number;
}

/** A batch by its number and its name. */
export interface BatchRef {
  id: number;
  name: string;
}

export interface JobSummary {
  id: number;
  name: string;
  user: string | null;
  /** The batch that it was submitted with last. */
  batch: BatchRef | null;
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
  licences: string[];
  needs: LevelNeeds[];
}

/** What a task needs at a level; absent amounts are left to the node. */
export interface LevelNeeds {
  level: string;
  memory_bytes: number | null;
  gpus: GpuNeed | null;
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
  /** The most memory that any of its attempts took. */
  peak_memory_bytes: number | null;
}

export interface JobView extends JobSummary {
  spec: JobSpec;
  notes: string[];
  costs: JobCosts;
  time: TimeSpent;
  attempts: number;
  fallbacks: Fallback[];
  hooks: HookRun[];
}

/** What a job's events carry: all but what only the view of one job has. */
export function summaryOf(view: JobView): JobSummary {
  const { spec: _s, notes: _n, costs: _c, time: _t, attempts: _a, fallbacks: _f, hooks: _h, ...summary } = view;
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

export type DecisionKind = "accept" | "retry" | "fall-back" | "fail-frames" | "fail-job" | "quarantine-node" | "hold-job";

export interface Verdict {
  decision: { kind: DecisionKind; after_ms?: number };
  reason: string;
}

/** A GPU, or a share of it. */
export interface GpuLease extends Gpu {
  /** Absent: all of it. */
  share_bytes: number | null;
}

/** What an attempt holds from its start to its end. */
export interface Lease {
  threads: number;
  memory_bytes: number;
  gpus: GpuLease[];
  licences: string[];
}

/** What an attempt's processes have really taken; what could not be read is absent. */
export interface Usage {
  peak_memory_bytes: number | null;
  cpu_seconds: number | null;
  read_bytes: number | null;
  written_bytes: number | null;
  peak_gpu_memory_bytes: number | null;
  /** 0 to 1. */
  gpu_utilisation: number | null;
}

/** When an attempt came to its steps. */
export interface Steps {
  running: Timestamp | null;
  first_frame: Timestamp | null;
  process_ended: Timestamp | null;
}

export interface CommandView {
  program: string;
  args: string[];
  env: [string, string][];
  cwd: string;
}

export interface AttemptView extends Lease {
  id: number;
  job: number;
  layer: string | null;
  frames: FrameSetText;
  frames_done: FrameSetText;
  level: number;
  level_name: string;
  try_number: number;
  plugin: PluginStamp | null;
  state: "starting" | "running" | "ended";
  started: Timestamp;
  ended: Timestamp | null;
  steps: Steps;
  usage: Usage;
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
  /** JSON Schema of its options; absent where nothing serves. */
  options_schema?: unknown;
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

export interface LeaseView extends Lease {
  attempt: number;
  job: number;
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

/** A process that uses a GPU. */
export interface GpuProcessView {
  pid: number;
  name: string | null;
  user: string | null;
  memory_bytes: number | null;
  /** Absent: farmhand did not start it. */
  attempt: number | null;
}

export type GpuView = Gpu &
  GpuStanding & {
    /** That others hold of its memory, such as the desktop. */
    foreign_bytes: number;
    pci_bus_id: string | null;
    memory_used_bytes: number | null;
    /** 0 to 1. */
    utilisation: number | null;
    /** In degrees Celsius. */
    temperature: number | null;
    processes: GpuProcessView[];
    leases: number[];
  };

/** Why a node takes no new tasks for a while. */
export type Closed =
  | { by: "schedule"; until: Timestamp }
  | { by: "activity"; what: string; until: Timestamp };

/** How much of the node renders may have at the moment. */
export interface Budget {
  threads: number;
  /** 2^64 - 1: memory is not counted. */
  memory_bytes: number;
  closed: Closed | null;
}

/** A licence or counter of `[limits]`. */
export interface LimitView {
  name: string;
  max: number;
  per: "task" | "node";
  used: number;
  holders: number[];
}

export interface DiskView {
  paths: string[];
  total_bytes: number;
  free_bytes: number;
}

export interface NodeView {
  name: string;
  version: string;
  /** That renders may use. */
  cores: number;
  physical_cores: number | null;
  logical_cores: number;
  memory_bytes: number;
  render_memory_bytes: number;
  memory_available_bytes: number | null;
  disks: DiskView[];
  slots: number;
  threads_per_task: number;
  budget: Budget;
  limits: LimitView[];
  gpus: GpuView[];
  gpu_state: string;
  tools: ToolView[];
  leases: LeaseView[];
  breakers: BreakerView[];
  started: Timestamp;
}

/** What the machine was doing at one moment; what the system does not tell is null. */
export interface NodeSample {
  at: Timestamp;
  /** All logical cores, 0 to 1. */
  cpu: number | null;
  memory_used_bytes: number | null;
  gpus: { uuid: string; utilisation: number | null; memory_used_bytes: number }[];
}

export type NoticeSeverity = "info" | "warning" | "error";

/** Something that a person should read. */
export interface Notice {
  /** Grows with time, over restarts too. */
  id: number;
  at: Timestamp;
  severity: NoticeSeverity;
  /** Such as `job-failed`. */
  kind: string;
  job: number | null;
  /** It, or the batch of its job. */
  batch: number | null;
  plugin: string | null;
  message: string;
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export type FarmEvent =
  | { type: "job"; job: JobSummary }
  | { type: "batch"; batch: BatchSummary }
  | { type: "reasons"; reasons: SharedWhy[] }
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
  | {
      type: "usage";
      job: number;
      attempt: number;
      /** What its processes hold now. */
      memory_bytes: number | null;
      /** That they keep busy now. */
      cores: number | null;
      usage: Usage;
    }
  | { type: "plugin"; plugin: PluginView }
  | { type: "plugin-removed"; name: string }
  | { type: "node"; node: NodeView }
  | { type: "sample"; sample: NodeSample }
  | { type: "notice"; notice: Notice };
