/**
 * The JavaScript side of farmhand's plugin contract: what a plugin for one DCC is made of.
 *
 * A plugin is a class in a file of the plugins directory, and this is a whole one:
 *
 * ```js
 * import { Command, Plugin, done, match, progress } from "farmhand";
 *
 * export default class Glow extends Plugin {
 *   extensions = ["glow"];
 *   tools = ["glow"];
 *   lines = [match(/^frame (?<frame>\d+) (?<percent>\d+)%/, progress), match(/^wrote (?<path>.+)/, done)];
 *
 *   buildCommand(task) {
 *     return new Command("glow", ["--frames", task.frames, "--output", task.images("png").pattern, task.job.scene]);
 *   }
 * }
 * ```
 *
 * Everything is plain JavaScript: unit tests need no host (`farmhand/testing`). In the daemon the plugin runs in a
 * sandbox, where files, variables and configuration come from `host`.
 */

/** JSON, as options, configuration and schemas are made of. */
export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** A value of an enumeration such as `Severity`: `Severity.TRANSIENT` and `"transient"` are the same. */
export type OneOf<E> = E[keyof E];

/** Why a plugin could not answer. Throw it where there is something to say; any other error is told to the author as
 * well, with its type and its traceback. */
export class PluginError extends Error {}

/**
 * A plugin for one DCC: the default export of the script's main file is a subclass of this.
 *
 * The fields say what it is, and each has a default. The host makes a new instance for every call, so nothing is kept
 * between calls; only a `Reader` lives as long as its process. Functions answer at once: there is no `async` here.
 */
export class Plugin {
  /** What jobs, configuration and pages call it: lower case letters, digits and `-`. By default the class's name. */
  name?: string;
  /** The plugin's own version (semver). By default `0.1.0`. */
  version?: string;
  /** What it is for, in one line. */
  summary?: string;
  /** Scene-file extensions that select it, lower case, without the dot. */
  extensions?: readonly string[];
  /** DCC versions that it supports: a semver requirement such as `>=2022, <2027`. By default `*`. */
  supports?: string;
  /** Programs that it may run. A text stands for a program of this name on PATH. */
  tools?: readonly (string | ToolSpec)[];
  /** Ways to render a task, in order. By default one, with all tools, that takes any frames. */
  levels?: readonly Level[];
  /** Options of a job: the properties of a JSON Schema, or a whole schema. The host checks jobs against it, and the
   * page draws its form from each property's `title`, `description`, `default` and `enum`. */
  options?: { readonly [name: string]: any };
  /** What lines of the output mean, where a table can say it. */
  lines?: readonly Match[];
  /** Whether the plugin runs the studio's scripts around frames (`job.frameHooks()`). A job that asks for them is
   * refused otherwise. */
  frameHooks?: boolean;

  /** The job as it will be kept, or everything that is wrong with it at once, so that a person has to come back only
   * once: return or `yield` problems. Nothing and no problems mean that the job is kept as it is. The host has checked
   * the options against the schema before. */
  validate(job: Job): PreparedJob | Problem | Iterable<Problem> | null | void;
  /** What a task of this job needs at this level, an index into `levels`. Asked once, when the job is submitted; what the
   * person who submits says goes before it. Returning nothing: no GPU, and the memory that the job's attempts turn out to
   * take. */
  needs(job: Job, level: number): Needs | null | void;
  /** What to run for these frames, at the level that the task asks for. */
  buildCommand(task: Task): Command;
  /** A reader for one process. By default one that knows the table in `lines`. */
  reader(task: Task): Reader;
  /** What the end of an attempt means, on success too: exit code 0 alone is never success. Returning nothing leaves it
   * to `policy.standard`, as it is by default. */
  judge(task: Task, outcome: Outcome): Verdict | void;
  /** What to do before the job's first task starts. May run again after a restart of the daemon, so its actions must be
   * safe to repeat; this holds for all four. */
  beforeJob(job: Job): HookAnswer;
  /** What to do after its last frame is settled or given up; not after a cancel. */
  afterJob(job: Job, end: JobEnd): HookAnswer;
  /** What to do before a task's process starts. */
  beforeTask(task: Task): HookAnswer;
  /** What to do after a task's process has ended and its images are in place. */
  afterTask(task: Task, outcome: Outcome): HookAnswer;
}

/** What a hook may answer. Actions that are in no `Hook` make one. */
export type HookAnswer = Hook | Action | Iterable<Hook | Action> | void;

/** How the host finds a program: by name on PATH, then at the globs; the newest version that the job's requirement
 * allows wins. */
export class ToolSpec {
  constructor(
    id: string,
    more?: { names?: readonly string[]; globs?: readonly string[]; versionArgs?: readonly string[] },
  );
  /** What commands and levels call it. */
  id: string;
  /** Names to look for on PATH. By default the id. */
  names: readonly string[];
  /** Install places, as absolute globs. */
  globs: readonly string[];
  /** Arguments that make it print its version; empty: the version is read from its path. */
  versionArgs: readonly string[];
}

