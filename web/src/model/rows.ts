/**
 * Which rows of a long list are in sight, where all are of one height.
 */

export interface RowsInSight {
  readonly from: number;
  readonly to: number;
  /** The height of the rows before and after them, which are not there. */
  readonly before: number;
  readonly after: number;
}

/** Rows beyond either edge, so that a quick scroll shows no holes. */
const BEYOND = 12;

export function rowsInSight(count: number, rowHeight: number, top: number, height: number): RowsInSight {
  const from = Math.max(0, Math.min(count, Math.floor(top / rowHeight)) - BEYOND);
  const to = Math.min(count, Math.ceil((top + height) / rowHeight) + BEYOND);
  return { from, to, before: from * rowHeight, after: Math.max(0, count - to) * rowHeight };
}
