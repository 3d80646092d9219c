// What a plugin says of itself. What it does with a job is not here.

/** Which frames one process can take at once. */
export const FrameShape = Object.freeze({
  /** Any set of frames: `1,5,10-20`. */
  ANY: "any",
  /** One run with a fixed step: `10-20`, `1-9x2`. */
  STEPPED: "stepped",
  /** One frame a process. */
  SINGLE: "single",
});

/** How the host finds a program: by name on PATH, then at the globs; the newest version that the job's requirement
 * allows wins. */
export class ToolSpec {
  constructor(id, { names = [id], globs = [], versionArgs = [] } = {}) {
    /** What commands and levels call it. */
    this.id = id;
    /** Names to look for on PATH. */
    this.names = names;
    /** Install places, as absolute globs. */
    this.globs = globs;
    /** Arguments that make it print its version; empty: the version is read from its path. */
    this.versionArgs = versionArgs;
  }
}

/** One way to render a task. Levels are tried in order: the first is preferred, the last is the last resort. */
export class Level {
  constructor(name, { summary = "", tools = null, frames = FrameShape.ANY } = {}) {
    /** Such as `render` or `safe`. */
    this.name = name;
    /** One line for people. */
    this.summary = summary;
    /** Ids of the tools that this level needs; null: all of the plugin's. */
    this.tools = tools;
    /** Which frames one process takes. */
    this.frames = frames;
  }
}

/** What a plugin says of itself, made from the fields of its class: the same on every call. */
export class Descriptor {
  constructor({ name, version, summary, extensions, supports, tools, levels, optionsSchema }) {
    this.name = name;
    this.version = version;
    this.summary = summary;
    this.extensions = extensions;
    this.supports = supports;
    this.tools = tools;
    this.levels = levels;
    /** JSON Schema of a job's options. */
    this.optionsSchema = optionsSchema;
  }
}
