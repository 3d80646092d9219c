import { expect, test } from "vitest";
import type { PlannedJob } from "../api/batch-file";
import { emptyBatch, fileOf, keptBatch, languageOfName, languageOfText, offsetsOf, standingsOf } from "./batch-file";

test.each([
  ["seq.yaml", "yaml"],
  ["SEQ.YML", "yaml"],
  ["a/b.toml", "toml"],
  ["b.json", "json"],
  ["shot.blend", null],
  ["yaml", null],
])("the language of a file called %s is %s", (name, expected) => {
  expect(languageOfName(name)).toBe(expected);
});

test.each([
  ["name: seq010\njobs: []", "yaml"],
  ["# a comment\n\nname: x = y", "yaml"],
  ["- a", "yaml"],
  ["", "yaml"],
  ['# a comment\nname = "seq010"', "toml"],
  ["[[jobs]]\nscene = 1", "toml"],
  ["[defaults] # all of them\n", "toml"],
  [' {"name": "x"}', "json"],
])("%j looks like %s", (text, expected) => {
  expect(languageOfText(text)).toBe(expected);
});

test("what is sent is what is set", () => {
  const draft = { ...emptyBatch(), text: "name: a" };
  expect(fileOf({ ...draft, text: " \n" }, "ada")).toBeNull();
  expect(fileOf(draft, " ")).toEqual({ text: "name: a", language: "yaml" });
  // What somebody chose goes before the file's name, and that before the looks.
  expect(fileOf({ ...draft, name: "a.toml", fresh: true }, "ada")).toEqual({ text: "name: a", language: "toml", name: "a.toml", user: "ada", fresh: true });
  expect(fileOf({ ...draft, name: "a.toml", language: "json" }, "")?.language).toBe("json");
});

test.each([
  [1, 1, "name: 🐑 x"],
  [1, 9, "x"],
  [2, 3, "c"],
  [3, 1, ""],
  [9, 9, ""],
])("line %d, column %d", (line, column, expected) => {
  const text = "name: 🐑 x\na c\n";
  const [start, end] = offsetsOf(text, line, column);
  expect(text.slice(start, end)).toBe(expected);
});

test("jobs are counted by what would become of them", () => {
  const jobs = ["complete", "new", "new"].map((standing) => ({ standing }) as PlannedJob);
  expect(standingsOf(jobs)).toEqual([["new", 2], ["complete", 1]]);
});

test.each<[unknown, unknown]>([
  [null, emptyBatch()],
  [{ text: 7, name: "" }, emptyBatch()],
  [{ text: "a", name: "b.yaml", language: "xml", fresh: 1 }, { text: "a", name: "b.yaml", language: null, fresh: false }],
])("of %j as it was kept", (kept, expected) => {
  expect(keptBatch(kept)).toEqual(expected);
});
