import { describe, expect, test } from "vitest";
import { fitted, formOf, leftover, optionsOf, rawOf, rawsOf, valueOf, type Field, type Json, type Raw } from "./schema";

const one = (schema: unknown, required = false): Field => {
  const field = formOf({ type: "object", properties: { it: schema }, required: required ? ["it"] : [] }).fields[0];
  if (field === undefined) throw new Error("no field");
  return field;
};

describe("what a schema is drawn as", () => {
  test.each<[unknown, string]>([
    [{ type: "string" }, "text"],
    [{ type: "string", enum: ["a", "b"] }, "choice"],
    [{ enum: ["a", 2, true, null] }, "choice"],
    [{ const: "only" }, "choice"],
    [{ oneOf: [{ const: 1, title: "One" }, { const: 2 }] }, "choice"],
    [{ anyOf: [{ const: "a" }, { const: "b" }] }, "choice"],
    [{ type: "integer" }, "number"],
    [{ type: "number" }, "number"],
    [{ minimum: 3 }, "number"],
    [{ pattern: "^a" }, "text"],
    [{ type: ["integer", "null"] }, "number"],
    [{ anyOf: [{ type: "integer", minimum: 1 }, { type: "null" }] }, "number"],
    [{ oneOf: [{ type: "null" }, { type: "string" }], title: "T" }, "text"],
    [{ type: "boolean" }, "switch"],
    [{ type: "array", items: { type: "string" } }, "list"],
    [{ items: { type: "integer" } }, "list"],
    [{ type: "array", items: { enum: ["a"] } }, "list"],
    [{ type: "object", properties: { x: { type: "integer" } } }, "group"],
    [{ properties: { x: { type: "integer" } } }, "group"],
    // What no field can say is written as JSON.
    [true, "json"],
    [{}, "json"],
    [{ type: "null" }, "json"],
    [{ type: "object" }, "json"],
    [{ type: "object", properties: {} }, "json"],
    [{ type: "object", additionalProperties: { type: "number" } }, "json"],
    [{ type: "object", properties: { x: {} }, patternProperties: { "^a": {} } }, "json"],
    [{ type: ["string", "integer"] }, "json"],
    [{ anyOf: [{ type: "string" }, { type: "integer" }] }, "json"],
    [{ type: "string", not: { const: "x" } }, "json"],
    [{ type: "array" }, "json"],
    [{ type: "array", items: { type: "array", items: { type: "string" } } }, "json"],
    [{ type: "array", items: { type: "object", properties: { x: { type: "string" } } } }, "json"],
    [{ type: "array", prefixItems: [{ type: "string" }], items: { type: "string" } }, "json"],
    [{ type: "array", items: { type: "boolean" } }, "json"],
    [{ type: "who-knows" }, "json"],
  ])("%j: %s", (schema, kind) => {
    expect(one(schema).kind).toBe(kind);
  });

  test("an object in an object is one too many", () => {
    const group = one({ type: "object", properties: { inner: { type: "object", properties: { x: { type: "string" } } } } });
    expect(group.kind === "group" && group.fields.map((field) => field.kind)).toEqual(["json"]);
  });

  test("titles, defaults and what is needed", () => {
    const form = formOf({
      type: "object",
      required: ["light_samples", "given"],
      additionalProperties: false,
      properties: {
        light_samples: { type: "integer", description: "How many." },
        given: { type: "string", title: "Given", default: "x" },
        "--": { type: "string" },
      },
    });
    expect(form.open).toBe(false);
    expect(form.fields.map((field) => [field.title, field.description, field.required, field.default])).toEqual([
      ["Light samples", "How many.", true, undefined],
      ["Given", "", false, "x"],
      ["--", "", false, undefined],
    ]);
  });

  test.each<[unknown, boolean]>([
    [{ type: "object" }, true],
    [{ type: "object", additionalProperties: false }, false],
    [{ type: "object", additionalProperties: { type: "string" } }, true],
    [null, true],
    ["nonsense", true],
  ])("%j takes options that it does not name: %s", (schema, open) => {
    expect(formOf(schema)).toEqual({ fields: [], open });
  });

  test("choices have their titles, and longer texts room", () => {
    const choice = one({ oneOf: [{ const: 1, title: "One" }, { const: "two" }] });
    expect(choice.kind === "choice" && choice.choices).toEqual([
      { value: 1, title: "One" },
      { value: "two", title: "two" },
    ]);
    const mel = one({ type: "string", contentMediaType: "text/x-mel" });
    expect(mel.kind === "text" && mel.multiline).toBe(true);
    const path = one({ type: "string", format: "path", examples: ["/a"] });
    expect(path.kind === "text" && [path.multiline, path.isPath, path.example]).toEqual([false, true, "/a"]);
    const angle = one({ type: "number", unit: "°" });
    expect(angle.kind === "number" && angle.unit).toBe("°");
  });
});

