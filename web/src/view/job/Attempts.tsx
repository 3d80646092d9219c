/**
 * What was tried for the chosen job: as a time line, why frames came down a level, and as a list, newest first. The
 * chosen attempt is opened below, with its faults, command and log.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { AttemptSpan } from "../../api/past";
import type { PluginStamp } from "../../api/types";
import { clock, count, duration } from "../../model/format";
import { frameCount } from "../../model/frames";
import { cameFrom, fateOf } from "../../model/timeline";
import { rowsInSight } from "../../model/rows";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { ProblemCallout, Prose } from "../common/parts";
import { usePage } from "../shell/context";
import { pluginOf, secondsOf, stateOf } from "./attempt-words";
import { usePast } from "./context";
import { Fallbacks } from "./Fallbacks";
import { createOpenAttempt, GoneAttempt, OpenAttempt } from "./OpenAttempt";
import { Timeline } from "./Timeline";

export function Attempts(props: { job: number }): JSX.Element {
  const { farm } = usePage();
  const past = usePast();
  const { id, attempt, isGone } = createOpenAttempt();
  return (
    <div class="part tried">
      <ProblemCallout problem={past.problem()} />
      <Show when={past.timeline()} fallback={<p class="quiet">{t.attempts.loading}</p>}>
        {(timeline) => (
          <Show when={timeline().spans.length > 0} fallback={<p class="quiet">{t.attempts.none}</p>}>
            <Timeline job={props.job} timeline={timeline()} open={id()} />
            <Show when={farm.state.detail?.view}>{(view) => <Fallbacks view={view()} />}</Show>
            <List spans={timeline().spans} plugins={timeline().plugins} open={id()} />
          </Show>
        )}
      </Show>
      <GoneAttempt isGone={isGone()} id={id()} />
      <Show when={attempt()?.id} keyed>
        <OpenAttempt attempt={attempt() as NonNullable<ReturnType<typeof attempt>>} />
      </Show>
    </div>
  );
}

/** Thousands of attempts: only the rows in sight are there. All of them are of one height. */
function List(props: { spans: readonly AttemptSpan[]; plugins: readonly PluginStamp[]; open: number | null }): JSX.Element {
  let list: HTMLDivElement | undefined;
  let rest: HTMLOListElement | undefined;
  const [onlyBad, setOnlyBad] = createSignal(false);
  const [view, setView] = createSignal({ top: 0, height: 400 });
  const [rowHeight, setRowHeight] = createSignal(28);
  const isBad = (span: AttemptSpan): boolean => !["fine", "live"].includes(fateOf(span));
  const bad = createMemo(() => props.spans.filter(isBad));
  const rows = () => (onlyBad() ? bad() : props.spans);
  const inSight = createMemo(() => rowsInSight(rows().length, rowHeight(), view().top, view().height));
  const shown = createMemo(() => rows().slice(inSight().from, inSight().to));

  const look = (): void => {
    if (list !== undefined) setView({ top: list.scrollTop, height: list.clientHeight });
  };
  onMount(() => {
    if (list === undefined) return;
    const watch = new ResizeObserver(() => {
      const row = list?.querySelector<HTMLElement>(".attempt");
      if (row != null && row.offsetHeight > 0) setRowHeight(row.offsetHeight);
      look();
    });
    watch.observe(list);
    onCleanup(() => watch.disconnect());
  });
  // Within what scrolls and not on it: padding of its own would make that as high as all rows together.
  createEffect(() => {
    if (rest === undefined) return;
    rest.style.paddingTop = `${inSight().before}px`;
    rest.style.paddingBottom = `${inSight().after}px`;
  });
  // What is opened comes into sight within the list, and without moving the page.
  createEffect(
    on(
      () => props.open,
      (open) => {
        const at = rows().findIndex((span) => span.id === open);
        if (list === undefined || at < 0) return;
        const top = at * rowHeight();
        if (top < list.scrollTop) list.scrollTop = top;
        else if (top + rowHeight() > list.scrollTop + list.clientHeight) list.scrollTop = top + rowHeight() - list.clientHeight;
        look();
      },
    ),
  );
  return (
    <section class="block" aria-label={t.attempts.heading}>
      <div class="strip-line">
        <h3>
          {t.attempts.heading} <span class="quiet">{count(rows().length)}</span>
        </h3>
        <Show when={bad().length > 0}>
          <label>
            <input type="checkbox" checked={onlyBad()} onChange={(event) => setOnlyBad(event.currentTarget.checked)} />{" "}
            {t.attempts.onlyBad(count(bad().length))}
          </label>
        </Show>
      </div>
      <div class="attempts" ref={list} onScroll={look}>
        <ol ref={rest}>
          <For each={shown()}>
            {(span, at) => (
              <AttemptRow
                span={span}
                plugin={pluginOf(span, props.plugins)}
                from={isBad(span) || span.try_number > 1 || span.level > 0 ? cameFrom(props.spans, span) : null}
                open={span.id === props.open}
                place={inSight().from + at() + 1}
                places={rows().length}
              />
            )}
          </For>
        </ol>
      </div>
    </section>
  );
}

