import { describe, expect, test } from "vitest";
import { barOf, isExact, isSmall, lastTop, lineAt, marksOf, moved, placeOf, spaceOf, TALLEST, topOf } from "./log-scroll";

const short = { lines: 1000, row: 20, view: 400 };
const long = { lines: 20_000_000, row: 20, view: 400 };

describe("a log that a browser can draw", () => {
  test("goes pixel by pixel", () => {
    expect(isExact(short)).toBe(true);
    expect(spaceOf(short)).toBe(20_000);
    expect(topOf(0, short)).toEqual({ line: 1, above: 0 });
    expect(topOf(1235, short)).toEqual({ line: 62, above: 15 });
    expect(barOf({ line: 62, above: 15 }, short)).toBe(1235);
    expect(topOf(19_600, short)).toEqual(lastTop(short));
  });

  test("one that fits has nothing to scroll", () => {
    const tiny = { lines: 3, row: 20, view: 400 };
    expect(spaceOf(tiny)).toBe(400);
    expect(barOf({ line: 3, above: 0 }, tiny)).toBe(0);
    expect(topOf(0, tiny)).toEqual({ line: 1, above: 0 });
    expect(lastTop(tiny)).toEqual({ line: 1, above: 0 });
  });
});

describe("a log that is taller than any box", () => {
  test("has a box of bounded height whose ends are the log's ends", () => {
    expect(isExact(long)).toBe(false);
    expect(spaceOf(long)).toBe(TALLEST);
    expect(topOf(0, long)).toEqual({ line: 1, above: 0 });
    expect(topOf(TALLEST - 400, long)).toEqual(lastTop(long));
    expect(topOf((TALLEST - 400) / 2, long).line).toBe(9_999_991);
  });

  test.each([1, 2, 17, 999_999, 10_000_000, 19_999_000])("the bar leads back to line %i", (line) => {
    const back = topOf(barOf({ line, above: 0 }, long), long);
    expect(Math.abs(back.line - line)).toBeLessThanOrEqual(1);
  });

  test("a wheel moves by pixels and a drag jumps", () => {
    expect(isSmall(100, long)).toBe(true);
    expect(isSmall(-399, long)).toBe(true);
    expect(isSmall(5000, long)).toBe(false);
  });
});

describe("moving by pixels", () => {
  const heights: Record<number, number> = { 1: 20, 2: 60, 3: 20, 4: 40 };
  const heightOf = (line: number): number => heights[line] ?? 20;
  test.each<[number, number, number, number, number]>([
    [1, 0, 30, 2, 10],
    [1, 0, 79, 2, 59],
    [1, 0, 80, 3, 0],
    [4, 0, -30, 2, 50],
    [2, 10, -200, 1, 0],
    [3, 0, 10_000, 10, 9880 - 6 * 20 + 160],
  ])("from line %i, %i above, by %i to line %i", (line, above, by, expected, rest) => {
    const to = moved({ line, above }, by, 10, heightOf);
    expect(to.line).toBe(expected);
    if (expected < 10) expect(to.above).toBe(rest);
  });
});

describe("marks beside the bar", () => {
  test("as many as the bar has places, first and last at its ends", () => {
    const marks = marksOf([1, 2, 3, 500_000, 1_000_000], 1_000_000, 1000);
    expect(marks).toEqual([0, 500, 1000]);
    expect(placeOf(1, 1, 1000)).toBe(0);
    expect(marksOf(Array.from({ length: 50_000 }, (_, n) => n + 1), 50_000, 100)).toHaveLength(101);
  });

  test("a click takes the mark that is near, else the line in proportion", () => {
    expect(lineAt(500, 1001, 1000, [498, 800], 5)).toBe(498);
    expect(lineAt(500, 1001, 1000, [400], 5)).toBe(501);
    expect(lineAt(0, 1001, 1000, [], 5)).toBe(1);
    expect(lineAt(1000, 1001, 1000, [], 5)).toBe(1001);
  });
});
