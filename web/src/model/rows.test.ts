import { expect, test } from "vitest";
import { rowsInSight } from "./rows";

test.each<[number, number, number, number]>([
  [5000, 28, 0, 400],
  [5000, 28, 70_000, 400],
  [5000, 28, 139_600, 400],
  [3, 28, 0, 400],
  [0, 28, 0, 400],
  // A filter has made the list short while it was scrolled far down.
  [40, 28, 90_000, 400],
])("of %d rows of %d pixels those at %d are there, and the list is as high as if all were", (count, row, top, height) => {
  const { from, to, before, after } = rowsInSight(count, row, top, height);
  expect(before + (to - from) * row + after).toBe(count * row);
  expect(to - from).toBeLessThanOrEqual(Math.ceil(height / row) + 26);
  const first = Math.min(Math.floor(top / row), Math.max(0, count - 1));
  if (count > 0) expect(from <= first && first < to).toBe(true);
});
