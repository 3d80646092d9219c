/**
 * What is true of the job whatever part of it is looked at: its state, how far it is, when it will be done, and what
 * can be done with it.
 */
import { createSignal, For, Show, type JSX } from "solid-js";
import { setPriority } from "../../api/past";
import type { JobAction } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { FrameState, JobStatus, JobSummary } from "../../api/types";
import { amount, clock, count, duration, percent, roughly, secondsBetween } from "../../model/format";
import { FRAME_STATES } from "../../model/grid";
import { isStuck } from "../../store/order";
import { jobAddress, jobPart, viewAddress } from "../../store/route";
import { t } from "../../text";
import { Dialog } from "../common/Dialog";
import { FrameShape, JobShape } from "../common/icons";
import { FrameBar, Prose } from "../common/parts";
import { usePage } from "../shell/context";
import { usePast } from "./context";
import { Why } from "./Why";

const ACTIONS: Record<JobStatus, readonly JobAction[]> = {
  waiting: ["pause", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  cancelling: [],
  done: [],
  failed: ["retry"],
  cancelled: ["retry"],
};

export function Head(props: { job: JobSummary; children: JSX.Element }): JSX.Element {
  const { route } = usePage();
  const past = usePast();
  // The overview tells what failed in full; it is not said twice there.
  const isTold = (): boolean =>
    props.job.failure !== null &&
    jobPart(route()) === "overview" &&
    (past.trouble()?.groups ?? []).some((group) => props.job.failure?.includes(group.message));
  return (
    <>
      <header class="job-head">
        <div class="job-top">
          <div class="job-title">
            <h2>
              <a href={jobAddress(props.job.id)}>{props.job.name}</a> <span class="number">{props.job.id}</span>
            </h2>
            <p class={`status status-${props.job.status}`} data-status={props.job.status}>
              <JobShape status={props.job.status} /> {t.status[props.job.status]}
            </p>
          </div>
          <Actions job={props.job} />
        </div>
        <Progress job={props.job} />
        {props.children}
      </header>
      <div class="job-facts quiet">
        <span>{props.job.plugin}</span>
        <Show when={props.job.user}>
          <span>
            {t.job.user} {props.job.user}
          </span>
        </Show>
        <Priority job={props.job} />
        <Submitted job={props.job} />
        <span class="path" title={props.job.scene}>
          {props.job.scene}
        </span>
      </div>
      <Show when={!isTold() && props.job.failure}>
        {(failure) => (
          <div class="callout callout-bad job-failure">
            <strong>{t.job.failure}</strong> <Prose text={failure()} />
          </div>
        )}
      </Show>
      <Show when={props.job.finished === null && props.job.why}>
        {(why) => <Why why={why()} stuck={isStuck(props.job)} />}
      </Show>
    </>
  );
}

function Submitted(props: { job: JobSummary }): JSX.Element {
  const { now } = usePage();
  return <span>{t.job.submitted(roughly(secondsBetween(props.job.submitted, now())))}</span>;
}

function Actions(props: { job: JobSummary }): JSX.Element {
  const { farm, complain } = usePage();
  const [busy, setBusy] = createSignal(false);
  const [asking, setAsking] = createSignal(false);
  const actions = () => {
    const usual = ACTIONS[props.job.status];
    const failed = props.job.frames.failed > 0 && !usual.includes("retry") && props.job.status !== "cancelling";
    return failed ? [...usual, "retry" as const] : usual;
  };
  const word = (action: JobAction): string =>
    action === "retry" && props.job.frames.failed === 0 ? t.actions.retryCancelled : t.actions[action];

  async function act(action: JobAction): Promise<void> {
    setBusy(true);
    try {
      await farm.act(props.job.id, action);
    } catch (error) {
      complain(t.problem.action(action, props.job.id), asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <div class="actions">
      <For each={actions()}>
        {(action) => (
          <button
            type="button"
            class={`action action-${action}`}
            disabled={busy() || farm.connection().kind !== "live"}
            onClick={() => (action === "cancel" ? setAsking(true) : void act(action))}
          >
            {word(action)}
          </button>
        )}
      </For>
      <a class="action" href={`${viewAddress("submit")}?job=${props.job.id}`}>
        {t.submit.again}
      </a>
      <Show when={asking()}>
        <Dialog
          title={t.actions.confirmCancel(props.job.name, props.job.id)}
          text={t.actions.confirmRunning(props.job.frames.running)}
          no={t.actions.confirmNo}
          yes={t.actions.confirmYes}
          answer={(yes) => {
            setAsking(false);
            if (yes) void act("cancel");
          }}
        />
      </Show>
    </div>
  );
}

/** The priority, which can be typed over as long as it means anything. */
function Priority(props: { job: JobSummary }): JSX.Element {
  const { farm, complain } = usePage();
  const hasEnded = () => props.job.finished !== null;
  async function change(input: HTMLInputElement): Promise<void> {
    const wanted = input.valueAsNumber;
    if (!input.checkValidity() || Number.isNaN(wanted)) {
      input.value = `${props.job.priority}`;
      return;
    }
    try {
      await farm.take(setPriority(farm.client, props.job.id, wanted));
    } catch (error) {
      input.value = `${props.job.priority}`;
      complain(t.job.priorityFailed, asProblem(error));
    }
  }
  return (
    <Show when={!hasEnded()} fallback={<span>{t.jobs.priority(props.job.priority)}</span>}>
      <label class="priority">
        {t.job.priority}{" "}
        <input
          type="number"
          min="0"
          max="100"
          required
          value={props.job.priority}
          disabled={farm.connection().kind !== "live"}
          onChange={(event) => void change(event.currentTarget)}
        />
      </label>
    </Show>
  );
}

function Progress(props: { job: JobSummary }): JSX.Element {
  const { farm, now } = usePage();
  const overdue = (eta: string): number => secondsBetween(eta, now());
  const frames = () => props.job.frames;
  const there = () => frames().done + frames().skipped;
  const costs = () => (farm.state.detail?.id === props.job.id ? farm.state.detail.view?.costs : undefined);
  const elapsed = () => {
    const started = props.job.started;
    return started === null ? null : secondsBetween(started, props.job.finished ?? now());
  };
  const shares = (): [FrameState, number][] => FRAME_STATES.map((state) => [state, frames()[state]]);
  return (
    <div class="numbers">
      <div class="share">
        <span class="percent">
          {percent(there(), frames().total)}
          <small> %</small>
        </span>
        <FrameBar counts={frames()} label={t.jobs.barLabel(props.job.name, percent(there(), frames().total))} />
      </div>
      <div class="numbers-line">
        <ul class="legend">
          <For each={shares()}>
            {([state, number]) => (
              <li classList={{ none: number === 0 }} data-state={state} data-count={number}>
                <FrameShape state={state} /> <b>{count(number)}</b> {t.frameState[state]}
              </li>
            )}
          </For>
        </ul>
        <dl class="times">
          <Show when={props.job.eta !== null && props.job.finished === null && props.job.eta}>
            {(eta) => (
              <div>
                <dt>{overdue(eta()) > 0 ? t.job.overdue : t.job.eta}</dt>
                <dd>
                  {roughly(overdue(eta()) || secondsBetween(now(), eta()))} <span class="quiet">{clock(eta(), now()).slice(0, -3)}</span>
                </dd>
              </div>
            )}
          </Show>
          <Show when={props.job.finished}>
            {(finished) => (
              <div>
                <dt>{t.job.finishedAt}</dt>
                <dd>{clock(finished(), now())}</dd>
              </div>
            )}
          </Show>
          <Show when={elapsed() !== null}>
            <div>
              <dt>{t.job.elapsed}</dt>
              <dd>{duration(Math.round(elapsed() ?? 0))}</dd>
            </div>
          </Show>
          <Show when={costs()?.frame_seconds}>
            {(seconds) => (
              <div>
                <dt>{t.job.perFrame}</dt>
                <dd>{duration(seconds())}</dd>
              </div>
            )}
          </Show>
          <Show when={costs()?.peak_memory_bytes}>
            {(peak) => (
              <div>
                <dt>{t.job.peakMemory}</dt>
                <dd>{amount(peak())}</dd>
              </div>
            )}
          </Show>
        </dl>
      </div>
    </div>
  );
}
