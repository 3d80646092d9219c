// What the host hands in, as plain objects that a test can make: the job, the task, and how its process ended. Each is
// made from an object with those of its fields that matter; the others have the values that a test expects.

import { PluginError } from "./check.js";
import { FrameRuns } from "./frames.js";
import { Moment } from "./hooks.js";
import { Images } from "./images.js";
import { optionsOf } from "./options.js";
import { Template, TemplateError } from "./template.js";

/** One thing that is wrong with a job: a JSON pointer into it, such as `/options/samples`, and what to write instead.
 * */
export class Problem {
  constructor(field, message) {
    this.field = field;
    this.message = message;
  }
}

/** What begins with `spelled` begins with `here` on this node. */
export class PathRule {
  constructor(spelled, here) {
    this.spelled = spelled;
    this.here = here;
  }
}

/** What `validate` made of a job: the job as it will be kept. `job.prepared()` makes one to change. */
export class PreparedJob {
  constructor({
    layers = [],
    frames = new FrameRuns(),
    output = null,
    options = {},
    whole = false,
    licences = [],
    notes = [],
  } = {}) {
    /** Layers, each rendered on its own; empty: what the scene has enabled, together. */
    this.layers = layers;
    /** As submitted; where the job came without frames, those that the scene says, or none where it does not tell. */
    this.frames = frames;
    /** Where the images go; null: the scene's own setting. */
    this.output = output;
    /** Options, valid against the schema. */
    this.options = options;
    /** One process must render the whole layer: a movie, or a simulation that cannot start in the middle. */
    this.whole = whole;
    /** Names of the licences that its tasks take, such as `arnold`. */
    this.licences = licences;
    /** What a person should know before it starts, one sentence each. */
    this.notes = notes;
  }
}

/** A job, as submitted (in `validate`) or as it was kept (everywhere else). */
export class Job {
  constructor({
    id = 0,
    name = "",
    scene = "",
    output = null,
    layers = [],
    frames = new FrameRuns(),
    options = {},
    schema = {},
    skipExisting = false,
    hookScripts = [],
    pathMap = [],
  } = {}) {
    /** 0 while the job is only being validated. */
    this.id = id;
    /** What people call it. */
    this.name = name;
    /** Absolute path of the scene or script. */
    this.scene = scene;
    /** Where the images go, as the DCC understands it; null: the scene's own setting. */
    this.output = output;
    /** Layers asked for; empty: what the scene has enabled, together. */
    this.layers = layers;
    /** All of the job's frames; empty only in `validate`, where the job came without. There may be millions. */
    this.frames = frames;
    /** The options as they were given. */
    this.rawOptions = options;
    /** The options that were given, with the defaults of the schema for those that were not. */
    this.options = optionsOf(options, schema);
    /** Images that are there and whole are not rendered again. */
    this.skipExisting = skipExisting;
    /** The studio's scripts that the job asks for. Those of frames are the plugin's to run, inside the DCC. */
    this.hookScripts = hookScripts;
    /** How paths of other systems are spelled here, the longest rule first. The job's own paths are mapped already;
     * these are for paths inside the scene. */
    this.pathMap = pathMap;
  }

  /** The studio's scripts that run before or after each frame, for the plugin's generated script. */
  frameHooks() {
    return this.hookScripts.filter(isOfFrame);
  }

  /** What is wrong with the output whatever the DCC; null where nothing is. */
  outputProblem() {
    if (this.output === null) return null;
    if (this.output.trim() === "")
      return new Problem("/output", "the output is empty; leave it out to use the usual place");
    if (this.output.startsWith("~")) return new Problem("/output", "`~` is not expanded; write the whole path");
    return null;
  }

  /** What is wrong with the output for a plugin that uses `task.images()`, such as a token that nobody knows; null where
   * nothing is. `validate(job) { return job.templateProblem(); }` says it when the job is submitted. */
  templateProblem() {
    try {
      Template.parse(this.output ?? "");
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      return new Problem("/output", error.message);
    }
    return null;
  }

  /** What is wrong with the job for a plugin that cannot run the studio's scripts around frames: each of them. */
  withoutFrameHooks() {
    return this.hookScripts.flatMap((hook, index) => {
      if (!isOfFrame(hook)) return [];
      const message = `this plugin cannot run \`${hook.name}\` ${hook.moment}, inside the DCC; run it before-task or after-task`;
      return [new Problem(`/hooks/${index}/at`, message)];
    });
  }

  /** A path from inside the scene as it is spelled on this node. */
  mapped(path) {
    const plain = path.replace(/\\/g, "/");
    for (const { spelled, here } of this.pathMap) {
      const rest = plain.slice(spelled.length);
      if (plain.startsWith(spelled) && (rest === "" || rest[0] === "/" || spelled.endsWith("/"))) return here + rest;
    }
    return path;
  }

