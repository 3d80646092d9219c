import { expect, test } from "vitest";
import { fitted, panned, pieceOf, zoomedAt, type Zoom } from "./zoom";

const box = { width: 800, height: 600 };
const placed = fitted({ width: 1600, height: 900 }, box);
const fit: Zoom = { scale: 1, x: 0, y: 0 };
const window = { x: -10, y: 5, width: 1600, height: 900 };
const zoom = (from: Zoom, factor: number, point: { x: number; y: number }): Zoom => panned(zoomedAt(from, factor, point, placed, 32), placed, box);

test("an image fits into the middle", () => {
  expect(placed).toEqual({ x: 0, y: 75, width: 800, height: 450 });
  expect(fitted({ width: 10, height: 20 }, box)).toEqual({ x: 250, y: 0, width: 300, height: 600 });
});

test("what is pointed at stays where it is", () => {
  const point = { x: 400, y: 300 };
  const before = pieceOf(fit, placed, window, point);
  const near = zoom(fit, 4, point);
  expect(pieceOf(near, placed, window, point)).toEqual(before);
  expect(pieceOf(zoom(near, 2, point), placed, window, point)).toEqual(before);
  expect(before).toEqual({ x: 790, y: 455 });
});

test("it is never smaller than fits, never too large, and never moved away", () => {
  expect(zoom(fit, 0.1, { x: 0, y: 0 })).toEqual(fit);
  expect(zoom(fit, 1e9, { x: 400, y: 300 }).scale).toBe(32);
  const near = panned({ scale: 2, x: 5000, y: -5000 }, placed, box);
  expect(near).toEqual({ scale: 2, x: 0, y: 600 - 900 - 75 });
  expect(panned({ scale: 1.1, x: 7, y: 7 }, placed, box).y).toBeCloseTo((600 - 495) / 2 - 75);
});

test("beside the image there is no pixel, but a nearest one", () => {
  expect(pieceOf(fit, placed, window, { x: 400, y: 10 })).toBeNull();
  expect(pieceOf(fit, placed, window, { x: 900, y: 700 }, true)).toEqual({ x: 1589, y: 904 });
  expect(pieceOf(fit, placed, window, { x: 0, y: 75 })).toEqual({ x: -10, y: 5 });
});
