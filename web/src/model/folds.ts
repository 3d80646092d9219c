/**
 * Which batches somebody has unfolded, as it is remembered: the newest ones, so that it never grows.
 */

const REMEMBERED = 200;

export function keptFolds(text: string | null): ReadonlySet<number> {
  return new Set((text ?? "").split(",").filter((part) => /^\d+$/.test(part)).map(Number));
}

/** Null where nothing is to be remembered. */
export function foldKept(open: ReadonlySet<number>): string | null {
  return open.size === 0 ? null : [...open].slice(-REMEMBERED).join(",");
}
