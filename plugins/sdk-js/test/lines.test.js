// The line matcher and readers: what rows mean, and which mistakes in them are told.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Fact,
  Fault,
  FrameDone,
  FrameStarted,
  Progress,
  Reader,
  Teller,
  Warned,
  done,
  fact,
  fault,
  ignore,
  match,
  memory,
  progress,
  skipped,
  started,
  warning,
} from "../index.js";
import { needleOf } from "../src/needle.js";
import * as testing from "../testing.js";
import { plugin } from "./support.js";

/** What a table sees in a log, in words. */
function seen(lines, log, frames = "1-10") {
  return testing.events(plugin({ lines }), log, testing.task({ frames })).map((event) => {
    const { image, ...fields } = event;
    return [event.constructor.name, ...Object.values(image ? { ...image } : fields)].join(" ");
  });
}

test("frames, progress and images", () => {
  const lines = [
    match(/^frame (?<frame>\d+) begins/, started),
    match(/^frame (?<frame>\d+) (?<percent>[\d.]+)%/, progress),
    match(/^tile (?<part>\d+) of (?<whole>\d+)/, progress),
    match(/^so far (?<progress>[\d.]+)/, progress),
    match(/^wrote (?<path>.+)/, done),
    match(/^kept (?<frame>\d+)/, skipped),
    match(/^saved/, done),
  ];
  assert.deepEqual(
    seen(lines, "frame 3 begins\ntile 1 of 4\ntile 1 of 4\nso far 0.5\nwrote /show/out/.staging/7/shot_0003.png\n"),
    [
      "FrameStarted 3",
      "Progress 0.25",
      "Progress 0.5",
      "FrameDone 3 /show/out/.staging/7/shot_0003.png /show/out/shot_0003.png",
    ],
  );
  // A frame that is not the current one has begun; its progress is told once for each percent.
  assert.deepEqual(seen(lines, "frame 3 42%\nframe 3 42.4%\nframe 3 99%\nframe 4 99%"), [
    "FrameStarted 3",
    "Progress 0.42",
    "Progress 0.99",
    "FrameStarted 4",
    "Progress 0.99",
  ]);
  assert.deepEqual(seen(lines, "frame 3 250%\ntile 1 of 0"), ["FrameStarted 3", "Progress 1", "Progress 0"]);
  assert.deepEqual(seen(lines, "kept 5\nsaved\nframe 6 begins\nsaved"), [
    "FrameSkipped 5 /show/out/.staging/7/shot_0005.png /show/out/shot_0005.png",
    "FrameStarted 6",
    "FrameDone 6 /show/out/.staging/7/shot_0006.png /show/out/shot_0006.png",
  ]);
  // What names no frame is the current frame's; without one nothing tells.
  assert.deepEqual(seen(lines, "wrote beauty.exr\nframe 2 begins\nwrote beauty.exr"), [
    "Warned nothing tells which frame this image shows: beauty.exr",
    "FrameStarted 2",
    "FrameDone 2 /farm/scratch/7/beauty.exr ",
  ]);
});

test("warnings, faults, facts and memory", () => {
  const lines = [
    match(/^noise/, ignore),
    match(/^warning: (?<message>.+)/, warning),
    match(/^frame (?<frame>\d+)$/, started),
    match(/^no licence for (?<about>\w+)/, fault("transient", "licence")),
    match(/^missing (?<path>.+)/, fault("frame-fatal", "missing-file", "{path} is not there (frame {frame})")),
    match(/^frame (?<frame>\d+) failed: (?<message>.+)/, fault("frame-fatal", "script")),
    match(/^GPU (?<gpu>\d+) is lost/, fault("worker-fatal", "gpu", null, "{gpu}")),
    match(/^version (?<value>.+)/, fact("dcc-version")),
    match(/^on (?<kind>\w+) (?<nr>\d+)/, fact("device", "{kind}-{nr}")),
    match(/^holds (?<bytes>.+)/, memory),
  ];
  const log =
    "noise\nwarning:  pink \nwarning: pink\nno licence for glow\nmissing /a.tex\nframe 2\nmissing /a.tex\nmissing /a.tex\n" +
    "frame 5 failed: boom\nGPU 1 is lost\nversion 3.1\non CUDA 0\nholds 2 MB\nholds much";
  assert.deepEqual(seen(lines, log), [
    "Warned pink",
    "Fault transient licence no licence for glow  glow",
    "Fault frame-fatal missing-file /a.tex is not there (frame )  /a.tex",
    "FrameStarted 2",
    "Fault frame-fatal missing-file /a.tex is not there (frame 2) 2 /a.tex",
    "Fault frame-fatal script boom 5 ",
    "Fault worker-fatal gpu GPU 1 is lost  1",
    "Fact dcc-version 3.1",
    "Fact device CUDA-0",
    "MemoryUsed 2097152",
  ]);
});

test("a function of the plugin's own may be a meaning, and a pattern forgets where it was", () => {
  const own = (found, reader) => [new Fact("at", String(reader.frame)), null, new Fact("text", found[1])];
  assert.deepEqual(seen([match(/x(\w)/gy, own)], "xa\nxb"), [
    "Fact at null",
    "Fact text a",
    "Fact at null",
    "Fact text b",
  ]);
});

