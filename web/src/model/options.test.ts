import { expect, test } from "vitest";
import { optionRows } from "./options";

test.each([
  [{ type: "integer", minimum: 1, maximum: 4096, default: 64 }, "integer, 1 to 4096", "64"],
  [{ type: "number", minimum: 0 }, "number, at least 0", null],
  [{ type: ["string", "null"], default: null }, "string", "null"],
  [{ enum: ["CPU", "OPTIX"], default: "CPU" }, "CPU, OPTIX", "CPU"],
  [{ type: "array", items: { type: "string" }, default: [] }, "array of string", "[]"],
  [{ const: 3 }, "3", null],
  [{}, "any", null],
])("%j reads as %s", (option, kind, usual) => {
  expect(optionRows({ properties: { samples: option }, required: ["samples"] })).toEqual([
    { name: "samples", kind, usual, meaning: "", isRequired: true },
  ]);
});

test("titles and descriptions are one meaning, and no schema has no rows", () => {
  const [row] = optionRows({ properties: { a: { type: "boolean", title: "Denoise", description: "After the render." } } });
  expect([row?.meaning, row?.isRequired]).toEqual(["Denoise: After the render.", false]);
  expect(optionRows(null)).toEqual([]);
});
