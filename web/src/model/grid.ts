/**
 * What every frame of one job is, one byte a frame, so that ten million of them are ten megabytes and an event is a
 * few writes. It knows nothing of how they are drawn.
 */
import type { FramesView, FrameState } from "../api/types";
import { FrameIndex, parseFrames } from "./frames";

/** The order is the code in the grid's bytes. */
export const FRAME_STATES: readonly FrameState[] = ["pending", "running", "done", "skipped", "failed"];

export type StateCounts = Record<FrameState, number>;

export interface GridLayer {
  readonly name: string | null;
  readonly index: FrameIndex;
  readonly states: Uint8Array;
}

export class FrameGrid {
  private constructor(readonly layers: readonly GridLayer[]) {}

  /** `frames` and `layers` as the job's specification has them; `view` as the daemon sees them now. */
  static build(frames: string, layers: readonly string[], view: FramesView): FrameGrid {
    const index = new FrameIndex(parseFrames(frames));
    const names = layers.length === 0 ? [null] : layers;
    const grid = new FrameGrid(names.map((name) => ({ name, index, states: new Uint8Array(index.count) })));
    for (const run of view.runs) grid.set(run.layer, run.frames, run.state);
    return grid;
  }

  /** These frames are this now. Frames that the job does not have are left out. */
  set(layer: string | null, frames: string, state: FrameState): void {
    const target = this.layers.find((candidate) => candidate.name === layer);
    if (target === undefined) return;
    const code = FRAME_STATES.indexOf(state);
    for (const run of parseFrames(frames)) {
      // One look-up for a whole run where the job has it as a run too.
      const first = target.index.indexOf(run.first);
      const last = target.index.indexOf(run.last);
      if (first >= 0 && last - first === (run.last - run.first) / run.step) {
        target.states.fill(code, first, last + 1);
        continue;
      }
      for (let frame = run.first; frame <= run.last; frame += run.step) {
        const at = target.index.indexOf(frame);
        if (at >= 0) target.states[at] = code;
      }
    }
  }

  /** What a frame is; undefined where the job does not have it. */
  get(layer: string | null, frame: number): FrameState | undefined {
    const target = this.layers.find((candidate) => candidate.name === layer);
    const at = target?.index.indexOf(frame) ?? -1;
    return at < 0 ? undefined : FRAME_STATES[target?.states[at] as number];
  }
}

/** How many of the frames at the places `from` up to but not including `to` are what. */
export function countStates(layer: GridLayer, from: number, to: number): StateCounts {
  const sums = [0, 0, 0, 0, 0];
  const end = Math.min(to, layer.states.length);
  for (let at = from; at < end; at += 1) sums[layer.states[at] as number]! += 1;
  const [pending, running, done, skipped, failed] = sums as [number, number, number, number, number];
  return { pending, running, done, skipped, failed };
}
