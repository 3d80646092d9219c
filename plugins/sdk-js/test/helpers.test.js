// Frames, paths, pieces of text and output names: the same cases as the Rust SDK's.

import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameRun, FrameRuns, FrameStyle, Images, Template, TemplateError, path, text } from "../index.js";

const mixed = () => new FrameRuns([new FrameRun(-5, -3), new FrameRun(1), new FrameRun(10, 20, 5)]);

test("frames are expanded and counted alike", () => {
  const frames = mixed();
  assert.deepEqual([...frames], [-5, -4, -3, 1, 10, 15, 20]);
  assert.deepEqual([frames.count, frames.first, frames.last, frames.isEmpty], [7, -5, 20, false]);
  for (let frame = -10; frame < 30; frame += 1)
    assert.equal(frames.has(frame), [...frames].includes(frame), `frame ${frame}`);
  assert.equal(frames.onlyRun, null);
  assert.deepEqual({ ...FrameRuns.range(1, 9, 2).onlyRun }, { first: 1, last: 9, step: 2 });
});

test("no frames are none", () => {
  for (const none of [new FrameRuns(), FrameRuns.range(2, 1), FrameRuns.of([]), FrameRuns.parse("")]) {
    assert.deepEqual([none.count, none.isEmpty, none.first, none.last, String(none)], [0, true, null, null, ""]);
  }
});

test("a run to the ends of the type is counted without being expanded", () => {
  assert.equal(new FrameRun(-(2 ** 31), 2 ** 31 - 1).count, 2 ** 32);
});

test("frames are written in the syntax asked for", () => {
  assert.equal(String(mixed()), "-5--3,1,10-20x5");
  assert.equal(mixed().written({ range: "..", step: null }), "-5..-3,1,10,15,20");
  assert.equal(mixed().written(new FrameStyle({ between: " ", step: ":" })), "-5--3 1 10-20:5");
});

test("neighbours become runs, in order and once", () => {
  assert.equal(String(FrameRuns.of([8, 1, 2, 3, 7, 10, 2])), "1-3,7-8,10");
});

test("frames are read as they are written", () => {
  for (const written of ["-5--3,1,10-20x5", "1", "1-9x2"]) assert.equal(String(FrameRuns.parse(written)), written);
  assert.equal(String(FrameRuns.parse("1-10x5, 20-21x5")), "1-6x5,20");
  for (const wrong of ["x", "1-", "1-2x0", "3-1", "5,4", "1.5"])
    assert.throws(() => FrameRuns.parse(wrong), RangeError, wrong);
});

test("paths of both systems", () => {
  for (const one of ["/x", "C:\\x", "c:/x", "\\\\server\\share"]) assert.ok(path.isAbsolute(one), one);
  for (const one of ["x", "C:x", "./x", "", "1:/x"]) assert.ok(!path.isAbsolute(one), one);
  for (const [whole, directory, name] of [
    ["/a/b.png", "/a", "b.png"],
    ["/b", "/", "b"],
    ["C:\\b", "C:\\", "b"],
    ["a\\b\\", "a\\b", ""],
    ["b", "", "b"],
  ])
    assert.deepEqual(path.split(whole), [directory, name], whole);
  for (const [directory, child, whole] of [
    ["/a", "b", "/a/b"],
    ["C:\\a", "b", "C:\\a\\b"],
    ["/", "b", "/b"],
    ["/a", "/b", "/b"],
    ["", "b", "b"],
  ])
    assert.equal(path.join(directory, child), whole);
  for (const [whole, stem, extension] of [
    ["/a.b/shot.v2.blend", "shot.v2", "blend"],
    ["shot.####", "shot.####", null],
    ["shot.v2.0001", "shot.v2.0001", null],
    [".hidden", ".hidden", null],
  ])
    assert.deepEqual([path.stem(whole), path.extension(whole)], [stem, extension], whole);
  assert.equal(path.withExtension("/a/b", ".png"), "/a/b.png");
  assert.equal(path.withExtension("/a/b.exr", "png"), "/a/b.exr");
  for (const [name, safe] of [
    ["fg/key:light", "fg_key_light"],
    ["..", "__"],
    ["", "_"],
    ["a\u0007", "a_"],
  ])
    assert.equal(path.safeName(name), safe);
});

test("pieces of a line", () => {
  assert.equal(text.after("Saved: '/a'", "Saved: "), "'/a'");
  assert.equal(text.after("x", "Saved"), null);
  assert.equal(text.between("Saved: '/a' Time", "'", "'"), "/a");
  assert.equal(text.between("Saved: '/a", "'", "'"), null);
  assert.deepEqual(text.ratioAfter("Rendering 26 / 64 samples", "Rendering "), [26, 64]);
  assert.equal(text.ratioAfter("Sample 3", "Sample "), null);
  for (const [said, bytes] of [
    ["8.50M (Peak", 8_912_896],
    ["1,024", 1024],
    ["2G", 2 ** 31],
    ["3 kB", 3072],
    ["M", null],
  ]) {
    assert.equal(text.size(said), bytes, said);
  }
  for (const [said, seconds] of [
    ["00:04.50 (Saving", 4.5],
    ["01:02:03", 3723],
    ["12", null],
  ])
    assert.equal(text.clock(said), seconds, said);
  assert.equal(text.shortened("größe", 3), "grö");
  assert.equal(text.quote(`  ${"x".repeat(400)}\n`).length, 300);
});

