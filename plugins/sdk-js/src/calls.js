// Asks a plugin, and holds what it answers to the contract. The runner and `farmhand/testing` ask in this way, so a
// unit test shows an author's mistakes as the daemon would. Checks that the host makes anyway (names, versions,
// schemas, paths) are not repeated here.

import { PluginError, list, nearest, refuse, shown, text, texts, truth } from "./check.js";
import * as checked from "./checked.js";
import { PreparedJob, Problem } from "./context.js";
import { Descriptor, Level } from "./descriptor.js";
import { Hook } from "./hooks.js";
import { Table } from "./lines.js";
import { Needs } from "./needs.js";
import { schemaOf } from "./options.js";
import { Plugin } from "./plugin.js";
import * as policy from "./policy.js";
import { Reader, collect } from "./reader.js";

const FIELDS = [
  "name",
  "version",
  "summary",
  "extensions",
  "supports",
  "tools",
  "levels",
  "options",
  "lines",
  "frameHooks",
];
const HOOKS = { beforeJob: "before-job", afterJob: "after-job", beforeTask: "before-task", afterTask: "after-task" };
const METHODS = ["validate", "needs", "buildCommand", "reader", "judge", ...Object.keys(HOOKS)];

/** A plugin from what a script's main file exports, with its members looked at. */
export function checkedPlugin(exported, file = "the plugin") {
  const plugin = pluginOf(exported, file);
  mistaken(plugin, file);
  return plugin;
}

/** A plugin from what a script's main file exports: a subclass of `Plugin`, or an object with the same members. */
export function pluginOf(exported, file) {
  if (exported === undefined) {
    throw new PluginError(
      `${file} has no default export: write \`export default class MyRenderer extends Plugin { … }\``,
    );
  }
  let plugin;
  if (typeof exported === "function") {
    if (!(exported.prototype instanceof Plugin)) {
      throw new PluginError(
        `the default export of ${file} is ${shown(exported)}: a class that extends Plugin was expected`,
      );
    }
    plugin = new exported();
  } else if (exported instanceof Plugin) {
    plugin = exported;
  } else if (typeof exported === "object" && exported !== null) {
    plugin = Object.create(Plugin.prototype, Object.getOwnPropertyDescriptors(exported));
  } else {
    throw new PluginError(
      `the default export of ${file} is ${shown(exported)}: a class that extends Plugin was expected`,
    );
  }
  return plugin;
}

/** Names that differ from one of the contract's by case or `_` alone are the contract's, misspelled. */
function mistaken(plugin, file) {
  const own = new Set(Object.getOwnPropertyNames(plugin));
  for (let proto = Object.getPrototypeOf(plugin); proto !== Plugin.prototype; proto = Object.getPrototypeOf(proto)) {
    for (const name of Object.getOwnPropertyNames(proto)) own.add(name);
  }
  const known = new Map([...FIELDS, ...METHODS].map((name) => [name.toLowerCase(), name]));
  for (const name of own) {
    const same = known.get(name.toLowerCase().replace(/_/g, ""));
    if (same !== undefined && same !== name)
      throw new PluginError(`${titleOf(plugin)} in ${file} has \`${name}\`; it is spelled \`${same}\``);
  }
  for (const method of METHODS) {
    if (typeof plugin[method] !== "function") refuse(`${titleOf(plugin)}.${method}`, "a function", plugin[method]);
  }
  if (plugin.buildCommand === Plugin.prototype.buildCommand) {
    const near = [...own].find((name) => nearest(name, ["buildCommand"]));
    const hint = near === undefined ? "" : `; is \`${near}\` meant to be it?`;
    throw new PluginError(
      `${titleOf(plugin)} in ${file} says nothing about what to run: write \`buildCommand(task)\`${hint}`,
    );
  }
}

/** What messages call the plugin. */
function titleOf(plugin) {
  const { name } = plugin.constructor;
  return name && name !== "Plugin" && name !== "default" ? name : (fieldOf(plugin, "name") ?? "the plugin");
}

/** A field of the plugin, or of its class: `name = "glow"` and `static name = "glow"` both count. */
function fieldOf(plugin, field) {
  if (plugin[field] !== undefined) return plugin[field];
  for (
    let kind = plugin.constructor;
    typeof kind === "function" && kind !== Plugin;
    kind = Object.getPrototypeOf(kind)
  ) {
    const own = Object.getOwnPropertyDescriptor(kind, field);
    // The name that every class has by itself cannot be written to; one that was declared can.
    if (own !== undefined && !(field === "name" && own.writable === false)) return kind[field];
  }
  return undefined;
}

/** What the fields of the plugin say, with the defaults filled in. */
export function describe(plugin) {
  const what = (field) => `${titleOf(plugin)}.${field}`;
  const field = (name, otherwise) => fieldOf(plugin, name) ?? otherwise;
  const tools = list(field("tools", []), what("tools"), "tools").map((tool, at) =>
    checked.tool(tool, what(`tools[${at}]`)),
  );
  if (tools.length === 0) {
    throw new PluginError(`${what("tools")} is empty: name the programs that it runs, such as \`tools = ["glow"]\``);
  }
  const ids = tools.map((tool) => tool.id);
  const levels = list(field("levels", [new Level("render", { summary: "Renders." })]), what("levels"), "levels");
  if (levels.length === 0) refuse(what("levels"), "at least one Level", levels);
  new Table(field("lines", []));
  truth(field("frameHooks", false), what("frameHooks"));
  const descriptor = new Descriptor({
    name: text(fieldOf(plugin, "name") ?? nameOf(plugin), what("name")),
    version: text(field("version", "0.1.0"), what("version")),
    summary: text(field("summary", ""), what("summary")),
    extensions: texts(field("extensions", []), what("extensions")),
    supports: text(field("supports", "*"), what("supports")),
    tools,
    levels: levels.map((level, at) => checked.level(level, ids, what(`levels[${at}]`))),
    optionsSchema: schemaOf(field("options", {})),
  });
  try {
    JSON.stringify(descriptor.optionsSchema);
  } catch (cause) {
    throw new PluginError(`${what("options")} cannot be written as JSON: ${cause.message}`, { cause });
  }
  return descriptor;
}

