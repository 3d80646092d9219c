import { expect, test } from "vitest";
import { readChoice, writeChoice, type Choice } from "./look";

const usual: Choice = {
  layer: null,
  look: { pass: null, channel: null, exposure: 0, view: "standard", over: "checker", whole: false },
  frame: null,
  other: null,
  blend: "slider",
  fps: null,
  size: 2,
  newest: false,
  skip: false,
};

test("what is usual is left out", () => {
  expect(readChoice(new URLSearchParams())).toEqual(usual);
  expect(writeChoice(usual).toString()).toBe("");
});

test("what is written is read back", () => {
  const choice: Choice = {
    layer: "a b",
    look: { pass: "View.Depth.Z", channel: "Z", exposure: -1.5, view: "filmic", over: "black", whole: true },
    frame: -3,
    other: { job: 7, frame: -4 },
    blend: "difference",
    fps: 12,
    size: 4,
    newest: true,
    skip: true,
  };
  expect(readChoice(new URLSearchParams(writeChoice(choice).toString()))).toEqual(choice);
});

test.each(["exposure=99", "exposure=x", "view=agx", "with=7", "with=a:b", "fps=0", "size=77", "frame=1.5", "blend=no"])(
  "%s is taken for nothing",
  (search) => expect(readChoice(new URLSearchParams(search))).toEqual(usual),
);
