/**
 * What has ended, as far as it has been read: pages of jobs as the daemon finds them, and batches beside them. It is
 * read again when something on the farm has come to an end.
 */
import { batch, createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from "solid-js";
import { batches } from "../../api/batches";
import { asProblem, type Problem } from "../../api/problem";
import { endedJobs, type EndedQuery } from "../../api/reports";
import type { JobStatus, JobSummary, Page } from "../../api/types";
import { pastOfBatch, pastOfJob, suits, type Past } from "../../model/history";
import type { Farm } from "../../store/farm";
import { ENDED } from "../../store/order";

const PAGE = 200;
/** Pages without a match that are passed over in one go: a search looks at so many jobs a page. */
const PASSED_OVER = 20;
/** Between two readings of what is new. */
const PAUSE_MS = 2_000;
/** After the last letter of a search. */
const TYPING_MS = 250;

export interface PastFilter {
  readonly state: "all" | Extract<JobStatus, "done" | "failed" | "cancelled">;
  readonly user: string;
  readonly plugin: string;
  readonly search: string;
}

export interface PastStore {
  readonly all: Accessor<readonly Past[]>;
  readonly filter: Accessor<PastFilter>;
  setFilter(change: Partial<PastFilter>): void;
  readonly reading: Accessor<boolean>;
  readonly known: Accessor<boolean>;
  readonly hasMore: Accessor<boolean>;
  readonly problem: Accessor<Problem | null>;
  more(): void;
}

export function createPast(farm: Farm): PastStore {
  const [filter, setFilter] = createSignal<PastFilter>({ state: "all", user: "", plugin: "", search: "" });
  const [jobs, setJobs] = createSignal<ReadonlyMap<number, Past>>(new Map());
  const [ofBatches, setBatches] = createSignal<readonly Past[]>([]);
  const [cursor, setCursor] = createSignal<string | null>(null);
  const [reading, setReading] = createSignal(false);
  const [known, setKnown] = createSignal(false);
  const [problem, setProblem] = createSignal<Problem | null>(null);
  let turn = new AbortController();
  onCleanup(() => turn.abort());

  const states = (): readonly JobStatus[] => {
    const { state } = filter();
    return state === "all" ? ENDED : [state];
  };
  const query = (): EndedQuery => {
    const { user, plugin, search } = filter();
    return { states: states(), user, plugin, search: search.trim() };
  };

  /** A page of jobs; goes on over pages without a match. */
  async function read(from: string | null, limit: number, signal: AbortSignal): Promise<Page<JobSummary>> {
    for (let [next, page] = [from, 1]; ; page += 1) {
      const found = await endedJobs(farm.client, query(), limit, next, signal);
      next = found.next ?? null;
      if (next === null || found.items.length > 0 || page === PASSED_OVER) return { items: found.items, next };
    }
  }

  /** Adds what was read to what is known; jobs that were brought back since have not ended any more. */
  function add(found: Page<JobSummary>): void {
    setJobs((before) => {
      const all = new Map([...before, ...found.items.map((job) => [job.id, pastOfJob(job)] as const)]);
      for (const id of all.keys()) {
        const job = farm.state.index.get(id);
        if (job !== undefined && !ENDED.includes(job.status)) all.delete(id);
      }
      return all;
    });
  }

  async function readBatches(): Promise<void> {
    const page = await batches(farm.client, PAGE, null);
    setBatches(page.items.flatMap((one) => pastOfBatch(one) ?? []));
  }

  async function begin(): Promise<void> {
    turn.abort();
    turn = new AbortController();
    const { signal } = turn;
    setReading(true);
    try {
      const [found] = await Promise.all([read(null, PAGE, signal), readBatches()]);
      if (signal.aborted) return;
      // What was shown before stays until there is something else to show: nobody clicks into an emptied list.
      batch(() => {
        setJobs(new Map());
        add(found);
        setCursor(found.next ?? null);
      });
      setProblem(null);
    } catch (error) {
      if (!signal.aborted) setProblem(asProblem(error));
    } finally {
      if (!signal.aborted) {
        setKnown(true);
        setReading(false);
      }
    }
  }

  async function more(): Promise<void> {
    const from = cursor();
    if (from === null || reading()) return;
    const { signal } = turn;
    setReading(true);
    try {
      const found = await read(from, PAGE, signal);
      if (signal.aborted) return;
      add(found);
      setCursor(found.next ?? null);
    } catch (error) {
      if (!signal.aborted) setProblem(asProblem(error));
    } finally {
      if (!signal.aborted) setReading(false);
    }
  }

  async function refresh(): Promise<void> {
    const { signal } = turn;
    const [found] = await Promise.all([read(null, 50, signal), readBatches()]);
    if (!signal.aborted) add(found);
  }

  // Letters come faster than answers.
  let typing: ReturnType<typeof setTimeout> | undefined;
  createEffect(
    on(filter, (now, before) => {
      clearTimeout(typing);
      if (before !== undefined && before.search !== now.search) typing = setTimeout(() => void begin(), TYPING_MS);
      else void begin();
    }),
  );
  onCleanup(() => clearTimeout(typing));

  let waits: ReturnType<typeof setTimeout> | undefined;
  function refreshSoon(): void {
    waits ??= setTimeout(() => {
      waits = undefined;
      if (reading()) refreshSoon();
      // What is shown stays what it was; a lost connection is told elsewhere.
      else void refresh().catch(() => undefined);
    }, PAUSE_MS);
  }
  createEffect(on(() => [farm.state.jobsVersion, farm.epoch()], refreshSoon, { defer: true }));
  onCleanup(() => clearTimeout(waits));

  const all = createMemo<readonly Past[]>(() => {
    const { user, search, plugin } = filter();
    const found = plugin === "" ? ofBatches().filter((one) => suits(one, states(), user, search.trim())) : [];
    return [...jobs().values(), ...found];
  });
  return {
    all,
    filter,
    setFilter: (change) => setFilter((before) => ({ ...before, ...change })),
    reading,
    known,
    hasMore: () => cursor() !== null,
    problem,
    more: () => void more(),
  };
}
