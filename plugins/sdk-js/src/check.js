// What a plugin's author hands over is looked at before it leaves the plugin: each mistake becomes an error that says
// what was expected, where, and what was there instead. What the values mean is not this file's business.

/** Why a plugin could not answer. Throw it where there is something to say; any other error is told to the author as
 * well, with its type and its traceback. */
export class PluginError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = "PluginError";
  }
}

/** A value as a message shows it. */
export function shown(value) {
  if (typeof value === "string")
    return value.length > 60 ? `${JSON.stringify(value.slice(0, 57))}...` : JSON.stringify(value);
  if (typeof value === "function") return `the function ${value.name || "without a name"}`;
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : `an array of ${value.length}`;
  if (typeof value !== "object" || value === null) return String(value);
  const name = Object.getPrototypeOf(value)?.constructor?.name;
  if (name && name !== "Object") return `a ${name}`;
  const keys = Object.keys(value);
  return keys.length === 0 ? "an empty object" : `an object with ${keys.slice(0, 6).join(", ")}`;
}

/** Throws the error that says what was expected. */
export function refuse(what, expected, value, hint = "") {
  const promise =
    typeof value?.then === "function" ? "; a plugin's functions answer at once, without async or await" : "";
  throw new TypeError(`${what} is ${shown(value)}: ${expected} was expected${promise || hint}`);
}

/** A text. */
export function text(value, what) {
  return typeof value === "string" ? value : refuse(what, "a text", value);
}

/** A text, or null for undefined and null. */
export function textOrNull(value, what) {
  return value === undefined || value === null ? null : text(value, what);
}

/** A whole number from `least` to `most`. */
export function whole(value, what, least, most) {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  return refuse(what, `a whole number from ${least} to ${most}`, value);
}

/** A number that is not NaN or infinite. */
export function finite(value, what) {
  return Number.isFinite(value) ? value : refuse(what, "a number", value);
}

/** true or false. */
export function truth(value, what) {
  return typeof value === "boolean" ? value : refuse(what, "true or false", value);
}

/** An array of anything iterable but a text. */
export function list(value, what, of = "things") {
  if (Array.isArray(value)) return value;
  if (typeof value === "object" && value !== null && typeof value[Symbol.iterator] === "function") return [...value];
  return refuse(what, `an array of ${of}`, value);
}

/** An array of texts. */
export function texts(value, what) {
  return list(value, what, "texts").map((one, at) => text(one, `${what}[${at}]`));
}

/** One of the values of an enumeration. */
export function oneOf(enumeration, value, what) {
  const values = Object.values(enumeration);
  if (values.includes(value)) return value;
  const near = typeof value === "string" ? nearest(value, values) : undefined;
  const hint = near === undefined ? "" : `; did you mean "${near}"?`;
  return refuse(what, `one of ${values.map((one) => `"${one}"`).join(", ")}`, value, hint);
}

/** The text of `known` that is spelled most like `word`, where one is close enough to be meant. */
export function nearest(word, known) {
  let best;
  let least = Math.min(Math.max(2, Math.floor(word.length / 3)), word.length - 1) + 1;
  for (const one of known) {
    const edits = distance(plain(word), plain(one));
    if (edits < least) {
      least = edits;
      best = one;
    }
  }
  return best;
}

/** A word without what people forget: case, `_` and `-`. */
function plain(word) {
  return word.toLowerCase().replace(/[_-]/g, "");
}

/** How many letters have to be put in, taken out or changed to make one word the other. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, at) => at);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}
