/** What the table of jobs says, and what can be done with jobs. */
import type { FrameState, JobStatus } from "../api/types";
import { plural } from "./plural";

export const jobs = {
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
} as const;

export const status = {
  waiting: "waiting",
  running: "running",
  paused: "paused",
  cancelling: "cancelling",
  done: "done",
  failed: "failed",
  cancelled: "cancelled",
} as const satisfies Record<JobStatus, string>;

export const frameState = {
  pending: "pending",
  running: "running",
  done: "done",
  skipped: "skipped",
  failed: "failed",
} as const satisfies Record<FrameState, string>;

export const actions = {
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
} as const;
