/**
 * The list of what has ended, by day: only the rows that can be seen are there, however many it has.
 */
import { Key } from "@solid-primitives/keyed";
import { createVirtualizer } from "@tanstack/solid-virtual";
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { count, duration } from "../../model/format";
import { byDay, figures, type Past, type Row } from "../../model/history";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { FrameBar, ProblemText } from "../common/parts";
import { usePage } from "../shell/context";
import type { Chosen } from "./HistoryView";
import type { PastFilter, PastStore } from "./past";

const STATES: readonly PastFilter["state"][] = ["all", "done", "failed", "cancelled"];
/** Rows from the end at which earlier ones are read. */
const AHEAD = 30;

const dayOf = (time: string): string => new Date(time).toDateString();

export function PastList(props: { past: PastStore; chosen: Chosen | null }): JSX.Element {
  const { now } = usePage();
  const rows = createMemo<Row[]>(() => byDay(props.past.all(), dayOf));
  const sum = createMemo(() => figures(props.past.all()));
  const [users, setUsers] = createSignal<readonly string[]>([]);
  const [plugins, setPlugins] = createSignal<readonly string[]>([]);
  const together = (before: readonly string[], more: (string | null)[]): readonly string[] => {
    const all = [...new Set([...before, ...more.filter((one) => one !== null)])].sort();
    return all.length === before.length ? before : all;
  };
  // Whoever was seen once can be chosen, also while the list shows somebody else's.
  createEffect(() => {
    const all = props.past.all();
    setUsers((before) => together(before, all.map((past) => past.user)));
    setPlugins((before) => together(before, all.map((past) => past.plugin)));
  });

  let scroller!: HTMLDivElement;
  const virtual = createVirtualizer({
    get count() {
      return rows().length;
    },
    getScrollElement: () => scroller,
    estimateSize: (index) => (isDay(rows()[index]) ? 34 : 46),
    // A new one for new rows: that is how it knows that their heights are others.
    get getItemKey() {
      const all = rows();
      return (index: number) => {
        const row = all[index];
        return row === undefined ? index : keyOf(row);
      };
    },
    overscan: 12,
  });
  // An element stays with what it shows, wherever that moves: a click that was begun on one row never ends on another.
  const drawn = createMemo(() =>
    virtual.getVirtualItems().flatMap((item) => {
      const row = rows()[item.index];
      return row === undefined ? [] : [{ item, row }];
    }),
  );
  createEffect(() => {
    const last = virtual.getVirtualItems().at(-1)?.index ?? 0;
    if (props.past.hasMore() && last >= rows().length - AHEAD) props.past.more();
  });

  /** To the next row that is a job or a batch. */
  function step(from: number, by: number): void {
    let index = from + by;
    while (isDay(rows()[index])) index += by;
    if (rows()[index] === undefined) return;
    virtual.scrollToIndex(index);
    requestAnimationFrame(() => scroller.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus());
  }
  function keys(event: KeyboardEvent): void {
    const row = (event.target as HTMLElement).dataset["row"];
    if (row === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { ArrowDown: 1, ArrowUp: -1, j: 1, k: -1 }[event.key];
    if (by === undefined) return;
    event.preventDefault();
    step(Number(row), by);
  }

  const day = (name: string): string => {
    const today = new Date(now());
    const before = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
    if (name === today.toDateString()) return t.history.today;
    if (name === before.toDateString()) return t.history.yesterday;
    return new Date(name).toLocaleDateString("en", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
  };

  return (
    <section class="past" aria-labelledby="history-heading">
      <h2 id="history-heading">{t.history.heading}</h2>
      <form class="past-filter" role="search" onSubmit={(event) => event.preventDefault()}>
        <label class="past-search">
          <span>{t.history.search}</span>
          <input
            type="search"
            placeholder={t.history.searchHint}
            value={props.past.filter().search}
            onInput={(event) => props.past.setFilter({ search: event.currentTarget.value })}
          />
        </label>
        <Choice label={t.history.state} value={props.past.filter().state} set={(state) => props.past.setFilter({ state: state as PastFilter["state"] })}>
          <For each={STATES}>{(state) => <option value={state}>{t.history.states[state]}</option>}</For>
        </Choice>
        <Choice label={t.history.user} value={props.past.filter().user} set={(user) => props.past.setFilter({ user })}>
          <option value="">{t.history.anyone}</option>
          <For each={users()}>{(user) => <option value={user}>{user}</option>}</For>
        </Choice>
        <Choice label={t.history.plugin} value={props.past.filter().plugin} set={(plugin) => props.past.setFilter({ plugin })}>
          <option value="">{t.history.anyPlugin}</option>
          <For each={plugins()}>{(plugin) => <option value={plugin}>{plugin}</option>}</For>
        </Choice>
      </form>
      <p class="past-figures" data-jobs={sum().jobs}>
        <span>
          <b>{count(sum().jobs)}</b> {t.history.figures.jobs(sum().jobs)}
        </span>
        <span class="is-done">
          <b>{count(sum().done)}</b> {t.history.figures.done}
        </span>
        <span class={sum().failed > 0 ? "is-failed" : ""}>
          <b>{count(sum().failed)}</b> {t.history.figures.failed}
        </span>
        <Show when={sum().cancelled > 0}>
          <span>
            <b>{count(sum().cancelled)}</b> {t.history.figures.cancelled}
          </span>
        </Show>
        <span>
          <b>{count(sum().frames)}</b> {t.history.figures.frames(sum().frames)}
        </span>
        <span>
          <b>{duration(sum().seconds)}</b> {t.history.figures.time}
        </span>
        <Show when={props.past.hasMore()}>
          <span class="quiet">{t.history.moreThere}</span>
        </Show>
      </p>
      <Show when={props.past.problem()}>{(problem) => <ProblemText problem={problem()} />}</Show>
      <div class="past-rows" ref={scroller} onKeyDown={keys}>
        <Show when={rows().length > 0} fallback={<p class="empty">{empty(props.past)}</p>}>
          <ul aria-label={t.history.list} style={{ height: `${virtual.getTotalSize()}px` }}>
            <Key each={drawn()} by={({ row }) => keyOf(row)}>
              {(one) => (
                <li style={{ transform: `translateY(${one().item.start}px)` }} data-index={one().item.index}>
                  <RowOf row={one().row} index={one().item.index} chosen={props.chosen} day={day} />
                </li>
              )}
            </Key>
          </ul>
        </Show>
      </div>
    </section>
  );
}

function keyOf(row: Row): string {
  return "day" in row ? row.day : `${row.past.kind}-${row.past.id}`;
}

function isDay(row: Row | undefined): boolean {
  return row !== undefined && "day" in row;
}

function empty(past: PastStore): string {
  if (!past.known() || past.reading()) return t.history.loading;
  const { state, user, plugin, search } = past.filter();
  return state === "all" && user === "" && plugin === "" && search === "" ? t.history.none : t.history.noneMatch;
}

function Choice(props: { label: string; value: string; set: (value: string) => void; children: JSX.Element }): JSX.Element {
  return (
    <label>
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => props.set(event.currentTarget.value)}>
        {props.children}
      </select>
    </label>
  );
}

function RowOf(props: { row: Row; index: number; chosen: Chosen | null; day: (name: string) => string }): JSX.Element {
  const dayRow = () => ("day" in props.row ? props.row : null);
  const past = () => ("past" in props.row ? props.row.past : null);
  return (
    <>
      <Show when={dayRow()}>
        {(row) => (
          <h3 class="past-day">
            {props.day(row().day)} <span class="quiet">{t.history.ofDay(row().count)}</span>
          </h3>
        )}
      </Show>
      <Show when={past()}>{(one) => <PastRow past={one()} index={props.index} chosen={props.chosen} />}</Show>
    </>
  );
}

function PastRow(props: { past: Past; index: number; chosen: Chosen | null }): JSX.Element {
  const isChosen = () => props.chosen?.kind === props.past.kind && props.chosen.id === props.past.id;
  const frames = () => props.past.frames;
  const there = () => frames().done + frames().skipped;
  const time = () => new Date(props.past.ended).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  return (
    <a
      class="past-row"
      href={viewAddress("history", props.past.kind, String(props.past.id))}
      data-row={props.index}
      data-past={keyOf({ past: props.past })}
      aria-current={isChosen() ? "true" : undefined}
    >
      <JobShape status={props.past.status} />
      <span class="past-name">
        <Show when={props.past.kind === "batch"}>
          <span class="past-kind">{t.history.batch}</span>{" "}
        </Show>
        {props.past.name}
      </span>
      <time class="past-time" dateTime={props.past.ended}>
        {time()}
      </time>
      <span class="past-more quiet">
        <span class="sr">{t.status[props.past.status]}</span> {props.past.id}
        <Show when={props.past.user}> · {props.past.user}</Show>
        <Show when={props.past.plugin}> · {props.past.plugin}</Show>
        <Show when={props.past.failure}>
          {" · "}
          <span class="bad">{props.past.failure}</span>
        </Show>
      </span>
      <span class="past-frames">
        {t.jobs.ofFrames(count(there()), count(frames().total))}
        <Show when={frames().failed > 0}>
          <span class="bad"> {t.history.failedFrames(frames().failed)}</span>
        </Show>
        <Show when={props.past.seconds !== null}>
          <span class="quiet"> {duration(props.past.seconds ?? 0)}</span>
        </Show>
      </span>
      <FrameBar counts={frames()} label={t.report.framesBar(there(), frames().total)} />
    </a>
  );
}
