// The line matcher: a table of regular expressions, and what each one means.
//
//   lines = [
//     match(/^frame (?<frame>\d+) (?<percent>\d+)%/, progress),
//     match(/^wrote (?<path>.+)/, done),
//     match(/^no licence for (?<about>\w+)/, fault("transient", "licence")),
//   ];
//
// The first row that a line matches counts: put the specific before the general. Groups have names that say what they
// are: `frame`; `progress` (0 to 1), `percent`, or `part` and `whole`; `path`; `message`; `about`; `bytes`; `value`.
// What keeps the state between lines is the `Reader`; this holds the table and the meanings.

import { list, oneOf, refuse } from "./check.js";
import { Cause, Fact, Fault, FrameDone, FrameSkipped, FrameStarted, MemoryUsed, Progress, Severity } from "./event.js";
import { needleOf } from "./needle.js";
import { quote, size } from "./text.js";

/** One row: lines in which the pattern is found, and what they mean. Made by `match`. */
export class Match {
  constructor(pattern, then) {
    if (!(pattern instanceof RegExp))
      refuse("the pattern of match", "a regular expression such as /^frame (?<frame>\\d+)/", pattern);
    if (typeof then !== "function") refuse(`the meaning of ${pattern}`, "one such as `done`, or a function,", then);
    // A pattern that remembers where it was would look at every other line only.
    const remembers = pattern.global || pattern.sticky;
    this.pattern = remembers ? new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "")) : pattern;
    const mistake = then.mistakeIn?.(groupsOf(pattern));
    if (mistake) throw new TypeError(`${pattern}: ${mistake}`);
    this.then = then;
  }

  #needle;

  /** A text that every line with this pattern holds; looking for it first costs next to nothing. */
  get needle() {
    this.#needle ??= needleOf(this.pattern);
    return this.#needle;
  }
}

/** Lines in which the pattern is found mean this: one of `started`, `progress`, `done`, `skipped`, `warning`,
 * `memory`, `ignore`, `fault(…)` and `fact(…)`, or a function of your own that gets what the pattern found and the
 * reader, and returns an event, several, or nothing. A mistake throws here, so it shows when the plugin is loaded. */
export function match(pattern, then) {
  return new Match(pattern, then);
}

/** Rows, ready for the lines of one process. */
export class Table {
  #rows;

  constructor(rows) {
    this.#rows = list(rows, "lines", "match(…)").map((row, at) => {
      if (!(row instanceof Match)) refuse(`lines[${at}]`, "a match(…)", row);
      return { needle: row.needle, pattern: row.pattern, then: row.then, where: `the function for ${row.pattern}` };
    });
  }

  /** Calls `tell(line, row, found)` for each line that a row matches, with the first such row. Most rows have nothing
   * to say about most batches, and one look at the whole batch tells. */
  each(lines, tell) {
    const batch = lines.length === 1 ? lines[0] : lines.join("\n");
    const rows = this.#rows.filter((row) => batch.includes(row.needle));
    if (rows.length === 0) return;
    for (let at = 0; at < lines.length; at += 1) {
      const line = lines[at];
      for (let which = 0; which < rows.length; which += 1) {
        const row = rows[which];
        const found = line.includes(row.needle) ? row.pattern.exec(line) : null;
        if (found !== null) {
          tell(row, found);
          break;
        }
      }
    }
  }
}

