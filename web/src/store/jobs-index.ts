/**
 * All known jobs as bare objects, counted by what filters ask for. It keeps ten thousand of them at a constant cost for
 * each event, and tells whoever watches it which ones have changed. It is no part of the reactive store: the store's
 * `jobsVersion` says when something of it is different.
 */
import type { JobStatus, JobSummary } from "../api/types";

/** What has changed since it was last taken. */
export interface Changes {
  /** Everything was read anew. */
  readonly all: boolean;
  readonly ids: ReadonlySet<number>;
}

export class Watch {
  private all = true;
  private ids = new Set<number>();

  note(id: number): void {
    if (!this.all) this.ids.add(id);
  }

  noteAll(): void {
    this.all = true;
    this.ids = new Set();
  }

  take(): Changes {
    const changes = { all: this.all, ids: this.ids };
    this.all = false;
    this.ids = new Set();
    return changes;
  }
}

export class JobsIndex {
  private readonly known = new Map<number, JobSummary>();
  private readonly byStatus = new Map<JobStatus, Set<number>>();
  private readonly byBatch = new Map<number, Set<number>>();
  /** Grows with every change of a job of the batch. */
  private readonly batchVersions = new Map<number, number>();
  private readonly byUser = new Map<string, number>();
  private readonly byPlugin = new Map<string, number>();
  /** Ended jobs that a search has found before the list has come to them: alone they would look like all there are. */
  private readonly found = new Set<number>();
  private readonly watches: Watch[] = [];

  get size(): number {
    return this.known.size;
  }

  get(id: number): JobSummary | undefined {
    return this.known.get(id);
  }

  values(): Iterable<JobSummary> {
    return this.known.values();
  }

  count(status: JobStatus): number {
    return this.byStatus.get(status)?.size ?? 0;
  }

  withStatus(...statuses: JobStatus[]): JobSummary[] {
    return statuses.flatMap((status) => [...(this.byStatus.get(status) ?? [])].map((id) => this.known.get(id) as JobSummary));
  }

  ofBatch(batch: number): JobSummary[] {
    return [...(this.byBatch.get(batch) ?? [])].map((id) => this.known.get(id) as JobSummary);
  }

  sizeOfBatch(batch: number): number {
    return this.byBatch.get(batch)?.size ?? 0;
  }

  /** Another number whenever something of the batch's jobs is different. */
  versionOfBatch(batch: number): number {
    return this.batchVersions.get(batch) ?? 0;
  }

  /** The batches that its jobs are of. */
  batches(): Iterable<number> {
    return this.byBatch.keys();
  }

  get hasBatches(): boolean {
    return this.byBatch.size > 0;
  }

  users(): string[] {
    return [...this.byUser.keys()].sort();
  }

  plugins(): string[] {
    return [...this.byPlugin.keys()].sort();
  }

  /** Whether only a search has found it. */
  wasFound(id: number): boolean {
    return this.found.has(id);
  }

  watch(): Watch {
    const watch = new Watch();
    this.watches.push(watch);
    return watch;
  }

  put(job: JobSummary, wasFound = false): void {
    const before = this.known.get(job.id);
    if (before !== undefined) {
      this.tally(before, -1);
      if (before.batch?.id !== job.batch?.id) this.noteBatch(before.batch?.id);
    }
    this.known.set(job.id, job);
    this.tally(job, 1);
    if (!wasFound) this.found.delete(job.id);
    else if (before === undefined) this.found.add(job.id);
    this.touch(job.id);
  }

  /** Something of it has changed that nothing is counted by. */
  touch(id: number): void {
    for (const watch of this.watches) watch.note(id);
    this.noteBatch(this.known.get(id)?.batch?.id);
  }

  reset(jobs: Iterable<JobSummary>): void {
    for (const kept of [this.known, this.byStatus, this.byBatch, this.byUser, this.byPlugin, this.found]) kept.clear();
    for (const job of jobs) {
      this.known.set(job.id, job);
      this.tally(job, 1);
    }
    for (const watch of this.watches) watch.noteAll();
    for (const batch of this.byBatch.keys()) this.noteBatch(batch);
  }

  private noteBatch(batch: number | undefined): void {
    if (batch !== undefined) this.batchVersions.set(batch, this.versionOfBatch(batch) + 1);
  }

  private tally(job: JobSummary, by: 1 | -1): void {
    member(this.byStatus, job.status, job.id, by);
    if (job.batch != null) member(this.byBatch, job.batch.id, job.id, by);
    if (job.user !== null) add(this.byUser, job.user, by);
    add(this.byPlugin, job.plugin, by);
  }
}

function member<K>(sets: Map<K, Set<number>>, key: K, id: number, by: 1 | -1): void {
  const set = sets.get(key);
  if (by === 1) {
    if (set === undefined) sets.set(key, new Set([id]));
    else set.add(id);
  } else {
    set?.delete(id);
    if (set?.size === 0) sets.delete(key);
  }
}

function add(counts: Map<string, number>, key: string, by: 1 | -1): void {
  const count = (counts.get(key) ?? 0) + by;
  if (count > 0) counts.set(key, count);
  else counts.delete(key);
}
