/**
 * The attempts of the job as bars over time, a lane for each that ran beside others: how long each step took, at which
 * level, how it ended. Pointing at one, or the arrow keys, tells it and shows which attempts led to it; a click or
 * Enter opens it.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { AttemptSpan } from "../../api/past";
import { clock, count } from "../../model/format";
import { chainOf, endOf, extentOf, fateOf, lanesOf, startOf, ticks } from "../../model/timeline";
import { attemptAddress } from "../../store/route";
import type { Timeline as Known } from "../../store/past";
import { t } from "../../text";
import { surroundings } from "../common/painted";
import { usePage } from "../shell/context";
import { lineOf } from "./attempt-words";
import { barAt, boxOf, heightOf, ledTo, paintTimeline, readTimelineColours, type Bar, type TimelineScene } from "./timeline-paint";

interface Shown {
  from: number;
  to: number;
}

/** Nothing is looked at more closely than this many milliseconds. */
const CLOSEST_MS = 1_000;

export function Timeline(props: { job: number; timeline: Known; open: number | null }): JSX.Element {
  const { now } = usePage();
  let canvas: HTMLCanvasElement | undefined;
  let box: HTMLDivElement | undefined;
  const { width, theme } = surroundings(() => box);
  const [pointed, setPointed] = createSignal<number | null>(null);
  /** Absent: all of it, also as it grows. */
  const [part, setPart] = createSignal<Shown | null>(null);

  const spans = () => props.timeline.spans;
  const isLive = createMemo(() => spans().some((span) => span.ended === null));
  // A job that has ended is not drawn again every second.
  const clockNow = createMemo(() => (isLive() ? now() : 0));
  const laned = createMemo(() => lanesOf(spans(), Infinity));
  const extent = createMemo(() => extentOf(spans(), clockNow()));
  const shown = (): Shown => part() ?? extent();
  const chain = createMemo(() => {
    const id = pointed() ?? props.open;
    const span = spans().find((one) => one.id === id);
    return span === undefined ? [] : [span, ...chainOf(spans(), span)];
  });

  onMount(() => {
    const wheel = (event: WheelEvent): void => {
      if (!event.ctrlKey && !event.metaKey) return;
      event.preventDefault();
      look(event.deltaY < 0 ? 0.8 : 1.25, event.offsetX / Math.max(1, width()));
    };
    canvas?.addEventListener("wheel", wheel, { passive: false });
    onCleanup(() => canvas?.removeEventListener("wheel", wheel));
  });

  const [scene, setScene] = createSignal<TimelineScene | null>(null);
  createEffect(
    on([width, theme, spans, clockNow, part], () => {
      const context = canvas?.getContext("2d");
      if (canvas === undefined || context == null || width() === 0) return;
      const scale = window.devicePixelRatio || 1;
      const height = heightOf(laned().lanes);
      const [wide, high] = [Math.round(width() * scale), Math.round(height * scale)];
      if (canvas.width !== wide || canvas.height !== high) {
        canvas.width = wide;
        canvas.height = high;
        canvas.style.width = `${width()}px`;
        canvas.style.height = `${height}px`;
      }
      context.setTransform(scale, 0, 0, scale, 0, 0);
      const { from, to } = shown();
      const zone = -new Date(from).getTimezoneOffset() * 60_000;
      const next: TimelineScene = {
        spans: spans(),
        lanes: laned().lanes,
        lane: laned().lane,
        from,
        to,
        now: clockNow(),
        width: width(),
        ticks: ticks(from, to, width() / 90, zone).map((at) => ({ at, text: tick(at, from, to) })),
        colours: readTimelineColours(canvas),
        font: getComputedStyle(canvas).fontFamily,
      };
      paintTimeline(context, next);
      setScene(next);
    }),
  );
  /** A short time, with the day where that is another one than at the left edge. */
  const tick = (at: number, from: number, to: number): string => {
    const text = clock(at, from);
    return to - from > 600_000 && /^\d\d:\d\d:\d\d$/.test(text) ? text.slice(0, 5) : text;
  };

  const under = (event: MouseEvent): number | null => {
    const known = scene();
    return known === null ? null : barAt(known, event.offsetX, event.offsetY);
  };
  /** The attempt that is pointed at or open, those that led to it, and how. */
  const marks = createMemo(() => {
    const known = scene();
    const bars = known === null ? [] : chain().flatMap((span) => boxOf(known, span.id) ?? []);
    return { bars, lines: bars.slice(1).map((from, at) => ledTo(from, bars[at] as Bar)) };
  });
  const open = (id: number | null): void => {
    if (id !== null) location.hash = attemptAddress(props.job, id);
  };

  function look(factor: number, share: number): void {
    const { from, to } = shown();
    const all = extent();
    const long = Math.max(CLOSEST_MS, (to - from) * factor);
    if (long >= all.to - all.from) return void setPart(null);
    show(from + (to - from) * share - long * share, long);
  }
  /** Shows so many milliseconds from a point in time on, and nothing before or after all attempts. */
  const show = (from: number, long: number): void => {
    const all = extent();
    const start = Math.max(all.from, Math.min(all.to - long, from));
    setPart({ from: start, to: start + long });
  };
  const go = (share: number): void => {
    const { from, to } = shown();
    if (part() !== null) show(from + (to - from) * share, to - from);
  };

  /** Attempts in the order in which they began; the newest is the first of the list. */
  const step = (by: number): void => {
    const at = spans().findIndex((span) => span.id === (pointed() ?? props.open));
    walk(at < 0 ? 0 : Math.max(0, Math.min(spans().length - 1, at - by)));
  };
  /** Points at an attempt and brings its bar into sight. */
  const walk = (place: number): void => {
    const span = spans()[place];
    if (span === undefined) return;
    setPointed(span.id);
    const { from, to } = shown();
    const began = startOf(span);
    if (part() !== null && (began > to || endOf(span, clockNow()) < from)) show(began - (to - from) / 2, to - from);
    const known = scene();
    const bar = known === null ? null : boxOf(known, span.id);
    if (box === undefined || bar === null) return;
    if (bar.y < box.scrollTop) box.scrollTop = bar.y - bar.height;
    else if (bar.y + bar.height > box.scrollTop + box.clientHeight) box.scrollTop = bar.y + 2 * bar.height - box.clientHeight;
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "ArrowRight") step(1);
    else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "Home") walk(spans().length - 1);
    else if (event.key === "End") walk(0);
    else if (event.key === "Enter" || event.key === " ") open(pointed());
    else if (event.key === "+" || event.key === "=") look(0.5, 0.5);
    else if (event.key === "-") look(2, 0.5);
    else if (event.key === "0") setPart(null);
    else if (event.key === "PageUp") go(-0.9);
    else if (event.key === "PageDown") go(0.9);
    else return;
    event.preventDefault();
  };

  const readout = (): string => {
    const [span, ...before] = chain();
    if (span === undefined) return t.timeline.hint;
    const line = lineOf(span, props.timeline.plugins, clockNow());
    const words = span.reason === null ? line : `${line}: ${span.reason}`;
    return before.length === 0 ? words : `${words} · ${t.timeline.after(before.map((one) => t.timeline.led(one.id, one.cause ?? one.decision ?? "")))}`;
  };
  const label = createMemo(() => {
    const sums = new Map<string, number>();
    for (const span of spans()) sums.set(fateOf(span), (sums.get(fateOf(span)) ?? 0) + 1);
    const parts = [...sums].map(([fate, number]) => `${count(number)} ${t.timeline.fate[fate as keyof typeof t.timeline.fate]}`);
    return t.timeline.label(parts.join(", "));
  });

  return (
    <section class="timeline" aria-label={t.timeline.heading}>
      <div class="strip-line">
        <h3>
          {t.timeline.heading} <span class="quiet">{count(spans().length)}</span>
        </h3>
        <TimelineLegend spans={spans()} />
        <span class="strip-tools">
          <Show when={part() !== null}>
            <button type="button" aria-label={t.timeline.before} title={t.timeline.before} onClick={() => go(-0.9)}>
              ‹
            </button>
            <button type="button" aria-label={t.timeline.later} title={t.timeline.later} onClick={() => go(0.9)}>
              ›
            </button>
            <button type="button" onClick={() => setPart(null)}>
              {t.strip.all}
            </button>
          </Show>
          <button type="button" aria-label={t.strip.closer} title={t.strip.closer} onClick={() => look(0.5, 0.5)}>
            +
          </button>
          <button type="button" aria-label={t.strip.wider} title={t.strip.wider} disabled={part() === null} onClick={() => look(2, 0.5)}>
            −
          </button>
        </span>
      </div>
      <div class="timeline-box" ref={box}>
        <canvas
          ref={canvas}
          tabIndex={0}
          role="application"
          aria-label={label()}
          data-spans={spans().length}
          data-lanes={laned().lanes}
          onPointerMove={(event) => setPointed(under(event))}
          onPointerLeave={() => setPointed(null)}
          onBlur={() => setPointed(null)}
          onKeyDown={key}
          onClick={(event) => open(under(event))}
        />
        <svg class="strip-over timeline-over" width={width()} height={heightOf(laned().lanes)} aria-hidden="true">
          <For each={marks().bars}>
            {(bar, at) => (
              <rect
                class={at() === 0 ? "timeline-chosen" : "timeline-led"}
                x={bar.x - 1}
                y={bar.y - 1}
                width={bar.width + 2}
                height={bar.height + 2}
              />
            )}
          </For>
          <For each={marks().lines}>{(line) => <path class="timeline-line" d={line} />}</For>
        </svg>
      </div>
      <output class="readout timeline-says">{readout()}</output>
      <Show when={props.timeline.isCut}>
        <p class="quiet">{t.timeline.cut(count(spans().length))}</p>
      </Show>
    </section>
  );
}

