// Reads one process's output as it comes. What the lines mean is in a table (`lines.js`) or in a plugin's own reader.

import { refuse } from "./check.js";
import { Event } from "./event.js";
import { Table } from "./lines.js";
import { Teller } from "./teller.js";

/** Reads one process's output, and keeps what it knows between its lines; it lives as long as the process.
 *
 * A table in `lines`, here or in the plugin, is a whole reader. For more, write `line`:
 *
 *   class Lines extends Reader {
 *     lines = [match(/^frame (?<frame>\d+)/, started)];
 *
 *     *line(line) {
 *       if (line.startsWith("device: ")) yield new Fact("device", line.slice(8));
 *       else yield* super.line(line);
 *     }
 *   }
 */
export class Reader {
  #table = null;
  #ofPlugin;

  constructor(task, lines = []) {
    this.task = task;
    this.#ofPlugin = lines;
    /** The frame that the DCC is at, null before the first; the meanings of `lines` keep it. */
    this.frame = null;
    /** The progress that was told last, in percent; the meaning `progress` keeps it. */
    this.toldPercent = -1;
    /** Tells each warning and each fault once. */
    this.teller = new Teller();
  }

  /** What the task's images are called, and where they go. */
  get images() {
    return this.task.images();
  }

  /** What one line says, without its end: an event, several, or nothing. It sees every line that a renderer prints,
   * millions at times: look first for what excludes most lines. A generator may `yield` them. */
  line(line) {
    const events = [];
    this.#matched([line], events);
    return events;
  }

  /** The output has ended; what was still being put together comes out now. */
  finish() {
    return null;
  }

  /** What a batch of lines says, as the host hands them over. Write `line`, not this. */
  read(lines) {
    const events = [];
    const whole = lines.map(withoutEnd);
    if (this.line === Reader.prototype.line) this.#matched(whole, events);
    else for (const line of whole) collect(this.line(line), events, `${this.constructor.name}.line`);
    return events;
  }

  #matched(lines, events) {
    this.#table ??= new Table(this.lines ?? this.constructor.lines ?? this.#ofPlugin);
    this.#table.each(lines, (row, found) => collect(row.then(found, this), events, row.where));
  }
}

function withoutEnd(line) {
  const last = line.charCodeAt(line.length - 1);
  return last === 10 || last === 13 ? line.replace(/[\r\n]+$/, "") : line;
}

/** Adds the events in what a function of a reader answered: one, several, or none. */
export function collect(answer, events, where) {
  if (answer === null || answer === undefined) return;
  if (answer instanceof Event) {
    events.push(answer);
  } else if (Array.isArray(answer)) {
    for (let at = 0; at < answer.length; at += 1) one(answer[at], events, where);
  } else if (typeof answer === "object" && typeof answer[Symbol.iterator] === "function") {
    for (const event of answer) one(event, events, where);
  } else {
    refuse(`what ${where} gave`, "an event, several, or nothing", answer);
  }
}

function one(event, events, where) {
  if (event instanceof Event) events.push(event);
  else if (event !== null && event !== undefined) refuse(`what ${where} gave`, "an event", event);
}
