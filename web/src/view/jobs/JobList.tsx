/**
 * All jobs: what runs, the queue, and what has ended, each a row with its progress and why it does not go on.
 */
import { createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { unwrap } from "solid-js/store";
import { asProblem } from "../../api/problem";
import type { JobStatus, JobSummary } from "../../api/types";
import { count, percent, roughly, secondsBetween } from "../../model/format";
import { plainText } from "../../model/prose";
import { grouped, isStuck, STATUSES, type Group } from "../../store/order";
import { jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { JobShape } from "../common/icons";
import { FrameBar, Prose, Time } from "../common/parts";

const ROWS_AT_ONCE = 100;
const GROUPS: readonly Group[] = ["running", "queue", "ended"];

export function JobList(): JSX.Element {
  const { farm } = usePage();
  const [only, setOnly] = createSignal<JobStatus | null>(null);
  const [shown, setShown] = createSignal<Record<Group, number>>({
    running: ROWS_AT_ONCE,
    queue: ROWS_AT_ONCE,
    ended: ROWS_AT_ONCE,
  });

  // Sorting reads the bare objects: thousands of them are not worth a subscription each. The version says when.
  const all = createMemo(() => {
    farm.state.orderVersion;
    return Object.values(unwrap(farm.state.jobs));
  });
  const counts = createMemo(() => {
    const sums = new Map<JobStatus, number>();
    for (const job of all()) sums.set(job.status, (sums.get(job.status) ?? 0) + 1);
    return sums;
  });
  const groups = createMemo(() => {
    const wanted = only();
    return grouped(wanted === null ? all() : all().filter((job) => job.status === wanted));
  });
  const nothing = () => GROUPS.every((group) => groups()[group].length === 0);

  return (
    <section class="jobs" aria-label={t.jobs.heading}>
      <div class="filters" role="group" aria-label={t.jobs.filter}>
        <button type="button" class="chip" aria-pressed={only() === null} onClick={() => setOnly(null)}>
          {t.jobs.all} <b>{count(all().length)}</b>
        </button>
        <For each={STATUSES}>
          {(status) => (
            <Show when={(counts().get(status) ?? 0) > 0 || only() === status}>
              <button
                type="button"
                class="chip"
                aria-pressed={only() === status}
                onClick={() => setOnly(only() === status ? null : status)}
              >
                <JobShape status={status} /> {t.status[status]} <b>{count(counts().get(status) ?? 0)}</b>
              </button>
            </Show>
          )}
        </For>
      </div>
      <Show when={nothing()}>
        <Show when={farm.known()} fallback={<p class="empty">{t.jobs.loading}</p>}>
          <Show when={only() === null} fallback={<p class="empty">{t.jobs.noneMatch}</p>}>
            <div class="empty">
              <p>{t.jobs.none}</p>
              <p>
                {t.jobs.noneHint} <code>{t.jobs.noneCommand}</code>
              </p>
            </div>
          </Show>
        </Show>
      </Show>
      <Show when={!nothing()}>
        <table class="job-table" role="table">
          <thead role="rowgroup">
            <tr role="row">
              <th role="columnheader" scope="col" class="cell-name">{t.jobs.columns.job}</th>
              <th role="columnheader" scope="col" class="cell-bar">{t.jobs.columns.progress}</th>
              <th role="columnheader" scope="col" class="cell-time">{t.jobs.columns.time}</th>
              <th role="columnheader" scope="col" class="cell-why">{t.jobs.columns.why}</th>
            </tr>
          </thead>
          <For each={GROUPS}>
            {(group) => (
              <Show when={groups()[group].length > 0}>
                <tbody role="rowgroup">
                  <tr role="row" class="group-row">
                    <th role="rowheader" scope="rowgroup" colSpan={4}>
                      {t.jobs.groups[group]} <span class="quiet">{count(groups()[group].length)}</span>
                    </th>
                  </tr>
                  <For each={groups()[group].slice(0, shown()[group]).map((job) => job.id)}>
                    {(id) => <JobRow id={id} />}
                  </For>
                  <Show when={groups()[group].length > shown()[group]}>
                    <tr role="row" class="more-row">
                      <td role="cell" colSpan={4}>
                        <button
                          type="button"
                          onClick={() => setShown((now) => ({ ...now, [group]: now[group] + ROWS_AT_ONCE * 5 }))}
                        >
                          {t.jobs.more(groups()[group].length - shown()[group])}
                        </button>
                      </td>
                    </tr>
                  </Show>
                </tbody>
              </Show>
            )}
          </For>
        </table>
      </Show>
      <Show when={farm.state.older !== null}>
        <Older />
      </Show>
    </section>
  );
}

function Older(): JSX.Element {
  const { farm, complain } = usePage();
  return (
    <div class="older">
      <button
        type="button"
        onClick={() => farm.olderJobs().catch((error: unknown) => complain(t.jobs.older, asProblem(error)))}
      >
        {t.jobs.older}
      </button>
    </div>
  );
}

function JobRow(props: { id: number }): JSX.Element {
  const { farm, shownJob } = usePage();
  return (
    <Show when={farm.state.jobs[props.id]}>
      {(job) => (
        <tr
          role="row"
          class={`job-row row-${job().status}`}
          classList={{ chosen: shownJob() === props.id }}
          aria-current={shownJob() === props.id ? "true" : undefined}
          data-job={props.id}
        >
          <td role="cell" class="cell-name">
            <JobShape status={job().status} />
            <span class="sr">{t.status[job().status]}</span>
            <a class="job-link" href={jobAddress(props.id)} title={job().scene}>
              {job().name}
            </a>
            <span class="job-meta">
              <span class="number">{props.id}</span>
              <Show when={job().user}>{(user) => <span>{user()}</span>}</Show>
              <span>{job().plugin}</span>
              <Show when={job().priority !== 50}>
                <span>{t.jobs.priority(job().priority)}</span>
              </Show>
            </span>
          </td>
          <td role="cell" class="cell-bar">
            <JobProgress job={job()} />
          </td>
          <td role="cell" class="cell-time">
            <JobTime job={job()} />
          </td>
          <td role="cell" class="cell-why">
            <JobWhy job={job()} />
          </td>
        </tr>
      )}
    </Show>
  );
}

function JobProgress(props: { job: JobSummary }): JSX.Element {
  const frames = () => props.job.frames;
  const there = () => frames().done + frames().skipped;
  return (
    <>
      <FrameBar counts={frames()} label={t.jobs.barLabel(props.job.name, percent(there(), frames().total))} />
      <span class="job-count">
        {t.jobs.ofFrames(count(there()), count(frames().total))}
        <Show when={frames().failed > 0}>
          {" "}
          <span class="bad">{t.jobs.failedFrames(frames().failed)}</span>
        </Show>
      </span>
    </>
  );
}

function JobTime(props: { job: JobSummary }): JSX.Element {
  const { now } = usePage();
  return (
    <Show
      when={props.job.finished}
      fallback={
        <Show
          when={props.job.eta}
          fallback={
            <span class="quiet" title={t.job.submitted(roughly(secondsBetween(props.job.submitted, now())))}>
              {t.jobs.ago(roughly(secondsBetween(props.job.submitted, now())))}
            </span>
          }
        >
          {(eta) => (
            <span title={new Date(eta()).toLocaleString()}>{t.jobs.left(roughly(secondsBetween(now(), eta())))}</span>
          )}
        </Show>
      }
    >
      {(finished) => <Time at={finished()} />}
    </Show>
  );
}

function JobWhy(props: { job: JobSummary }): JSX.Element {
  const { farm, now } = usePage();
  const current = () =>
    Object.values(farm.state.progress)
      .filter((progress) => progress.job === props.job.id && progress.frame !== null)
      .map((progress) => `${t.jobs.frame(progress.frame as number)} ${Math.round(progress.fraction * 100)} %`)
      .join(", ");
  const tooltip = () => {
    const why = props.job.why;
    const lines = why === null ? [] : [why.text, ...(why.remedy ? [t.job.remedy(why.remedy)] : [])];
    return lines.length === 0 ? undefined : lines.map((line) => plainText(line, now())).join("\n");
  };
  return (
    <Show
      when={props.job.failure}
      fallback={
        <Show
          when={props.job.status === "running" && current() !== ""}
          fallback={
            <span classList={{ stuck: isStuck(props.job) }} title={tooltip()}>
              <Prose text={props.job.why?.text} />
            </span>
          }
        >
          <span class="current">{current()}</span>
        </Show>
      }
    >
      {(failure) => (
        <span class="bad" title={failure()}>
          <Prose text={failure()} />
        </span>
      )}
    </Show>
  );
}
