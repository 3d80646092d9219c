/**
 * Draws the time line of a job on a canvas. Bars that are too short to be seen keep a pixel, and what went wrong keeps
 * its mark, drawn last, however many attempts there are.
 */
import type { AttemptSpan } from "../../api/past";
import { endOf, fateOf, piecesOf, startOf } from "../../model/timeline";

export interface TimelineColours {
  starting: string;
  rendering: string;
  verifying: string;
  retry: string;
  failed: string;
  surface: string;
  line: string;
  label: string;
}

export function readTimelineColours(element: Element): TimelineColours {
  const style = getComputedStyle(element);
  const read = (name: string): string => style.getPropertyValue(name).trim();
  return {
    starting: read("--frame-skipped"),
    rendering: read("--frame-running"),
    verifying: read("--frame-done"),
    retry: read("--paused"),
    failed: read("--failed"),
    surface: read("--surface"),
    line: read("--line"),
    label: read("--muted"),
  };
}

export interface TimelineScene {
  spans: readonly AttemptSpan[];
  lanes: number;
  lane: Int32Array;
  from: number;
  to: number;
  now: number;
  width: number;
  ticks: readonly { at: number; text: string }[];
  colours: TimelineColours;
  font: string;
}

const AXIS = 18;
/** Room above the first lane, for the outline of a chosen bar. */
const TOP = 3;
const MARK = 9;
const NARROWEST = 1.5;
/** From this width on a bar has its name in it. */
const NAMED = 54;

/** Lanes are lower the more there are. */
function laneHeight(lanes: number): number {
  return lanes <= 6 ? 22 : lanes <= 16 ? 16 : lanes <= 40 ? 12 : 9;
}

export function heightOf(lanes: number): number {
  return TOP + lanes * laneHeight(lanes) + AXIS;
}

function xOf(scene: TimelineScene, time: number): number {
  return ((time - scene.from) / (scene.to - scene.from)) * scene.width;
}

/** In CSS pixels of the canvas. */
export interface Bar {
  x: number;
  y: number;
  width: number;
  height: number;
}

function barOf(scene: TimelineScene, at: number): Bar {
  const span = scene.spans[at] as AttemptSpan;
  const high = laneHeight(scene.lanes);
  const x = xOf(scene, startOf(span));
  const width = Math.max(NARROWEST, xOf(scene, endOf(span, scene.now)) - x - 1);
  return { x, y: TOP + (scene.lane[at] as number) * high, width, height: high - 4 };
}

const isInSight = (scene: TimelineScene, bar: Bar): boolean => bar.x + bar.width + MARK >= 0 && bar.x <= scene.width;

/** The attempt under a point: of several, the one that went wrong, then the newest. */
export function barAt(scene: TimelineScene, x: number, y: number): number | null {
  const lane = Math.floor((y - TOP) / laneHeight(scene.lanes));
  let found: AttemptSpan | null = null;
  for (const [at, span] of scene.spans.entries()) {
    if (scene.lane[at] !== lane) continue;
    const bar = barOf(scene, at);
    const reach = isMarked(span) ? MARK / 2 : 2;
    if (x < bar.x - 2 || x > bar.x + bar.width + reach) continue;
    if (found === null || (isMarked(span) && !isMarked(found))) found = span;
  }
  return found?.id ?? null;
}

function isMarked(span: AttemptSpan): boolean {
  const fate = fateOf(span);
  return fate !== "fine" && fate !== "live";
}

export function paintTimeline(context: CanvasRenderingContext2D, scene: TimelineScene): void {
  const height = heightOf(scene.lanes);
  context.clearRect(0, 0, scene.width, height);
  paintAxis(context, scene, height);
  const marked: number[] = [];
  for (let at = scene.spans.length - 1; at >= 0; at -= 1) {
    const bar = barOf(scene, at);
    if (!isInSight(scene, bar)) continue;
    paintBar(context, scene, at, bar);
    if (isMarked(scene.spans[at] as AttemptSpan)) marked.push(at);
  }
  for (const at of marked) paintMark(context, scene, scene.spans[at] as AttemptSpan, barOf(scene, at));
}

function paintAxis(context: CanvasRenderingContext2D, scene: TimelineScene, height: number): void {
  context.font = `11px ${scene.font}`;
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  for (const { at, text } of scene.ticks) {
    const x = Math.round(xOf(scene, at)) + 0.5;
    context.strokeStyle = scene.colours.line;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(x, 0);
    context.lineTo(x, height - 4);
    context.stroke();
    const wide = context.measureText(text).width;
    if (x + 4 + wide > scene.width) continue;
    context.fillStyle = scene.colours.label;
    context.fillText(text, x + 4, height - 5);
  }
}

