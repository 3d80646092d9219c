// Output names with tokens: `/out/{layer}/shot_####.exr`. Which tokens a DCC wants is the plugin's business; this reads
// them, fills them in, and finds a frame's number in a name again.

import { join, safeName, split } from "./path.js";

/** Why a text is no output name. */
export class TemplateError extends Error {
  constructor(column, message) {
    super(`column ${column}: ${message}`);
    this.name = "TemplateError";
    /** Where, counted in characters from 1. */
    this.column = column;
  }
}

// The parts of a template are texts, LAYER, and `{ digits }` for the frame.
const LAYER = Object.freeze({ layer: true });

/** An output name. Its tokens are `{layer}`; `{frame}` or `{frame:6}`; and a run of `#`, one for each digit, which
 * counts only in the last component, and only the last run there, as most DCCs have it. */
export class Template {
  #parts;
  #open = null;

  constructor(parts) {
    this.#parts = parts;
  }

  /** Reads an output name. Throws `TemplateError` for an unknown token, an unclosed brace, or more than one frame
   * number. */
  static parse(text) {
    const parts = [];
    const hashes = /#+(?=[^#/\\]*$)/.exec(text);
    const error = (at, message) => new TemplateError([...text.slice(0, at)].length + 1, message);
    let rest = 0;
    while (rest < text.length) {
      if (hashes && hashes.index === rest) {
        parts.push({ digits: hashes[0].length });
        rest += hashes[0].length;
      } else if (text[rest] === "{") {
        const end = text.indexOf("}", rest);
        if (end < 0) throw error(rest, "`{` without `}`");
        parts.push(token(text.slice(rest + 1, end), (message) => error(rest, message)));
        rest = end + 1;
      } else {
        const stops = [text.indexOf("{", rest), hashes ? hashes.index : -1].filter((at) => at > rest);
        const stop = Math.min(text.length, ...stops);
        parts.push(text.slice(rest, stop));
        rest = stop;
      }
    }
    if (parts.filter((part) => part.digits).length > 1) {
      throw error(0, "more than one frame number; keep either `####` or `{frame}`");
    }
    return new Template(parts);
  }

  /** Whether every frame gets a name of its own. */
  get hasFrame() {
    return this.digits > 0;
  }

  /** With how many digits, at least, a frame's number is written; 0 where the name has none. */
  get digits() {
    for (let at = 0; at < this.#parts.length; at += 1) if (this.#parts[at].digits) return this.#parts[at].digits;
    return 0;
  }

  /** Whether every layer gets a name of its own. */
  get hasLayer() {
    return this.#parts.includes(LAYER);
  }

  /** The name of one frame of one layer. A layer's name is made safe for a path first; without a layer, its token
   * becomes empty. */
  name(frame, layer = null) {
    if (layer !== null) return this.#filled(layer, (digits) => padded(frame, digits));
    // A task may have thousands of frames: what stands around the number is put together once.
    this.#open ??= this.#filled(null, () => "\0").split("\0");
    const [before, behind] = this.#open;
    return behind === undefined ? before : before + padded(frame, this.digits) + behind;
  }

  /** The name of one layer with the frame left open as `####`. */
  hashes(layer = null) {
    return this.#filled(layer, (digits) => "#".repeat(digits));
  }

  /** The name of one layer with the frame as a DCC's own token, in which `{count}` is the number of digits:
   * `%0{count}d` gives `%04d`, `$F{count}` gives `$F4`. */
  pattern(token, layer = null) {
    return this.#filled(layer, (digits) => token.split("{count}").join(String(digits)));
  }

  /** The template of one layer. */
  ofLayer(layer) {
    const parts = [];
    for (const part of this.#parts) {
      const one = part === LAYER ? (layer ? safeName(layer) : "") : part;
      if (typeof one === "string" && typeof parts[parts.length - 1] === "string") parts[parts.length - 1] += one;
      else parts.push(one);
    }
    return new Template(parts);
  }

  /** The directory that all of its names lie in, and the template of what they are called there: `[directory, inside]`.
   * For the template of one layer. */
  split() {
    const hasText = typeof this.#parts[0] === "string";
    const [directory, name] = split(hasText ? this.#parts[0] : "");
    return [directory, new Template([name, ...this.#parts.slice(hasText ? 1 : 0)])];
  }

  /** The same names inside this directory. */
  inside(directory) {
    const hasText = typeof this.#parts[0] === "string";
    return new Template([join(directory, hasText ? this.#parts[0] : ""), ...this.#parts.slice(hasText ? 1 : 0)]);
  }

  /** The frame whose name `path` starts with, and what follows it, such as an extension that the DCC added:
   * `[frame, rest]`, or null. */
  frameOf(path, layer = null) {
    if (!this.hasFrame) return null;
    const [before, behind] = this.#filled(layer, () => "\0").split("\0");
    const found = path.startsWith(before) ? /^-?(\d+)/.exec(path.slice(before.length)) : null;
    if (!found) return null;
    const rest = path.slice(before.length + found[0].length);
    // A longer number has no leading zeros: `shot_00123` is not frame 123 of `shot_###`.
    const isWhole = found[1].length === this.digits || (found[1].length > this.digits && found[1][0] !== "0");
    return isWhole && rest.startsWith(behind) ? [Number(found[0]), rest.slice(behind.length)] : null;
  }

  toString() {
    return this.#parts
      .map((part) => (part === LAYER ? "{layer}" : part.digits ? "#".repeat(part.digits) : part))
      .join("");
  }

  #filled(layer, frame) {
    let out = "";
    for (const part of this.#parts) {
      if (typeof part === "string") out += part;
      else if (part === LAYER) out += layer ? safeName(layer) : "";
      else out += frame(part.digits);
    }
    return out;
  }
}

/** A frame number with at least so many digits; the sign comes on top, as in `-0005`. */
function padded(frame, digits) {
  return frame < 0 ? `-${String(-frame).padStart(digits, "0")}` : String(frame).padStart(digits, "0");
}

function token(inner, error) {
  if (inner === "layer") return LAYER;
  if (inner === "frame") return { digits: 4 };
  if (inner.startsWith("frame:")) {
    const digits = /^\d+$/.test(inner.slice(6)) ? Number(inner.slice(6)) : 0;
    if (digits >= 1 && digits <= 10) return { digits };
    throw error(`\`{${inner}}\`: the number of digits is 1 to 10, such as \`{frame:4}\``);
  }
  throw error(`unknown token \`{${inner}}\`; there are \`{layer}\`, \`{frame}\` and \`####\``);
}
