// What the component exports: each of the contract's functions asks the script's plugin. An error of the script becomes
// the contract's `plugin-error`; nothing else may be thrown from here, since that would end the instance.

import "./globals.js";
import * as wit from "farmhand:dcc/host@0.1.0";
import { use } from "../../../sdk-js/src/answering.js";
import * as calls from "../../../sdk-js/src/calls.js";
import { granted } from "./granted.js";
import * as incoming from "./incoming.js";
import * as outgoing from "./outgoing.js";
import { plugin, prepared, source } from "./script.js";
import { told } from "./trouble.js";
import { whole } from "./encoding.js";

use(granted);

/** Does something whose mistakes are the script's. */
function guarded(work) {
  try {
    return work();
  } catch (problem) {
    throw refused(problem);
  }
}

function refused(problem) {
  const { message, traceback } = told(problem, source);
  return { message: whole(message), traceback: traceback === null ? null : whole(traceback) };
}

function taskOf(made, handle) {
  return incoming.task(handle, calls.schema(made));
}

class Reader {
  #reader = null;
  #failed = null;

  constructor(handle) {
    // A constructor has no way to fail in the contract, so a mistake comes out of the first batch.
    try {
      const made = plugin();
      this.#reader = calls.reader(made, taskOf(made, handle));
    } catch (problem) {
      this.#failed = refused(problem);
    }
  }

  read(lines) {
    if (this.#failed !== null) throw this.#failed;
    return guarded(() => outgoing.events(calls.read(this.#reader, lines)));
  }

  finish() {
    if (this.#failed !== null) throw this.#failed;
    return guarded(() => outgoing.events(calls.finish(this.#reader)));
  }
}

export const dcc = {
  describe: () => guarded(() => outgoing.descriptor(calls.describe(plugin()))),

  validate(handle) {
    let answer;
    try {
      const made = plugin();
      answer = calls.validate(made, incoming.job(handle, calls.schema(made)));
    } catch (problem) {
      // The contract has no error of the plugin's own here: the person who submits sees it, and the log has it all.
      const { message, traceback } = refused(problem);
      wit.log("error", traceback === null ? message : `${message}\n${traceback}`);
      throw [{ field: "", message: `the plugin could not look at this job: ${message}` }];
    }
    if (Array.isArray(answer)) throw outgoing.problems(answer);
    return outgoing.prepared(answer);
  },

  buildCommand: (handle) =>
    guarded(() => {
      const made = plugin();
      return outgoing.command(calls.buildCommand(made, taskOf(made, handle)));
    }),

  judge: (handle, ended) =>
    guarded(() => {
      const made = plugin();
      return outgoing.verdict(calls.judge(made, taskOf(made, handle), incoming.outcome(ended)));
    }),

  Reader,
};

function asked(moment, about) {
  return guarded(() => {
    const made = plugin();
    return outgoing.hooks(calls.hooks(made, moment, ...about(made)));
  });
}

export const hooks = {
  beforeJob: (handle) => asked("beforeJob", (made) => [incoming.job(handle, calls.schema(made))]),
  afterJob: (handle, end) =>
    asked("afterJob", (made) => [incoming.job(handle, calls.schema(made)), incoming.jobEnd(end)]),
  beforeTask: (handle) => asked("beforeTask", (made) => [taskOf(made, handle)]),
  afterTask: (handle, ended) => asked("afterTask", (made) => [taskOf(made, handle), incoming.outcome(ended)]),
};

export const needs = {
  needs: (handle, level) =>
    guarded(() => {
      const made = plugin();
      return outgoing.needs(calls.needs(made, incoming.job(handle, calls.schema(made)), level));
    }),
};

export const runner = { prepare: () => guarded(prepared) };

// The snapshot is taken now. What the collector looked at is counted from here on, so that no instance begins with a
// look at all of it.
globalThis.__cqjs.runGc();
