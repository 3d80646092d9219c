import { expect, test } from "vitest";
import { amount, baseName, bytes, clock, count, duration, percent, roughly, secondsBetween, shellLine } from "./format";

test.each<[number, string]>([
  [0, "0 s"],
  [0.0001, "1 ms"],
  [0.034, "34 ms"],
  [0.42, "0.4 s"],
  [9.96, "10 s"],
  [59.4, "59 s"],
  [59.6, "1 min 00 s"],
  [200, "3 min 20 s"],
  [3599, "1 h 00 min"],
  [7500, "2 h 05 min"],
  [86400 * 3 + 3600 * 4, "3 d 4 h"],
  [-1, "0 s"],
  [Number.NaN, "0 s"],
])("duration(%d) is %j", (seconds, expected) => {
  expect(duration(seconds)).toBe(expected);
});

test.each<[number, string]>([
  [0.3, "0 s"],
  [42.4, "42 s"],
  [95, "2 min"],
  [7512, "2 h 05 min"],
])("roughly(%d) is %j", (seconds, expected) => {
  expect(roughly(seconds)).toBe(expected);
});

test.each<[number, string]>([
  [0, "0 B"],
  [812, "812 B"],
  [1536, "1.5 kB"],
  [1024 * 1024 - 1, "1 MB"],
  [16 * 1024 ** 3, "16 GB"],
  [250.4 * 1024 ** 2, "250 MB"],
])("bytes(%d) is %j", (value, expected) => {
  expect(bytes(value)).toBe(expected);
});

test.each<[number, string]>([
  [0, "0 kB"],
  [999_999, "1000 kB"],
  [512e6, "512 MB"],
  [1_550_000_000, "1.5 GB"],
  [12e9, "12 GB"],
  [85_899_345_920, "85 GB"],
])("amount(%d) is %j", (value, expected) => {
  expect(amount(value)).toBe(expected);
});

test.each<[number, number, number]>([
  [0, 0, 0],
  [0, 10, 0],
  [1, 1_000_000, 1],
  [999_999, 1_000_000, 99],
  [5, 10, 50],
  [10, 10, 100],
])("%d of %d is %d percent", (part, whole, expected) => {
  expect(percent(part, whole)).toBe(expected);
});

test("counts are grouped", () => {
  expect([count(7), count(1234), count(10000000)]).toEqual(["7", "1\u202f234", "10\u202f000\u202f000"]);
});

test("a time of another day carries its date", () => {
  const now = new Date(2026, 10, 22, 3, 4, 5).getTime();
  expect(clock(now, now)).toBe("03:04:05");
  expect(clock(now - 86_400_000, now)).toBe("21 Nov 03:04");
  expect(clock("nonsense", now)).toBe("");
});

test("spans never run backwards", () => {
  expect(secondsBetween("2026-11-22T03:00:00.000Z", "2026-11-22T03:00:01.500Z")).toBe(1.5);
  expect(secondsBetween("2026-11-22T03:00:01.000Z", "2026-11-22T03:00:00.000Z")).toBe(0);
  expect(secondsBetween("nonsense", "2026-11-22T03:00:00.000Z")).toBe(0);
});

test("paths and commands", () => {
  expect(baseName("/shots/s010/frame_0001.png")).toBe("frame_0001.png");
  expect(baseName("C:\\shots\\frame.png")).toBe("frame.png");
  expect(shellLine("/usr/bin/blender", ["-b", "my shot.blend", "it's"])).toBe(
    `/usr/bin/blender -b 'my shot.blend' 'it'\\''s'`,
  );
});
