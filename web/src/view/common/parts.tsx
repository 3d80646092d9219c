/**
 * Small parts that several views use.
 */
import { For, Index, Show, type JSX } from "solid-js";
import type { Problem } from "../../api/problem";
import type { BreakerView, FrameCounts, FrameState } from "../../api/types";
import { clock, roughly, secondsBetween } from "../../model/format";
import { pieces } from "../../model/prose";
import { t } from "../../text";
import { usePage } from "../shell/context";

const BAR_ORDER: readonly FrameState[] = ["done", "skipped", "running", "failed"];

/** A stacked bar of what frames are. Widths are SVG attributes, which the content security policy lets be. */
export function FrameBar(props: { counts: FrameCounts; label: string }): JSX.Element {
  const segments = () => {
    const total = Math.max(1, props.counts.total);
    let x = 0;
    return BAR_ORDER.map((state) => {
      const width = (props.counts[state] / total) * 1000;
      const segment = { state, x, width: props.counts[state] > 0 ? Math.max(width, 6) : 0 };
      x += width;
      return segment;
    });
  };
  return (
    <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={props.label}>
      <Index each={segments()}>
        {(segment) => <rect class={`bar-${segment().state}`} x={segment().x} y="0" width={segment().width} height="10" />}
      </Index>
    </svg>
  );
}

/** How much of something is taken, as cells or as a bar. */
export function Meter(props: { used: number; all: number; label: string }): JSX.Element {
  const width = () => Math.min(1, props.used / Math.max(1, props.all)) * 1000;
  return (
    <svg class="bar meter" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={props.label}>
      <rect class="bar-running" x="0" y="0" width={width()} height="10" />
    </svg>
  );
}

/** A time of day; pointing at it tells the whole date. */
export function Time(props: { at: string }): JSX.Element {
  const { now } = usePage();
  return (
    <time dateTime={props.at} title={new Date(props.at).toLocaleString()}>
      {clock(props.at, now())}
    </time>
  );
}

/** How long something will still take, or by how much that guess was too low. */
export function Left(props: { until: string }): JSX.Element {
  const { now } = usePage();
  const over = () => secondsBetween(props.until, now());
  return <>{over() > 0 ? t.jobs.overdue(roughly(over())) : t.jobs.left(roughly(secondsBetween(now(), props.until)))}</>;
}

/** A sentence of the daemon: code as code, times as local ones. */
export function Prose(props: { text: string | undefined }): JSX.Element {
  const { now } = usePage();
  return (
    <For each={pieces(props.text ?? "", now())}>
      {(piece) => (piece.code ? <code>{piece.text}</code> : piece.text)}
    </For>
  );
}

export function ProblemText(props: { problem: Problem }): JSX.Element {
  return (
    <div class="problem-text">
      <strong>{props.problem.title}</strong>
      <Show when={props.problem.detail !== ""}>
        <p>
          <Prose text={props.problem.detail} />
        </p>
      </Show>
      <Show when={props.problem.needsLogin}>
        <a href={`login${location.hash}`}>{t.problem.login}</a>
      </Show>
      <Show when={props.problem.fields.length > 0}>
        <ul>
          <For each={props.problem.fields}>
            {(field) => (
              <li>
                <Show when={field.field !== ""}>
                  <code>{field.field}</code>{" "}
                </Show>
                <Prose text={field.message} />
              </li>
            )}
          </For>
        </ul>
      </Show>
    </div>
  );
}

/** A problem that stands where what could not be read would be; nothing while there is none. */
export function ProblemCallout(props: { problem: Problem | null | undefined }): JSX.Element {
  return (
    <Show when={props.problem}>
      {(problem) => (
        <div class="callout callout-bad">
          <ProblemText problem={problem()} />
        </div>
      )}
    </Show>
  );
}

/** Sentences of the daemon, one below the other. */
export function ProseList(props: { class?: string; texts: readonly string[] }): JSX.Element {
  return (
    <ul class={props.class}>
      <For each={props.texts}>
        {(text) => (
          <li>
            <Prose text={text} />
          </li>
        )}
      </For>
    </ul>
  );
}

/** A plugin that takes no tasks for a while, or none on one of the GPUs. */
export function BreakerCallout(props: { breaker: BreakerView; href?: string }): JSX.Element {
  const { now } = usePage();
  const head = () => t.node.breaker(props.breaker.plugin, props.breaker.gpu);
  return (
    <div class="callout callout-bad" data-part="breaker">
      <strong>
        <Show when={props.href} fallback={head()}>
          {(href) => <a href={href()}>{head()}</a>}
        </Show>
      </strong>
      <p>
        <Prose text={props.breaker.reason} />
      </p>
      <p class="quiet">{t.node.breakerUntil(clock(props.breaker.until, now()))}</p>
    </div>
  );
}
