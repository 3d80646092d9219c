// The script of this instance: read from the host, run once, its plugin kept. What is asked of the plugin is in
// `runner.js`.

import * as script from "farmhand:dcc/script@0.1.0";
import * as sdk from "../../../sdk-js/index.js";
import * as calls from "../../../sdk-js/src/calls.js";
import { bundled } from "./bundle.js";
import { decoded, encoded, packed, unpacked, whole } from "./encoding.js";
import { DEEPEST } from "./rewrite.js";

const GIVEN = { farmhand: sdk };

// What `compiled` calls the map from the lines of the whole text to those of the files.
const MAP = "map";

/** Looks at all of the script, runs it once, and gives the units that later instances run. */
export function prepared() {
  const main = script.main();
  const given = Object.fromEntries(Object.entries(GIVEN).map(([name, module]) => [name, Object.keys(module)]));
  const { text, map } = bundled(main, script.files(), read, given);
  current = { main, map };
  const plugin = calls.checkedPlugin(run(text), main);
  calls.describe(plugin);
  return {
    hasHooks: calls.hasHooks(plugin),
    compiled: [
      { name: main, code: packed(whole(text)) },
      { name: MAP, code: encoded(whole(map)) },
    ],
  };
}

let current = null;

/** The plugin, of a script that was prepared before. */
export function plugin() {
  if (current === null) {
    const main = script.main();
    current = { main, map: null };
    current.plugin = calls.pluginOf(run(unpacked(script.compiled(main))), main);
  }
  return current.plugin;
}

/** A file of the script. */
export function read(name) {
  try {
    return decoded(script.read(name), true).replace(/^\ufeff/, "");
  } catch (error) {
    throw new sdk.PluginError(`${name}: ${error.payload ?? error.message}`);
  }
}

/** Where lines of the whole text stand in the script's files. */
export const source = {
  place(line, column) {
    const module = modules()
      .filter((one) => one.line <= line)
      .pop();
    if (module === undefined) return null;
    const own = line - module.line + 1;
    let shift = 0;
    for (const [at, from, length] of module.shifts) {
      if (at === own && from + shift < column) shift += Math.min(length, column - from - shift);
    }
    const before = decoded(encoded(this.line(module.name, own) ?? "").subarray(0, column - shift - 1));
    return { name: module.name, line: own, column: before.length + 1 };
  },
  /** Where a member of this name begins: in the main file, or else in the first one that has it. */
  member(name) {
    const module = modules()
      .reverse()
      .find(({ members }) => Object.hasOwn(members, name));
    if (module === undefined) return null;
    const at = module.members[name];
    const before = read(module.name).slice(0, at);
    return { name: module.name, line: before.split("\n").length, column: at - before.lastIndexOf("\n") };
  },
  line(name, line) {
    return read(name).split("\n")[line - 1] ?? null;
  },
};

function modules() {
  if (current === null) return [];
  current.map ??= decoded(script.compiled(MAP));
  return JSON.parse(current.map);
}

/** Runs the modules in their order, and gives what the main one exports by default. */
function run(text) {
  const modules = new Map(Object.entries(GIVEN));
  // An indirect eval sees nothing of the runner.
  const bodies = (0, eval)(text)(DEEPEST, tooDeep);
  let last;
  for (const [name, body] of bodies) {
    const exports = Object.create(null);
    const module = {
      default: undefined,
      one: (exported, get) => Object.defineProperty(exports, exported, { get, enumerable: true }),
      all: (from) => {
        for (const exported of Object.keys(from)) {
          if (exported !== "default" && !(exported in exports)) module.one(exported, () => from[exported]);
        }
      },
    };
    modules.set(name, exports);
    body.call(undefined, (from) => modules.get(from), module);
    last = exports;
  }
  return last.default;
}

function tooDeep() {
  throw new RangeError(`more than ${DEEPEST} functions within each other; does a recursion have no end?`);
}
