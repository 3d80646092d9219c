// What the end of an attempt means. The usual answer is in `policy.js`.

import { oneOf } from "./check.js";

/** What should happen to the frames that an attempt left undone. Frames whose images were verified stay done under
 * every decision but `FAIL_JOB`. */
export const Decision = Object.freeze({
  /** The frames done are done; those missing, if any, go back to the queue. */
  ACCEPT: "accept",
  /** The missing frames again at this level, after the verdict's `afterMs`. */
  RETRY: "retry",
  /** The missing frames at the next level. */
  FALL_BACK: "fall-back",
  /** The missing frames fail; the job goes on. */
  FAIL_FRAMES: "fail-frames",
  /** The job fails. */
  FAIL_JOB: "fail-job",
  /** This node takes no more of this plugin's tasks until someone looks, or the breaker half-opens. Where the fault
   * names a GPU, it is only that GPU. */
  QUARANTINE_NODE: "quarantine-node",
  /** The missing frames go back, and the job waits until a person lets it go on. */
  HOLD_JOB: "hold-job",
});

/** A decision with its reason, and for `Decision.RETRY` after how many milliseconds. */
export class Verdict {
  constructor(decision, reason, afterMs = 0) {
    this.decision = oneOf(Decision, decision, "the decision of a Verdict");
    this.reason = reason;
    this.afterMs = afterMs;
  }
}