/** `MyRenderer` is called `my-renderer`. */
function nameOf(plugin) {
  const { name } = plugin.constructor;
  if (!name || name === "Plugin" || name === "default") {
    throw new PluginError('the plugin has no name: write `name = "glow"`, or give the class a name');
  }
  return name
    .replace(/([a-z0-9])(?=[A-Z])/g, "$1-")
    .replace(/_/g, "-")
    .toLowerCase();
}

/** The JSON Schema of its jobs' options. */
export function schema(plugin) {
  return schemaOf(fieldOf(plugin, "options") ?? {});
}

/** Whether it says what to do before or after jobs and tasks. */
export function hasHooks(plugin) {
  return Object.keys(HOOKS).some((moment) => plugin[moment] !== Plugin.prototype[moment]);
}

/** The job as it will be kept, or an array of everything that is wrong with it. */
export function validate(plugin, job) {
  const where = `${titleOf(plugin)}.validate`;
  const problems = fieldOf(plugin, "frameHooks") ? [] : job.withoutFrameHooks();
  problems.push(...[job.outputProblem()].filter(Boolean));
  const answer = plugin.validate(job);
  if (answer instanceof PreparedJob) {
    const kept = checked.prepared(answer, where);
    return problems.length > 0 ? problems : kept;
  }
  const told = answer === undefined || answer === null ? [] : answer instanceof Problem ? [answer] : answer;
  if (typeof told !== "object" || typeof told[Symbol.iterator] !== "function") {
    refuse(`what ${where} gave`, "a PreparedJob, problems, or nothing", answer);
  }
  for (const problem of told) problems.push(checked.problem(problem, where));
  return problems.length > 0 ? problems : checked.prepared(job.prepared(), where);
}

/** What a task needs at a level. */
export function needs(plugin, job, level) {
  const answer = plugin.needs(job, level);
  if (answer === undefined || answer === null) return new Needs();
  return checked.needs(answer, `${titleOf(plugin)}.needs`);
}

/** What to run. */
export function buildCommand(plugin, task) {
  const where = `${titleOf(plugin)}.buildCommand`;
  const answer = plugin.buildCommand(task);
  if (answer === undefined)
    throw new TypeError(`${where} gave nothing: a Command was expected; is a \`return\` missing?`);
  const command = checked.command(answer, where);
  const offered = task.tools.map((tool) => tool.id);
  if (!offered.includes(command.tool)) {
    const all = offered.map((id) => `"${id}"`).join(", ") || "none";
    throw new PluginError(`${where} asks for the tool ${shown(command.tool)}; level ${task.level} has ${all}`);
  }
  return command;
}

/** A reader for one process. */
export function reader(plugin, task) {
  const made =
    plugin.reader === Plugin.prototype.reader ? new Reader(task, fieldOf(plugin, "lines")) : plugin.reader(task);
  if (made instanceof Reader) return made;
  return refuse(
    `what ${titleOf(plugin)}.reader gave`,
    "a Reader",
    made,
    made === undefined ? "; is a `return` missing?" : "",
  );
}

/** What a batch of lines says. */
export function read(made, lines) {
  return events(made.read(lines), made);
}

/** What is left at the end. */
export function finish(made) {
  const left = [];
  collect(made.finish(), left, `${made.constructor.name}.finish`);
  return events(left, made);
}

function events(told, made) {
  const where = made.constructor.name;
  for (let at = 0; at < told.length; at += 1) checked.event(told[at], where);
  return told;
}

/** What the end of an attempt means. */
export function judge(plugin, task, outcome) {
  const answer =
    plugin.judge(task, outcome) ?? policy.standard(task, outcome, (fieldOf(plugin, "levels") ?? [1]).length);
  return checked.verdict(answer, `${titleOf(plugin)}.judge`);
}

/** What to do at `beforeJob`, `afterJob`, `beforeTask` or `afterTask`. Actions that are in no hook make one. */
export function hooks(plugin, moment, ...about) {
  const where = `${titleOf(plugin)}.${moment}`;
  const answer = plugin[moment](...about);
  if (answer === undefined || answer === null) return [];
  const answers =
    answer instanceof Hook || checked.isAction(answer) ? [answer] : list(answer, `what ${where} gave`, "hooks");
  const made = [];
  const loose = [];
  for (const one of answers) {
    if (one instanceof Hook) made.push(one);
    else if (checked.isAction(one)) loose.push(one);
    else refuse(`what ${where} gave`, "a Hook, or an action such as a Note,", one);
  }
  if (loose.length > 0) made.unshift(new Hook(HOOKS[moment], loose));
  return made.map((hook) => checked.hook(hook, where));
}