test("output names", () => {
  for (const [written, frame, layer, name] of [
    ["/out/shot_####", 12, null, "/out/shot_0012"],
    ["/out/shot_####.png", -5, null, "/out/shot_-0005.png"],
    ["/out/shot_##", 12345, null, "/out/shot_12345"],
    ["/out/{layer}/s_{frame}.exr", 7, "fg/key", "/out/fg_key/s_0007.exr"],
    ["/out/s_{frame:6}", 7, null, "/out/s_000007"],
    ["/out#1/a##_####", 7, null, "/out#1/a##_0007"],
    ["/aus/größe_####", 7, null, "/aus/größe_0007"],
    ["plain", 7, null, "plain"],
  ])
    assert.equal(Template.parse(written).name(frame, layer), name, written);
  for (const written of ["/out/shot_####", "/o/{layer}/##_####.png", "plain"])
    assert.equal(String(Template.parse(written)), written);
  const template = Template.parse("/o/{layer}/s.{frame:6}.exr");
  assert.deepEqual([template.hasFrame, template.hasLayer, template.digits], [true, true, 6]);
  assert.equal(template.hashes("fg"), "/o/fg/s.######.exr");
  assert.equal(template.pattern("%0{count}d", "fg"), "/o/fg/s.%06d.exr");
  const [directory, inside] = template.ofLayer("fg").split();
  assert.deepEqual(
    [directory, String(inside), inside.inside("/tmp").name(3)],
    ["/o/fg", "s.######.exr", "/tmp/s.000003.exr"],
  );
});

test("a mistake in an output name is said with its place", () => {
  for (const [written, column, part] of [
    ["/ö/{shot}_####", 4, "{shot}"],
    ["/o/{layer", 4, "without"],
    ["/o/{frame:99}", 4, "1 to 10"],
    ["/o/{frame}_##", 1, "more than one"],
  ]) {
    assert.throws(
      () => Template.parse(written),
      (error) => {
        assert.ok(
          error instanceof TemplateError && error.column === column && error.message.includes(part),
          error.message,
        );
        return true;
      },
    );
  }
});

test("a frame is found in a name again", () => {
  const template = Template.parse("/st/{layer}_###");
  for (const [name, found] of [
    ["/st/fg_007.png", [7, ".png"]],
    ["/st/fg_-012.png", [-12, ".png"]],
    ["/st/fg_1234", [1234, ""]],
    ["/st/fg_0123.png", null],
    ["/st/fg_12.png", null],
    ["/st/bg_007.png", null],
    ["/st/fg_.png", null],
    ["/other/fg_007.png", null],
  ])
    assert.deepEqual(template.frameOf(name, "fg"), found, name);
  const other = Template.parse("/st/a_##.png");
  for (const frame of [-1000, -12, -1, 0, 1, 9, 10, 99, 100, 123_456])
    assert.deepEqual(other.frameOf(other.name(frame)), [frame, ""]);
  assert.equal(Template.parse("plain").frameOf("plain"), null);
});

function images(output, more = {}) {
  return new Images({
    output,
    scene: "/show/shot.v2.glow",
    frames: FrameRuns.range(1, 3),
    layer: null,
    staging: "/st",
    ...more,
  });
}

test("images have a name while they are rendered and a place afterwards", () => {
  for (const [output, more, staged, placed] of [
    ["/out/a_####.png", {}, "/st/a_####.png", "/out/a_####.png"],
    ["/out/a.png", {}, "/st/a.####.png", "/out/a.####.png"],
    ["/out/", {}, "/st/shot.v2.####", "/out/shot.v2.####"],
    ["/out/a", { extension: "exr" }, "/st/a.####.exr", "/out/a.####.exr"],
    [null, { extension: "exr" }, "/st/shot.v2.####.exr", "/show/shot.v2.####.exr"],
    ["/out/a_####.png", { layer: "fg" }, "/st/a_fg.####.png", "/out/a_fg.####.png"],
    ["/out/{layer}/a_##.png", { layer: "fg" }, "/st/a_##.png", "/out/fg/a_##.png"],
    ["C:\\out\\a_##.png", { staging: "C:\\st" }, "C:\\st\\a_##.png", "C:\\out\\a_##.png"],
    ["/out/a_####.png", { layer: "f{g}" }, "/st/a_f{g}.####.png", "/out/a_f{g}.####.png"],
  ]) {
    const made = images(output, more);
    assert.deepEqual([String(made.staged), String(made.placed)], [staged, placed]);
    assert.equal(made.pattern, staged);
  }
  const made = images("/out/a_####.png");
  assert.equal(made.written("%0{count}d"), "/st/a_%04d.png");
  assert.equal(made.path(2), "/st/a_0002.png");
  assert.deepEqual(made.all().map(({ frame, path: at, place }) => [frame, at, place])[2], [
    3,
    "/st/a_0003.png",
    "/out/a_0003.png",
  ]);
});

test("the image at a path", () => {
  const made = images("/out/a_####.png", { relativeTo: "/scratch" });
  for (const [at, frame, expected] of [
    ["/st/a_0002.png", null, [2, "/st/a_0002.png", "/out/a_0002.png"]],
    ["/st/beauty-3.exr", null, [3, "/st/beauty-3.exr", "/out/beauty-3.exr"]],
    ["/st/beauty.exr", 1, [1, "/st/beauty.exr", "/out/beauty.exr"]],
    ["/other/b_0002.png", null, [2, "/other/b_0002.png", null]],
    ["b_0002.png", null, [2, "/scratch/b_0002.png", null]],
    ["/st/beauty.exr", null, null],
    ["/st/b_0099.png", null, null],
  ]) {
    const found = made.at(at, frame);
    assert.deepEqual(found && [found.frame, found.path, found.place], expected, at);
  }
  assert.equal(images("/out/a.png", { frames: FrameRuns.of([7]) }).frameOf("/st/beauty.exr"), 7);
});
