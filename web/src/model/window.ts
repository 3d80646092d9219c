/**
 * Which rows of a long list are drawn: pure arithmetic over rows of one height, so that nothing has to be measured or
 * kept for each of them when the list changes many times a second.
 */

export interface Span {
  readonly start: number;
  /** Behind the last one. */
  readonly end: number;
}

/** The rows in view, and `spare` of them on either side for the time until the next frame. */
export function inView(top: number, height: number, rowHeight: number, count: number, spare: number): Span {
  if (rowHeight <= 0 || height <= 0) return { start: 0, end: 0 };
  const start = Math.max(0, Math.min(Math.floor(top / rowHeight) - spare, count - 1));
  const end = Math.min(count, Math.ceil((top + height) / rowHeight) + spare);
  return { start: Math.max(0, start), end: Math.max(start, end, 0) };
}

/** Where the list must be scrolled to so that a row is in view: as little as is needed. */
export function scrolledTo(row: number, top: number, height: number, rowHeight: number): number {
  const from = row * rowHeight;
  if (from < top) return from;
  return Math.max(top, from + rowHeight - height);
}
