// Renders scenes of glow, a made-up renderer that is run as
//
//   glow --frames 1-10 --threads 4 --quality 50 --output PATTERN SCENE

import { Command, Plugin, done, fault, match, progress } from "farmhand";

export default class Glow extends Plugin {
  summary = "Renders scenes of glow.";
  extensions = ["glow"];
  tools = ["glow"];
  options = {
    quality: {
      title: "Quality",
      description: "From 1, quick and noisy, to 100.",
      type: "integer",
      minimum: 1,
      maximum: 100,
      default: 50,
    },
  };

  // What glow prints, and what it means. The first row that a line matches counts.
  lines = [
    match(/^frame (?<frame>-?\d+) (?<percent>\d+)%/, progress),
    match(/^wrote (?<path>.+)/, done),
    match(/^LICENCE: (?<message>.+)/, fault("transient", "licence", null, "glow")),
    match(/^texture missing: (?<path>.+)/, fault("frame-fatal", "missing-file")),
  ];

  buildCommand(task) {
    // glow writes into the task's staging directory; the host moves each image on once it is verified.
    const images = task.images("png");
    return new Command("glow", [
      "--frames", task.frames,
      "--threads", task.threads,
      "--quality", task.job.options.quality,
      "--output", images.pattern,
      task.job.scene,
    ], { outputs: images.all() });
  }
}
