/**
 * The text of a log as lines that are safe to show: control characters and terminal colours are taken out, and only
 * the last lines are kept. It knows nothing of where the text comes from.
 */

export interface LogLine {
  /** Counted from 1 over everything that was pushed. */
  readonly number: number;
  readonly text: string;
  /** Whether it reads like an error. A hint for the eye, never a verdict. */
  readonly bad: boolean;
}

/** Terminal sequences: CSI, OSC up to its end, and two-character escapes. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[@-Z\\-_])/g;
const CONTROLS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g;
const BAD = /\b(error|errors|fatal|exception|traceback|segmentation fault|failed|cannot|can't|could not|out of memory|not found|denied)\b/i;

/** One line as it may be shown. */
export function cleanLine(line: string): string {
  // A line that redraws itself ends as its last state.
  const last = line.replace(/\r+$/, "").split("\r").at(-1) ?? "";
  return last.replace(ESCAPES, "").replace(CONTROLS, "");
}

export class LogBuffer {
  private kept: LogLine[] = [];
  private rest = "";
  private count = 0;

  constructor(private readonly most: number) {}

  get lines(): readonly LogLine[] {
    return this.kept;
  }

  /** Lines that were there and are no longer kept. */
  get dropped(): number {
    return this.count - this.kept.length;
  }

  push(text: string): void {
    const lines = (this.rest + text).split("\n");
    this.rest = lines.pop() ?? "";
    this.add(lines);
  }

  /** The text is at its end: what is left without a line end is a line too. */
  finish(): void {
    if (this.rest !== "") this.add([this.rest]);
    this.rest = "";
  }

  private add(lines: readonly string[]): void {
    // What would be dropped again at once is not even looked at.
    const skip = Math.max(0, lines.length - this.most);
    this.count += skip;
    const added = lines.slice(skip).map((line) => {
      const text = cleanLine(line);
      this.count += 1;
      return { number: this.count, text, bad: BAD.test(text) };
    });
    this.kept = this.kept.concat(added).slice(-this.most);
  }
}
