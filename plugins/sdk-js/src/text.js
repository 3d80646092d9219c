// Small readers for pieces of a log line, for what a regular expression would say at greater length. Each answers null
// where the text is not what it looks for.

const UNITS = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30, T: 2 ** 40 };

// The longest quote of a line, in characters.
const LONGEST_QUOTE = 300;

/** What follows the first `mark`. */
export function after(line, mark) {
  const at = line.indexOf(mark);
  return at < 0 ? null : line.slice(at + mark.length);
}

/** What stands between the first `opening` and the next `closing`. */
export function between(line, opening, closing) {
  const rest = after(line, opening);
  const end = rest === null ? -1 : rest.indexOf(closing);
  return end < 0 ? null : rest.slice(0, end);
}

/** Two numbers with a slash between them, such as `3/16` or `3 / 16`, that follow the first `mark`. */
export function ratioAfter(line, mark) {
  const found = /^(\d+)\s*\/\s*(\d+)/.exec(after(line, mark) ?? "");
  return found ? [Number(found[1]), Number(found[2])] : null;
}

/** A size that the text starts with, such as `512.00M` or `1,024.5 MB`, in bytes. Without a unit it is bytes. */
export function size(text) {
  const found = /^(\d[\d,]*(?:\.\d*)?)\s*([KMGT])?/i.exec(text);
  return found ? Math.trunc(Number(found[1].replace(/,/g, "")) * UNITS[(found[2] ?? "").toUpperCase()]) : null;
}

/** A time that the text starts with, such as `00:04.67` or `01:02:03.5`, in seconds. */
export function clock(text) {
  const found = /^\d+(?::\d+)+(?:\.\d*)?/.exec(text);
  return found ? found[0].split(":").reduce((sum, part) => sum * 60 + Number(part), 0) : null;
}

/** The text, cut where it is longer than `most` characters. */
export function shortened(text, most) {
  return text.length <= most ? text : [...text].slice(0, most).join("");
}

/** A line as it is quoted to people: without the space around it, and cut where it is too long. */
export function quote(line) {
  return shortened(line.trim(), LONGEST_QUOTE);
}
