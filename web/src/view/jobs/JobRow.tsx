/**
 * One job as a row of the table.
 */
import { createMemo, Show, type JSX } from "solid-js";
import type { FrameCounts, JobSummary } from "../../api/types";
import { count, percent, roughly, secondsBetween } from "../../model/format";
import { rowOfBatch, type Row } from "../../model/job-rows";
import { plainText } from "../../model/prose";
import { isStuck } from "../../store/order";
import { jobAddress } from "../../store/route";
import { t } from "../../text";
import { FrameShape, JobShape } from "../common/icons";
import { FrameBar, Left, Prose, Time } from "../common/parts";
import { usePage } from "../shell/context";

/** A row's place in the table, and what the table does for it. */
export interface RowFrame {
  readonly row: Row;
  readonly place: () => number;
  /** Whether it is the one row that Tab comes to. */
  readonly isTab: () => boolean;
  /** Puts its element where it belongs, and keeps it there. */
  readonly put: (element: HTMLElement) => void;
  readonly focused: () => void;
  readonly click: (event: MouseEvent) => void;
}

export function JobRow(props: { frame: RowFrame }): JSX.Element {
  const { farm, table, shownJob } = usePage();
  const { frame } = props;
  const id = frame.row;
  const isSelected = () => table.selected().has(id);
  const batch = createMemo(() => farm.state.jobs[id]?.batch?.id ?? null);
  const isMember = createMemo(() => {
    const of = batch();
    return of !== null && table.jobsOf(rowOfBatch(of)).length > 0;
  });
  /** The batch's name, where the job alone is listed of several. */
  const ofBatch = () => {
    const of = batch();
    const known = of === null ? undefined : farm.state.batches[of];
    return known !== undefined && known.jobs.total > 1 ? known.name : null;
  };
  return (
    <Show when={farm.state.jobs[id]}>
      {(job) => (
        <div
          ref={frame.put}
          role="row"
          class={`job-row job-line row-${job().status}`}
          classList={{ chosen: shownJob() === id, selected: isSelected(), member: isMember() }}
          aria-rowindex={frame.place() + 2}
          aria-selected={isSelected()}
          aria-current={shownJob() === id ? "true" : undefined}
          aria-level={farm.state.index.hasBatches ? (isMember() ? 2 : 1) : undefined}
          data-job={id}
          data-row={id}
          tabindex={frame.isTab() ? 0 : -1}
          onFocusIn={frame.focused}
          onMouseDown={(event) => event.shiftKey && event.preventDefault()}
          onClick={frame.click}
        >
          <div role="gridcell" class="cell-check" aria-colindex={1}>
            <input type="checkbox" tabindex="-1" aria-label={t.jobs.select(id, job().name)} checked={isSelected()} />
          </div>
          <div role="gridcell" class="cell-state" aria-colindex={2}>
            <JobShape status={job().status} /> <span class={`word status-${job().status}`}>{t.status[job().status]}</span>
          </div>
          <div role="gridcell" class="cell-name" aria-colindex={3}>
            <a class="job-link" href={jobAddress(id)} title={job().scene} tabindex="-1">
              {job().name}
            </a>
            <span class="number">{id}</span>
            <Show when={!isMember() && ofBatch()}>{(name) => <span class="quiet batch-size">{t.jobs.inBatch(name())}</span>}</Show>
          </div>
          <div role="gridcell" class="cell-bar" aria-colindex={4}>
            <Progress name={job().name} frames={job().frames} />
          </div>
          <div role="gridcell" class="cell-time" aria-colindex={5}>
            <JobTime job={job()} />
          </div>
          <div role="gridcell" class="cell-priority" aria-colindex={6} classList={{ quiet: job().priority === 50 }}>
            {job().priority}
          </div>
          <div role="gridcell" class="cell-age" aria-colindex={7}>
            <Age submitted={job().submitted} />
          </div>
          <div role="gridcell" class="cell-user" aria-colindex={8}>
            {job().user}
          </div>
          <div role="gridcell" class="cell-plugin" aria-colindex={9}>
            {job().plugin}
          </div>
          <div role="gridcell" class="cell-why" aria-colindex={10}>
            <JobWhy job={job()} />
          </div>
        </div>
      )}
    </Show>
  );

}

export function Progress(props: { name: string; frames: FrameCounts }): JSX.Element {
  const there = () => props.frames.done + props.frames.skipped;
  return (
    <>
      <FrameBar counts={props.frames} label={t.jobs.barLabel(props.name, percent(there(), props.frames.total))} />
      <span class="job-count">
        {t.jobs.ofFrames(count(there()), count(props.frames.total))}
        <Show when={props.frames.failed > 0}>
          {" "}
          <span class="bad" title={t.jobs.failedFrames(props.frames.failed)}>
            <FrameShape state="failed" /> {count(props.frames.failed)}
            <span class="sr">{t.frameState.failed}</span>
          </span>
        </Show>
      </span>
    </>
  );
}

export function Age(props: { submitted: string }): JSX.Element {
  const { now } = usePage();
  return (
    <span title={t.jobs.submittedAt(new Date(props.submitted).toLocaleString())}>
      {roughly(secondsBetween(props.submitted, now()))}
    </span>
  );
}

function JobTime(props: { job: JobSummary }): JSX.Element {
  const { now } = usePage();
  const elapsed = () => roughly(secondsBetween(props.job.started ?? props.job.submitted, now()));
  return (
    <Show
      when={props.job.finished}
      fallback={
        <Show
          when={props.job.eta}
          fallback={
            <span class="quiet" title={t.job.submitted(roughly(secondsBetween(props.job.submitted, now())))}>
              {props.job.status === "running" ? elapsed() : t.jobs.ago(roughly(secondsBetween(props.job.submitted, now())))}
            </span>
          }
        >
          {(eta) => (
            <span title={new Date(eta()).toLocaleString()}>
              <Left until={eta()} />
            </span>
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
  const current = () => {
    if (props.job.status !== "running") return "";
    const frames: string[] = [];
    for (const progress of Object.values(farm.state.progress)) {
      if (progress.job !== props.job.id || progress.frame === null) continue;
      frames.push(`${t.jobs.frame(progress.frame)} ${Math.round(progress.fraction * 100)} %`);
    }
    return frames.join(", ");
  };
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
          when={current()}
          fallback={
            <span classList={{ stuck: isStuck(props.job) }} title={tooltip()}>
              <Prose text={props.job.why?.text} />
            </span>
          }
        >
          {(text) => <span class="current">{text()}</span>}
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
