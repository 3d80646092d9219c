/**
 * Bars of seconds with the median, as a picture: every figure of it stands in words beside it.
 */
import { For, Show, type JSX } from "solid-js";
import { duration } from "../../model/format";

const WIDTH = 900;
const HEIGHT = 160;

export interface TimeBar {
  readonly title: string;
  readonly seconds: number;
  readonly stands: "usual" | "slow" | "failed";
}

export function TimesChart(props: { bars: readonly TimeBar[]; median: number | null; label: string }): JSX.Element {
  const top = () => Math.max(0.001, ...props.bars.map((bar) => bar.seconds));
  const pitch = () => WIDTH / Math.max(1, props.bars.length);
  const y = (seconds: number) => HEIGHT - (HEIGHT - 4) * (seconds / top());
  const gap = () => (pitch() > 6 ? 2 : pitch() > 3 ? 1 : 0);
  const width = () => Math.min(44, Math.max(0.6, pitch() - gap()));
  return (
    <figure class="times-chart">
      <figcaption aria-hidden="true">{duration(top())}</figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={props.label}>
        <For each={props.bars}>
          {(bar, index) => (
            <rect
              class={`times-${bar.stands}`}
              x={index() * pitch() + (pitch() - width()) / 2}
              y={Math.min(HEIGHT - 1, y(bar.seconds))}
              width={width()}
              height={Math.max(1, HEIGHT - y(bar.seconds))}
            >
              <title>{bar.title}</title>
            </rect>
          )}
        </For>
        <Show when={props.median}>
          {(median) => <line class="times-median" x1="0" x2={WIDTH} y1={y(median())} y2={y(median())} />}
        </Show>
      </svg>
    </figure>
  );
}
