/**
 * Which jobs are wanted, and in which order: as people choose it, as it stands in an address, and as a test of a job.
 * The daemon's own search (`host/store/src/search.rs`) takes words the same way.
 */
import type { JobStatus, JobSummary } from "../api/types";

export interface JobFilter {
  /** Empty: any. */
  readonly statuses: readonly JobStatus[];
  readonly user: string | null;
  readonly plugin: string | null;
  /** Words, each of which must be somewhere in the job. */
  readonly search: string;
}

export const EVERYTHING: JobFilter = { statuses: [], user: null, plugin: null, search: "" };

export const SORT_COLUMNS = ["state", "job", "progress", "time", "priority", "user", "plugin", "age"] as const;
export type SortColumn = (typeof SORT_COLUMNS)[number];

export interface Sort {
  readonly column: SortColumn;
  readonly descending: boolean;
}

/** What is chosen of the table: `sort` is null for the order in which jobs have their turn. */
export interface Choice {
  readonly filter: JobFilter;
  readonly sort: Sort | null;
}

const STATUSES: readonly JobStatus[] = ["running", "cancelling", "waiting", "paused", "failed", "done", "cancelled"];

export function narrows(filter: JobFilter): boolean {
  return filter.statuses.length > 0 || filter.user !== null || filter.plugin !== null || filter.search.trim() !== "";
}

/** A test of jobs; it is made once for a filter, so that testing thousands costs no more than comparing. */
export function matcher(filter: JobFilter): (job: JobSummary) => boolean {
  const statuses = filter.statuses.length === 0 ? null : new Set(filter.statuses);
  const words = filter.search.toLowerCase().split(/\s+/).filter((word) => word !== "");
  return (job) =>
    (statuses === null || statuses.has(job.status)) &&
    (filter.user === null || job.user === filter.user) &&
    (filter.plugin === null || job.plugin === filter.plugin) &&
    (words.length === 0 || hasWords(job, words));
}

function hasWords(job: JobSummary, words: readonly string[]): boolean {
  const why = job.why === null ? "" : job.why.text;
  const text = [job.name, job.scene, job.user ?? "", job.plugin, job.batch?.name ?? "", why, job.failure ?? ""]
    .join("\n")
    .toLowerCase();
  const number = String(job.id);
  return words.every((word) => text.includes(word) || number.startsWith(word.replace(/^#+(?=\d)/, "")));
}

const QUERY = { statuses: "state", user: "user", plugin: "dcc", search: "q", sort: "sort" } as const;

/** Puts a choice into the query of an address; what is not chosen is not said. */
export function writeChoice({ filter, sort }: Choice, query: URLSearchParams): void {
  const say = (name: string, value: string): void => (value === "" ? query.delete(name) : query.set(name, value));
  say(QUERY.statuses, filter.statuses.join(","));
  say(QUERY.user, filter.user ?? "");
  say(QUERY.plugin, filter.plugin ?? "");
  say(QUERY.search, filter.search.trim());
  say(QUERY.sort, sort === null ? "" : `${sort.descending ? "-" : ""}${sort.column}`);
}

/** The choice that an address names; null where it names none. What it does not know it leaves out. */
export function readChoice(query: URLSearchParams): Choice | null {
  if (!Object.values(QUERY).some((name) => query.has(name))) return null;
  const named = query.get(QUERY.statuses)?.split(",") ?? [];
  return {
    filter: {
      statuses: STATUSES.filter((status) => named.includes(status)),
      user: query.get(QUERY.user) || null,
      plugin: query.get(QUERY.plugin) || null,
      search: query.get(QUERY.search) ?? "",
    },
    sort: readSort(query.get(QUERY.sort)),
  };
}

/** `progress` or `-progress`. */
export function readSort(text: string | null): Sort | null {
  const column = SORT_COLUMNS.find((name) => name === text?.replace(/^-/, ""));
  return column === undefined ? null : { column, descending: text?.startsWith("-") === true };
}

/** The first click on a column, the second, and with the third the order of turns is back. */
export function nextSort(sort: Sort | null, column: SortColumn): Sort | null {
  const first = FIRST_DESCENDING.has(column);
  if (sort?.column !== column) return { column, descending: first };
  return sort.descending === first ? { column, descending: !first } : null;
}

/** Where people look for the most first. */
const FIRST_DESCENDING: ReadonlySet<SortColumn> = new Set(["priority", "progress"]);

const TURN: Record<JobStatus, number> = { running: 0, cancelling: 0, waiting: 1, paused: 1, failed: 2, done: 2, cancelled: 2 };

/** What runs, then the queue as the scheduler takes it, then what ended, the newest end first. */
export function byTurn(a: JobSummary, b: JobSummary): number {
  const group = TURN[a.status];
  if (group !== TURN[b.status]) return group - TURN[b.status];
  if (group < 2) return b.priority - a.priority || a.id - b.id;
  return compare(b.finished ?? b.submitted, a.finished ?? a.submitted) || b.id - a.id;
}

/** A total order, so that every job has one place. Jobs that are equal in the column keep their turn. */
export function comparator(sort: Sort | null): (a: JobSummary, b: JobSummary) => number {
  if (sort === null) return byTurn;
  const column = COLUMNS[sort.column];
  const sign = sort.descending ? -1 : 1;
  return (a, b) => sign * column(a, b) || byTurn(a, b);
}

const COLUMNS: Record<SortColumn, (a: JobSummary, b: JobSummary) => number> = {
  state: (a, b) => STATUSES.indexOf(a.status) - STATUSES.indexOf(b.status),
  job: (a, b) => compare(a.name.toLowerCase(), b.name.toLowerCase()),
  progress: (a, b) => part(a) - part(b),
  time: byTime,
  priority: (a, b) => a.priority - b.priority,
  user: (a, b) => compare(a.user ?? "\uffff", b.user ?? "\uffff"),
  plugin: (a, b) => compare(a.plugin, b.plugin),
  // The youngest were submitted last.
  age: (a, b) => compare(b.submitted, a.submitted),
};

function part(job: JobSummary): number {
  const { done, skipped, total } = job.frames;
  return (done + skipped) / Math.max(1, total);
}

/** Soonest done first, then those of which that cannot be said yet, then what ended, the newest end first. */
function byTime(a: JobSummary, b: JobSummary): number {
  if ((a.finished === null) !== (b.finished === null)) return a.finished === null ? -1 : 1;
  if (a.finished !== null && b.finished !== null) return compare(b.finished, a.finished);
  return compare(a.eta ?? "\uffff", b.eta ?? "\uffff");
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