describe("what is put in", () => {
  const values: [unknown, Raw | undefined, Json | undefined][] = [
    [{ type: "string" }, undefined, undefined],
    [{ type: "string" }, "  ", undefined],
    [{ type: "string" }, " a ", " a "],
    [{ type: "string", pattern: "^[a-z]+$" }, "abc", "abc"],
    // A pattern of the daemon's that this browser cannot read is the daemon's to check.
    [{ type: "string", pattern: "(?i)abc" }, "ABC", "ABC"],
    [{ type: "string", minLength: 1, maxLength: 1 }, "🐝", "🐝"],
    [{ type: "integer" }, "5", 5],
    [{ type: "integer" }, " -5 ", -5],
    [{ type: "integer" }, "1e3", 1000],
    [{ type: "integer" }, "5.0", 5],
    [{ type: "number" }, ".5", 0.5],
    [{ type: "number", multipleOf: 0.1 }, "0.3", 0.3],
    [{ type: "boolean" }, false, false],
    [{ type: "boolean", default: true }, false, false],
    [{ enum: ["a", 2, null] }, "2", 2],
    [{ enum: ["a", 2, null] }, '"a"', "a"],
    [{ enum: ["a", 2, null] }, "null", null],
    [{ type: "array", items: { type: "string" } }, ["a", "", " ", "b"], ["a", "b"]],
    [{ type: "array", items: { type: "integer" }, minItems: 2, maxItems: 2 }, ["1920", "1080"], [1920, 1080]],
    [{ type: "array", items: { type: "integer" }, minItems: 2, maxItems: 2 }, ["", ""], undefined],
    [{ type: "object", properties: { x: { type: "integer" }, y: { type: "string" } } }, { of: { x: "1", y: "" } }, { x: 1 }],
    [{ type: "object", properties: { x: { type: "integer" } } }, { of: { x: "" } }, undefined],
    [{ type: "object" }, { json: '{"a": [1]}' }, { a: [1] }],
    [{}, { json: "null" }, null],
    [{}, { json: " " }, undefined],
    [{ type: "string" }, { json: '""' }, ""],
  ];
  test.each(values)("%j with %j is %j", (schema, raw, value) => {
    expect(valueOf(one(schema), raw)).toEqual(value === undefined ? { wrong: [] } : { value, wrong: [] });
  });

  const mistakes: [unknown, Raw | undefined, string, string][] = [
    [{ type: "string", minLength: 3 }, "ab", "/it", "at least 3"],
    [{ type: "string", maxLength: 1 }, "ab", "/it", "at most 1"],
    [{ type: "string", pattern: "^a$" }, "b", "/it", "^a$"],
    [{ type: "integer" }, "five", "/it", "number"],
    [{ type: "integer" }, "0x10", "/it", "number"],
    [{ type: "integer" }, "1,5", "/it", "number"],
    [{ type: "integer" }, "1.5", "/it", "whole"],
    [{ type: "integer" }, "99999999999999999999", "/it", "whole"],
    [{ type: "number" }, "1e999", "/it", "number"],
    [{ type: "integer", minimum: 1 }, "0", "/it", "1 is the least"],
    [{ type: "integer", maximum: 9 }, "10", "/it", "9 is the most"],
    [{ type: "number", exclusiveMinimum: 0 }, "0", "/it", "more than 0"],
    [{ type: "number", exclusiveMaximum: 1 }, "1", "/it", "less than 1"],
    [{ type: "integer", multipleOf: 8 }, "12", "/it", "multiple of 8"],
    [{ enum: ["a"] }, '"b"', "/it", "b"],
    [{ type: "array", items: { type: "integer" } }, ["1", "x"], "/it/1", "number"],
    [{ type: "array", items: { type: "integer" }, minItems: 2, maxItems: 2 }, ["1", ""], "/it/1", "needed"],
    [{ type: "array", items: { type: "string" }, minItems: 9 }, ["1"], "/it", "at least 9"],
    [{ type: "array", items: { type: "string" }, maxItems: 1 }, ["1", "2"], "/it", "at most 1"],
    [{ type: "array", items: { type: "string" }, uniqueItems: true }, ["1", "1"], "/it", "twice"],
    [{ type: "object", properties: { "a/b": { type: "integer" } } }, { of: { "a/b": "x" } }, "/it/a~1b", "number"],
    [{ type: "object", properties: { x: {}, y: { type: "string" } }, required: ["x"] }, { of: { y: "1" } }, "/it/x", "needed"],
    [{ type: "object" }, { json: "[1]" }, "/it", "object"],
    [{ type: "object" }, { json: "{a}" }, "/it", "JSON"],
    [{ type: "integer" }, { json: "1.5" }, "/it", "integer"],
  ];
  test.each(mistakes)("%j with %j is wrong at %s: %s", (schema, raw, pointer, part) => {
    const { value, wrong } = valueOf(one(schema), raw);
    expect(wrong).toHaveLength(1);
    expect(wrong[0]?.pointer).toBe(pointer);
    expect(wrong[0]?.message.toLowerCase()).toContain(part.toLowerCase());
    if (!("properties" in (schema as object))) expect(value).toBeUndefined();
  });

  test("what is needed is missing, and no mistake", () => {
    expect(valueOf(one({ type: "string" }, true), "").wrong).toMatchObject([{ pointer: "/it", missing: true }]);
    expect(valueOf(one({ type: "string", default: "a" }, true), "").wrong).toEqual([]);
  });
});

