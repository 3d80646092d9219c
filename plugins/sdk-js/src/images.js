// What a task's images are called while they are rendered, and where they belong.
//
// A renderer writes into the task's staging directory, which is empty and the attempt's own; once an image is verified
// the host moves it to its place. So nobody ever sees half of one, and an attempt that was given up overwrites nothing.
// Which file is a good image is the host's business.

import { Image } from "./command.js";
import { extension as extensionOf, join, split, stem, withExtension } from "./path.js";
import { Template } from "./template.js";

/** The names of one task's images; `task.images()` makes it from the job's output.
 *
 * An output without a frame number gets `.####` before its extension, one that ends in a separator the scene's name as
 * well, and a task of a layer the layer's name where the output has no `{layer}`. Without an output, images go beside
 * the scene. */
export class Images {
  #relativeTo;
  #staging;
  #directory;

  constructor({ output, scene, frames, layer, staging, relativeTo = "", extension = null }) {
    let text = output || join(split(scene)[0], "");
    // A scene's name may have a dot before what is no extension of an image: `shot.v2.blend`.
    if (text === "" || /[/\\]$/.test(text)) text += `${stem(scene)}.####${extension ? `.${extension}` : ""}`;
    else if (extension) text = withExtension(text, extension);
    let template = Template.parse(text);
    if (!template.hasFrame) template = Template.parse(beforeExtension(String(template)));
    if (layer && !template.hasLayer) {
      const at = String(template).lastIndexOf("#".repeat(template.digits));
      template = Template.parse(`${String(template).slice(0, at)}{layer}.${String(template).slice(at)}`);
    }
    /** The names where the images belong. */
    this.placed = template.ofLayer(layer);
    const [directory, names] = this.placed.split();
    /** The names in the task's staging directory. */
    this.staged = names.inside(staging);
    this.frames = frames;
    this.#staging = staging;
    this.#directory = directory;
    this.#relativeTo = relativeTo;
  }

  /** The path that the renderer writes to, with the frame left open as `####`. */
  get pattern() {
    return this.staged.hashes();
  }

  /** The same with the frame as a DCC's own token, in which `{count}` is the number of digits: `%0{count}d` gives
   * `%04d`, `$F{count}` gives `$F4`. */
  written(token) {
    return this.staged.pattern(token);
  }

  /** Where the renderer writes this frame. */
  path(frame) {
    return this.staged.name(frame);
  }

  /** This frame's image, for a command's outputs. */
  image(frame) {
    return new Image(frame, this.staged.name(frame), this.placed.name(frame));
  }

  /** The images of all of the task's frames, for a command's outputs. */
  all() {
    const images = [];
    for (const { first, last, step } of this.frames.runs) {
      for (let frame = first; frame <= last; frame += Math.max(step, 1)) images.push(this.image(frame));
    }
    return images;
  }

  /** Which of the task's frames a path shows: by the name that was asked for, else by the last number in it, else the
   * task's only frame; null where nothing tells. */
  frameOf(path) {
    const found = this.staged.frameOf(path);
    if (found) return found[0];
    const number = /(-?\d+)(?!.*\d)/.exec(split(path)[1]);
    // In `shot-12.png` the `-` stands between words unless the task renders a frame -12.
    const frames = number ? [Number(number[1]), Math.abs(Number(number[1]))] : [];
    return frames.find((frame) => this.frames.has(frame)) ?? (this.frames.count === 1 ? this.frames.first : null);
  }

  /** The image that the renderer says it wrote at this path; null where nothing tells which frame it shows. What lies
   * in the staging directory has its place where the output goes; what does not stays where it is. */
  at(path, frame = null) {
    const whole = join(this.#relativeTo, path);
    const shows = frame ?? this.frameOf(whole);
    if (shows === null) return null;
    const inside = `${slashes(this.#staging).replace(/\/+$/, "")}/`;
    const isInside = this.#staging !== "" && slashes(whole).startsWith(inside);
    return new Image(shows, whole, isInside ? join(this.#directory, whole.slice(inside.length)) : null);
  }
}

function slashes(path) {
  return path.replace(/\\/g, "/");
}

function beforeExtension(text) {
  const extension = extensionOf(text);
  return extension === null ? `${text}.####` : `${text.slice(0, -extension.length - 1)}.####.${extension}`;
}
