// What the host hands in, from its resources to the classes that a plugin sees. A resource lives as long as its call,
// so all of it is read at once.

import { Gpu, Job, Outcome, PathRule, Task, Tool } from "../../../sdk-js/src/context.js";
import { Fact, Fault } from "../../../sdk-js/src/event.js";
import { FrameRun, FrameRuns } from "../../../sdk-js/src/frames.js";
import { HookScript, JobEnd } from "../../../sdk-js/src/hooks.js";

function frames(runs) {
  return new FrameRuns(runs.map(({ first, last, step }) => new FrameRun(first, last, step)));
}

/** A job, with the defaults of the plugin's options filled in. */
export function job(handle, schema) {
  return new Job({
    id: handle.id(),
    name: handle.name(),
    scene: handle.scene(),
    output: handle.output(),
    layers: handle.layers(),
    frames: frames(handle.frames()),
    options: JSON.parse(handle.options()),
    schema,
    skipExisting: handle.skipExisting(),
    hookScripts: handle
      .hookScripts()
      .map(({ name, path, moment, onFailure }) => new HookScript(name, path, { moment, onFailure })),
    pathMap: handle.pathMap().map(({ spelled, here }) => new PathRule(spelled, here)),
  });
}

/** A task with its job. */
export function task(handle, schema) {
  return new Task({
    job: job(handle.job(), schema),
    attempt: handle.attempt(),
    frames: frames(handle.frames()),
    layer: handle.layer(),
    level: handle.level(),
    tryNumber: handle.tryNumber(),
    threads: handle.threads(),
    memoryBytes: handle.memoryBytes(),
    gpus: handle.gpus().map((gpu) => new Gpu(gpu)),
    tools: handle.tools().map(({ id, path, version }) => new Tool(id, path, version)),
    scratch: handle.scratch(),
    staging: handle.staging(),
  });
}

/** How a task's process ended. */
export function outcome(handle) {
  return new Outcome({
    exitCode: handle.exitCode(),
    signal: handle.signal(),
    endedBy: handle.endedBy(),
    seconds: handle.seconds(),
    framesDone: frames(handle.framesDone()),
    framesMissing: frames(handle.framesMissing()),
    faults: handle
      .faults()
      .map(({ severity, cause, message, frame, about }) => new Fault(severity, cause, message, { frame, about })),
    facts: handle.facts().map(({ name, value }) => new Fact(name, value)),
  });
}

/** How a job ended. */
export function jobEnd(handle) {
  return new JobEnd({
    complete: handle.complete(),
    framesDone: handle.framesDone(),
    framesFailed: handle.framesFailed(),
    seconds: handle.seconds(),
  });
}
