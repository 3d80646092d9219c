// For unit tests of a plugin, with `node --test` or any other: jobs, tasks and outcomes in one line, and a reader run
// over a text. What is asked here is asked and checked as the daemon does it; the host's own checks are in
// `farmhand plugin test`.
//
//   import { test } from "node:test";
//   import assert from "node:assert/strict";
//   import * as testing from "farmhand/testing";
//   import Glow from "./plugin.js";
//
//   test("the command", () => {
//     const command = testing.command(Glow, testing.task({ frames: "1-10", options: { quality: 70 } }));
//     assert.deepEqual(command.args.slice(0, 2), ["--frames", "1-10"]);
//   });

import { NoHost, use } from "./src/answering.js";
import * as calls from "./src/calls.js";
import { PluginError } from "./src/check.js";
import { EndedBy, Job, Outcome, Task, Tool } from "./src/context.js";
import { Fact, Fault } from "./src/event.js";
import { FrameRuns } from "./src/frames.js";

/** A job; `more` are other fields of `Job`. Frames are written as in `1-10,20`. */
export function job({ frames = "1-10", ...more } = {}) {
  return new Job({
    id: 1,
    name: "shot",
    scene: "/show/shot.scene",
    output: "/show/out/shot_####.png",
    frames: runs(frames),
    ...more,
  });
}

/** A task of a job of the same frames; `more` are other fields of `Task`, or a whole `job`. The tools are the plugin's
 * own once the task is given to `command`, unless `tools` says otherwise. */
export function task({ frames = "1-10", scene, output, options, ...more } = {}) {
  const given = Object.entries({ scene, output, options }).filter(([, value]) => value !== undefined);
  return new Task({
    job: job({ frames, ...Object.fromEntries(given) }),
    frames: runs(frames),
    attempt: 7,
    threads: 4,
    scratch: "/farm/scratch/7",
    staging: "/show/out/.staging/7",
    ...more,
  });
}

/** An outcome: which frames were verified, which are missing, and how the process ended. `more` are other fields of
 * `Outcome`; `signal` or `endedBy` take the exit code away. */
export function outcome({ done = "", missing = "", exitCode, ...more } = {}) {
  const isOver = more.signal === undefined && (more.endedBy ?? EndedBy.ITSELF) === EndedBy.ITSELF;
  return new Outcome({
    exitCode: exitCode === undefined ? (isOver ? 0 : null) : exitCode,
    framesDone: runs(done),
    framesMissing: runs(missing),
    ...more,
  });
}

/** What the plugin says of itself, with the defaults filled in. */
export function descriptor(plugin) {
  return calls.describe(calls.checkedPlugin(plugin));
}

/** What the plugin makes of a job: the job as it will be kept, or an array of everything that is wrong with it. */
export function validate(plugin, submitted = job()) {
  const made = calls.checkedPlugin(plugin);
  return calls.validate(made, ofPlugin(made, submitted));
}

/** What a task of a job needs at a level. */
export function needs(plugin, level = 0, submitted = job()) {
  const made = calls.checkedPlugin(plugin);
  return calls.needs(made, ofPlugin(made, submitted), level);
}

/** What the plugin runs for a task. */
export function command(plugin, of = task()) {
  const made = calls.checkedPlugin(plugin);
  return calls.buildCommand(made, prepared(made, of));
}

/** What the plugin's reader sees in a log: a text, or an array of lines. */
export function events(plugin, log, of = task()) {
  const made = calls.checkedPlugin(plugin);
  const reader = calls.reader(made, prepared(made, of));
  const lines = typeof log === "string" ? log.replace(/\n$/, "").split("\n") : log;
  return [...calls.read(reader, lines), ...calls.finish(reader)];
}

/** What the end of an attempt means to the plugin; of a `log`, the faults and facts that its reader sees count. */
export function verdict(plugin, ended, of = task(), { log = null } = {}) {
  const made = calls.checkedPlugin(plugin);
  const seen = log === null ? [] : events(plugin, log, of);
  const whole = new Outcome({
    ...ended,
    faults: [...ended.faults, ...seen.filter((event) => event instanceof Fault)],
    facts: [...ended.facts, ...seen.filter((event) => event instanceof Fact)],
  });
  return calls.judge(made, prepared(made, of), whole);
}

/** What the plugin does at a moment such as `beforeTask`. */
export function hooks(plugin, moment, ...about) {
  return calls.hooks(calls.checkedPlugin(plugin), moment, ...about);
}

/** Answers in the host's place while `body` runs, and gives back what it gives:
 *
 *   testing.host({ config: { licenceServer: "lic1" } }, (host) => {
 *     testing.command(Glow);
 *     assert.deepEqual(host.logged, []);
 *   });
 */
export function host(answers, body) {
  const standIn = new StandIn(answers);
  const before = use(standIn);
  let result;
  try {
    result = body(standIn);
  } catch (error) {
    use(before);
    throw error;
  }
  if (typeof result?.then === "function") return result.finally(() => use(before));
  use(before);
  return result;
}

class StandIn extends NoHost {
  #config;
  #env;
  #files;
  #scriptFiles;

  constructor({ config = {}, env = {}, files = {}, scriptFiles = {} } = {}) {
    super();
    this.#config = config;
    this.#env = env;
    this.#files = files;
    this.#scriptFiles = scriptFiles;
    /** What was logged: arrays of level and message. */
    this.logged = [];
  }

  log(level, message) {
    this.logged.push([level, message]);
  }

  config() {
    return JSON.stringify(this.#config);
  }

  env(name) {
    return this.#env[name] ?? null;
  }

  readFile(path) {
    const contents = this.#files[path];
    if (contents === undefined) throw new PluginError(`${path}: the test set no such file`);
    return typeof contents === "string" ? contents : new TextDecoder().decode(contents);
  }

  readPart(path, offset, size) {
    const contents = this.#files[path];
    const bytes = typeof contents === "string" ? new TextEncoder().encode(contents) : contents;
    if (bytes === undefined) throw new PluginError(`${path}: the test set no such file`);
    return bytes.slice(offset, offset + size);
  }

  fileExists(path) {
    return path in this.#files;
  }

  directoryExists(path) {
    return this.listFiles(path).length > 0;
  }

  listFiles(directory) {
    const inside = `${directory.replace(/\/+$/, "")}/`;
    return Object.keys(this.#files).filter((file) => file.startsWith(inside));
  }

  scriptFile(name) {
    const contents = this.#scriptFiles[name];
    return contents === undefined ? super.scriptFile(name) : contents;
  }
}

function prepared(made, of) {
  const tools =
    of.tools.length > 0 ? of.tools : calls.describe(made).tools.map(({ id }) => new Tool(id, `/usr/bin/${id}`));
  return new Task({ ...of, job: ofPlugin(made, of.job), tools });
}

function ofPlugin(made, submitted) {
  return new Job({ ...submitted, options: submitted.rawOptions, schema: calls.schema(made) });
}

function runs(frames) {
  if (frames instanceof FrameRuns) return frames;
  if (typeof frames === "string") return FrameRuns.parse(frames);
  return FrameRuns.of(typeof frames === "number" ? [frames] : frames);
}
