/**
 * What went wrong with the job, the most frames first: what it is, which frames it cost, where the log says so, and a
 * way to try those frames again.
 */
import { Key } from "@solid-primitives/keyed";
import { createSignal, For, Show, type JSX } from "solid-js";
import { retryFrames, type LayerFrames, type TroubleGroup } from "../../api/past";
import { asProblem } from "../../api/problem";
import type { JobSummary } from "../../api/types";
import { count } from "../../model/format";
import { lineAddress, partAddress } from "../../store/route";
import { t } from "../../text";
import { CopyButton } from "../common/CopyButton";
import { JobShape } from "../common/icons";
import { Prose } from "../common/parts";
import { usePage } from "../shell/context";
import { usePast } from "./context";

/** What a look takes in; the rest is one press away. */
const AT_FIRST = 5;
/** Letters of a message; a traceback has more, and the log has all of it. */
const LONGEST = 600;

export function Trouble(props: { job: JobSummary }): JSX.Element {
  const past = usePast();
  const [isAll, setIsAll] = createSignal(false);
  const groups = () => past.trouble()?.groups ?? [];
  const untried = () => past.trouble()?.untried ?? [];
  const shown = () => (isAll() ? groups() : groups().slice(0, AT_FIRST));
  const hasFailed = () => props.job.frames.failed > 0;
  return (
    <Show when={groups().length > 0 || untried().length > 0}>
      <section class="block trouble" classList={{ failing: hasFailed() }} aria-label={hasFailed() ? t.trouble.heading : t.trouble.overcome}>
        <h3>{hasFailed() ? t.trouble.heading : t.trouble.overcome}</h3>
        <ul>
          {/* They are read again all the time while a job fails; a press on a button of one must find it there. */}
          <Key each={shown()} by={({ severity, cause, message }) => `${severity} ${cause} ${message}`}>
            {(group) => <Group job={props.job} group={group()} />}
          </Key>
          <For each={untried()}>
            {(frames) => (
              <li class="trouble-group">
                <span>
                  {t.trouble.untried} <Frames frames={frames} />
                </span>
              </li>
            )}
          </For>
        </ul>
        <p class="trouble-more">
          <Show when={groups().length > AT_FIRST && !isAll()}>
            <button type="button" onClick={() => setIsAll(true)}>
              {t.trouble.more(groups().length - AT_FIRST)}
            </button>
          </Show>
          <Show when={(past.trouble()?.more ?? 0) > 0}>
            <span class="quiet">{t.trouble.left(past.trouble()?.more ?? 0)}</span>
          </Show>
          <Show when={past.trouble()?.is_cut}>
            <span class="quiet">{t.trouble.cut}</span>
          </Show>
        </p>
      </section>
    </Show>
  );
}

function Group(props: { job: JobSummary; group: TroubleGroup }): JSX.Element {
  const { farm, complain } = usePage();
  const [busy, setBusy] = createSignal(false);
  const group = () => props.group;
  const isFatal = () => group().failed_count > 0;
  const message = () => (group().message.length > LONGEST ? `${group().message.slice(0, LONGEST)}…` : group().message);
  async function retry(): Promise<void> {
    setBusy(true);
    try {
      for (const frames of group().failed) await farm.take(retryFrames(farm.client, props.job.id, frames));
    } catch (error) {
      complain(t.chosen.failed, asProblem(error));
    } finally {
      setBusy(false);
    }
  }
  return (
    <li class="trouble-group" data-cause={group().cause ?? ""} data-failed={group().failed_count}>
      <span class="trouble-what">
        <JobShape status={isFatal() ? "failed" : "paused"} />{" "}
        <span class="fault-tag">{group().cause ?? t.trouble.noCause}</span>{" "}
        <Show when={group().frame !== null}>
          <span class="quiet">{t.jobs.frame(group().frame as number)} </span>
        </Show>
        <span class="trouble-message">
          <Prose text={message()} />
        </span>
      </span>
      <span class="trouble-cost">
        <Show when={isFatal()} fallback={<span class="quiet">{t.trouble.gotOver}</span>}>
          <b>{t.trouble.failed(count(group().failed_count), group().failed_count)}</b>{" "}
          <For each={group().failed}>{(frames) => <Frames frames={frames} />}</For>
        </Show>
        <span class="quiet">{t.trouble.attempts(group().attempts, group().levels)}</span>
        <a href={lineAddress(props.job.id, group().newest, group().fault === null ? { at: "verdict" } : { fault: group().fault as number })}>{t.trouble.log(group().newest)}</a>
        <Show when={isFatal()}>
          <button type="button" disabled={busy() || farm.connection().kind !== "live"} onClick={() => void retry()}>
            {t.trouble.retry}
          </button>
          <Show when={group().failed.length === 1}>
            <CopyButton text={() => group().failed[0]?.frames ?? ""} label={t.chosen.copy} />
          </Show>
        </Show>
        <Show when={group().attempts > 1}>
          <a href={partAddress(props.job.id, "attempts")}>{t.trouble.all}</a>
        </Show>
      </span>
    </li>
  );
}

function Frames(props: { frames: LayerFrames }): JSX.Element {
  return (
    <span class="trouble-frames" title={props.frames.frames}>
      <Show when={props.frames.layer}>{(layer) => <span class="quiet">{layer()} </span>}</Show>
      {props.frames.frames}
    </span>
  );
}
