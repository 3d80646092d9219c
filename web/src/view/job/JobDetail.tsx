/**
 * The chosen job: its head, its numbers, and the parts that show its frames, images, attempts and log.
 */
import { createSignal, For, onMount, Show, type JSX } from "solid-js";
import type { JobAction } from "../../api/client";
import { asProblem } from "../../api/problem";
import type { FrameState, JobStatus, JobSummary, JobView, LevelNeeds } from "../../api/types";
import { amount, clock, count, duration, percent, roughly, secondsBetween } from "../../model/format";
import { FRAME_STATES } from "../../model/grid";
import { isStuck } from "../../store/order";
import { jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { Attempts } from "./Attempts";
import { usePage } from "../shell/context";
import { FrameStrip } from "./FrameStrip";
import { FrameShape, JobShape } from "../common/icons";
import { Images } from "../pictures/Images";
import { FrameBar, ProblemText, Prose } from "../common/parts";
import { Spent } from "./Spent";
import { Why } from "./Why";

export function JobDetail(): JSX.Element {
  const { farm, route, shownJob } = usePage();
  const job = () => farm.state.jobs[shownJob() ?? -1];
  return (
    <section class="detail" aria-label={t.job.heading}>
      <Show when={route().job !== null} fallback={<p class="following quiet">{job() && t.job.following}</p>}>
        <a class="back" href="#/">
          ‹ {t.job.back}
        </a>
      </Show>
      <Show when={farm.detailProblem()}>
        {(problem) => (
          <div class="callout callout-bad">
            <ProblemText problem={problem()} />
          </div>
        )}
      </Show>
      <Show when={job()} fallback={
          <Show when={farm.detailProblem() === null}>
            <p class="empty">{shownJob() === null ? t.job.nothing : t.job.loading}</p>
          </Show>
        }>
        {(known) => (
          <>
            <Head job={known()} />
            <Numbers job={known()} />
            <Spent job={known()} />
            <div class="job-body">
              <div>
                <FrameStrip />
                <Images />
              </div>
              <Attempts />
              <Show when={farm.state.detail?.view}>{(view) => <Submitted view={view()} />}</Show>
            </div>
          </>
        )}
      </Show>
    </section>
  );
}

const ACTIONS: Record<JobStatus, readonly JobAction[]> = {
  waiting: ["pause", "cancel"],
  running: ["pause", "cancel"],
  paused: ["resume", "cancel"],
  cancelling: [],
  done: [],
  failed: ["retry"],
  cancelled: ["retry"],
};

function Head(props: { job: JobSummary }): JSX.Element {
  const { farm, now, complain } = usePage();
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
    <header class="job-head">
      <div class="job-title">
        <h2>
          <a href={jobAddress(props.job.id)}>{props.job.name}</a> <span class="number">{props.job.id}</span>
        </h2>
        <p class={`status status-${props.job.status}`} data-status={props.job.status}>
          <JobShape status={props.job.status} /> {t.status[props.job.status]}
        </p>
      </div>
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
        <a class="action" href={`${viewAddress("submit")}?job=${props.job.id}`}>{t.submit.again}</a>
      </div>
      <p class="job-facts quiet">
        <span>{props.job.plugin}</span>
        <Show when={props.job.user}>
          <span>
            {t.job.user} {props.job.user}
          </span>
        </Show>
        <span>{t.jobs.priority(props.job.priority)}</span>
        <span>{t.job.submitted(roughly(secondsBetween(props.job.submitted, now())))}</span>
        <span class="path" title={props.job.scene}>
          {props.job.scene}
        </span>
      </p>
      <Show when={props.job.failure}>
        {(failure) => (
          <div class="callout callout-bad">
            <strong>{t.job.failure}</strong> <Prose text={failure()} />
          </div>
        )}
      </Show>
      <Show when={props.job.finished === null && props.job.why}>
        {(why) => (
          <Why why={why()} stuck={isStuck(props.job)} />
        )}
      </Show>
      <Show when={asking()}>
        <AskCancel
          job={props.job}
          answer={(yes) => {
            setAsking(false);
            if (yes) void act("cancel");
          }}
        />
      </Show>
    </header>
  );
}

