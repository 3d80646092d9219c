// What a plugin has done before and after jobs and tasks. A plugin runs nothing itself: it returns actions, and the
// host carries them out inside the granted roots, with a time limit, and logs each.

import { list, oneOf } from "./check.js";

/** When a hook runs. */
export const Moment = Object.freeze({
  /** Before the job's first task starts. */
  BEFORE_JOB: "before-job",
  /** After its last frame is settled or given up; not after a cancel. */
  AFTER_JOB: "after-job",
  /** Before a task's process starts. */
  BEFORE_TASK: "before-task",
  /** After a task's process has ended and its images are in place. */
  AFTER_TASK: "after-task",
  /** Inside the DCC, before each frame. */
  BEFORE_FRAME: "before-frame",
  /** Inside the DCC, after each frame. */
  AFTER_FRAME: "after-frame",
});

/** What becomes of the job when a hook fails. */
export const OnFailure = Object.freeze({
  /** The task counts as failed, or the job where it is a job's hook. */
  FAIL: "fail",
  /** It is noted, and the job goes on. */
  WARN: "warn",
  /** The job waits until a person lets it go on. */
  HOLD: "hold",
});

/** One of the studio's own scripts that a job asks for. */
export class HookScript {
  constructor(name, path, { moment = Moment.BEFORE_JOB, onFailure = OnFailure.FAIL } = {}) {
    this.name = name;
    this.path = path;
    this.moment = oneOf(Moment, moment, "the moment of a HookScript");
    this.onFailure = oneOf(OnFailure, onFailure, "onFailure of a HookScript");
  }
}

/** One step of a hook: one of the classes below. */
export class Action {}

/** Run one of the plugin's tools. `seconds` is what it may take; 0 means the host's limit for hooks. */
export class Run extends Action {
  constructor(tool, args = [], { env = {}, seconds = 0 } = {}) {
    super();
    this.tool = tool;
    this.args = args;
    this.env = env;
    this.seconds = seconds;
  }
}

/** Write a file, replacing one of this name. */
export class Write extends Action {
  constructor(path, contents) {
    super();
    this.path = path;
    this.contents = contents;
  }
}

/** Copy a file, replacing one of the target's name. */
export class Copy extends Action {
  constructor(source, target) {
    super();
    this.source = source;
    this.target = target;
  }
}

/** Move a file, replacing one of the target's name. */
export class Move extends Action {
  constructor(source, target) {
    super();
    this.source = source;
    this.target = target;
  }
}

/** Make a directory with its parents; one that is there is fine. */
export class MakeDirectory extends Action {
  constructor(path) {
    super();
    this.path = path;
  }
}

/** Remove a file or an empty directory; one that is not there is fine. */
export class Remove extends Action {
  constructor(path) {
    super();
    this.path = path;
  }
}

/** A sentence for the job's notes. */
export class Note extends Action {
  constructor(message) {
    super();
    this.message = message;
  }
}

/** Actions that belong together. By default its failure is noted, and no more. */
export class Hook {
  constructor(name, actions, { onFailure = OnFailure.WARN } = {}) {
    this.name = name;
    this.actions = actions instanceof Action ? [actions] : list(actions, `the actions of the hook ${name}`, "actions");
    this.onFailure = oneOf(OnFailure, onFailure, "onFailure of a Hook");
  }
}

/** How a job ended. */
export class JobEnd {
  constructor({ complete = true, framesDone = 0, framesFailed = 0, seconds = 0 } = {}) {
    /** Whether every frame is done or skipped. */
    this.complete = complete;
    /** Frames done or skipped. */
    this.framesDone = framesDone;
    /** Frames given up. */
    this.framesFailed = framesFailed;
    /** From the start of its first attempt. */
    this.seconds = seconds;
  }
}
