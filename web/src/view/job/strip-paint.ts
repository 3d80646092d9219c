/**
 * Draws cells of a frame strip on a canvas: each state by a colour and by a shape of its own, down to cells of a few
 * pixels. Which cells are to be drawn anew is the strip's to know.
 */
import { countStates, type GridLayer, type StateCounts } from "../../model/grid";
import { cellOrigin, placesOf, type Box, type StripLayout } from "../../model/strip";

export interface StripColours {
  pending: string;
  running: string;
  done: string;
  skipped: string;
  failed: string;
  cut: string;
  label: string;
}

export function readColours(element: Element): StripColours {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    pending: read("--frame-pending"),
    running: read("--frame-running"),
    done: read("--frame-done"),
    skipped: read("--frame-skipped"),
    failed: read("--frame-failed"),
    cut: read("--surface"),
    label: read("--muted"),
  };
}

export interface StripScene {
  layers: readonly GridLayer[];
  layout: StripLayout;
  colours: StripColours;
  font: string;
  /** How far a frame that is being rendered is, 0 to 1. */
  fraction: (layer: number, frame: number) => number;
}

/** Everything: after a new size, another theme, or more changes than are worth following. */
export function paintStrip(context: CanvasRenderingContext2D, scene: StripScene): void {
  context.clearRect(-9, -9, context.canvas.width + 18, context.canvas.height + 18);
  if (scene.layout.gutter > 0) paintLabels(context, scene);
  for (let cell = 0; cell < scene.layout.cells; cell += 1) paintCell(context, scene, cell);
}

/** One cell, over whatever it was before. */
export function paintCell(context: CanvasRenderingContext2D, scene: StripScene, cell: number): void {
  const { layout, colours } = scene;
  const { x, y } = cellOrigin(layout, cell);
  const { layer: number, from, to } = placesOf(layout, cell);
  const layer = scene.layers[number];
  if (layer === undefined) return;
  const gap = (pitch: number): number => (pitch >= 10 ? 2 : 1);
  const box = { x, y, width: layout.pitch - gap(layout.pitch), height: layout.pitchY - gap(layout.pitchY) };
  context.clearRect(x, y, layout.pitch, layout.pitchY);
  if (layout.perCell === 1) {
    paintOne(context, layer.states[from] as number, box, colours, () =>
      scene.fraction(number, layer.index.frameAt(from) as number),
    );
  } else {
    paintMany(context, countStates(layer, from, to), box, colours);
  }
}

function paintLabels(context: CanvasRenderingContext2D, { layers, layout, colours, font }: StripScene): void {
  context.font = font;
  context.fillStyle = colours.label;
  context.textAlign = "right";
  context.textBaseline = "middle";
  // Labels never touch: with small cells only every second or third row has one.
  const every = Math.max(1, Math.ceil(12 / layout.pitchY));
  for (let row = 0; row < layout.rows; row += every) {
    const layer = layers.length > 1 ? layers[row] : layers[0];
    const text = layers.length > 1 ? layer?.name : layer?.index.frameAt(layout.start + row * layout.columns * layout.perCell);
    if (text === undefined || text === null) continue;
    const middle = row * layout.pitchY + (layout.pitchY - 1) / 2;
    context.fillText(fitted(context, `${text}`, layout.gutter - 6), layout.gutter - 6, middle);
  }
}

/** As much of a name as there is room for; its end tells layers apart better than its beginning. */
function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let from = 1;
  while (from < text.length && context.measureText(`…${text.slice(from)}`).width > width) from += 1;
  return `…${text.slice(from)}`;
}

function paintOne(context: CanvasRenderingContext2D, state: number, box: Box, colours: StripColours, fraction: () => number): void {
  const { x, y, width, height } = box;
  switch (state) {
    case 1:
      return running(context, box, colours, fraction());
    case 2:
      context.fillStyle = colours.done;
      context.fillRect(x, y, width, height);
      return;
    case 3: {
      hollow(context, box, colours.skipped);
      context.fillStyle = colours.skipped;
      const thick = Math.max(1, Math.round(height / 5));
      context.fillRect(x + 2, y + Math.floor((height - thick) / 2), Math.max(1, width - 4), thick);
      return;
    }
    case 4:
      return crossed(context, box, colours);
    default:
      return hollow(context, box, colours.pending);
  }
}

function hollow(context: CanvasRenderingContext2D, { x, y, width, height }: Box, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), Math.max(1, height - 1));
}

/** Fills up from below while it renders, and is never quite empty nor quite full. */
function running(context: CanvasRenderingContext2D, box: Box, colours: StripColours, fraction: number): void {
  const { x, y, width, height } = box;
  hollow(context, box, colours.running);
  const high = Math.max(1, Math.min(height - 2, Math.max(2, Math.round(height * fraction))));
  context.fillStyle = colours.running;
  context.fillRect(x, y + height - high, width, high);
}

function crossed(context: CanvasRenderingContext2D, { x, y, width, height }: Box, colours: StripColours): void {
  context.fillStyle = colours.failed;
  context.fillRect(x, y, width, height);
  const least = Math.min(width, height);
  context.strokeStyle = colours.cut;
  context.lineWidth = Math.max(1, least / 7);
  context.beginPath();
  if (least < 5) {
    // No room for a cross: a bar is told from a full cell as well.
    context.moveTo(x + width / 2, y);
    context.lineTo(x + width / 2, y + height);
  } else {
    const inset = Math.max(1, least * 0.24);
    const [left, top] = [x + (width - least) / 2 + inset, y + (height - least) / 2 + inset];
    const side = least - 2 * inset;
    context.moveTo(left, top);
    context.lineTo(left + side, top + side);
    context.moveTo(left + side, top);
    context.lineTo(left, top + side);
  }
  context.stroke();
}

/** Of a cell of several frames, at least as much is given to failed ones, however few they are. */
const FAILED_SHARE = 0.55;

/** Several frames: filled by how many are there, and crossed from above as soon as one of them failed. */
function paintMany(context: CanvasRenderingContext2D, counts: StateCounts, box: Box, colours: StripColours): void {
  const { x, y, width, height } = box;
  const there = counts.done + counts.skipped;
  const all = there + counts.pending + counts.running + counts.failed;
  if (counts.failed === all) return crossed(context, box, colours);
  if (there === all) return paintOne(context, counts.done > 0 ? 2 : 3, box, colours, () => 0);
  if (counts.failed === 0 && counts.running > 0) return running(context, box, colours, there / all);
  hollow(context, box, counts.running > 0 ? colours.running : colours.pending);
  const high = Math.ceil((height - 1) * (there / all));
  context.fillStyle = colours.done;
  context.fillRect(x, y + height - high, width, high);
  if (counts.failed === 0) return;
  const share = Math.max(FAILED_SHARE, counts.failed / all);
  crossed(context, { x, y, width, height: Math.min(height, Math.max(3, Math.round(height * share))) }, colours);
}
