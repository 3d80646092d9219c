/** What the view of one job says. */
import type { DecisionKind, EndedBy, GpuNeed, Severity, TimeSpent } from "../api/types";
import { amount } from "../model/format";
import { plural } from "./plural";

export const job = {
  heading: "Job",
  nothing: "Choose a job to see its frames, images, attempts and logs.",
  loading: "Reading the job…",
  back: "All jobs",
  following: "Shows what runs. Choose a job to stay with it.",
  why: "Why",
  remedy: (remedy: string): string => remedy.charAt(0).toUpperCase() + remedy.slice(1),
  spent: "Where its time went",
  step: {
    waiting: "waiting",
    starting: "starting",
    rendering: "rendering",
    verifying: "verifying",
  } satisfies Record<keyof TimeSpent, string>,
  share: (step: string, span: string, percent: number): string => `${step} ${span}, ${percent} %`,
  peakMemory: "Peak memory",
  failure: "Failed",
  scene: "Scene",
  output: "Output",
  frameSet: "Frames",
  layers: "Layers",
  options: "Options",
  notes: "Notes",
  fallbacks: "Fallbacks",
  fallback: (frames: string, from: string, to: string): string => `Frames ${frames}: from ${from} to ${to}`,
  hooks: "Hooks",
  hookFailed: "failed",
  levels: "Levels",
  after: "After",
  user: "by",
  submitted: (span: string): string => `submitted ${span} ago`,
  eta: "Left",
  finishedAt: "Finished",
  elapsed: "Elapsed",
  perFrame: "A frame",
  start: "Start-up",
  details: "What was submitted",
  needs: "Needs",
  licences: "Licences",
  memory: (size: string): string => `${size} of memory`,
  gpus: (need: GpuNeed): string => {
    const each = need.count === 1 ? "" : " each";
    const part = need.memory_bytes === null ? "" : ` with ${amount(need.memory_bytes)}${each}`;
    return `${need.count} ${plural(need.count, "GPU", "GPUs")}${part}${need.required ? "" : " or none"}`;
  },
} as const;

export const obstacle = {
  need: (need: GpuNeed): string => {
    const free = need.memory_bytes === null ? "" : ` with ${amount(need.memory_bytes)} free`;
    return `needs ${need.count} ${plural(need.count, "GPU", "GPUs")}${free}`;
  },
  renders: "renders",
  tooSmall: (size: string): string => `has only ${size} for renders`,
  breaker: (time: string): string => `is left alone until ${time}:`,
  ranOut: "ran out of memory for these frames",
  claimed: "is kept for",
  free: "free",
  inUse: "in use:",
  wasInUse: (time: string): string => `in use a moment ago, idle from ${time}:`,
  lost: "does not answer:",
} as const;

export const strip = {
  heading: "Frames",
  layer: (name: string): string => `Layer ${name}`,
  label: (summary: string): string => `Frame strip: ${summary}. Arrow keys move, Enter opens.`,
  one: (frame: number, state: string): string => `Frame ${frame}: ${state}`,
  several: (first: number, last: number, parts: string): string => `Frames ${first} to ${last}: ${parts}`,
  part: (count: string, state: string): string => `${count} ${state}`,
  progress: (percent: number): string => `, ${percent} %`,
  cell: (frames: string): string => `A cell is ${frames} frames`,
  hint: "Point at a frame. Click opens its image, or the attempt that failed.",
} as const;

export const attempts = {
  heading: "Attempts",
  none: "No attempt yet.",
  more: "Show earlier attempts",
  cut: (count: string): string => `Only the newest ${count} are kept here. Load the page again for the others.`,
  id: (id: number): string => `Attempt ${id}`,
  level: (name: string): string => `level ${name}`,
  tryNumber: (number: number): string => `try ${number}`,
  threads: (count: number): string => `${count} ${plural(count, "thread", "threads")}`,
  gpus: (indices: string[]): string => `GPU ${indices.join(", ")}`,
  lease: "Holds",
  held: "Held",
  usage: "Takes",
  used: "Took",
  leasedMemory: (size: string): string => `${size} of memory`,
  share: (index: number, size: string): string => `${size} of GPU ${index}`,
  whole: (index: number): string => `GPU ${index}`,
  peakMemory: (size: string): string => `at most ${size} of memory`,
  peakGpuMemory: (size: string): string => `${size} of GPU memory`,
  gpuBusy: (percent: number): string => `GPU ${percent} % busy`,
  cpu: (span: string): string => `${span} of CPU time`,
  read: (size: string): string => `read ${size}`,
  written: (size: string): string => `wrote ${size}`,
  framesDone: (done: string, total: string): string => `${done} of ${total} done`,
  starting: "starting",
  running: "running",
  exit: (code: number): string => `exit ${code}`,
  signal: (signal: number): string => `signal ${signal}`,
  endedBy: {
    itself: "",
    "time-limit": "over its time limit",
    stall: "stalled",
    cancel: "cancelled",
    "daemon-stop": "ended with the daemon",
    lost: "lost with its shim",
  } satisfies Record<EndedBy, string>,
  decision: {
    accept: "accepted",
    retry: "retry",
    "fall-back": "fall back",
    "fail-frames": "frames failed",
    "fail-job": "job failed",
    "quarantine-node": "node quarantined",
  } satisfies Record<DecisionKind, string>,
  severity: {
    transient: "transient",
    "frame-fatal": "frame-fatal",
    "worker-fatal": "worker-fatal",
  } satisfies Record<Severity, string>,
  then: "Then",
  faults: "Faults",
  facts: "Facts",
  command: "Command",
  environment: "Environment",
  workingDirectory: "in",
  gone: (id: number): string => `There is no attempt ${id} of this job.`,
} as const;
