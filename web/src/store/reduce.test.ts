import { describe, expect, test } from "vitest";
import type { AttemptView, FrameDoneView, JobView, Lease, NodeSample, NodeView, Notice, PluginView } from "../api/types";
import { FrameGrid } from "../model/grid";
import { sampleJob } from "../model/samples";
import { apply, ATTEMPTS_KEPT, IMAGES_KEPT, NOTICES_KEPT, putNotices, putSamples, SAMPLES_KEPT } from "./reduce";
import { emptyDetail, emptyState, type FarmState } from "./state";

function lease(threads: number): Lease {
  return { threads, memory_bytes: 2e9, gpus: [], licences: [] };
}

function attempt(id: number, changes: Partial<AttemptView> = {}): AttemptView {
  return {
    id,
    job: 1,
    layer: null,
    frames: "1-5",
    frames_done: "",
    level: 0,
    level_name: "render",
    try_number: 1,
    ...lease(1),
    plugin: null,
    state: "running",
    started: "2026-11-22T03:00:00.000Z",
    ended: null,
    steps: { running: null, first_frame: null, process_ended: null },
    usage: {
      peak_memory_bytes: null,
      cpu_seconds: null,
      read_bytes: null,
      written_bytes: null,
      peak_gpu_memory_bytes: null,
      gpu_utilisation: null,
    },
    outcome: null,
    verdict: null,
    consequence: null,
    faults: [],
    facts: [],
    command: null,
    ...changes,
  };
}

function image(frame: number, second: number, layer: string | null = null): FrameDoneView {
  const at = `2026-11-22T03:00:${String(second).padStart(2, "0")}.000Z`;
  return { job: 1, layer, frame, attempt: 1, path: `/out/${frame}.png`, bytes: 1, seconds: 1, at };
}

function plugin(name: string, state: PluginView["state"] = "serving"): PluginView {
  return {
    name,
    state,
    source: "built in",
    serving: null,
    summary: null,
    extensions: [],
    levels: [],
    failure: null,
    standing: {},
    changed: "2026-11-22T03:00:00.000Z",
  };
}

function node(leases: NodeView["leases"]): NodeView {
  return {
    name: "n",
    version: "0.1.0",
    cores: 2,
    physical_cores: null,
    logical_cores: 2,
    memory_bytes: 1,
    render_memory_bytes: 1,
    memory_available_bytes: null,
    disks: [],
    slots: 2,
    threads_per_task: 1,
    budget: { threads: 2, memory_bytes: 1, closed: null },
    limits: [],
    gpus: [],
    gpu_state: "none",
    tools: [],
    leases,
    breakers: [],
    started: "2026-11-22T03:00:00.000Z",
  };
}

function withDetail(): FarmState {
  const state = emptyState();
  const spec = { frames: "1-10", layers: [] } as unknown as JobView["spec"];
  state.jobs[1] = sampleJob(1);
  state.detail = {
    ...emptyDetail(1),
    view: { ...sampleJob(1), spec, notes: ["a note"], costs: {} as JobView["costs"], time: {} as JobView["time"], attempts: 0, fallbacks: [], hooks: [] },
    grid: FrameGrid.build("1-10", [], { job: 1, counts: sampleJob(1).frames, runs: [] }),
  };
  return state;
}

describe("jobs", () => {
  test("a new one, a changed one, and the chosen one's own view", () => {
    const state = withDetail();
    apply(state, { type: "job", job: sampleJob(2) });
    apply(state, { type: "job", job: sampleJob(1, { status: "running" }) });
    expect(Object.keys(state.jobs)).toEqual(["1", "2"]);
    expect(state.jobs[1]?.status).toBe("running");
    expect(state.detail?.view?.status).toBe("running");
    expect(state.detail?.view?.notes).toEqual(["a note"]);
  });

  test("are held by something else, by runs of their numbers", () => {
    const state = withDetail();
    for (const id of [2, 3, 5]) apply(state, { type: "job", job: sampleJob(id) });
    const why = { reason: { kind: "next" as const }, text: "starts next", remedy: null };
    const reasons = [{ why, jobs: [[1, 2], [5, 9]] as [number, number][] }, { why: null, jobs: [[3, 3]] as [number, number][] }];
    apply(state, { type: "reasons", reasons });
    expect([1, 2, 3, 5].map((id) => state.jobs[id]?.why?.text)).toEqual(["starts next", "starts next", undefined, "starts next"]);
    expect(state.detail?.view?.why).toEqual(why);
    expect(state.jobs[9]).toBeUndefined();
  });

  test("every change is noted for those who watch, and counted", () => {
    const state = withDetail();
    const watch = state.index.watch();
    watch.take();
    const version = state.jobsVersion;
    apply(state, { type: "job", job: sampleJob(2, { status: "running" }) });
    const why = { reason: { kind: "next" as const }, text: "starts next", remedy: null };
    apply(state, { type: "reasons", reasons: [{ why, jobs: [[1, 1]] }] });
    expect([...watch.take().ids]).toEqual([2, 1]);
    expect(state.jobsVersion).toBe(version + 2);
    expect(state.index.count("running")).toBe(1);
  });
});