/** Which frames one process can take at once. */
export const FrameShape: {
  /** Any set of frames: `1,5,10-20`. */
  readonly ANY: "any";
  /** One run with a fixed step: `10-20`, `1-9x2`. */
  readonly STEPPED: "stepped";
  /** One frame a process. */
  readonly SINGLE: "single";
};

/** One way to render a task. Levels are tried in order: the first is preferred, the last is the last resort. */
export class Level {
  constructor(
    name: string,
    more?: { summary?: string; tools?: readonly string[] | null; frames?: OneOf<typeof FrameShape> },
  );
  /** Such as `render` or `safe`. */
  name: string;
  /** One line for people. */
  summary: string;
  /** Ids of the tools that this level needs; null: all of the plugin's. */
  tools: readonly string[] | null;
  /** Which frames one process takes. */
  frames: OneOf<typeof FrameShape>;
}

/** What a plugin says of itself, made from the fields of its class: the same on every call. */
export class Descriptor {
  constructor(fields: {
    name: string;
    version: string;
    summary: string;
    extensions: string[];
    supports: string;
    tools: ToolSpec[];
    levels: Level[];
    optionsSchema: { [name: string]: any };
  });
  name: string;
  version: string;
  summary: string;
  extensions: string[];
  supports: string;
  tools: ToolSpec[];
  levels: Level[];
  /** JSON Schema of a job's options. */
  optionsSchema: { [name: string]: any };
}

/** One thing that is wrong with a job. */
export class Problem {
  constructor(field: string, message: string);
  /** JSON pointer into the job, such as `/options/samples`. */
  field: string;
  /** What is wrong, and what to write instead. */
  message: string;
}

/** How a path of another system is spelled here. */
export class PathRule {
  constructor(spelled: string, here: string);
  /** As another system spells it, with forward slashes. */
  spelled: string;
  /** As this one does. */
  here: string;
}

/** What `validate` made of a job: the job as it will be kept. `job.prepared()` makes one to change. */
export class PreparedJob {
  constructor(
    fields?: Partial<Pick<PreparedJob, "layers" | "frames" | "output" | "options" | "whole" | "licences" | "notes">>,
  );
  /** Layers, each rendered on its own; empty: what the scene has enabled, together. */
  layers: string[];
  /** As submitted; where the job came without frames, those that the scene says, or none where it does not tell. */
  frames: FrameRuns | Iterable<number>;
  /** Where the images go; null: the scene's own setting. */
  output: string | null;
  /** Options, valid against the schema. */
  options: { [name: string]: any };
  /** One process must render the whole layer: a movie, or a simulation that cannot start in the middle. */
  whole: boolean;
  /** Names of the licences that its tasks take, such as `arnold`: a fault about one of them holds every job that needs
   * it, and no other. */
  licences: string[];
  /** What a person should know before it starts, one sentence each. */
  notes: string[];
}

/** A job, as submitted (in `validate`) or as it was kept (everywhere else). */
export class Job {
  constructor(fields?: {
    id?: number;
    name?: string;
    scene?: string;
    output?: string | null;
    layers?: string[];
    frames?: FrameRuns;
    options?: { [name: string]: any };
    schema?: { [name: string]: any };
    skipExisting?: boolean;
    hookScripts?: HookScript[];
    pathMap?: PathRule[];
  });
  /** 0 while the job is only being validated. */
  id: number;
  /** What people call it. */
  name: string;
  /** Absolute path of the scene or script. */
  scene: string;
  /** Where the images go, as the DCC understands it; null: the scene's own setting. */
  output: string | null;
  /** Layers asked for; empty: what the scene has enabled, together. */
  layers: string[];
  /** All of the job's frames; empty only in `validate`, where the job came without: the plugin then says what the scene
   * says. There may be millions: look at the runs before expanding them. */
  frames: FrameRuns;
  /** The options that were given, with the defaults of the schema for those that were not. An option that the schema
   * does not know throws. */
  options: { [name: string]: any };
  /** The options as they were given. */
  rawOptions: { [name: string]: any };
  /** Images that are there and whole are not rendered again. */
  skipExisting: boolean;
  /** The studio's scripts that the job asks for. Those of frames are the plugin's to run, inside the DCC. */
  hookScripts: HookScript[];
  /** How paths of other systems are spelled here, the longest rule first. The job's own paths are mapped already; these
   * are for paths inside the scene. */
  pathMap: PathRule[];
  /** The studio's scripts that run before or after each frame, for the plugin's generated script. */
  frameHooks(): HookScript[];
  /** What is wrong with the output whatever the DCC; null where nothing is. It is part of every `validate`. */
  outputProblem(): Problem | null;
  /** What is wrong with the output for a plugin that uses `task.images()`, such as a token that nobody knows; null where
   * nothing is. `validate(job) { return job.templateProblem(); }` says it when the job is submitted. */
  templateProblem(): Problem | null;
  /** What is wrong with the job for a plugin that cannot run the studio's scripts around frames: each of them. It is
   * part of every `validate`, unless the plugin has `frameHooks`. */
  withoutFrameHooks(): Problem[];
  /** A path from inside the scene as it is spelled on this node. */
  mapped(path: string): string;
  /** The job as it is, for a plugin that has little or nothing to change. */
  prepared(): PreparedJob;
}

