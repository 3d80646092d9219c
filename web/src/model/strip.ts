/**
 * Where each cell of a frame strip lies: pure geometry. A cell is one frame, or several where all of them would not
 * fit. A job of one layer is wrapped into rows; of several, each layer has a row of its own.
 */

export interface StripLayout {
  /** Width of a cell with its gap, in CSS pixels. */
  readonly pitch: number;
  /** Height of a cell with its gap. */
  readonly pitchY: number;
  readonly columns: number;
  readonly rows: number;
  /** Frames in one cell. */
  readonly perCell: number;
  readonly cells: number;
  /** Width that is kept for row labels. */
  readonly gutter: number;
  readonly height: number;
  /** Cells of one layer. */
  readonly cellsALayer: number;
  /** The place of the first frame that is shown, and how many are shown of each layer. */
  readonly start: number;
  readonly count: number;
}

/** The frames of one layer at the places `from` up to but not including `to`. */
export interface Places {
  readonly layer: number;
  readonly from: number;
  readonly to: number;
}

const PITCHES = [26, 23, 20, 18, 16, 14, 12, 11, 10, 9, 8, 7, 6];
const SMALLEST = 6;

/** One layer: the largest cells with which the frames fit into `width` by `tallest`. */
export function layoutStrip(count: number, width: number, tallest: number, gutter: number, start = 0): StripLayout {
  const oneRow = Math.floor(width / SMALLEST);
  let best: StripLayout | null = null;
  for (const pitch of PITCHES) {
    if (count <= Math.floor(width / pitch)) return best ?? wrapped(pitch, count, 1, count, 0, start, count);
    const columns = columnsFor(width - gutter, pitch, oneRow);
    const rows = Math.ceil(count / columns);
    if (rows * pitch > tallest) continue;
    // Round rows may leave a wide margin; somewhat smaller cells that fill the width look better.
    best ??= wrapped(pitch, columns, 1, count, gutter, start, count);
    if (columns * pitch >= (width - gutter) * 0.92) return wrapped(pitch, columns, 1, count, gutter, start, count);
  }
  if (best !== null) return best;
  const columns = columnsFor(width - gutter, SMALLEST, oneRow);
  const rows = Math.max(1, Math.floor(tallest / SMALLEST));
  const perCell = Math.ceil(count / (columns * rows));
  return wrapped(SMALLEST, columns, perCell, Math.ceil(count / perCell), gutter, start, count);
}

/** Heights of a layer's row, by how many layers there are. */
const ROWS: readonly (readonly [number, number])[] = [
  [8, 18],
  [24, 12],
  [60, 9],
  [200, 6],
];
const LOWEST_ROW = 4;
/** Wider cells than high ones look like bars. */
const WIDEST = 1.5;
const NARROWEST = 4;

/** Several layers: a row for each. */
export function layoutRows(layers: number, count: number, width: number, gutter: number, start = 0): StripLayout {
  const pitchY = ROWS.find(([most]) => layers <= most)?.[1] ?? LOWEST_ROW;
  const room = Math.max(NARROWEST, width - gutter);
  const perCell = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(room / NARROWEST))));
  const columns = Math.max(1, Math.ceil(count / perCell));
  const pitch = Math.max(NARROWEST, Math.min(Math.floor(room / columns), Math.round(pitchY * WIDEST)));
  return {
    pitch,
    pitchY,
    columns,
    rows: layers,
    perCell,
    cells: columns * layers,
    gutter,
    height: layers * pitchY,
    cellsALayer: columns,
    start,
    count,
  };
}

/** Rows of a round number of frames are easier to count in. */
function columnsFor(width: number, pitch: number, wanted: number): number {
  const most = Math.max(1, Math.min(Math.floor(width / pitch), wanted));
  if (wanted <= most) return most;
  return most >= 20 ? most - (most % 10) : most;
}

function wrapped(
  pitch: number,
  columns: number,
  perCell: number,
  cells: number,
  gutter: number,
  start: number,
  count: number,
): StripLayout {
  const rows = Math.max(1, Math.ceil(cells / Math.max(1, columns)));
  return { pitch, pitchY: pitch, columns, rows, perCell, cells, gutter, height: rows * pitch, cellsALayer: cells, start, count };
}

