// What a plugin answered, checked before (`checked.js` of the SDK), as the contract's records.

import { Movie } from "../../../sdk-js/src/command.js";
import {
  Fact,
  Fault,
  FrameDone,
  FrameSkipped,
  FrameStarted,
  MemoryUsed,
  Progress,
  Warned,
} from "../../../sdk-js/src/event.js";
import { Copy, MakeDirectory, Move, Note, Remove, Run, Write } from "../../../sdk-js/src/hooks.js";
import { Decision } from "../../../sdk-js/src/verdict.js";
import { whole } from "./encoding.js";

function texts(list) {
  return list.map(whole);
}

function textOrNull(text) {
  return text === null || text === undefined ? null : whole(text);
}

function variables(env) {
  return Object.entries(env).map(([name, value]) => ({ name: whole(name), value: whole(value) }));
}

function runs(frames) {
  return frames.runs.map(({ first, last, step }) => ({ first, last, step }));
}

function image({ frame, path, place }) {
  return { frame, path: whole(path), place: textOrNull(place) };
}

/** A descriptor. */
export function descriptor(one) {
  return {
    name: whole(one.name),
    version: whole(one.version),
    summary: whole(one.summary),
    extensions: texts(one.extensions),
    supports: whole(one.supports),
    tools: one.tools.map(({ id, names, globs, versionArgs }) => ({
      id: whole(id),
      names: texts(names),
      globs: texts(globs),
      versionArgs: texts(versionArgs),
    })),
    levels: one.levels.map(({ name, summary, tools, frames }) => ({
      name: whole(name),
      summary: whole(summary),
      tools: texts(tools),
      frames,
    })),
    optionsSchema: whole(JSON.stringify(one.optionsSchema)),
  };
}

/** A prepared job. */
export function prepared(one) {
  return {
    layers: texts(one.layers),
    frames: runs(one.frames),
    output: textOrNull(one.output),
    options: whole(JSON.stringify(one.options)),
    whole: one.whole,
    licences: texts(one.licences),
    notes: texts(one.notes),
  };
}

/** Problems. */
export function problems(list) {
  return list.map(({ field, message }) => ({ field: whole(field), message: whole(message) }));
}

/** What a task needs. */
export function needs({ memoryBytes, gpus }) {
  return { memoryBytes, gpus: gpus && { ...gpus } };
}

/** A command. */
export function command(one) {
  return {
    tool: whole(one.tool),
    args: texts(one.args),
    env: variables(one.env),
    cwd: textOrNull(one.cwd),
    files: one.files.map(({ path, contents, removeOnSuccess }) => ({
      path: whole(path),
      contents: whole(contents),
      removeOnSuccess,
    })),
    outputs: one.outputs.map((output) =>
      output instanceof Movie
        ? {
            tag: "movie",
            val: { path: whole(output.path), place: textOrNull(output.place), frames: runs(output.frames) },
          }
        : { tag: "image", val: image(output) },
    ),
    verify: one.verify,
  };
}

const EVENTS = new Map([
  [FrameStarted, (one) => ({ tag: "frame-started", val: one.frame })],
  [Progress, (one) => ({ tag: "progress", val: one.part })],
  [FrameDone, (one) => ({ tag: "frame-done", val: image(one.image) })],
  [FrameSkipped, (one) => ({ tag: "frame-skipped", val: image(one.image) })],
  [Warned, (one) => ({ tag: "warning", val: whole(one.message) })],
  [
    Fault,
    ({ severity, cause, message, frame, about }) => ({
      tag: "fault",
      val: { severity, cause, message: whole(message), frame, about: textOrNull(about) },
    }),
  ],
  [MemoryUsed, (one) => ({ tag: "memory-bytes", val: one.bytes })],
  [Fact, ({ name, value }) => ({ tag: "fact", val: { name: whole(name), value: whole(value) } })],
]);

/** Events. */
export function events(list) {
  return list.map((one) => EVENTS.get(one.constructor)(one));
}

/** A verdict. */
export function verdict({ decision, reason, afterMs }) {
  const tagged = decision === Decision.RETRY ? { tag: decision, val: afterMs } : { tag: decision };
  return { decision: tagged, reason: whole(reason) };
}

const ACTIONS = new Map([
  [
    Run,
    ({ tool, args, env, seconds }) => ({
      tag: "run",
      val: { tool: whole(tool), args: texts(args), env: variables(env), seconds },
    }),
  ],
  [Write, ({ path, contents }) => ({ tag: "write", val: { path: whole(path), contents: whole(contents) } })],
  [Copy, ({ source, target }) => ({ tag: "copy", val: { source: whole(source), target: whole(target) } })],
  [Move, ({ source, target }) => ({ tag: "move", val: { source: whole(source), target: whole(target) } })],
  [MakeDirectory, ({ path }) => ({ tag: "make-directory", val: whole(path) })],
  [Remove, ({ path }) => ({ tag: "remove", val: whole(path) })],
  [Note, ({ message }) => ({ tag: "note", val: whole(message) })],
]);

/** Hooks. */
export function hooks(list) {
  return list.map(({ name, actions, onFailure }) => ({
    name: whole(name),
    actions: actions.map((one) => ACTIONS.get(one.constructor)(one)),
    onFailure,
  }));
}