/** GPUs that one task needs. */
export class GpuNeed {
  constructor(fields?: Partial<GpuNeed>);
  /** 1 to 64. */
  count: number;
  /** Bytes on each of them, which other tasks may share; null: each of them whole. */
  memoryBytes: number | null;
  /** Whether a task waits for them for ever. Where it does not, it starts without GPUs on a node whose GPUs are all
   * missing, kept for people or broken, and `buildCommand` has to do without. */
  required: boolean;
}

/** What one task needs. */
export class Needs {
  constructor(fields?: Partial<Needs>);
  /** Bytes of memory; null: what the job's earlier attempts took, or the node's guess before there was one. */
  memoryBytes: number | null;
  /** null: no GPU, and its process sees none. */
  gpus: GpuNeed | null;
}

/** A GPU leased to a task. */
export class Gpu {
  constructor(fields?: Partial<Gpu>);
  /** In PCI bus order. */
  index: number;
  /** Such as `GPU-8932f937-…`. */
  uuid: string;
  /** Such as `NVIDIA H200`. */
  name: string;
  /** Total memory in bytes. */
  memoryBytes: number;
}

/** A program that the task may run, as the host found it on this node. */
export class Tool {
  constructor(id: string, path?: string, version?: string | null);
  /** Its id in the plugin's tools. */
  id: string;
  /** Where it is. */
  path: string;
  /** The DCC's version; null where it could not be read. */
  version: string | null;
}

/** Some frames of one layer of one job, on one node, with what is leased for them. */
export class Task {
  constructor(fields?: {
    job?: Job;
    attempt?: number;
    frames?: FrameRuns;
    layer?: string | null;
    level?: number;
    tryNumber?: number;
    threads?: number;
    memoryBytes?: number;
    gpus?: Gpu[];
    tools?: Tool[];
    scratch?: string;
    staging?: string;
  });
  job: Job;
  /** The attempt's id; it only grows. */
  attempt: number;
  /** Frames to render, in the shape that the level asks for. */
  frames: FrameRuns;
  /** The layer; null where the job names none. */
  layer: string | null;
  /** Index into the plugin's levels. */
  level: number;
  /** 1 on the first try of these frames at this level. */
  tryNumber: number;
  /** CPU threads leased. */
  threads: number;
  /** Bytes of memory leased; 0 where the node does not count memory. */
  memoryBytes: number;
  /** GPUs leased: its process sees no others. */
  gpus: Gpu[];
  /** Programs found. */
  tools: Tool[];
  /** A directory of this attempt's own for scripts and temporary files. */
  scratch: string;
  /** An empty directory of this attempt's own, on the file system of the output, for the images. */
  staging: string;
  /** One of the programs that were found. Throws `PluginError` where the level does not name it. */
  tool(id: string): Tool;
  /** What this task's images are called while they are rendered, and where they go afterwards; `extension` is for an
   * output that names none. */
  images(extension?: string | null): Images;
}

/** Why a process ended. */
export const EndedBy: {
  /** By itself, with an exit code or a signal. */
  readonly ITSELF: "itself";
  /** The host killed it: it ran over its time limit. */
  readonly TIME_LIMIT: "time-limit";
  /** The host killed it: no output, no CPU use and no new file for too long. */
  readonly STALL: "stall";
  /** The machine or the shim went away. */
  readonly LOST: "lost";
};

/** How a task's process ended, with what the host saw. */
export class Outcome {
  constructor(fields?: {
    exitCode?: number | null;
    signal?: number | null;
    endedBy?: OneOf<typeof EndedBy>;
    seconds?: number;
    framesDone?: FrameRuns;
    framesMissing?: FrameRuns;
    faults?: Fault[];
    facts?: Fact[];
  });
  /** The exit code, where it ended with one; null otherwise. */
  exitCode: number | null;
  /** The signal that ended it, or null. */
  signal: number | null;
  endedBy: OneOf<typeof EndedBy>;
  /** From the start to the end of the whole process tree. */
  seconds: number;
  /** Frames whose image the host verified. */
  framesDone: FrameRuns;
  /** The task's other frames. */
  framesMissing: FrameRuns;
  /** Faults that the reader saw, and those that the host found while verifying. */
  faults: Fault[];
  /** Facts that the reader saw. */
  facts: Fact[];
  /** The value of a fact that the reader saw, the last one where there are several; null where it saw none. */
  fact(name: string): string | null;
}

/** Frames `first`, `first + step`, and so on, up to and including `last`. */
export class FrameRun implements Iterable<number> {
  constructor(first: number, last?: number, step?: number);
  first: number;
  last: number;
  /** At least 1; 1 where the run is one frame. */
  step: number;
  /** How many frames. */
  readonly count: number;
  /** Whether this frame is in the run. */
  has(frame: number): boolean;
  [Symbol.iterator](): Iterator<number>;
}

/** How a DCC writes a list of frames. */
export class FrameStyle {
  constructor(style?: Partial<FrameStyle>);
  /** As farmhand writes it: `1,5,10-20,30-40x2`. */
  static readonly FARMHAND: Readonly<FrameStyle>;
  /** Between two entries; by default `,`. */
  between: string;
  /** From first to last, such as `..`; by default `-`. */
  range: string;
  /** Before the step, by default `x`; null: a run with a step is written frame by frame. */
  step: string | null;
}

