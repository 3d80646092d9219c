// One module of a script, from the text of a file to the body of a function: QuickJS as it is built here runs no
// modules, only texts. Imports and exports become an object that the runner links; lines and columns stay what they
// are, or are written down where they do not. Which modules there are, and in which order they run, is in `bundle.js`.

import * as acorn from "../node_modules/acorn/dist/acorn.mjs";
import { encoded } from "./encoding.js";
import { ScriptError } from "./trouble.js";

/** So many functions of the script may be within each other: a recursion without end becomes an error that says where,
 * instead of a full stack, which has no trace of the script. The host gives a guest 512 KiB of stack. A function that
 * calls itself takes 750 bytes of it, one that does so through `map` 2.8 KiB. */
export const DEEPEST = 160;

/** Reads a module. Throws `ScriptError` for its first mistake of syntax. */
export function parsed(name, text) {
  const comments = [];
  try {
    const program = acorn.parse(text, {
      ecmaVersion: "latest",
      sourceType: "module",
      allowHashBang: true,
      preserveParens: true,
      onComment: comments,
    });
    return { name, text, program, comments };
  } catch (error) {
    if (error.pos === undefined) throw error;
    const message = error.message.replace(/ \(\d+:\d+\)$/, "");
    throw new ScriptError("SyntaxError", message[0].toLowerCase() + message.slice(1), { name, text, at: error.pos });
  }
}

/** What a module imports and exports, and the body of its function.
 *
 * - `imports`: where from, under which names, and where that stands.
 * - `exports`: names of its own by what they are exported as.
 * - `body`: its text, with imports and the words of exports blanked, in which `$_m.default` takes a nameless default.
 * - `shifts`: what was put into lines, as `[line, column, length]`, in bytes as QuickJS counts them.
 * - `members`: where in the text members of classes and objects begin, by name.
 */
export function rewritten({ name, text, program, comments }) {
  const edits = new Edits(name, text);
  // QuickJS reads the text anew in each instance, and without the comments there is less of it.
  for (const { type, start, end } of comments) {
    if (type === "Line") edits.replace(start, end, "");
    else edits.clear(start, end);
  }
  const module = { name, text, imports: [], exports: new Map(), shifts: [], members: {}, body: "" };
  for (const node of program.body) statement(node, module, edits);
  for (const node of program.body) guarded(node, edits, { members: module.members, functions: 0 });
  module.body = edits.applied();
  module.shifts = edits.shifts();
  return module;
}

function statement(node, module, edits) {
  switch (node.type) {
    case "ImportDeclaration":
      module.imports.push({
        from: node.source.value,
        at: node.source.start,
        names: node.specifiers.map((one) => ({
          imported:
            one.type === "ImportNamespaceSpecifier"
              ? "*"
              : one.type === "ImportDefaultSpecifier"
                ? "default"
                : spelled(one.imported),
          local: one.local.name,
          at: one.start,
        })),
      });
      edits.blank(node.start, node.end);
      break;
    case "ExportAllDeclaration":
      module.imports.push({
        from: node.source.value,
        at: node.source.start,
        names: [],
        all: node.exported ? spelled(node.exported) : null,
      });
      edits.blank(node.start, node.end);
      break;
    case "ExportNamedDeclaration":
      exported(node, module, edits);
      break;
    case "ExportDefaultDeclaration": {
      const { declaration } = node;
      const isDeclared = declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration";
      if (isDeclared && declaration.id) {
        module.exports.set("default", declaration.id.name);
        edits.blank(node.start, declaration.start);
      } else {
        module.exports.set("default", "$_m.default");
        edits.blank(node.start, declaration.start);
        edits.insert(declaration.start, "$_m.default=");
        if (isDeclared) edits.insert(declaration.end, ";");
      }
      break;
    }
    default:
  }
}

function exported(node, module, edits) {
  const { declaration, source, specifiers } = node;
  if (declaration) {
    const names = declaration.id ? [declaration.id.name] : declaration.declarations.flatMap((one) => bound(one.id));
    for (const one of names) module.exports.set(one, one);
    edits.blank(node.start, declaration.start);
    return;
  }
  if (source) {
    // The names get locals that no script can have.
    const names = specifiers.map((one, at) => {
      const local = `$_r${module.imports.length}_${at}`;
      module.exports.set(spelled(one.exported), local);
      return { imported: spelled(one.local), local, at: one.start };
    });
    module.imports.push({ from: source.value, at: source.start, names });
  } else {
    for (const one of specifiers) module.exports.set(spelled(one.exported), one.local.name);
  }
  edits.blank(node.start, node.end);
}

/** `a` and `"a"` are both names. */
function spelled(node) {
  return node.type === "Literal" ? node.value : node.name;
}