/** The marks that are there, with their words. */
function TimelineLegend(props: { spans: readonly AttemptSpan[] }): JSX.Element {
  const has = (fate: string) => props.spans.some((span) => fateOf(span) === fate);
  const steps = ["starting", "rendering", "verifying"] as const;
  return (
    <span class="timeline-legend quiet">
      {steps.map((step) => (
        <span>
          <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
            <rect class={`step-${step}`} width="10" height="10" />
          </svg>{" "}
          {t.job.step[step]}
        </span>
      ))}
      <Show when={has("retry")}>
        <span>
          <svg class="swatch is-paused" viewBox="0 0 10 10" aria-hidden="true">
            <circle class="mark-line" cx="5" cy="5" r="3.6" />
          </svg>{" "}
          {t.timeline.fate.retry}
        </span>
      </Show>
      <Show when={has("fall-back")}>
        <span>
          <svg class="swatch is-failed" viewBox="0 0 10 10" aria-hidden="true">
            <path class="mark-fill" d="M0.5 1.5h9L5 9z" />
          </svg>{" "}
          {t.timeline.fate["fall-back"]}
        </span>
      </Show>
      <Show when={has("failed")}>
        <span>
          <svg class="swatch is-failed" viewBox="0 0 10 10" aria-hidden="true">
            <path class="mark-thick" d="M1.5 1.5l7 7M8.5 1.5l-7 7" />
          </svg>{" "}
          {t.timeline.fate.failed}
        </span>
      </Show>
      <Show when={has("held")}>
        <span>
          <svg class="swatch is-paused" viewBox="0 0 10 10" aria-hidden="true">
            <path class="mark-fill" d="M1.5 1h2.6v8H1.5zM5.9 1h2.6v8H5.9z" />
          </svg>{" "}
          {t.timeline.fate.held}
        </span>
      </Show>
    </span>
  );
}
