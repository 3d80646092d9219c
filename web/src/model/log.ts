/**
 * The lines of a log that the page holds: blocks around what is in sight, a bounded number of them, however long the log
 * is. It asks for nothing itself; it says what is missing.
 */
import type { LogHole, LogLine, LogWindow } from "../api/log";

/** Lines of one request. */
export const BLOCK = 256;
/** Blocks that are held: what is in sight and a good way around it. */
const MOST_BLOCKS = 32;

interface Block {
  lines: (LogLine | undefined)[];
  /** How much was asked for since: lines of an older search say the wrong matches. */
  age: number;
  used: number;
}

export class LineCache {
  private readonly blocks = new Map<number, Block>();
  private age = 0;
  private clock = 0;
  private holes = "";
  /** Lines that the log has, as far as it is known. */
  lines = 0;

  /** Takes in what an answer says, and whether it changed what there is to show. */
  take(window: LogWindow): void {
    const holes = JSON.stringify(window.holes satisfies readonly LogHole[]);
    // Lines behind a hole that grew have other numbers now, and so do all in a log that began anew.
    if (holes !== this.holes || window.lines < this.lines) this.blocks.clear();
    this.holes = holes;
    this.lines = window.lines;
    for (const line of window.items) {
      const at = blockOf(line.number);
      let block = this.blocks.get(at);
      if (block === undefined) {
        block = { lines: [], age: this.age, used: this.clock };
        this.blocks.set(at, block);
      }
      block.lines[(line.number - 1) % BLOCK] = line;
    }
    this.evict();
  }

  /** A whole answer for one block: from now on it is as young as the search. */
  takeBlock(block: number, window: LogWindow, age: number): void {
    this.take(window);
    const held = this.blocks.get(block);
    if (held !== undefined) held.age = age;
  }

  /** Everything has to be asked for again, and is shown as it is until then. Gives what to say with `takeBlock`. */
  outdate(): void {
    this.age += 1;
  }

  get present(): number {
    return this.age;
  }

  /** What of the log is no longer kept: with another one, lines have other numbers. */
  get layout(): string {
    return this.holes;
  }

  get(line: number): LogLine | undefined {
    return this.blocks.get(blockOf(line))?.lines[(line - 1) % BLOCK];
  }

  /** Blocks of which something between these lines is missing or of an older search; they count as used. */
  missing(first: number, last: number): number[] {
    this.clock += 1;
    const found: number[] = [];
    const end = Math.min(last, this.lines);
    for (let block = blockOf(Math.max(1, first)); block <= blockOf(end) && end > 0; block += 1) {
      const held = this.blocks.get(block);
      if (held !== undefined) held.used = this.clock;
      const from = Math.max(first, block * BLOCK + 1);
      const to = Math.min(end, (block + 1) * BLOCK);
      const whole = held !== undefined && held.age === this.age && count(held, from, to) === to - from + 1;
      if (!whole) found.push(block);
    }
    return found;
  }

  private evict(): void {
    while (this.blocks.size > MOST_BLOCKS) {
      let oldest: number | undefined;
      let used = Infinity;
      for (const [at, block] of this.blocks) if (block.used < used) [oldest, used] = [at, block.used];
      if (oldest === undefined) return;
      this.blocks.delete(oldest);
    }
  }
}

function count(block: Block, from: number, to: number): number {
  let found = 0;
  for (let line = from; line <= to; line += 1) if (block.lines[(line - 1) % BLOCK] !== undefined) found += 1;
  return found;
}

export function blockOf(line: number): number {
  return Math.floor((line - 1) / BLOCK);
}
