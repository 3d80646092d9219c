import { expect, test } from "vitest";
import { CURVE, curveOf, pointsOf, rangeOf } from "./curve";

const at = (second: number, value: number | null) => ({ at: second * 1000, value });

test("now is the right edge and two minutes ago the left one", () => {
  const { line, area } = curveOf([at(0, 0), at(2, 1), at(4, 0.5)], 120_000);
  expect(line).toBe("M0 39L4 1L8 20");
  expect(area).toBe("M0 40L0 39L4 1L8 20L8 40Z");
  expect(curveOf([at(120, 1)], 120_000).line).toBe(`M${CURVE.width} 1`);
});

test("what was not seen is a gap", () => {
  expect(curveOf([at(60, 0), at(62, 0), at(80, 0)], 120_000).line).toBe("M120 39L124 39M160 39");
  expect(curveOf([at(60, 0), at(62, null), at(64, 0)], 120_000).line).toBe("M120 39L128 39");
  expect(curveOf([at(60, 0), at(62, null), at(64, null), at(68, 0)], 120_000).line).toBe("M120 39M136 39");
  expect(curveOf([at(-10, 0)], 120_000)).toEqual({ line: "", area: "" });
});

test("values stay within the picture, and the range is told", () => {
  const samples = [null, 1.5, 0.25].map((cpu, n) => ({
    at: new Date(n * 1000).toISOString(), cpu, memory_used_bytes: null, gpus: [],
  }));
  const points = pointsOf(samples, ({ cpu }) => cpu);
  expect(points.map(({ value }) => value)).toEqual([null, 1, 0.25]);
  expect(rangeOf(points)).toEqual({ last: 0.25, least: 0.25, most: 1 });
  expect(rangeOf(points.slice(0, 1))).toBeNull();
});
