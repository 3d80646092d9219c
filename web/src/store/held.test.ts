import { createStore, produce, reconcile } from "solid-js/store";
import { expect, test } from "vitest";
import type { FarmEvent, JobStatus, JobSummary } from "../api/types";
import { Held } from "./held";
import { apply } from "./reduce";
import { emptyState } from "./state";

function job(status: JobStatus, done: number): JobSummary {
  return {
    id: 1,
    name: "shot",
    batch: null,
    user: null,
    plugin: "blender",
    scene: "/s.blend",
    priority: 50,
    status,
    frames: { total: 5, pending: 0, running: 5 - done, done, skipped: 0, failed: 0 },
    submitted: "2026-11-22T03:00:00.000Z",
    started: null,
    finished: null,
    eta: null,
    why: null,
    failure: null,
  };
}

test("an event that was applied before an older reading came wins over it", () => {
  const [state, setState] = createStore(emptyState());
  const held = new Held();
  const put = (event: FarmEvent): void => setState(produce((draft) => apply(draft, event, 0)));
  put({ type: "job", job: job("running", 2) });

  held.begin();
  const ended: FarmEvent = { type: "job", job: job("done", 5) };
  held.hear(ended);
  put(ended);
  // As it was when the reading began.
  setState("jobs", reconcile({ 1: job("running", 2) }, { key: null }));
  expect(state.jobs[1]?.status).toBe("running");
  for (const event of held.end()) put(event);

  expect(state.jobs[1]?.status).toBe("done");
  expect(state.jobs[1]?.frames.done).toBe(5);
});

test("holds only while something is read, and no notices", () => {
  const held = new Held();
  held.hear({ type: "job", job: job("running", 1) });
  expect(held.end()).toEqual([]);
  held.begin();
  held.hear({ type: "job", job: job("running", 1) });
  held.begin();
  held.hear({ type: "plugin-removed", name: "maya" });
  expect(held.end()).toEqual([{ type: "plugin-removed", name: "maya" }]);
  expect(held.end()).toEqual([]);
});