  /** The job as it is, for a plugin that has little or nothing to change. */
  prepared() {
    return new PreparedJob({
      layers: [...this.layers],
      frames: this.frames,
      output: this.output,
      options: { ...this.rawOptions },
    });
  }
}

function isOfFrame(hook) {
  return hook.moment === Moment.BEFORE_FRAME || hook.moment === Moment.AFTER_FRAME;
}

/** A GPU leased to a task. */
export class Gpu {
  constructor({ index = 0, uuid = "", name = "", memoryBytes = 0 } = {}) {
    /** In PCI bus order. */
    this.index = index;
    /** Such as `GPU-8932f937-…`. */
    this.uuid = uuid;
    /** Such as `NVIDIA H200`. */
    this.name = name;
    /** Total memory in bytes. */
    this.memoryBytes = memoryBytes;
  }
}

/** A program that the task may run, as the host found it on this node. */
export class Tool {
  constructor(id, path = "", version = null) {
    /** Its id in the plugin's tools. */
    this.id = id;
    /** Where it is. */
    this.path = path;
    /** The DCC's version; null where it could not be read. */
    this.version = version;
  }
}

/** Some frames of one layer of one job, on one node, with what is leased for them. */
export class Task {
  #images = new Map();

  constructor({
    job = new Job(),
    attempt = 0,
    frames = job.frames,
    layer = null,
    level = 0,
    tryNumber = 1,
    threads = 1,
    memoryBytes = 0,
    gpus = [],
    tools = [],
    scratch = "",
    staging = "",
  } = {}) {
    this.job = job;
    /** The attempt's id; it only grows. */
    this.attempt = attempt;
    /** Frames to render, in the shape that the level asks for. */
    this.frames = frames;
    /** The layer; null where the job names none. */
    this.layer = layer;
    /** Index into the plugin's levels. */
    this.level = level;
    /** 1 on the first try of these frames at this level. */
    this.tryNumber = tryNumber;
    /** CPU threads leased. */
    this.threads = threads;
    /** Bytes of memory leased; 0 where the node does not count memory. */
    this.memoryBytes = memoryBytes;
    /** GPUs leased: its process sees no others. */
    this.gpus = gpus;
    /** Programs found. */
    this.tools = tools;
    /** A directory of this attempt's own for scripts and temporary files. */
    this.scratch = scratch;
    /** An empty directory of this attempt's own, on the file system of the output, for the images. */
    this.staging = staging;
  }

  /** One of the programs that were found. Throws `PluginError` where the level does not name it. */
  tool(id) {
    const found = this.tools.find((tool) => tool.id === id);
    if (found) return found;
    const offered = this.tools.map((tool) => `\`${tool.id}\``).join(", ") || "none";
    throw new PluginError(`no tool \`${id}\` is offered at level ${this.level}; offered: ${offered}`);
  }

  /** What this task's images are called while they are rendered, and where they go afterwards; `extension` is for an
   * output that names none. */
  images(extension = null) {
    let images = this.#images.get(extension);
    if (images === undefined) {
      const { output, scene } = this.job;
      const { frames, layer, staging, scratch } = this;
      images = new Images({ output, scene, frames, layer, staging, relativeTo: scratch, extension });
      this.#images.set(extension, images);
    }
    return images;
  }
}

/** Why a process ended. */
export const EndedBy = Object.freeze({
  /** By itself, with an exit code or a signal. */
  ITSELF: "itself",
  /** The host killed it: it ran over its time limit. */
  TIME_LIMIT: "time-limit",
  /** The host killed it: no output, no CPU use and no new file for too long. */
  STALL: "stall",
  /** The machine or the shim went away. */
  LOST: "lost",
});

/** How a task's process ended, with what the host saw. */
export class Outcome {
  constructor({
    exitCode = null,
    signal = null,
    endedBy = EndedBy.ITSELF,
    seconds = 0,
    framesDone = new FrameRuns(),
    framesMissing = new FrameRuns(),
    faults = [],
    facts = [],
  } = {}) {
    /** The exit code, where it ended with one; null otherwise. */
    this.exitCode = exitCode;
    /** The signal that ended it, or null. */
    this.signal = signal;
    this.endedBy = endedBy;
    /** From the start to the end of the whole process tree. */
    this.seconds = seconds;
    /** Frames whose image the host verified. */
    this.framesDone = framesDone;
    /** The task's other frames. */
    this.framesMissing = framesMissing;
    /** Faults that the reader saw, and those that the host found while verifying. */
    this.faults = faults;
    /** Facts that the reader saw. */
    this.facts = facts;
  }

  /** The value of a fact that the reader saw, the last one where there are several; null where it saw none. */
  fact(name) {
    return this.facts.filter((fact) => fact.name === name).pop()?.value ?? null;
  }
}
