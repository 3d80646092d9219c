/**
 * A curve of the last two minutes as an SVG path: time goes to the right edge, which is now, and what was not seen is a
 * gap and not a line.
 */
import type { NodeSample } from "../api/types";

export const CURVE = { width: 240, height: 40 } as const;
const WINDOW_MS = 120_000;
/** Samples come every two seconds; more than this apart, and something was not seen. */
const GAP_MS = 6_000;

export interface Point {
  readonly at: number;
  /** 0 to 1; null: not known. */
  readonly value: number | null;
}

/** One figure out of the samples. */
export function pointsOf(samples: readonly NodeSample[], value: (sample: NodeSample) => number | null): Point[] {
  return samples.map((sample) => {
    const found = value(sample);
    return { at: Date.parse(sample.at), value: found === null ? null : Math.min(1, Math.max(0, found)) };
  });
}

/** The line and the area under it, up to `now`, in the units of `CURVE`. */
export function curveOf(points: readonly Point[], now: number): { line: string; area: string } {
  const x = (at: number): number => round(((at - now) / WINDOW_MS + 1) * CURVE.width);
  const y = (value: number): number => round((1 - value) * (CURVE.height - 2) + 1);
  const runs: { at: number; value: number }[][] = [];
  let before = Number.NEGATIVE_INFINITY;
  for (const { at, value } of points) {
    if (value === null || at < now - WINDOW_MS) continue;
    if (at - before > GAP_MS) runs.push([]);
    runs.at(-1)?.push({ at, value });
    before = at;
  }
  const steps = runs.map((run) => run.map(({ at, value }) => `${x(at)} ${y(value)}`).join("L"));
  const line = steps.map((path) => `M${path}`).join("");
  const area = runs
    .map((run, index) => {
      const [first, last] = [run[0], run.at(-1)];
      if (first === undefined || last === undefined) return "";
      return `M${x(first.at)} ${CURVE.height}L${steps[index]}L${x(last.at)} ${CURVE.height}Z`;
    })
    .join("");
  return { line, area };
}

/** The newest value, and the least and the most of the window; null where nothing is known. */
export function rangeOf(points: readonly Point[]): { last: number; least: number; most: number } | null {
  const values = points.flatMap(({ value }) => (value === null ? [] : [value]));
  const last = values.at(-1);
  return last === undefined ? null : { last, least: Math.min(...values), most: Math.max(...values) };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
