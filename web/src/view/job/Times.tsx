/**
 * How long each frame took and how much memory its attempt held, as charts over the frames: what stands out is marked
 * and named, what failed is shown apart. In words and as a table too.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, Show, type JSX } from "solid-js";
import { amount, count, duration } from "../../model/format";
import { FRAME_STATES, type GridLayer } from "../../model/grid";
import { highest, spreadOf, type Spread } from "../../model/outliers";
import { memoryOf, type LayerTimes } from "../../model/times";
import { attemptAddress, imageAddress } from "../../store/route";
import { t } from "../../text";
import { ProblemCallout } from "../common/parts";
import { usePage } from "../shell/context";
import { FrameChart, type ChartData } from "./FrameChart";
import { usePast } from "./context";

/** Differences that nobody would speak of. */
const LEAST_SECONDS = 0.5;
const LEAST_BYTES = 200e6;
const WORST = 10;
/** A chart of many frames is drawn anew this often at most. */
const REST_MS = 1_000;
const MANY = 5_000;

export interface Figures {
  layer: GridLayer;
  times: LayerTimes;
  /** Places of the frames that have been rendered, in their order. */
  places: Int32Array;
  seconds: Float64Array;
  memory: Float64Array;
  /** Whether the attempt of each ended otherwise than well. */
  troubled: Uint8Array;
  secondsSpread: Spread;
  memorySpread: Spread;
  failed: number[];
}

