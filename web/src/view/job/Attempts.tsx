/**
 * What was tried for the chosen job, newest first: at which level, by which plugin, how it ended, what was decided
 * and why. The chosen attempt is opened, with its faults, command and log.
 */
import { createEffect, createMemo, createSignal, For, onMount, Show, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import type { AttemptView, Fault } from "../../api/types";
import { count, duration, secondsBetween, shellLine } from "../../model/format";
import { frameCount } from "../../model/frames";
import { ATTEMPTS_KEPT } from "../../store/reduce";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { JobShape } from "../common/icons";
import { LogView } from "../log/LogView";
import { Prose, Time } from "../common/parts";
import { Share } from "../common/Share";

export function Attempts(): JSX.Element {
  const { farm, route, complain } = usePage();
  const attempts = () => farm.state.detail?.attempts ?? [];
  // Where none is chosen, what runs says most, then what went wrong last.
  const open = createMemo(() => {
    const chosen = route().attempt;
    if (chosen !== null) return chosen;
    const live = attempts().find((attempt) => attempt.state !== "ended");
    return (live ?? attempts()[0])?.id ?? null;
  });
  const opened = () => attempts().find((attempt) => attempt.id === open());
  const [gone, setGone] = createSignal<number | null>(null);

  // The list has no commands, and not every attempt that a link may name.
  const wanted = createMemo(() => {
    const id = open();
    const one = opened();
    if (id === null || farm.state.detail?.view == null) return null;
    return one === undefined || (one.command === null && one.state !== "starting") ? id : null;
  });
  createEffect(() => {
    const id = wanted();
    if (id === null) return;
    farm.loadAttempt(id).then(
      (isThere) => setGone(isThere ? null : id),
      (error: unknown) => {
        const problem = asProblem(error);
        if (problem.status === 404) setGone(id);
        else if (!problem.unreachable) complain(t.attempts.id(id), problem);
      },
    );
  });
  return (
    <section class="block tried" aria-label={t.attempts.heading}>
      <h3>
        {t.attempts.heading} <span class="quiet">{farm.state.detail?.view?.attempts ?? ""}</span>
      </h3>
      <Show when={attempts().length > 0} fallback={<p class="quiet">{t.attempts.none}</p>}>
        <ol class="attempts">
          <For each={attempts()}>{(attempt) => <AttemptRow attempt={attempt} open={attempt.id === open()} />}</For>
        </ol>
        <Show when={farm.state.detail?.isCut}>
          <p class="quiet">{t.attempts.cut(count(ATTEMPTS_KEPT))}</p>
        </Show>
        <Show when={farm.state.detail?.earlier}>
          <button
            type="button"
            onClick={() =>
              farm.earlierAttempts().catch((error: unknown) => complain(t.attempts.more, asProblem(error)))
            }
          >
            {t.attempts.more}
          </button>
        </Show>
      </Show>
      <Show when={gone() !== null && gone() === open()}>
        <p class="callout">{t.attempts.gone(gone() as number)}</p>
      </Show>
      <Show when={opened()?.id} keyed>
        <OpenAttempt attempt={opened() as AttemptView} />
      </Show>
    </section>
  );
}

/** One word for where an attempt is or how it ended, and the shape that goes with it. */
function stateOf(attempt: AttemptView): { shape: "running" | "waiting" | "done" | "failed"; word: string } {
  if (attempt.state === "starting") return { shape: "waiting", word: t.attempts.starting };
  if (attempt.state === "running") return { shape: "running", word: t.attempts.running };
  const decision = attempt.verdict?.decision.kind;
  const word = decision === undefined ? t.log.ended : t.attempts.decision[decision];
  return { shape: decision === "accept" ? "done" : "failed", word };
}

function howEnded(attempt: AttemptView): string {
  const outcome = attempt.outcome;
  if (outcome === null) return "";
  const by = t.attempts.endedBy[outcome.ended_by];
  if (by !== "") return by;
  if (outcome.signal !== null) return t.attempts.signal(outcome.signal);
  return outcome.exit_code === null ? "" : t.attempts.exit(outcome.exit_code);
}

function AttemptRow(props: { attempt: AttemptView; open: boolean }): JSX.Element {
  const { now } = usePage();
  let row: HTMLLIElement | undefined;
  // Into sight within the list, and without moving the page.
  createEffect(() => {
    const list = row?.parentElement;
    if (!props.open || row === undefined || list == null) return;
    const above = row.offsetTop - list.scrollTop;
    const below = above + row.offsetHeight - list.clientHeight;
    if (above < 0) list.scrollTop += above;
    else if (below > 0) list.scrollTop += below;
  });
  const attempt = () => props.attempt;
  const state = () => stateOf(attempt());
  const took = () => secondsBetween(attempt().started, attempt().ended ?? now());
  return (
    <li
      ref={row}
      class="attempt"
      classList={{ chosen: props.open }}
      aria-current={props.open ? "true" : undefined}
      data-attempt={attempt().id}
      data-state={attempt().state}
    >
      <span class="attempt-state">
        <JobShape status={state().shape} />
        <a class="attempt-link" href={attemptAddress(attempt().job, attempt().id)}>
          {t.attempts.id(attempt().id)}
        </a>
        <span class={`word word-${state().shape}`}>{state().word}</span>
      </span>
      <span class="attempt-what">
        <span>{t.attempts.level(attempt().level_name)}</span>
        <Show when={attempt().try_number > 1}>
          <span>{t.attempts.tryNumber(attempt().try_number)}</span>
        </Show>
        <Show when={attempt().layer}>{(layer) => <span>{t.strip.layer(layer())}</span>}</Show>
        <span class="attempt-frames" title={attempt().frames}>
          {attempt().frames}
        </span>
        <span>{t.attempts.framesDone(count(frameCount(attempt().frames_done)), count(frameCount(attempt().frames)))}</span>
        <Show when={attempt().plugin}>
          {(plugin) => (
            <span title={plugin().digest}>
              {plugin().name} {plugin().version}
            </span>
          )}
        </Show>
        <span>{t.attempts.threads(attempt().threads)}</span>
        <Show when={attempt().gpus.length > 0}>
          <span>{t.attempts.gpus(attempt().gpus.map((held) => `${held.index}`))}</span>
        </Show>
        <span>{duration(Math.round(took()))}</span>
        <Show when={howEnded(attempt())}>{(how) => <span>{how()}</span>}</Show>
      </span>
      <Show when={attempt().verdict}>
        {(verdict) => (
          <span class="attempt-why">
            <Prose text={verdict().reason} />
            <Show when={attempt().consequence}>
              {(consequence) => (
                <>
                  {" "}
                  <span class="quiet">{t.attempts.then}:</span> <Prose text={consequence()} />
                </>
              )}
            </Show>
          </span>
        )}
      </Show>
    </li>
  );
}

function OpenAttempt(props: { attempt: AttemptView }): JSX.Element {
  const { route } = usePage();
  const attempt = () => props.attempt;
  let article: HTMLElement | undefined;
  // Whoever chose an attempt wants to read its faults and its log, which may lie below.
  onMount(() => {
    if (route().attempt === attempt().id) article?.scrollIntoView({ block: "nearest" });
  });
  const faults = () => (attempt().faults.length > 0 ? attempt().faults : (attempt().outcome?.faults ?? []));
  const facts = () => (attempt().facts.length > 0 ? attempt().facts : (attempt().outcome?.facts ?? []));
  return (
    <article ref={article} class="open-attempt">
      <Show when={faults().length > 0}>
        <section class="faults" aria-label={t.attempts.faults}>
          <ul>
            <For each={faults()}>{(fault) => <FaultLine fault={fault} />}</For>
          </ul>
        </section>
      </Show>
      <Show when={facts().length > 0}>
        <p class="attempt-facts">
          <For each={facts()}>
            {(fact) => (
              <span title={fact.value}>
                <span class="quiet">{fact.name}</span> {fact.value}
              </span>
            )}
          </For>
          <span>
            <span class="quiet">{t.attempts.id(attempt().id)}</span> <Time at={attempt().started} />
          </span>
        </p>
      </Show>
      <Share attempt={attempt()} />
      <LogView attempt={attempt().id} state={attempt().state} />
      <Show when={attempt().command}>
        {(command) => (
          <details class="command">
            <summary>{t.attempts.command}</summary>
            <pre>{shellLine(command().program, command().args)}</pre>
            <p class="quiet">
              {t.attempts.workingDirectory} <code>{command().cwd}</code>
            </p>
            <Show when={command().env.length > 0}>
              <h4>{t.attempts.environment}</h4>
              <pre>{command().env.map(([name, value]) => `${name}=${value}`).join("\n")}</pre>
            </Show>
          </details>
        )}
      </Show>
    </article>
  );
}

function FaultLine(props: { fault: Fault }): JSX.Element {
  return (
    <li class={`fault fault-${props.fault.severity}`}>
      <span class="fault-tag">
        {t.attempts.severity[props.fault.severity]} · {props.fault.cause}
        <Show when={props.fault.frame !== null}> · {t.jobs.frame(props.fault.frame as number)}</Show>
      </span>{" "}
      <Prose text={props.fault.message} />
    </li>
  );
}
