/**
 * What narrows the table: words, states, a user, a DCC.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import type { JobStatus } from "../../api/types";
import { count } from "../../model/format";
import { EVERYTHING, narrows } from "../../model/job-filter";
import { STATUSES } from "../../store/order";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { usePage } from "../shell/context";

export function Filters(props: { ref: (element: HTMLInputElement) => void; leave: () => void }): JSX.Element {
  const { farm, table } = usePage();
  const index = farm.state.index;
  const counted = (status: JobStatus): number => {
    farm.state.jobsVersion;
    return index.count(status) + (status === "running" ? index.count("cancelling") : 0);
  };
  const isWanted = (status: JobStatus): boolean => table.filter().statuses.includes(status);
  const want = (status: JobStatus): void => {
    // What is being cancelled is listed with what runs, as it still does.
    const group: JobStatus[] = status === "running" ? ["running", "cancelling"] : [status];
    const { statuses } = table.filter();
    const rest = statuses.filter((one) => !group.includes(one));
    table.setFilter({ statuses: isWanted(status) ? rest : [...rest, ...group] });
  };
  const same = (a: string[], b: string[]): boolean => a.length === b.length && a.every((one, at) => one === b[at]);
  const named = (names: () => string[], chosen: () => string | null): (() => string[]) =>
    createMemo(
      () => {
        farm.state.jobsVersion;
        const all = names();
        const own = chosen();
        return own === null || all.includes(own) ? all : [...all, own].sort();
      },
      [],
      { equals: same },
    );
  const users = named(() => index.users(), () => table.filter().user);
  const plugins = named(() => index.plugins(), () => table.filter().plugin);

  return (
    <div class="filters">
      <input
        ref={props.ref}
        class="job-search"
        type="search"
        aria-label={t.jobs.search}
        placeholder={t.jobs.searchHint}
        value={table.filter().search}
        onInput={(event) => table.setFilter({ search: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === "ArrowDown" || (event.key === "Escape" && event.currentTarget.value === "")) {
            event.preventDefault();
            event.stopPropagation();
            props.leave();
          }
        }}
      />
      <div class="chips" role="group" aria-label={t.jobs.states}>
        <For each={STATUSES}>
          {(status) => (
            <Show when={counted(status) > 0 || isWanted(status)}>
              <button
                type="button"
                class="chip"
                title={t.status[status]}
                aria-pressed={isWanted(status)}
                onClick={() => want(status)}
              >
                <JobShape status={status} /> <span class="word">{t.status[status]}</span> <b>{count(counted(status))}</b>
              </button>
            </Show>
          )}
        </For>
        <Show when={users().length > 1 || table.filter().user !== null}>
          <Pick
            label={t.jobs.user}
            any={t.jobs.anyUser}
            all={users()}
            chosen={table.filter().user}
            choose={(user) => table.setFilter({ user })}
          />
        </Show>
        <Show when={plugins().length > 1 || table.filter().plugin !== null}>
          <Pick
            label={t.jobs.plugin}
            any={t.jobs.anyPlugin}
            all={plugins()}
            chosen={table.filter().plugin}
            choose={(plugin) => table.setFilter({ plugin })}
          />
        </Show>
        <Show when={narrows(table.filter())}>
          <button type="button" class="chip plain" onClick={() => table.setFilter(EVERYTHING)}>
            {t.jobs.clearFilter}
          </button>
        </Show>
      </div>
    </div>
  );
}

function Pick(props: {
  label: string;
  any: string;
  all: string[];
  chosen: string | null;
  choose: (value: string | null) => void;
}): JSX.Element {
  return (
    <select
      class="pick"
      classList={{ narrows: props.chosen !== null }}
      aria-label={props.label}
      onChange={(event) => props.choose(event.currentTarget.value || null)}
    >
      <option value="" selected={props.chosen === null}>
        {props.any}
      </option>
      <For each={props.all}>
        {(name) => (
          <option value={name} selected={props.chosen === name}>
            {name}
          </option>
        )}
      </For>
    </select>
  );
}
