import { expect, test } from "vitest";
import type { Fallback, JobSpec } from "../api/types";
import { fallbackOf } from "./fallbacks";

const fallback = (attempt: number, layer: number, frames: string, from: string, to: string): Fallback => ({
  attempt, layer, frames, from, to, cause: "memory", reason: "the GPU ran out of memory",
});

const view = {
  spec: { layers: ["sky", "hut"] } as JobSpec,
  fallbacks: [
    fallback(3, 0, "1-10", "render", "safe"),
    fallback(5, 1, "1-10", "render", "safe"),
    fallback(8, 0, "4-5", "safe", "minimal"),
  ],
};

test.each<[string | null, number, string | undefined, number | null]>([
  ["sky", 4, undefined, 8],
  ["sky", 4, "safe", 3],
  ["sky", 6, undefined, 3],
  ["hut", 4, undefined, 5],
  ["hut", 4, "minimal", null],
  ["hut", 11, undefined, null],
  [null, 4, undefined, null],
])("layer %s, frame %i, level %s came with attempt %s", (layer, frame, level, attempt) => {
  expect(fallbackOf(view, layer, frame, level)?.attempt ?? null).toBe(attempt);
});

test("a job without layers has one that has no name", () => {
  const plain = { spec: { layers: [] as string[] } as JobSpec, fallbacks: [fallback(3, 0, "1-10", "render", "safe")] };
  expect(fallbackOf(plain, null, 2)?.to).toBe("safe");
  expect(fallbackOf(null, null, 2)).toBeNull();
});
