// Whether the values that a plugin hands back are what the contract takes, each as a copy in the contract's own types.
// Which function handed them over is in `calls.js`.

import { finite, list, oneOf, refuse, text, textOrNull, texts, truth, whole } from "./check.js";
import { Command, Image, Movie, TextFile, Verify, argument } from "./command.js";
import { PreparedJob, Problem } from "./context.js";
import { FrameShape, Level, ToolSpec } from "./descriptor.js";
import {
  Cause,
  Fact,
  Fault,
  FrameDone,
  FrameSkipped,
  FrameStarted,
  MemoryUsed,
  Progress,
  Severity,
  Warned,
} from "./event.js";
import { FrameRun, FrameRuns } from "./frames.js";
import { Action, Copy, Hook, MakeDirectory, Move, Note, OnFailure, Remove, Run, Write } from "./hooks.js";
import { GpuNeed, Needs } from "./needs.js";
import { Decision, Verdict } from "./verdict.js";

const LEAST_FRAME = -(2 ** 31);
const MOST_FRAME = 2 ** 31 - 1;
// What the runner can hand over as the contract's unsigned numbers of 32 bits.
const MOST_COUNT = 2 ** 31 - 1;

function isFrame(value) {
  return Number.isInteger(value) && value >= LEAST_FRAME && value <= MOST_FRAME;
}

function frame(value, what) {
  return whole(value, what, LEAST_FRAME, MOST_FRAME);
}

/** Frames: `FrameRuns`, or the frames themselves. */
function frames(value, what) {
  if (!(value instanceof FrameRuns)) {
    return FrameRuns.of(list(value, what, "frames").map((one, at) => frame(one, `${what}[${at}]`)));
  }
  return new FrameRuns(
    value.runs.map((run, at) => {
      const first = frame(run.first, `${what}.runs[${at}].first`);
      const last = whole(run.last, `${what}.runs[${at}].last`, first, MOST_FRAME);
      return new FrameRun(first, last, whole(run.step, `${what}.runs[${at}].step`, 1, MOST_COUNT));
    }),
  );
}

function object(value, what, expected) {
  const isObject =
    typeof value === "object" && value !== null && !Array.isArray(value) && typeof value.then !== "function";
  return isObject ? value : refuse(what, expected, value);
}

function variables(env, what) {
  const entries = Object.entries(object(env, what("env"), "an object with a value for each variable"));
  return Object.fromEntries(entries.map(([name, value]) => [name, argument(value, what(`env.${name}`))]));
}

function isImage(value) {
  return (
    value instanceof Image &&
    isFrame(value.frame) &&
    typeof value.path === "string" &&
    (value.place === null || typeof value.place === "string")
  );
}

function image(value, what, field) {
  const { frame: shows, path, place } = object(value, what(field), "an Image");
  return new Image(
    frame(shows, what(`${field}.frame`)),
    text(path, what(`${field}.path`)),
    textOrNull(place, what(`${field}.place`)),
  );
}

function output(value, what, field) {
  if (!(value instanceof Movie)) return image(value, what, field);
  const { path, frames: held, place } = value;
  return new Movie(
    text(path, what(`${field}.path`)),
    frames(held, what(`${field}.frames`)),
    textOrNull(place, what(`${field}.place`)),
  );
}

/** What a task needs. */
export function needs(value, where) {
  const { memoryBytes = null, gpus = null } = object(value, `what ${where} gave`, "a Needs");
  const what = (field) => `${field} of the Needs that ${where} gave`;
  return new Needs({
    memoryBytes: bytesOrNull(memoryBytes, what("memoryBytes")),
    gpus: gpus === null ? null : gpuNeed(gpus, what),
  });
}

function gpuNeed(value, what) {
  const { count = 1, memoryBytes = null, required = true } = object(value, what("gpus"), "a GpuNeed");
  return new GpuNeed({
    count: whole(count, what("gpus.count"), 0, MOST_COUNT),
    memoryBytes: bytesOrNull(memoryBytes, what("gpus.memoryBytes")),
    required: truth(required, what("gpus.required")),
  });
}

function bytesOrNull(value, what) {
  return value === null ? null : whole(value, what, 0, Number.MAX_SAFE_INTEGER);
}

/** A command. */
export function command(value, where) {
  const given = object(value, `what ${where} gave`, "a Command");
  const what = (field) => `${field} of the Command that ${where} gave`;
  const args = list(given.args ?? [], what("args"), "arguments");
  const written = args.map((arg, at) => (typeof arg === "string" ? arg : argument(arg, what(`args[${at}]`))));
  return new Command(text(given.tool, what("tool")), written, {
    env: variables(given.env ?? {}, what),
    cwd: textOrNull(given.cwd, what("cwd")),
    files: list(given.files ?? [], what("files"), "TextFiles").map((file, at) => {
      const { path, contents, removeOnSuccess = true } = object(file, what(`files[${at}]`), "a TextFile");
      return new TextFile(text(path, what(`files[${at}].path`)), text(contents, what(`files[${at}].contents`)), {
        removeOnSuccess: truth(removeOnSuccess, what(`files[${at}].removeOnSuccess`)),
      });
    }),
    outputs: list(given.outputs ?? [], what("outputs"), "Images and Movies").map((one, at) =>
      isImage(one) ? one : output(one, what, `outputs[${at}]`),
    ),
    verify: oneOf(Verify, given.verify ?? Verify.IMAGES, what("verify")),
  });
}

