/**
 * How long the frames of one layer took and which attempt rendered each, as far as this has been read: two numbers a
 * frame. It knows nothing of charts.
 */
import type { AttemptCost, TimesView } from "../api/past";
import { FrameIndex, parseFrames } from "./frames";

/** Frames that are read at once when one of them is asked for. */
export const BLOCK = 4096;

export class LayerTimes {
  /** NaN: not told, or not there. */
  readonly seconds: Float32Array;
  /** 0: not there. */
  readonly attempts: Float64Array;
  private readonly read: Uint8Array;

  constructor(readonly index: FrameIndex) {
    this.seconds = new Float32Array(index.count).fill(NaN);
    this.attempts = new Float64Array(index.count);
    this.read = new Uint8Array(Math.ceil(index.count / BLOCK));
  }

  /** The places of a block's frames, where that block has not been asked for yet. From then on it counts as read. */
  take(block: number): { from: number; to: number } | null {
    if (block < 0 || block >= this.read.length || this.read[block] === 1) return null;
    this.read[block] = 1;
    return { from: block * BLOCK, to: Math.min((block + 1) * BLOCK, this.index.count) };
  }

  /** A block that could not be read is to be asked for again. */
  giveBack(block: number): void {
    this.read[block] = 0;
  }

  /** Takes an answer. What events have said of a frame meanwhile is newer. */
  put(view: TimesView): void {
    const told = new FrameIndex(parseFrames(view.frames));
    for (let n = 0; n < told.count; n += 1) {
      const at = this.index.indexOf(told.frameAt(n) as number);
      const attempt = view.attempts[n] ?? 0;
      if (at < 0 || (this.attempts[at] as number) > attempt) continue;
      this.seconds[at] = view.seconds[n] ?? NaN;
      this.attempts[at] = attempt;
    }
  }

  /** One frame has been rendered. */
  set(frame: number, seconds: number | null, attempt: number): void {
    const at = this.index.indexOf(frame);
    if (at < 0) return;
    this.seconds[at] = seconds ?? NaN;
    this.attempts[at] = attempt;
  }
}

/** One value a frame of what its attempt took, such as memory; NaN where it is not known. */
export function memoryOf(times: LayerTimes, costs: ReadonlyMap<number, AttemptCost>): Float64Array {
  return Float64Array.from(times.attempts, (attempt) => costs.get(attempt)?.peak_memory_bytes ?? NaN);
}