describe("frames", () => {
  test("of the chosen job reach its grid", () => {
    const state = withDetail();
    apply(state, { type: "frames", job: 1, layer: null, frames: "1-3", frame_state: "running" });
    apply(state, { type: "frames", job: 1, layer: null, frames: "2", frame_state: "done" });
    expect([1, 2, 3, 4].map((frame) => state.detail?.grid?.get(null, frame))).toEqual([
      "running",
      "done",
      "running",
      "pending",
    ]);
    expect(state.detail?.gridVersion).toBe(2);
  });

  test("of another job do not", () => {
    const state = withDetail();
    apply(state, { type: "frames", job: 2, layer: null, frames: "1-3", frame_state: "done" });
    expect(state.detail?.grid?.get(null, 1)).toBe("pending");
    expect(state.detail?.gridVersion).toBe(0);
  });
});

describe("attempts", () => {
  test("are kept newest first, each once", () => {
    const state = withDetail();
    for (const id of [4, 7, 5, 4]) apply(state, { type: "attempt", attempt: attempt(id) });
    apply(state, { type: "attempt", attempt: attempt(5, { state: "ended" }) });
    apply(state, { type: "attempt", attempt: attempt(9, { job: 2 }) });
    expect(state.detail?.attempts.map((one) => [one.id, one.state])).toEqual([
      [7, "running"],
      [5, "ended"],
      [4, "running"],
    ]);
  });

  test("an event without the command takes nothing away", () => {
    const state = withDetail();
    const command = { program: "/blender", args: [], env: [], cwd: "/" };
    apply(state, { type: "attempt", attempt: attempt(4, { command }) });
    apply(state, { type: "attempt", attempt: attempt(4, { state: "ended" }) });
    expect(state.detail?.attempts[0]?.state).toBe("ended");
    expect(state.detail?.attempts[0]?.command).toEqual(command);
  });

  test("live ones hold their leases, whatever job is chosen", () => {
    const state = withDetail();
    state.node = node([{ attempt: 4, job: 1, ...lease(1) }]);
    apply(state, { type: "attempt", attempt: attempt(9, { job: 2, threads: 3, state: "starting" }) });
    apply(state, { type: "attempt", attempt: attempt(9, { job: 2, threads: 3 }) });
    apply(state, { type: "attempt", attempt: attempt(7) });
    expect(state.node.leases.map((lease) => lease.attempt)).toEqual([4, 7, 9]);
    expect(state.node.leases[2]).toEqual({ attempt: 9, job: 2, ...lease(3) });
    apply(state, { type: "attempt", attempt: attempt(4, { state: "ended" }) });
    apply(state, { type: "attempt", attempt: attempt(4, { state: "ended" }) });
    expect(state.node.leases.map((lease) => lease.attempt)).toEqual([7, 9]);
  });

  test("are not kept for ever, and it is known that some are gone", () => {
    const state = withDetail();
    for (let id = 1; id <= ATTEMPTS_KEPT; id += 1) apply(state, { type: "attempt", attempt: attempt(id) });
    expect(state.detail?.isCut).toBe(false);
    apply(state, { type: "attempt", attempt: attempt(ATTEMPTS_KEPT + 1) });
    expect(state.detail?.attempts).toHaveLength(ATTEMPTS_KEPT);
    expect(state.detail?.attempts.at(-1)?.id).toBe(2);
    expect(state.detail?.isCut).toBe(true);
  });

  test("progress is that of running ones only", () => {
    const state = withDetail();
    const progress = (id: number, memory: number | null) =>
      apply(state, { type: "progress", job: 1, attempt: id, frame: 3, fraction: 0.5, memory_bytes: memory });
    progress(4, 100);
    progress(4, null);
    progress(5, null);
    progress(6, null);
    expect(state.progress[4]).toEqual({ job: 1, frame: 3, fraction: 0.5, memoryBytes: 100 });
    apply(state, { type: "attempt", attempt: attempt(4, { state: "ended" }) });
    apply(state, { type: "node", node: node([{ attempt: 6, job: 1, ...lease(1) }]) });
    expect(Object.keys(state.progress)).toEqual(["6"]);
  });

  test("what one takes is known while it runs, and how much it took stays", () => {
    const state = withDetail();
    const none = attempt(4).usage;
    const usage = { ...none, peak_memory_bytes: 5e9, cpu_seconds: 12 };
    const takes = (id: number) =>
      apply(state, { type: "usage", job: 1, attempt: id, memory_bytes: 4e9, cores: 3.5, usage });
    for (const id of [4, 5]) apply(state, { type: "attempt", attempt: attempt(id) });
    for (const id of [4, 5, 6]) takes(id);
    expect(state.taking[4]).toEqual({ memoryBytes: 4e9, cores: 3.5 });
    const usageOf = (id: number) => state.detail?.attempts.find((one) => one.id === id)?.usage;
    apply(state, { type: "attempt", attempt: attempt(4) });
    expect(usageOf(4)).toEqual(usage);
    apply(state, { type: "attempt", attempt: attempt(4, { state: "ended", usage: none }) });
    expect(usageOf(4)).toEqual(none);
    apply(state, { type: "node", node: node([{ attempt: 6, job: 1, ...lease(1) }]) });
    expect(Object.keys(state.taking)).toEqual(["6"]);
  });
});

