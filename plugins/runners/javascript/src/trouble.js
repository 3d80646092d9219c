// What goes wrong in a script, told to its author: the error in one line, and a traceback that shows their files.

import { PluginError } from "../../../sdk-js/src/check.js";

/** A mistake that was found before the script ran: what is wrong, and where in which text. */
export class ScriptError extends Error {
  constructor(name, message, { name: file, text, at }) {
    super(message);
    this.name = name;
    const before = text.slice(0, at);
    this.file = file;
    this.line = before.split("\n").length;
    this.shown = place(file, this.line, at - before.lastIndexOf("\n"), text.split("\n")[this.line - 1] ?? "");
    this.more = [];
  }

  /** The first of some, which tells of the others too. */
  static all(mistakes) {
    const [first, ...more] = mistakes;
    first.more = more;
    return first;
  }

  /** As the contract hands it over. */
  told() {
    const line = (one) => `${one.name}: ${one.message} (${one.file}, line ${one.line})`;
    const others = this.more.length === 0 ? "" : `, and ${this.more.length} more`;
    return {
      message: `${line(this)}${others}`,
      traceback: [this, ...this.more].map((one) => `${line(one)}\n${one.shown}`).join("\n"),
    };
  }
}

/** An error, or whatever was thrown, as the contract hands it over. `source` knows the script's lines. */
export function told(problem, source) {
  if (problem instanceof ScriptError) return problem.told();
  try {
    const lines = [];
    for (let one = problem, depth = 0; one !== undefined && depth < 5; one = one?.cause, depth += 1) {
      if (depth > 0) lines.push(`caused by ${messageOf(one)}`);
      lines.push(...tracedOf(one, source));
    }
    return { message: messageOf(problem), traceback: lines.length === 0 ? null : lines.join("\n") };
  } catch (second) {
    // An error of the script's own may fail when it is shown.
    return { message: `an error that cannot be shown: ${second}`, traceback: null };
  }
}

function messageOf(problem) {
  if (!(problem instanceof Error)) return `${shown(problem)} was thrown; throw an Error, so that its place is known`;
  const message = String(problem.message);
  if (problem instanceof PluginError && message !== "") return message;
  return message === "" ? String(problem.name) : `${problem.name}: ${message}`;
}

function shown(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

/** The script's own frames, innermost first, the first of them with its line. */
function tracedOf(problem, source) {
  const frames = framesOf(problem, source);
  if (frames.length === 0) {
    // What a function gave is looked at after it has ended: the message names the function, and this says where it is.
    const member = /^(?:.* )?[\w$]+\.([\w$]+)/.exec(problem instanceof Error ? String(problem.message) : "")?.[1];
    const at = member === undefined ? null : source.member(member);
    if (at !== null) frames.push({ ...at, function: member });
  }
  const lines = [];
  let same = 0;
  frames.forEach(({ function: name, name: file, line, column }, at) => {
    const frame = `  at ${name === null ? "" : `${name} `}(${file}, line ${line})`;
    if (at > 1 && frame === lines[lines.length - 1]) {
      same += 1;
      return;
    }
    if (same > 0) lines.push(`  … ${same} more of the same`);
    same = 0;
    lines.push(frame);
    const text = at === 0 ? source.line(file, line) : null;
    if (text !== null) lines.push(excerpt(column, text));
  });
  if (same > 0) lines.push(`  … ${same} more of the same`);
  return lines;
}

/** QuickJS calls the text that the script runs from `<input>`. */
function framesOf(problem, source) {
  const stack = problem instanceof Error && typeof problem.stack === "string" ? problem.stack : "";
  const frames = [];
  for (const line of stack.split("\n")) {
    const found = /^\s+at (?:(.*) \()?<input>:(\d+)(?::(\d+))?\)?$/.exec(line);
    const at = found && source.place(Number(found[2]), Number(found[3] ?? 1));
    if (at) frames.push({ ...at, function: found[1] && !/^<|^anonymous$/.test(found[1]) ? found[1] : null });
  }
  return frames;
}

function place(file, line, column, text) {
  return `  at (${file}, line ${line})\n${excerpt(column, text)}`;
}

// So much of a line is shown, around the place that is meant.
const SHOWN = 160;

/** The line of source, and a caret under the place. */
function excerpt(column, text) {
  const from = column > SHOWN ? column - SHOWN / 2 : 0;
  const cut = text.slice(from, from + SHOWN).replace(/\r$/, "");
  const left = cut.trimStart();
  const at = Math.max(0, column - 1 - from - (cut.length - left.length));
  return `      ${left}\n      ${" ".repeat(Math.min(at, left.length))}^`;
}
