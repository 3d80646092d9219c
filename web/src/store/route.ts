/**
 * What the address says is chosen: `#/jobs/12`, `#/jobs/12/times`, `#/jobs/12/attempts/34`, `#/jobs/12/log/34`,
 * `#/jobs/12/images/17?layer=beauty`, `#/node`, `#/plugins/maya`. Every choice on the page is one of these, so that
 * any of them can be sent to somebody.
 */
import { writeChoice, type Choice, type Mode } from "../model/look";

export const VIEWS = ["jobs", "submit", "node", "plugins", "history", "events"] as const;
export type ViewName = (typeof VIEWS)[number];

export interface Route {
  readonly view: ViewName;
  /** Absent: nobody chose, so the page follows what runs. */
  readonly job: number | null;
  readonly attempt: number | null;
  readonly image: { readonly frame: number; readonly layer: string | null } | null;
  /** What stands behind the view's name, for views that have choices of their own. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

const number = (text: string | undefined): number | null => (text !== undefined && /^\d+$/.test(text) ? Number(text) : null);

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part);
  } catch {
    // Somebody's own percent sign.
    return part;
  }
};

export function parseRoute(hash: string): Route {
  const [path = "", search = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [first, ...rest] = path.split("/").filter((part) => part !== "").map(decoded);
  const query = new URLSearchParams(search);
  const view = VIEWS.find((name) => name === first) ?? "jobs";
  const route: Route = { view, job: null, attempt: null, image: null, rest, query };
  if (first !== "jobs") return first === view ? route : { ...route, rest: [] };
  const [job, kind, which] = [number(rest[0]), rest[1], rest[2]];
  if (job === null) return { ...route, rest: [] };
  if (kind === "attempts" || kind === "log") return { ...route, job, attempt: number(which) };
  if (kind === "images" && which !== undefined && /^-?\d+$/.test(which)) {
    return { ...route, job, image: { frame: Number(which), layer: query.get("layer") } };
  }
  return { ...route, job };
}

export function viewAddress(view: ViewName, ...rest: string[]): string {
  return view === "jobs" ? "#/" : `#/${[view, ...rest.map(encodeURIComponent)].join("/")}`;
}

/** The form of a batch file, beside that of one job. */
export const BATCH_FORM = "batch";

export function jobAddress(job: number): string {
  return `#/jobs/${job}`;
}

/** What became of a batch so far. */
export function batchAddress(batch: number): string {
  return viewAddress("history", "batch", String(batch));
}

export const JOB_PARTS = ["overview", "attempts", "times", "log", "details"] as const;
export type JobPart = (typeof JOB_PARTS)[number];

/** Which part of a job's view the address names: `#/jobs/12/times`. */
export function jobPart(route: Route): JobPart {
  return JOB_PARTS.find((part) => part === route.rest[1]) ?? "overview";
}

export function partAddress(job: number, part: JobPart): string {
  return part === "overview" ? jobAddress(job) : `${jobAddress(job)}/${part}`;
}

export function attemptAddress(job: number, attempt: number): string {
  return `#/jobs/${job}/attempts/${attempt}`;
}

/** The log of an attempt, with all the room that there is. */
export function logAddress(job: number, attempt: number): string {
  return `${partAddress(job, "log")}/${attempt}`;
}

export function imageAddress(job: number, frame: number, layer: string | null): string {
  const query = layer === null ? "" : `?${new URLSearchParams({ layer })}`;
  return `#/jobs/${job}/images/${frame}${query}`;
}

/** A line of an attempt's log: by its number, or by its byte where numbers may change; the line of one of its faults, or
 * the one that its verdict goes by. */
export function lineAddress(
  job: number,
  attempt: number,
  line: { line: number } | { offset: number } | { fault: number } | { at: "verdict" },
): string {
  const query = new URLSearchParams(Object.entries(line).map(([name, value]) => [name, String(value)]));
  return `${logAddress(job, attempt)}?${query}`;
}

/** Which pictures of a job the address names, if any: one, all of them, a player or a comparison. */
export function pictureMode(route: Route): Mode | null {
  if (route.job === null) return null;
  if (route.image !== null) return "image";
  return (["sheet", "play", "compare"] as const).find((mode) => mode === route.rest[1]) ?? null;
}

export function picturesAddress(job: number, mode: Mode, frame: number | null, choice: Choice): string {
  const isImage = mode === "image" && frame !== null;
  const query = writeChoice(isImage ? { ...choice, frame: null } : choice).toString();
  const path = isImage ? `images/${frame}` : mode === "image" ? "sheet" : mode;
  return `${jobAddress(job)}/${path}${query === "" ? "" : `?${query}`}`;
}
