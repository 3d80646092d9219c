// What to run, what to write first, and what should exist afterwards. Where images go is in `images.js`.

import { refuse } from "./check.js";
import { FrameRuns } from "./frames.js";
import { Template } from "./template.js";

/** A text file that the host writes before the program starts. */
export class TextFile {
  constructor(path, contents, { removeOnSuccess = true } = {}) {
    this.path = path;
    this.contents = contents;
    this.removeOnSuccess = removeOnSuccess;
  }
}

/** One image. The DCC writes it at `path`; once verified, the host moves it to `place`. */
export class Image {
  constructor(frame, path, place = null) {
    this.frame = frame;
    this.path = path;
    this.place = place;
  }
}

/** One movie file that holds many frames. */
export class Movie {
  constructor(path, frames, place = null) {
    this.path = path;
    this.frames = frames;
    this.place = place;
  }
}

/** What makes a frame of a command count as done. */
export const Verify = Object.freeze({
  /** Its image exists, is newer than the attempt, and decodes to its end. */
  IMAGES: "images",
  /** The tool makes no images: exit code 0 is all there is to know, and it settles all of the task's frames. */
  EXIT_CODE: "exit-code",
});

/** What to run: no shell ever sees it. */
export class Command {
  constructor(tool, args = [], { env = {}, cwd = null, files = [], outputs = [], verify = Verify.IMAGES } = {}) {
    this.tool = tool;
    this.args = Array.isArray(args) ? args : refuse("the second argument of Command", "an array of arguments", args);
    for (let at = 0; at < args.length; at += 1)
      if (typeof args[at] !== "string") argument(args[at], `argument ${at + 1}`);
    this.env = env;
    this.cwd = cwd;
    this.files = files;
    this.outputs = outputs;
    this.verify = verify;
  }

  /** More arguments; gives the command back. */
  add(...args) {
    args.forEach((arg, at) => argument(arg, `argument ${this.args.length + at + 1}`));
    this.args = [...this.args, ...args];
    return this;
  }

  /** One more file to write before the program starts, removed once the task succeeded; gives the command back. */
  write(path, contents) {
    this.files = [...this.files, new TextFile(path, contents)];
    return this;
  }
}

/** A value as the program gets it; one whose text nobody would expect is a mistake. */
export function argument(value, what) {
  if (typeof value === "string") return value;
  if (Number.isFinite(value) || value instanceof FrameRuns || value instanceof Template) return String(value);
  let hint = "; write it as the program wants it";
  if (Array.isArray(value)) hint = "; write `...` before an array to make each of its entries an argument";
  else if (value === undefined || value === null) hint = "; leave out what there is none of";
  return refuse(what, "a text, a number or frames", value, hint);
}
