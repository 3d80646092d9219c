// A script's modules, found from the main one on, as one text that QuickJS runs at once. Each stands on lines of its
// own in it, so a line of the whole tells the file and the line.

import { nearest } from "../../../sdk-js/src/check.js";
import { parsed, rewritten } from "./rewrite.js";
import { ScriptError } from "./trouble.js";

/** Looks at every file of a script that is JavaScript and puts those together that the main one needs: the `text`, and
 * a `map` from its lines to theirs. `files` are their names, `read` gives the text of one, and `given` the names that
 * each package exports. Throws `ScriptError` with every mistake of syntax. */
export function bundled(main, files, read, given) {
  const modules = new Map();
  const mistakes = [];
  for (const name of files.filter(isModule)) {
    try {
      modules.set(name, rewritten(parsed(name, read(name))));
    } catch (error) {
      if (!(error instanceof ScriptError)) throw error;
      mistakes.push(error);
    }
  }
  if (mistakes.length > 0) throw ScriptError.all(mistakes);
  const linked = new Linker(modules, files, read, given).linked(main);
  let text = HEAD;
  let line = 1;
  const map = [];
  for (const module of linked) {
    text += `${module.head}\n`;
    line += 1;
    map.push({ name: module.name, line, shifts: module.shifts, members: module.members });
    text += `${module.body}\n}],`;
    line += module.body.split(/\r\n|[\n\r\u2028\u2029]/).length;
  }
  return { text: `${text}]})`, map: JSON.stringify(map) };
}

/** Whether a file is a module that a plugin may consist of; tests are not for the farm. */
function isModule(name) {
  return /\.m?js$/.test(name) && !/\.test\.m?js$/.test(name) && !/(?:^|\/)node_modules\//.test(name);
}

// What every module sees: `$_d` counts the functions within each other, `$_n` is how many there may be, `$_t` throws.
const HEAD = '(function($_n,$_t){"use strict";let $_d=0;return[';

/** Puts the modules into the order in which they run, and checks that what they import is there. */
class Linker {
  #modules;
  #files;
  #read;
  #given;
  #linked = new Map();
  #path = [];

  constructor(modules, files, read, given) {
    this.#modules = modules;
    this.#files = files;
    this.#read = read;
    this.#given = given;
  }

  linked(main) {
    this.#link(main);
    return [...this.#linked.values()];
  }

  /** Links a module after those that it imports, and gives it back. */
  #link(name) {
    const done = this.#linked.get(name);
    if (done !== undefined) return done;
    const module = this.#modules.get(name) ?? this.#data(name);
    this.#path.push(name);
    const names = new Map([...module.exports].map(([exported, local]) => [exported, local]));
    const sources = module.imports.map((one) => {
      const from = this.#resolved(module, one);
      const exported = from.exports;
      for (const wanted of one.names) {
        if (wanted.imported === "*" || exported.includes(wanted.imported)) continue;
        const near = nearest(wanted.imported, exported);
        const known = exported.length <= 12 ? `; it exports ${exported.join(", ") || "nothing"}` : "";
        const hint = near === undefined ? known : `; did you mean \`${near}\`?`;
        throw mistake(module, wanted.at, `"${one.from}" has no export \`${wanted.imported}\`${hint}`);
      }
      if (one.all === null)
        for (const other of exported) if (other !== "default" && !names.has(other)) names.set(other, null);
      if (typeof one.all === "string") names.set(one.all, null);
      return from;
    });
    this.#path.pop();
    const linked = {
      name,
      exports: [...names.keys()],
      head: head(module, sources),
      body: module.body,
      shifts: module.shifts,
      members: module.members,
    };
    this.#linked.set(name, linked);
    return linked;
  }