/** Ascending and disjoint runs. `String(frames)` writes them as farmhand does, `written` as a DCC does. */
export class FrameRuns implements Iterable<number> {
  constructor(runs?: Iterable<FrameRun>);
  /** All frames from `first` to `last`; none where `last` is less. */
  static range(first: number, last: number, step?: number): FrameRuns;
  /** These frames, in ascending order; neighbours become runs. */
  static of(frames: Iterable<number>): FrameRuns;
  /** Reads what `String(frames)` writes: `1,5,10-20,30-40x2`. */
  static parse(text: string): FrameRuns;
  readonly runs: readonly FrameRun[];
  /** How many frames. */
  readonly count: number;
  /** Whether there are none. */
  readonly isEmpty: boolean;
  /** The lowest frame; null where there are none. */
  readonly first: number | null;
  /** The highest frame; null where there are none. */
  readonly last: number | null;
  /** The run, where there is exactly one; null otherwise. */
  readonly onlyRun: FrameRun | null;
  /** Whether this frame is among them. */
  has(frame: number): boolean;
  /** In a DCC's own syntax, such as `frames.written({ range: "..", step: null })`. */
  written(style?: Partial<FrameStyle>): string;
  [Symbol.iterator](): Iterator<number>;
  toString(): string;
}

/** Why a text is no output name. */
export class TemplateError extends Error {
  constructor(column: number, message: string);
  /** Where, counted in characters from 1. */
  column: number;
}

/** An output name. Its tokens are `{layer}`; `{frame}` or `{frame:6}`; and a run of `#`, one for each digit, which
 * counts only in the last component, and only the last run there, as most DCCs have it. */
export class Template {
  private constructor();
  /** Reads an output name. Throws `TemplateError` for an unknown token, an unclosed brace, or more than one frame
   * number. */
  static parse(text: string): Template;
  /** Whether every frame gets a name of its own. */
  readonly hasFrame: boolean;
  /** Whether every layer gets a name of its own. */
  readonly hasLayer: boolean;
  /** With how many digits, at least, a frame's number is written; 0 where the name has none. */
  readonly digits: number;
  /** The name of one frame of one layer. A layer's name is made safe for a path first; without a layer, its token
   * becomes empty. */
  name(frame: number, layer?: string | null): string;
  /** The name of one layer with the frame left open as `####`. */
  hashes(layer?: string | null): string;
  /** The name of one layer with the frame as a DCC's own token, in which `{count}` is the number of digits:
   * `%0{count}d` gives `%04d`, `$F{count}` gives `$F4`. */
  pattern(token: string, layer?: string | null): string;
  /** The template of one layer. */
  ofLayer(layer: string | null): Template;
  /** The directory that all of its names lie in, and the template of what they are called there. */
  split(): [directory: string, inside: Template];
  /** The same names inside this directory. */
  inside(directory: string): Template;
  /** The frame whose name `path` starts with, and what follows it, such as an extension that the DCC added; null where
   * it is no name of this template. */
  frameOf(path: string, layer?: string | null): [frame: number, rest: string] | null;
  toString(): string;
}

/** The names of one task's images; `task.images()` makes it from the job's output.
 *
 * An output without a frame number gets `.####` before its extension, one that ends in a separator the scene's name as
 * well, and a task of a layer the layer's name where the output has no `{layer}`. Without an output, images go beside
 * the scene. */
export class Images {
  constructor(of: {
    output: string | null;
    scene: string;
    frames: FrameRuns;
    layer: string | null;
    staging: string;
    relativeTo?: string;
    extension?: string | null;
  });
  /** The names in the task's staging directory. */
  readonly staged: Template;
  /** The names where the images belong. */
  readonly placed: Template;
  readonly frames: FrameRuns;
  /** The path that the renderer writes to, with the frame left open as `####`. */
  readonly pattern: string;
  /** The same with the frame as a DCC's own token, in which `{count}` is the number of digits: `%0{count}d` gives
   * `%04d`, `$F{count}` gives `$F4`. */
  written(token: string): string;
  /** Where the renderer writes this frame. */
  path(frame: number): string;
  /** This frame's image, for a command's outputs. */
  image(frame: number): Image;
  /** The images of all of the task's frames, for a command's outputs. */
  all(): Image[];
  /** Which of the task's frames a path shows: by the name that was asked for, else by the last number in it, else the
   * task's only frame; null where nothing tells. */
  frameOf(path: string): number | null;
  /** The image that the renderer says it wrote at this path; null where nothing tells which frame it shows. What lies
   * in the staging directory has its place where the output goes; what does not stays where it is. */
  at(path: string, frame?: number | null): Image | null;
}

/** A text file that the host writes before the program starts. */
export class TextFile {
  constructor(path: string, contents: string, more?: { removeOnSuccess?: boolean });
  /** Inside the task's scratch directory, or the absolute path of a new file in the scene's directory or below: what is
   * there is never overwritten. */
  path: string;
  /** The whole text. */
  contents: string;
  /** Removed once the task succeeded, as by default; a failed task's files stay for debugging. */
  removeOnSuccess: boolean;
}

