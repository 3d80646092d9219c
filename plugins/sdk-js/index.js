// The JavaScript side of farmhand's plugin contract: what a plugin for one DCC is made of.
//
// A plugin is a class in a file of the plugins directory, and this is a whole one:
//
//   import { Command, Plugin, done, match, progress } from "farmhand";
//
//   export default class Glow extends Plugin {
//     extensions = ["glow"];
//     tools = ["glow"];
//     lines = [match(/^frame (?<frame>\d+) (?<percent>\d+)%/, progress), match(/^wrote (?<path>.+)/, done)];
//
//     buildCommand(task) {
//       return new Command("glow", ["--frames", task.frames, "--output", task.images("png").pattern, task.job.scene]);
//     }
//   }
//
// Everything is plain JavaScript: unit tests need no host (`farmhand/testing`). In the daemon the plugin runs in a
// sandbox, where files, variables and configuration come from `host`.

export { PluginError } from "./src/check.js";
export { Command, Image, Movie, TextFile, Verify } from "./src/command.js";
export { EndedBy, Gpu, Job, Outcome, PathRule, PreparedJob, Problem, Task, Tool } from "./src/context.js";
export { Descriptor, FrameShape, Level, ToolSpec } from "./src/descriptor.js";
export {
  Cause,
  Event,
  Fact,
  Fault,
  FrameDone,
  FrameSkipped,
  FrameStarted,
  MemoryUsed,
  Progress,
  Severity,
  Warned,
} from "./src/event.js";
export { FrameRun, FrameRuns, FrameStyle } from "./src/frames.js";
export {
  Action,
  Copy,
  Hook,
  HookScript,
  JobEnd,
  MakeDirectory,
  Moment,
  Move,
  Note,
  OnFailure,
  Remove,
  Run,
  Write,
} from "./src/hooks.js";
export * as host from "./src/host.js";
export { Images } from "./src/images.js";
export { Match, done, fact, fault, ignore, match, memory, progress, skipped, started, warning } from "./src/lines.js";
export { GpuNeed, Needs } from "./src/needs.js";
export * as path from "./src/path.js";
export { Plugin } from "./src/plugin.js";
export * as policy from "./src/policy.js";
export { Reader } from "./src/reader.js";
export { Teller } from "./src/teller.js";
export { Template, TemplateError } from "./src/template.js";
export * as text from "./src/text.js";
export { Verdict, Decision } from "./src/verdict.js";
