/**
 * What the table of jobs shows: which jobs, in which order, folded how, and which of them are selected. It lives as long
 * as the page, so that going to another view and coming back changes nothing. What a row looks like is the view's own.
 */
import { createEffect, createMemo, createSignal, on, onCleanup, untrack, type Accessor } from "solid-js";
import { asProblem, type Problem } from "../api/problem";
import type { JobSummary } from "../api/types";
import { comparator, EVERYTHING, matcher, narrows, readSort, writeChoice, type Choice, type JobFilter, type Sort } from "../model/job-filter";
import { JobList } from "../model/job-list";
import { foldKept, keptFolds } from "../model/folds";
import { batchOf, foldedRows, isBatch, type Row, type Rows } from "../model/job-rows";
import { NOTHING, ranged, toggled, within, type Selection } from "../model/selection";
import type { Farm } from "./farm";
import { keep, kept } from "./kept";

/** While somebody types, the daemon is not asked for every letter. */
const TYPING_MS = 250;

/** How far the search among ended jobs that are not read yet has come. */
export interface Search {
  readonly busy: boolean;
  /** Where it goes on. */
  readonly next: string | null;
  readonly problem: Problem | null;
}

const IDLE: Search = { busy: false, next: null, problem: null };

export interface JobsTable {
  readonly filter: Accessor<JobFilter>;
  readonly sort: Accessor<Sort | null>;
  /** The jobs' numbers in order. */
  readonly ids: Accessor<readonly number[]>;
  readonly rows: Accessor<readonly Row[]>;
  /** The listed jobs that a row stands for. */
  readonly jobsOf: (row: Row) => readonly number[];
  readonly isOpen: (batch: number) => boolean;
  /** Whether rows of batches stand for everything of them, and not for what a filter leaves. */
  readonly isWhole: () => boolean;
  readonly selected: Accessor<ReadonlySet<number>>;
  /** The selected jobs in their order. */
  readonly selectedJobs: Accessor<readonly JobSummary[]>;
  /** The row that the keyboard is on. */
  readonly active: Accessor<Row | null>;
  readonly search: Accessor<Search>;
  setFilter(change: Partial<JobFilter>): void;
  setSort(sort: Sort | null): void;
  /** Takes what an address says. */
  take(choice: Choice): void;
  /** Puts what is chosen into an address's query. */
  write(query: URLSearchParams): void;
  fold(batch: number, open: boolean): void;
  setActive(row: Row | null): void;
  toggle(row: Row): void;
  /** From where the last selection was made to `row`. */
  selectTo(row: Row, keep: boolean): void;
  selectAll(): void;
  clearSelection(anchor?: Row): void;
  searchOn(): void;
}

