/**
 * The table itself: a grid of which only the rows in view are drawn, with one row that the keyboard is on. Rows have
 * one height each way the table is laid out, so that where they stand is arithmetic, however many there are.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, untrack, type JSX } from "solid-js";
import { nextSort, narrows, type SortColumn } from "../../model/job-filter";
import { batchOf, isBatch, rowOfBatch, type Row } from "../../model/job-rows";
import { inView, scrolledTo } from "../../model/window";
import { jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import type { Acting } from "./acting";
import { BatchRow } from "./BatchRow";
import { JobRow } from "./JobRow";

const SPARE_ROWS = 8;

const COLUMNS: readonly (SortColumn | "why")[] = ["state", "job", "progress", "time", "priority", "age", "user", "plugin", "why"];

export interface TableHandle {
  focus(): void;
  /** Whether the table had a use for the key. */
  key(event: KeyboardEvent, letters: boolean): boolean;
}

export function JobTable(props: { acting: Acting; ref: (handle: TableHandle) => void }): JSX.Element {
  const { farm, table } = usePage();
  const [top, setTop] = createSignal(0);
  const [height, setHeight] = createSignal(0);
  const [rowHeight, setRowHeight] = createSignal(0);
  let scroller: HTMLDivElement | undefined;
  let space: HTMLDivElement | undefined;
  let probe: HTMLDivElement | undefined;
  let head: HTMLDivElement | undefined;

  onMount(() => {
    const measure = (): void => {
      setHeight(scroller?.clientHeight ?? 0);
      setRowHeight(probe?.getBoundingClientRect().height ?? 0);
    };
    const observer = new ResizeObserver(measure);
    for (const element of [scroller, probe]) if (element !== undefined) observer.observe(element);
    measure();
    onCleanup(() => observer.disconnect());
  });

  const span = createMemo(() => inView(top(), height(), rowHeight(), table.rows().length, SPARE_ROWS), undefined, {
    equals: (a, b) => a.start === b.start && a.end === b.end,
  });
  // Where the active row is; the first one stands in for it while there is none.
  const activeAt = createMemo(() => {
    const row = table.active();
    return row === null ? -1 : table.rows().indexOf(row);
  });
  const tabRow = () => table.rows()[Math.max(0, activeAt())];
  // The row that has the focus is drawn wherever it is, or the focus would be lost.
  const drawn = createMemo(() => {
    const { start, end } = span();
    const rows = table.rows();
    const places = new Map<Row, number>();
    const at = activeAt();
    if (at >= 0 && at < start) places.set(rows[at] as Row, at);
    for (let place = start; place < end; place += 1) places.set(rows[place] as Row, place);
    if (at >= end) places.set(rows[at] as Row, at);
    return places;
  });
  createEffect(() => {
    if (space !== undefined) space.style.height = `${table.rows().length * rowHeight()}px`;
  });

  // Rows that leave the list take the focus with them; whoever was in the table stays in it.
  let hadFocus = false;
  const focusRow = (row: Row | undefined): void => {
    const element = row === undefined ? null : space?.querySelector<HTMLElement>(`[data-row="${row}"]`);
    element?.focus({ preventScroll: true });
  };
  createEffect(
    on(drawn, () => {
      if (hadFocus && document.activeElement === document.body) focusRow(untrack(tabRow));
    }),
  );
  // A row that is gone hands over to the one that stands in its place now.
  let lastAt = 0;
  createEffect(() => {
    const at = activeAt();
    if (at >= 0) lastAt = at;
    else if (untrack(table.active) !== null) {
      const rows = table.rows();
      table.setActive(rows[Math.min(lastAt, rows.length - 1)] ?? null);
    }
  });

  function goTo(place: number): void {
    const rows = table.rows();
    const row = rows[Math.max(0, Math.min(place, rows.length - 1))];
    if (row === undefined || scroller === undefined) return;
    table.setActive(row);
    const to = scrolledTo(rows.indexOf(row), scroller.scrollTop, scroller.clientHeight, rowHeight());
    if (to !== scroller.scrollTop) {
      scroller.scrollTop = to;
      setTop(to);
    }
    focusRow(row);
  }

  function open(row: Row): void {
    if (isBatch(row)) table.fold(batchOf(row), !table.isOpen(batchOf(row)));
    else location.hash = jobAddress(row);
  }

  function key(event: KeyboardEvent, letters: boolean): boolean {
    const target = event.target as Node;
    if (head?.contains(target)) return headKey(event);
    const inRows = target === document.body || space?.contains(target) === true;
    if (!inRows || table.rows().length === 0) return false;
    const at = activeAt();
    const row = at < 0 ? undefined : table.rows()[at];
    const page = Math.max(1, Math.floor(height() / Math.max(1, rowHeight())) - 1);
    if ((event.ctrlKey || event.metaKey) && event.key === "a") {
      table.selectAll();
      return true;
    }
    if (event.ctrlKey || event.metaKey) return false;
    const to: Record<string, number> = {
      ArrowDown: at + 1,
      ArrowUp: at - 1,
      PageDown: at + page,
      PageUp: at - page,
      Home: 0,
      End: table.rows().length - 1,
      ...(letters ? { j: at + 1, k: at - 1, J: at + 1, K: at - 1 } : {}),
    };
    const place = to[event.key];
    if (place !== undefined) {
      if (event.shiftKey && row !== undefined && table.selected().size === 0) table.clearSelection(row);
      goTo(place);
      const next = table.active();
      if (event.shiftKey && next !== null) table.selectTo(next, false);
      return true;
    }
    if (row === undefined) return false;
    if (event.key === " ") {
      if (event.shiftKey) table.selectTo(row, true);
      else table.toggle(row);
      return true;
    }
    if (event.key === "Enter") {
      open(row);
      return true;
    }
    return foldKey(event.key, row);
  }

  function foldKey(name: string, row: Row): boolean {
    if (name !== "ArrowRight" && name !== "ArrowLeft") return false;
    if (isBatch(row)) {
      const isOpen = table.isOpen(batchOf(row));
      if (isOpen && name === "ArrowRight") goTo(activeAt() + 1);
      if (isOpen === (name === "ArrowRight")) return isOpen;
      table.fold(batchOf(row), name === "ArrowRight");
      return true;
    }
    const batch = farm.state.index.get(row)?.batch?.id;
    const at = batch === undefined ? -1 : table.rows().indexOf(rowOfBatch(batch));
    if (name === "ArrowRight" || at < 0) return false;
    goTo(at);
    return true;
  }

  function headKey(event: KeyboardEvent): boolean {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) {
      if (event.key !== "ArrowDown") return false;
      goTo(Math.max(0, activeAt()));
      return true;
    }
    const buttons = [...(head?.querySelectorAll<HTMLElement>("button, input") ?? [])].filter((one) => one.offsetParent !== null);
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    buttons[Math.max(0, Math.min(buttons.length - 1, at + step))]?.focus();
    return true;
  }

  function click(event: MouseEvent, row: Row): void {
    table.setActive(row);
    const target = event.target as Element;
    const onBox = target.closest(".cell-check") !== null;
    if (event.shiftKey) table.selectTo(row, event.ctrlKey || event.metaKey || onBox);
    else if (event.ctrlKey || event.metaKey || onBox) table.toggle(row);
    else {
      table.clearSelection(row);
      if (target.closest("a") === null) open(row);
      return;
    }
    // The link is not followed, and the box shows what is selected whatever the browser has made of the click.
    if (!(target instanceof HTMLInputElement)) event.preventDefault();
    else queueMicrotask(() => (target.checked = table.jobsOf(row).every((id) => table.selected().has(id))));
  }

  untrack(() => props.ref)({ focus: () => goTo(Math.max(0, activeAt())), key });

  const allSelected = () => table.ids().length > 0 && table.selected().size === table.ids().length;
  const sortWord = (column: SortColumn): "ascending" | "descending" | "none" => {
    const sort = table.sort();
    return sort?.column !== column ? "none" : sort.descending ? "descending" : "ascending";
  };
  return (
    <div
      class="job-table"
      role={farm.state.jobsVersion >= 0 && farm.state.index.hasBatches ? "treegrid" : "grid"}
      aria-label={t.jobs.heading}
      aria-rowcount={table.rows().length + 1}
      aria-colcount={COLUMNS.length + 1}
      aria-multiselectable="true"
    >
      <div role="rowgroup" class="job-head" ref={head}>
        <div role="row" class="job-line" aria-rowindex={1}>
          <div role="columnheader" class="cell-check" aria-colindex={1}>
            <input
              type="checkbox"
              tabindex="-1"
              aria-label={t.jobs.selectAll}
              checked={allSelected()}
              onChange={() => (allSelected() ? table.clearSelection() : table.selectAll())}
            />
          </div>
          <For each={COLUMNS}>
            {(column, at) => (
              <div
                role="columnheader"
                class={`cell-${CELLS[column]}`}
                aria-colindex={at() + 2}
                aria-sort={column === "why" ? undefined : sortWord(column)}
              >
                <Show when={column !== "why" && column} fallback={t.jobs.columns.why}>
                  {(name) => (
                    <button
                      type="button"
                      class="sort"
                      tabindex={at() === 0 ? 0 : -1}
                      title={t.jobs.columnHints[name()]}
                      onClick={() => table.setSort(nextSort(table.sort(), name()))}
                    >
                      {t.jobs.columns[name()]}
                      <svg class={`sort-mark sort-${sortWord(name())}`} viewBox="0 0 8 8" aria-hidden="true">
                        <path d="M4 1.5L7.2 6.5H.8z" />
                      </svg>
                    </button>
                  )}
                </Show>
              </div>
            )}
          </For>
        </div>
      </div>
      <div
        role="rowgroup"
        class="job-scroll"
        ref={scroller}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onFocusIn={() => (hadFocus = true)}
        onFocusOut={(event) => {
          // With an element that is taken away, the focus goes nowhere.
          hadFocus = event.relatedTarget === null;
        }}
      >
        <div class="row-probe" ref={probe} aria-hidden="true" />
        <Show when={table.rows().length === 0}>
          <Nothing />
        </Show>
        <div class="job-space" role="none" ref={space}>
          <For each={[...drawn().keys()]}>
            {(row) => {
              const place = createMemo(() => drawn().get(row) ?? 0);
              const frame = {
                row,
                place,
                isTab: () => tabRow() === row,
                put: (element: HTMLElement) =>
                  createEffect(() => (element.style.transform = `translateY(${place() * rowHeight()}px)`)),
                focused: () => table.setActive(row),
                click: (event: MouseEvent) => click(event, row),
              };
              return isBatch(row) ? <BatchRow frame={frame} acting={props.acting} /> : <JobRow frame={frame} />;
            }}
          </For>
        </div>
      </div>
    </div>
  );
}

/** Which cell has which column. */
const CELLS: Record<SortColumn | "why", string> = {
  state: "state",
  job: "name",
  progress: "bar",
  time: "time",
  priority: "priority",
  age: "age",
  user: "user",
  plugin: "plugin",
  why: "why",
};

function Nothing(): JSX.Element {
  const { farm, table } = usePage();
  return (
    <div class="empty" role="row">
      <div role="gridcell">
        <Show when={farm.known()} fallback={<p>{t.jobs.loading}</p>}>
          <Show when={!narrows(table.filter())} fallback={<p>{t.jobs.noneMatch}</p>}>
            <p>{t.jobs.none}</p>
            <p>
              {t.jobs.noneHint} <code>{t.jobs.noneCommand}</code>
            </p>
          </Show>
        </Show>
      </div>
    </div>
  );
}