describe("images", () => {
  test("newest first, one a frame and layer, so many and no more", () => {
    const state = withDetail();
    for (const [frame, second] of [[1, 1], [2, 3], [3, 2], [1, 4]] as const) {
      apply(state, { type: "image", image: image(frame, second) });
    }
    apply(state, { type: "image", image: image(1, 5, "beauty") });
    const seen = () => state.detail?.images.map((one) => `${one.frame}${one.layer ?? ""}`);
    expect(seen()).toEqual(["1beauty", "1", "2", "3"]);
    apply(state, { type: "image", image: image(2, 0) });
    expect(seen()).toEqual(["1beauty", "1", "2", "3"]);
    for (let frame = 10; frame < 50; frame += 1) apply(state, { type: "image", image: image(frame, frame) });
    expect(state.detail?.images).toHaveLength(IMAGES_KEPT);
    expect(state.detail?.images[0]?.frame).toBe(49);
  });
});

test("plugins are kept by name", () => {
  const state = emptyState();
  for (const name of ["maya", "blender", "nuke"]) apply(state, { type: "plugin", plugin: plugin(name) });
  apply(state, { type: "plugin", plugin: plugin("maya", "degraded") });
  expect(state.plugins.map((one) => `${one.name} ${one.state}`)).toEqual([
    "blender serving",
    "maya degraded",
    "nuke serving",
  ]);
  for (const name of ["maya", "maya"]) apply(state, { type: "plugin-removed", name });
  expect(state.plugins.map((one) => one.name)).toEqual(["blender", "nuke"]);
});

test("notices are kept newest first, and not for ever", () => {
  const state = emptyState();
  const notice = (id: number): Notice => ({ id, at: "", severity: "info", kind: "job-done", job: null, batch: null, plugin: null, message: `${id}` });
  for (let id = 3; id <= NOTICES_KEPT + 5; id += 1) apply(state, { type: "notice", notice: notice(id) });
  expect(state.notices).toHaveLength(NOTICES_KEPT);
  expect(state.notices[0]).toEqual(notice(NOTICES_KEPT + 5));
  const ids = (): number[] => state.notices.map(({ id }) => id);
  state.notices.splice(3);
  const last = NOTICES_KEPT + 5;
  putNotices(state, [notice(last - 1), notice(2), notice(last + 1)]);
  expect(ids()).toEqual([last + 1, last, last - 1, last - 2, 2]);
});

test("samples are kept oldest first, however they come", () => {
  const state = emptyState();
  const sample = (second: number): NodeSample => ({
    at: new Date(second * 1000).toISOString(), cpu: second, memory_used_bytes: null, gpus: [],
  });
  for (let second = 100; second < 100 + SAMPLES_KEPT - 2; second += 2) apply(state, { type: "sample", sample: sample(second) });
  putSamples(state, [sample(96), sample(98), sample(100), sample(102)]);
  expect(state.samples.slice(0, 4).map(({ cpu }) => cpu)).toEqual([96, 98, 100, 102]);
  for (let second = 1000; second < 1000 + SAMPLES_KEPT; second += 1) apply(state, { type: "sample", sample: sample(second) });
  expect(state.samples).toHaveLength(SAMPLES_KEPT);
  expect(state.samples[0]?.cpu).toBe(1000);
});

test("an event of a newer daemon changes nothing", () => {
  const state = emptyState();
  apply(state, { type: "weather" } as never);
  expect(state).toEqual(emptyState());
});

test("a batch is what the last event said, in the object that was there", () => {
  const state = emptyState();
  const frames = { total: 10, pending: 8, running: 2, done: 0, skipped: 0, failed: 0 };
  const jobs = { total: 2, pending: 1, running: 1, completed: 0, failed: 0, skipped: 0, cancelled: 0 };
  const batch = {
    ...{ id: 7, name: "nightly", user: null, source: null, status: "running" as const, jobs, frames, percent: 0 },
    ...{ success_rate: null, eta: null, workers: 1, submitted: "2026-11-22T03:00:00.000Z", started: null, finished: null },
  };
  apply(state, { type: "batch", batch: structuredClone(batch) });
  const known = state.batches[7];
  apply(state, { type: "batch", batch: { ...batch, status: "paused", frames: { ...frames, done: 4, pending: 6, running: 0 } } });
  expect(state.batches[7]).toBe(known);
  expect([known?.status, known?.frames.done, known?.jobs.total]).toEqual(["paused", 4, 2]);
});
