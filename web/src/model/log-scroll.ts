/**
 * Where in a log of any length the reader is, and where the bar of a box that browsers can draw is then. Browsers cap
 * the height of an element at some 33 million pixels and lose single pixels well before; a longer log gets a shorter
 * bar, on which small moves are still moves by pixels, and large ones are jumps in proportion.
 */

/** As tall as a box gets. */
export const TALLEST = 8_000_000;

/** The line at the top edge, and how many of its pixels are above the edge. */
export interface Top {
  readonly line: number;
  readonly above: number;
}

export interface Measures {
  readonly lines: number;
  /** Height of a line that is not wrapped. */
  readonly row: number;
  /** Height of what is in sight. */
  readonly view: number;
}

/** Height of what is scrolled. */
export function spaceOf({ lines, row, view }: Measures): number {
  return Math.max(view, Math.min(lines * row, TALLEST));
}

/** The last place that the top edge can be at, where no line is wrapped. */
export function lastTop({ lines, row, view }: Measures): Top {
  return topAt(Math.max(0, lines * row - view), row);
}

function topAt(pixels: number, row: number): Top {
  const line = Math.floor(pixels / row);
  return { line: line + 1, above: pixels - line * row };
}

/** Where the bar stands for this place. */
export function barOf(top: Top, measures: Measures): number {
  const { lines, row, view } = measures;
  const room = lines * row - view;
  if (room <= 0) return 0;
  const pixels = (top.line - 1) * row + Math.min(top.above, row);
  const bar = spaceOf(measures) - view;
  return Math.min(bar, room === bar ? pixels : (pixels / room) * bar);
}

/** The place for which the bar stands here. */
export function topOf(bar: number, measures: Measures): Top {
  const { lines, row, view } = measures;
  const all = spaceOf(measures) - view;
  if (all <= 0) return { line: 1, above: 0 };
  const room = lines * row - view;
  return topAt(room === all ? Math.min(bar, all) : Math.min(1, Math.max(0, bar / all)) * room, row);
}

/** Whether a move of the bar by this much was made by a wheel, a key or a finger, and not by dragging the bar. */
export function isSmall(delta: number, measures: Measures): boolean {
  return Math.abs(delta) <= measures.view;
}

/** Whether the bar and the log go pixel by pixel. */
export function isExact({ lines, row }: Measures): boolean {
  return lines * row <= TALLEST;
}

/** The place so many pixels further on, where each line is as high as `heightOf` says. */
export function moved(top: Top, pixels: number, lines: number, heightOf: (line: number) => number): Top {
  let { line, above } = top;
  above += pixels;
  while (above < 0 && line > 1) {
    line -= 1;
    above += heightOf(line);
  }
  while (line < lines && above >= heightOf(line)) {
    above -= heightOf(line);
    line += 1;
  }
  return { line: Math.max(1, line), above: Math.max(0, above) };
}

/** Line numbers thinned to the places that a bar beside the log has, as parts of `steps`. */
export function marksOf(lines: Iterable<number>, all: number, steps: number): number[] {
  const places = new Set<number>();
  for (const line of lines) places.add(placeOf(line, all, steps));
  return [...places];
}

export function placeOf(line: number, all: number, steps: number): number {
  return all <= 1 ? 0 : Math.min(steps, Math.round(((line - 1) / (all - 1)) * steps));
}

/** The line for a place on the bar: that of the nearest mark within `reach`, else the one in proportion. */
export function lineAt(place: number, all: number, steps: number, marks: readonly number[], reach: number): number {
  let best = Math.max(1, Math.min(all, Math.round((place / steps) * (all - 1)) + 1));
  let distance = reach;
  for (const line of marks) {
    const away = Math.abs(placeOf(line, all, steps) - place);
    if (away < distance) [best, distance] = [line, away];
  }
  return best;
}
