/**
 * Notices: which of them are wanted, as the address has it, and which belong together.
 */
import type { Notice, NoticeSeverity } from "../api/types";

export const SEVERITIES: readonly NoticeSeverity[] = ["error", "warning", "info"];

export interface NoticeFilter {
  /** Empty: all. */
  readonly severities: readonly NoticeSeverity[];
  readonly job: number | null;
  readonly batch: number | null;
  readonly plugin: string | null;
  readonly text: string;
}

export function filterOf(query: URLSearchParams): NoticeFilter {
  const given = (query.get("severity") ?? "").split(",");
  const number = (name: string): number | null => {
    const text = query.get(name) ?? "";
    return /^\d+$/.test(text) ? Number(text) : null;
  };
  return {
    severities: SEVERITIES.filter((severity) => given.includes(severity)),
    job: number("job"),
    batch: number("batch"),
    plugin: query.get("plugin") || null,
    text: query.get("text") ?? "",
  };
}

/** The address of the events with this filter. */
export function eventsAddress(filter: Partial<NoticeFilter>): string {
  const query = new URLSearchParams();
  if (filter.severities !== undefined && filter.severities.length > 0) query.set("severity", filter.severities.join(","));
  if (filter.job != null) query.set("job", String(filter.job));
  if (filter.batch != null) query.set("batch", String(filter.batch));
  if (filter.plugin != null) query.set("plugin", filter.plugin);
  if (filter.text !== undefined && filter.text !== "") query.set("text", filter.text);
  return query.size === 0 ? "#/events" : `#/events?${query}`;
}

/** Whether any notice could be left out. */
export function isFiltering(filter: NoticeFilter): boolean {
  return eventsAddress(filter) !== "#/events";
}

export function takes(filter: NoticeFilter, notice: Notice): boolean {
  return (
    (filter.severities.length === 0 || filter.severities.includes(notice.severity)) &&
    (filter.job === null || notice.job === filter.job) &&
    (filter.batch === null || notice.batch === filter.batch) &&
    (filter.plugin === null || notice.plugin === filter.plugin) &&
    notice.message.toLowerCase().includes(filter.text.trim().toLowerCase())
  );
}

/** How many there are of each severity. */
export function countBySeverity(notices: readonly Notice[]): Record<NoticeSeverity, number> {
  const counts = { error: 0, warning: 0, info: 0 };
  for (const notice of notices) counts[notice.severity] += 1;
  return counts;
}

const LATELY_MS = 24 * 3_600_000;

/** Those of the last day that somebody has to act on and that were not seen here yet. */
export function unseenTrouble(notices: readonly Notice[], seen: number, now: number): number {
  const isNew = (notice: Notice): boolean => notice.id > seen && now - Date.parse(notice.at) < LATELY_MS;
  return notices.filter((notice) => notice.severity === "error" && isNew(notice)).length;
}

/** What needs a person, told together where it is of one kind. */
export interface Toast {
  readonly kind: string;
  /** Newest first. */
  readonly notices: readonly Notice[];
}

/** Kinds at once; what happened first goes, and stays among the events. */
const TOASTS = 4;

/** Whether it tells of a batch as a whole. */
function isOfBatch(notice: Notice): boolean {
  return notice.batch !== null && notice.job === null;
}

/**
 * Takes a notice in; what is about something to act on is shown, all else is not. The end of a batch says all that was
 * shown of its jobs before.
 */
export function toasted(shown: readonly Toast[], notice: Notice): readonly Toast[] {
  const toasts = isOfBatch(notice) ? withoutJobsOf(shown, notice.batch) : shown;
  if (notice.severity !== "error") return toasts;
  const same = toasts.find((toast) => toast.kind === notice.kind);
  if (same?.notices.some((known) => known.id === notice.id)) return toasts;
  const grown = { kind: notice.kind, notices: [notice, ...(same?.notices ?? [])] };
  return [grown, ...toasts.filter((toast) => toast !== same)].slice(0, TOASTS);
}

function withoutJobsOf(toasts: readonly Toast[], batch: number | null): readonly Toast[] {
  const isOther = (notice: Notice): boolean => notice.batch !== batch || isOfBatch(notice);
  return toasts.flatMap((toast) => {
    const notices = toast.notices.filter(isOther);
    return notices.length === 0 ? [] : [notices.length === toast.notices.length ? toast : { ...toast, notices }];
  });
}

/** What somebody asked the browser to tell. */
export type Wish = { readonly of: "none" } | { readonly of: "all" } | { readonly of: "mine"; readonly user: string };

/** Ends of jobs and batches, which whoever waits for one wants to hear of, good or bad. */
const ENDS: ReadonlySet<string> = new Set(["job-done", "job-failed", "job-held", "batch-done", "batch-failed"]);

/**
 * Whether a browser notification was asked for; `owner` is the user of the notice's job or batch. Of the jobs of a batch
 * only the first that fails is told.
 */
export function isWished(wish: Wish, notice: Notice, owner: string | null): boolean {
  switch (wish.of) {
    case "none":
      return false;
    case "all":
      return notice.severity === "error";
    case "mine":
      if (notice.batch !== null && notice.job !== null && notice.severity !== "error") return false;
      return ENDS.has(notice.kind) && owner !== null && owner.toLowerCase() === wish.user.trim().toLowerCase();
  }
}

/** What a browser notification replaces: those of one batch each other, so that one of them stands there. */
export function tagOf(notice: Notice): string {
  return notice.batch === null ? `farmhand-${notice.id}` : `farmhand-batch-${notice.batch}`;
}

export function parseWish(text: string | null): Wish {
  try {
    const wish = JSON.parse(text ?? "null") as Record<string, unknown> | null;
    if (wish?.["of"] === "all") return { of: "all" };
    if (wish?.["of"] === "mine" && typeof wish["user"] === "string") return { of: "mine", user: wish["user"] };
  } catch {
    // Somebody else's words: as if there were none.
  }
  return { of: "none" };
}
