/**
 * Who has how much of the node: sums over the leases, which events keep right between two readings of the node.
 */
import type { DiskView, GpuView, LeaseView, LimitView, NodeView } from "../api/types";

/** Below this part of a disk, somebody should make room before renders fail for it. */
const LITTLE_ROOM = 0.05;

export function leasedThreads(node: NodeView): number {
  return node.leases.reduce((sum, lease) => sum + lease.threads, 0);
}

export function leasedMemory(node: NodeView): number {
  return node.leases.reduce((sum, lease) => sum + lease.memory_bytes, 0);
}

/** The memory that renders may have now; null where it is not counted. */
export function memoryBudget(node: NodeView): number | null {
  return node.budget.memory_bytes >= 2 ** 63 ? null : node.budget.memory_bytes;
}

/** The leases on a GPU, or on a share of it. */
export function leasesOn(node: NodeView, gpu: GpuView): LeaseView[] {
  return node.leases.filter((lease) => lease.gpus.some((held) => held.uuid === gpu.uuid));
}

/** How many of a limit are taken, and who holds them. */
export function limitUse(node: NodeView, limit: LimitView): { used: number; holders: LeaseView[] } {
  const holders = node.leases.filter((lease) => lease.licences.includes(limit.name));
  const used = limit.per === "node" ? Math.min(1, holders.length) : holders.length;
  return { used, holders };
}

export function isNearlyFull(disk: DiskView): boolean {
  return disk.free_bytes < disk.total_bytes * LITTLE_ROOM;
}
