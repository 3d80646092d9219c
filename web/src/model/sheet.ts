/**
 * Where the cells of a contact sheet lie, and which of them are near enough to be drawn: pure geometry.
 */
export interface SheetLayout {
  readonly columns: number;
  readonly rows: number;
  /** Width of a cell without its gap. */
  readonly width: number;
  /** Height of a row with its gap. */
  readonly pitch: number;
  readonly height: number;
}

export const GAP = 6;

/** Cells at least `smallest` wide that fill `width`, each `caption` higher than its picture of that `aspect`. */
export function layoutSheet(count: number, width: number, smallest: number, aspect: number, caption: number): SheetLayout {
  const columns = Math.max(1, Math.floor((width + GAP) / (smallest + GAP)));
  const cell = Math.max(1, Math.floor((width + GAP) / columns) - GAP);
  const pitch = Math.round(cell / aspect) + caption + GAP;
  const rows = Math.ceil(count / columns);
  return { columns, rows, width: cell, pitch, height: Math.max(0, rows * pitch - GAP) };
}

/** The first cell to draw and the one after the last, with `spare` rows on either side. */
export function visibleCells(
  layout: SheetLayout,
  count: number,
  top: number,
  tall: number,
  spare: number,
): { from: number; to: number } {
  const first = Math.max(0, Math.floor(top / layout.pitch) - spare);
  const last = Math.min(layout.rows, Math.ceil((top + tall) / layout.pitch) + spare);
  return { from: Math.min(count, first * layout.columns), to: Math.min(count, Math.max(first, last) * layout.columns) };
}