/** The names of a pattern's groups. */
function groupsOf(pattern) {
  return Array.from(pattern.source.matchAll(/\(\?<([^=!>]+)>/g), (found) => found[1]);
}

/** A meaning: what it does, with a check of the groups that its pattern has. */
function meaning(run, mistakeIn = () => null) {
  return Object.assign(run, { mistakeIn });
}

/** The check that one of these sets of groups is there. */
function needs(name, ...sets) {
  const wanted = sets.map((set) => set.map((group) => `(?<${group}>…)`).join(" and ")).join(", or ");
  return (groups) =>
    sets.some((set) => set.every((one) => groups.includes(one))) ? null : `\`${name}\` needs a group ${wanted}`;
}

/** The check that each `{group}` in these texts is there. */
function fills(name, texts) {
  return (groups) => {
    for (const text of texts) {
      if (text === null) continue;
      if (typeof text !== "string") return `\`${name}\` takes a text with groups in braces`;
      for (const [whole, group] of text.matchAll(/\{(\w+)\}/g)) {
        if (!groups.includes(group) && group !== "line" && group !== "frame") {
          return `\`${name}\`: there is no group \`${group}\` for ${whole} in ${JSON.stringify(text)}`;
        }
      }
    }
    return null;
  };
}

/** The DCC began the frame in the group `frame`. */
export const started = meaning(begin, needs("started", ["frame"]));

function begin(found, reader) {
  reader.frame = Number(found.groups.frame);
  reader.toldPercent = -1;
  return new FrameStarted(reader.frame);
}

/** The current frame is so far: `progress` (0 to 1), `percent`, or `part` and `whole`. A `frame` in the same line that
 * is not the current one has started. */
export const progress = meaning(
  (found, reader) => {
    const { frame, progress: ratio, percent, part, whole } = found.groups;
    let so = 0;
    if (percent !== undefined) so = Number(percent) / 100;
    else if (ratio !== undefined) so = Number(ratio);
    else if (Number(whole) > 0) so = Number(part) / Number(whole);
    so = Math.min(Math.max(so || 0, 0), 1);
    const events = frame !== undefined && Number(frame) !== reader.frame ? [begin(found, reader)] : [];
    // Once for each percent: renderers print their progress thousands of times, and nobody sees the difference.
    if (Math.floor(so * 100) !== reader.toldPercent) {
      reader.toldPercent = Math.floor(so * 100);
      events.push(new Progress(so));
    }
    return events;
  },
  needs("progress", ["percent"], ["progress"], ["part", "whole"]),
);

/** The DCC wrote an image: at `path`, or where the task's images go. Its frame is `frame`, else what the path says,
 * else the current one. */
export const done = meaning((found, reader) => image(found, reader, FrameDone));

/** The DCC left a frame alone because its image was there; the groups are those of `done`. */
export const skipped = meaning((found, reader) => image(found, reader, FrameSkipped));

function image(found, reader, Kind) {
  const { frame, path } = found.groups ?? {};
  const shows = frame === undefined ? null : Number(frame);
  if (path === undefined) {
    const current = shows ?? reader.frame;
    return current === null ? null : new Kind(reader.images.image(current));
  }
  const at = path.trim();
  const one = reader.images.at(at, shows) ?? (reader.frame === null ? null : reader.images.at(at, reader.frame));
  return one === null ? reader.teller.warn(`nothing tells which frame this image shows: ${at}`) : new Kind(one);
}

/** Worth showing, once: the group `message`, or the whole line. */
export const warning = meaning((found, reader) => reader.teller.warn(message(null, found, reader)));

/** Memory that the DCC says it holds: `bytes`, such as `512M` or `1,024.5 MB`. */
export const memory = meaning(
  (found) => {
    const bytes = size(found.groups.bytes);
    return bytes === null ? null : new MemoryUsed(bytes);
  },
  needs("memory", ["bytes"]),
);

/** Nothing: keeps the line from the rows below. */
export const ignore = meaning(() => null);

/** A fact that is worth keeping, such as the DCC's version. `value` is a text with groups in braces. */
export function fact(name, value = "{value}") {
  return meaning((found, reader) => new Fact(name, message(value, found, reader)), fills("fact", [value]));
}

/** Something went wrong, told once for each frame that it concerns.
 *
 * `text` and `about` are texts with groups in braces, and `{line}` and `{frame}`; without them it is the group
 * `message`, or the whole line, and the group `about`, or of a missing file the group `path`. The fault concerns the
 * frame in the group `frame`; a frame-fatal one without it the current frame; else the whole attempt. */
export function fault(severity, cause, text = null, about = null) {
  oneOf(Severity, severity, "the severity of fault");
  oneOf(Cause, cause, "the cause of fault");
  return meaning(
    (found, reader) => {
      const groups = found.groups ?? {};
      let frame = severity === Severity.FRAME_FATAL ? reader.frame : null;
      if (groups.frame !== undefined) frame = Number(groups.frame);
      let subject = groups.about ?? (cause === Cause.MISSING_FILE ? groups.path : undefined) ?? null;
      if (about !== null) subject = message(about, found, reader);
      return reader.teller.faultOfFrame(
        new Fault(severity, cause, message(text, found, reader), { frame, about: subject }),
      );
    },
    fills("fault", [text, about]),
  );
}

/** The text that was wanted with its groups filled in; else the group `message`; else the line. */
function message(wanted, found, reader) {
  const groups = found.groups ?? {};
  if (wanted === null) return quote(groups.message || found.input);
  return wanted.replace(/\{(\w+)\}/g, (_, name) => {
    if (name === "line") return quote(found.input);
    return groups[name] ?? (name === "frame" && reader.frame !== null ? String(reader.frame) : "");
  });
}
