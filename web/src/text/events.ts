/** What is said of what happened. */
import type { NoticeSeverity } from "../api/types";
import { plural } from "./plural";

export const notices = {
  heading: "Events",
  none: "Nothing so far.",
  noneSuch: "Nothing of this kind is among the last events.",
  unreadable: "What happened earlier could not be read.",
  job: (id: number): string => `job ${id}`,
  batch: (id: number): string => `batch ${id}`,
  severity: { error: "needs a person", warning: "warning", info: "went well" } satisfies Record<NoticeSeverity, string>,
  severities: "How much it matters",
  search: "Search",
  plugin: "Plugin",
  anyPlugin: "any plugin",
  ofBatch: "Batch",
  anyBatch: "any batch",
  onlyJob: (id: number): string => `only job ${id}`,
  clear: "Show all",
  count: (shown: number, all: number): string => (shown === all ? `${all} events` : `${shown} of ${all} events`),
  list: "Events, newest first",
} as const;

/** What pops up because somebody has to act on it. */
export const toasts = {
  region: "What needs a person",
  dismiss: "Dismiss",
  dismissAll: "Dismiss all",
  all: "All of them",
  /** `count` is at least two. */
  many: (kind: string, count: number): string => {
    switch (kind) {
      case "job-failed":
        return `${count} jobs failed`;
      case "batch-failed":
        return `${count} batches ended with failed jobs`;
      case "job-held":
        return `${count} jobs wait for somebody to resume them`;
      case "breaker-opened":
        return `${count} times a plugin stopped taking tasks here`;
      case "plugin-failing":
      case "plugin-failed":
        return `${count} times a plugin failed`;
      case "gpu-lost":
        return `${count} GPUs do not answer any more`;
      case "disk-filling":
        return `${count} disks are nearly full`;
      default:
        return `${count} things need a person`;
    }
  },
} as const;

export const notify = {
  heading: "Browser notifications",
  why: "When this page is not in front. Nothing is sent anywhere but to this browser.",
  none: "None",
  mine: "Ends of jobs and batches of",
  user: "User name",
  all: "Everything that needs a person",
  refused: "This browser refuses them; its settings for this site say so.",
  insecure: "Browsers show them only for pages on https or on this machine itself.",
  title: (job: number | null, batch: number | null): string =>
    job !== null ? `farmhand, job ${job}` : batch !== null ? `farmhand, batch ${batch}` : "farmhand",
  trouble: (count: number): string => `${count} ${plural(count, "event", "events")} of the last day not seen here ${plural(count, "needs", "need")} a person`,
} as const;