/** One image. The DCC writes it at `path`; once verified, the host moves it to `place`. */
export class Image {
  constructor(frame: number, path: string, place?: string | null);
  frame: number;
  /** Where the DCC writes it. */
  path: string;
  /** Where it belongs; null: it stays where it was written. */
  place: string | null;
}

/** One movie file that holds many frames. */
export class Movie {
  constructor(path: string, frames: FrameRuns, place?: string | null);
  /** Where the DCC writes it. */
  path: string;
  frames: FrameRuns;
  /** Where it belongs; null: it stays where it was written. */
  place: string | null;
}

/** What makes a frame of a command count as done. */
export const Verify: {
  /** Its image exists, is newer than the attempt, and decodes to its end. */
  readonly IMAGES: "images";
  /** The tool makes no images: exit code 0 is all there is to know, and it settles all of the task's frames. */
  readonly EXIT_CODE: "exit-code";
};

/** An argument of a program. */
export type Argument = string | number | FrameRuns | Template;

/**
 * What to run: no shell ever sees it. Each argument is one argument of the program.
 *
 * ```js
 * new Command("glow", ["--frames", task.frames, task.job.scene], { outputs: task.images("png").all() })
 * ```
 */
export class Command {
  constructor(
    tool: string,
    args?: readonly Argument[],
    more?: {
      env?: { readonly [name: string]: Argument };
      cwd?: string | null;
      files?: readonly TextFile[];
      outputs?: readonly (Image | Movie)[];
      verify?: OneOf<typeof Verify>;
    },
  );
  /** Id of one of the task's tools; a plugin can run nothing else. */
  tool: string;
  args: readonly Argument[];
  /** Added to the environment that the host gives every render. */
  env: { readonly [name: string]: Argument };
  /** Null: the scratch directory. */
  cwd: string | null;
  /** Written before the program starts. */
  files: readonly TextFile[];
  /** What should exist afterwards, where it is known before; the reader's `FrameDone` adds the rest. */
  outputs: readonly (Image | Movie)[];
  /** What makes a frame count as done. By default its image. */
  verify: OneOf<typeof Verify>;
  /** More arguments; gives the command back. */
  add(...args: Argument[]): this;
  /** One more file to write before the program starts, removed once the task succeeded; gives the command back. */
  write(path: string, contents: string): this;
}

/** What should happen to the frames that an attempt left undone. Frames whose images were verified stay done under
 * every decision but `FAIL_JOB`. */
export const Decision: {
  /** The frames done are done; those missing, if any, go back to the queue. */
  readonly ACCEPT: "accept";
  /** The missing frames again at this level, after the verdict's `afterMs`. */
  readonly RETRY: "retry";
  /** The missing frames at the next level. */
  readonly FALL_BACK: "fall-back";
  /** The missing frames fail; the job goes on. */
  readonly FAIL_FRAMES: "fail-frames";
  /** The job fails. */
  readonly FAIL_JOB: "fail-job";
  /** This node takes no more of this plugin's tasks until someone looks, or the breaker half-opens. Where the fault
   * names a GPU, it is only that GPU. */
  readonly QUARANTINE_NODE: "quarantine-node";
  /** The missing frames go back, and the job waits until a person lets it go on. */
  readonly HOLD_JOB: "hold-job";
};

/** A decision with its reason. */
export class Verdict {
  constructor(decision: OneOf<typeof Decision>, reason: string, afterMs?: number);
  decision: OneOf<typeof Decision>;
  /** What the wrangler reads: why this was decided, in one sentence. */
  reason: string;
  /** For `Decision.RETRY`: after how many milliseconds. */
  afterMs: number;
}

/** How bad a fault is. */
export const Severity: {
  /** Worth another try as it is: licence server busy, file locked, network. */
  readonly TRANSIENT: "transient";
  /** These frames will not render however often they are tried. */
  readonly FRAME_FATAL: "frame-fatal";
  /** Nothing will render here: broken install, no GPU memory, disk full. */
  readonly WORKER_FATAL: "worker-fatal";
};

/** What a fault is about. */
export const Cause: {
  /** A licence could not be had. */
  readonly LICENCE: "licence";
  /** Host or GPU memory ran out. */
  readonly MEMORY: "memory";
  /** A scene, texture or library is not there. */
  readonly MISSING_FILE: "missing-file";
  /** A script raised. */
  readonly SCRIPT: "script";
  /** The DCC crashed. */
  readonly CRASH: "crash";
  /** A time limit, or no sign of life. */
  readonly TIMEOUT: "timeout";
  /** Disk full, no permission. */
  readonly DISK: "disk";
  /** The GPU, its driver or its choice. */
  readonly GPU: "gpu";
  /** What the scene asks for cannot be rendered: no camera, no such layer. */
  readonly SCENE: "scene";
  /** The plugin itself. */
  readonly PLUGIN: "plugin";
  /** None of these. */
  readonly OTHER: "other";
};

/** One thing that a reader saw: one of the classes below. */
export abstract class Event {}

/** The DCC began this frame. */
export class FrameStarted extends Event {
  constructor(frame: number);
  frame: number;
}

