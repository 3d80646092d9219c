// A script's modules as one text, run by Node.js in QuickJS's place: linking, order, and where mistakes are.

import assert from "node:assert/strict";
import { test } from "node:test";
import "./support.js";
import * as farmhand from "../../../sdk-js/index.js";
import { bundled } from "../src/bundle.js";
import { DEEPEST } from "../src/rewrite.js";
import { ScriptError } from "../src/trouble.js";

/** The text and the map of these files. */
function bundle(files, main = "plugin.js") {
  const read = (name) => files[name];
  return bundled(main, Object.keys(files).sort(), read, { farmhand: Object.keys(farmhand) });
}

/** What the main module exports, as the runner links it. */
function run(files) {
  const { text } = bundle(files);
  const modules = new Map([["farmhand", farmhand]]);
  const tooDeep = () => {
    throw new RangeError("too deep");
  };
  let last;
  for (const [name, body] of (0, eval)(text)(DEEPEST, tooDeep)) {
    const exports = {};
    const module = {
      one: (exported, get) => Object.defineProperty(exports, exported, { get, enumerable: true }),
      all: (from) => {
        for (const exported of Object.keys(from))
          if (exported !== "default" && !(exported in exports)) module.one(exported, () => from[exported]);
      },
    };
    modules.set(name, exports);
    body.call(undefined, (from) => modules.get(from), module);
    last = exports;
  }
  return { ...last };
}

function mistakes(files) {
  try {
    bundle(files);
  } catch (error) {
    assert.ok(error instanceof ScriptError, error.stack);
    return error.told();
  }
  return assert.fail("it was bundled");
}

test("every way to export and to import", () => {
  const given = run({
    "plugin.js": `#!/usr/bin/env node
import Base, * as all from "./lib/base.js" // a remark
import { one, "two words" as two, default as again } from "./lib/base.js"
import data from "./lib/data.json" with { type: "json" }
import { Plugin as P } from "farmhand"
export * from "./lib/base.js"
export * as inner from "./lib/base.js"
export { one as uno, default as dflt } from "./lib/base.js"
const list = [1, 2]
export { list, list as same }
;[3].forEach((x) => list.push(x))
export let count = 0, { a, b: [c, ...d], ...e } = { a: 1, b: [2, 3, 4], f: 5 }
export function up() { count += 1; return count }
up()
export default class extends Base { own = [one, two, again === Base, data.name, all.one, typeof P, this === undefined] }
`,
    "lib/base.js":
      "export default class Base {}\nexport const one = 1, two = 2;\nexport { two as 'two words' };\nlet hidden = 3;\n",
    "lib/data.json": '{ "name": "dätä" }',
    "unused.js": "throw new Error('nobody imports this');",
    "plugin.test.js": "this is not even JavaScript",
  });
  assert.deepEqual(Object.keys(given).sort(), [
    "a",
    "c",
    "count",
    "d",
    "default",
    "dflt",
    "e",
    "inner",
    "list",
    "one",
    "same",
    "two",
    "two words",
    "uno",
    "up",
  ]);
  assert.deepEqual(
    [given.list, given.count, given.a, given.c, given.d, given.e, given.uno],
    [[1, 2, 3], 1, 1, 2, [3, 4], { f: 5 }, 1],
  );
  assert.equal(given.inner.one, 1);
  assert.deepEqual(new given.default().own, [1, 2, true, "dätä", 1, "function", false]);
});

test("defaults without a name", () => {
  for (const [text, expected] of [
    ["export default 3", 3],
    ["export default (1, 2)", 2],
    ["export default /* why */ { a: 1 }\n", { a: 1 }],
    ["const x = 4; export { x as default }", 4],
    ["export default [1]\n.map((x) => x + 1)", [2]],
  ])
    assert.deepEqual(run({ "plugin.js": text }).default, expected, text);
  assert.equal(run({ "plugin.js": "export default function () { return 5 }\n[6].length" }).default(), 5);
  assert.equal(run({ "plugin.js": "export default function named() { return named.name }" }).default(), "named");
});

test("modules are strict, and see nothing of each other but what they import", () => {
  assert.throws(() => run({ "plugin.js": "undeclared = 3; export default 1" }), ReferenceError);
  assert.equal(
    run({ "plugin.js": "import './a.js'; export default typeof secret", "a.js": "const secret = 1" }).default,
    "undefined",
  );
});

test("each module runs once, after those that it imports", () => {
  const log = "globalThis.order = [...(globalThis.order ?? []), ";
  run({
    "plugin.js": `import "./b.js"; import "./a.js"; ${log}"main"]; export default 1`,
    "a.js": `${log}"a"]; export const a = 1`,
    "b.js": `import { a } from "./a.js"; ${log}"b"]`,
  });
  assert.deepEqual(globalThis.order, ["a", "b", "main"]);
  delete globalThis.order;
});

