/**
 * One figure over the frames of a layer, by uPlot: a line with its median, what stands out as diamonds, what came of
 * attempts that went wrong as hollow squares, failed frames as strokes at the bottom. Charts of one page move together.
 */
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { createEffect, on, onCleanup, onMount, type JSX } from "solid-js";
import type { Spread } from "../../model/outliers";
import { t } from "../../text";

export interface ChartData {
  /** Ascending. */
  frames: Float64Array;
  /** NaN: not known. */
  values: Float64Array;
  troubled: Uint8Array;
  spread: Spread;
  /** Whether frames of the job that are not there yet lie between the n-th and the one after it. */
  isApart: (n: number) => boolean;
  /** Frames that failed, which have no value. */
  failed: readonly number[];
  /** The job's first and last frame, there or not. */
  first: number;
  last: number;
}

const HEIGHT = 170;
/** Nothing is looked at more closely than this many frames. */
const FEWEST = 4;
const GROUP = "frames-of-a-job";
/** A press that moves further than this many pixels chooses a part and opens nothing. */
const STILL = 4;

export function FrameChart(props: {
  kind: string;
  label: string;
  data: ChartData;
  unit: (value: number) => string;
  say: (n: number | null) => void;
  open: (n: number | null) => void;
}): JSX.Element {
  let box: HTMLDivElement | undefined;
  let chart: uPlot | undefined;

  const columns = (data: ChartData): uPlot.AlignedData => [
    data.frames,
    Array.from(data.values, (value) => (Number.isNaN(value) ? null : value)),
  ];

  /** No line leads over frames of which nothing is known. */
  const apart = (self: uPlot, _series: number, from: number, to: number, gaps: uPlot.Series.Gaps): uPlot.Series.Gaps => {
    const x = (n: number): number => Math.round(self.valToPos(props.data.frames[n] as number, "x", true));
    for (let n = from; n < to; n += 1) if (props.data.isApart(n)) gaps.push([x(n), x(n + 1)]);
    return gaps.sort(([one], [two]) => one - two);
  };

  function make(target: HTMLElement): uPlot {
    const style = getComputedStyle(target);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const font = `11px ${style.fontFamily}`;
    const axis = { stroke: colour("--muted"), font, grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    return new uPlot(
      {
        width: Math.max(200, target.clientWidth),
        height: HEIGHT,
        legend: { show: false },
        cursor: { sync: { key: GROUP, setSeries: false, scales: ["x", null] }, y: false, points: { size: 8 } },
        scales: {
          x: { time: false, range: (_, low, high) => (low === high ? [low - 1, high + 1] : [low, high]) },
          y: { range: (_, _low, high) => [0, (Number.isFinite(high) ? high : 1) * 1.08 || 1] },
        },
        axes: [
          { ...axis, size: 26, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? `${value}` : "")) },
          { ...axis, size: 66, values: (_, splits) => splits.map((value) => (value === 0 ? "0" : props.unit(value))) },
        ],
        series: [{}, { stroke: colour("--frame-running"), width: 1.25, points: { size: 4, fill: colour("--frame-running") }, spanGaps: false, gaps: apart }],
        hooks: {
          setCursor: [(self) => props.say(self.cursor.idx ?? null)],
          draw: [(self) => paintMarks(self, props.data, colour)],
        },
      },
      columns(props.data),
      target,
    );
  }

  /** The whole of the job's frames, not only those that are there yet. */
  function whole(): void {
    const { first, last } = props.data;
    chart?.setScale("x", { min: first, max: Math.max(last, first + 1) });
  }

  /** So many frames from one on, and none before the first or after the last. */
  function show(from: number, long: number): void {
    const { first, last } = props.data;
    if (long >= last - first) return whole();
    const min = Math.max(first, Math.min(last - long, from));
    chart?.setScale("x", { min, max: min + long });
  }

  /** Around what is pointed at, or the middle. */
  function look(factor: number): void {
    const { min, max } = chart?.scales["x"] ?? {};
    if (min == null || max == null) return;
    const at = props.data.frames[chart?.cursor.idx ?? -1] ?? (min + max) / 2;
    const long = Math.max(FEWEST, (max - min) * factor);
    show(at - ((at - min) / (max - min)) * long, long);
  }

  /** Points at the n-th frame and brings it into sight. */
  function walk(made: uPlot, n: number): void {
    const frame = props.data.frames[n] as number;
    const { min, max } = made.scales["x"] ?? {};
    if (min != null && max != null && (frame < min || frame > max)) show(frame - (max - min) / 2, max - min);
    // A chart takes on a scale at the end of the turn, and only then knows where the frame is.
    queueMicrotask(() => made.setCursor({ left: made.valToPos(frame, "x"), top: 10 }));
  }

  onMount(() => {
    if (box === undefined) return;
    const target = box;
    const remake = (): void => {
      chart?.destroy();
      chart = make(target);
      whole();
      listen(chart);
    };
    const listen = (made: uPlot): void => {
      let pressedAt = 0;
      made.over.addEventListener("pointerdown", (event) => (pressedAt = event.clientX));
      made.over.addEventListener("click", (event) => {
        if (Math.abs(event.clientX - pressedAt) <= STILL) props.open(made.cursor.idx ?? null);
      });
      made.over.addEventListener("dblclick", () => whole());
    };
    remake();
    const watch = new ResizeObserver(() => chart?.setSize({ width: Math.max(200, target.clientWidth), height: HEIGHT }));
    watch.observe(target);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    dark.addEventListener("change", remake);
    onCleanup(() => {
      watch.disconnect();
      dark.removeEventListener("change", remake);
      chart?.destroy();
    });
  });
  createEffect(
    on(
      () => props.data,
      (data, before) => {
        if (chart === undefined) return;
        // What is looked at closely stays in view while more frames land.
        const { min, max } = chart.scales["x"] ?? {};
        chart.setData(columns(data), true);
        if (min != null && max != null && before !== undefined && before.first === data.first && before.last === data.last) {
          chart.setScale("x", { min, max });
        } else whole();
      },
    ),
  );

  const key = (event: KeyboardEvent): void => {
    if (chart === undefined) return;
    const all = props.data.frames.length;
    const at = chart.cursor.idx ?? -1;
    const next: Record<string, number> = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: all - 1, PageUp: at - 25, PageDown: at + 25 };
    if (event.key === "Enter" || event.key === " ") props.open(chart.cursor.idx ?? null);
    else if (event.key === "Escape" || event.key === "0") whole();
    else if (event.key === "+" || event.key === "=") look(0.5);
    else if (event.key === "-") look(2);
    else if (next[event.key] !== undefined) {
      const to = Math.max(0, Math.min(all - 1, next[event.key] as number));
      walk(chart, to);
    } else return;
    event.preventDefault();
    if (event.key === "Escape") event.stopPropagation();
  };

  return (
    <figure class="frame-chart">
      <figcaption>{props.label}</figcaption>
      <div
        ref={box}
        class="chart"
        role="application"
        tabIndex={0}
        aria-label={t.times.chart(props.label)}
        data-chart={props.kind}
        data-points={props.data.frames.length}
        onKeyDown={key}
      />
    </figure>
  );
}

