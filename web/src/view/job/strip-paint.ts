/**
 * Draws a frame strip on a canvas: each state by a colour and by a shape of its own, down to cells of a few pixels.
 */
import { countStates, type GridLayer, type StateCounts } from "../../model/grid";
import { cellOrigin, type StripLayout } from "../../model/strip";

export interface StripColours {
  pending: string;
  running: string;
  done: string;
  skipped: string;
  failed: string;
  cut: string;
  label: string;
  cursor: string;
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
    cursor: read("--text"),
  };
}

export interface StripScene {
  layer: GridLayer;
  layout: StripLayout;
  colours: StripColours;
  font: string;
  /** How far a frame that is being rendered is, 0 to 1. */
  fraction: (frame: number) => number;
  /** The cell that is pointed at; -1 for none. */
  cursor: number;
}

export function paintStrip(context: CanvasRenderingContext2D, scene: StripScene): void {
  const { layer, layout, colours } = scene;
  context.clearRect(-9, -9, context.canvas.width + 18, context.canvas.height + 18);
  if (layout.gutter > 0) paintLabels(context, scene);
  const gap = layout.pitch >= 10 ? 2 : 1;
  const size = layout.pitch - gap;
  for (let cell = 0; cell < layout.cells; cell += 1) {
    const from = cell * layout.perCell;
    const { x, y } = cellOrigin(layout, cell);
    if (layout.perCell === 1) {
      paintOne(context, layer.states[from] as number, x, y, size, colours, () =>
        scene.fraction(layer.index.frameAt(from) as number),
      );
    } else {
      paintMany(context, countStates(layer, from, from + layout.perCell), x, y, size, colours);
    }
  }
  if (scene.cursor >= 0) {
    const { x, y } = cellOrigin(layout, scene.cursor);
    context.strokeStyle = colours.cursor;
    context.lineWidth = 2;
    context.strokeRect(x - 1, y - 1, size + 2, size + 2);
  }
}

function paintLabels(context: CanvasRenderingContext2D, { layer, layout, colours, font }: StripScene): void {
  context.font = font;
  context.fillStyle = colours.label;
  context.textAlign = "right";
  context.textBaseline = "middle";
  // Labels never touch: with small cells only every second or third row has one.
  const every = Math.max(1, Math.ceil(12 / layout.pitch));
  for (let row = 0; row < layout.rows; row += every) {
    const frame = layer.index.frameAt(row * layout.columns * layout.perCell);
    if (frame === undefined) continue;
    context.fillText(String(frame), layout.gutter - 6, row * layout.pitch + (layout.pitch - 1) / 2);
  }
}

function paintOne(
  context: CanvasRenderingContext2D,
  state: number,
  x: number,
  y: number,
  size: number,
  colours: StripColours,
  fraction: () => number,
): void {
  switch (state) {
    case 1:
      return running(context, x, y, size, colours, fraction());
    case 2:
      context.fillStyle = colours.done;
      context.fillRect(x, y, size, size);
      return;
    case 3: {
      hollow(context, x, y, size, colours.skipped);
      context.fillStyle = colours.skipped;
      const thick = Math.max(1, Math.round(size / 5));
      context.fillRect(x + 2, y + Math.floor((size - thick) / 2), size - 4, thick);
      return;
    }
    case 4:
      return crossed(context, x, y, size, colours);
    default:
      return hollow(context, x, y, size, colours.pending);
  }
}

function hollow(context: CanvasRenderingContext2D, x: number, y: number, size: number, colour: string): void {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
}

/** Fills up from below while it renders, and is never quite empty nor quite full. */
function running(
  context: CanvasRenderingContext2D,
  x: number,
  y: number,
  size: number,
  colours: StripColours,
  fraction: number,
): void {
  hollow(context, x, y, size, colours.running);
  const height = Math.min(size - 3, Math.max(2, Math.round(size * fraction)));
  context.fillStyle = colours.running;
  context.fillRect(x, y + size - height, size, height);
}

function crossed(context: CanvasRenderingContext2D, x: number, y: number, size: number, colours: StripColours): void {
  context.fillStyle = colours.failed;
  context.fillRect(x, y, size, size);
  const inset = Math.max(1, size * 0.24);
  context.strokeStyle = colours.cut;
  context.lineWidth = Math.max(1, size / 7);
  context.beginPath();
  context.moveTo(x + inset, y + inset);
  context.lineTo(x + size - inset, y + size - inset);
  context.moveTo(x + size - inset, y + inset);
  context.lineTo(x + inset, y + size - inset);
  context.stroke();
}

/** Several frames: filled by how many are there, and crossed as soon as one of them failed. */
function paintMany(
  context: CanvasRenderingContext2D,
  counts: StateCounts,
  x: number,
  y: number,
  size: number,
  colours: StripColours,
): void {
  if (counts.failed > 0) return crossed(context, x, y, size, colours);
  const there = counts.done + counts.skipped;
  const all = there + counts.pending + counts.running;
  if (there === all) return paintOne(context, counts.done > 0 ? 2 : 3, x, y, size, colours, () => 0);
  if (counts.running > 0) return running(context, x, y, size, colours, there / all);
  hollow(context, x, y, size, colours.pending);
  const height = Math.ceil((size - 1) * (there / all));
  context.fillStyle = colours.done;
  context.fillRect(x, y + size - height, size, height);
}
