import { describe, expect, test } from "vitest";
import { cellAt, cellOrigin, layoutStrip } from "./strip";

describe("layoutStrip", () => {
  test.each<[number, number]>([
    [1, 700],
    [48, 700],
    [48, 320],
    [250, 700],
    [2_000, 700],
    [20_000, 320],
    [10_000_000, 700],
  ])("%d frames fit into %d pixels", (count, width) => {
    const layout = layoutStrip(count, width, 120, 40);
    expect(layout.height).toBeLessThanOrEqual(120);
    expect(layout.gutter + layout.columns * layout.pitch).toBeLessThanOrEqual(width);
    expect(layout.rows * layout.columns).toBeGreaterThanOrEqual(layout.cells);
    expect(layout.cells * layout.perCell).toBeGreaterThanOrEqual(count);
    expect((layout.cells - 1) * layout.perCell).toBeLessThan(count);
  });

  test("a frame has a cell of its own as long as there is room", () => {
    expect(layoutStrip(2_000, 700, 120, 40).perCell).toBe(1);
    expect(layoutStrip(20_000, 700, 120, 40).perCell).toBeGreaterThan(1);
  });

  test("few frames lie in one row without labels", () => {
    const layout = layoutStrip(24, 700, 120, 40);
    expect([layout.rows, layout.gutter, layout.pitch]).toEqual([1, 0, 26]);
  });
});

test("a point finds the cell that is drawn there", () => {
  const layout = layoutStrip(500, 400, 120, 40);
  for (const cell of [0, 1, layout.columns - 1, layout.columns, 499]) {
    const { x, y } = cellOrigin(layout, cell);
    expect(cellAt(layout, x + 1, y + 1)).toBe(cell);
  }
  expect(cellAt(layout, 10, 10)).toBe(-1);
  expect(cellAt(layout, 399, layout.height + 1)).toBe(-1);
  const last = cellOrigin(layout, 499);
  expect(cellAt(layout, last.x + layout.pitch + 1, last.y + 1)).toBe(-1);
});