/** The cell under a point; -1 where there is none. */
export function cellAt(layout: StripLayout, x: number, y: number): number {
  const column = Math.floor((x - layout.gutter) / layout.pitch);
  const row = Math.floor(y / layout.pitchY);
  if (column < 0 || column >= layout.columns || row < 0 || row >= layout.rows) return -1;
  const cell = row * layout.columns + column;
  return cell < layout.cells ? cell : -1;
}

/** The upper left corner of a cell. */
export function cellOrigin(layout: StripLayout, cell: number): { x: number; y: number } {
  return {
    x: layout.gutter + (cell % layout.columns) * layout.pitch,
    y: Math.floor(cell / layout.columns) * layout.pitchY,
  };
}

/** The frames of a cell. */
export function placesOf(layout: StripLayout, cell: number): Places {
  const layer = Math.floor(cell / layout.cellsALayer);
  const from = layout.start + (cell - layer * layout.cellsALayer) * layout.perCell;
  return { layer, from, to: Math.min(from + layout.perCell, layout.start + layout.count) };
}

/** The first and the last cell that show any of these frames; null where none does. */
export function cellsOf(layout: StripLayout, places: Places): { first: number; last: number } | null {
  const from = Math.max(places.from, layout.start) - layout.start;
  const to = Math.min(places.to, layout.start + layout.count) - layout.start;
  if (from >= to) return null;
  const base = places.layer * layout.cellsALayer;
  return { first: base + Math.floor(from / layout.perCell), last: base + Math.floor((to - 1) / layout.perCell) };
}

/** Frames that somebody chose: the same ones of one layer, or of several below one another. */
export interface Choice {
  readonly firstLayer: number;
  readonly lastLayer: number;
  readonly from: number;
  readonly to: number;
}

/** All frames between two cells, whichever comes first. */
export function choiceBetween(layout: StripLayout, a: number, b: number): Choice {
  const [one, two] = [placesOf(layout, a), placesOf(layout, b)];
  return {
    firstLayer: Math.min(one.layer, two.layer),
    lastLayer: Math.max(one.layer, two.layer),
    from: Math.min(one.from, two.from),
    to: Math.max(one.to, two.to),
  };
}

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What to draw around a choice: at most three boxes where it is wrapped, one where layers have rows. */
export function boxesOf(layout: StripLayout, choice: Choice): Box[] {
  const top = cellsOf(layout, { layer: choice.firstLayer, from: choice.from, to: choice.to });
  if (top === null) return [];
  const gap = layout.pitch >= 10 ? 2 : 1;
  const box = (first: number, last: number, rows: number): Box => {
    const { x, y } = cellOrigin(layout, first);
    return { x, y, width: ((last % layout.columns) - (first % layout.columns) + 1) * layout.pitch - gap, height: rows * layout.pitchY - gap };
  };
  const rowOf = (cell: number): number => Math.floor(cell / layout.columns);
  if (layout.cellsALayer === layout.columns && layout.cells > layout.columns) {
    return [box(top.first, top.last, choice.lastLayer - choice.firstLayer + 1)];
  }
  const [firstRow, lastRow] = [rowOf(top.first), rowOf(top.last)];
  if (firstRow === lastRow) return [box(top.first, top.last, 1)];
  const endOf = (row: number): number => (row + 1) * layout.columns - 1;
  const boxes = [box(top.first, endOf(firstRow), 1)];
  if (lastRow - firstRow > 1) boxes.push(box((firstRow + 1) * layout.columns, endOf(firstRow + 1), lastRow - firstRow - 1));
  boxes.push(box(lastRow * layout.columns, top.last, 1));
  return boxes;
}

/** The part of a strip that is shown: the place of the first frame and how many. */
export interface Span {
  readonly start: number;
  readonly count: number;
}

/** Fewer frames than this are not worth a closer look. */
const CLOSEST = 16;

/** Shows a part that is `factor` as long, with the frame at `place` where it was. */
export function zoomed(shown: Span, all: number, factor: number, place: number): Span {
  const count = Math.max(Math.min(CLOSEST, all), Math.min(all, Math.round(shown.count * factor)));
  const share = shown.count === 0 ? 0 : (place - shown.start) / shown.count;
  return moved({ start: Math.round(place - share * count), count }, all, 0);
}

/** Moves what is shown, within what there is. */
export function moved(shown: Span, all: number, by: number): Span {
  const count = Math.min(shown.count, all);
  return { start: Math.max(0, Math.min(all - count, Math.round(shown.start + by))), count };
}
