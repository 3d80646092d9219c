/**
 * A batch as a row that folds its jobs: what the daemon says of it, and what its jobs have in common. Where the daemon has
 * said nothing of it yet, its jobs speak for it.
 */
import { createEffect, createMemo, For, Show, type JSX } from "solid-js";
import type { BatchStatus, EntryState } from "../../api/batches";
import type { JobStatus } from "../../api/types";
import { count } from "../../model/format";
import { batchOf, foldOf } from "../../model/job-rows";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { Left, Prose, Time } from "../common/parts";
import { usePage } from "../shell/context";
import type { Acting } from "./acting";
import { Age, Progress, type RowFrame } from "./JobRow";

const TOLD: readonly EntryState[] = ["running", "pending", "completed", "skipped", "cancelled", "failed"];
const TOLD_OF_JOBS: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused", "done", "cancelled", "failed"];

/** Batches look as the job does that stands for them. */
const LOOKS: Record<BatchStatus, JobStatus> = {
  waiting: "waiting",
  running: "running",
  paused: "paused",
  completed: "done",
  partial: "failed",
  failed: "failed",
  cancelled: "cancelled",
};

export function BatchRow(props: { frame: RowFrame; acting: Acting }): JSX.Element {
  const { farm, table } = usePage();
  const { frame } = props;
  const { state } = farm;
  const id = batchOf(frame.row);
  const version = createMemo(() => {
    state.jobsVersion;
    return state.index.versionOfBatch(id);
  });
  const fold = createMemo(() => {
    version();
    return foldOf(state.index.ofBatch(id));
  });
  const known = () => state.batches[id];
  const ofJobs = createMemo(() => {
    version();
    return state.index.ofBatch(id)[0]?.batch?.name ?? "";
  });
  const name = () => known()?.name ?? ofJobs();
  const look = () => {
    const batch = known();
    return batch === undefined ? fold().status : LOOKS[batch.status];
  };
  const word = () => {
    const batch = known();
    return batch === undefined ? t.status[fold().status] : t.jobs.batchStatus[batch.status];
  };
  const total = () => known()?.jobs.total ?? fold().jobs;
  const size = () => {
    const listed = table.jobsOf(frame.row).length;
    return table.isWhole() ? t.jobs.batchOf(count(total())) : t.jobs.batchSome(count(listed), count(total()));
  };
  const isOpen = () => table.isOpen(id);
  const chosen = createMemo(() => {
    const jobs = table.jobsOf(frame.row);
    const selected = table.selected();
    if (selected.size === 0) return "none";
    const some = jobs.filter((job) => selected.has(job)).length;
    return some === 0 ? "none" : some === jobs.length ? "all" : "some";
  });
  const counts = (): string[] => {
    const batch = known();
    if (batch === undefined) {
      const { statuses } = fold();
      return TOLD_OF_JOBS.flatMap((status) => {
        const number = statuses.get(status);
        return number === undefined ? [] : [t.jobs.ofStatus(count(number), t.status[status])];
      });
    }
    return TOLD.filter((one) => batch.jobs[one] > 0).map((one) => t.jobs.ofStatus(count(batch.jobs[one]), t.jobs.entryState[one]));
  };
  const finished = () => {
    const batch = known();
    return batch === undefined ? fold().finished : batch.finished;
  };
  const eta = () => {
    const batch = known();
    return batch === undefined ? fold().eta : batch.eta;
  };
  return (
    <div
      ref={frame.put}
      role="row"
      class={`job-row job-line batch-row row-${look()}`}
      classList={{ selected: chosen() === "all" }}
      aria-rowindex={frame.place() + 2}
      aria-selected={chosen() === "all"}
      aria-expanded={isOpen()}
      aria-level={1}
      data-batch={id}
      data-row={frame.row}
      tabindex={frame.isTab() ? 0 : -1}
      onFocusIn={frame.focused}
      onMouseDown={(event) => event.shiftKey && event.preventDefault()}
      onClick={frame.click}
    >
      <div role="gridcell" class="cell-check" aria-colindex={1}>
        <input
          type="checkbox"
          tabindex="-1"
          aria-label={t.jobs.selectBatch(id, name())}
          checked={chosen() === "all"}
          ref={(box) => createEffect(() => (box.indeterminate = chosen() === "some"))}
        />
      </div>
      <div role="gridcell" class="cell-state" aria-colindex={2}>
        <JobShape status={look()} /> <span class={`word status-${look()}`}>{word()}</span>
      </div>
      <div role="gridcell" class="cell-name" aria-colindex={3}>
        <svg class="fold-mark" classList={{ open: isOpen() }} viewBox="0 0 8 8" aria-hidden="true">
          <path d="M2 .8L6.5 4 2 7.2z" />
        </svg>
        <span class="job-link" title={isOpen() ? t.jobs.fold(name()) : t.jobs.unfold(name())}>
          {name()}
        </span>
        <span class="quiet batch-size">{size()}</span>
      </div>
      <div role="gridcell" class="cell-bar" aria-colindex={4}>
        <Progress name={name()} frames={known()?.frames ?? fold().frames} />
      </div>
      <div role="gridcell" class="cell-time" aria-colindex={5}>
        <Show
          when={finished()}
          fallback={<Show when={eta()}>{(at) => <Left until={at()} />}</Show>}
        >
          {(at) => <Time at={at()} />}
        </Show>
      </div>
      <div
        role="gridcell"
        class="cell-priority"
        aria-colindex={6}
        classList={{ quiet: fold().priorities.every((priority) => priority === 50) }}
      >
        {t.jobs.priorities(...fold().priorities)}
      </div>
      <div role="gridcell" class="cell-age" aria-colindex={7}>
        <Show when={known()}>{(batch) => <Age submitted={batch().submitted} />}</Show>
      </div>
      <div role="gridcell" class="cell-user" aria-colindex={8}>
        {known()?.user}
      </div>
      <div role="gridcell" class="cell-plugin" aria-colindex={9}>
        {fold().plugin}
      </div>
      <div role="gridcell" class="cell-why" aria-colindex={10}>
        <span class="batch-counts" title={counts().join(", ")}>
          {counts().join(", ")}
          <Show when={fold().why}>
            {(why) => (
              <>
                {" · "}
                <Prose text={why()} />
              </>
            )}
          </Show>
        </span>
        <span class="row-actions">
          <For each={props.acting.canDo(frame.row)}>
            {(action) => (
              <button
                type="button"
                class={`action-${action}`}
                tabindex="-1"
                title={t.many.onBatch[action](name())}
                aria-label={t.many.onBatch[action](name())}
                disabled={props.acting.busy() || farm.connection().kind !== "live"}
                onClick={(event) => {
                  event.stopPropagation();
                  props.acting.ask(action, frame.row);
                }}
              >
                {t.many.button[action]}
              </button>
            )}
          </For>
        </span>
      </div>
    </div>
  );
}
