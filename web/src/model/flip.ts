/**
 * What a player does next. It never shows a frame for another one: where the next one has not come yet it stays where it
 * is, and where there is none it shows that there is none, or leaves it out when that was asked for.
 */

/** What the player has of a frame. */
export type Ready = "there" | "coming" | "missing";

export interface Reel {
  readonly count: number;
  readonly ready: (place: number) => Ready;
  /** Leaves out what is missing. */
  readonly skip: boolean;
}

/** The place after `at` in a direction, round the end; null where all places are left out. */
export function follow(reel: Reel, at: number, direction: 1 | -1): number | null {
  for (let step = 1; step <= reel.count; step += 1) {
    const place = (((at + direction * step) % reel.count) + reel.count) % reel.count;
    if (!reel.skip || reel.ready(place) !== "missing") return place;
  }
  return null;
}

/** Where the player is at `now`, and since when it is due there. */
export interface Playing {
  readonly place: number;
  readonly since: number;
  /** The next one has not come: the player waits for it. */
  readonly waits: boolean;
}

/** What is shown at `now`. At most one place is passed in one turn: every frame is shown, rather than in time. */
export function advance(reel: Reel, playing: Playing, now: number, fps: number): Playing {
  const span = 1000 / fps;
  if (now - playing.since < span) return playing;
  const next = follow(reel, playing.place, 1);
  if (next === null) return playing;
  if (reel.ready(next) === "coming") return playing.waits ? playing : { ...playing, waits: true };
  // Time that was lost is not caught up with.
  const since = now - playing.since > 2 * span ? now : playing.since + span;
  return { place: next, since, waits: false };
}

/** The places to have ready: what is next first, and then as many as fit before and behind. */
export function ahead(reel: Reel, at: number, most: number): number[] {
  const places: number[] = [];
  for (let step = 0; step < reel.count && places.length < most; step += 1) {
    const place = (at + step) % reel.count;
    if (reel.ready(place) !== "missing") places.push(place);
  }
  return places;
}