function paintMarks(self: uPlot, data: ChartData, colour: (name: string) => string): void {
  const { ctx: context, bbox } = self;
  const scale = window.devicePixelRatio || 1;
  const x = (frame: number): number => self.valToPos(frame, "x", true);
  const y = (value: number): number => self.valToPos(value, "y", true);
  const { min = 0, max = 0 } = self.scales["x"] ?? {};
  const isIn = (frame: number): boolean => frame >= (min ?? 0) && frame <= (max ?? 0);
  context.save();
  context.beginPath();
  context.rect(bbox.left - 6 * scale, bbox.top - 6 * scale, bbox.width + 12 * scale, bbox.height + 6 * scale);
  context.clip();
  if (Number.isFinite(data.spread.median)) level(data.spread.median, "--done", []);
  if (Number.isFinite(data.spread.limit)) level(data.spread.limit, "--paused", [6, 4]);
  context.lineWidth = 1.5 * scale;
  for (let n = 0; n < data.frames.length; n += 1) {
    const [frame, value] = [data.frames[n] as number, data.values[n] as number];
    if (Number.isNaN(value) || !isIn(frame)) continue;
    if (value > data.spread.limit) diamond(x(frame), y(value));
    else if (data.troubled[n] === 1) square(x(frame), y(value));
  }
  context.fillStyle = colour("--failed");
  const foot = bbox.top + bbox.height;
  for (const frame of data.failed) if (isIn(frame)) context.fillRect(x(frame) - scale, foot - 9 * scale, 2 * scale, 9 * scale);
  context.restore();

  function level(value: number, name: string, dash: number[]): void {
    context.strokeStyle = colour(name);
    context.lineWidth = scale;
    context.setLineDash(dash.map((part) => part * scale));
    context.beginPath();
    context.moveTo(bbox.left, y(value));
    context.lineTo(bbox.left + bbox.width, y(value));
    context.stroke();
    context.setLineDash([]);
  }
  function diamond(left: number, top: number): void {
    const size = 5.5 * scale;
    context.fillStyle = colour("--failed");
    context.beginPath();
    context.moveTo(left, top - size);
    context.lineTo(left + size, top);
    context.lineTo(left, top + size);
    context.lineTo(left - size, top);
    context.fill();
  }
  function square(left: number, top: number): void {
    const size = 3.5 * scale;
    context.strokeStyle = colour("--paused");
    context.lineWidth = 1.5 * scale;
    context.strokeRect(left - size, top - size, 2 * size, 2 * size);
  }
}