  /** A file of data as a module. */
  #data(name) {
    const text = this.#read(name);
    try {
      JSON.parse(text);
    } catch (error) {
      const at = Number(/position (\d+)/.exec(error.message)?.[1] ?? 0);
      throw new ScriptError(
        "SyntaxError",
        error.message.replace(/ \(line.*| at position.*| in JSON.*/, "").replace(/^./, (first) => first.toLowerCase()),
        { name, text, at },
      );
    }
    const body = `$_m.default=(${text.replace(/[\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16)}`)});`;
    return { name, text, imports: [], exports: new Map([["default", "$_m.default"]]), body, shifts: [], members: {} };
  }

  /** Where an import leads: a package's name or a file's, and what it exports. */
  #resolved(module, { from, at }) {
    if (Object.hasOwn(this.#given, from)) return { key: JSON.stringify(from), exports: this.#given[from] };
    const file = from.startsWith("./") || from.startsWith("../") ? within(module.name, from) : null;
    if (file !== null && this.#path.includes(file)) {
      const circle = [...this.#path.slice(this.#path.indexOf(file)), file].join(" imports ");
      throw mistake(module, at, `modules that import each other in a circle do not work in a plugin: ${circle}`);
    }
    if (file !== null && (this.#modules.has(file) || (file.endsWith(".json") && this.#files.includes(file)))) {
      const linked = this.#link(file);
      return { key: JSON.stringify(file), exports: linked.exports };
    }
    throw mistake(module, at, this.#absent(module, from, file));
  }

  #absent(module, from, file) {
    const importable = [...this.#modules.keys(), ...this.#files.filter((one) => one.endsWith(".json"))].filter(
      (one) => one !== module.name,
    );
    const own = importable.map((one) => relative(module.name, one));
    const all = ["farmhand", ...own]
      .slice(0, 12)
      .map((one) => `"${one}"`)
      .join(", ");
    const near = own.find((one) => one.startsWith(`${from}.`)) ?? nearest(from, ["farmhand", ...own]);
    const hint = near === undefined ? "" : `; did you mean "${near}"?`;
    if (file !== null && this.#files.includes(file))
      return `"${from}" is no JavaScript and no JSON; \`host.scriptFile("${file}")\` reads it as a text`;
    const isNode = /^(?:node:)?(?:fs|os|path|process|child_process|util|url|crypto|http|https|net)(?:\/|$)/.test(from);
    const why = isNode
      ? 'a plugin runs without Node.js, and `host` of "farmhand" has what it may ask for'
      : `it can import ${all}`;
    return `there is no "${from}" here${hint || `; ${why}`}`;
  }
}

/** The begin of a module's function: it gets the modules before it and its own object, and gives what it exports. */
function head(module, sources) {
  let out = `[${JSON.stringify(module.name)},function($_i,$_m){`;
  module.imports.forEach((one, index) => {
    const { key } = sources[index];
    const named = one.names.filter((name) => name.imported !== "*");
    for (const { local } of one.names.filter((name) => name.imported === "*")) out += `const ${local}=$_i(${key});`;
    if (named.length > 0)
      out += `const {${named.map((name) => `${JSON.stringify(name.imported)}:${name.local}`).join()}}=$_i(${key});`;
    if (one.all !== undefined)
      out += one.all === null ? `$_m.all($_i(${key}));` : `$_m.one(${JSON.stringify(one.all)},()=>$_i(${key}));`;
  });
  for (const [exported, local] of module.exports) out += `$_m.one(${JSON.stringify(exported)},()=>${local});`;
  return out;
}

function mistake(module, at, message) {
  return new ScriptError("ImportError", message, { name: module.name, text: module.text, at });
}

/** The file that an import of `from` in the file `name` means; null where it leads out of the folder. */
function within(name, from) {
  const parts = name.split("/").slice(0, -1);
  for (const part of from.split("/")) {
    if (part === "..") {
      if (parts.length === 0) return null;
      parts.pop();
    } else if (part !== ".") {
      parts.push(part);
    }
  }
  return parts.join("/");
}

/** How the file `name` imports the file `other`. */
function relative(name, other) {
  const from = name.split("/").slice(0, -1);
  const to = other.split("/");
  while (from.length > 0 && to.length > 1 && from[0] === to[0]) {
    from.shift();
    to.shift();
  }
  return `${from.length === 0 ? "./" : "../".repeat(from.length)}${to.join("/")}`;
}
