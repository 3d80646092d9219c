/** What is said of this machine. */
import type { Closed, GpuStanding } from "../api/types";
import { plural } from "./plural";

export const node = {
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
  limits: "Licences and limits",
  limitUsed: (used: number, max: number): string => `${used} of ${max}`,
  perNode: "once a machine",
  heldBy: "held by",
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
  about: (version: string, span: string): string => `farmhand ${version}, up ${span}`,
  cpu: "CPU",
  cpuBusy: (percent: number): string => `${percent}\u00a0% busy`,
  memoryTaken: (used: string, all: string): string => `${used} of ${all} in use`,
  lately: (what: string, least: number, most: number): string =>
    `${what} over the last two minutes: between ${least} and ${most} %`,
  notSeen: "not told by this system",
  held: "Who holds what",
  heldCores: (job: string, threads: number): string => `${job}: ${threads} ${plural(threads, "core", "cores")}`,
  heldMemory: (job: string, memory: string): string => `${job}: ${memory}`,
  keptBack: "not for renders at the moment",
  idle: "Nothing renders here.",
  threadsEach: (threads: number): string => `${threads} ${plural(threads, "thread", "threads")} a task unless its job says otherwise`,
  programs: "Programs",
  program: "Program",
  version: "Version",
  place: "Place",
  breakerUntil: (time: string): string => `One task is let through at ${time}.`,
} as const;
