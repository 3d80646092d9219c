/** What the table of jobs says, and what can be done with jobs. */
import type { BatchStatus, EntryState } from "../api/batches";
import type { FrameState, JobStatus } from "../api/types";
import type { Action, Loss } from "../model/job-actions";
import type { SortColumn } from "../model/job-filter";
import { plural } from "./plural";

export const jobs = {
  heading: "Jobs",
  states: "Show jobs that are",
  all: "all",
  search: "Search jobs",
  searchHint: "Name, number, scene, user, why",
  user: "User",
  anyUser: "Any user",
  plugin: "DCC",
  anyPlugin: "Any DCC",
  clearFilter: "Show all",
  none: "No jobs yet",
  noneHint: "Submit one with",
  noneCommand: "farmhand submit shot.blend --frames 1-100",
  noneMatch: "No job matches",
  loading: "Reading jobs…",
  count: (all: string, number: number): string => `${all} ${plural(number, "job", "jobs")}`,
  matches: (some: string, all: string): string => `${some} of ${all} jobs`,
  searching: "looking among older ones…",
  searchFailed: "Older jobs could not be searched",
  moreFound: "Search older ones",
  older: "Show older",
  columns: {
    select: "Select",
    state: "State",
    job: "Job",
    progress: "Progress",
    time: "Time",
    priority: "Prio",
    age: "Age",
    user: "User",
    plugin: "DCC",
    why: "Why",
  },
  columnHints: {
    state: "Sort by state",
    job: "Sort by name",
    progress: "Sort by how much is done",
    time: "Sort by time left, and by when they ended",
    priority: "Sort by priority",
    age: "Sort by when they were submitted",
    user: "Sort by user",
    plugin: "Sort by DCC",
  } satisfies Record<SortColumn, string>,
  ofFrames: (done: string, total: string): string => `${done}/${total}`,
  frames: (count: string, number: number): string => `${count} ${plural(number, "frame", "frames")}`,
  failedFrames: (count: number): string => `${count} failed`,
  left: (span: string): string => `${span} left`,
  overdue: (span: string): string => `${span} overdue`,
  ago: (span: string): string => `${span} ago`,
  submittedAt: (at: string): string => `Submitted ${at}`,
  took: (span: string): string => `Took ${span}`,
  frame: (frame: number): string => `frame ${frame}`,
  priority: (priority: number): string => `priority ${priority}`,
  barLabel: (name: string, percent: number): string => `${name}: ${percent} % of the frames are there`,
  select: (id: number, name: string): string => `Select job ${id}, ${name}`,
  selectAll: "Select all that are listed",
  selectBatch: (id: number, name: string): string => `Select the jobs of batch ${id}, ${name}`,
  fold: (name: string): string => `Fold ${name}`,
  unfold: (name: string): string => `Unfold ${name}`,
  batchOf: (count: string): string => `${count} jobs`,
  batchSome: (listed: string, count: string): string => `${listed} of ${count} jobs`,
  inBatch: (name: string): string => `in ${name}`,
  batchStatus: {
    waiting: "waiting",
    running: "running",
    paused: "paused",
    completed: "done",
    partial: "partial",
    failed: "failed",
    cancelled: "cancelled",
  } satisfies Record<BatchStatus, string>,
  entryState: {
    pending: "pending",
    running: "running",
    completed: "done",
    failed: "failed",
    skipped: "skipped",
    cancelled: "cancelled",
  } satisfies Record<EntryState, string>,
  priorities: (least: number, most: number): string => (least === most ? String(least) : `${least}–${most}`),
  submittedWith: (source: string): string => `Submitted from ${source}`,
  ofStatus: (count: string, status: string): string => `${count} ${status}`,
  selected: (count: number): string => `${count} selected`,
  clear: "Clear",
  keys: "Keys",
  split: "Width of the list",
} as const;