describe("a value put back into its field", () => {
  test.each<[unknown, Json, Raw | undefined]>([
    [{ type: "string" }, "a", "a"],
    [{ type: "string" }, "", { json: '""' }],
    [{ type: "string", default: "a" }, "a", undefined],
    [{ type: "integer" }, 5, "5"],
    [{ type: "integer" }, "5", { json: '"5"' }],
    [{ type: "boolean", default: true }, false, false],
    [{ enum: ["a", 2] }, 2, "2"],
    [{ enum: ["a", 2] }, "gone", { json: '"gone"' }],
    [{ type: "array", items: { type: "integer" } }, [1, 2], ["1", "2"]],
    [{ type: "array", items: { type: "integer" } }, [], { json: "[]" }],
    [{ type: "array", items: { type: "integer" }, default: [] }, [], undefined],
    [{ type: "array", items: { type: "integer", default: 1 } }, [1], ["1"]],
    [{ type: "array", items: { type: "integer" } }, ["x"], { json: '["x"]' }],
    [{ type: "object", properties: { x: { type: "integer" } } }, { x: 1 }, { of: { x: "1" } }],
    [{ type: "object", properties: { x: { type: "integer" } } }, { x: 1, more: 2 }, { json: '{"x":1,"more":2}' }],
    [{ type: "object", properties: { x: { type: "integer", default: 1 } } }, { x: 1 }, { json: '{"x":1}' }],
    [{}, { a: 1 }, { json: '{"a":1}' }],
    [{ type: "integer" }, null, { json: "null" }],
  ])("%j, %j: %j", (schema, value, raw) => {
    const field = one(schema);
    expect(rawOf(field, value)).toEqual(raw);
    // What was valid comes out as it went in.
    const again = valueOf(field, raw);
    if (raw !== undefined && again.wrong.length === 0) expect(again.value).toEqual(value);
  });
});

describe("a schema that changes under the form", () => {
  test.each<[unknown, Raw, Raw]>([
    [{ type: "integer" }, "abc", "abc"],
    [{ type: "boolean" }, "abc", { json: '"abc"' }],
    [{ type: "boolean" }, "12", { json: "12" }],
    [{ type: "string" }, ["a", "b"], { json: '["a","b"]' }],
    [{ type: "string" }, true, { json: "true" }],
    [{ enum: ["a"] }, "typed", { json: '"typed"' }],
    [{ enum: ["a"] }, '"a"', '"a"'],
    [{ type: "array", items: { type: "string" } }, "a", { json: '"a"' }],
    [{ type: "object", properties: { x: {} } }, { of: { gone: "1" } }, { json: '{"gone":1}' }],
    [{ type: "object" }, { of: { x: "1" } }, { json: '{"x":1}' }],
  ])("%j shows %j as %j", (schema, raw, expected) => {
    expect(fitted(one(schema), raw)).toEqual(expected);
  });

  test("what has no field any more is kept, told and not sent", () => {
    const before = formOf({ properties: { a: { type: "integer" }, b: { type: "string" } }, additionalProperties: false });
    const after = formOf({ properties: { b: { type: "string" } }, additionalProperties: false });
    const raws = { a: "1", b: "x", blank: "" };
    expect(optionsOf(before, raws, "")).toEqual({ options: { a: 1, b: "x" }, wrong: [] });
    expect(optionsOf(after, raws, "")).toEqual({ options: { b: "x" }, wrong: [] });
    expect(leftover(after, raws)).toEqual([["a", "1"]]);
  });

  test("options that a schema does not name are written as JSON where it takes them", () => {
    const open = formOf({ properties: { a: { type: "integer" } } });
    expect(optionsOf(open, { a: "1" }, '{"b": 2}')).toEqual({ options: { a: 1, b: 2 }, wrong: [] });
    expect(optionsOf(open, {}, "[]").wrong).toMatchObject([{ pointer: "" }]);
    const closed = formOf({ properties: {}, additionalProperties: false });
    expect(optionsOf(closed, {}, '{"b": 2}')).toEqual({ options: {}, wrong: [] });
  });

  test("all options of a job come back, with those that nobody knows", () => {
    const form = formOf({ properties: { a: { type: "integer" }, d: { type: "string", default: "x" } } });
    expect(rawsOf(form, { a: 1, d: "x", gone: [1] })).toEqual({ a: "1", gone: { json: "[1]" } });
  });
});
