import { expect, test } from "vitest";
import type { GpuView, LeaseView, NodeView } from "../api/types";
import { isNearlyFull, leasedMemory, leasedThreads, leasesOn, limitUse, memoryBudget } from "./share";

const gpu = (index: number) => ({ index, uuid: `GPU-${index}`, name: "RTX", memory_bytes: 24e9 });

function lease(attempt: number, job: number, gpus: number[], licences: string[]): LeaseView {
  const held = gpus.map((index) => ({ ...gpu(index), share_bytes: null }));
  return { attempt, job, threads: 4, memory_bytes: 3e9, gpus: held, licences };
}

function node(leases: LeaseView[], budget: number): NodeView {
  return { leases, budget: { threads: 8, memory_bytes: budget, closed: null } } as unknown as NodeView;
}

test("leases add up", () => {
  const two = node([lease(1, 7, [0], []), lease(2, 8, [0, 1], [])], 48e9);
  expect([leasedThreads(two), leasedMemory(two), memoryBudget(two)]).toEqual([8, 6e9, 48e9]);
  const on = (index: number) => leasesOn(two, gpu(index) as unknown as GpuView).map((held) => held.attempt);
  expect([on(0), on(1), on(2)]).toEqual([[1, 2], [2], []]);
});

test("memory that is not counted has no budget", () => {
  expect(memoryBudget(node([], Number("18446744073709551615")))).toBeNull();
});

test("a limit is taken by tasks, or once by the node", () => {
  const two = node([lease(1, 7, [], ["nuke"]), lease(2, 7, [], ["nuke"]), lease(3, 8, [], ["other"])], 0);
  const use = (per: "task" | "node", name: string) => (({ used, holders }) => [used, holders.map((lease) => lease.attempt)])(limitUse(two, { name, max: 4, per, used: 0, holders: [] }));
  expect(use("task", "nuke")).toEqual([2, [1, 2]]);
  expect(use("node", "nuke")).toEqual([1, [1, 2]]);
  expect(use("node", "none")).toEqual([0, []]);
});

test("a disk is nearly full below a twentieth", () => {
  const disk = (free: number) => isNearlyFull({ paths: [], total_bytes: 1000, free_bytes: free });
  expect([disk(49), disk(50)]).toEqual([true, false]);
});
