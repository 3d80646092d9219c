/**
 * Every word that the page says, in one place: plain, short, and naming the remedy where there is one.
 */
import type {
  Closed,
  DecisionKind,
  EndedBy,
  FrameState,
  GpuNeed,
  GpuStanding,
  JobStatus,
  PluginView,
  Severity,
  TimeSpent,
} from "./api/types";
import { amount } from "./model/format";

const plural = (count: number, one: string, many: string): string => (count === 1 ? one : many);

export const t = {
  product: "farmhand",
  title: (running: number, waiting: number): string =>
    running + waiting === 0 ? "farmhand" : `${running} running, ${waiting} waiting · farmhand`,

  connection: {
    connecting: "Connecting",
    live: "Live",
    syncing: "Reading",
    offline: "Offline",
    lost: (since: string): string => `No connection to the daemon since ${since}.`,
    stale: "Everything below is as it was then. Renders go on without the daemon.",
    never: "The daemon does not answer.",
    retryIn: (seconds: number): string => (seconds <= 0 ? "Trying again now." : `Trying again in ${seconds} s.`),
    retryNow: "Try now",
    syncFailed: "The state of the farm could not be read.",
  },

  problem: {
    status: (status: number): string => `The daemon answered ${status}`,
    unreachable: "The daemon does not answer",
    unreachableRemedy: "Is `farmhand serve` running on this address?",
    unexpected: "The page met something unexpected",
    dismiss: "Dismiss",
    login: "Log in",
    action: (action: string, job: number): string => `Could not ${action} job ${job}`,
  },

  jobs: {
    heading: "Jobs",
    filter: "Show jobs that are",
    all: "all",
    none: "No jobs yet",
    noneHint: "Submit one with",
    noneCommand: "farmhand submit shot.blend --frames 1-100",
    noneMatch: "No job matches",
    loading: "Reading jobs…",
    groups: { running: "Running", queue: "Queue", ended: "Ended" },
    more: (count: number): string => `Show ${count} more`,
    older: "Show older",
    columns: { state: "State", job: "Job", progress: "Progress", time: "Time", why: "Why" },
    ofFrames: (done: string, total: string): string => `${done}/${total}`,
    frames: (count: string, number: number): string => `${count} ${plural(number, "frame", "frames")}`,
    failedFrames: (count: number): string => `${count} failed`,
    left: (span: string): string => `${span} left`,
    ago: (span: string): string => `${span} ago`,
    frame: (frame: number): string => `frame ${frame}`,
    priority: (priority: number): string => `priority ${priority}`,
    barLabel: (name: string, percent: number): string => `${name}: ${percent} % of the frames are there`,
  },

  status: {
    waiting: "waiting",
    running: "running",
    paused: "paused",
    cancelling: "cancelling",
    done: "done",
    failed: "failed",
    cancelled: "cancelled",
  } satisfies Record<JobStatus, string>,

  frameState: {
    pending: "pending",
    running: "running",
    done: "done",
    skipped: "skipped",
    failed: "failed",
  } satisfies Record<FrameState, string>,

  actions: {
    pause: "Pause",
    resume: "Resume",
    cancel: "Cancel",
    retry: "Retry failed",
    retryCancelled: "Retry",
    confirmCancel: (name: string, id: number): string => `Cancel job ${id}, ${name}?`,
    confirmRunning: (running: number): string =>
      running === 0
        ? "No frame of it is being rendered. Images that are there stay."
        : `${running} ${plural(running, "frame that is", "frames that are")} being rendered will be lost. Images that are there stay.`,
    confirmYes: "Cancel the job",
    confirmNo: "Keep it",
  },

  job: {
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
  },

  obstacle: {
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
  },

  strip: {
    heading: "Frames",
    layer: (name: string): string => `Layer ${name}`,
    label: (summary: string): string => `Frame strip: ${summary}. Arrow keys move, Enter opens.`,
    one: (frame: number, state: string): string => `Frame ${frame}: ${state}`,
    several: (first: number, last: number, parts: string): string => `Frames ${first} to ${last}: ${parts}`,
    part: (count: string, state: string): string => `${count} ${state}`,
    progress: (percent: number): string => `, ${percent} %`,
    cell: (frames: string): string => `A cell is ${frames} frames`,
    hint: "Point at a frame. Click opens its image, or the attempt that failed.",
  },

  images: {
    heading: "Last images",
    none: "No image yet.",
    alt: (frame: number, layer: string | null): string =>
      layer === null ? `Frame ${frame}` : `Frame ${frame}, layer ${layer}`,
    open: (frame: number): string => `Open frame ${frame}`,
    broken: "No preview",
    previous: "Previous frame",
    next: "Next frame",
    close: "Close",
    took: (span: string): string => `rendered in ${span}`,
    attempt: (id: number): string => `attempt ${id}`,
    original: "Path",
  },

  attempts: {
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
  },

  log: {
    heading: (id: number): string => `Log of attempt ${id}`,
    loading: "Reading the log…",
    empty: "The log is empty so far.",
    notBegun: "The log begins when the process does.",
    follow: "Follow",
    wrap: "Wrap",
    filter: "Filter lines",
    whole: "Whole log",
    dropped: (count: string): string => `${count} earlier lines are not shown here`,
    tail: (count: string): string => `The last ${count} lines`,
    matches: (count: string): string => `${count} match`,
    previousBad: "Previous line that reads like an error",
    nextBad: "Next line that reads like an error",
    bad: (count: string): string => `${count} like errors`,
    growing: "growing",
    ended: "ended",
    interrupted: "interrupted",
  },

  node: {
    heading: "Node",
    unknown: "Not known yet.",
    slots: "Slots",
    slotsUsed: (used: number, all: number): string => `${used} of ${all} taken`,
    free: "free",
    cores: "Cores",
    coresUsed: (used: number, all: number): string => `${used} of ${all} leased`,
    coresBusy: (busy: number, leased: number): string =>
      `${busy.toFixed(1)} of ${leased} ${plural(leased, "core", "cores")}`,
    coresOf: (all: number, physical: number | null): string =>
      physical === null || physical === all ? `of ${all} here` : `of ${all} here, ${physical} of them physical`,
    memory: "Memory",
    memoryUsed: (used: string, all: string | null): string =>
      all === null ? `${used} leased, not counted` : `${used} of ${all} leased`,
    memoryFree: (free: string, all: string): string => `${free} of ${all} free`,
    memoryIn: (all: string): string => `of ${all} here`,
    closed: (closed: Closed, time: string): string =>
      closed.by === "schedule" ? `Renders again from ${time}` : `Somebody works here: renders wait until ${time}`,
    closedWhy: (closed: Closed): string =>
      closed.by === "schedule"
        ? "The schedule leaves the machine to people now. What runs already goes on."
        : `Seen: ${closed.what}. If that goes on, it takes longer. What runs already goes on.`,
    standing: (gpu: GpuStanding): string => {
      switch (gpu.standing) {
        case "free":
          return "free for renders";
        case "reserved":
          return "reserved for interactive use";
        case "in-use":
          return gpu.until === null ? "in use by others" : "in use by others a moment ago";
        case "lost":
          return "does not answer";
      }
    },
    renders: "renders",
    memoryOf: (used: string, all: string): string => `${used} of ${all}`,
    busy: (percent: number): string => `${percent}\u00a0%\u00a0busy`,
    degrees: (celsius: number): string => `${celsius}\u00a0°C`,
    idleFrom: (time: string): string => `Counts as idle from ${time}.`,
    foreign: "not farmhand's",
    limits: "Limits",
    limitUsed: (used: number, max: number): string => `${used} of ${max}`,
    perNode: "once a machine",
    disks: "Disks",
    diskFree: (free: string, all: string): string => `${free} of ${all} free`,
    nearlyFull: "nearly full",
    threads: "Threads a task",
    gpus: "GPUs",
    gpu: (index: number): string => `GPU ${index}`,
    tools: "Tools",
    noTools: "No tools were looked for.",
    notFound: "not found",
    up: (span: string): string => `up ${span}`,
    breaker: (plugin: string, gpu: string | null): string =>
      gpu === null ? `${plugin} takes no tasks here` : `${plugin} stays off GPU ${gpu} here`,
    breakerUntil: (time: string): string => `One task is let through at ${time}.`,
  },

  plugins: {
    heading: "Plugins",
    none: "No plugins.",
    state: { serving: "serving", degraded: "degraded", failed: "failed" } satisfies Record<PluginView["state"], string>,
    pinned: "pinned",
    rolledBack: "rolled back",
    heldBack: "held back",
    refused: "A newer version was refused; this one goes on serving.",
    wentBack: "The newest version was rolled back from; this one serves.",
    troubled: "The version that serves is in trouble.",
    pinnedBy: (by: string | null, span: string): string =>
      by === null ? `Pinned ${span} ago.` : `Pinned by ${by} ${span} ago.`,
    waits: (version: string, source: string): string => `Version ${version} from ${source} waits for an unpin.`,
    generation: (generation: number): string => `generation ${generation}`,
    changed: (span: string): string => `changed ${span} ago`,
    levels: "Levels",
    extensions: "Scenes",
  },

  notices: {
    heading: "Notices",
    none: "Nothing so far.",
    job: (id: number): string => `job ${id}`,
  },
} as const;
