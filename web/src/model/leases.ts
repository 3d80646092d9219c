/**
 * Who holds how much of the node, as pieces of a bar.
 */
import type { LeaseView } from "../api/types";

export interface Piece {
  readonly attempt: number;
  readonly job: number;
  readonly amount: number;
  /** Of the bar, 0 to 1. */
  readonly from: number;
  readonly to: number;
}

/** In the order of the leases; what does not fit any more is cut off at the bar's end. */
export function piecesOf(leases: readonly LeaseView[], all: number, amountOf: (lease: LeaseView) => number): Piece[] {
  const whole = Math.max(1, all);
  let from = 0;
  return leases.flatMap((lease) => {
    const amount = amountOf(lease);
    if (amount <= 0) return [];
    const to = Math.min(1, from + amount / whole);
    const piece = { attempt: lease.attempt, job: lease.job, amount, from, to };
    from = to;
    return [piece];
  });
}

/** GPUs that at least one attempt holds, or a share of. */
export function gpusHeld(leases: readonly LeaseView[]): number {
  return new Set(leases.flatMap((lease) => lease.gpus.map((gpu) => gpu.uuid))).size;
}
