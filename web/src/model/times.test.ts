import { describe, expect, test } from "vitest";
import type { TimesView } from "../api/past";
import { FrameIndex, parseFrames } from "./frames";
import { BLOCK, LayerTimes, memoryOf } from "./times";

function times(frames: string): LayerTimes {
  return new LayerTimes(new FrameIndex(parseFrames(frames)));
}

function view(frames: string, seconds: (number | null)[], attempts: number[]): TimesView {
  return { job: 1, layer: null, frames, seconds, attempts, costs: [], next: null };
}

describe("times of a layer", () => {
  test("an answer finds its frames, and those that the job does not have are left out", () => {
    const layer = times("1-9x2");
    layer.put(view("3,4,7", [1.5, 2, null], [4, 4, 5]));
    expect([...layer.seconds]).toEqual([NaN, 1.5, NaN, NaN, NaN]);
    expect([...layer.attempts]).toEqual([0, 4, 0, 5, 0]);
  });

  test("an answer that was under way does not undo what an event has said", () => {
    const layer = times("1-3");
    layer.set(2, 8, 9);
    layer.set(17, 8, 9);
    layer.put(view("1-3", [1, 1, 1], [4, 4, 4]));
    expect([...layer.seconds]).toEqual([1, 8, 1]);
    expect([...layer.attempts]).toEqual([4, 9, 4]);
  });

  test("a block is asked for once, and again where that failed", () => {
    const layer = times(`1-${BLOCK + 10}`);
    expect(layer.take(1)).toEqual({ from: BLOCK, to: BLOCK + 10 });
    expect(layer.take(1)).toBeNull();
    expect(layer.take(2)).toBeNull();
    layer.giveBack(1);
    expect(layer.take(1)).not.toBeNull();
  });

  test("memory is that of the attempt", () => {
    const layer = times("1-3");
    layer.put(view("1-2", [1, 1], [4, 5]));
    const costs = new Map([[4, { attempt: 4, level: 0, peak_memory_bytes: 7, decision: null }]]);
    expect([...memoryOf(layer, costs)]).toEqual([7, NaN, NaN]);
  });
});
