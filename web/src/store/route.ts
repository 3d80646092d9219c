/**
 * What the address says is chosen: `#/jobs/12`, `#/jobs/12/attempts/34`, `#/jobs/12/images/17?layer=beauty`. Every
 * choice on the page is one of these, so that any of them can be sent to somebody.
 */

export interface Route {
  /** Absent: nobody chose, so the page follows what runs. */
  readonly job: number | null;
  readonly attempt: number | null;
  readonly image: { readonly frame: number; readonly layer: string | null } | null;
}

const NOWHERE: Route = { job: null, attempt: null, image: null };

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [jobs, job, kind, which] = path.split("/");
  if (jobs !== "jobs" || job === undefined || !/^\d+$/.test(job)) return NOWHERE;
  const route = { ...NOWHERE, job: Number(job) };
  if (kind === "attempts" && which !== undefined && /^\d+$/.test(which)) return { ...route, attempt: Number(which) };
  if (kind === "images" && which !== undefined && /^-?\d+$/.test(which)) {
    return { ...route, image: { frame: Number(which), layer: new URLSearchParams(query).get("layer") } };
  }
  return route;
}

export function jobAddress(job: number): string {
  return `#/jobs/${job}`;
}

export function attemptAddress(job: number, attempt: number): string {
  return `#/jobs/${job}/attempts/${attempt}`;
}

export function imageAddress(job: number, frame: number, layer: string | null): string {
  const query = layer === null ? "" : `?${new URLSearchParams({ layer })}`;
  return `#/jobs/${job}/images/${frame}${query}`;
}
