/**
 * Frame sets as people type them and as the daemon writes them (`1-100x5,200`), read into runs by the daemon's own
 * grammar. It decides nothing about what frames are; that is the grid's.
 */
import { frames as words } from "../text/frames";

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
    /** What is wrong, without the column. */
    readonly reason: string,
  ) {
    super(words.at(column, reason));
  }
}

/** As many as a job may have in one layer. */
const MOST_FRAMES = 20_000_000;
const LEAST_FRAME = -(2 ** 31);
const LAST_FRAME = 2 ** 31 - 1;
const MOST_STEP = 2 ** 32 - 1;

/** Reads a frame set into ascending runs of which none reaches into another; none of an empty text. */
export function parseFrames(text: string): Run[] {
  return text.trim() === "" ? [] : readFrames(text);
}

/** The same for what somebody typed: an empty text is an error too, as the daemon has it. */
export function readFrames(text: string): Run[] {
  const runs: Run[] = [];
  const cursor = new Cursor(text);
  let count = 0;
  if (cursor.peek() === undefined) throw new FrameSetError(1, words.none);
  for (;;) {
    const column = cursor.column();
    const before = runs.length;
    const { first, last, step } = cursor.item();
    addRange(runs, first, last, step);
    count += countFrames(runs.slice(before));
    if (count > MOST_FRAMES) throw new FrameSetError(column, words.tooMany(MOST_FRAMES));
    const next = cursor.peek();
    if (next === undefined) return normalise(runs);
    if (next !== ",") throw cursor.unexpected(next);
    cursor.at += 1;
  }
}

/** The text and how far it has been read. */
class Cursor {
  private readonly chars: readonly string[];
  at = 0;

  constructor(text: string) {
    this.chars = [...text];
  }

  /** The next character that is no space, without taking it. */
  peek(): string | undefined {
    while (/^\s$/.test(this.chars[this.at] ?? "")) this.at += 1;
    return this.chars[this.at];
  }

  /** Where the next token is, from 1. */
  column(): number {
    this.peek();
    return this.at + 1;
  }

  /** A frame or a range, as it is written. */
  item(): Run {
    const column = this.column();
    const first = this.frame();
    if (this.peek() !== "-") {
      if (this.isStep()) throw this.error(words.stepWithoutRange);
      return { first, last: first, step: 1 };
    }
    this.at += 1;
    const last = this.frame();
    let step = 1;
    if (this.isStep()) {
      this.at += 1;
      step = this.step();
    }
    if (last < first) throw new FrameSetError(column, words.backwards(first, last, step));
    return { first, last, step };
  }

  private isStep(): boolean {
    return this.peek()?.toLowerCase() === "x";
  }

  private frame(): number {
    const column = this.column();
    let text = "";
    if (this.peek() === "-") {
      this.at += 1;
      text = "-";
    }
    text += this.digits();
    if (text === "" || text === "-") {
      const found = this.chars[this.at];
      if (found === undefined) throw this.error(words.missingAtEnd);
      if (found === ",") throw this.error(words.missingBeforeComma);
      throw /^\s$/.test(found) ? this.error(words.loneMinus) : this.unexpected(found);
    }
    const frame = Number(text);
    if (frame < LEAST_FRAME || frame > LAST_FRAME) {
      throw new FrameSetError(column, words.outOfRange(text, LEAST_FRAME, LAST_FRAME));
    }
    // There is no frame -0.
    return frame === 0 ? 0 : frame;
  }

  private step(): number {
    const column = this.column();
    const text = this.digits();
    if (text === "") throw this.error(words.stepMissing);
    const step = Number(text);
    if (step === 0) throw new FrameSetError(column, words.stepZero);
    if (step > MOST_STEP) throw new FrameSetError(column, words.stepOutOfRange(text, MOST_STEP));
    return step;
  }

  private digits(): string {
    const start = this.at;
    while (/^[0-9]$/.test(this.chars[this.at] ?? "")) this.at += 1;
    return this.chars.slice(start, this.at).join("");
  }

  private error(reason: string): FrameSetError {
    return new FrameSetError(this.at + 1, reason);
  }

  unexpected(found: string): FrameSetError {
    return this.error(words.unexpected(found));
  }
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

/** How many frames of the runs lie in each of `cells` equal parts of the way from the first to the last frame. */
export function coverage(runs: readonly Run[], cells: number): { frames: number; share: number }[] {
  const first = runs[0]?.first ?? 0;
  const span = (runs.at(-1)?.last ?? first) - first + 1;
  const places = Math.max(1, Math.min(cells, span));
  const edge = (cell: number): number => first + Math.ceil((cell * span) / places);
  return Array.from({ length: runs.length === 0 ? 0 : places }, (_, cell) => {
    const [from, to] = [edge(cell), edge(cell + 1) - 1];
    const frames = runs.reduce((sum, run) => sum + within(run, from, to), 0);
    return { frames, share: frames / Math.max(1, to - from + 1) };
  });
}

/** How many frames of a run lie from `from` to `to`. */
function within(run: Run, from: number, to: number): number {
  const low = Math.max(0, Math.ceil((from - run.first) / run.step));
  const high = Math.floor((Math.min(to, run.last) - run.first) / run.step);
  return Math.max(0, high - low + 1);
}
