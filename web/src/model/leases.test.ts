import { expect, test } from "vitest";
import type { LeaseView } from "../api/types";
import { gpusHeld, piecesOf } from "./leases";

const lease = (attempt: number, threads: number, gpus: string[] = []): LeaseView => ({
  attempt,
  job: attempt * 10,
  threads,
  memory_bytes: 0,
  licences: [],
  gpus: gpus.map((uuid, index) => ({ index, uuid, name: "A", memory_bytes: 1, share_bytes: null })),
});

test("each lease has its piece, one after the other", () => {
  const pieces = piecesOf([lease(1, 2), lease(2, 0), lease(3, 4), lease(4, 4)], 8, ({ threads }) => threads);
  expect(pieces.map(({ attempt, job, amount, from, to }) => [attempt, job, amount, from, to])).toEqual([
    [1, 10, 2, 0, 0.25],
    [3, 30, 4, 0.25, 0.75],
    [4, 40, 4, 0.75, 1],
  ]);
  expect(piecesOf([], 0, () => 1)).toEqual([]);
});

test("a shared GPU is one GPU", () => {
  expect(gpusHeld([lease(1, 1, ["a", "b"]), lease(2, 1, ["b"]), lease(3, 1)])).toBe(2);
});
