/**
 * What each event makes of the state. Events say what is now, so applying one twice or late is harmless as long as
 * they come in their order. No I/O, no clock.
 */
import type { BatchSummary } from "../api/batches";
import type { AttemptView, FarmEvent, FrameDoneView, JobSummary, LeaseView, NodeSample, Notice, PluginView, SharedWhy } from "../api/types";
import type { FarmState } from "./state";

export const IMAGES_KEPT = 24;
/** Two minutes, as many as the daemon keeps. */
export const SAMPLES_KEPT = 60;
/** As many as the daemon keeps. */
export const NOTICES_KEPT = 2000;
/** A page stays open for days, and a job of tiny tasks has thousands of attempts an hour. */
export const ATTEMPTS_KEPT = 500;

/** Changes `state` in place; `_at` is when the event came, which nothing needs at present. */
export function apply(state: FarmState, event: FarmEvent): void {
  switch (event.type) {
    case "job":
      return putJob(state, event.job);
    case "batch":
      return putBatch(state, event.batch);
    case "reasons":
      return putReasons(state, event.reasons);
    case "frames": {
      const detail = state.detail;
      if (detail === null || detail.id !== event.job || detail.grid === null) return;
      detail.grid.set(event.layer, event.frames, event.frame_state);
      detail.gridVersion += 1;
      return;
    }
    case "image":
      if (state.detail?.id === event.image.job) putImage(state.detail.images, event.image);
      return;
    case "attempt":
      if (event.attempt.state === "ended") {
        delete state.progress[event.attempt.id];
        delete state.taking[event.attempt.id];
      }
      if (state.node !== null) putLease(state.node.leases, event.attempt);
      if (state.detail?.id === event.attempt.job) {
        putAttempt(state.detail.attempts, event.attempt);
        if (state.detail.attempts.length > ATTEMPTS_KEPT) {
          state.detail.attempts.splice(ATTEMPTS_KEPT);
          state.detail.earlier = null;
          state.detail.isCut = true;
        }
      }
      return;
    case "progress": {
      const before = state.progress[event.attempt];
      state.progress[event.attempt] = {
        job: event.job,
        frame: event.frame,
        fraction: event.fraction,
        memoryBytes: event.memory_bytes ?? before?.memoryBytes ?? null,
      };
      return;
    }
    case "usage": {
      state.taking[event.attempt] = { memoryBytes: event.memory_bytes, cores: event.cores };
      const attempt = state.detail?.attempts.find((known) => known.id === event.attempt);
      if (attempt !== undefined) attempt.usage = event.usage;
      return;
    }
    case "plugin":
      return putPlugin(state.plugins, event.plugin);
    case "plugin-removed": {
      const at = state.plugins.findIndex((plugin) => plugin.name === event.name);
      if (at >= 0) state.plugins.splice(at, 1);
      return;
    }
    case "node": {
      state.node = event.node;
      // Who holds no lease renders nothing, also where its last event was missed.
      const live = new Set(event.node.leases.map((lease) => lease.attempt));
      for (const known of [state.progress, state.taking]) {
        for (const id of Object.keys(known)) if (!live.has(Number(id))) delete known[Number(id)];
      }
      return;
    }
    case "sample":
      return putSamples(state, [event.sample]);
    case "notice":
      return putNotices(state, [event.notice]);
    default:
      // A newer daemon may say more than this page knows.
      return;
  }
}

export function putJob(state: FarmState, job: JobSummary, wasFound = false): void {
  state.index.put(job, wasFound);
  state.jobs[job.id] = job;
  state.jobsVersion += 1;
  if (state.detail?.id === job.id && state.detail.view !== null) Object.assign(state.detail.view, job);
}

/** In place, so that only what shows one of its numbers is told when that one is different. */
export function putBatch(state: FarmState, batch: BatchSummary): void {
  const known = state.batches[batch.id];
  if (known === undefined) {
    state.batches[batch.id] = batch;
    return;
  }
  const { jobs, frames, ...rest } = batch;
  Object.assign(known, rest);
  Object.assign(known.jobs, jobs);
  Object.assign(known.frames, frames);
}

/** What holds jobs is different, and nothing else about them is. */
function putReasons(state: FarmState, reasons: readonly SharedWhy[]): void {
  for (const { why, jobs } of reasons) {
    for (const [first, last] of jobs) {
      for (let id = first; id <= last; id += 1) {
        const known = state.jobs[id];
        if (known === undefined) continue;
        known.why = why;
        state.index.touch(id);
        if (state.detail?.id === id && state.detail.view !== null) state.detail.view.why = why;
      }
    }
  }
  state.jobsVersion += 1;
}

export function putAttempt(attempts: AttemptView[], attempt: AttemptView): void {
  // The object that is there stays the same one, so that what is open about it on the page stays open.
  const at = attempts.findIndex((other) => other.id <= attempt.id);
  const known = attempts[at];
  // The command is told only to whoever asks for the attempt itself.
  if (known?.id === attempt.id) {
    // What it takes so far comes in events of its own; the end tells all of it.
    const usage = attempt.state === "ended" ? attempt.usage : known.usage;
    Object.assign(known, attempt, { usage, command: attempt.command ?? known.command });
  }
  else attempts.splice(at < 0 ? attempts.length : at, 0, attempt);
}

/** A live attempt holds its lease; the daemon sends the node anew only when more than that is different. */
function putLease(leases: LeaseView[], attempt: AttemptView): void {
  const at = leases.findIndex((lease) => lease.attempt >= attempt.id);
  const isHeld = leases[at]?.attempt === attempt.id;
  if (attempt.state === "ended") {
    if (isHeld) leases.splice(at, 1);
  } else if (!isHeld) {
    const { job, threads, memory_bytes, gpus, licences } = attempt;
    const lease = { attempt: attempt.id, job, threads, memory_bytes, gpus, licences };
    leases.splice(at < 0 ? leases.length : at, 0, lease);
  }
}

export function putImage(images: FrameDoneView[], image: FrameDoneView): void {
  const same = images.findIndex((other) => other.frame === image.frame && other.layer === image.layer);
  if (same >= 0) {
    if ((images[same] as FrameDoneView).at > image.at) return;
    images.splice(same, 1);
  }
  const at = images.findIndex((other) => other.at <= image.at);
  images.splice(at < 0 ? images.length : at, 0, image);
  images.splice(IMAGES_KEPT);
}

/** Takes samples in, oldest first; those that are known already are not taken twice. */
export function putSamples(state: FarmState, samples: readonly NodeSample[]): void {
  for (const sample of samples) {
    let at = state.samples.length;
    while (at > 0 && (state.samples[at - 1] as NodeSample).at >= sample.at) at -= 1;
    if (state.samples[at]?.at !== sample.at) state.samples.splice(at, 0, sample);
  }
  state.samples.splice(0, Math.max(0, state.samples.length - SAMPLES_KEPT));
}

/** Takes notices in, newest first; those that are known already are not taken twice. */
export function putNotices(state: FarmState, notices: readonly Notice[]): void {
  for (const notice of notices) {
    const at = state.notices.findIndex((other) => other.id <= notice.id);
    if (state.notices[at]?.id !== notice.id) state.notices.splice(at < 0 ? state.notices.length : at, 0, notice);
  }
  state.notices.splice(NOTICES_KEPT);
}

export function putPlugin(plugins: PluginView[], plugin: PluginView): void {
  const at = plugins.findIndex((other) => other.name >= plugin.name);
  const known = plugins[at];
  if (known?.name === plugin.name) Object.assign(known, plugin);
  else plugins.splice(at < 0 ? plugins.length : at, 0, plugin);
}