test("a mistake in a row is told where the row is made", () => {
  for (const [make, part] of [
    [() => match("frame", started), "a regular expression"],
    [() => match(/frame/, undefined), "one such as `done`"],
    [() => match(/frame/, started), "`started` needs a group (?<frame>…)"],
    [() => match(/(?<part>\d+)/, progress), "(?<part>…) and (?<whole>…)"],
    [() => match(/x/, memory), "(?<bytes>…)"],
    [() => match(/x/, fact("a")), "no group `value`"],
    [() => match(/(?<a>x)/, fault("transient", "other", "{b} broke")), "no group `b` for {b}"],
    [() => fault("transent", "other"), 'did you mean "transient"?'],
    [() => fault("transient", "lisence"), 'did you mean "licence"?'],
  ])
    assert.throws(make, (error) => error instanceof TypeError && error.message.includes(part), part);
});

test("a reader of the plugin's own", () => {
  class Lines extends Reader {
    lines = [match(/^frame (?<frame>\d+)/, started)];
    count = 0;

    *line(line) {
      this.count += 1;
      if (line.startsWith("device: ")) yield new Fact("device", line.slice(8));
      else yield* super.line(line);
    }

    finish() {
      return new Fact("lines", String(this.count));
    }
  }
  const made = plugin({ reader: (task) => new Lines(task) });
  assert.deepEqual(testing.events(made, "device: CPU\r\nframe 4\nnoise"), [
    new Fact("device", "CPU"),
    new FrameStarted(4),
    new Fact("lines", "3"),
  ]);
});

test("a reader may answer one event, several, or nothing, and nothing else", () => {
  for (const [line, expected] of [
    [() => new Progress(0.5), [new Progress(0.5)]],
    [() => [new Progress(0.5), undefined], [new Progress(0.5)]],
    [() => undefined, []],
  ]) {
    class Lines extends Reader {
      line = line;
    }
    assert.deepEqual(testing.events(plugin({ reader: (task) => new Lines(task) }), "x"), expected);
  }
  for (const [answer, part] of [
    [3, "Lines.line gave is 3"],
    [["text"], 'is "text"'],
    [[{ frame: 1 }], "an object with frame"],
  ]) {
    class Lines extends Reader {
      line() {
        return answer;
      }
    }
    assert.throws(
      () => testing.events(plugin({ reader: (task) => new Lines(task) }), "x"),
      (error) => error.message.includes(part),
      part,
    );
  }
});

test("events are held to the contract", () => {
  for (const [event, part] of [
    [new FrameStarted(1.5), "frame of the FrameStarted that Lines gave is 1.5"],
    [new Progress(NaN), "part of the Progress"],
    [new FrameDone({ frame: 1 }), "image.path"],
    [new Warned(undefined), "message of the Warned"],
    [new Fact("a", 1), "value of the Fact"],
    [new Fault("transient", "other", "x", { frame: "1" }), "frame of the Fault"],
  ]) {
    class Lines extends Reader {
      line() {
        return event;
      }
    }
    assert.throws(
      () => testing.events(plugin({ reader: (task) => new Lines(task) }), "x"),
      (error) => error.message.includes(part),
      part,
    );
  }
});

test("what was told is no news, and no flood of warnings hides a fault", () => {
  const teller = new Teller();
  assert.deepEqual(teller.warn(" a texture is pink\n"), new Warned("a texture is pink"));
  assert.equal(teller.warn("a texture is pink"), null);
  const crash = (frame) => new Fault("frame-fatal", "crash", "it crashed", { frame });
  assert.deepEqual(
    [1, 2, 2].map((frame) => teller.faultOfFrame(crash(frame)) !== null),
    [true, true, false],
  );
  assert.deepEqual(
    [1, 2, 2].map((frame) => teller.fault(crash(frame)) !== null),
    [true, false, false],
  );
  let told = 0;
  for (let number = 0; number < 2000; number += 1) told += teller.warn(`warning ${number}`) === null ? 0 : 1;
  assert.equal(told, 199);
  assert.notEqual(teller.fault(crash(1), "another"), null);
});

test("the text that every line with a pattern holds", () => {
  for (const [pattern, needle] of [
    [/^frame (?<frame>\d+) done/, "frame "],
    [/(?<frame>\d+) is finished/, " is finished"],
    [/a|b/, ""],
    [/warning/i, ""],
    [/colou?r are/, "r are"],
    [/ab*cd/, "cd"],
    [/ab{0,3}c/, "a"],
    [/x+yz/, "yz"],
    [/\[error\] \w+/, "[error] "],
    [/[abc]def\.g/, "def.g"],
    [/(?:a|b(?:c\)[)])) then/, " then"],
    [/\u0041bcd/, "bcd"],
    [/größe: (\d+)/, "größe: "],
    [/\d/, ""],
  ]) {
    assert.equal(needleOf(pattern), needle, String(pattern));
  }
});

test("a needle never hides a line that its pattern matches", () => {
  const lines = [
    "frame 3 done",
    "color is",
    "colour is",
    "ac",
    "abbbc",
    "xxyz",
    "[error] no",
    "adef.g",
    "Abcd",
    "WARNING",
    "a then",
    "bc)) then",
  ];
  for (const pattern of [
    /^frame (?<f>\d+) done/,
    /colou?r is/,
    /ab*c/,
    /ab{0,3}c/,
    /x+yz/,
    /\[error\] \w+/,
    /[abc]def\.g/,
    /\u0041bcd/,
    /warning/i,
    /(?:a|b(?:c\)[)])) then/,
  ]) {
    for (const line of lines) if (pattern.test(line)) assert.ok(line.includes(needleOf(pattern)), `${pattern} ${line}`);
  }
});
