// What the end of an attempt means for most DCCs. A plugin's `judge` looks at what is special about its DCC first and
// leaves the rest to `standard`. The rules are those of the Rust SDK's `policy`, word for word.

import { EndedBy } from "./context.js";
import { Cause, Severity } from "./event.js";
import { Decision, Verdict } from "./verdict.js";

// The fact that a hook asked for the job to be held; its value is the reason.
const HOLD = "hold";

const SPOILING = [Cause.LICENCE, Cause.MEMORY, Cause.MISSING_FILE, Cause.SCRIPT, Cause.GPU, Cause.SCENE];

/** Waits longer with each try, up to five minutes. */
export function backOff(firstMs, tryNumber) {
  return Math.min(firstMs * 2 ** Math.min(Math.max(tryNumber - 1, 0), 10), 300_000);
}

/** The missing frames at the next level, or failed where this is the last of `levels`. */
export function fallBack(task, levels, reason) {
  return task.level + 1 < levels
    ? new Verdict(Decision.FALL_BACK, `${reason}; the next level may do better`)
    : new Verdict(Decision.FAIL_FRAMES, `${reason}; there is no level left to try`);
}

/** The missing frames once more at this level, and at the next after that. */
export function retryOnce(task, levels, reason) {
  return task.tryNumber <= 1
    ? new Verdict(Decision.RETRY, `${reason}; one more try`, 2_000)
    : fallBack(task, levels, reason);
}

// Tries of a level in which the host may give more memory to what ran out of it.
const MEMORY_TRIES = 3;

/** The missing frames once more at this level, as long as more memory or another GPU may help, and at the next after that.
 * The host leases more for each try, and goes on to the next level by itself where the node has no more. */
export function outOfMemory(task, levels, reason) {
  if (task.tryNumber >= MEMORY_TRIES) return fallBack(task, levels, reason);
  const why = `${reason}; another try, with more memory where there is more`;
  return new Verdict(Decision.RETRY, why, backOff(2_000, task.tryNumber));
}

/** What a fault of the plugin's own making means. After a good end it is the host that refuses a file: the scene's own
 * output lies where farmhand may not write, and it does so at every level. Otherwise another level asks the DCC in
 * another way. */
export function ownFault(task, outcome, levels, reason) {
  return outcome.exitCode === 0 ? new Verdict(Decision.FAIL_JOB, reason) : fallBack(task, levels, reason);
}

/** Whether a fault makes images doubtful that look whole: a renderer that ran out of GPU memory or misses its licence
 * still writes files, and says that it did. */
export function spoilsImages(fault) {
  return fault.severity !== Severity.TRANSIENT && SPOILING.includes(fault.cause);
}

/** What the end of an attempt means when all that is known is how its process ended, which frames were verified, and
 * which faults were seen. `levels` is how many the plugin has. */
export function standard(task, outcome, levels) {
  const hold = outcome.fact(HOLD);
  if (hold !== null) return new Verdict(Decision.HOLD_JOB, hold);
  if (outcome.framesMissing.isEmpty && !outcome.faults.some(spoilsImages)) return accept(outcome);
  switch (outcome.endedBy) {
    case EndedBy.LOST:
      return new Verdict(Decision.RETRY, "the host lost the process, which says nothing about the frames");
    case EndedBy.TIME_LIMIT:
      return retryOnce(task, levels, "it ran over its time limit");
    case EndedBy.STALL:
      return retryOnce(task, levels, "it was stuck: no output, no CPU use and no new file for too long");
    default:
      return outcome.faults.length > 0
        ? forFault(task, weightiest(outcome.faults), levels)
        : forEnd(task, outcome, levels);
  }
}

function accept(outcome) {
  const frames = outcome.framesDone.count;
  let all = frames === 1 ? "the frame is verified" : `all ${frames} frames are verified`;
  if (outcome.exitCode) all += `; exit code ${outcome.exitCode} came after the last image`;
  else if (outcome.exitCode === null && outcome.signal !== null)
    all += `; signal ${outcome.signal} came after the last image`;
  return new Verdict(Decision.ACCEPT, all);
}

/** Of equals the first, since what goes wrong first tends to cause the rest. */
function weightiest(faults) {
  return faults.reduce((best, fault) => (weight(fault) < weight(best) ? fault : best));
}

/** The fault that decides weighs least: one that no other node or try will change comes first, then one of this node,
 * then those that pass. */
function weight({ severity, cause }) {
  if (severity === Severity.TRANSIENT) return 5;
  if (severity === Severity.WORKER_FATAL) return cause === Cause.MEMORY || cause === Cause.GPU ? 2 : 3;
  if (cause === Cause.SCRIPT || cause === Cause.SCENE) return 0;
  return cause === Cause.MISSING_FILE ? 1 : 4;
}

function forFault(task, { severity, cause, message, frame }, levels) {
  if (severity === Severity.TRANSIENT) {
    const firstMs = cause === Cause.LICENCE ? 30_000 : 5_000;
    return new Verdict(Decision.RETRY, message, backOff(firstMs, task.tryNumber));
  }
  if (cause === Cause.MEMORY) return outOfMemory(task, levels, message);
  if (cause === Cause.GPU) return fallBack(task, levels, message);
  if (severity === Severity.WORKER_FATAL) return new Verdict(Decision.QUARANTINE_NODE, message);
  if (cause === Cause.SCRIPT || cause === Cause.MISSING_FILE) {
    // A script or a file of one frame: the others may well be rendered.
    return new Verdict(frame === null ? Decision.FAIL_JOB : Decision.FAIL_FRAMES, message);
  }
  if (cause === Cause.SCENE || cause === Cause.DISK) return new Verdict(Decision.FAIL_JOB, message);
  return retryOnce(task, levels, message);
}

/** No fault was seen: only the way it ended is left. */
function forEnd(task, outcome, levels) {
  const signal = signalOf(outcome);
  if (signal === 9) {
    const reason = "it was killed (signal 9) without a word, most likely because the machine ran out of memory";
    return new Verdict(Decision.RETRY, reason, backOff(10_000, task.tryNumber));
  }
  if (signal === 2 || signal === 15) {
    return new Verdict(Decision.RETRY, `somebody ended the process (signal ${signal})`, 2_000);
  }
  if (signal !== null) return retryOnce(task, levels, `it crashed (signal ${signal})`);
  const code = outcome.exitCode;
  if (code === null) return retryOnce(task, levels, "it ended and nobody knows how");
  if (code === 127) {
    const reason = "the program could not start here (exit code 127): a shared library is missing";
    return new Verdict(Decision.QUARANTINE_NODE, reason);
  }
  const frames = `frame${outcome.framesMissing.count === 1 ? "" : "s"} ${outcome.framesMissing}`;
  return code === 0
    ? fallBack(task, levels, `it ended well but left no good image of ${frames}`)
    : fallBack(task, levels, `it ended with exit code ${code} and left no image of ${frames}`);
}

/** The signal that ended it, or null; a wrapper script reports its child's as 128 + n, Windows a crash as a status
 * code. */
export function signalOf({ signal, exitCode }) {
  if (signal !== null || exitCode === null) return signal;
  if (exitCode >= 129 && exitCode <= 159) return exitCode - 128;
  // 0xC0000005 and its kind: access violation, stack overflow, illegal instruction.
  return exitCode >>> 16 === 0xc000 ? 11 : null;
}
