import { describe, expect, test } from "vitest";
import type { AttemptSpan } from "../api/past";
import { cameFrom, chainOf, extentOf, fateOf, lanesOf, lastWith, piecesOf, ticks } from "./timeline";

const at = (second: number): string => new Date(second * 1000).toISOString();

function span(id: number, from: number, to: number | null, more: Partial<AttemptSpan> = {}): AttemptSpan {
  return {
    id,
    layer: null,
    frames: "1-10",
    missed: "",
    level: 0,
    level_name: "render",
    try_number: 1,
    plugin: 0,
    gpus: [],
    started: at(from),
    running: null,
    first_frame: null,
    process_ended: null,
    ended: to === null ? null : at(to),
    decision: to === null ? null : "accept",
    cause: null,
    reason: null,
    peak_memory_bytes: null,
    ...more,
  };
}

describe("lanes", () => {
  test("attempts side by side lie in lanes of their own, one after the other in the same", () => {
    const spans = [span(4, 20, null), span(3, 10, 30), span(2, 0, 20), span(1, 0, 10)];
    const { lanes, lane } = lanesOf(spans, 40_000);
    expect(lanes).toBe(2);
    expect([...lane]).toEqual([1, 0, 1, 0]);
  });

  test("thousands are laid out at once", () => {
    const spans = Array.from({ length: 5000 }, (_, n) => span(n + 1, n, n + 8));
    expect(lanesOf(spans, 0).lanes).toBe(8);
  });
});

test.each<[string, Partial<AttemptSpan>, string[]]>([
  ["all steps", { running: at(2), first_frame: at(4), process_ended: at(9) }, ["starting 0-4", "rendering 4-9", "verifying 9-10"]],
  ["a renderer that tells of no frame", { running: at(2), process_ended: at(9) }, ["starting 0-2", "rendering 2-9", "verifying 9-10"]],
  ["one that never came to anything", {}, ["starting 0-10"]],
  ["one that is still coming up", { running: at(2), ended: null }, ["starting 0-10"]],
])("the steps of %s", (_, more, expected) => {
  const pieces = piecesOf(span(1, 0, 10, more), 10_000);
  expect(pieces.map((piece) => `${piece.step} ${piece.from / 1000}-${piece.to / 1000}`)).toEqual(expected);
});

test.each<[Partial<AttemptSpan>, string]>([
  [{ decision: null }, "live"],
  [{ decision: "accept" }, "fine"],
  [{ decision: "accept", missed: "3" }, "retry"],
  [{ decision: "fall-back" }, "fall-back"],
  [{ decision: "hold-job" }, "held"],
  [{ decision: "fail-frames" }, "failed"],
  [{ decision: "fail-job" }, "failed"],
])("%j is told as %s", (more, fate) => {
  expect(fateOf(span(1, 0, 1, more))).toBe(fate);
});

test("an attempt follows from the last one that left its frames undone", () => {
  const spans = [
    span(6, 9, null, { frames: "4", level: 2 }),
    span(5, 6, 9, { frames: "3-4", missed: "4", level: 1, decision: "fall-back" }),
    span(4, 5, 9, { frames: "4", layer: "fog", missed: "4" }),
    span(3, 3, 5, { frames: "8", missed: "8", decision: "retry" }),
    span(2, 0, 5, { frames: "1-5", missed: "3-4", decision: "fall-back" }),
  ];
  expect(chainOf(spans, spans[0]!).map((one) => one.id)).toEqual([5, 2]);
  expect(cameFrom(spans, spans[4]!)).toBeNull();
  expect(lastWith(spans, null, 3)?.id).toBe(5);
  expect(lastWith(spans, null, 9)).toBeNull();
});

test("the extent is that of all, and never nothing", () => {
  expect(extentOf([span(1, 5, 9), span(2, 7, null)], 12_000)).toEqual({ from: 5000, to: 12_000 });
  expect(extentOf([], 12_000)).toEqual({ from: 11_000, to: 12_000 });
});

test("ticks are round in local time and no more than there is room for", () => {
  expect(ticks(1_000, 61_000, 4, 0)).toEqual([15_000, 30_000, 45_000, 60_000]);
  expect(ticks(0, 7_200_000, 3, 1_800_000)).toEqual([1_800_000, 5_400_000]);
});
