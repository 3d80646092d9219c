import { expect, test } from "vitest";
import { foldKept, keptFolds } from "./folds";

test.each<[string | null, number[]]>([
  [null, []],
  ["", []],
  ["7,12", [7, 12]],
  ["7,x,-3,,9", [7, 9]],
])("%j is remembered as %j", (text, open) => {
  expect([...keptFolds(text)]).toEqual(open);
});

test("only the newest are remembered", () => {
  expect(foldKept(new Set())).toBeNull();
  expect(foldKept(new Set([3, 1]))).toBe("3,1");
  const many = new Set(Array.from({ length: 300 }, (_, id) => id));
  const kept = foldKept(many)?.split(",") ?? [];
  expect([kept.length, kept[0], kept.at(-1)]).toEqual([200, "100", "299"]);
});
