/**
 * Where the chosen job's time has gone: one bar, and what its parts are.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import type { JobSummary } from "../../api/types";
import { duration } from "../../model/format";
import { shares, spentUntil } from "../../model/spent";
import { t } from "../../text";
import { usePage } from "../shell/context";

export function Spent(props: { job: JobSummary }): JSX.Element {
  const { farm, now } = usePage();
  const parts = createMemo(() => {
    const detail = farm.state.detail;
    if (detail === null || detail.id !== props.job.id || detail.view === null) return [];
    const live = detail.attempts.filter((attempt) => attempt.state !== "ended");
    return shares(spentUntil(detail.view.time, detail.viewAt, now(), props.job.finished !== null, live));
  });
  const segments = () => {
    const all = parts().reduce((sum, part) => sum + part.seconds, 0);
    let x = 0;
    return parts().map((part) => {
      const segment = { step: part.step, x, width: (part.seconds / all) * 1000 };
      x += segment.width;
      return segment;
    });
  };
  const words = () =>
    parts().map((part) => t.job.share(t.job.step[part.step], duration(part.seconds), part.percent)).join("; ");
  return (
    <Show when={parts().length > 0}>
      <section class="spent" aria-label={t.job.spent}>
        <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={words()}>
          <For each={segments()}>
            {(one) => <rect class={`step-${one.step}`} x={one.x} y="0" width={one.width} height="10" />}
          </For>
        </svg>
        <ul class="steps">
          <For each={parts()}>
            {(part) => (
              <li classList={{ none: part.seconds < 0.05 }} data-step={part.step}>
                <svg class="swatch" viewBox="0 0 10 10" aria-hidden="true">
                  <rect class={`step-${part.step}`} width="10" height="10" />
                </svg>{" "}
                {t.job.step[part.step]} <b>{duration(Math.round(part.seconds))}</b>{" "}
                <span class="quiet">{part.percent} %</span>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}
