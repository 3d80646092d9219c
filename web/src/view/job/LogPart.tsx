/**
 * The log of one attempt with all the room that there is, and the way from one attempt to the next.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import type { AttemptSpan } from "../../api/past";
import { attemptAddress, logAddress } from "../../store/route";
import { fateOf } from "../../model/timeline";
import { t } from "../../text";
import { LogView } from "../log/LogView";
import { stateOf } from "./attempt-words";
import { usePast } from "./context";
import { createOpenAttempt, GoneAttempt } from "./OpenAttempt";

/** Attempts to choose from; the others are reached from the time line. */
const CHOICES = 200;

export function LogPart(props: { job: number }): JSX.Element {
  const past = usePast();
  const { id, attempt, isGone } = createOpenAttempt();
  const spans = () => past.timeline()?.spans ?? [];
  const place = createMemo(() => spans().findIndex((span) => span.id === id()));
  const earlier = () => (place() < 0 ? undefined : spans()[place() + 1]);
  const later = () => (place() <= 0 ? undefined : spans()[place() - 1]);
  const lastBad = () => spans().find((span) => !["fine", "live"].includes(fateOf(span)));
  const choices = () => {
    const some = spans().slice(0, CHOICES);
    const chosen = spans()[place()];
    return chosen === undefined || some.includes(chosen) ? some : [...some, chosen];
  };
  const name = (span: AttemptSpan): string => `${span.id} · ${span.level_name} · ${stateOf(span).word} · ${span.frames}`;
  return (
    <div class="part log-part">
      <h3 class="sr">{t.parts.log}</h3>
      <div class="log-choice">
        <Step to={earlier()} job={props.job} label={t.logPart.earlier} sign="‹" />
        <label>
          {t.logPart.attempt}{" "}
          <select value={id() ?? ""} onChange={(event) => (location.hash = logAddress(props.job, Number(event.currentTarget.value)))}>
            <For each={choices()}>
              {(span) => (
                <option value={span.id} selected={span.id === id()}>
                  {name(span)}
                </option>
              )}
            </For>
          </select>
        </label>
        <Step to={later()} job={props.job} label={t.logPart.later} sign="›" />
        <Show when={lastBad()}>{(span) => <a href={logAddress(props.job, span().id)}>{t.logPart.lastBad}</a>}</Show>
        <Show when={id()}>{(one) => <a href={attemptAddress(props.job, one())}>{t.logPart.about}</a>}</Show>
      </div>
      <GoneAttempt isGone={isGone()} id={id()} />
      <Show when={attempt()} fallback={<p class="quiet">{id() === null ? t.attempts.none : ""}</p>}>
        <Show when={attempt()?.id} keyed>
          {(one) => <LogView attempt={one} state={attempt()?.state ?? "ended"} />}
        </Show>
      </Show>
    </div>
  );
}

function Step(props: { to: AttemptSpan | undefined; job: number; label: string; sign: string }): JSX.Element {
  return (
    <button
      type="button"
      aria-label={props.label}
      title={props.label}
      disabled={props.to === undefined}
      onClick={() => props.to !== undefined && (location.hash = logAddress(props.job, props.to.id))}
    >
      {props.sign}
    </button>
  );
}
