/**
 * Requests about many jobs: finding them, and doing the same to all of them.
 */
import type { Action } from "../model/job-actions";
import type { JobFilter } from "../model/job-filter";
import type { Client } from "./client";
import { problemOf, type Problem } from "./problem";
import type { JobStatus, JobSummary, Page } from "./types";

/** Few enough for an answer within a second or two, so that what has been done is seen while the rest is under way. */
const AT_ONCE = 500;
const FOUND_A_PAGE = 200;
const OF_A_BATCH = 1000;

/** A page of the jobs in these states that have what the filter asks for besides. */
export function findJobs(
  client: Client,
  filter: JobFilter,
  statuses: readonly JobStatus[],
  cursor: string | null,
  signal: AbortSignal,
): Promise<Page<JobSummary>> {
  const query = new URLSearchParams({ state: statuses.join(","), limit: String(FOUND_A_PAGE) });
  const say = (name: string, value: string | null): void => {
    if (value !== null && value !== "") query.set(name, value);
  };
  say("user", filter.user);
  say("plugin", filter.plugin);
  say("search", filter.search.trim());
  say("cursor", cursor);
  return client.get(`jobs?${query}`, signal);
}

/** Jobs that a batch has now, in these states. */
export async function jobsOfBatch(client: Client, batch: number, statuses: readonly JobStatus[]): Promise<JobSummary[]> {
  const jobs: JobSummary[] = [];
  let cursor: string | null = null;
  do {
    const query = new URLSearchParams({ batch: String(batch), state: statuses.join(","), limit: String(OF_A_BATCH) });
    if (cursor !== null) query.set("cursor", cursor);
    const page: Page<JobSummary> = await client.get(`jobs?${query}`);
    jobs.push(...page.items);
    cursor = page.next ?? null;
  } while (cursor !== null);
  return jobs;
}

interface ActionResults {
  results: { job: number; status?: JobStatus; problem?: unknown }[];
}

export interface Refused {
  readonly job: number;
  readonly problem: Problem;
}

/** Does the same to all of these jobs. Gives those that refused; throws only where nothing could be asked. */
export async function actOnJobs(
  client: Client,
  jobs: readonly number[],
  action: Action,
  priority: number | null,
): Promise<Refused[]> {
  const refused: Refused[] = [];
  for (let from = 0; from < jobs.length; from += AT_ONCE) {
    const some = jobs.slice(from, from + AT_ONCE);
    const body = { jobs: some, action, ...(priority === null ? {} : { priority }) };
    const { results } = await client.send<ActionResults>("POST", "jobs/actions", body);
    for (const { job, problem } of results) {
      if (problem !== undefined) refused.push({ job, problem: problemOf(problem) });
    }
  }
  return refused;
}