/** How far the current frame is. */
export class Progress extends Event {
  constructor(part: number);
  /** 0 to 1. */
  part: number;
}

/** The DCC says that it wrote this image; the host verifies it before anyone believes it. */
export class FrameDone extends Event {
  constructor(image: Image);
  image: Image;
}

/** The DCC left this frame alone because its image was there; the host verifies that one too. */
export class FrameSkipped extends Event {
  constructor(image: Image);
  image: Image;
}

/** Worth showing, changes nothing. */
export class Warned extends Event {
  constructor(message: string);
  message: string;
}

/** Something went wrong. */
export class Fault extends Event {
  constructor(
    severity: OneOf<typeof Severity>,
    cause: OneOf<typeof Cause>,
    message: string,
    more?: { frame?: number | null; about?: string | null },
  );
  severity: OneOf<typeof Severity>;
  cause: OneOf<typeof Cause>;
  /** For a person: what happened and, where it is known, what to do. */
  message: string;
  /** Null: it concerns the whole attempt. */
  frame: number | null;
  /** The licence, the GPU (its index or UUID) or the file that it is about, where the output names one; null otherwise.
   * */
  about: string | null;
}

/** Memory that the DCC says it holds now. */
export class MemoryUsed extends Event {
  constructor(bytes: number);
  bytes: number;
}

/** A named fact about the attempt that is worth keeping: `device` = `CPU`. */
export class Fact extends Event {
  constructor(name: string, value: string);
  name: string;
  value: string;
}

/** What a line says: an event, several, or nothing. */
export type Events = Event | Iterable<Event | null | undefined> | null | undefined | void;

/**
 * Reads one process's output, and keeps what it knows between its lines; it lives as long as the process. A table in
 * `lines`, here or in the plugin, is a whole reader. For more, write `line`.
 */
export class Reader {
  constructor(task: Task, lines?: readonly Match[]);
  readonly task: Task;
  /** Rows that are tried on each line; without it those that the constructor was given. */
  lines?: readonly Match[];
  /** The frame that the DCC is at, null before the first; the meanings of `lines` keep it. */
  frame: number | null;
  /** The progress that was told last, in percent; the meaning `progress` keeps it. */
  toldPercent: number;
  /** Tells each warning and each fault once. */
  readonly teller: Teller;
  /** What the task's images are called, and where they go. */
  readonly images: Images;
  /** What one line says, without its end. It sees every line that a renderer prints, millions at times: look first for
   * what excludes most lines. A generator may `yield` events; `super.line(line)` gives those of the table as an array.
   * */
  line(line: string): Events;
  /** The output has ended; what was still being put together comes out now. */
  finish(): Events;
  /** What a batch of lines says, as the host hands them over. Write `line`, not this. */
  read(lines: readonly string[]): Event[];
}

/** Tells each warning and each fault once. Each method answers the event, or null where it is no news. */
export class Teller {
  /** Tells a warning once, as long as a quote may be. */
  warn(warning: string): Warned | null;
  /** Tells a fault once in the attempt; `key` is what tells it from others, its message by default. */
  fault(fault: Fault, key?: string): Fault | null;
  /** Tells a fault once for each frame; `key` is what tells it from others of the frame. */
  faultOfFrame(fault: Fault, key?: string): Fault | null;
}

/** What a row of `lines` means: given what its pattern found, and the reader. */
export type Meaning = (found: RegExpExecArray, reader: Reader) => Events;

/** One row of `lines`. Made by `match`. */
export class Match {
  constructor(pattern: RegExp, then: Meaning);
  readonly pattern: RegExp;
  readonly then: Meaning;
  /** A text that every line with this pattern holds; looking for it first costs next to nothing. */
  readonly needle: string;
}

/**
 * Lines in which the pattern is found mean this: one of the meanings below, or a function of your own that gets what
 * the pattern found and the reader. The first row that a line matches counts: put the specific before the general. A
 * mistake throws here, so it shows when the plugin is loaded.
 */
export function match(pattern: RegExp, then: Meaning): Match;

/** The DCC began the frame in the group `frame`. */
export const started: Meaning;

/** The current frame is so far: `progress` (0 to 1), `percent`, or `part` and `whole`. A `frame` in the same line that
 * is not the current one has started. Each percent is told once. */
export const progress: Meaning;

/** The DCC wrote an image: at `path`, or where the task's images go. Its frame is `frame`, else what the path says,
 * else the current one. */
export const done: Meaning;

/** The DCC left a frame alone because its image was there; the groups are those of `done`. */
export const skipped: Meaning;

/** Worth showing, once: the group `message`, or the whole line. */
export const warning: Meaning;

/** Memory that the DCC says it holds: `bytes`, such as `512M` or `1,024.5 MB`. */
export const memory: Meaning;

/** Nothing: keeps the line from the rows below. */
export const ignore: Meaning;

/** A fact that is worth keeping, such as the DCC's version. `value` is a text with groups in braces; by default the
 * group `value`. */
export function fact(name: string, value?: string): Meaning;

