/**
 * Which frames came down a level, from where to where, and why.
 */
import { createMemo, createSignal, For, Show, type JSX } from "solid-js";
import type { Fallback, JobView } from "../../api/types";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { Prose } from "../common/parts";

/** More than these only push away what is below. */
const AT_FIRST = 4;

export function Fallbacks(props: { view: JobView }): JSX.Element {
  const [isAll, setIsAll] = createSignal(false);
  const newest = createMemo(() => [...props.view.fallbacks].reverse());
  const shown = () => (isAll() ? newest() : newest().slice(0, AT_FIRST));
  return (
    <Show when={newest().length > 0}>
      <section class="block" data-part="fallbacks" aria-label={t.job.fallbacks}>
        <h3>
          {t.job.fallbacks} <span class="quiet">{newest().length}</span>
        </h3>
        <ul>
          <For each={shown()}>{(one) => <Line view={props.view} one={one} />}</For>
        </ul>
        <Show when={newest().length > AT_FIRST && !isAll()}>
          <button type="button" onClick={() => setIsAll(true)}>
            {t.job.allFallbacks(newest().length)}
          </button>
        </Show>
      </section>
    </Show>
  );
}

function Line(props: { view: JobView; one: Fallback }): JSX.Element {
  const layer = () => props.view.spec.layers[props.one.layer];
  return (
    <li class="fallback-line">
      <Show when={layer()}>{(name) => <span class="quiet">{name()} </span>}</Show>
      {t.job.fallback(props.one.frames, props.one.from, props.one.to)} <span class="fault-tag">{props.one.cause}</span>{" "}
      <Prose text={props.one.reason} />{" "}
      <a href={attemptAddress(props.view.id, props.one.attempt)}>{t.attempts.id(props.one.attempt)}</a>
    </li>
  );
}
