import { expect, test } from "vitest";
import { inView, scrolledTo } from "./window";

test.each<[string, [number, number, number, number, number], [number, number]]>([
  ["the top", [0, 100, 20, 1000, 2], [0, 7]],
  ["the middle, with some to spare", [210, 100, 20, 1000, 2], [8, 18]],
  ["the end", [19_900, 100, 20, 1000, 2], [993, 1000]],
  ["past the end, as when the list has become short", [19_900, 100, 20, 3, 2], [2, 3]],
  ["nothing", [0, 100, 20, 0, 2], [0, 0]],
  ["before anything is measured", [0, 0, 0, 1000, 2], [0, 0]],
])("rows in view: %s", (_, [top, height, row, count, spare], [start, end]) => {
  expect(inView(top, height, row, count, spare)).toEqual({ start, end });
});

test.each<[number, number, number]>([
  [5, 0, 20],
  [3, 50, 50],
  [2, 50, 40],
  [20, 50, 320],
])("row %d from %d scrolls to %d", (row, top, expected) => {
  expect(scrolledTo(row, top, 100, 20)).toBe(expected);
});
