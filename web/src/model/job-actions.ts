/**
 * What can be done to which jobs, and what would be lost by it. The daemon decides in the end; this only keeps the page
 * from asking for what it would refuse.
 */
import type { BatchSummary } from "../api/batches";
import type { JobStatus, JobSummary } from "../api/types";

export const ACTIONS = ["pause", "resume", "retry", "cancel", "priority"] as const;
export type Action = (typeof ACTIONS)[number];

const LIVE: ReadonlySet<JobStatus> = new Set(["waiting", "running", "paused"]);

export function suits(action: Action, job: JobSummary): boolean {
  switch (action) {
    case "pause":
      return job.status === "waiting" || job.status === "running";
    case "resume":
      return job.status === "paused";
    case "retry":
      return job.status === "cancelled" || (job.status !== "cancelling" && job.frames.failed > 0) || job.status === "failed";
    case "cancel":
    case "priority":
      return LIVE.has(job.status);
  }
}

/**
 * Whether it can be done to a whole batch. `jobs` are those that are known of it, all of its live ones among them; which
 * of the others failed only the batch itself knows for sure.
 */
export function suitsBatch(action: Action, batch: BatchSummary, jobs: readonly JobSummary[]): boolean {
  if (action === "retry") return batch.jobs.failed + batch.jobs.cancelled > 0;
  return jobs.some((job) => suits(action, job));
}

export interface Loss {
  readonly jobs: number;
  /** Jobs of which something is being rendered. */
  readonly running: number;
  /** Frames that are being rendered and would be thrown away. */
  readonly frames: number;
  /** Frames that would not be rendered any more. */
  readonly pending: number;
}

/** What cancelling these jobs throws away. */
export function lossOf(jobs: Iterable<JobSummary>): Loss {
  let [count, running, frames, pending] = [0, 0, 0, 0];
  for (const job of jobs) {
    count += 1;
    running += job.frames.running > 0 ? 1 : 0;
    frames += job.frames.running;
    pending += job.frames.pending;
  }
  return { jobs: count, running, frames, pending };
}

/** The one priority that all of them have; null where they differ. */
export function commonPriority(jobs: readonly JobSummary[]): number | null {
  const first = jobs[0]?.priority;
  return first !== undefined && jobs.every((job) => job.priority === first) ? first : null;
}