test("a recursion without end is an error, and counts are right after errors", () => {
  const given = run({
    "plugin.js": `
      export default { deep: (n) => { try { return walk(n) } catch (error) { return error.message } }, calls: () => [1, 2].map((x) => ({ x })) };
      const walk = (n) => n === 0 ? "there" : again(n - 1);
      function again(n) { return walk(n) }
      export const gen = [...(function* () { yield 1; return 2 })()];`,
  });
  assert.equal(given.default.deep(50), "there");
  for (let time = 0; time < 3; time += 1) assert.equal(given.default.deep(1e6), "too deep");
  assert.equal(given.default.deep(50), "there");
  assert.deepEqual([given.default.calls(), given.gen], [[{ x: 1 }, { x: 2 }], [1]]);
});

test("every file's mistakes of syntax are told at once, with their lines", () => {
  const { message, traceback } = mistakes({
    "plugin.js": "export default {\n  a: = 3,\n};\n",
    "b.js": "let x = 1;\nlet x = 2;\n",
  });
  assert.equal(message, "SyntaxError: identifier 'x' has already been declared (b.js, line 2), and 1 more");
  assert.equal(
    traceback,
    [
      "SyntaxError: identifier 'x' has already been declared (b.js, line 2)",
      "  at (b.js, line 2)",
      "      let x = 2;",
      "          ^",
      "SyntaxError: unexpected token (plugin.js, line 2)",
      "  at (plugin.js, line 2)",
      "      a: = 3,",
      "         ^",
    ].join("\n"),
  );
});

test("what cannot be imported is named with what can", () => {
  for (const [files, part] of [
    [
      { "plugin.js": 'import { Comand } from "farmhand";' },
      '"farmhand" has no export `Comand`; did you mean `Command`? (plugin.js, line 1)',
    ],
    [
      { "plugin.js": 'import { x } from "./a.js";', "a.js": "export const y = 1" },
      '"./a.js" has no export `x`; it exports y',
    ],
    [
      { "plugin.js": 'import "./rule.js";', "rules.js": "" },
      'there is no "./rule.js" here; did you mean "./rules.js"?',
    ],
    [{ "plugin.js": 'import "./rules";', "rules.js": "" }, 'did you mean "./rules.js"?'],
    [{ "plugin.js": 'import "fs";' }, "a plugin runs without Node.js"],
    [{ "plugin.js": 'import "lodash";', "a.js": "" }, 'it can import "farmhand", "./a.js"'],
    [{ "plugin.js": 'import "../up.js";' }, 'there is no "../up.js" here'],
    [{ "plugin.js": 'import "./a.txt";', "a.txt": "" }, 'is no JavaScript and no JSON; `host.scriptFile("a.txt")`'],
    [{ "plugin.js": 'import "./a.json";', "a.json": '{\n "a": }' }, "(a.json, line"],
    [
      { "plugin.js": 'import "./a.js";', "a.js": 'import "./b.js"', "b.js": '\nimport "./a.js"' },
      "a.js imports b.js imports a.js (b.js, line 2)",
    ],
    [{ "plugin.js": 'const x = import("./a.js")' }, "import() is not available"],
    [{ "plugin.js": "const x = import.meta.url" }, "import.meta is not available"],
    [{ "plugin.js": "await 1" }, "(plugin.js, line 1)"],
  ]) {
    const { message } = mistakes(files);
    assert.ok(message.includes(part), `${part}\n${message}`);
  }
});

test("the map tells the file, the line and what was put before a column", () => {
  const files = {
    "plugin.js": 'import "./a.js";\n\nexport default { run(x) { /* é */ return (y) => y.z } };\n',
    "a.js": "// one\n// two\n",
  };
  const { text, map } = bundle(files);
  const lines = text.split("\n");
  const modules = JSON.parse(map);
  assert.deepEqual(
    modules.map(({ name }) => name),
    ["a.js", "plugin.js"],
  );
  const main = modules[1];
  const line = lines[main.line - 1 + 2];
  assert.ok(line.includes("y.z"), line);
  // What was put into the line before `y.z` is all that moves it, in bytes as QuickJS counts them.
  const bytesBefore = (text) => Buffer.byteLength(text.split("y.z")[0]);
  const original = bytesBefore(files["plugin.js"].split("\n")[2]);
  const put = main.shifts.filter(([at, column]) => at === 3 && column <= original + 1);
  assert.equal(bytesBefore(line) - put.reduce((sum, [, , length]) => sum + length, 0), original);
  assert.equal(files["plugin.js"].slice(main.members.run, main.members.run + 6), "run(x)");
});

test("an empty function is one", () => {
  const text = "export const one = () => {}; export function two() {} export class Three { four() {} }";
  const { one, two, Three } = run({ "plugin.js": text });
  assert.deepEqual([one(), two(), new Three().four()], [undefined, undefined, undefined]);
});
