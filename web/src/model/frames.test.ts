import { describe, expect, test } from "vitest";
import table from "../../../host/model/fixtures/frame-sets.json?raw";
import { countFrames, coverage, FrameIndex, FrameSetError, formatFrames, frameCount, parseFrames, framesWithout, readFrames } from "./frames";

interface Table {
  accepted: { text: string; frames: number[] }[];
  refused: { text: string; column: number; message: string }[];
}

const { accepted, refused } = JSON.parse(table) as Table;

function frames(text: string): number[] {
  return parseFrames(text).flatMap((run) => {
    const all = [];
    for (let frame = run.first; frame <= run.last; frame += run.step) all.push(frame);
    return all;
  });
}

function refusal(text: string): unknown {
  try {
    return readFrames(text);
  } catch (error) {
    return error;
  }
}

describe("parseFrames", () => {
  test.each(accepted)("$text", ({ text, frames: expected }) => {
    expect(frames(text)).toEqual(expected);
    expect(frameCount(text)).toBe(expected.length);
    expect(frames(formatFrames(parseFrames(text)))).toEqual(expected);
  });

  test.each(refused)("$text is refused as the daemon refuses it", ({ text, column, message }) => {
    const error = refusal(text);
    expect(error).toBeInstanceOf(FrameSetError);
    expect({ column: (error as FrameSetError).column, message: (error as FrameSetError).reason }).toEqual({ column, message });
  });

  test("an empty text of the daemon's has no frames", () => {
    expect(parseFrames(" ")).toEqual([]);
  });

  test("touching runs become one", () => {
    expect(formatFrames(parseFrames("1-5,6-9,11"))).toBe("1-9,11");
  });

  test("ten million frames are one run", () => {
    const runs = parseFrames("1-10000000");
    expect(runs).toHaveLength(1);
    expect(countFrames(runs)).toBe(10_000_000);
  });
});

describe("FrameIndex", () => {
  const index = new FrameIndex(parseFrames("-2-0,10-20x5,99"));

  test("every frame has its place and every place its frame", () => {
    const all = [-2, -1, 0, 10, 15, 20, 99];
    expect(index.count).toBe(all.length);
    expect(all.map((frame) => index.indexOf(frame))).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(all.map((_, place) => index.frameAt(place))).toEqual(all);
  });

  test("what is not there has none", () => {
    expect([-3, 1, 11, 21, 100].map((frame) => index.indexOf(frame))).toEqual([-1, -1, -1, -1, -1]);
    expect(index.frameAt(-1)).toBeUndefined();
    expect(index.frameAt(7)).toBeUndefined();
  });
});

test.each<[string, string, string]>([
  ["1-10", "", "1-10"],
  ["1-10", "1-10", ""],
  ["1-10", "2-9", "1,10"],
  ["1-21x5", "1,6", "11-21x5"],
  ["5", "1-9", ""],
])("%s without %s is %s", (all, done, left) => {
  expect(framesWithout(all, done)).toBe(left);
});

test("a slice of places is the frames that are there", () => {
  const index = new FrameIndex(parseFrames("1-9x2,20-30"));
  expect(formatFrames(index.slice(2, 7))).toBe("5-9x2,20-21");
  expect(formatFrames(index.slice(4, 5))).toBe("9");
  expect(index.slice(7, 7)).toEqual([]);
});

describe("coverage", () => {
  const shares = (text: string, cells: number): number[] => coverage(parseFrames(text), cells).map((cell) => cell.share);

  test.each<[string, number, number[]]>([
    ["", 4, []],
    ["7", 4, [1]],
    ["1-3", 10, [1, 1, 1]],
    ["1-8", 4, [1, 1, 1, 1]],
    ["1-8x2", 4, [0.5, 0.5, 0.5, 1]],
    ["1-2,7-8", 4, [1, 0, 0, 1]],
    ["1,10", 3, [0.25, 0, 1 / 3]],
    ["-4--1", 2, [1, 1]],
  ])("%j over %d", (text, cells, expected) => {
    expect(shares(text, cells)).toEqual(expected);
  });

  test("every frame is in one cell", () => {
    const runs = parseFrames("1-1000x7,2000-2500,9999");
    const sum = coverage(runs, 60).reduce((all, cell) => all + cell.frames, 0);
    expect(sum).toBe(countFrames(runs));
  });
});
