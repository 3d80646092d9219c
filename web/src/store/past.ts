/**
 * What the attempts and frames of the opened job come to: the time line, the times of its frames and what went wrong.
 * Each is read when a view first asks for it, and kept right by events from then on. It lives as long as the view of
 * the job.
 */
import { createEffect, createSignal, on, onCleanup, untrack, type Accessor } from "solid-js";
import { readTimeline, readTimes, readTrouble, type AttemptCost, type AttemptSpan, type TimesView, type TroubleView } from "../api/past";
import { asProblem, type Problem } from "../api/problem";
import type { AttemptView, FarmEvent, PluginStamp } from "../api/types";
import { fateOf, outlineOf } from "../model/timeline";
import { BLOCK, LayerTimes } from "../model/times";
import type { Farm } from "./farm";

/** Spans that a page keeps; the daemon tells no more either. */
const SPANS_KEPT = 10_000;
/** Frames of a layer that a chart asks for at once. */
const CHART_FRAMES = 200_000;
const TROUBLE_PAUSE_MS = 2_000;

export interface Timeline {
  /** Newest first. */
  readonly spans: readonly AttemptSpan[];
  readonly plugins: readonly PluginStamp[];
  readonly isCut: boolean;
}

export interface Past {
  /** Null until it has been read. The first call asks for it. */
  readonly timeline: Accessor<Timeline | null>;
  readonly trouble: Accessor<TroubleView | null>;
  /** Grows with every change of what `times` and `costs` hold. */
  readonly timesVersion: Accessor<number>;
  /** The times of a layer as far as they are known, without asking for them. */
  times(layer: string | null): LayerTimes | null;
  readonly costs: ReadonlyMap<number, AttemptCost>;
  /** Sees to it that the times around a frame are known soon. */
  wantFrame(layer: string | null, frame: number): void;
  /** Sees to it that the times of a whole layer are known, as far as one chart shows them. */
  wantLayer(layer: string | null): Promise<void>;
  readonly problem: Accessor<Problem | null>;
}

