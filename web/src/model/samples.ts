/** Jobs for tests of the models. */
import type { JobSummary } from "../api/types";

export function sampleJob(id: number, changes: Partial<JobSummary> = {}): JobSummary {
  return {
    id,
    name: `shot${id}`,
    user: null,
    batch: null,
    plugin: "blender",
    scene: "/shows/demo/s.blend",
    priority: 50,
    status: "waiting",
    frames: { total: 10, pending: 10, running: 0, done: 0, skipped: 0, failed: 0 },
    submitted: "2026-11-22T03:00:00.000Z",
    started: null,
    finished: null,
    eta: null,
    why: null,
    failure: null,
    ...changes,
  };
}
