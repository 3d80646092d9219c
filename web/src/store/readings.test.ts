import { createStore, produce, reconcile } from "solid-js/store";
import { expect, test } from "vitest";
import type { FarmEvent, JobStatus, JobSummary } from "../api/types";
import { sampleJob } from "../model/samples";
import { Readings } from "./readings";
import { apply } from "./reduce";
import { emptyState } from "./state";

function job(status: JobStatus, done: number): JobSummary {
  return sampleJob(1, { status, frames: { total: 5, pending: 0, running: 5 - done, done, skipped: 0, failed: 0 } });
}

test("an event that was applied before an older reading came wins over it", () => {
  const [state, setState] = createStore(emptyState());
  const readings = new Readings();
  const put = (event: FarmEvent): void => setState(produce((draft) => apply(draft, event)));
  put({ type: "job", job: job("running", 2) });

  const held = readings.begin();
  const ended: FarmEvent = { type: "job", job: job("done", 5) };
  readings.hear(ended);
  put(ended);
  // As it was when the reading began.
  setState("jobs", reconcile({ 1: job("running", 2) }, { key: null }));
  expect(state.jobs[1]?.status).toBe("running");
  for (const event of held()) put(event);

  expect(state.jobs[1]?.status).toBe("done");
  expect(state.jobs[1]?.frames.done).toBe(5);
});

test("each reading holds what came since it began, until it ends, and no notices", () => {
  const readings = new Readings();
  const gone = (name: string): FarmEvent => ({ type: "plugin-removed", name });
  readings.hear(gone("before"));
  const first = readings.begin();
  readings.hear(gone("maya"));
  const second = readings.begin();
  readings.hear({ type: "notice", notice: { id: 1, at: "", severity: "info", kind: "x", job: null, batch: null, plugin: null, message: "" } });
  readings.hear(gone("nuke"));
  expect(first()).toEqual([gone("maya"), gone("nuke")]);
  readings.hear(gone("blender"));
  expect(second()).toEqual([gone("nuke"), gone("blender")]);
  readings.hear(gone("after"));
  expect(second()).toHaveLength(2);
});
