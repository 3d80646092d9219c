/**
 * What has ended, as far as it has been read: pages of jobs as the daemon finds them, and batches beside them. It is
 * read again when something on the farm has come to an end.
 */
import { createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from "solid-js";
import { batches } from "../../api/batches";
import { asProblem, type Problem } from "../../api/problem";
import { endedJobs, type EndedQuery } from "../../api/reports";
import type { JobStatus } from "../../api/types";
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

  /** Adds a page of jobs to what is known, and goes on over pages without a match. */
  async function read(from: string | null, limit: number, signal: AbortSignal): Promise<string | null> {
    let next = from;
    for (let page = 0; page < PASSED_OVER; page += 1) {
      const found = await endedJobs(farm.client, query(), limit, next, signal);
      if (signal.aborted) return null;
      if (found.items.length > 0) {
        setJobs((before) => new Map([...before, ...found.items.map((job) => [job.id, pastOfJob(job)] as const)]));
      }
      next = found.next ?? null;
      if (next === null || found.items.length > 0) break;
    }
    return next;
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
      const [next] = await Promise.all([
        (async () => {
          setJobs(new Map());
          return read(null, PAGE, signal);
        })(),
        readBatches(),
      ]);
      if (signal.aborted) return;
      setCursor(next);
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
      const next = await read(from, PAGE, signal);
      if (!signal.aborted) setCursor(next);
    } catch (error) {
      if (!signal.aborted) setProblem(asProblem(error));
    } finally {
      if (!signal.aborted) setReading(false);
    }
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
  createEffect(
    on(
      () => [farm.state.jobsVersion, farm.epoch()],
      () => {
        if (waits !== undefined) return;
        waits = setTimeout(() => {
          waits = undefined;
          // What is shown stays what it was; a lost connection is told elsewhere.
          if (!reading()) void Promise.all([read(null, 50, turn.signal), readBatches()]).catch(() => undefined);
        }, PAUSE_MS);
      },
      { defer: true },
    ),
  );
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
