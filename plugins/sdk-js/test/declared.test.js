// The declarations for editors say what there is: every export, every member, every value of an enumeration.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import * as farmhand from "../index.js";
import * as testing from "../testing.js";

const read = (name) => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

/** What follows a declaration, between its braces. */
function body(text, start) {
  const open = text.indexOf("{", start);
  let depth = 0;
  for (let at = open; at < text.length; at += 1) {
    if (text[at] === "{") depth += 1;
    if (text[at] === "}") depth -= 1;
    if (depth === 0) return text.slice(open + 1, at);
  }
  return "";
}

/** Declarations by name, without those of types. */
function declared(text) {
  const plain = text.replace(/\/\*[^]*?\*\//g, "");
  const found = plain.matchAll(/^export (?:abstract )?(?:class|const|function|namespace) (\w+)/gm);
  return new Map(Array.from(found, (one) => [one[1], body(plain, one.index)]));
}

test("every export is declared, and nothing else", () => {
  assert.deepEqual([...declared(read("index.d.ts")).keys()].sort(), Object.keys(farmhand).sort());
  assert.deepEqual([...declared(read("testing.d.ts")).keys()].sort(), Object.keys(testing).sort());
});

test("every member of a class is declared", () => {
  const declarations = declared(read("index.d.ts"));
  for (const [name, value] of Object.entries(farmhand)) {
    if (typeof value !== "function" || !value.prototype || !/^[A-Z]/.test(name)) continue;
    const own = Object.getOwnPropertyNames(value.prototype).filter((member) => member !== "constructor");
    const statics = Object.getOwnPropertyNames(value).filter(
      (member) => !["length", "name", "prototype"].includes(member),
    );
    for (const member of [...own, ...statics]) {
      assert.match(declarations.get(name), new RegExp(`(?:^|[^\\w])${member}[?(:<]`, "m"), `${name}.${member}`);
    }
  }
});

test("every value of an enumeration and every function of a namespace is declared", () => {
  const declarations = declared(read("index.d.ts"));
  for (const [name, value] of Object.entries(farmhand)) {
    if (typeof value !== "object") continue;
    for (const [member, one] of Object.entries(value)) {
      const wanted =
        typeof one === "string"
          ? `readonly ${member}: "${one}"`
          : typeof one === "function"
            ? `function ${member}(`
            : `const ${member}:`;
      assert.ok(declarations.get(name).includes(wanted), `${name}: ${wanted}`);
    }
  }
});
