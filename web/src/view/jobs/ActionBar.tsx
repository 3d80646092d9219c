/**
 * The line under the table: how many jobs there are, and what can be done with the selected ones. It is always there
 * and always as high, so that selecting moves nothing.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import { count } from "../../model/format";
import { ACTIONS, suits, type Action } from "../../model/job-actions";
import { narrows } from "../../model/job-filter";
import { t } from "../../text";
import { ProblemText } from "../common/parts";
import { jobAddress } from "../../store/route";
import { usePage } from "../shell/context";
import type { Acting, Refusals } from "./acting";

export function ActionBar(props: { acting: Acting; showKeys: () => void }): JSX.Element {
  const { table } = usePage();
  return (
    <>
      <Show when={props.acting.refusals()}>
        {(refusals) => <RefusalList refusals={refusals()} dismiss={() => props.acting.dismiss()} />}
      </Show>
      <div class="job-bar">
        <Show when={table.selected().size > 0} fallback={<Count />}>
          <Actions acting={props.acting} />
        </Show>
        <span class="gap" />
        <button type="button" class="plain keys" onClick={() => props.showKeys()}>
          {t.jobs.keys} <kbd>?</kbd>
        </button>
        <span class="sr" role="status">
          {props.acting.busy() ? t.many.busy : props.acting.said()}
        </span>
      </div>
    </>
  );
}

function Count(): JSX.Element {
  const { farm, table, complain } = usePage();
  const all = (): number => {
    farm.state.jobsVersion;
    return farm.state.index.size;
  };
  const listed = () => table.ids().length;
  const isNarrow = () => narrows(table.filter());
  return (
    <>
      <span class="job-total" role={isNarrow() ? "status" : undefined}>
        {isNarrow() ? t.jobs.matches(count(listed()), count(all())) : t.jobs.count(count(listed()), listed())}
      </span>
      <Show when={table.search().busy}>
        <span class="quiet">{t.jobs.searching}</span>
      </Show>
      <Show when={table.search().problem}>
        {(problem) => (
          <span class="bad" title={problem().message}>
            {t.jobs.searchFailed}
          </span>
        )}
      </Show>
      <Show when={table.search().next !== null}>
        <button type="button" onClick={() => table.searchOn()}>
          {t.jobs.moreFound}
        </button>
      </Show>
      <Show when={!isNarrow() && farm.state.older !== null}>
        <button
          type="button"
          onClick={() => farm.olderJobs().catch((error: unknown) => complain(t.jobs.older, asProblem(error)))}
        >
          {t.jobs.older}
        </button>
      </Show>
    </>
  );
}

function Actions(props: { acting: Acting }): JSX.Element {
  const { farm, table } = usePage();
  const counts = createMemo(() => {
    const sums = new Map<Action, number>(ACTIONS.map((action) => [action, 0]));
    for (const job of table.selectedJobs()) {
      for (const action of ACTIONS) if (suits(action, job)) sums.set(action, (sums.get(action) ?? 0) + 1);
    }
    return sums;
  });
  const able = (action: Action): number => counts().get(action) ?? 0;
  const isAll = (action: Action): boolean => able(action) === 0 || able(action) === table.selectedJobs().length;
  return (
    <div class="job-actions" role="group" aria-label={t.many.heading}>
      <b class="job-total">{t.jobs.selected(table.selected().size)}</b>
      <For each={ACTIONS}>
        {(action) => (
          <button
            type="button"
            class={`action action-${action}`}
            disabled={able(action) === 0 || props.acting.busy() || farm.connection().kind !== "live"}
            title={able(action) === 0 ? t.many.notNow[action] : undefined}
            onClick={() => props.acting.ask(action)}
          >
            {isAll(action) ? t.many.button[action] : t.many.some(t.many.button[action], able(action))}
          </button>
        )}
      </For>
      <button type="button" class="plain" onClick={() => table.clearSelection()}>
        {t.jobs.clear}
      </button>
    </div>
  );
}

/** What was refused, job by job. */
function RefusalList(props: { refusals: Refusals; dismiss: () => void }): JSX.Element {
  const { farm } = usePage();
  return (
    <div class="refusals callout callout-bad" role="alert">
      <header>
        <h3>{t.many.refused[props.refusals.action](props.refusals.refused.length)}</h3>
        <button type="button" onClick={() => props.dismiss()}>
          {t.problem.dismiss}
        </button>
      </header>
      <ul>
        <For each={props.refusals.refused}>
          {(one) => (
            <li data-job={one.job}>
              <a href={jobAddress(one.job)}>{farm.state.jobs[one.job]?.name ?? ""}</a>{" "}
              <span class="number">{one.job}</span>
              <ProblemText problem={one.problem} />
            </li>
          )}
        </For>
      </ul>
    </div>
  );
}
