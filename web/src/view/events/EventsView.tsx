/**
 * What happened, newest first, also before this page was there. What is chosen of it stands in the address.
 */
import { createEffect, createMemo, createSignal, For, onMount, Show, type JSX } from "solid-js";
import { unwrap } from "solid-js/store";
import { readNotices } from "../../api/notices";
import { asProblem, type Problem } from "../../api/problem";
import { countBySeverity, eventsAddress, filterOf, isFiltering, SEVERITIES, takes, type NoticeFilter } from "../../model/notices";
import { keep } from "../../store/kept";
import { jobAddress } from "../../store/route";
import { t } from "../../text";
import { ProblemText } from "../common/parts";
import { SeverityShape } from "../common/severity";
import { replaceAddress, usePage } from "../shell/context";
import { NoticeList } from "./NoticeList";
import { NotifySwitch } from "./NotifySwitch";
import "./events.css";

const A_PAGE = 1000;

export function EventsView(): JSX.Element {
  const { farm, route } = usePage();
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const filter = createMemo(() => filterOf(route().query));
  const all = createMemo(() => [...farm.state.notices]);
  const rows = createMemo(() => all().filter((notice) => takes(filter(), notice)));
  /** As the other choices leave it, so that a switch says what it would show. */
  const counts = createMemo(() => countBySeverity(all().filter((notice) => takes({ ...filter(), severities: [] }, notice))));
  const plugins = createMemo(() => {
    const named = [filter().plugin, ...farm.state.plugins.map(({ name }) => name), ...all().map(({ plugin }) => plugin)];
    return [...new Set(named.filter((name) => name !== null))].sort();
  });

  const batches = createMemo(() => {
    const named = [filter().batch, ...all().map(({ batch }) => batch)];
    return [...new Set(named.filter((id) => id !== null))].sort((a, b) => b - a);
  });

  const choose = (change: Partial<NoticeFilter>): void => {
    // A choice is no place to come back to.
    replaceAddress(eventsAddress({ ...filter(), ...change }));
  };
  const toggle = (severity: NoticeFilter["severities"][number]): void => {
    const chosen = filter().severities;
    choose({ severities: chosen.includes(severity) ? chosen.filter((one) => one !== severity) : [...chosen, severity] });
  };

  onMount(async () => {
    try {
      let before: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof readNotices>> = await readNotices(farm.client, A_PAGE, before);
        farm.learn({ notices: page.items });
        before = page.next;
      } while (before !== null);
    } catch (error) {
      setProblem(asProblem(error));
    }
  });

  // What stands here while somebody is in front of it has been seen.
  createEffect(() => {
    const newest = farm.state.notices[0]?.id;
    if (newest === undefined || document.hidden || newest <= unwrap(farm.state).noticesSeen) return;
    farm.learn({ seen: newest });
    keep("seen", String(newest));
  });

  return (
    <div class="view events">
      <div class="events-head">
        <h2>{t.notices.heading}</h2>
        <div class="events-severities" role="group" aria-label={t.notices.severities}>
          <For each={SEVERITIES}>
            {(severity) => (
              <button
                type="button"
                data-severity={severity}
                aria-pressed={filter().severities.includes(severity)}
                onClick={() => toggle(severity)}
              >
                <SeverityShape severity={severity} /> {t.notices.severity[severity]}{" "}
                <span class="quiet">{counts()[severity]}</span>
              </button>
            )}
          </For>
        </div>
        <label>
          <span class="sr">{t.notices.plugin}</span>
          <select onChange={(event) => choose({ plugin: event.currentTarget.value || null })}>
            <option value="">{t.notices.anyPlugin}</option>
            <For each={plugins()}>
              {(name) => (
                <option value={name} selected={filter().plugin === name}>
                  {name}
                </option>
              )}
            </For>
          </select>
        </label>
        <Show when={batches().length > 0}>
          <label>
            <span class="sr">{t.notices.ofBatch}</span>
            <select onChange={(event) => choose({ batch: Number(event.currentTarget.value) || null })}>
              <option value="">{t.notices.anyBatch}</option>
              <For each={batches()}>
                {(id) => (
                  <option value={id} selected={filter().batch === id}>
                    {t.notices.batch(id)}
                  </option>
                )}
              </For>
            </select>
          </label>
        </Show>
        <label class="events-search">
          <span class="sr">{t.notices.search}</span>
          <input
            type="search"
            placeholder={t.notices.search}
            value={filter().text}
            onInput={(event) => choose({ text: event.currentTarget.value })}
          />
        </label>
        <Show when={filter().job}>{(job) => <a href={jobAddress(job())}>{t.notices.onlyJob(job())}</a>}</Show>
        <Show when={isFiltering(filter())}>
          <a href={eventsAddress({})}>{t.notices.clear}</a>
        </Show>
        <span class="quiet right" role="status">
          {t.notices.count(rows().length, all().length)}
        </span>
      </div>
      <Show when={problem()}>
        {(problem) => (
          <div class="callout callout-bad">
            <p>{t.notices.unreadable}</p>
            <ProblemText problem={problem()} />
          </div>
        )}
      </Show>
      <Show
        when={rows().length > 0}
        fallback={<p class="empty">{all().length === 0 ? t.notices.none : t.notices.noneSuch}</p>}
      >
        <NoticeList notices={rows()} />
      </Show>
      <NotifySwitch />
    </div>
  );
}