// Events come by the thousand, so a message is put together only for one that is wrong: `isRight` looks, `mistake`
// tells.
const EVENTS = new Map([
  [FrameStarted, { isRight: (one) => isFrame(one.frame), mistake: (one, what) => frame(one.frame, what("frame")) }],
  [Progress, { isRight: (one) => Number.isFinite(one.part), mistake: (one, what) => finite(one.part, what("part")) }],
  [FrameDone, { isRight: (one) => isImage(one.image), mistake: (one, what) => image(one.image, what, "image") }],
  [FrameSkipped, { isRight: (one) => isImage(one.image), mistake: (one, what) => image(one.image, what, "image") }],
  [
    Warned,
    { isRight: (one) => typeof one.message === "string", mistake: (one, what) => text(one.message, what("message")) },
  ],
  [
    MemoryUsed,
    { isRight: () => false, mistake: (one, what) => whole(one.bytes, what("bytes"), 0, Number.MAX_SAFE_INTEGER) },
  ],
  [
    Fact,
    {
      isRight: (one) => typeof one.name === "string" && typeof one.value === "string",
      mistake(one, what) {
        text(one.name, what("name"));
        text(one.value, what("value"));
      },
    },
  ],
  [
    Fault,
    {
      isRight: () => false,
      mistake(one, what) {
        oneOf(Severity, one.severity, what("severity"));
        oneOf(Cause, one.cause, what("cause"));
        text(one.message, what("message"));
        if (one.frame !== null) frame(one.frame, what("frame"));
        textOrNull(one.about, what("about"));
      },
    },
  ],
]);

/** An event. */
export function event(value, where) {
  const check = EVENTS.get(value?.constructor);
  if (check === undefined) refuse(`what ${where} gave`, "an event such as FrameDone", value);
  if (!check.isRight(value))
    check.mistake(value, (field) => `${field} of the ${value.constructor.name} that ${where} gave`);
  return value;
}

/** A verdict. */
export function verdict(value, where) {
  const { decision, reason, afterMs = 0 } = object(value, `what ${where} gave`, "a Verdict");
  const what = (field) => `${field} of the Verdict that ${where} gave`;
  return new Verdict(
    oneOf(Decision, decision, what("decision")),
    text(reason, what("reason")),
    whole(afterMs, what("afterMs"), 0, MOST_COUNT),
  );
}

/** A problem. */
export function problem(value, where) {
  const { field, message } = object(value, `what ${where} gave`, "a Problem");
  const what = (name) => `${name} of the Problem that ${where} gave`;
  return new Problem(text(field, what("field")), text(message, what("message")));
}

/** A job as it will be kept. */
export function prepared(value, where) {
  const what = (field) => `${field} of the PreparedJob that ${where} gave`;
  const options = object(value.options, what("options"), "an object with the options by name");
  try {
    JSON.stringify(options);
  } catch (cause) {
    throw new TypeError(`${what("options")} cannot be written as JSON: ${cause.message}`, { cause });
  }
  return new PreparedJob({
    layers: texts(value.layers, what("layers")),
    frames: frames(value.frames, what("frames")),
    output: textOrNull(value.output, what("output")),
    options,
    whole: truth(value.whole, what("whole")),
    licences: texts(value.licences, what("licences")),
    notes: texts(value.notes, what("notes")),
  });
}

const ACTIONS = new Map([
  [
    Run,
    (one, what) =>
      new Run(
        text(one.tool, what("tool")),
        list(one.args, what("args")).map((arg, at) => argument(arg, what(`args[${at}]`))),
        {
          env: variables(one.env, what),
          seconds: whole(one.seconds, what("seconds"), 0, MOST_COUNT),
        },
      ),
  ],
  [Write, (one, what) => new Write(text(one.path, what("path")), text(one.contents, what("contents")))],
  [Copy, (one, what) => new Copy(text(one.source, what("source")), text(one.target, what("target")))],
  [Move, (one, what) => new Move(text(one.source, what("source")), text(one.target, what("target")))],
  [MakeDirectory, (one, what) => new MakeDirectory(text(one.path, what("path")))],
  [Remove, (one, what) => new Remove(text(one.path, what("path")))],
  [Note, (one, what) => new Note(text(one.message, what("message")))],
]);

/** A hook with its actions. */
export function hook(value, where) {
  const name = text(value.name, `name of the Hook that ${where} gave`);
  const actions = list(value.actions, `actions of the hook ${name}`, "actions").map((one, at) => {
    const check = ACTIONS.get(one?.constructor);
    const place = `actions[${at}] of the hook ${name}`;
    return check === undefined
      ? refuse(place, "an action such as a Note", one)
      : check(one, (field) => `${field} of ${place}`);
  });
  return new Hook(name, actions, { onFailure: oneOf(OnFailure, value.onFailure, `onFailure of the hook ${name}`) });
}

/** Whether it is an action. */
export function isAction(value) {
  return value instanceof Action;
}

/** A tool: a text stands for a program of this name on PATH. */
export function tool(value, what) {
  const { id, names, globs, versionArgs } =
    typeof value === "string"
      ? new ToolSpec(value)
      : new ToolSpec(text(object(value, what, "a text or a ToolSpec").id, `${what}.id`), value);
  return new ToolSpec(id, {
    names: texts(names, `${what}.names`),
    globs: texts(globs, `${what}.globs`),
    versionArgs: texts(versionArgs, `${what}.versionArgs`),
  });
}

/** A level; one that names no tools needs all of them. */
export function level(value, ids, what) {
  const { name, summary, tools, frames: shape } = new Level(object(value, what, "a Level").name, value);
  return new Level(text(name, `${what}.name`), {
    summary: text(summary, `${what}.summary`),
    tools: tools === null ? ids : texts(tools, `${what}.tools`).map((one) => oneOf(ids, one, `${what}.tools`)),
    frames: oneOf(FrameShape, shape, `${what}.frames`),
  });
}
