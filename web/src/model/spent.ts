/**
 * Where a job's time has gone until now: what was read, and what has been added since. The daemon counts the same way
 * (`host/scheduler/src/time.rs`).
 */
import type { AttemptView, TimeSpent } from "../api/types";

export const STEPS = ["waiting", "starting", "rendering", "verifying"] as const;

/** `read` was right at `readAt`; `live` are the attempts that run at `now`. Times are in milliseconds. */
export function spentUntil(
  read: TimeSpent,
  readAt: number,
  now: number,
  hasEnded: boolean,
  live: readonly AttemptView[],
): TimeSpent {
  const sum = { ...read };
  if (hasEnded || now <= readAt) return sum;
  let firstStart = now;
  for (const attempt of live) {
    const started = Date.parse(attempt.started);
    const at = (time: string | null): number => (time === null ? now : Date.parse(time));
    // A renderer that tells of no frame but has made some has rendered since it was there.
    const silent = attempt.frames_done === "" ? null : attempt.steps.running;
    const first = at(attempt.steps.first_frame ?? silent);
    const ended = Math.max(first, at(attempt.steps.process_ended));
    const since = (from: number, to: number): number => Math.max(0, Math.min(to, now) - Math.max(from, readAt)) / 1000;
    sum.starting += since(started, first);
    sum.rendering += since(first, ended);
    sum.verifying += since(ended, now);
    firstStart = Math.min(firstStart, started);
  }
  sum.waiting += Math.max(0, firstStart - readAt) / 1000;
  return sum;
}

/** Each step's seconds and its whole percent of all; empty before anything has taken time. */
export function shares(time: TimeSpent): { step: keyof TimeSpent; seconds: number; percent: number }[] {
  const all = STEPS.reduce((sum, step) => sum + time[step], 0);
  if (all < 0.05) return [];
  return STEPS.map((step) => ({ step, seconds: time[step], percent: Math.round((time[step] / all) * 100) }));
}
