/**
 * For unit tests of a plugin, with `node --test` or any other: jobs, tasks and outcomes in one line, and a reader run
 * over a text. What is asked here is asked and checked as the daemon does it; the host's own checks are in
 * `farmhand plugin test`.
 */
import type {
  Command,
  Descriptor,
  Event,
  FrameRuns,
  Hook,
  Job,
  JobEnd,
  Needs,
  Outcome,
  Plugin,
  PreparedJob,
  Problem,
  Task,
  Verdict,
} from "./index.js";

/** A plugin: its class, or an object with the same members. */
export type PluginLike = (new () => Plugin) | Partial<Plugin>;

/** Frames: `1-10,20`, one number, or numbers. */
export type Frames = string | number | FrameRuns | Iterable<number>;

/** A job; its fields are those of `Job`. */
export function job(
  fields?: { frames?: Frames; options?: { [name: string]: any } } & Partial<Omit<Job, "frames" | "options">>,
): Job;

/** A task of a job of the same frames; its fields are those of `Task`, or a whole `job`. The tools are the plugin's own
 * once the task is given to `command`, unless `tools` says otherwise. */
export function task(
  fields?: {
    frames?: Frames;
    scene?: string;
    output?: string | null;
    options?: { [name: string]: any };
  } & Partial<Omit<Task, "frames">>,
): Task;

/** An outcome: which frames were verified, which are missing, and how the process ended. `signal` or `endedBy` take the
 * exit code away. */
export function outcome(fields?: { done?: Frames; missing?: Frames } & Partial<Outcome>): Outcome;

/** What the plugin says of itself, with the defaults filled in. */
export function descriptor(plugin: PluginLike): Descriptor;

/** What the plugin makes of a job: the job as it will be kept, or an array of everything that is wrong with it. */
export function validate(plugin: PluginLike, submitted?: Job): PreparedJob | Problem[];

/** What a task of a job needs at a level. */
export function needs(plugin: PluginLike, level?: number, submitted?: Job): Needs;

/** What the plugin runs for a task. */
export function command(plugin: PluginLike, of?: Task): Command;

/** What the plugin's reader sees in a log: a text, or an array of lines. */
export function events(plugin: PluginLike, log: string | readonly string[], of?: Task): Event[];

/** What the end of an attempt means to the plugin; of a `log`, the faults and facts that its reader sees count. */
export function verdict(plugin: PluginLike, ended: Outcome, of?: Task, more?: { log?: string | null }): Verdict;

/** What the plugin does at a moment. */
export function hooks(
  plugin: PluginLike,
  moment: "beforeJob" | "afterJob" | "beforeTask" | "afterTask",
  ...about: (Job | JobEnd | Task | Outcome)[]
): Hook[];

/** A stand-in for the host. */
export interface StandIn {
  /** What was logged: arrays of level and message. */
  readonly logged: readonly (readonly [level: string, message: string])[];
}

/** Answers in the host's place while `body` runs, and gives back what it gives. */
export function host<T>(
  answers: {
    config?: { [name: string]: any };
    env?: { [name: string]: string };
    files?: { [path: string]: string | Uint8Array };
    scriptFiles?: { [name: string]: string };
  },
  body: (host: StandIn) => T,
): T;
