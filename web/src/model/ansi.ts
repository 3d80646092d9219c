/**
 * Text with terminal colours as pieces that are safe to show: colours become names of classes that both themes can be
 * read in, every other sequence is dropped, and what has no shape or would turn text around is shown as a symbol. It
 * keeps the length of what it shows, so that the places of matches fit. Nothing here touches the page.
 */

export type Hue = "red" | "green" | "yellow" | "blue" | "magenta" | "cyan" | "muted";

/** How a piece of text looks; all off is how text looks anyway. */
interface Look {
  readonly ink: Hue | null;
  readonly ground: Hue | null;
  readonly bold: boolean;
  readonly dim: boolean;
  readonly italic: boolean;
  readonly underline: boolean;
  readonly strike: boolean;
  readonly inverse: boolean;
}

export interface Piece {
  readonly text: string;
  /** Names of classes, parted by spaces; empty: as it is. */
  readonly classes: string;
  readonly hit: boolean;
}

export interface Styled {
  /** What a terminal would show. */
  readonly text: string;
  /** Where it changes its looks: classes from `at` on. */
  readonly runs: readonly { readonly at: number; readonly classes: string }[];
}

const PLAIN: Look = {
  ink: null,
  ground: null,
  bold: false,
  dim: false,
  italic: false,
  underline: false,
  strike: false,
  inverse: false,
};