/** The names that a pattern binds. */
function bound(pattern) {
  switch (pattern?.type) {
    case "Identifier":
      return [pattern.name];
    case "ObjectPattern":
      return pattern.properties.flatMap((one) => bound(one.type === "RestElement" ? one.argument : one.value));
    case "ArrayPattern":
      return pattern.elements.flatMap(bound);
    case "RestElement":
      return bound(pattern.argument);
    case "AssignmentPattern":
      return bound(pattern.left);
    default:
      return [];
  }
}

/** Counts the functions within each other, notes where members are, and refuses what cannot work. Generators and async
 * functions, which go on later, are not counted. */
function guarded(node, edits, context) {
  if (Array.isArray(node)) {
    for (const one of node) guarded(one, edits, context);
    return;
  }
  if (typeof node !== "object" || node === null || typeof node.type !== "string") return;
  if (node.type === "ImportExpression")
    edits.refuse(node.start, "import() is not available in a plugin; write an import at the top of the file");
  if (node.type === "MetaProperty" && node.meta.name === "import")
    edits.refuse(
      node.start,
      "import.meta is not available in a plugin; `host.scriptFile(name)` reads a file of the plugin's folder",
    );
  if ((node.type === "AwaitExpression" || node.await === true) && context.functions === 0) {
    edits.refuse(node.start, "a plugin's modules run at once, without await");
  }
  if (node.key?.type === "Identifier" && !node.computed && !Object.hasOwn(context.members, node.key.name)) {
    context.members[node.key.name] = node.start;
  }
  const isFunction =
    node.type === "FunctionDeclaration" ||
    node.type === "FunctionExpression" ||
    node.type === "ArrowFunctionExpression";
  if (isFunction && !node.generator && !node.async) {
    const enter = "try{if(++$_d>$_n)$_t();";
    const leave = "}finally{--$_d}";
    if (node.body.type === "BlockStatement") {
      // An empty body calls nothing, and has one place for what would go to two.
      if (node.body.end - node.body.start > 2) {
        edits.insert(node.body.start + 1, enter);
        edits.insert(node.body.end - 1, leave);
      }
    } else {
      edits.insert(node.body.start, `{${enter}return(`);
      edits.insert(node.body.end, `)${leave}}`);
    }
  }
  context.functions += isFunction ? 1 : 0;
  for (const key in node) {
    const value = node[key];
    if (typeof value === "object" && value !== null && key !== "regex") guarded(value, edits, context);
  }
  context.functions -= isFunction ? 1 : 0;
}

/** Changes of a text that leave its lines where they are. */
class Edits {
  #edits = [];

  constructor(name, text) {
    this.name = name;
    this.text = text;
  }

  /** Takes a statement out, or the words before one: it still ends what stands before it. */
  blank(start, end) {
    this.replace(start, end, `;${spaces(this.text.slice(start + 1, end))}`);
  }

  /** Takes out what no statement needs. */
  clear(start, end) {
    this.replace(start, end, spaces(this.text.slice(start, end)));
  }

  replace(start, end, by) {
    this.#edits.push({ start, end, by });
  }

  insert(at, by) {
    this.#edits.push({ start: at, end: at, by });
  }

  refuse(at, message) {
    throw new ScriptError("SyntaxError", message, { name: this.name, text: this.text, at });
  }

  applied() {
    // In order; of those at the same place the one that was asked for first comes first, and what ends a function
    // inside comes before what ends the one around it, since the walk goes from the outside in.
    this.#edits = this.#edits
      .map((edit, order) => ({ ...edit, order }))
      .sort((one, other) => {
        if (one.start !== other.start) return one.start - other.start;
        return one.by[0] === "}" || one.by[0] === ")" ? other.order - one.order : one.order - other.order;
      });
    let out = "";
    let at = 0;
    for (const { start, end, by } of this.#edits) {
      // A comment inside a statement that was taken out went with it.
      if (start < at) continue;
      out += this.text.slice(at, start) + by;
      at = end;
    }
    return out + this.text.slice(at);
  }

  shifts() {
    const shifts = [];
    let line = 1;
    let begin = 0;
    for (const { start, end, by } of this.#edits) {
      if (end !== start) continue;
      for (
        let next = this.text.indexOf("\n", begin);
        next >= 0 && next < start;
        next = this.text.indexOf("\n", begin)
      ) {
        line += 1;
        begin = next + 1;
      }
      shifts.push([line, encoded(this.text.slice(begin, start)).length + 1, by.length]);
    }
    return shifts;
  }
}

/** As many spaces as the text has bytes, which is what QuickJS counts columns in. Ends of lines stay. */
function spaces(text) {
  return text.replace(/[^\n\r\u2028\u2029]/gu, (char) => " ".repeat(char < "\x80" ? 1 : encoded(char).length));
}
