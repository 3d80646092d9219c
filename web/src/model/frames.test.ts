import { describe, expect, test } from "vitest";
import { countFrames, FrameIndex, FrameSetError, formatFrames, frameCount, parseFrames, framesWithout } from "./frames";

function frames(text: string): number[] {
  return parseFrames(text).flatMap((run) => {
    const all = [];
    for (let frame = run.first; frame <= run.last; frame += run.step) all.push(frame);
    return all;
  });
}

describe("parseFrames", () => {
  test.each<[string, number[]]>([
    ["", []],
    ["  ", []],
    ["7", [7]],
    ["1,5,10-12", [1, 5, 10, 11, 12]],
    ["1-10x4", [1, 5, 9, 10]],
    ["1-9x4", [1, 5, 9]],
    ["1-3x9", [1, 3]],
    ["-5--1", [-5, -4, -3, -2, -1]],
    ["-3 - 1 x 2", [-3, -1, 1]],
    [" 1 , 2 ", [1, 2]],
    ["5-8,1-6", [1, 2, 3, 4, 5, 6, 7, 8]],
    ["3,3,3", [3]],
    ["1-9x2,2", [1, 2, 3, 5, 7, 9]],
    ["1-100x50,2", [1, 2, 51, 100]],
    ["1-7x3,2-8x3", [1, 2, 4, 5, 7, 8]],
    ["1-2,3-4", [1, 2, 3, 4]],
  ])("%j", (text, expected) => {
    expect(frames(text)).toEqual(expected);
    expect(frameCount(text)).toBe(expected.length);
    expect(frames(formatFrames(parseFrames(text)))).toEqual(expected);
  });

  test.each<[string, number]>([
    ["1,,2", 3],
    ["1,x", 3],
    ["10-1", 1],
    ["1-10x0", 1],
    ["1, 2-", 4],
  ])("%j is refused at column %d", (text, column) => {
    const refusal = (() => {
      try {
        parseFrames(text);
      } catch (error) {
        return error;
      }
    })();
    expect(refusal).toBeInstanceOf(FrameSetError);
    expect((refusal as FrameSetError).column).toBe(column);
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
