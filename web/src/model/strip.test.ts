import { describe, expect, test } from "vitest";
import { boxesOf, cellAt, cellOrigin, cellsOf, choiceBetween, layoutRows, layoutStrip, moved, placesOf, zoomed } from "./strip";

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

describe("layoutRows", () => {
  test.each<[number, number, number]>([
    [2, 48, 700],
    [100, 10_000, 700],
    [100, 10_000, 280],
    [3, 1, 700],
  ])("%d layers of %d frames fit into %d pixels", (layers, count, width) => {
    const layout = layoutRows(layers, count, width, 80);
    expect(layout.gutter + layout.columns * layout.pitch).toBeLessThanOrEqual(width);
    expect(layout.cellsALayer * layout.perCell).toBeGreaterThanOrEqual(count);
    expect((layout.cellsALayer - 1) * layout.perCell).toBeLessThan(count);
    expect(layout.height).toBeLessThanOrEqual(layers * 18);
  });

  test("every frame of every layer is in exactly one cell, and every cell knows its frames", () => {
    const layout = layoutRows(3, 1000, 400, 40, 50);
    const last = placesOf(layout, layout.cells - 1);
    expect([last.layer, last.to]).toEqual([2, 1050]);
    for (const place of [50, 51, 700, 1049]) {
      const cells = cellsOf(layout, { layer: 1, from: place, to: place + 1 });
      const { layer, from, to } = placesOf(layout, cells!.first);
      expect([layer, from <= place, place < to, cells!.first]).toEqual([1, true, true, cells!.last]);
    }
    expect(cellsOf(layout, { layer: 1, from: 0, to: 50 })).toBeNull();
  });
});

describe("what is chosen", () => {
  test("of one layer is wrapped like the frames", () => {
    const layout = layoutStrip(200, 320, 148, 40);
    const { columns } = layout;
    expect(boxesOf(layout, choiceBetween(layout, 2, 0))).toHaveLength(1);
    expect(boxesOf(layout, choiceBetween(layout, columns - 1, columns))).toHaveLength(2);
    expect(boxesOf(layout, choiceBetween(layout, 3 * columns, 1))).toHaveLength(3);
    expect(choiceBetween(layout, 5, 3)).toEqual({ firstLayer: 0, lastLayer: 0, from: 3, to: 6 });
  });

  test("of several layers is a box", () => {
    const layout = layoutRows(4, 20, 700, 40);
    const choice = choiceBetween(layout, 2 * 20 + 4, 20 + 9);
    expect(choice).toEqual({ firstLayer: 1, lastLayer: 2, from: 4, to: 10 });
    expect(boxesOf(layout, choice)).toMatchObject([{ y: layout.pitchY, height: 2 * layout.pitchY - 2 }]);
  });
});

test("a closer look keeps its place and stays within what there is", () => {
  expect(zoomed({ start: 0, count: 1000 }, 1000, 0.5, 500)).toEqual({ start: 250, count: 500 });
  expect(zoomed({ start: 250, count: 500 }, 1000, 2, 250)).toEqual({ start: 0, count: 1000 });
  expect(zoomed({ start: 0, count: 20 }, 1000, 0.01, 10)).toEqual({ start: 2, count: 16 });
  expect(zoomed({ start: 0, count: 5 }, 5, 0.5, 0)).toEqual({ start: 0, count: 5 });
  expect(moved({ start: 900, count: 50 }, 1000, 200)).toEqual({ start: 950, count: 50 });
});
