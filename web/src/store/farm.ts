/**
 * The farm as the page holds it: one reactive state that begins with a reading of everything and is then kept right
 * by events. It never polls: what is read again is read because an event or a new connection says so.
 */
import { batch, createSignal, type Accessor } from "solid-js";
import { createStore, produce, reconcile, unwrap } from "solid-js/store";
import { Client, type JobAction } from "../api/client";
import { batchesDownTo, summaryOfBatch, type BatchSummary, type BatchView } from "../api/batches";
import { findJobs, jobsOfBatch } from "../api/jobs";
import { asProblem, type Problem } from "../api/problem";
import { EventStream, type Connection } from "../api/stream";
import { summaryOf, type AttemptView, type FarmEvent, type JobSummary, type JobView, type NodeSample, type Notice } from "../api/types";
import type { JobFilter } from "../model/job-filter";
import { FrameGrid } from "../model/grid";
import { ENDED, LIVE } from "./order";
import { Readings } from "./readings";
import { apply, IMAGES_KEPT, putAttempt, putBatch, putJob, putNotices, putSamples } from "./reduce";
import { emptyDetail, emptyState, type FarmState } from "./state";

const JOBS_A_PAGE = 1000;
const ENDED_AT_FIRST = 50;
const ATTEMPTS_A_PAGE = 50;
const SYNC_RETRY_MS = 3_000;
const REFRESH_PAUSE_MS = 1_000;

export interface Farm {
  readonly client: Client;
  readonly state: FarmState;
  readonly connection: Accessor<Connection>;
  /** Whether everything shown has been read since the connection was last made whole. */
  readonly synced: Accessor<boolean>;
  /** Whether anything was ever read. */
  readonly known: Accessor<boolean>;
  /** Why the last reading failed. */
  readonly syncProblem: Accessor<Problem | null>;
  /** Grows whenever events may have been lost: the connection was and is back, or the page was too slow for them. */
  readonly epoch: Accessor<number>;
  readonly detailProblem: Accessor<Problem | null>;
  retryNow(): void;
  openJob(id: number | null): void;
  earlierAttempts(): Promise<void>;
  olderJobs(): Promise<void>;
  /** Looks among the ended jobs that are not read yet. Where the search goes on; null at its end. */
  findJobs(filter: JobFilter, cursor: string | null, signal: AbortSignal): Promise<string | null>;
  /** Reads one attempt of the chosen job, with its command. Whether there is such a one. */
  loadAttempt(id: number): Promise<boolean>;
  /** The newest attempt that had this frame and did not finish it, looked for in earlier ones too. */
  findAttempt(suits: (attempt: AttemptView) => boolean): Promise<AttemptView | null>;
  /** Reads those of a batch's ended jobs that the list has not come to yet. What it has read once it does not read again. */
  wholeBatch(batch: number): Promise<void>;
  act(job: number, action: JobAction): Promise<void>;
  /** Takes a job as the daemon answers a change of it. */
  take(answer: Promise<JobView>): Promise<void>;
  /** Takes a batch as the daemon answers a change of it. */
  takeBatch(answer: Promise<BatchView>): Promise<void>;
  /** Tells the events of one frame after they have been applied; gives what ends that. */
  listen(listener: Listener): () => void;
  /** Takes in what was read of notices and of the machine's last minutes, and which notice was seen. */
  learn(read: { notices?: readonly Notice[]; samples?: readonly NodeSample[]; seen?: number }): void;
}

export type Listener = (events: readonly FarmEvent[]) => void;

