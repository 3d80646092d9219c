import { expect, test } from "vitest";
import { pieces, plainText, withoutRepeat } from "./prose";

const plain = (text: string) => ({ code: false, text });
const code = (text: string) => ({ code: true, text });
const now = Date.now();

test.each<[string, ReturnType<typeof plain>[]]>([
  ["", []],
  ["paused; `farmhand resume` lets it go on", [plain("paused; "), code("farmhand resume"), plain(" lets it go on")]],
  ["`a``b`", [code("a"), code("b")]],
  ["it`s odd", [plain("it`s odd")]],
])("%j", (sentence, expected) => {
  expect(pieces(sentence, now)).toEqual(expected);
});

test("a time is told in local time", () => {
  const local = new Date(2026, 10, 22, 3, 14, 5);
  const sentence = `tries again at ${local.toISOString()}: no licence`;
  expect(pieces(sentence, local.getTime())).toEqual([plain("tries again at 03:14:05: no licence")]);
});

test("a tooltip has no markup", () => {
  expect(plainText("`farmhand resume` lets it go on", 0)).toBe("farmhand resume lets it go on");
});

test.each<[string, string, string]>([
  ["frames 1-20: failed, no such rig", "no such rig", "frames 1-20: failed"],
  ["frames 1-20 go on at level safe", "no such rig", "frames 1-20 go on at level safe"],
  ["no such rig", "no such rig", "no such rig"],
  ["done", "", "done"],
])("%j after %j is %j", (sentence, said, left) => {
  expect(withoutRepeat(sentence, said)).toBe(left);
});
