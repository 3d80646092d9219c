/**
 * In which order jobs are listed: what runs, then the queue as the scheduler takes it, then what has ended.
 */
import type { JobStatus, JobSummary, WaitKind } from "../api/types";

export type Group = "running" | "queue" | "ended";

export const LIVE: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused"];
export const ENDED: readonly JobStatus[] = ["failed", "done", "cancelled"];
export const STATUSES: readonly JobStatus[] = ["running", "waiting", "paused", "failed", "done", "cancelled"];

export function groupOf(status: JobStatus): Group {
  if (status === "running" || status === "cancelling") return "running";
  return status === "waiting" || status === "paused" ? "queue" : "ended";
}

export function grouped(jobs: Iterable<JobSummary>): Record<Group, JobSummary[]> {
  const groups: Record<Group, JobSummary[]> = { running: [], queue: [], ended: [] };
  for (const job of jobs) groups[groupOf(job.status)].push(job);
  const byTurn = (a: JobSummary, b: JobSummary): number => b.priority - a.priority || a.id - b.id;
  groups.running.sort(byTurn);
  groups.queue.sort(byTurn);
  groups.ended.sort((a, b) => compare(b.finished ?? b.submitted, a.finished ?? a.submitted) || b.id - a.id);
  return groups;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const STUCK: ReadonlySet<WaitKind> = new Set([
  "after-failed",
  "back-off",
  "breaker",
  "held",
  "licence",
  "no-plugin",
  "no-tool",
  "too-big",
]);

/** What ends by itself, when a render does or its own turn has come. */
const PASSING: ReadonlySet<string> = new Set(["leased", "claimed", "free"]);

/** Waiting that will not end by itself soon: somebody should look. */
export function isStuck(job: JobSummary): boolean {
  const reason = job.why?.reason;
  if (reason === undefined) return false;
  if (reason.kind === "gpus") return !reason.gpus.some((gpu) => PASSING.has(gpu.obstacle));
  return STUCK.has(reason.kind);
}
