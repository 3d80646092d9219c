/**
 * Where each cell of a frame strip lies: pure geometry. A cell is one frame, or several where all of them would not
 * fit.
 */

export interface StripLayout {
  /** Width and height of a cell with its gap, in CSS pixels. */
  readonly pitch: number;
  readonly columns: number;
  readonly rows: number;
  /** Frames in one cell. */
  readonly perCell: number;
  readonly cells: number;
  /** Width that is kept for row labels. */
  readonly gutter: number;
  readonly height: number;
}

const PITCHES = [26, 23, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7, 6];
const SMALLEST = 6;

/** The largest cells with which `count` frames fit into `width` by `tallest`. */
export function layoutStrip(count: number, width: number, tallest: number, gutter: number): StripLayout {
  const oneRow = Math.floor(width / SMALLEST);
  let best: StripLayout | null = null;
  for (const pitch of PITCHES) {
    if (count <= Math.floor(width / pitch)) return best ?? make(pitch, count, 1, 1, count, 0);
    const columns = columnsFor(width - gutter, pitch, oneRow);
    const rows = Math.ceil(count / columns);
    if (rows * pitch > tallest) continue;
    // Round rows may leave a wide margin; somewhat smaller cells that fill the width look better.
    best ??= make(pitch, columns, rows, 1, count, gutter);
    if (columns * pitch >= (width - gutter) * 0.92) return make(pitch, columns, rows, 1, count, gutter);
  }
  if (best !== null) return best;
  const columns = columnsFor(width - gutter, SMALLEST, oneRow);
  const rows = Math.max(1, Math.floor(tallest / SMALLEST));
  const perCell = Math.ceil(count / (columns * rows));
  const cells = Math.ceil(count / perCell);
  return make(SMALLEST, columns, Math.ceil(cells / columns), perCell, cells, gutter);
}

/** Rows of a round number of frames are easier to count in. */
function columnsFor(width: number, pitch: number, wanted: number): number {
  const most = Math.max(1, Math.min(Math.floor(width / pitch), wanted));
  if (wanted <= most) return most;
  return most >= 20 ? most - (most % 10) : most;
}

function make(
  pitch: number,
  columns: number,
  rows: number,
  perCell: number,
  cells: number,
  gutter: number,
): StripLayout {
  return { pitch, columns, rows: Math.max(1, rows), perCell, cells, gutter, height: Math.max(1, rows) * pitch };
}

/** The cell under a point; -1 where there is none. */
export function cellAt(layout: StripLayout, x: number, y: number): number {
  const column = Math.floor((x - layout.gutter) / layout.pitch);
  const row = Math.floor(y / layout.pitch);
  if (column < 0 || column >= layout.columns || row < 0 || row >= layout.rows) return -1;
  const cell = row * layout.columns + column;
  return cell < layout.cells ? cell : -1;
}

/** The upper left corner of a cell. */
export function cellOrigin(layout: StripLayout, cell: number): { x: number; y: number } {
  return {
    x: layout.gutter + (cell % layout.columns) * layout.pitch,
    y: Math.floor(cell / layout.columns) * layout.pitch,
  };
}
