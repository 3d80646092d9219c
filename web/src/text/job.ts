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
  overdue: "Overdue",
  finishedAt: "Finished",
  elapsed: "Elapsed",
  perFrame: "A frame",
  start: "Start-up",
  allFallbacks: (count: number): string => `Show all ${count}`,
  priority: "priority",
  priorityFailed: "The priority could not be changed",
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
  layers: (count: number): string => `${count} layers`,
  label: (summary: string): string =>
    `Frame strip: ${summary}. Arrow keys move, N goes to the next failed frame, Enter opens, Shift with arrow keys chooses, plus and minus look closer or back.`,
  one: (frame: number, state: string): string => `Frame ${frame}: ${state}`,
  several: (first: number, last: number, parts: string): string => `Frames ${first} to ${last}: ${parts}`,
  part: (count: string, state: string): string => `${count} ${state}`,
  progress: (percent: number): string => `, ${percent} %`,
  cell: (frames: string): string => `A cell is ${frames} frames`,
  part_of: (frames: string): string => `Shows ${frames}`,
  attempt: (id: number): string => `attempt ${id}`,
  level: (name: string): string => `level ${name}`,
  before: "Frames before these",
  after: "Frames after these",
  all: "All",
  closer: "Look closer",
  wider: "Look from further away",
} as const;

/** Of frames that were chosen on the strip. */
export const chosen = {
  heading: "Chosen frames",
  frames: (text: string, number: number): string => `${text} ${plural(number, "frame", "frames")} chosen`,
  retryFailed: (count: string): string => `Retry ${count} failed`,
  again: "Render again…",
  copy: "Copy frames",
  look: "Look closer",
  drop: "Clear",
  confirm: (text: string, number: number): string => `Render ${text} ${plural(number, "frame", "frames")} again?`,
  confirmThere: (text: string, number: number): string =>
    `${text} of them ${plural(number, "is", "are")} there. ${plural(number, "Its image stays", "Their images stay")} until a new one takes the place. Frames that are being rendered are left out.`,
  confirmYes: "Render again",
  confirmNo: "Keep them",
  failed: "The frames could not be retried",
} as const;

export const copy = {
  done: "Copied",
  failed: "This browser does not let pages copy",
} as const;

/** The parts of the view of a job. */
export const parts = {
  heading: "Parts of the job",
  overview: "Overview",
  attempts: "Attempts",
  times: "Times",
  log: "Log",
  details: "Details",
} as const;

export const trouble = {
  heading: "What failed",
  overcome: "What went wrong on the way",
  noCause: "no fault told",
  gotOver: "no frame lost",
  failed: (text: string, number: number): string => `${text} ${plural(number, "frame", "frames")} failed:`,
  attempts: (count: number, levels: string[]): string =>
    `${count} ${plural(count, "attempt", "attempts")} at ${plural(levels.length, "level", "levels")} ${levels.join(", ")}`,
  log: (id: number): string => `Log of attempt ${id}`,
  retry: "Retry these",
  all: "All attempts",
  untried: "Never tried before the job ended:",
  more: (count: number): string => `Show ${count} more`,
  left: (count: number): string => `${count} more kinds are not shown.`,
  cut: "Only the newest attempts were looked at.",
} as const;

export const timeline = {
  heading: "Time line",
  label: (summary: string): string => `Time line of attempts: ${summary}. Arrow keys move, Enter opens, plus and minus look closer or back.`,
  frames: (frames: string, number: number): string => `${plural(number, "frame", "frames")} ${frames}`,
  after: (chain: string[]): string => `came from ${chain.join(", ")}`,
  led: (id: number, cause: string): string => `attempt ${id} (${cause})`,
  hint: "Point at an attempt.",
  before: "Earlier",
  later: "Later",
  cut: (count: string): string => `Only the newest ${count} attempts are shown.`,
  fate: {
    live: "running",
    fine: "accepted",
    retry: "tried again",
    "fall-back": "came down a level",
    failed: "given up",
    held: "held",
  },
} as const;

export const times = {
  layer: "Layer",
  none: "No frame of this layer has been rendered yet.",
  hint: "Point at a frame. A click opens it; drag to look closer, press twice to see all.",
  frame: (frame: number): string => `Frame ${frame}`,
  outlier: (ratio: string): string => `${ratio} times the median`,
  memory: (size: string): string => `${size} held by its attempt`,
  troubled: "its attempt did not end well",
  seconds: "Render time of a frame",
  peak: "Most memory that the frame's attempt held",
  chart: (what: string): string => `Chart: ${what}. Arrow keys move, Enter opens the frame, plus and minus look closer or back. The table below has the slowest.`,
  untold: (text: string, number: number): string =>
    `${text} ${plural(number, "frame is", "frames are")} rendered; the renderer does not tell how long a frame takes.`,
  half: (text: string, number: number, median: string): string =>
    `Half of ${text} rendered ${plural(number, "frame", "frames")} took ${median} or less.`,
  noOutliers: "None stands out.",
  outliers: (text: string, number: number, named: string): string =>
    number === 1 ? `1 frame stands out: ${named}.` : `${text} frames stand out, the slowest first: ${named}.`,
  failed: (text: string, number: number): string => `${text} failed ${plural(number, "frame has", "frames have")} no time.`,
  most: (size: string, frame: number): string => `An attempt held ${size} at most, at frame ${frame}.`,
  partial: (count: string): string => `The first ${count} rendered frames are shown.`,
  slowest: "Slowest frames",
  columns: { frame: "Frame", took: "Took", ratio: "Of the median", memory: "Memory", attempt: "Attempt" },
} as const;

export const logPart = {
  attempt: "Attempt",
  earlier: "The attempt before this one",
  later: "The attempt after this one",
  lastBad: "Last one that went wrong",
  about: "About this attempt",
} as const;

export const details = {
  ran: "What ran:",
  plugin: "Plugin",
  generation: (generation: number): string => `generation ${generation}`,
  copyDigest: "Copy digest",
  level: "Level",
  firstLevel: "is the first that the job may use",
  fellBack: (from: string, cause: string): string => `because ${from} failed with ${cause}:`,
  noCommand: "Its command is not there: it has not been built yet, or it was cleaned up.",
} as const;

export const attempts = {
  heading: "Attempts",
  latest: "Latest attempt",
  loading: "Reading the attempts…",
  none: "No attempt yet.",
  onlyBad: (count: string): string => `only the ${count} that did not end well`,
  after: (id: number, cause: string): string => `after ${id} (${cause})`,
  wholeLog: "Log with more room",
  line: "its line",
  id: (id: number): string => `Attempt ${id}`,
  level: (name: string): string => `level ${name}`,
  plugin: "plugin",
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
    "hold-job": "job held",
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
  copyCommand: "Copy for a shell",
  copyHint: "One line with its directory and environment.",
  setFirst: "Hidden values are not in it; set first:",
  putIn: "What reads (hidden) in it is to be put in by hand.",
  gone: (id: number): string => `There is no attempt ${id} of this job.`,
} as const;