/** Acting on the selected jobs. */
export const many = {
  heading: "Act on the selected jobs",
  button: {
    pause: "Pause",
    resume: "Resume",
    retry: "Retry",
    cancel: "Cancel…",
    priority: "Priority…",
  } satisfies Record<Action, string>,
  /** Where not all of the selected jobs are in a state in which it can be done. */
  some: (button: string, count: number): string => `${button} ${count}`,
  notNow: {
    pause: "None of these jobs waits or runs",
    resume: "None of these jobs is paused",
    retry: "None of these jobs has failed or cancelled frames",
    cancel: "All of these jobs have ended",
    priority: "All of these jobs have ended",
  } satisfies Record<Action, string>,
  done: {
    pause: (count: number): string => `${jobsOf(count)} paused`,
    resume: (count: number): string => `${jobsOf(count)} resumed`,
    retry: (count: number): string => `${jobsOf(count)} tried again`,
    cancel: (count: number): string => `${jobsOf(count)} cancelled`,
    priority: (count: number): string => `${jobsOf(count)} given their priority`,
  } satisfies Record<Action, (count: number) => string>,
  busy: "Asking the daemon…",
  refused: {
    pause: (count: number): string => `${jobsOf(count)} could not be paused`,
    resume: (count: number): string => `${jobsOf(count)} could not be resumed`,
    retry: (count: number): string => `${jobsOf(count)} could not be tried again`,
    cancel: (count: number): string => `${jobsOf(count)} could not be cancelled`,
    priority: (count: number): string => `${jobsOf(count)} could not be given another priority`,
  } satisfies Record<Action, (count: number) => string>,
  failed: "The jobs could not be acted on",
  batchDone: {
    pause: (name: string): string => `Batch ${name} paused`,
    resume: (name: string): string => `Batch ${name} resumed`,
    retry: (name: string): string => `Batch ${name} tried again`,
    cancel: (name: string): string => `Batch ${name} cancelled`,
  } satisfies Record<Exclude<Action, "priority">, (name: string) => string>,
  batchFailed: (name: string): string => `Nothing was done to batch ${name}`,
  onBatch: {
    pause: (name: string): string => `Pause all jobs of ${name}`,
    resume: (name: string): string => `Resume all jobs of ${name}`,
    retry: (name: string): string => `Try again what failed or was cancelled of ${name}`,
    cancel: (name: string): string => `Cancel what has not ended of ${name}`,
    priority: (name: string): string => `Set the priority of ${name}`,
  } satisfies Record<Action, (name: string) => string>,
  confirmCancelBatch: (name: string): string => `Cancel all of ${name} that has not ended?`,
  confirmCancel: (count: number): string => `Cancel ${jobsOf(count)}?`,
  confirmLoss: (loss: Loss): string => {
    const lost =
      loss.frames === 0
        ? "No frame of them is being rendered."
        : `${loss.frames} ${plural(loss.frames, "frame that is", "frames that are")} being rendered for ${jobsOf(loss.running)} will be lost.`;
    const never =
      loss.pending === 0 ? "" : ` ${loss.pending} ${plural(loss.pending, "frame", "frames")} will not be rendered.`;
    return `${lost}${never} Images that are there stay.`;
  },
  more: (count: number): string => `and ${count} more`,
  confirmYes: (count: number): string => `Cancel ${jobsOf(count)}`,
  confirmNo: "Keep them",
  confirmNoOne: "Keep it",
  setPriority: (count: number): string => `Priority of ${jobsOf(count)}`,
  priorityHint: "0 to 100. A higher one goes first; 50 is usual.",
  set: "Set",
  close: "Close",
} as const;

function jobsOf(count: number): string {
  return `${count} ${plural(count, "job", "jobs")}`;
}

/** The keys of the table, as `?` shows them. */
export const keys = {
  heading: "Keys in the list of jobs",
  letters: "Letters act. Without this, only arrows, Enter, Space and Escape do.",
  list: [
    [["↓", "j"], "next row"],
    [["↑", "k"], "row before"],
    [["Page ↑", "Page ↓", "Home", "End"], "further"],
    [["Enter"], "open the job, or fold and unfold a batch"],
    [["→", "←"], "unfold and fold a batch; from a job, ← goes to its batch"],
    [["Space"], "select"],
    [["Shift + ↓", "Shift + ↑", "Shift + click"], "select a range"],
    [["Ctrl + A"], "select all that are listed"],
    [["Esc"], "select none, then close the job"],
    [["p"], "pause"],
    [["r"], "resume"],
    [["t"], "try again"],
    [["c"], "cancel, after asking"],
    [["e"], "set the priority"],
    [["/"], "search"],
    [["?"], "these keys"],
  ] satisfies [string[], string][],
  acts: "What acts on jobs acts on the selected ones, or on the row where you are: a job, or all of a batch.",
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
