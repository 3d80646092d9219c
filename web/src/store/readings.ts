/**
 * Events that come while something is read, or while an answer to a change is on its way. They are applied again on top
 * of what was read, which may be older than they are. What they say is kept as a copy: the event that was applied at once
 * is part of the store from then on, and a reading writes into what the store has.
 */
import type { FarmEvent } from "../api/types";

export class Readings {
  private readonly open = new Set<FarmEvent[]>();

  hear(event: FarmEvent): void {
    // Notices say nothing about the state, so they are not said twice.
    if (event.type !== "notice") for (const held of this.open) held.push(structuredClone(event));
  }

  /** A reading begins. What this gives ends it, and tells what came since. */
  begin(): () => readonly FarmEvent[] {
    const held: FarmEvent[] = [];
    this.open.add(held);
    return () => {
      this.open.delete(held);
      return held;
    };
  }
}