/**
 * Something went wrong, told once for each frame that it concerns.
 *
 * `text` and `about` are texts with groups in braces, and `{line}` and `{frame}`; without them it is the group
 * `message`, or the whole line, and the group `about`, or of a missing file the group `path`. The fault concerns the
 * frame in the group `frame`; a frame-fatal one without it the current frame; else the whole attempt.
 */
export function fault(
  severity: OneOf<typeof Severity>,
  cause: OneOf<typeof Cause>,
  text?: string | null,
  about?: string | null,
): Meaning;

/** When a hook runs. */
export const Moment: {
  /** Before the job's first task starts. */
  readonly BEFORE_JOB: "before-job";
  /** After its last frame is settled or given up; not after a cancel. */
  readonly AFTER_JOB: "after-job";
  /** Before a task's process starts. */
  readonly BEFORE_TASK: "before-task";
  /** After a task's process has ended and its images are in place. */
  readonly AFTER_TASK: "after-task";
  /** Inside the DCC, before each frame. */
  readonly BEFORE_FRAME: "before-frame";
  /** Inside the DCC, after each frame. */
  readonly AFTER_FRAME: "after-frame";
};

/** What becomes of the job when a hook fails. */
export const OnFailure: {
  /** The task counts as failed, or the job where it is a job's hook. */
  readonly FAIL: "fail";
  /** It is noted, and the job goes on. */
  readonly WARN: "warn";
  /** The job waits until a person lets it go on. */
  readonly HOLD: "hold";
};

/** One of the studio's own scripts that a job asks for. */
export class HookScript {
  constructor(
    name: string,
    path: string,
    more?: { moment?: OneOf<typeof Moment>; onFailure?: OneOf<typeof OnFailure> },
  );
  /** The file's name in the studio's hooks directory. */
  name: string;
  /** Absolute path. */
  path: string;
  moment: OneOf<typeof Moment>;
  onFailure: OneOf<typeof OnFailure>;
}

/** One step of a hook: one of the classes below. */
export abstract class Action {}

/** Run one of the plugin's tools. */
export class Run extends Action {
  constructor(
    tool: string,
    args?: readonly Argument[],
    more?: { env?: { readonly [name: string]: Argument }; seconds?: number },
  );
  tool: string;
  args: readonly Argument[];
  /** Added to the environment that the host gives every render. */
  env: { readonly [name: string]: Argument };
  /** Seconds that it may take; 0 means the host's limit for hooks. */
  seconds: number;
}

/** Write a file, replacing one of this name. */
export class Write extends Action {
  constructor(path: string, contents: string);
  path: string;
  contents: string;
}

/** Copy a file, replacing one of the target's name. */
export class Copy extends Action {
  constructor(source: string, target: string);
  source: string;
  target: string;
}

/** Move a file, replacing one of the target's name. */
export class Move extends Action {
  constructor(source: string, target: string);
  source: string;
  target: string;
}

/** Make a directory with its parents; one that is there is fine. */
export class MakeDirectory extends Action {
  constructor(path: string);
  path: string;
}

/** Remove a file or an empty directory; one that is not there is fine. */
export class Remove extends Action {
  constructor(path: string);
  path: string;
}

/** A sentence for the job's notes. */
export class Note extends Action {
  constructor(message: string);
  message: string;
}

/** Actions that belong together. By default its failure is noted, and no more. */
export class Hook {
  constructor(name: string, actions: Action | Iterable<Action>, more?: { onFailure?: OneOf<typeof OnFailure> });
  /** What the log calls it. */
  name: string;
  /** In this order; the first that fails ends the hook. */
  actions: Action[];
  onFailure: OneOf<typeof OnFailure>;
}

/** How a job ended. */
export class JobEnd {
  constructor(fields?: Partial<JobEnd>);
  /** Whether every frame is done or skipped. */
  complete: boolean;
  /** Frames done or skipped. */
  framesDone: number;
  /** Frames given up. */
  framesFailed: number;
  /** From the start of its first attempt. */
  seconds: number;
}

/** What the end of an attempt means for most DCCs. A plugin's `judge` looks at what is special about its DCC first and
 * leaves the rest to `standard`. `levels` is how many levels the plugin has. */
export namespace policy {
  /** Waits longer with each try, up to five minutes. */
  function backOff(firstMs: number, tryNumber: number): number;
  /** The missing frames at the next level, or failed where this is the last of `levels`. */
  function fallBack(task: Task, levels: number, reason: string): Verdict;
  /** The missing frames once more at this level, and at the next after that. */
  function retryOnce(task: Task, levels: number, reason: string): Verdict;
  /** The missing frames once more at this level, as long as more memory or another GPU may help, and at the next after
   * that. The host leases more for each try, and goes on to the next level by itself where the node has no more. */
  function outOfMemory(task: Task, levels: number, reason: string): Verdict;
  /** What a fault of the plugin's own making means: after a good end the host refused a file, as it does at every
   * level; otherwise another level asks the DCC in another way. */
  function ownFault(task: Task, outcome: Outcome, levels: number, reason: string): Verdict;
  /** Whether a fault makes images doubtful that look whole: a renderer that ran out of GPU memory or misses its licence
   * still writes files, and says that it did. */
  function spoilsImages(fault: Fault): boolean;
  /** What the end of an attempt means when all that is known is how its process ended, which frames were verified, and
   * which faults were seen. */
  function standard(task: Task, outcome: Outcome, levels: number): Verdict;
  /** The signal that ended it, or null; a wrapper script reports its child's as 128 + n, Windows a crash as a status
   * code. */
  function signalOf(outcome: { signal: number | null; exitCode: number | null }): number | null;
}

