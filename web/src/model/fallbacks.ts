/**
 * Which fallback brought a frame to the level at which it was rendered. The daemon tells fallbacks with the oldest first.
 */
import type { Fallback, JobView } from "../api/types";
import { FrameIndex, parseFrames } from "./frames";

/** The newest fallback of a frame of a layer, to this level where one is given. */
export function fallbackOf(
  view: Pick<JobView, "fallbacks" | "spec"> | null,
  layer: string | null,
  frame: number,
  level?: string,
): Fallback | null {
  const isIt = (one: Fallback): boolean =>
    (level === undefined || one.to === level) &&
    (view?.spec.layers[one.layer] ?? null) === layer &&
    new FrameIndex(parseFrames(one.frames)).has(frame);
  return [...(view?.fallbacks ?? [])].reverse().find(isIt) ?? null;
}
