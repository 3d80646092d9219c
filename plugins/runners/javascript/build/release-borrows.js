// Makes a component of componentize-qjs give back what it borrowed before it returns, as the component model demands.
//
// A call of `build-command` lends the runner a task. componentize-qjs 0.4.5 gives it back only in the function's
// post-return, which comes too late: the host has looked by then, and ends the call with "borrow handles still remain".
// Of its core modules one holds what stands between the component's functions and QuickJS: a wrapper for each function,
// `cabi_post_…` for each, and a table of the functions that give handles back. Here each wrapper that was lent
// something gives it back as its last step, and the table's functions do nothing during a post-return, so that nothing
// is given back twice.
//
//   node release-borrows.js COMPONENT      changes the file

import { readFileSync, writeFileSync } from "node:fs";
import { argv, exit } from "node:process";
import { pathToFileURL } from "node:url";

/** What each function is lent, in the order of its parameters: the contract's `borrow<…>`. */
const LENT = {
  "dcc@0.1.0#validate": ["job"],
  "dcc@0.1.0#build-command": ["task"],
  "dcc@0.1.0#[constructor]reader": ["task"],
  "dcc@0.1.0#judge": ["task", "outcome"],
  "needs@0.1.0#needs": ["job"],
  "hooks@0.1.0#before-job": ["job"],
  "hooks@0.1.0#after-job": ["job", "job-end"],
  "hooks@0.1.0#before-task": ["task"],
  "hooks@0.1.0#after-task": ["task", "outcome"],
};
const INTERFACES = "farmhand:dcc/";
const RESOURCES = "farmhand:dcc/context@0.1.0";

// Of the binary format: sections by number, and instructions.
const IMPORT = 2,
  FUNCTION = 3,
  GLOBAL = 6,
  EXPORT = 7,
  ELEMENT = 9,
  CODE = 10;
const CORE_MODULE = 1,
  COMPONENT = 4;
const I32 = 0x7f,
  END = 0x0b,
  IF = 0x04,
  EMPTY = 0x40,
  CALL = 0x10,
  LOCAL_GET = 0x20,
  GLOBAL_GET = 0x23,
  GLOBAL_SET = 0x24;
const I32_CONST = 0x41,
  I32_EQZ = 0x45;

/** Reads a part of a binary. */
class Input {
  at = 0;

  constructor(bytes) {
    this.bytes = bytes;
  }

  get isOver() {
    return this.at >= this.bytes.length;
  }

  byte() {
    return this.bytes[this.at++];
  }

  number() {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  }

  take(length) {
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  name() {
    return Buffer.from(this.take(this.number())).toString();
  }

  rest() {
    return this.take(this.bytes.length - this.at);
  }
}

function number(value) {
  const bytes = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest % 128) + 128);
  }
}

function sized(bytes) {
  return Buffer.concat([Buffer.from(number(bytes.length)), bytes]);
}

/** A preamble and the sections after it, each as its number and its bytes. */
function sections(bytes) {
  const input = new Input(bytes);
  const preamble = input.take(8);
  const all = [];
  while (!input.isOver) all.push([input.byte(), input.take(input.number())]);
  return { preamble, all };
}

function joined({ preamble, all }) {
  return Buffer.concat([preamble, ...all.flatMap(([id, bytes]) => [Buffer.from([id]), sized(bytes)])]);
}

/** The component with the wrappers changed; how many modules that were is the second answer. */
export function released(bytes) {
  const parts = sections(bytes);
  let changed = 0;
  parts.all = parts.all.map(([id, content]) => {
    if (id === COMPONENT) {
      const [inner, count] = released(content);
      changed += count;
      return [id, inner];
    }
    const module = id === CORE_MODULE ? withReleases(content) : null;
    changed += module === null ? 0 : 1;
    return [id, module ?? content];
  });
  return [joined(parts), changed];
}

