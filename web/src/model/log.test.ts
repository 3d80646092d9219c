import { describe, expect, test } from "vitest";
import type { LogWindow } from "../api/log";
import { BLOCK, LineCache } from "./log";

function window(from: number, to: number, lines: number, more: Partial<LogWindow> = {}): LogWindow {
  const items = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => {
    const number = from + n;
    return { number, offset: number * 10, bytes: 10, text: `line ${number}` };
  });
  return { live: true, lines, bytes: lines * 10, counted_bytes: lines * 10, holes: [], items, ...more };
}

describe("LineCache", () => {
  test("it says which blocks are missing and gives what it has", () => {
    const cache = new LineCache();
    expect(cache.missing(1, 50)).toEqual([]);
    cache.take(window(901, 1000, 1000));
    expect(cache.get(950)?.text).toBe("line 950");
    expect(cache.missing(910, 1000)).toEqual([]);
    expect(cache.missing(890, 1200)).toEqual([3]);
    expect(cache.missing(1, 300)).toEqual([0, 1]);
    cache.takeBlock(0, window(1, BLOCK, 1000), cache.present);
    expect(cache.missing(1, BLOCK)).toEqual([]);
  });

  test("a log that grows needs only what is new", () => {
    const cache = new LineCache();
    cache.take(window(1, 10, 10));
    cache.take(window(10, 14, 14));
    expect(cache.lines).toBe(14);
    expect(cache.missing(1, 14)).toEqual([]);
    cache.take(window(30, 40, 40));
    expect(cache.missing(1, 40)).toEqual([0]);
  });

  test("lines of an older search are shown until they are read again", () => {
    const cache = new LineCache();
    cache.takeBlock(0, window(1, 100, 100), cache.present);
    const before = cache.present;
    cache.outdate();
    expect(cache.get(5)?.text).toBe("line 5");
    expect(cache.missing(1, 10)).toEqual([0]);
    // An answer to the older question does not make them younger.
    cache.takeBlock(0, window(1, 100, 100), before);
    expect(cache.missing(1, 10)).toEqual([0]);
    cache.takeBlock(0, window(1, 100, 100), cache.present);
    expect(cache.missing(1, 10)).toEqual([]);
  });

  test("a hole that grew gives lines other numbers, so nothing is believed any more", () => {
    const cache = new LineCache();
    const hole = { line: 50, offset: 500, bytes: 1000 };
    cache.take(window(1, 100, 100, { holes: [hole] }));
    cache.take(window(100, 100, 101, { holes: [hole] }));
    expect(cache.get(7)?.number).toBe(7);
    cache.take(window(80, 81, 81, { holes: [{ ...hole, bytes: 2000 }] }));
    expect(cache.get(7)).toBeUndefined();
    expect(cache.get(80)?.number).toBe(80);
  });

  test("it holds a bounded number of blocks: those looked at last", () => {
    const cache = new LineCache();
    const all = 1000 * BLOCK;
    for (let block = 0; block < 1000; block += 1) {
      cache.takeBlock(block, window(block * BLOCK + 1, (block + 1) * BLOCK, all), cache.present);
      cache.missing(block * BLOCK + 1, block * BLOCK + 1);
      cache.missing(1, 1);
    }
    const held = Array.from({ length: 1000 }, (_, block) => block).filter((block) => cache.get(block * BLOCK + 1) !== undefined);
    expect(held).toHaveLength(32);
    expect(held[0]).toBe(0);
    expect(held.at(-1)).toBe(999);
  });
});
