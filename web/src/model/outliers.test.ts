import { describe, expect, test } from "vitest";
import { highest, spreadOf } from "./outliers";

const above = (values: number[], atLeast = 0.5) => {
  const { limit } = spreadOf(values, atLeast);
  return values.filter((value) => value > limit);
};

describe("what stands out", () => {
  test.each<[string, number[], number[]]>([
    ["one slow frame", [2, 2.1, 1.9, 2, 2.2, 2, 2.1, 1.8, 2, 9], [9]],
    ["nothing among frames that differ", [1, 5, 3, 8, 2, 9, 4, 7, 6], []],
    ["a slow frame among equal ones", [4, 4, 4, 4, 4, 4, 4, 4, 30], [30]],
    ["nothing that only a stopwatch notices", [4, 4, 4, 4, 4, 4, 4, 4, 4.4], []],
    ["nothing where there are too few", [1, 1, 1, 50], []],
    ["no value that is not there", [2, 2, 2, 2, NaN, 2, 2, 2, 2, 2], []],
    ["several that do not hide one another", [1, 1, 1, 1, 1, 1, 1, 20, 21, 22], [20, 21, 22]],
  ])("%s", (_, values, expected) => {
    expect(above(values)).toEqual(expected);
  });

  test("the median is the middle", () => {
    expect(spreadOf([3, NaN, 1, 2], 0)).toMatchObject({ count: 3, median: 2 });
    expect(spreadOf([4, 1, 2, 3], 0).median).toBe(2.5);
    expect(spreadOf([], 0).median).toBeNaN();
  });
});

test("the highest come first, and of equal ones the first", () => {
  expect(highest([1, 9, NaN, 4, 9, 2], 3)).toEqual([1, 4, 3]);
  expect(highest([NaN], 3)).toEqual([]);
});
