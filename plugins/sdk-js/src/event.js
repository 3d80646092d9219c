// What a reader saw in a process's output. How a line becomes one of these is in `lines.js`.

import { oneOf } from "./check.js";

/** How bad a fault is. */
export const Severity = Object.freeze({
  /** Worth another try as it is: licence server busy, file locked, network. */
  TRANSIENT: "transient",
  /** These frames will not render however often they are tried. */
  FRAME_FATAL: "frame-fatal",
  /** Nothing will render here: broken install, no GPU memory, disk full. */
  WORKER_FATAL: "worker-fatal",
});

/** What a fault is about. */
export const Cause = Object.freeze({
  /** A licence could not be had. */
  LICENCE: "licence",
  /** Host or GPU memory ran out. */
  MEMORY: "memory",
  /** A scene, texture or library is not there. */
  MISSING_FILE: "missing-file",
  /** A script raised. */
  SCRIPT: "script",
  /** The DCC crashed. */
  CRASH: "crash",
  /** A time limit, or no sign of life. */
  TIMEOUT: "timeout",
  /** Disk full, no permission. */
  DISK: "disk",
  /** The GPU, its driver or its choice. */
  GPU: "gpu",
  /** What the scene asks for cannot be rendered: no camera, no such layer. */
  SCENE: "scene",
  /** The plugin itself. */
  PLUGIN: "plugin",
  /** None of these. */
  OTHER: "other",
});

/** One thing that a reader saw: one of the classes below. */
export class Event {}

/** The DCC began this frame. */
export class FrameStarted extends Event {
  constructor(frame) {
    super();
    this.frame = frame;
  }
}

/** How far the current frame is, 0 to 1. */
export class Progress extends Event {
  constructor(part) {
    super();
    this.part = part;
  }
}

/** The DCC says that it wrote this image; the host verifies it before anyone believes it. */
export class FrameDone extends Event {
  constructor(image) {
    super();
    this.image = image;
  }
}

/** The DCC left this frame alone because its image was there; the host verifies that one too. */
export class FrameSkipped extends Event {
  constructor(image) {
    super();
    this.image = image;
  }
}

/** Worth showing, changes nothing. */
export class Warned extends Event {
  constructor(message) {
    super();
    this.message = message;
  }
}

/** Something went wrong: for the whole attempt, unless it says of which frame. */
export class Fault extends Event {
  constructor(severity, cause, message, { frame = null, about = null } = {}) {
    super();
    this.severity = oneOf(Severity, severity, "the severity of a Fault");
    this.cause = oneOf(Cause, cause, "the cause of a Fault");
    this.message = message;
    this.frame = frame;
    this.about = about;
  }
}

/** Memory that the DCC says it holds now. */
export class MemoryUsed extends Event {
  constructor(bytes) {
    super();
    this.bytes = bytes;
  }
}

/** A named fact about the attempt that is worth keeping: `device` = `CPU`. */
export class Fact extends Event {
  constructor(name, value) {
    super();
    this.name = name;
    this.value = value;
  }
}
