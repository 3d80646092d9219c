// The class that a plugin is. What asks it, and holds its answers to the contract, is in `calls.js`.

import { PluginError } from "./check.js";
import { Reader } from "./reader.js";

/** A plugin for one DCC: the default export of the script's main file is a subclass of this.
 *
 *   export default class Glow extends Plugin {
 *     extensions = ["glow"];
 *     tools = ["glow"];
 *
 *     buildCommand(task) {
 *       return new Command("glow", ["--frames", task.frames, task.job.scene]);
 *     }
 *   }
 *
 * The fields say what it is, and each has a default: `name`, `version`, `summary`, `extensions`, `supports`, `tools`,
 * `levels`, `options`, `lines` and `frameHooks`. The host makes a new instance for every call, so nothing is kept
 * between calls; only a `Reader` lives as long as its process. */
export class Plugin {
  /** The job as it will be kept, or everything that is wrong with it at once, so that a person has to come back only
   * once. Returns a `PreparedJob`, or problems, or nothing: then the job is kept as it is. The host has checked the
   * options against the schema before. */
  validate(job) {}

  /** What a task of this job needs at this level, an index into `levels`. Asked once, when the job is submitted; what the
   * person who submits says goes before it. Returning nothing: no GPU, and the memory that the job's attempts turn out to
   * take. */
  needs(job, level) {}

  /** What to run for these frames, at the level that the task asks for. */
  buildCommand(task) {
    throw new PluginError(`${this.constructor.name} says nothing about what to run: write \`buildCommand(task)\``);
  }

  /** A reader for one process. By default one that knows the table in `lines`. */
  reader(task) {
    return new Reader(task, this.lines ?? this.constructor.lines);
  }

  /** What the end of an attempt means, on success too: exit code 0 alone is never success. Returning nothing leaves it
   * to `policy.standard`, as it is by default. */
  judge(task, outcome) {}

  /** What to do before the job's first task starts: hooks, actions, or nothing. May run again after a restart of the
   * daemon, so its actions must be safe to repeat; this holds for all four. */
  beforeJob(job) {}

  /** What to do after its last frame is settled or given up; not after a cancel. */
  afterJob(job, end) {}

  /** What to do before a task's process starts. */
  beforeTask(task) {}

  /** What to do after a task's process has ended and its images are in place. */
  afterTask(task, outcome) {}
}
