/**
 * One attempt with all that is known of it: its verdict, faults, facts, what it held, its log and its exact command.
 */
import { createEffect, createMemo, createSignal, For, onMount, Show, type Accessor, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import type { AttemptView, Fault } from "../../api/types";
import { lineAddress, logAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { withoutRepeat } from "../../model/prose";
import { Prose, Time } from "../common/parts";
import { Share } from "../common/Share";
import { LogView } from "../log/LogView";
import { usePage } from "../shell/context";
import { Command } from "./Command";

export interface Opened {
  /** The chosen attempt; where none is chosen, what runs says most, then what was tried last. */
  readonly id: Accessor<number | null>;
  readonly attempt: Accessor<AttemptView | undefined>;
  /** Whether there is no such attempt of this job. */
  readonly isGone: Accessor<boolean>;
}

/** The attempt to show, read as a whole where the page has only its outline. */
export function createOpenAttempt(): Opened {
  const { farm, route, complain } = usePage();
  const attempts = () => farm.state.detail?.attempts ?? [];
  const id = createMemo(() => {
    const chosen = route().attempt;
    if (chosen !== null) return chosen;
    const live = attempts().find((attempt) => attempt.state !== "ended");
    return (live ?? attempts()[0])?.id ?? null;
  });
  const attempt = () => attempts().find((one) => one.id === id());
  const [gone, setGone] = createSignal<number | null>(null);

  // The list has no commands, and not every attempt that a link may name.
  const wanted = createMemo(() => {
    const one = attempt();
    if (id() === null || farm.state.detail?.view == null) return null;
    return one === undefined || (one.command === null && one.state !== "starting") ? id() : null;
  });
  createEffect(() => {
    const missing = wanted();
    if (missing === null) return;
    farm.loadAttempt(missing).then(
      (isThere) => setGone(isThere ? null : missing),
      (error: unknown) => {
        const problem = asProblem(error);
        if (problem.status === 404) setGone(missing);
        else if (!problem.unreachable) complain(t.attempts.id(missing), problem);
      },
    );
  });
  return { id, attempt, isGone: () => gone() !== null && gone() === id() };
}

export function GoneAttempt(props: { isGone: boolean; id: number | null }): JSX.Element {
  return (
    <Show when={props.isGone}>
      <p class="callout">{t.attempts.gone(props.id as number)}</p>
    </Show>
  );
}

function howEnded(attempt: AttemptView): string {
  const outcome = attempt.outcome;
  if (outcome === null) return "";
  const by = t.attempts.endedBy[outcome.ended_by];
  if (by !== "") return by;
  if (outcome.signal !== null) return t.attempts.signal(outcome.signal);
  return outcome.exit_code === null ? "" : t.attempts.exit(outcome.exit_code);
}

export function OpenAttempt(props: { attempt: AttemptView }): JSX.Element {
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
    <article ref={article} class="open-attempt" aria-label={t.attempts.id(attempt().id)}>
      <Show when={attempt().verdict}>
        {(verdict) => (
          <p class="verdict">
            <b>{t.attempts.decision[verdict().decision.kind] ?? verdict().decision.kind}</b>{" "}
            <Show when={howEnded(attempt())}>{(how) => <span class="quiet">{how()} · </span>}</Show>
            <Show when={!faults().some((fault) => fault.message === verdict().reason)}>
              <Prose text={verdict().reason} />{" "}
            </Show>
            <Show when={attempt().consequence}>
              {(consequence) => (
                <>
                  <span class="quiet">{t.attempts.then}:</span> <Prose text={withoutRepeat(consequence(), verdict().reason)} />
                </>
              )}
            </Show>
          </p>
        )}
      </Show>
      <Show when={faults().length > 0}>
        <section class="faults" aria-label={t.attempts.faults}>
          <ul>
            <For each={faults()}>{(fault, at) => <FaultLine fault={fault} line={lineAddress(attempt().job, attempt().id, { fault: at() })} />}</For>
          </ul>
        </section>
      </Show>
      <p class="attempt-facts">
        <span>
          {t.attempts.level(attempt().level_name)}
          <Show when={attempt().try_number > 1}>
            {" "}
            <span class="quiet">{t.attempts.tryNumber(attempt().try_number)}</span>
          </Show>
        </span>
        <Show when={attempt().plugin}>
          {(plugin) => (
            <span title={plugin().digest}>
              <span class="quiet">{t.attempts.plugin}</span>{" "}
              <a href={viewAddress("plugins", plugin().name)}>
                {plugin().name} {plugin().version}
              </a>
            </span>
          )}
        </Show>
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
        <a href={logAddress(attempt().job, attempt().id)}>{t.attempts.wholeLog}</a>
      </p>
      <Share attempt={attempt()} />
      <LogView attempt={attempt().id} state={attempt().state} />
      <Show when={attempt().command}>
        {(command) => (
          <details class="command">
            <summary>{t.attempts.command}</summary>
            <Command command={command()} />
          </details>
        )}
      </Show>
    </article>
  );
}

function FaultLine(props: { fault: Fault; line: string }): JSX.Element {
  return (
    <li class={`fault fault-${props.fault.severity}`}>
      <span class="fault-tag">
        {t.attempts.severity[props.fault.severity]} · {props.fault.cause}
        <Show when={props.fault.frame !== null}> · {t.jobs.frame(props.fault.frame as number)}</Show>
      </span>{" "}
      <Prose text={props.fault.message} /> <a href={props.line}>{t.attempts.line}</a>
    </li>
  );
}

