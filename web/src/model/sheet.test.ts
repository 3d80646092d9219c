import { expect, test } from "vitest";
import { GAP, layoutSheet, visibleCells } from "./sheet";

test.each([
  [100, 1000, 176, 5],
  [100, 360, 176, 2],
  [100, 100, 176, 1],
  [0, 1000, 176, 5],
])("%d cells in %d pixels", (count, width, smallest, columns) => {
  const layout = layoutSheet(count, width, smallest, 16 / 9, 20);
  expect(layout.columns).toBe(columns);
  expect(layout.rows).toBe(Math.ceil(count / columns));
  expect(layout.columns * (layout.width + GAP) - GAP).toBeLessThanOrEqual(width);
  expect(layout.height).toBeGreaterThanOrEqual(0);
});

test("only what is near is drawn, however many frames there are", () => {
  const layout = layoutSheet(1_000_000, 1000, 176, 16 / 9, 20);
  const check = (top: number, from: number): void => {
    const cells = visibleCells(layout, 1_000_000, top, 800, 1);
    expect(cells.from).toBe(from);
    expect(cells.to - cells.from).toBeLessThan(60);
    expect(cells.to).toBeGreaterThan(cells.from);
  };
  check(0, 0);
  check(layout.pitch * 10, 9 * layout.columns);
  expect(visibleCells(layout, 1_000_000, layout.height - 800, 800, 1).to).toBe(1_000_000);
  expect(visibleCells(layoutSheet(3, 1000, 176, 1, 20), 3, 0, 800, 1)).toEqual({ from: 0, to: 3 });
  expect(visibleCells(layoutSheet(0, 1000, 176, 1, 20), 0, 0, 800, 1)).toEqual({ from: 0, to: 0 });
});
