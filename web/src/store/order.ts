/**
 * Which states there are, and which of the jobs that wait need somebody.
 */
import type { JobStatus, JobSummary, WaitKind } from "../api/types";

export const LIVE: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused"];
export const ENDED: readonly JobStatus[] = ["failed", "done", "cancelled"];
export const STATUSES: readonly JobStatus[] = ["running", "waiting", "paused", "failed", "done", "cancelled"];

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