function AskCancel(props: { job: JobSummary; answer: (yes: boolean) => void }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="ask-title"
      onClose={() => props.answer(dialog?.returnValue === "yes")}
    >
      <form method="dialog">
        <h2 id="ask-title">{t.actions.confirmCancel(props.job.name, props.job.id)}</h2>
        <p>{t.actions.confirmRunning(props.job.frames.running)}</p>
        <div class="actions">
          <button type="submit" value="no" autofocus>
            {t.actions.confirmNo}
          </button>
          <button type="submit" value="yes" class="action-cancel strong">
            {t.actions.confirmYes}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function Numbers(props: { job: JobSummary }): JSX.Element {
  const { farm, now } = usePage();
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
              <dt>{t.job.eta}</dt>
              <dd>
                {roughly(secondsBetween(now(), eta()))} <span class="quiet">{clock(eta(), now()).slice(0, -3)}</span>
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
        <Show when={costs()?.start_seconds}>
          {(seconds) => (
            <div>
              <dt>{t.job.start}</dt>
              <dd>{duration(seconds())}</dd>
            </div>
          )}
        </Show>
      </dl>
    </div>
  );
}

/** `render: 1 GPU with 12 GB, 16 GB of memory`. */
function needsOf(needs: LevelNeeds): string {
  const parts = [
    ...(needs.gpus === null ? [] : [t.job.gpus(needs.gpus)]),
    ...(needs.memory_bytes === null ? [] : [t.job.memory(amount(needs.memory_bytes))]),
  ];
  return `${needs.level}: ${parts.join(", ")}`;
}

function Submitted(props: { view: JobView }): JSX.Element {
  const spec = () => props.view.spec;
  return (
    <div>
      <Show when={props.view.notes.length > 0}>
        <section class="block">
          <h3>{t.job.notes}</h3>
          <ul class="plain">
            <For each={props.view.notes}>{(note) => (
              <li>
                <Prose text={note} />
              </li>
            )}</For>
          </ul>
        </section>
      </Show>
      <Show when={props.view.fallbacks.length > 0}>
        <section class="block" data-part="fallbacks">
          <h3>{t.job.fallbacks}</h3>
          <ul class="plain">
            <For each={props.view.fallbacks}>{(one) => (
              <li>
                {t.job.fallback(one.frames, one.from, one.to)} <span class="quiet">· {one.cause} ·</span>{" "}
                <Prose text={one.reason} />
              </li>
            )}</For>
          </ul>
        </section>
      </Show>
      <Show when={props.view.hooks.length > 0}>
        <section class="block" data-part="hooks">
          <h3>{t.job.hooks}</h3>
          <ul class="plain">
            <For each={props.view.hooks}>{(run) => (
              <li>
                {run.name} <span class="quiet">· {run.moment} · {duration(run.seconds)}</span>{" "}
                <Show when={run.error}>
                  {(error) => (
                    <span class="bad">
                      {t.job.hookFailed}: <Prose text={error()} />
                    </span>
                  )}
                </Show>
              </li>
            )}</For>
          </ul>
        </section>
      </Show>
      <details class="block submitted">
        <summary>{t.job.details}</summary>
        <dl class="facts">
          <dt>{t.job.scene}</dt>
          <dd class="path">{spec().scene}</dd>
          <dt>{t.job.frameSet}</dt>
          <dd>
            <code>{spec().frames}</code>
          </dd>
          <Show when={spec().levels.length > 0}>
            <dt>{t.job.levels}</dt>
            <dd>{spec().levels.join(", ")}</dd>
          </Show>
          <Show when={spec().needs.length > 0}>
            <dt>{t.job.needs}</dt>
            <dd>
              <For each={spec().needs}>{(needs) => <div>{needsOf(needs)}</div>}</For>
            </dd>
          </Show>
          <Show when={spec().licences.length > 0}>
            <dt>{t.job.licences}</dt>
            <dd>{spec().licences.join(", ")}</dd>
          </Show>
          <Show when={spec().output}>
            <dt>{t.job.output}</dt>
            <dd class="path">{spec().output}</dd>
          </Show>
          <Show when={spec().layers.length > 0}>
            <dt>{t.job.layers}</dt>
            <dd>{spec().layers.join(", ")}</dd>
          </Show>
          <Show when={spec().after.length > 0}>
            <dt>{t.job.after}</dt>
            <dd>
              <For each={spec().after}>{(id) => <a href={jobAddress(id)}>{id} </a>}</For>
            </dd>
          </Show>
          <Show when={Object.keys(spec().options).length > 0}>
            <dt>{t.job.options}</dt>
            <dd>
              <pre>{JSON.stringify(spec().options, null, 2)}</pre>
            </dd>
          </Show>
        </dl>
      </details>
    </div>
  );
}