function paintBar(context: CanvasRenderingContext2D, scene: TimelineScene, at: number, bar: Bar): void {
  const span = scene.spans[at] as AttemptSpan;
  const { colours } = scene;
  if (bar.width <= 3) {
    context.fillStyle = colours.rendering;
    context.fillRect(bar.x, bar.y, bar.width, bar.height);
  } else {
    for (const piece of piecesOf(span, scene.now)) {
      const x = xOf(scene, piece.from);
      context.fillStyle = colours[piece.step];
      const inset = piece.step === "rendering" ? 0 : Math.round(bar.height / 4);
      const wide = Math.max(0.5, Math.min(xOf(scene, piece.to), bar.x + bar.width) - x);
      context.fillRect(x, bar.y + inset, wide, bar.height - 2 * inset);
    }
  }
  // A notch in the upper edge for each level that it has come down.
  const notches = Math.min(span.level, Math.floor((bar.width - 2) / 5));
  context.fillStyle = colours.surface;
  for (let n = 0; n < notches; n += 1) context.fillRect(bar.x + 2 + n * 5, bar.y, 3, Math.max(2, bar.height / 3));
  const mark = isMarked(span) ? MARK : 0;
  if (bar.width - mark < NAMED || bar.height < 11) return;
  context.font = `11px ${scene.font}`;
  context.textAlign = "left";
  context.textBaseline = "middle";
  context.save();
  const left = Math.max(0, bar.x);
  context.beginPath();
  context.rect(left, bar.y, bar.x + bar.width - mark - left, bar.height);
  context.clip();
  context.fillStyle = colours.surface;
  const first = piecesOf(span, scene.now).find((piece) => piece.step === "rendering");
  const start = Math.max(left, first === undefined ? left : xOf(scene, first.from)) + 5 + notches * 5;
  if (first !== undefined) context.fillText(`${span.id} ${span.level_name}`, start, bar.y + bar.height / 2 + 0.5);
  context.restore();
}

/** How it ended, at its end: a circle for again, a triangle for down a level, a cross for given up, bars for held. */
function paintMark(context: CanvasRenderingContext2D, scene: TimelineScene, span: AttemptSpan, bar: Bar): void {
  const fate = fateOf(span);
  const { colours } = scene;
  const size = Math.min(MARK, bar.height);
  const x = Math.max(bar.x + bar.width - size - 1, bar.x - size / 2);
  const y = bar.y + (bar.height - size) / 2;
  context.fillStyle = colours.surface;
  context.fillRect(x - 1, bar.y, size + 2, bar.height);
  const colour = fate === "fall-back" || fate === "failed" ? colours.failed : colours.retry;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 2;
  context.beginPath();
  if (fate === "retry") {
    context.arc(x + size / 2, y + size / 2, size / 2 - 1, 0, 2 * Math.PI);
    context.stroke();
  } else if (fate === "fall-back") {
    context.moveTo(x, y + 1);
    context.lineTo(x + size, y + 1);
    context.lineTo(x + size / 2, y + size - 1);
    context.fill();
  } else if (fate === "failed") {
    context.moveTo(x + 1, y + 1);
    context.lineTo(x + size - 1, y + size - 1);
    context.moveTo(x + size - 1, y + 1);
    context.lineTo(x + 1, y + size - 1);
    context.stroke();
  } else {
    context.fillRect(x + 1, y, size / 3, size);
    context.fillRect(x + size - 1 - size / 3, y, size / 3, size);
  }
}

/** Where the bar of an attempt is, in sight or not; null where the scene is older than the attempt. */
export function boxOf(scene: TimelineScene, id: number): Bar | null {
  const at = scene.spans.findIndex((span) => span.id === id);
  return at < 0 ? null : barOf(scene, at);
}

/** A line from the end of one bar to the beginning of the one that followed from it. */
export function ledTo(from: Bar, to: Bar): string {
  const [fromX, fromY] = [from.x + from.width, from.y + from.height / 2];
  const [toX, toY] = [to.x, to.y + to.height / 2];
  const bend = Math.max(10, Math.abs(toX - fromX) / 2);
  return `M${fromX} ${fromY}C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
}