export function Times(): JSX.Element {
  const { farm } = usePage();
  const past = usePast();
  const layers = () => farm.state.detail?.grid?.layers ?? [];
  const [chosen, setChosen] = createSignal(0);
  const layer = () => layers()[chosen()];
  const [pointed, setPointed] = createSignal<number | null>(null);

  createEffect(() => {
    const wanted = layer();
    if (wanted !== undefined) void past.wantLayer(wanted.name);
  });

  // With few frames at once, with many after a rest: sorting a hundred thousand for each that lands would be felt.
  const [turn, setTurn] = createSignal(0);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on([past.timesVersion, () => farm.state.detail?.gridVersion], () => {
      if ((layer()?.index.count ?? 0) < MANY) return void setTurn((before) => before + 1);
      timer ??= setTimeout(() => {
        timer = undefined;
        setTurn((before) => before + 1);
      }, REST_MS);
    }),
  );

  const figures = createMemo<Figures | null>(() => {
    turn();
    const known = layer();
    const times = known === undefined ? null : past.times(known.name);
    if (known === undefined || times === null) return null;
    const there: number[] = [];
    const failed: number[] = [];
    for (let at = 0; at < known.index.count; at += 1) {
      if ((times.attempts[at] as number) > 0) there.push(at);
      if (known.states[at] === FRAME_STATES.indexOf("failed")) failed.push(known.index.frameAt(at) as number);
    }
    const places = Int32Array.from(there);
    const all = memoryOf(times, past.costs);
    const seconds = Float64Array.from(places, (at) => times.seconds[at] as number);
    const memory = Float64Array.from(places, (at) => all[at] as number);
    const troubled = Uint8Array.from(places, (at) => {
      const decision = past.costs.get(times.attempts[at] as number)?.decision;
      return decision == null || decision === "accept" ? 0 : 1;
    });
    return {
      layer: known,
      times,
      places,
      seconds,
      memory,
      troubled,
      secondsSpread: spreadOf(seconds, LEAST_SECONDS),
      memorySpread: spreadOf(memory, LEAST_BYTES),
      failed,
    };
  });
  const frameAt = (of: Figures, n: number): number => of.layer.index.frameAt(of.places[n] as number) as number;
  const attemptAt = (of: Figures, n: number): number => of.times.attempts[of.places[n] as number] as number;

  const data = (of: Figures, values: Float64Array, spread: Spread): ChartData => ({
    frames: Float64Array.from(of.places, (at) => of.layer.index.frameAt(at) as number),
    values,
    troubled: of.troubled,
    spread,
    isApart: (n) => (of.places[n + 1] as number) > (of.places[n] as number) + 1,
    failed: of.failed,
    first: of.layer.index.frameAt(0) as number,
    last: of.layer.index.frameAt(of.layer.index.count - 1) as number,
  });
  const seconds = createMemo(() => {
    const of = figures();
    return of === null ? null : data(of, of.seconds, of.secondsSpread);
  });
  const memory = createMemo(() => {
    const of = figures();
    return of === null ? null : data(of, of.memory, of.memorySpread);
  });

  const says = (): string => {
    const [of, n] = [figures(), pointed()];
    if (of === null || n === null || n >= of.places.length) return t.times.hint;
    const took = of.seconds[n] as number;
    const peak = of.memory[n] as number;
    const ratio = took / of.secondsSpread.median;
    return [
      t.times.frame(frameAt(of, n)),
      ...(Number.isNaN(took) ? [] : [duration(took)]),
      ...(took > of.secondsSpread.limit ? [t.times.outlier(ratio.toFixed(1))] : []),
      ...(Number.isNaN(peak) ? [] : [t.times.memory(amount(peak))]),
      t.strip.attempt(attemptAt(of, n)),
      ...(of.troubled[n] === 1 ? [t.times.troubled] : []),
    ].join(" · ");
  };
  const open = (n: number | null): void => {
    const [of, job] = [figures(), farm.state.detail?.id];
    if (of !== null && n !== null && job !== undefined) location.hash = imageAddress(job, frameAt(of, n), of.layer.name);
  };
  const outliers = (of: Figures): number[] =>
    highest(of.seconds, WORST).filter((n) => (of.seconds[n] as number) > of.secondsSpread.limit);
  const summary = (of: Figures): string => {
    const known = of.secondsSpread.count;
    if (known === 0) return t.times.untold(count(of.places.length), of.places.length);
    const most = highest(of.memory, 1)[0];
    let above = 0;
    for (const value of of.seconds) if (value > of.secondsSpread.limit) above += 1;
    const named = outliers(of).map((n) => frameAt(of, n));
    return [
      t.times.half(count(known), known, duration(of.secondsSpread.median)),
      above === 0 ? t.times.noOutliers : t.times.outliers(count(above), above, named.join(", ")),
      ...(of.failed.length > 0 ? [t.times.failed(count(of.failed.length), of.failed.length)] : []),
      ...(most === undefined ? [] : [t.times.most(amount(of.memory[most] as number), frameAt(of, most))]),
    ].join(" ");
  };
  const partial = (of: Figures): boolean => {
    const there = farm.state.jobs[farm.state.detail?.id ?? -1]?.frames.done ?? 0;
    return layers().length === 1 && of.places.length < there;
  };

  return (
    <div class="part times-part">
      <ProblemCallout problem={past.problem()} />
      <Show when={layers().length > 1}>
        <label class="times-layer">
          {t.times.layer}{" "}
          <select value={chosen()} onChange={(event) => setChosen(Number(event.currentTarget.value))}>
            <For each={layers()}>{(one, at) => <option value={at()}>{one.name}</option>}</For>
          </select>
        </label>
      </Show>
      <Show when={figures()}>
        {(of) => (
          <Show when={of().places.length > 0} fallback={<p class="quiet">{t.times.none}</p>}>
            <p class="times-summary">{summary(of())}</p>
            <Show when={partial(of())}>
              <p class="quiet">{t.times.partial(count(of().places.length))}</p>
            </Show>
            <output class="readout times-says">{says()}</output>
            <Show when={of().secondsSpread.count > 0 && seconds()}>
              {(known) => (
                <FrameChart
                  kind="seconds"
                  label={t.times.seconds}
                  data={known()}
                  unit={duration}
                  say={(n) => setPointed(n)}
                  open={open}
                />
              )}
            </Show>
            <Show when={of().memorySpread.count > 0 && memory()}>
              {(known) => (
                <FrameChart kind="memory" label={t.times.peak} data={known()} unit={amount} say={(n) => setPointed(n)} open={open} />
              )}
            </Show>
            <Show when={of().secondsSpread.count > 0}>
              <table class="worst">
                <caption>{t.times.slowest}</caption>
                <thead>
                  <tr>
                    <th scope="col">{t.times.columns.frame}</th>
                    <th scope="col">{t.times.columns.took}</th>
                    <th scope="col">{t.times.columns.ratio}</th>
                    <th scope="col">{t.times.columns.memory}</th>
                    <th scope="col">{t.times.columns.attempt}</th>
                  </tr>
                </thead>
                <tbody>
                  <For each={highest(of().seconds, WORST)}>
                    {(n) => (
                      <tr classList={{ outlier: (of().seconds[n] as number) > of().secondsSpread.limit }} data-frame={frameAt(of(), n)}>
                        <th scope="row">
                          <a href={imageAddress(farm.state.detail?.id ?? 0, frameAt(of(), n), of().layer.name)}>{frameAt(of(), n)}</a>
                        </th>
                        <td>{duration(of().seconds[n] as number)}</td>
                        <td>{((of().seconds[n] as number) / of().secondsSpread.median).toFixed(1)} ×</td>
                        <td>{Number.isNaN(of().memory[n]) ? "" : amount(of().memory[n] as number)}</td>
                        <td>
                          <a href={attemptAddress(farm.state.detail?.id ?? 0, attemptAt(of(), n))}>{attemptAt(of(), n)}</a>
                        </td>
                      </tr>
                    )}
                  </For>
                </tbody>
              </table>
            </Show>
          </Show>
        )}
      </Show>
    </div>
  );
}
