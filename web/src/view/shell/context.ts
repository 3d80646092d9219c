/**
 * What every part of the page can reach: the farm, what is chosen, and the time.
 */
import { createContext, createEffect, createSignal, onCleanup, useContext, type Accessor } from "solid-js";
import type { Problem } from "../../api/problem";
import type { Farm } from "../../store/farm";
import type { JobsTable } from "../../store/jobs-table";
import { parseRoute, type Route } from "../../store/route";

export interface PageContext {
  readonly farm: Farm;
  /** What the table of jobs shows, also while another view is there. */
  readonly table: JobsTable;
  readonly route: Accessor<Route>;
  /** The job whose detail is shown: the chosen one, or the one that runs. */
  readonly shownJob: Accessor<number | null>;
  /** The daemon's time. It stands still while there is no connection: nothing is known of later. */
  readonly now: Accessor<number>;
  /** Shows what could not be done. */
  readonly complain: (what: string, problem: Problem) => void;
}

export const Context = createContext<PageContext>();

export function usePage(): PageContext {
  const context = useContext(Context);
  if (context === undefined) throw new Error("a part of the page is outside of the page");
  return context;
}

/** Puts another address in the place of this one, known at once: the next key may come before the browser tells of it. */
export function replaceAddress(address: string): void {
  location.replace(address);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}

export function createRoute(): Accessor<Route> {
  const [route, setRoute] = createSignal(parseRoute(location.hash));
  const read = (): void => void setRoute(parseRoute(location.hash));
  window.addEventListener("hashchange", read);
  onCleanup(() => window.removeEventListener("hashchange", read));
  return route;
}

export function createNow(farm: Farm): Accessor<number> {
  const read = (): number => Date.now() + farm.client.skew;
  const [now, setNow] = createSignal(read());
  createEffect(() => {
    if (farm.connection().kind !== "live") return;
    setNow(read());
    const timer = setInterval(() => setNow(read()), 1000);
    onCleanup(() => clearInterval(timer));
  });
  return now;
}