export function createJobsTable(farm: Farm): JobsTable {
  const { state } = farm;
  const index = state.index;
  const [filter, setFilter] = createSignal(EVERYTHING);
  const [sort, setSort] = createSignal<Sort | null>(readSort(kept("sort")));
  const [open, setOpen] = createSignal<ReadonlySet<number>>(keptFolds(kept("unfolded")));
  // What somebody looks for is shown to them, whatever was folded before; what they fold then stays so until they look for
  // something else.
  const [foldedHits, setFoldedHits] = createSignal<ReadonlySet<number>>(new Set());
  const [selection, setSelection] = createSignal<Selection>(NOTHING);
  const [active, setActive] = createSignal<Row | null>(null);
  const [search, setSearch] = createSignal(IDLE);

  const watch = index.watch();
  const test = createMemo(() => {
    const wanted = filter();
    const matches = matcher(wanted);
    if (narrows(wanted)) return matches;
    return (job: JobSummary) => !index.wasFound(job.id);
  });
  const order = createMemo(() => comparator(sort()));
  let list: { of: JobList; test: unknown; order: unknown } | null = null;
  const ids = createMemo(() => {
    state.jobsVersion;
    const changes = watch.take();
    const [matches, compare] = [test(), order()];
    if (list === null || changes.all || list.test !== matches || list.order !== compare) {
      list = { of: JobList.of(index.values(), matches, compare), test: matches, order: compare };
    } else list.of.update(changes.ids, (id) => index.get(id));
    return list.of.ids;
  });
  const isLooking = createMemo(() => filter().search.trim() !== "" || filter().statuses.length > 0);
  const isOpen = (batch: number): boolean => (isLooking() ? !foldedHits().has(batch) : open().has(batch));
  const folded = createMemo<Rows>(() => {
    const listed = ids();
    if (!index.hasBatches) return { rows: listed, members: new Map() };
    const isNarrow = narrows(filter());
    return foldedRows(listed, {
      batchOfJob: (id) => index.get(id)?.batch?.id,
      folds: (batch, count) => count > 1 || (!isNarrow && (state.batches[batch]?.jobs.total ?? 0) > 1),
      isOpen,
    });
  });
  const rows = createMemo(() => folded().rows);
  const jobsOf = (row: Row): readonly number[] => (isBatch(row) ? (folded().members.get(batchOf(row)) ?? []) : [row]);

  // The list has only the newest of what has ended; an open batch has all of its jobs.
  createEffect(() => {
    if (!farm.synced() || narrows(filter())) return;
    const isOpened = open();
    for (const batch of folded().members.keys()) {
      if (isOpened.has(batch) && index.sizeOfBatch(batch) < (state.batches[batch]?.jobs.total ?? 0)) void wholeBatch(batch);
    }
  });
  async function wholeBatch(batch: number): Promise<void> {
    // A connection that is gone is told elsewhere, and with the next one this is asked again.
    await farm.wholeBatch(batch).catch(() => {});
  }

  // What is not listed any more is not selected any more. Where nothing is selected, this costs nothing.
  createEffect(
    on(ids, (listed) => {
      if (untrack(selection).jobs.size === 0) return;
      const has = new Set(listed);
      setSelection((now) => within(now, (id) => has.has(id)));
    }),
  );
  const selected = createMemo(() => selection().jobs);
  const selectedJobs = createMemo(() => {
    const chosen = selected();
    if (chosen.size === 0) return [];
    state.jobsVersion;
    return ids().flatMap((id) => (chosen.has(id) ? [index.get(id) as JobSummary] : []));
  });

  const isTaken = (row: Row): boolean => jobsOf(row).every((id) => selection().jobs.has(id));

  let asking = new AbortController();
  async function ask(cursor: string | null): Promise<void> {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    setSearch({ busy: true, next: null, problem: null });
    try {
      const next = await farm.findJobs(untrack(filter), cursor, signal);
      if (!signal.aborted) setSearch({ busy: false, next, problem: null });
    } catch (error) {
      if (!signal.aborted) setSearch({ busy: false, next: null, problem: asProblem(error) });
    }
  }
  createEffect(
    on([filter, farm.synced], ([wanted, synced]) => {
      asking.abort();
      setSearch(IDLE);
      if (!synced || !narrows(wanted) || state.older === null) return;
      const timer = setTimeout(() => void ask(null), TYPING_MS);
      onCleanup(() => clearTimeout(timer));
    }),
  );

  return {
    filter,
    sort,
    ids,
    rows,
    jobsOf,
    isOpen,
    isWhole: () => !narrows(filter()),
    selected,
    selectedJobs,
    active,
    search,
    setFilter(change) {
      setFoldedHits(new Set<number>());
      setFilter((now) => ({ ...now, ...change }));
    },
    setSort(next) {
      keep("sort", next === null ? null : `${next.descending ? "-" : ""}${next.column}`);
      setSort(next);
    },
    take(choice) {
      setFoldedHits(new Set<number>());
      setFilter(choice.filter);
      setSort(choice.sort);
    },
    write: (query) => writeChoice({ filter: filter(), sort: sort() }, query),
    fold(batch, isOpen) {
      if (isLooking()) setFoldedHits((now) => changed(now, batch, !isOpen));
      else keep("unfolded", foldKept(setOpen((now) => changed(now, batch, isOpen))));
    },
    setActive,
    toggle(row) {
      setSelection((now) => toggled(now, row, jobsOf));
      if (!isBatch(row) || !isTaken(row) || narrows(filter())) return;
      // Its jobs that are read only now are of what was meant.
      const before = jobsOf(row);
      void wholeBatch(batchOf(row)).then(() => {
        if (before.every((id) => selection().jobs.has(id)) && !isTaken(row)) setSelection((now) => toggled(now, row, jobsOf));
      });
    },
    selectTo: (row, keepRest) => void setSelection((now) => ranged(now, row, rows(), jobsOf, keepRest)),
    selectAll: () => void setSelection((now) => ({ jobs: new Set(ids()), anchor: now.anchor })),
    clearSelection: (anchor) => void setSelection((now) => ({ ...NOTHING, anchor: anchor ?? now.anchor })),
    searchOn: () => void ask(search().next),
  };
}

function changed(set: ReadonlySet<number>, one: number, isIn: boolean): ReadonlySet<number> {
  const next = new Set(set);
  // The last one that was put in comes last.
  next.delete(one);
  if (isIn) next.add(one);
  return next;
}