/** The core module with its wrappers changed; null where it has none. */
function withReleases(bytes) {
  const parts = sections(bytes);
  const section = (id) => parts.all.find(([one]) => one === id)?.[1] ?? Buffer.from([0]);
  const exported = new Map(exports(section(EXPORT)));
  if (!exported.has(`${INTERFACES}dcc@0.1.0#validate`)) return null;
  const { functions: imported, globals } = imports(section(IMPORT));
  const drops = new Map(
    imported.flatMap(([module, name], index) => {
      const resource = module === RESOURCES ? /^\[resource-drop\](.*)$/.exec(name)?.[1] : undefined;
      return resource === undefined ? [] : [[resource, index]];
    }),
  );
  const types = vector(section(FUNCTION), (input) => input.number());
  const dropType = imported[[...drops.values()][0]][2];
  const ownGlobals = new Input(section(GLOBAL)).number();
  const isOver = number(globals + ownGlobals);

  // After each import and each function of the module come those that the table will hold.
  const careful = new Map([...drops.values()].map((drop, index) => [drop, imported.length + types.length + index]));
  const bodies = vector(section(CODE), (input) => input.take(input.number()));
  for (const [name, resources] of Object.entries(LENT)) {
    const index = exported.get(INTERFACES + name) - imported.length;
    const release = resources.flatMap((resource, param) => [LOCAL_GET, param, CALL, ...number(drops.get(resource))]);
    bodies[index] = inserted(bodies[index], [], release);
  }
  for (const [name, index] of exported) {
    if (!name.startsWith("cabi_post_")) continue;
    const at = index - imported.length;
    bodies[at] = inserted(bodies[at], [I32_CONST, 1, GLOBAL_SET, ...isOver], [I32_CONST, 0, GLOBAL_SET, ...isOver]);
  }
  for (const drop of careful.keys()) {
    bodies.push(
      Buffer.from([0, GLOBAL_GET, ...isOver, I32_EQZ, IF, EMPTY, LOCAL_GET, 0, CALL, ...number(drop), END, END]),
    );
    types.push(dropType);
  }

  const made = new Map([
    [FUNCTION, listed(types.map(number))],
    [GLOBAL, appended(section(GLOBAL), [I32, 1, I32_CONST, 0, END])],
    [ELEMENT, elements(section(ELEMENT), careful)],
    [CODE, listed(bodies.map(sized))],
  ]);
  if (!parts.all.some(([id]) => id === GLOBAL)) {
    parts.all.splice(
      parts.all.findIndex(([id]) => id === EXPORT),
      0,
      [GLOBAL, Buffer.alloc(0)],
    );
  }
  parts.all = parts.all.map(([id, content]) => [id, made.get(id) ?? content]);
  return joined(parts);
}

function vector(bytes, read) {
  const input = new Input(bytes);
  return Array.from({ length: input.number() }, () => read(input));
}

function listed(items) {
  return Buffer.concat([Buffer.from(number(items.length)), ...items.map((item) => Buffer.from(item))]);
}

/** A section with one more item. */
function appended(bytes, item) {
  const input = new Input(bytes);
  const count = input.number();
  return Buffer.concat([Buffer.from(number(count + 1)), input.rest(), Buffer.from(item)]);
}

function exports(bytes) {
  return vector(bytes, (input) => {
    const name = input.name();
    const kind = input.byte();
    const index = input.number();
    return kind === 0 ? [name, index] : ["", -1];
  });
}

/** The imported functions as module, name and type, and how many globals are imported. */
function imports(bytes) {
  const functions = [];
  let globals = 0;
  vector(bytes, (input) => {
    const [module, name, kind] = [input.name(), input.name(), input.byte()];
    if (kind === 0) {
      functions.push([module, name, input.number()]);
    } else if (kind === 3) {
      input.take(2);
      globals += 1;
    } else {
      // A table has the type of its elements before its limits, a memory only those.
      if (kind === 1) input.byte();
      const flags = input.number();
      input.number();
      if (flags & 1) input.number();
    }
  });
  return { functions, globals };
}

/** The table's segments, with other functions in the places of some. */
function elements(bytes, others) {
  const input = new Input(bytes);
  const count = input.number();
  const out = [Buffer.from(number(count))];
  for (let segment = 0; segment < count; segment += 1) {
    const start = input.at;
    const kind = input.number();
    // Both are a place in a table and functions; the second names the table and says that they are functions.
    if (kind !== 0 && kind !== 2)
      throw new Error(`the table has a segment of kind ${kind}, which componentize-qjs 0.4.5 does not make`);
    if (kind === 2) input.number();
    while (input.byte() !== END);
    if (kind === 2) input.byte();
    out.push(input.bytes.subarray(start, input.at));
    const entries = Array.from({ length: input.number() }, () => input.number());
    out.push(listed(entries.map((entry) => number(others.get(entry) ?? entry))));
  }
  return Buffer.concat(out);
}

/** A function's body with instructions after its locals and before its end. */
function inserted(body, first, last) {
  const input = new Input(body);
  for (let groups = input.number(); groups > 0; groups -= 1) {
    input.number();
    input.byte();
  }
  const locals = body.subarray(0, input.at);
  const code = body.subarray(input.at, body.length - 1);
  return Buffer.concat([locals, Buffer.from(first), code, Buffer.from(last), Buffer.from([END])]);
}

if (argv[1] !== undefined && import.meta.url === pathToFileURL(argv[1]).href) {
  const [component, changed] = released(readFileSync(argv[2]));
  if (changed !== 1) {
    console.error(`${argv[2]}: ${changed} modules with the contract's functions; componentize-qjs makes one`);
    exit(1);
  }
  writeFileSync(argv[2], component);
}
