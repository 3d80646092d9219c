/**
 * A batch as a row that folds its jobs: what they come to, made of the jobs themselves.
 */
import { createEffect, createMemo, Show, type JSX } from "solid-js";
import type { JobStatus } from "../../api/types";
import { roughly, secondsBetween } from "../../model/format";
import { batchOf, foldOf } from "../../model/job-rows";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { Time } from "../common/parts";
import { usePage } from "../shell/context";
import { Progress, type RowFrame } from "./JobRow";

const TOLD: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused", "failed", "cancelled", "done"];

export function BatchRow(props: { frame: RowFrame }): JSX.Element {
  const { farm, table, now } = usePage();
  const { frame } = props;
  const batch = batchOf(frame.row);
  const fold = createMemo(() => {
    farm.state.jobsVersion;
    return foldOf(farm.state.index.ofBatch(batch));
  });
  const name = createMemo(() => {
    const first = table.jobsOf(frame.row)[0];
    return (first === undefined ? undefined : farm.state.index.get(first)?.batch?.name) ?? "";
  });
  const isOpen = () => table.isOpen(batch);
  const chosen = createMemo(() => {
    const jobs = table.jobsOf(frame.row);
    const selected = table.selected();
    if (selected.size === 0) return "none";
    const some = jobs.filter((id) => selected.has(id)).length;
    return some === 0 ? "none" : some === jobs.length ? "all" : "some";
  });
  const counts = () =>
    TOLD.filter((status) => fold().statuses.has(status))
      .map((status) => t.jobs.ofStatus(fold().statuses.get(status) ?? 0, t.status[status]))
      .join(", ");
  return (
    <div
      ref={frame.put}
      role="row"
      class={`job-row job-line batch-row row-${fold().status}`}
      classList={{ selected: chosen() === "all" }}
      aria-rowindex={frame.place() + 2}
      aria-selected={chosen() === "all"}
      aria-expanded={isOpen()}
      aria-level={1}
      data-batch={batch}
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
          aria-label={t.jobs.selectBatch(batch, name())}
          checked={chosen() === "all"}
          ref={(box) => createEffect(() => (box.indeterminate = chosen() === "some"))}
        />
      </div>
      <div role="gridcell" class="cell-state" aria-colindex={2}>
        <JobShape status={fold().status} /> <span class={`word status-${fold().status}`}>{t.status[fold().status]}</span>
      </div>
      <div role="gridcell" class="cell-name" aria-colindex={3}>
        <svg class="fold-mark" classList={{ open: isOpen() }} viewBox="0 0 8 8" aria-hidden="true">
          <path d="M2 .8L6.5 4 2 7.2z" />
        </svg>
        <span class="job-link" title={isOpen() ? t.jobs.fold(name()) : t.jobs.unfold(name())}>
          {name()}
        </span>
        <span class="quiet batch-size">{t.jobs.batchOf(fold().jobs)}</span>
      </div>
      <div role="gridcell" class="cell-bar" aria-colindex={4}>
        <Progress name={name()} frames={fold().frames} />
      </div>
      <div role="gridcell" class="cell-time" aria-colindex={5}>
        <Show
          when={fold().finished}
          fallback={<Show when={fold().eta}>{(eta) => t.jobs.left(roughly(secondsBetween(now(), eta())))}</Show>}
        >
          {(finished) => <Time at={finished()} />}
        </Show>
      </div>
      <div role="gridcell" class="cell-why" aria-colindex={10}>
        <span title={counts()}>{counts()}</span>
      </div>
    </div>
  );
}