/** Control sequences, strings with their end, and short sequences: the same that the host's search leaves out. */
const ESCAPES = /\u001b(?:\[([0-?]*)([ -/]*)([@-~])?|[\]PX^_][^\u0007\u001b]*(?:\u0007|\u001b\\)?|[ -/]+[0-~]?|[0-~])?/g;
/** Controls but the tab, marks and overrides of direction, and what would break a line. */
const UNSHOWN = /[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const BASIC: readonly (Hue | null)[] = [null, "red", "green", "yellow", "blue", "magenta", "cyan", null];

function symbolOf(character: string): string {
  const code = character.charCodeAt(0);
  if (code < 0x20) return String.fromCharCode(0x2400 + code);
  return code === 0x7f ? "\u2421" : "\ufffd";
}

/** The nearest of the hues; greys are the text's own colour, or muted where they are dim. */
function hueOf(red: number, green: number, blue: number): Hue | null {
  const [most, least] = [Math.max(red, green, blue), Math.min(red, green, blue)];
  if (most - least < 40) return most > 60 && most < 170 ? "muted" : null;
  const range = most - least;
  const sixth =
    most === red ? ((green - blue) / range + 6) % 6 : most === green ? (blue - red) / range + 2 : (red - green) / range + 4;
  const hues: readonly Hue[] = ["red", "yellow", "green", "cyan", "blue", "magenta"];
  return hues[Math.round(sixth) % 6] ?? null;
}

/** A colour of the table of 256. */
function tableHue(index: number): Hue | null {
  if (index < 16) return basicHue(index);
  if (index > 231) return hueOf((index - 232) * 10 + 8, (index - 232) * 10 + 8, (index - 232) * 10 + 8);
  const part = (place: number): number => Math.floor((index - 16) / place) % 6;
  const level = (step: number): number => (step === 0 ? 0 : step * 40 + 55);
  return hueOf(level(part(36)), level(part(6)), level(part(1)));
}

function basicHue(index: number): Hue | null {
  return index === 8 ? "muted" : (BASIC[index % 8] ?? null);
}

/** `38;5;N`, `38;2;R;G;B` and their forms with colons: the hue, and how many parameters it took. */
function extended(parameters: readonly string[], at: number): { hue: Hue | null; used: number } {
  const own = (parameters[at] ?? "").split(":");
  const numbers = (own.length > 1 ? own : parameters.slice(at)).slice(1).map(Number);
  if (numbers[0] === 5) return { hue: tableHue(numbers[1] ?? 0), used: own.length > 1 ? 1 : 3 };
  if (numbers[0] !== 2) return { hue: null, used: own.length > 1 ? 1 : 2 };
  // With colons there may be a colour space before the three.
  const [red = 0, green = 0, blue = 0] = own.length > 5 ? numbers.slice(2) : numbers.slice(1);
  return { hue: hueOf(red, green, blue), used: own.length > 1 ? 1 : 5 };
}

function changed(look: Look, text: string): Look {
  const parameters = text.split(";");
  let next = look;
  for (let at = 0; at < parameters.length; ) {
    const code = Number((parameters[at] ?? "").split(":")[0] ?? "");
    let used = 1;
    if (code === 0) next = PLAIN;
    else if (code === 1) next = { ...next, bold: true };
    else if (code === 2) next = { ...next, dim: true };
    else if (code === 3) next = { ...next, italic: true };
    else if (code === 4) next = { ...next, underline: !(parameters[at] ?? "").endsWith(":0") };
    else if (code === 7) next = { ...next, inverse: true };
    else if (code === 9) next = { ...next, strike: true };
    else if (code === 22) next = { ...next, bold: false, dim: false };
    else if (code === 23) next = { ...next, italic: false };
    else if (code === 24) next = { ...next, underline: false };
    else if (code === 27) next = { ...next, inverse: false };
    else if (code === 29) next = { ...next, strike: false };
    else if (code >= 30 && code <= 37) next = { ...next, ink: basicHue(code - 30) };
    else if (code >= 90 && code <= 97) next = { ...next, ink: basicHue(code - 82) };
    else if (code === 39) next = { ...next, ink: null };
    else if (code >= 40 && code <= 47) next = { ...next, ground: basicHue(code - 40) };
    else if (code >= 100 && code <= 107) next = { ...next, ground: basicHue(code - 92) };
    else if (code === 49) next = { ...next, ground: null };
    else if (code === 38 || code === 48) {
      const { hue, used: taken } = extended(parameters, at);
      next = code === 38 ? { ...next, ink: hue } : { ...next, ground: hue };
      used = taken;
    }
    at += used;
  }
  return next;
}

/** Ink on a coloured ground is the text's own, which can be read on all of them. */
function classesOf(look: Look): string {
  const [ink, ground] = look.inverse ? [look.ground, look.ink ?? "muted"] : [look.ink, look.ground];
  const names: string[] = [];
  if (ground !== null) names.push(`ansi-on-${ground}`);
  else if (ink !== null) names.push(`ansi-${ink}`);
  else if (look.dim) names.push("ansi-muted");
  for (const name of ["bold", "italic", "underline", "strike"] as const) if (look[name]) names.push(`ansi-${name}`);
  return names.join(" ");
}

/** A line as its last carriage return left it. */
export function lastState(line: string): string {
  return line.replace(/[\r\n]+$/, "").split("\r").at(-1) ?? "";
}

export function parseAnsi(line: string): Styled {
  let text = "";
  let look = PLAIN;
  let from = 0;
  const runs: { at: number; classes: string }[] = [];
  const add = (part: string): void => {
    if (part === "") return;
    const classes = classesOf(look);
    if ((runs.at(-1)?.classes ?? "") !== classes) runs.push({ at: text.length, classes });
    text += part.replace(UNSHOWN, symbolOf);
  };
  for (const found of line.matchAll(ESCAPES)) {
    add(line.slice(from, found.index));
    from = found.index + found[0].length;
    if (found[3] === "m" && found[2] === "" && !/[<=>?]/.test(found[1] ?? "")) look = changed(look, found[1] ?? "");
  }
  add(line.slice(from));
  return { text, runs };
}

/** The text cut where its looks change and where a match begins or ends. */
export function pieces(styled: Styled, hits: readonly (readonly [number, number])[]): Piece[] {
  const ends = new Set([0, styled.text.length]);
  for (const run of styled.runs) ends.add(run.at);
  for (const [start, end] of hits) ends.add(start).add(end);
  const cuts = [...ends].filter((at) => at <= styled.text.length).sort((a, b) => a - b);
  let run = -1;
  let hit = 0;
  return cuts.slice(0, -1).map((at, index) => {
    while ((styled.runs[run + 1]?.at ?? Infinity) <= at) run += 1;
    while ((hits[hit]?.[1] ?? Infinity) <= at) hit += 1;
    return {
      text: styled.text.slice(at, cuts[index + 1]),
      classes: styled.runs[run]?.classes ?? "",
      hit: (hits[hit]?.[0] ?? Infinity) <= at,
    };
  });
}