export function createFarm(root: URL): Farm {
  const client = new Client(root);
  const [state, setState] = createStore<FarmState>(emptyState());
  const [connection, setConnection] = createSignal<Connection>({ kind: "connecting" });
  const [synced, setSynced] = createSignal(false);
  const [known, setKnown] = createSignal(false);
  const [syncProblem, setSyncProblem] = createSignal<Problem | null>(null);
  const [detailProblem, setDetailProblem] = createSignal<Problem | null>(null);
  const [epoch, setEpoch] = createSignal(0);

  const change = (work: (draft: FarmState) => void): void => setState(produce(work));

  const readings = new Readings();
  let syncTurn = 0;
  let jobTurn = 0;
  let syncTimer: ReturnType<typeof setTimeout> | undefined;

  // Events are applied once a frame at most, however many come, and also while nobody looks.
  let arrived: FarmEvent[] = [];
  let flushing = false;

  function receive(event: FarmEvent): void {
    readings.hear(event);
    arrived.push(event);
    if (flushing) return;
    flushing = true;
    // A window that is covered may not be hidden and have no frames all the same.
    const late = setTimeout(flush, 200);
    if (!document.hidden)
      requestAnimationFrame(() => {
        clearTimeout(late);
        if (flushing) flush();
      });
  }

  const listeners = new Set<Listener>();

  function flush(): void {
    flushing = false;
    const events = arrived;
    arrived = [];
    batch(() => {
      change((draft) => {
        for (const event of events) apply(draft, event);
      });
      for (const listener of listeners) listener(events);
    });
    const ended = events.some(
      (event) => event.type === "attempt" && event.attempt.state === "ended" && event.attempt.job === state.detail?.id,
    );
    if (ended) void refreshView();
  }

  async function allJobs(): Promise<JobSummary[]> {
    const jobs: JobSummary[] = [];
    let cursor: string | null = null;
    do {
      const page = await client.jobs(LIVE, JOBS_A_PAGE, cursor);
      jobs.push(...page.items);
      cursor = page.next ?? null;
    } while (cursor !== null);
    return jobs;
  }

  /** The batches of these jobs that are not in `known`. */
  async function batchesOf(jobs: Iterable<JobSummary>, known: (id: number) => boolean): Promise<BatchSummary[]> {
    let least = Infinity;
    for (const { batch } of jobs) if (batch != null && !known(batch.id)) least = Math.min(least, batch.id);
    return least === Infinity ? [] : batchesDownTo(client, least);
  }

  /** Jobs that were read later may be of batches that nothing has told of yet. What fails here is told by the jobs. */
  async function learnBatches(jobs: Iterable<JobSummary>): Promise<void> {
    const found = await batchesOf(jobs, (id) => state.batches[id] !== undefined).catch(() => []);
    change((draft) => {
      for (const batch of found) if (draft.batches[batch.id] === undefined) putBatch(draft, batch);
    });
  }

  /** Readings of the rest of a batch since everything was read. */
  const wholes = new Map<number, Promise<void>>();
  async function readWhole(batch: number): Promise<void> {
    const jobs = await jobsOfBatch(client, batch, ENDED);
    change((draft) => {
      for (const job of jobs) if (draft.jobs[job.id] === undefined || draft.index.wasFound(job.id)) putJob(draft, job);
    });
  }

  async function sync(): Promise<void> {
    const turn = ++syncTurn;
    clearTimeout(syncTimer);
    const held = readings.begin();
    setSynced(false);
    const chosen = state.detail?.id ?? null;
    if (chosen !== null) void loadJob(chosen);
    try {
      const [node, plugins, live, ended] = await Promise.all([
        client.node(),
        client.plugins(),
        allJobs(),
        client.jobs(ENDED, ENDED_AT_FIRST, null),
      ]);
      const batches = await batchesOf([...ended.items, ...live], () => false);
      if (turn !== syncTurn) return;
      wholes.clear();
      batch(() => {
        const jobs = Object.fromEntries([...ended.items, ...live].map((job) => [job.id, job]));
        setState("jobs", reconcile(jobs, { key: null }));
        state.index.reset(Object.values(unwrap(state.jobs)));
        change((draft) => {
          draft.jobsVersion += 1;
          draft.older = ended.next ?? null;
          for (const known of batches) putBatch(draft, known);
          draft.plugins = [...plugins].sort((a, b) => (a.name < b.name ? -1 : 1));
          apply(draft, { type: "node", node });
          for (const event of held()) apply(draft, event);
        });
        setSyncProblem(null);
        setSynced(true);
        setKnown(true);
      });
    } catch (error) {
      if (turn !== syncTurn) return;
      setSyncProblem(asProblem(error));
      // With the connection gone the next one reads everything anyway.
      if (connection().kind === "live") syncTimer = setTimeout(() => void sync(), SYNC_RETRY_MS);
    } finally {
      held();
    }
  }

  async function loadJob(id: number): Promise<void> {
    const turn = ++jobTurn;
    const held = readings.begin();
    setDetailProblem(null);
    try {
      const [view, frames, attempts, images] = await Promise.all([
        client.job(id),
        client.frames(id),
        client.attempts(id, ATTEMPTS_A_PAGE, null),
        client.images(id, IMAGES_KEPT),
      ]);
      if (turn !== jobTurn) return;
      const grid = FrameGrid.build(view.spec.frames, view.spec.layers, frames);
      change((draft) => {
        putJob(draft, summaryOf(view));
        draft.detail = {
          id,
          view,
          viewAt: Date.now() + client.skew,
          attempts: attempts.items,
          earlier: attempts.next ?? null,
          isCut: false,
          images,
          grid,
          gridVersion: (draft.detail?.gridVersion ?? 0) + 1,
        };
        for (const event of held()) apply(draft, event);
      });
    } catch (error) {
      if (turn === jobTurn) setDetailProblem(asProblem(error));
    } finally {
      held();
    }
  }

  /** Costs and notes are no part of a job event, and they change when attempts end: which may be all the time. */
  let refreshing = false;
  let refreshAgain = false;
  async function refreshView(): Promise<void> {
    const id = state.detail?.id;
    refreshAgain = refreshing;
    if (id === undefined || refreshing) return;
    refreshing = true;
    setTimeout(() => {
      refreshing = false;
      if (refreshAgain) void refreshView();
    }, REFRESH_PAUSE_MS);
    try {
      const view = await client.job(id);
      change((draft) => {
        if (draft.detail?.id !== id) return;
        draft.detail.view = { ...view, ...(unwrap(draft.jobs[id]) ?? {}) };
        draft.detail.viewAt = Date.now() + client.skew;
      });
    } catch {
      // What is shown stays what it was; a lost connection is told elsewhere.
    }
  }

  let everOpened = false;
  const stream = new EventStream(client, {
    connection: (next) => batch(() => setConnection(next)),
    opened(resumed) {
      if (everOpened) setEpoch((before) => before + 1);
      everOpened = true;
      // A connection that goes on where it broke off needs no reading, unless the last one never came to its end.
      if (!resumed || !synced()) void sync();
      else if (state.detail !== null && state.detail.view === null) void loadJob(state.detail.id);
    },
    missed() {
      setEpoch((before) => before + 1);
      void sync();
    },
    event: receive,
  });
  stream.start();
  window.addEventListener("online", () => stream.retryNow());
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) stream.retryNow();
  });

  async function earlierAttempts(): Promise<void> {
    const detail = state.detail;
    if (detail === null || detail.earlier === null) return;
    const page = await client.attempts(detail.id, ATTEMPTS_A_PAGE, detail.earlier);
    change((draft) => {
      if (draft.detail?.id !== detail.id) return;
      for (const attempt of page.items) {
        if (!draft.detail.attempts.some((known) => known.id === attempt.id)) putAttempt(draft.detail.attempts, attempt);
      }
      draft.detail.earlier = page.next ?? null;
    });
  }

  /** Takes what the daemon answers to a change, and again what it has told since. */
  async function take<T>(answer: Promise<T>, put: (draft: FarmState, view: T) => void): Promise<void> {
    const held = readings.begin();
    try {
      const view = await answer;
      change((draft) => {
        put(draft, view);
        for (const event of held()) apply(draft, event);
      });
    } finally {
      held();
    }
  }

  const takeJob = (answer: Promise<JobView>): Promise<void> => take(answer, (draft, view) => putJob(draft, summaryOf(view)));

  return {
    client,
    state,
    connection,
    synced,
    known,
    syncProblem,
    epoch,
    detailProblem,
    retryNow: () => stream.retryNow(),
    openJob(id) {
      if (state.detail?.id === id) return;
      jobTurn += 1;
      setState("detail", id === null ? null : emptyDetail(id));
      if (id !== null) void loadJob(id);
    },
    earlierAttempts,
    async loadAttempt(id) {
      const job = state.detail?.id;
      const attempt = await client.attempt(id);
      if (attempt.job !== job) return false;
      change((draft) => {
        if (draft.detail?.id !== job) return;
        // What events have said of it meanwhile is newer; only the command is told by nobody else.
        const known = draft.detail.attempts.find((other) => other.id === id);
        if (known === undefined) putAttempt(draft.detail.attempts, attempt);
        else known.command = attempt.command;
      });
      return true;
    },
    async olderJobs() {
      if (state.older === null) return;
      const page = await client.jobs(ENDED, ENDED_AT_FIRST, state.older);
      change((draft) => {
        for (const job of page.items) {
          if (draft.jobs[job.id] === undefined || draft.index.wasFound(job.id)) putJob(draft, job);
        }
        draft.older = page.next ?? null;
      });
      void learnBatches(page.items);
    },
    async findAttempt(suits) {
      for (;;) {
        const found = state.detail?.attempts.find(suits);
        if (found !== undefined) return found;
        if (state.detail === null || state.detail.earlier === null) return null;
        await earlierAttempts();
      }
    },
    async findJobs(filter, cursor, signal) {
      const statuses = filter.statuses.length === 0 ? ENDED : ENDED.filter((status) => filter.statuses.includes(status));
      if (statuses.length === 0 || state.older === null) return null;
      const page = await findJobs(client, filter, statuses, cursor, signal);
      change((draft) => {
        for (const job of page.items) if (draft.jobs[job.id] === undefined) putJob(draft, job, true);
      });
      void learnBatches(page.items);
      return page.next ?? null;
    },
    wholeBatch(batch) {
      const under = wholes.get(batch);
      if (under !== undefined) return under;
      const reading = readWhole(batch);
      wholes.set(batch, reading);
      // What failed is tried again by whoever asks next.
      reading.catch(() => wholes.delete(batch));
      return reading;
    },
    act: (job, action) => takeJob(client.act(job, action)),
    take: takeJob,
    takeBatch: (answer) => take(answer, (draft, view) => putBatch(draft, summaryOfBatch(view))),
    listen(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    learn({ notices = [], samples = [], seen = 0 }) {
      change((draft) => {
        putNotices(draft, notices);
        putSamples(draft, samples);
        draft.noticesSeen = Math.max(draft.noticesSeen, seen);
      });
    },
  };
}
