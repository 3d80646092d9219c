import { expect, test } from "vitest";
import { advance, ahead, follow, type Ready, type Reel } from "./flip";

const CODES: Record<string, Ready> = { x: "there", ".": "missing", "?": "coming" };
const reel = (states: string, skip = false): Reel => ({
  count: states.length,
  ready: (place) => CODES[states[place] as string] as Ready,
  skip,
});

test.each([
  ["xxx", false, 0, 1, 1],
  ["xxx", false, 2, 1, 0],
  ["xxx", false, 0, -1, 2],
  ["x.x", false, 0, 1, 1],
  ["x.x", true, 0, 1, 2],
  ["x..", true, 0, 1, 0],
  ["...", true, 0, 1, null],
  ["", false, 0, 1, null],
] as const)("%s, skipping %s: after %d by %d comes %s", (states, skip, at, direction, expected) => {
  expect(follow(reel(states, skip), at, direction)).toBe(expected);
});

test("it holds until the next frame has come, and shows every one", () => {
  const at = (place: number, since: number, waits = false) => ({ place, since, waits });
  const run = (states: string, from: ReturnType<typeof at>, now: number) => advance(reel(states), from, now, 10);
  expect(run("xx", at(0, 0), 99)).toEqual(at(0, 0));
  expect(run("xx", at(0, 0), 100)).toEqual(at(1, 100));
  expect(run("x?", at(0, 0), 500)).toEqual(at(0, 0, true));
  expect(run("xx", at(0, 0, true), 500)).toEqual(at(1, 500));
  expect(run("x.", at(0, 0), 100)).toEqual(at(1, 100));
  expect(run("xxxxxxxx", at(0, 0), 700)).toEqual(at(1, 700));
});

test("what is next is fetched first", () => {
  expect(ahead(reel("??.?xx"), 3, 3)).toEqual([3, 4, 5]);
  expect(ahead(reel("??.?xx"), 5, 4)).toEqual([5, 0, 1, 3]);
  expect(ahead(reel("..."), 0, 4)).toEqual([]);
});
