/**
 * Jobs filtered and in order, kept so while they change. What an event costs does not grow with the list: only jobs
 * whose place is another one are moved, all those of one turn together, by one copy of the list.
 */
import type { JobSummary } from "../api/types";

type Match = (job: JobSummary) => boolean;
type Compare = (a: JobSummary, b: JobSummary) => number;

export class JobList {
  private ordered: number[] = [];
  /** Each job of the list as it was when it got its place. */
  private readonly placed = new Map<number, JobSummary>();

  private constructor(
    private readonly match: Match,
    private readonly compare: Compare,
  ) {}

  static of(jobs: Iterable<JobSummary>, match: Match, compare: Compare): JobList {
    const list = new JobList(match, compare);
    for (const job of jobs) if (match(job)) list.placed.set(job.id, job);
    list.ordered = list.sorted([...list.placed.keys()]);
    return list;
  }

  /** The jobs' numbers in order: another array whenever that is another order. */
  get ids(): readonly number[] {
    return this.ordered;
  }

  /** Brings these jobs up to date; `now` tells what they are, and nothing for those that are no more. */
  update(changed: Iterable<number>, now: (id: number) => JobSummary | undefined): void {
    const leaving = new Set<number>();
    const coming: number[] = [];
    for (const id of changed) {
      const job = now(id);
      const before = this.placed.get(id);
      if (job === undefined || !this.match(job)) {
        if (before === undefined) continue;
        this.placed.delete(id);
        leaving.add(id);
        continue;
      }
      this.placed.set(id, job);
      if (before !== undefined && this.compare(before, job) === 0) continue;
      if (before !== undefined) leaving.add(id);
      coming.push(id);
    }
    if (leaving.size === 0 && coming.length === 0) return;
    const staying = leaving.size === 0 ? this.ordered : this.ordered.filter((id) => !leaving.has(id));
    this.ordered = this.merged(staying, this.sorted(coming));
  }

  private job(id: number): JobSummary {
    return this.placed.get(id) as JobSummary;
  }

  private sorted(ids: number[]): number[] {
    return ids.sort((a, b) => this.compare(this.job(a), this.job(b)));
  }

  private merged(staying: readonly number[], coming: readonly number[]): number[] {
    const merged: number[] = [];
    let from = 0;
    for (const id of coming) {
      const to = this.placeFor(this.job(id), staying, from);
      for (; from < to; from += 1) merged.push(staying[from] as number);
      merged.push(id);
    }
    for (; from < staying.length; from += 1) merged.push(staying[from] as number);
    return merged;
  }

  /** Where the first job that comes after this one is, at `from` or later. */
  private placeFor(job: JobSummary, ids: readonly number[], from: number): number {
    let low = from;
    let high = ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.compare(this.job(ids[middle] as number), job) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
