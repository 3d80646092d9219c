/**
 * Every frame of the chosen job as a cell. Pointing at one, or walking there with the arrow keys, tells what it is;
 * a click or Enter opens its image, or the attempt that failed or that renders it.
 */
import { createEffect, createMemo, createSignal, For, onCleanup, onMount, Show, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import type { AttemptView, FrameState } from "../../api/types";
import { count } from "../../model/format";
import { FrameIndex, parseFrames } from "../../model/frames";
import { countStates, FRAME_STATES, type GridLayer } from "../../model/grid";
import { cellAt, layoutStrip } from "../../model/strip";
import { attemptAddress, imageAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { paintStrip, readColours } from "./strip-paint";

const TALLEST = 148;
/** Around the cells, for the frame of the cursor and for the first row's label. */
const MARGIN = 4;

export function FrameStrip(): JSX.Element {
  const { farm } = usePage();
  const grid = () => farm.state.detail?.grid ?? null;
  return (
    <section class="block strip" aria-label={t.strip.heading}>
      <Show when={grid()}>
        {(known) => <For each={known().layers}>{(layer) => <LayerStrip layer={layer} />}</For>}
      </Show>
    </section>
  );
}

/** What opening a frame shows: its image where there is one, else the newest attempt that had it. */
function frameOfInterest(layer: GridLayer, from: number, to: number): { frame: number; state: FrameState } | null {
  for (const wanted of ["failed", "running", "done", "skipped"] as const) {
    const code = FRAME_STATES.indexOf(wanted);
    const at = layer.states.subarray(from, to).indexOf(code);
    if (at >= 0) return { frame: layer.index.frameAt(from + at) as number, state: wanted };
  }
  return null;
}

function LayerStrip(props: { layer: GridLayer }): JSX.Element {
  const { farm, complain } = usePage();
  let canvas: HTMLCanvasElement | undefined;
  const [width, setWidth] = createSignal(0);
  const [cursor, setCursor] = createSignal(-1);
  const [theme, setTheme] = createSignal(0);

  const gutter = () => 8 + 7 * Math.max(...[0, props.layer.index.count - 1].map((at) => `${props.layer.index.frameAt(at) ?? ""}`.length));
  const layout = createMemo(() => layoutStrip(props.layer.index.count, Math.max(60, width()), TALLEST, gutter()));
  const version = () => farm.state.detail?.gridVersion;

  const fractions = createMemo(() => {
    const found = new Map<number, number>();
    for (const attempt of farm.state.detail?.attempts ?? []) {
      const progress = attempt.state === "ended" ? undefined : farm.state.progress[attempt.id];
      if (attempt.layer === props.layer.name && progress?.frame != null) found.set(progress.frame, progress.fraction);
    }
    return found;
  });

  onMount(() => {
    const box = canvas?.parentElement;
    if (box === null || box === undefined) return;
    const watch = new ResizeObserver(() => setWidth(box.clientWidth));
    watch.observe(box);
    setWidth(box.clientWidth);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => void setTheme((before) => before + 1);
    dark.addEventListener("change", repaint);
    onCleanup(() => {
      watch.disconnect();
      dark.removeEventListener("change", repaint);
    });
  });

  createEffect(() => {
    version();
    theme();
    if (canvas === undefined || width() === 0) return;
    const scale = window.devicePixelRatio || 1;
    const { height } = layout();
    const wide = Math.round((width() + 2 * MARGIN) * scale);
    const high = Math.round((height + 2 * MARGIN) * scale);
    if (canvas.width !== wide || canvas.height !== high) {
      canvas.width = wide;
      canvas.height = high;
      canvas.style.width = `${width() + 2 * MARGIN}px`;
      canvas.style.height = `${height + 2 * MARGIN}px`;
    }
    const context = canvas.getContext("2d");
    if (context === null) return;
    context.setTransform(scale, 0, 0, scale, MARGIN * scale, MARGIN * scale);
    const known = fractions();
    paintStrip(context, {
      layer: props.layer,
      layout: layout(),
      colours: readColours(canvas),
      font: `10px ${getComputedStyle(canvas).fontFamily}`,
      fraction: (frame) => known.get(frame) ?? 0,
      cursor: cursor(),
    });
  });

  const span = (cell: number): [number, number] => {
    const from = cell * layout().perCell;
    return [from, Math.min(from + layout().perCell, props.layer.index.count)];
  };

  const readout = (): string => {
    version();
    const cell = cursor();
    if (cell < 0 || cell >= layout().cells) return "";
    const [from, to] = span(cell);
    const counts = countStates(props.layer, from, to);
    const first = props.layer.index.frameAt(from) as number;
    if (to - from === 1) {
      const state = FRAME_STATES[props.layer.states[from] as number] as FrameState;
      const fraction = state === "running" ? fractions().get(first) : undefined;
      const more = fraction === undefined ? "" : t.strip.progress(Math.round(fraction * 100));
      return t.strip.one(first, t.frameState[state]) + more;
    }
    const parts = FRAME_STATES.filter((state) => counts[state] > 0)
      .map((state) => t.strip.part(count(counts[state]), t.frameState[state]))
      .join(", ");
    return t.strip.several(first, props.layer.index.frameAt(to - 1) as number, parts);
  };

  const summary = (): string => {
    version();
    const counts = countStates(props.layer, 0, props.layer.index.count);
    return FRAME_STATES.filter((state) => counts[state] > 0)
      .map((state) => t.strip.part(count(counts[state]), t.frameState[state]))
      .join(", ");
  };

  async function open(cell: number): Promise<void> {
    const job = farm.state.detail?.id;
    if (job === undefined || cell < 0) return;
    const [from, to] = span(cell);
    const found = frameOfInterest(props.layer, from, to);
    if (found === null) return;
    if (found.state === "done" || found.state === "skipped") {
      location.hash = imageAddress(job, found.frame, props.layer.name);
      return;
    }
    const had = (attempt: AttemptView): boolean =>
      attempt.layer === props.layer.name && new FrameIndex(parseFrames(attempt.frames)).has(found.frame);
    try {
      const attempt = await farm.findAttempt(had);
      if (attempt !== null) location.hash = attemptAddress(job, attempt.id);
    } catch (error) {
      complain(t.strip.one(found.frame, t.frameState[found.state]), asProblem(error));
    }
  }

  const cellUnder = (event: MouseEvent): number => cellAt(layout(), event.offsetX - MARGIN, event.offsetY - MARGIN);
  const point = (event: PointerEvent): void => {
    setCursor(cellUnder(event));
  };

  const STEPS: Record<string, () => number> = {
    ArrowLeft: () => -1,
    ArrowRight: () => 1,
    ArrowUp: () => -layout().columns,
    ArrowDown: () => layout().columns,
    Home: () => -layout().cells,
    End: () => layout().cells,
  };

  const key = (event: KeyboardEvent): void => {
    const step = STEPS[event.key]?.();
    if (step !== undefined) {
      event.preventDefault();
      setCursor((at) => Math.min(layout().cells - 1, Math.max(0, (at < 0 && step > 0 ? -1 : at) + step)));
    } else if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      void open(cursor());
    }
  };

  return (
    <div class="layer-strip">
      <div class="strip-line">
        <h3>
          {t.strip.heading}
          <Show when={props.layer.name}>{(name) => <span class="quiet"> {t.strip.layer(name())}</span>}</Show>
        </h3>
        <output class="readout">{readout()}</output>
        <Show when={layout().perCell > 1}>
          <span class="quiet right">{t.strip.cell(count(layout().perCell))}</span>
        </Show>
      </div>
      <div class="strip-box">
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label={t.strip.label(summary())}
          data-cells={layout().cells}
          data-pitch={layout().pitch}
          data-columns={layout().columns}
          data-gutter={layout().gutter + MARGIN}
          data-margin={MARGIN}
          onPointerMove={point}
          onPointerDown={point}
          onPointerLeave={() => setCursor(-1)}
          onBlur={() => setCursor(-1)}
          onKeyDown={key}
          onClick={(event) => void open(cellUnder(event))}
        />
      </div>
    </div>
  );
}
