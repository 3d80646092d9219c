/**
 * Every frame of the chosen job as a cell on one canvas. Pointing at one, or walking there with the arrow keys, tells
 * what it is; a click or Enter opens its image, or the attempt that failed or that renders it. Dragging, or Shift with
 * the arrow keys, chooses frames to render again or to copy.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { FrameState } from "../../api/types";
import { amount, count, duration } from "../../model/format";
import { formatFrames } from "../../model/frames";
import { fallbackOf } from "../../model/fallbacks";
import { countStates, FRAME_STATES, hasState, type FrameGrid, type GridLayer } from "../../model/grid";
import {
  boxesOf,
  cellAt,
  cellOrigin,
  cellsOf,
  choiceBetween,
  layoutRows,
  layoutStrip,
  moved,
  placesOf,
  zoomed,
  type Choice,
  type Span,
} from "../../model/strip";
import { lastWith } from "../../model/timeline";
import { attemptAddress, imageAddress } from "../../store/route";
import { t } from "../../text";
import { surroundings } from "../common/painted";
import { usePage } from "../shell/context";
import { Chosen } from "./Chosen";
import { usePast } from "./context";
import { paintCell, paintStrip, readColours, type StripScene } from "./strip-paint";

const TALLEST = 148;
/** Around the cells, for the frame of the cursor and for the first row's label. */
const MARGIN = 4;
/** One step closer, or back. */
const STEP = 0.5;
const WIDEST_GUTTER = 120;

export function FrameStrip(): JSX.Element {
  const { farm } = usePage();
  return (
    <section class="block strip" aria-label={t.strip.heading}>
      <Show when={farm.state.detail?.grid} keyed fallback={<div class="strip-empty" />}>
        {(grid) => <Strip grid={grid} />}
      </Show>
    </section>
  );
}

/** What opening a cell shows: its image where there is one, else the newest attempt that had it. */
function frameOfInterest(layer: GridLayer, from: number, to: number): { frame: number; state: FrameState } | null {
  for (const wanted of ["failed", "running", "done", "skipped"] as const) {
    const at = layer.states.subarray(from, to).indexOf(FRAME_STATES.indexOf(wanted));
    if (at >= 0) return { frame: layer.index.frameAt(from + at) as number, state: wanted };
  }
  return null;
}