export function AttemptRow(props: {
  span: AttemptSpan;
  plugin: PluginStamp | null;
  /** Whose missing frames it was given. */
  from: AttemptSpan | null;
  open: boolean;
  place?: number;
  places?: number;
}): JSX.Element {
  const { farm, now } = usePage();
  const span = () => props.span;
  const state = () => stateOf(span());
  const total = () => frameCount(span().frames);
  /** Of a running one, only its events tell how many are there. */
  const done = () => {
    if (span().ended !== null) return total() - frameCount(span().missed);
    return frameCount(farm.state.detail?.attempts.find((one) => one.id === span().id)?.frames_done ?? "");
  };
  return (
    <li
      class="attempt"
      classList={{ chosen: props.open }}
      aria-current={props.open ? "true" : undefined}
      aria-setsize={props.places}
      aria-posinset={props.place}
      data-attempt={span().id}
      data-state={span().ended !== null ? "ended" : span().running === null ? "starting" : "running"}
      data-fate={fateOf(span())}
    >
      <span class="attempt-state">
        <JobShape status={state().shape} />
        <a class="attempt-link" href={attemptAddress(farm.state.detail?.id ?? 0, span().id)}>
          {span().id}
        </a>
        <span class={`word word-${state().shape}`}>{state().word}</span>
      </span>
      <span class="attempt-level">
        {span().level_name}
        <Show when={span().try_number > 1}>
          <span class="quiet"> {t.attempts.tryNumber(span().try_number)}</span>
        </Show>
      </span>
      <span class="attempt-frames" title={span().layer === null ? span().frames : `${span().layer} ${span().frames}`}>
        {span().frames}
        <Show when={span().layer}>{(layer) => <span class="quiet"> {layer()}</span>}</Show>
      </span>
      <span class="attempt-done">{t.attempts.framesDone(count(done()), count(total()))}</span>
      <span class="attempt-took">{duration(Math.round(secondsOf(span(), now())))}</span>
      <span class="attempt-when quiet">{clock(span().started, now())}</span>
      <span class="attempt-what quiet">
        <Show when={props.plugin}>
          {(plugin) => (
            <span title={plugin().digest}>
              {plugin().name} {plugin().version}
            </span>
          )}
        </Show>
        <Show when={span().gpus.length > 0}> {t.attempts.gpus(span().gpus.map(String))}</Show>
      </span>
      <span class="attempt-why" title={span().reason ?? undefined}>
        <Show when={fateOf(span()) !== "fine" && span().cause}>{(cause) => <span class="fault-tag">{cause()} </span>}</Show>
        <Show when={props.from}>
          {(from) => <span class="quiet">{t.attempts.after(from().id, from().cause ?? from().decision ?? "")} </span>}
        </Show>
        <Show when={span().reason}>{(reason) => <Prose text={reason()} />}</Show>
      </span>
    </li>
  );
}