/** Paths as text, on the node's own system, Windows paths too. Nothing here looks at a disk or resolves `..`. */
export namespace path {
  /** Whether the path starts at a root: `/x`, `C:\x`, `C:/x`, `\\server\share`. */
  function isAbsolute(path: string): boolean;
  /** The directory and the last component: `/a/b.png` gives `["/a", "b.png"]`. */
  function split(path: string): [directory: string, name: string];
  /** The last component without its extension: `shot.v2` of `/a/shot.v2.blend`, `shot.####` of `/a/shot.####`. */
  function stem(path: string): string;
  /** The last component's extension without its dot: `blend` of `/a/shot.v2.blend`, null of `/a/shot.0001`. */
  function extension(path: string): string | null;
  /** The path with this extension where it has none of its own; as it is otherwise. */
  function withExtension(path: string, wanted: string): string;
  /** `child` inside `directory`, with the separator that the directory uses. */
  function join(directory: string, child: string): string;
  /** A name that is safe as one component of a path on every system. */
  function safeName(name: string): string;
}

/** Small readers for pieces of a log line. Each answers null where the text is not what it looks for. */
export namespace text {
  /** What follows the first `mark`. */
  function after(line: string, mark: string): string | null;
  /** What stands between the first `opening` and the next `closing`. */
  function between(line: string, opening: string, closing: string): string | null;
  /** Two numbers with a slash between them, such as `3/16` or `3 / 16`, that follow the first `mark`. */
  function ratioAfter(line: string, mark: string): [number, number] | null;
  /** A size that the text starts with, such as `512.00M` or `1,024.5 MB`, in bytes. Without a unit it is bytes. */
  function size(text: string): number | null;
  /** A time that the text starts with, such as `00:04.67` or `01:02:03.5`, in seconds. */
  function clock(text: string): number | null;
  /** The text, cut where it is longer than `most` characters. */
  function shortened(text: string, most: number): string;
  /** A line as it is quoted to people: without the space around it, and cut where it is too long. */
  function quote(line: string): string;
}

/** What a plugin may ask of the host. `console.log` and its siblings go to the log, too. In a unit test there is no
 * host: `host` of `farmhand/testing` sets answers. */
export namespace host {
  /** How important a log line is. */
  const LogLevel: {
    /** For the plugin's author. */
    readonly DEBUG: "debug";
    /** Worth knowing. */
    readonly INFO: "info";
    /** Worth looking at. */
    readonly WARN: "warn";
    /** Somebody must look at it. */
    readonly ERROR: "error";
  };
  /** Writes a line to the host's log under this plugin's name. */
  function log(level: OneOf<typeof LogLevel>, message: unknown): void;
  /** Logs a line for the plugin's author. */
  function debug(message: unknown): void;
  /** Logs a line that is worth knowing. */
  function info(message: unknown): void;
  /** Logs a line that is worth looking at. */
  function warn(message: unknown): void;
  /** Logs a line that somebody must look at. */
  function error(message: unknown): void;
  /** This plugin's table of the host's configuration. */
  function config(): { [name: string]: any };
  /** A variable of the daemon's environment that the studio granted this plugin by name; `otherwise`, or null, where it
   * is not set, or not granted. */
  function env(name: string, otherwise?: string | null): string | null;
  /** A text file under one of the directories that the studio granted this plugin. Throws `PluginError` where it is not
   * there, not text, or not granted. */
  function readFile(path: string): string;
  /** A part of a file, as long as asked for or to its end: the scene of the job in hand, or a file under a granted
   * directory. At most 1 MiB at once. Throws `PluginError` where it is not there or not granted. */
  function readPart(path: string, offset: number, size: number): Uint8Array;
  /** Whether a file exists: under a granted directory, beside the scene of the job in hand or above it, or under a
   * directory that one of the job's path options names. Throws `PluginError` where the plugin may not look. */
  function fileExists(path: string): boolean;
  /** The same for a directory. */
  function directoryExists(path: string): boolean;
  /** Files under a directory of the task in hand (its scratch or its staging), as absolute paths, sorted; at most
   * 100,000. A reader finds what its renderer wrote without a word. Throws `PluginError` for any other directory. */
  function listFiles(directory: string): string[];
  /** A text file of the plugin's own folder, by its name relative to it, such as `presets/film.txt`. Throws
   * `PluginError` where there is none. JSON can be imported: `import presets from "./presets.json" with { type: "json"
   * }`. */
  function scriptFile(name: string): string;
  /** Goes through a text file line by line without holding more than a part of it, and ends after `limit` bytes: the
   * scene of the job in hand, or a file under a granted directory. A line longer than a part is data, and left out.
   * Throws `PluginError` where it is not there or not granted. */
  function scan(path: string, limit?: number): Generator<string, void, void>;
}
