/**
 * Which jobs are selected. A row of a batch stands for the jobs that it lists, so that what is acted on is always what
 * can be seen, or unfolded. Every change makes a new one.
 */
import type { Row } from "./job-rows";

export interface Selection {
  readonly jobs: ReadonlySet<number>;
  /** Where a range begins. */
  readonly anchor: Row | null;
}

export const NOTHING: Selection = { jobs: new Set(), anchor: null };

export type JobsOfRow = (row: Row) => readonly number[];

/** All of the row's jobs are taken, or let go where all of them were. */
export function toggled(selection: Selection, row: Row, jobsOf: JobsOfRow): Selection {
  const jobs = new Set(selection.jobs);
  const own = jobsOf(row);
  if (own.every((id) => jobs.has(id))) for (const id of own) jobs.delete(id);
  else for (const id of own) jobs.add(id);
  return { jobs, anchor: row };
}

/** Everything from the anchor to `row`; what else was selected stays so where `keep` is set. */
export function ranged(
  selection: Selection,
  row: Row,
  rows: readonly Row[],
  jobsOf: JobsOfRow,
  keep: boolean,
): Selection {
  const to = rows.indexOf(row);
  const from = selection.anchor === null ? to : rows.indexOf(selection.anchor);
  const anchor = from < 0 ? row : (selection.anchor ?? row);
  const start = from < 0 ? to : Math.min(from, to);
  const end = from < 0 ? to : Math.max(from, to);
  const jobs = new Set(keep ? selection.jobs : []);
  for (const one of rows.slice(start, end + 1)) for (const id of jobsOf(one)) jobs.add(id);
  return { jobs, anchor };
}

/** What is left of a selection in a list: what was filtered out meanwhile is not acted on. */
export function within(selection: Selection, has: (id: number) => boolean): Selection {
  const kept = [...selection.jobs].filter(has);
  return kept.length === selection.jobs.size ? selection : { jobs: new Set(kept), anchor: selection.anchor };
}
