/**
 * What every frame of one job is, one byte a frame, so that ten million of them are ten megabytes and an event is a
 * few writes. It knows nothing of how they are drawn.
 */
import type { FramesView, FrameState } from "../api/types";
import { formatFrames, FrameIndex, parseFrames, type Run } from "./frames";

/** The order is the code in the grid's bytes. */
export const FRAME_STATES: readonly FrameState[] = ["pending", "running", "done", "skipped", "failed"];

export type StateCounts = Record<FrameState, number>;

export interface GridLayer {
  readonly name: string | null;
  readonly index: FrameIndex;
  readonly states: Uint8Array;
}

/** Frames whose state was set: the places `from` up to but not including `to` of one layer. */
export interface GridChange {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
}

/** Changes that are remembered. Whoever is further behind looks at everything again. */
const CHANGES_KEPT = 512;

export class FrameGrid {
  private readonly changes: GridChange[] = [];
  private changed = 0;

  private constructor(readonly layers: readonly GridLayer[]) {}

  /** Grows with every change. */
  get version(): number {
    return this.changed;
  }

  /** What was changed since `version`; null where that is too long ago to know. */
  changesSince(version: number): readonly GridChange[] | null {
    const missed = this.changed - version;
    return missed > this.changes.length ? null : this.changes.slice(this.changes.length - missed);
  }

  private note(layer: number, from: number, to: number): void {
    this.changed += 1;
    this.changes.push({ layer, from, to });
    if (this.changes.length > 2 * CHANGES_KEPT) this.changes.splice(0, CHANGES_KEPT);
  }

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
    const number = this.layers.findIndex((candidate) => candidate.name === layer);
    const target = this.layers[number];
    if (target === undefined) return;
    const code = FRAME_STATES.indexOf(state);
    for (const run of parseFrames(frames)) {
      // One look-up for a whole run where the job has it as a run too.
      const first = target.index.indexOf(run.first);
      const last = target.index.indexOf(run.last);
      if (first >= 0 && last - first === (run.last - run.first) / run.step) {
        target.states.fill(code, first, last + 1);
        this.note(number, first, last + 1);
        continue;
      }
      for (let frame = run.first; frame <= run.last; frame += run.step) {
        const at = target.index.indexOf(frame);
        if (at < 0) continue;
        target.states[at] = code;
        this.note(number, at, at + 1);
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

/** Whether any of the frames at the places `from` up to but not including `to` is this. */
export function hasState(layer: GridLayer, from: number, to: number, state: FrameState): boolean {
  return layer.states.subarray(from, to).includes(FRAME_STATES.indexOf(state));
}

/** Those of the frames at the places `from` up to but not including `to` that are one of these, as a frame set. */
export function framesThatAre(layer: GridLayer, from: number, to: number, states: readonly FrameState[]): string {
  const codes = new Set(states.map((state) => FRAME_STATES.indexOf(state)));
  const runs: Run[] = [];
  const end = Math.min(to, layer.states.length);
  for (let at = Math.max(0, from); at < end; at += 1) {
    if (!codes.has(layer.states[at] as number)) continue;
    const first = at;
    while (at + 1 < end && codes.has(layer.states[at + 1] as number)) at += 1;
    runs.push(...layer.index.slice(first, at + 1));
  }
  return formatFrames(runs);
}

/** How many of the frames at the places `from` up to but not including `to` are what. */
export function countStates(layer: GridLayer, from: number, to: number): StateCounts {
  const sums = [0, 0, 0, 0, 0];
  const end = Math.min(to, layer.states.length);
  for (let at = from; at < end; at += 1) sums[layer.states[at] as number]! += 1;
  const [pending, running, done, skipped, failed] = sums as [number, number, number, number, number];
  return { pending, running, done, skipped, failed };
}
