/**
 * Requests that outlast a daemon's restart: what failed for want of an answer is tried again, and more slowly each time.
 * What to ask and what to show of it is not its business.
 */
import { asProblem, type Problem } from "../../api/problem";

/** Before the next tries; the last one is repeated. */
const WAITS_MS = [250, 500, 1_000, 2_000, 4_000];

/** Whether a later try may succeed where this one did not. */
export function mayPass(problem: Problem): boolean {
  return problem.unreachable || problem.status === 429 || (problem.status ?? 0) >= 500;
}

/**
 * Does `work` until it succeeds, or fails for good, or is aborted; then there is no result. `work` says by `progress`
 * that it got on, so that the next failure counts as the first.
 */
export async function untilDone<T>(
  signal: AbortSignal,
  trouble: (problem: Problem) => void,
  work: (progress: () => void) => Promise<T>,
): Promise<T | undefined> {
  for (let failures = 0; !signal.aborted; ) {
    try {
      return await work(() => (failures = 0));
    } catch (error) {
      if (signal.aborted) return undefined;
      const problem = asProblem(error);
      trouble(problem);
      if (!mayPass(problem)) return undefined;
    }
    await pause(WAITS_MS[Math.min(failures, WAITS_MS.length - 1)] as number, signal).catch(() => undefined);
    failures += 1;
  }
  return undefined;
}

/** So many milliseconds; rejects as soon as it is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    const aborted = (): void => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    };
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}
