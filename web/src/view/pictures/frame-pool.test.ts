import { expect, test } from "vitest";
import { FramePool, type Loaded } from "./frame-pool";

/** A pool whose fetches end when the test says so. */
function setUp(most?: number) {
  const asked: string[] = [];
  const closed: string[] = [];
  const given: string[] = [];
  const ends = new Map<string, { come: () => Promise<void>; fail: () => Promise<void> }>();
  const settle = () => new Promise<void>((done) => setTimeout(done));
  const pool = new FramePool(
    (address, signal) => {
      asked.push(address);
      signal.addEventListener("abort", () => given.push(address));
      return new Promise<Loaded>((resolve, reject) => {
        const bitmap = { close: () => closed.push(address), name: address } as unknown as ImageBitmap;
        signal.addEventListener("abort", () => reject(new Error("given up")));
        ends.set(address, {
          come: () => (resolve({ bitmap, bytes: 10 }), settle()),
          fail: () => (reject(new Error("no")), settle()),
        });
      });
    },
    () => {},
    most,
  );
  return { pool, asked, closed, given, end: (address: string) => ends.get(address)!, settle };
}

test("three at once, what is next first", async () => {
  const { pool, asked, end } = setUp();
  pool.want(["a", "b", "c", "d"]);
  expect(asked).toEqual(["a", "b", "c"]);
  await end("b").come();
  expect(asked).toEqual(["a", "b", "c", "d"]);
  expect(pool.get("b")).toBeDefined();
  expect(pool.inRow(["a", "b"])).toBe(0);
  await end("a").come();
  expect(pool.inRow(["a", "b", "c"])).toBe(2);
});

test("what is not wanted any more is given up, and may be asked for again", async () => {
  const { pool, asked, given, settle } = setUp();
  pool.want(["a"]);
  pool.want(["b"]);
  await settle();
  expect(given).toEqual(["a"]);
  expect(pool.isFailed("a")).toBe(false);
  pool.want(["a"]);
  await settle();
  expect(asked).toEqual(["a", "b", "a"]);
});

test("what failed is said and not tried for ever", async () => {
  const { pool, asked, end } = setUp();
  pool.want(["a"]);
  await end("a").fail();
  pool.want(["a"]);
  expect([asked, pool.isFailed("a"), pool.get("a")]).toEqual([["a"], true, undefined]);
});

test("it holds no more than it may, and keeps what is next", async () => {
  const { pool, asked, closed, end } = setUp(20);
  pool.want(["a", "b", "c"]);
  for (const address of ["a", "b", "c"]) await end(address).come();
  pool.want(["a", "b", "c", "d"]);
  expect(asked).toEqual(["a", "b", "c"]);
  pool.want(["c", "d"]);
  expect(asked).toEqual(["a", "b", "c", "d"]);
  await end("d").come();
  expect(closed).toEqual(["a", "b"]);
  pool.close();
  expect(closed).toEqual(["a", "b", "c", "d"]);
});
