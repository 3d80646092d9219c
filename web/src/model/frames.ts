/**
 * Frame sets as the daemon writes them (`1-100x5,200`), read into runs. It decides nothing about what frames are;
 * that is the grid's.
 */

/** Frames `first`, `first + step`, … `last`, which is itself one of them. */
export interface Run {
  readonly first: number;
  readonly last: number;
  readonly step: number;
}

export class FrameSetError extends Error {
  constructor(
    /** Counted in characters from 1. */
    readonly column: number,
    message: string,
  ) {
    super(`column ${column}: ${message}`);
  }
}

const PART = /^(-?\d+)(?:\s*-\s*(-?\d+)(?:\s*x\s*(\d+))?)?$/;

/** Reads a frame set into ascending runs of which none reaches into another. */
export function parseFrames(text: string): Run[] {
  const runs: Run[] = [];
  let column = 1;
  for (const part of text.split(",")) {
    const start = column + (part.length - part.trimStart().length);
    column += part.length + 1;
    const body = part.trim();
    if (body === "") {
      if (text.trim() === "") return [];
      throw new FrameSetError(start, "a frame or a range is missing here");
    }
    const match = PART.exec(body);
    if (match === null) throw new FrameSetError(start, `\`${body}\` is no frame and no range such as 1-100x5`);
    const first = Number(match[1]);
    const last = match[2] === undefined ? first : Number(match[2]);
    const step = match[3] === undefined ? 1 : Number(match[3]);
    if (last < first) throw new FrameSetError(start, `the range is reversed; write ${last}-${first}`);
    if (step < 1) throw new FrameSetError(start, "a step is at least 1");
    addRange(runs, first, last, step);
  }
  return normalise(runs);
}

/** A step always includes the first and the last frame, also where the last one is off the step. */
function addRange(runs: Run[], first: number, last: number, step: number): void {
  const on = first + Math.floor((last - first) / step) * step;
  runs.push({ first, last: on, step: on === first ? 1 : step });
  if (on !== last) runs.push({ first: last, last, step: 1 });
}

function normalise(runs: Run[]): Run[] {
  runs.sort((a, b) => a.first - b.first || a.last - b.last);
  const merged: Run[] = [];
  for (const run of runs) {
    const before = merged.at(-1);
    if (before === undefined || run.first > before.last + (before.step === 1 && run.step === 1 ? 1 : 0)) {
      merged.push(run);
    } else if (before.step === 1 && run.step === 1) {
      merged[merged.length - 1] = { first: before.first, last: Math.max(before.last, run.last), step: 1 };
    } else {
      return fromFrames(runs);
    }
  }
  return merged;
}

/** Runs that reach into one another, taken apart into single frames and put together anew. */
function fromFrames(runs: readonly Run[]): Run[] {
  const all = new Int32Array(countFrames(runs));
  let at = 0;
  for (const run of runs) for (let frame = run.first; frame <= run.last; frame += run.step) all[at++] = frame;
  all.sort();
  const result: Run[] = [];
  let index = 0;
  while (index < all.length) {
    const first = all[index] as number;
    let last = first;
    let step = 0;
    let next = index + 1;
    for (; next < all.length; next += 1) {
      const gap = (all[next] as number) - last;
      if (gap === 0) continue;
      if (step === 0) step = gap;
      else if (gap !== step) break;
      last = all[next] as number;
    }
    // Two frames are no step: the second may well begin a run of its own.
    if (step > 1 && last === first + step) {
      last = first;
      next = index + 1;
      while (next < all.length && all[next] === first) next += 1;
    }
    result.push({ first, last, step: last === first ? 1 : step });
    index = next;
  }
  return result;
}

export function countFrames(runs: readonly Run[]): number {
  return runs.reduce((sum, run) => sum + (run.last - run.first) / run.step + 1, 0);
}

/** The text form, which parses back to the same frames. */
export function formatFrames(runs: readonly Run[]): string {
  return runs
    .map((run) => {
      if (run.first === run.last) return `${run.first}`;
      return run.step === 1 ? `${run.first}-${run.last}` : `${run.first}-${run.last}x${run.step}`;
    })
    .join(",");
}

/** Frames in order with their places: which is the n-th, and the how-manieth is this one. */
export class FrameIndex {
  readonly count: number;
  private readonly starts: number[] = [];

  constructor(readonly runs: readonly Run[]) {
    let count = 0;
    for (const run of runs) {
      this.starts.push(count);
      count += (run.last - run.first) / run.step + 1;
    }
    this.count = count;
  }

  /** The place of a frame from 0; -1 where it is not among them. */
  indexOf(frame: number): number {
    const at = this.search((run) => run.first <= frame);
    const run = this.runs[at];
    if (run === undefined || frame > run.last || (frame - run.first) % run.step !== 0) return -1;
    return (this.starts[at] as number) + (frame - run.first) / run.step;
  }

  /** The frame at a place; undefined outside. */
  frameAt(index: number): number | undefined {
    if (index < 0 || index >= this.count) return undefined;
    const at = this.search((_, number) => (this.starts[number] as number) <= index);
    const run = this.runs[at] as Run;
    return run.first + (index - (this.starts[at] as number)) * run.step;
  }

  /** The frames at the places `from` up to but not including `to`, as runs. */
  slice(from: number, to: number): Run[] {
    const found: Run[] = [];
    for (const [number, run] of this.runs.entries()) {
      const start = this.starts[number] as number;
      const count = (run.last - run.first) / run.step + 1;
      const [low, high] = [Math.max(from, start), Math.min(to, start + count)];
      if (low >= high) continue;
      const first = run.first + (low - start) * run.step;
      const last = run.first + (high - 1 - start) * run.step;
      found.push({ first, last, step: first === last ? 1 : run.step });
    }
    return found;
  }

  has(frame: number): boolean {
    return this.indexOf(frame) >= 0;
  }

  /** The last run for which `holds`, given that it holds for all before; -1 for none. */
  private search(holds: (run: Run, number: number) => boolean): number {
    let low = 0;
    let high = this.runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.runs[middle] as Run, middle)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** The frames of one text that another one does not name. */
export function framesWithout(all: string, done: string): string {
  if (done === "") return all;
  if (all === done) return "";
  const index = new FrameIndex(parseFrames(all));
  const without = new FrameIndex(parseFrames(done));
  const left: number[] = [];
  for (let at = 0; at < index.count; at += 1) {
    const frame = index.frameAt(at) as number;
    if (!without.has(frame)) left.push(frame);
  }
  return formatFrames(fromFrames(left.map((frame) => ({ first: frame, last: frame, step: 1 }))));
}

/** How many frames a text names; 0 where it cannot be read, which only a newer daemon would send. */
export function frameCount(text: string): number {
  try {
    return countFrames(parseFrames(text));
  } catch {
    return 0;
  }
}