export function createPast(farm: Farm, job: number): Past {
  const [timeline, setTimeline] = createSignal<Timeline | null>(null);
  const [trouble, setTrouble] = createSignal<TroubleView | null>(null);
  const [timesVersion, setTimesVersion] = createSignal(0);
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const layers = new Map<string | null, LayerTimes>();
  const costs = new Map<number, AttemptCost>();
  const abort = new AbortController();
  onCleanup(() => abort.abort());

  let wantsTimeline = false;
  let wantsTrouble = false;
  const complete = new Set<string | null>();
  /** Events that came while the time line was being read, which is older than they are. */
  let held: AttemptView[] | null = null;

  const failed = (error: unknown): void => {
    if (!abort.signal.aborted) setProblem(asProblem(error));
  };

  async function loadTimeline(): Promise<void> {
    held = [];
    try {
      const view = await readTimeline(farm.client, job, abort.signal);
      const since: AttemptView[] = held ?? [];
      held = null;
      setProblem(null);
      setTimeline({ spans: view.spans, plugins: view.plugins, isCut: view.is_cut });
      since.forEach(putAttempt);
    } catch (error) {
      held = null;
      failed(error);
    }
  }

  // A job that fails all over ends attempts all the time, and what went wrong is the same from one to the next.
  let resting = false;
  let again = false;
  async function loadTrouble(): Promise<void> {
    again = resting;
    if (resting) return;
    resting = true;
    try {
      setTrouble(await readTrouble(farm.client, job, abort.signal));
    } catch (error) {
      failed(error);
    }
    const timer = setTimeout(() => {
      resting = false;
      if (again) void loadTrouble();
    }, TROUBLE_PAUSE_MS);
    abort.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  }

  function layerTimes(layer: string | null): LayerTimes | null {
    const known = layers.get(layer);
    if (known !== undefined) return known;
    const found = untrack(() => (farm.state.detail?.id === job ? farm.state.detail.grid : null))?.layers.find(
      (candidate) => candidate.name === layer,
    );
    if (found === undefined) return null;
    const made = new LayerTimes(found.index);
    layers.set(layer, made);
    return made;
  }

  function take(layer: string | null, view: TimesView): void {
    for (const cost of view.costs) costs.set(cost.attempt, cost);
    layerTimes(layer)?.put(view);
    setTimesVersion((before) => before + 1);
  }

  function wantFrame(layer: string | null, frame: number): void {
    const times = layerTimes(layer);
    const block = Math.floor((times?.index.indexOf(frame) ?? -1) / BLOCK);
    const places = times?.take(block);
    if (times === null || places === null || places === undefined || complete.has(layer)) return;
    const [from, to] = [times.index.frameAt(places.from), times.index.frameAt(places.to - 1)] as [number, number];
    readTimes(farm.client, job, { layer, from, to, limit: BLOCK }, abort.signal).then(
      (view) => take(layer, view),
      // Pointing at a frame says a little less then; the next one asks again.
      () => times.giveBack(block),
    );
  }

  async function wantLayer(layer: string | null): Promise<void> {
    if (complete.has(layer)) return;
    complete.add(layer);
    try {
      const view = await readTimes(farm.client, job, { layer, limit: CHART_FRAMES }, abort.signal);
      setProblem(null);
      take(layer, view);
      // The rest is read where somebody points at it.
      if (view.next != null) complete.delete(layer);
    } catch (error) {
      complete.delete(layer);
      failed(error);
    }
  }

  function putAttempt(attempt: AttemptView): void {
    const cost = costs.get(attempt.id);
    costs.set(attempt.id, {
      attempt: attempt.id,
      level: attempt.level,
      peak_memory_bytes: attempt.usage.peak_memory_bytes ?? cost?.peak_memory_bytes ?? null,
      decision: attempt.verdict?.decision.kind ?? null,
    });
    const before = untrack(timeline);
    if (before === null) return;
    const plugins = [...before.plugins];
    let plugin = attempt.plugin === null ? null : plugins.findIndex((known) => known.digest === attempt.plugin?.digest);
    if (plugin === -1) plugin = plugins.push(attempt.plugin as PluginStamp) - 1;
    const span = outlineOf(attempt, plugin);
    const at = before.spans.findIndex((other) => other.id <= span.id);
    const isKnown = before.spans[at]?.id === span.id;
    const spans = [...before.spans];
    spans.splice(at < 0 ? spans.length : at, isKnown ? 1 : 0, span);
    setTimeline({ spans: spans.slice(0, SPANS_KEPT), plugins, isCut: before.isCut || spans.length > SPANS_KEPT });
  }

  function hear(events: readonly FarmEvent[]): void {
    let [isOther, isTrouble] = [false, false];
    for (const event of events) {
      if (event.type === "image" && event.image.job === job) {
        const { layer, frame, seconds, attempt } = event.image;
        if (attempt === null) continue;
        layers.get(layer)?.set(frame, seconds, attempt);
        isOther = true;
      } else if (event.type === "attempt" && event.attempt.job === job) {
        held?.push(event.attempt);
        putAttempt(event.attempt);
        isOther = true;
        isTrouble ||= event.attempt.state === "ended" && fateOf(outlineOf(event.attempt)) !== "fine";
      } else if (event.type === "frames" && event.job === job) {
        // A retry brings failed frames back, and a job that is given up fails the rest.
        isTrouble ||= event.frame_state === "failed" || (event.frame_state === "pending" && hasFailed());
      } else if (event.type === "usage" && event.job === job) {
        const cost = costs.get(event.attempt);
        if (cost === undefined) continue;
        costs.set(event.attempt, { ...cost, peak_memory_bytes: event.usage.peak_memory_bytes ?? cost.peak_memory_bytes });
        isOther = true;
      }
    }
    if (isOther) setTimesVersion((before) => before + 1);
    if (isTrouble && wantsTrouble) void loadTrouble();
  }

  const hasFailed = (): boolean => (untrack(trouble)?.groups ?? []).some((group) => group.failed_count > 0);

  onCleanup(farm.listen(hear));
  // A connection that was lost may have taken events with it.
  createEffect(
    on(
      farm.epoch,
      () => {
        if (wantsTimeline) void loadTimeline();
        if (wantsTrouble) void loadTrouble();
        const wanted = [...complete];
        complete.clear();
        for (const layer of wanted) void wantLayer(layer);
      },
      { defer: true },
    ),
  );

  return {
    timeline: () => {
      if (!wantsTimeline) {
        wantsTimeline = true;
        void loadTimeline();
      }
      return timeline();
    },
    trouble: () => {
      if (!wantsTrouble) {
        wantsTrouble = true;
        void loadTrouble();
      }
      return trouble();
    },
    timesVersion,
    times: (layer) => layerTimes(layer),
    costs,
    wantFrame,
    wantLayer,
    problem,
  };
}
