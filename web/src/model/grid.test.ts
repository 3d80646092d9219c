import { expect, test } from "vitest";
import type { FramesView } from "../api/types";
import { countStates, framesThatAre, FrameGrid, hasState } from "./grid";

const COUNTS = { total: 0, pending: 0, running: 0, done: 0, skipped: 0, failed: 0 };

function view(runs: FramesView["runs"]): FramesView {
  return { job: 1, counts: COUNTS, runs };
}

test("a grid is what the daemon said, and then what events say", () => {
  const grid = FrameGrid.build(
    "1-10",
    [],
    view([
      { layer: null, state: "pending", frames: "5-10" },
      { layer: null, state: "done", frames: "1-4" },
    ]),
  );
  grid.set(null, "5,7", "running");
  grid.set(null, "5", "failed");
  expect(grid.get(null, 4)).toBe("done");
  expect(grid.get(null, 5)).toBe("failed");
  expect(grid.get(null, 6)).toBe("pending");
  expect(grid.get(null, 7)).toBe("running");
  expect(grid.get(null, 11)).toBeUndefined();
  expect(countStates(grid.layers[0]!, 0, 10)).toEqual({ pending: 4, running: 1, done: 4, skipped: 0, failed: 1 });
});

test("layers are kept apart, and unknown ones and frames are left out", () => {
  const grid = FrameGrid.build("1-9x4", ["beauty", "shadow"], view([]));
  grid.set("beauty", "1-9x4", "done");
  grid.set("fog", "1-9", "failed");
  grid.set("shadow", "2-5", "skipped");
  expect(countStates(grid.layers[0]!, 0, 3).done).toBe(3);
  expect(countStates(grid.layers[1]!, 0, 3)).toEqual({ pending: 2, running: 0, done: 0, skipped: 1, failed: 0 });
  expect(grid.get("shadow", 5)).toBe("skipped");
});

test("a run that the job has with gaps is set frame by frame", () => {
  const grid = FrameGrid.build("1,2,9", [], view([{ layer: null, state: "done", frames: "1-9" }]));
  expect(countStates(grid.layers[0]!, 0, 99).done).toBe(3);
});

test("millions of frames are set at once", () => {
  const grid = FrameGrid.build("1-5000000", [], view([{ layer: null, state: "done", frames: "2-5000000" }]));
  expect(grid.get(null, 1)).toBe("pending");
  expect(countStates(grid.layers[0]!, 0, 5_000_000).done).toBe(4_999_999);
});

test("what was changed is told to whoever asks in time", () => {
  const grid = FrameGrid.build("1-9,20", ["beauty", "shadow"], view([]));
  const start = grid.version;
  grid.set("shadow", "2-5,20", "running");
  const middle = grid.version;
  grid.set("fog", "2-5", "running");
  grid.set("beauty", "9", "done");
  expect(grid.changesSince(start)).toEqual([
    { layer: 1, from: 1, to: 5 },
    { layer: 1, from: 9, to: 10 },
    { layer: 0, from: 8, to: 9 },
  ]);
  expect(grid.changesSince(middle)).toHaveLength(1);
  expect(grid.changesSince(grid.version)).toEqual([]);
  for (let n = 0; n < 2000; n += 1) grid.set("beauty", "9", "done");
  expect(grid.changesSince(start)).toBeNull();
  expect(grid.changesSince(grid.version - 3)).toHaveLength(3);
});

test("frames of some states are a frame set", () => {
  const grid = FrameGrid.build("1-9x2,20-30", [], view([{ layer: null, state: "failed", frames: "3-5x2,9,20-22,30" }]));
  const layer = grid.layers[0]!;
  expect(framesThatAre(layer, 0, 16, ["failed"])).toBe("3-5x2,9,20-22,30");
  expect(framesThatAre(layer, 2, 6, ["failed", "pending"])).toBe("5-9x2,20");
  expect(framesThatAre(layer, 0, 16, ["done"])).toBe("");
  expect(hasState(layer, 0, 2, "failed")).toBe(true);
  expect(hasState(layer, 0, 1, "failed")).toBe(false);
});
