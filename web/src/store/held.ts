/**
 * Events that come while a reading is under way. They are applied again on top of what was read, which may be older than
 * they are. What they say is kept as a copy: the one that was applied at once is part of the store from then on, and a
 * reading writes into what the store has.
 */
import type { FarmEvent } from "../api/types";

export class Held {
  private events: FarmEvent[] | null = null;

  /** A reading begins; what was held for an earlier one is in this one. */
  begin(): void {
    this.events = [];
  }

  hear(event: FarmEvent): void {
    // Notices say nothing about the state, so they are not said twice.
    if (event.type !== "notice") this.events?.push(structuredClone(event));
  }

  /** What came since the reading began, which ends with this. */
  end(): readonly FarmEvent[] {
    const events = this.events ?? [];
    this.events = null;
    return events;
  }
}