function Strip(props: { grid: FrameGrid }): JSX.Element {
  const { farm, route } = usePage();
  const past = usePast();
  let canvas: HTMLCanvasElement | undefined;
  let box: HTMLDivElement | undefined;
  const layers = () => props.grid.layers;
  const first = () => layers()[0] as GridLayer;
  const all = () => first().index.count;
  const { width, theme } = surroundings(() => box);
  const [cursor, setCursor] = createSignal(-1);
  const [shown, setShown] = createSignal<Span>({ start: 0, count: all() });
  const [choice, setChoice] = createSignal<Choice | null>(null);
  /** Where a drag, or a walk with Shift, began. */
  let anchor = -1;
  let isPressed = false;

  const gutter = createMemo(() => {
    const letters = layers().length > 1 ? layers().map((layer) => layer.name ?? "") : [0, all() - 1].map((at) => `${first().index.frameAt(at) ?? ""}`);
    return Math.min(WIDEST_GUTTER, 10 + 7 * Math.max(...letters.map((text) => text.length)));
  });
  const layout = createMemo(() => {
    const { start, count: frames } = shown();
    const room = Math.max(60, width());
    return layers().length > 1
      ? layoutRows(layers().length, frames, room, Math.min(gutter(), room / 3), start)
      : layoutStrip(frames, room, TALLEST, gutter(), start);
  });
  const version = () => farm.state.detail?.gridVersion;

  /** How far the frames are that are being rendered, by layer and frame. */
  const fractions = createMemo(() => {
    const found = new Map<string, number>();
    for (const attempt of farm.state.detail?.attempts ?? []) {
      const progress = attempt.state === "ended" ? undefined : farm.state.progress[attempt.id];
      if (progress?.frame == null) continue;
      const layer = layers().findIndex((candidate) => candidate.name === attempt.layer);
      found.set(`${layer} ${progress.frame}`, progress.fraction);
    }
    return found;
  });

  // What the canvas shows: the scene that it was painted with, the changes that are on it, and how far frames were.
  let scene: StripScene | null = null;
  let painted = 0;
  let paintedFractions: ReadonlyMap<string, number> = new Map();

  function prepare(): CanvasRenderingContext2D | null {
    const context = canvas?.getContext("2d") ?? null;
    if (canvas === undefined || context === null) return null;
    const scale = window.devicePixelRatio || 1;
    const [wide, high] = [width() + 2 * MARGIN, layout().height + 2 * MARGIN];
    canvas.width = Math.round(wide * scale);
    canvas.height = Math.round(high * scale);
    canvas.style.width = `${wide}px`;
    canvas.style.height = `${high}px`;
    context.setTransform(scale, 0, 0, scale, MARGIN * scale, MARGIN * scale);
    return context;
  }

  createEffect(
    on([layout, theme, layers], () => {
      if (canvas === undefined || width() === 0) return;
      const context = prepare();
      if (context === null) return;
      scene = {
        layers: layers(),
        layout: layout(),
        colours: readColours(canvas),
        font: `10px ${getComputedStyle(canvas).fontFamily}`,
        fraction: (layer, frame) => paintedFractions.get(`${layer} ${frame}`) ?? 0,
      };
      paintedFractions = fractions();
      painted = props.grid.version;
      paintStrip(context, scene);
    }),
  );

  // Events change a few frames; only their cells are painted anew.
  createEffect(
    on([version, fractions], () => {
      const context = canvas?.getContext("2d");
      if (scene === null || context === null || context === undefined) return;
      const before = paintedFractions;
      paintedFractions = fractions();
      const changes = props.grid.changesSince(painted);
      painted = props.grid.version;
      if (changes === null) return paintStrip(context, scene);
      const due = new Set<number>();
      for (const change of changes) {
        const cells = cellsOf(scene.layout, change);
        for (let cell = cells?.first ?? 0; cell <= (cells?.last ?? -1); cell += 1) due.add(cell);
      }
      for (const [key, fraction] of paintedFractions) {
        if (before.get(key) === fraction) continue;
        const [layer, frame] = key.split(" ").map(Number) as [number, number];
        const at = layers()[layer]?.index.indexOf(frame) ?? -1;
        const cells = cellsOf(scene.layout, { layer, from: at, to: at + 1 });
        if (cells !== null) due.add(cells.first);
      }
      for (const cell of due) paintCell(context, scene, cell);
    }),
  );

  // A part that was looked at closely may be gone when the window grows.
  createEffect(on(layout, (now) => setCursor((at) => (at < now.cells ? at : -1))));

  const readout = (): string => {
    version();
    const cell = cursor();
    if (cell < 0 || cell >= layout().cells) return "";
    const { layer: number, from, to } = placesOf(layout(), cell);
    const layer = layers()[number] as GridLayer;
    const name = layers().length > 1 ? `${layer.name} · ` : "";
    const frame = layer.index.frameAt(from) as number;
    if (to - from > 1) {
      const counts = countStates(layer, from, to);
      const parts = FRAME_STATES.filter((state) => counts[state] > 0)
        .map((state) => t.strip.part(count(counts[state]), t.frameState[state]))
        .join(", ");
      return name + t.strip.several(frame, layer.index.frameAt(to - 1) as number, parts);
    }
    const state = FRAME_STATES[layer.states[from] as number] as FrameState;
    const fraction = state === "running" ? fractions().get(`${number} ${frame}`) : undefined;
    const more = fraction === undefined ? "" : t.strip.progress(Math.round(fraction * 100));
    return name + t.strip.one(frame, t.frameState[state]) + more + figures(layer, from, state);
  };

  /** What is known of a frame's render. */
  const figures = (layer: GridLayer, place: number, state: FrameState): string => {
    past.timesVersion();
    const times = past.times(layer.name);
    const attempt = times?.attempts[place] ?? 0;
    if (state !== "done" || times === null || attempt === 0) return "";
    const seconds = times.seconds[place] as number;
    const cost = past.costs.get(attempt);
    const peak = cost?.peak_memory_bytes;
    const fallback = (cost?.level ?? 0) > 0 ? fallbackOf(farm.state.detail?.view ?? null, layer.name, layer.index.frameAt(place) as number) : null;
    return [
      ...(Number.isNaN(seconds) ? [] : [duration(seconds)]),
      t.strip.attempt(attempt),
      ...(fallback === null ? [] : [t.strip.level(fallback.to)]),
      ...(peak == null ? [] : [amount(peak)]),
    ].map((part) => ` · ${part}`).join("");
  };
  createEffect(() => {
    const cell = cursor();
    if (cell < 0 || layout().perCell > 1 || cell >= layout().cells) return;
    const { layer, from } = placesOf(layout(), cell);
    const known = layers()[layer];
    if (known !== undefined && hasState(known, from, from + 1, "done")) past.wantFrame(known.name, known.index.frameAt(from) as number);
  });

  const summary = (): string => {
    const counts = farm.state.jobs[farm.state.detail?.id ?? -1]?.frames;
    if (counts === undefined) return "";
    return FRAME_STATES.filter((state) => counts[state] > 0)
      .map((state) => t.strip.part(count(counts[state]), t.frameState[state]))
      .join(", ");
  };

  function open(cell: number): void {
    const job = farm.state.detail?.id;
    if (job === undefined || cell < 0) return;
    const { layer: number, from, to } = placesOf(layout(), cell);
    const layer = layers()[number] as GridLayer;
    const found = frameOfInterest(layer, from, to);
    if (found === null) return;
    if (found.state === "done" || found.state === "skipped") location.hash = imageAddress(job, found.frame, layer.name);
    else setWanted({ layer: layer.name, frame: found.frame });
  }
  // The time line knows which attempt had a frame; it may have to be read first.
  const [wanted, setWanted] = createSignal<{ layer: string | null; frame: number } | null>(null);
  createEffect(() => {
    const frame = wanted();
    const timeline = frame === null ? null : past.timeline();
    if (frame === null || timeline === null) return;
    setWanted(null);
    const attempt = lastWith(timeline.spans, frame.layer, frame.frame);
    if (attempt !== null) location.hash = attemptAddress(farm.state.detail?.id ?? route().job ?? 0, attempt.id);
  });

  const cellUnder = (event: MouseEvent): number => cellAt(layout(), event.offsetX - MARGIN, event.offsetY - MARGIN);

  const press = (event: PointerEvent): void => {
    // A finger scrolls; frames are chosen with a mouse, a pen or the keyboard.
    if (event.pointerType === "touch" || event.button !== 0) return;
    const cell = cellUnder(event);
    isPressed = cell >= 0;
    if (event.shiftKey && cell >= 0 && anchor >= 0) setChoice(choiceBetween(layout(), anchor, cell));
    else anchor = cell;
  };
  const point = (event: PointerEvent): void => {
    const cell = cellUnder(event);
    setCursor(cell);
    if (isPressed && (event.buttons & 1) === 0) isPressed = false;
    if (isPressed && cell >= 0 && (cell !== anchor || choice() !== null)) setChoice(choiceBetween(layout(), anchor, cell));
  };
  const click = (event: MouseEvent): void => {
    isPressed = false;
    const cell = cellUnder(event);
    if (event.shiftKey || (choice() !== null && cell !== anchor)) return;
    if (choice() !== null) setChoice(null);
    else open(cell);
  };

  const look = (factor: number, cell: number): void => {
    const { start, count: frames } = shown();
    const place = cell < 0 ? start + frames / 2 : placesOf(layout(), cell).from;
    setShown(zoomed(shown(), all(), factor, place));
    setCursor(-1);
    anchor = -1;
  };
  const go = (by: number): void => void setShown(moved(shown(), all(), by * shown().count));

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
      const from = cursor();
      const to = Math.min(layout().cells - 1, Math.max(0, (from < 0 && step > 0 ? -1 : from) + step));
      setCursor(to);
      if (!event.shiftKey) anchor = to;
      else {
        if (anchor < 0) anchor = Math.max(0, from);
        setChoice(choiceBetween(layout(), anchor, to));
      }
      reveal(to);
    } else if (event.key === "Enter" || event.key === " ") open(cursor());
    else if (event.key === "n") nextFailed();
    else if (event.key === "+" || event.key === "=") look(STEP, cursor());
    else if (event.key === "-") look(1 / STEP, cursor());
    else if (event.key === "0") setShown({ start: 0, count: all() });
    else if (event.key === "PageUp") go(-0.9);
    else if (event.key === "PageDown") go(0.9);
    else if (event.key === "Escape" && choice() !== null) {
      event.stopPropagation();
      setChoice(null);
    } else return;
    event.preventDefault();
  };
  /** After the last one it begins again with the first. */
  const nextFailed = (): void => {
    const { cells } = layout();
    for (let n = 1; n <= cells; n += 1) {
      const cell = (cursor() + n) % cells;
      const { layer, from, to } = placesOf(layout(), cell);
      if (!hasState(layers()[layer] as GridLayer, from, to, "failed")) continue;
      setCursor(cell);
      anchor = cell;
      reveal(cell);
      return;
    }
  };
  /** Many layers scroll within their box. */
  const reveal = (cell: number): void => {
    if (box === undefined) return;
    const { y } = cellOrigin(layout(), cell);
    if (y < box.scrollTop) box.scrollTop = y;
    else if (y + layout().pitchY > box.scrollTop + box.clientHeight) box.scrollTop = y + 2 * layout().pitchY - box.clientHeight;
  };
  const wheel = (event: WheelEvent): void => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    look(event.deltaY < 0 ? 0.8 : 1.25, cellUnder(event));
  };
  onMount(() => {
    canvas?.addEventListener("wheel", wheel, { passive: false });
    onCleanup(() => canvas?.removeEventListener("wheel", wheel));
  });

  const isPart = () => shown().count < all();
  const frames = (span: Span): string => formatFrames(first().index.slice(span.start, span.start + span.count));
  const mark = () => {
    const cell = cursor();
    if (cell < 0 || cell >= layout().cells) return null;
    const gap = layout().pitch >= 10 ? 2 : 1;
    return { ...cellOrigin(layout(), cell), width: layout().pitch - gap, height: layout().pitchY - (layout().pitchY >= 10 ? 2 : 1) };
  };
  return (
    <div class="layer-strip">
      <div class="strip-line">
        <h3>
          {t.strip.heading}{" "}
          <span class="quiet">
            {layers().length > 1 ? t.strip.layers(layers().length) : first().name === null ? "" : t.strip.layer(first().name as string)}
          </span>
        </h3>
        <output class="readout">{readout()}</output>
        <span class="strip-tools">
          <span class="quiet">
            <Show when={isPart()}>{t.strip.part_of(frames(shown()))} </Show>
            <Show when={layout().perCell > 1}>{t.strip.cell(count(layout().perCell))}</Show>
          </span>
          <Show when={isPart()}>
            <button type="button" aria-label={t.strip.before} title={t.strip.before} onClick={() => go(-0.9)}>
              ‹
            </button>
            <button type="button" aria-label={t.strip.after} title={t.strip.after} onClick={() => go(0.9)}>
              ›
            </button>
            <button type="button" onClick={() => setShown({ start: 0, count: all() })}>
              {t.strip.all}
            </button>
          </Show>
          <Show when={layout().perCell > 1 || isPart()}>
            <button type="button" aria-label={t.strip.closer} title={t.strip.closer} onClick={() => look(STEP, -1)}>
              +
            </button>
            <button type="button" aria-label={t.strip.wider} title={t.strip.wider} disabled={!isPart()} onClick={() => look(1 / STEP, -1)}>
              −
            </button>
          </Show>
        </span>
      </div>
      <div class="strip-box" ref={box}>
        <div class="strip-stage">
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            aria-label={t.strip.label(summary())}
            data-cells={layout().cells}
            data-pitch={layout().pitch}
            data-pitch-y={layout().pitchY}
            data-columns={layout().columns}
            data-per-cell={layout().perCell}
            data-gutter={layout().gutter + MARGIN}
            data-margin={MARGIN}
            onPointerDown={press}
            onPointerMove={point}
            onPointerLeave={() => setCursor(-1)}
            onBlur={() => setCursor(-1)}
            onKeyDown={key}
            onClick={click}
          />
          <svg class="strip-over" width={width() + 2 * MARGIN} height={layout().height + 2 * MARGIN} aria-hidden="true">
            <g transform={`translate(${MARGIN} ${MARGIN})`}>
              <Show when={choice()}>
                {(chosen) => (
                  <For each={boxesOf(layout(), chosen())}>
                    {(one) => <rect class="strip-choice" x={one.x - 1} y={one.y - 1} width={one.width + 2} height={one.height + 2} />}
                  </For>
                )}
              </Show>
              <Show when={mark()}>
                {(one) => <rect class="strip-cursor" x={one().x - 1} y={one().y - 1} width={one().width + 2} height={one().height + 2} />}
              </Show>
            </g>
          </svg>
        </div>
      </div>
      <Show when={choice()}>
        {(chosen) => (
          <Chosen
            grid={props.grid}
            choice={chosen()}
            look={() => {
              setShown({ start: chosen().from, count: Math.max(1, chosen().to - chosen().from) });
              setChoice(null);
            }}
            drop={() => setChoice(null)}
          />
        )}
      </Show>
    </div>
  );
}
