// Frames as the host hands them out: a few runs that may stand for millions of frames. How a job's author spells
// frames is the host's business; `FrameRuns.parse` is for tests.

/** Frames `first`, `first + step`, and so on, up to and including `last`. */
export class FrameRun {
  constructor(first, last = first, step = 1) {
    this.first = first;
    this.last = last;
    this.step = step;
  }

  /** How many frames. */
  get count() {
    return this.last < this.first ? 0 : Math.floor((this.last - this.first) / Math.max(this.step, 1)) + 1;
  }

  /** Whether this frame is in the run. */
  has(frame) {
    return frame >= this.first && frame <= this.last && (frame - this.first) % Math.max(this.step, 1) === 0;
  }

  *[Symbol.iterator]() {
    for (let frame = this.first; frame <= this.last; frame += Math.max(this.step, 1)) yield frame;
  }
}

/** How a DCC writes a list of frames: what stands between two entries, from first to last, and before the step. With
 * `step: null` a run with a step is written frame by frame. */
export class FrameStyle {
  constructor({ between = ",", range = "-", step = "x" } = {}) {
    this.between = between;
    this.range = range;
    this.step = step;
  }

  /** As farmhand writes it: `1,5,10-20,30-40x2`. */
  static FARMHAND = Object.freeze(new FrameStyle());
}

/** Ascending and disjoint runs. A text of it is as farmhand writes it; `written` writes as a DCC does. */
export class FrameRuns {
  constructor(runs = []) {
    this.runs = Object.freeze([...runs]);
  }

  /** All frames from `first` to `last`; none where `last` is less. */
  static range(first, last, step = 1) {
    return new FrameRuns(first <= last ? [new FrameRun(first, last, step)] : []);
  }

  /** These frames, in ascending order; neighbours become runs. */
  static of(frames) {
    const runs = [];
    for (const frame of [...new Set(frames)].sort((one, other) => one - other)) {
      const run = runs[runs.length - 1];
      if (run && run.last + 1 === frame) run.last = frame;
      else runs.push(new FrameRun(frame));
    }
    return new FrameRuns(runs);
  }

  /** Reads what `String(frames)` writes: `1,5,10-20,30-40x2`. */
  static parse(text) {
    const runs = [];
    for (const entry of text
      .split(",")
      .map((one) => one.trim())
      .filter(Boolean)) {
      const found = /^(-?\d+)(?:-(-?\d+)(?:x(\d+))?)?$/.exec(entry);
      if (!found || found[3] === "0") {
        throw new RangeError(`\`${entry}\` is no frame and no run such as \`10-20\` or \`1-9x2\``);
      }
      const first = Number(found[1]);
      const end = Number(found[2] ?? found[1]);
      if (end < first || (runs.length > 0 && runs[runs.length - 1].last >= first)) {
        throw new RangeError(`\`${entry}\`: frames have to ascend`);
      }
      const step = Number(found[3] ?? 1);
      const last = end - ((end - first) % step);
      runs.push(new FrameRun(first, last, last > first ? step : 1));
    }
    return new FrameRuns(runs);
  }

  /** How many frames. */
  get count() {
    return this.runs.reduce((sum, run) => sum + run.count, 0);
  }

  /** Whether there are none. */
  get isEmpty() {
    return this.runs.every((run) => run.count === 0);
  }

  /** The lowest frame; null where there are none. */
  get first() {
    return this.runs.length > 0 ? this.runs[0].first : null;
  }

  /** The highest frame; null where there are none. */
  get last() {
    return this.runs.length > 0 ? this.runs[this.runs.length - 1].last : null;
  }

  /** The run, where there is exactly one; null otherwise. */
  get onlyRun() {
    return this.runs.length === 1 ? this.runs[0] : null;
  }

  /** Whether this frame is among them. */
  has(frame) {
    return this.runs.some((run) => run.has(frame));
  }

  /** In a DCC's own syntax, such as `frames.written({ range: "..", step: null })`. */
  written(style = FrameStyle.FARMHAND) {
    const { between, range, step } = style instanceof FrameStyle ? style : new FrameStyle(style);
    const entries = [];
    for (const run of this.runs) {
      if (run.count === 1) entries.push(run.first);
      else if (run.step === 1) entries.push(`${run.first}${range}${run.last}`);
      else if (step !== null) entries.push(`${run.first}${range}${run.last}${step}${run.step}`);
      else entries.push(...run);
    }
    return entries.join(between);
  }

  *[Symbol.iterator]() {
    for (const run of this.runs) yield* run;
  }

  toString() {
    return this.written();
  }
}
