/**
 * Parts of the page that come after the first paint, which needs the table and a job but no forms and no reports. They are
 * read as soon as the farm is, so that they are there when somebody chooses them, also where the daemon is gone by then.
 */
import { lazy } from "solid-js";

const RETRY_MS = 2_000;

/** Until it is there: a part that is missing while the daemon is away is no failure that anybody could do something about. */
async function read<T>(load: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await load();
    } catch {
      await new Promise((next) => setTimeout(next, RETRY_MS));
    }
  }
}

/** As Solid itself types what may be any component. */
type Anything = Parameters<typeof lazy>[0] extends () => Promise<{ default: infer T }> ? T : never;

const later = <T extends Anything>(load: () => Promise<T>) => lazy(async () => ({ default: await read(load) }));

export const SubmitView = later(async () => (await import("../submit/SubmitView")).SubmitView);
export const NodeView = later(async () => (await import("../node/NodeView")).NodeView);
export const PluginsView = later(async () => (await import("../plugins/PluginsView")).PluginsView);
export const HistoryView = later(async () => (await import("../history/HistoryView")).HistoryView);
export const EventsView = later(async () => (await import("../events/EventsView")).EventsView);
export const PictureRoom = later(async () => (await import("../pictures/PictureRoom")).PictureRoom);
export const Times = later(async () => (await import("../job/Times")).Times);

/** Reads all of them, one after the other. */
export async function readLater(): Promise<void> {
  for (const part of [NodeView, SubmitView, PictureRoom, Times, EventsView, PluginsView, HistoryView]) await part.preload();
}
