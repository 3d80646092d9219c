import { expect, test } from "vitest";
import type { AttemptView, Steps, TimeSpent } from "../api/types";
import { shares, spentUntil } from "./spent";

const at = (second: number): string => new Date(second * 1000).toISOString();
const NONE: TimeSpent = { waiting: 0, starting: 0, rendering: 0, verifying: 0 };

function attempt(started: number, steps: Partial<Record<keyof Steps, number>>, done = ""): AttemptView {
  const step = (name: keyof Steps): string | null => (steps[name] === undefined ? null : at(steps[name]));
  return {
    started: at(started),
    frames_done: done,
    steps: { running: step("running"), first_frame: step("first_frame"), process_ended: step("process_ended") },
  } as unknown as AttemptView;
}

function spent(read: Partial<TimeSpent>, live: AttemptView[], ended = false): TimeSpent {
  return spentUntil({ ...NONE, ...read }, 100_000, 160_000, ended, live);
}

test.each<[string, TimeSpent, Partial<TimeSpent>]>([
  ["a job that waits goes on waiting", spent({ waiting: 5 }, []), { waiting: 65 }],
  ["one that has ended does not", spent({ waiting: 5 }, [], true), { waiting: 5 }],
  ["an attempt that began before starts", spent({ starting: 9 }, [attempt(90, {})]), { starting: 69 }],
  ["one that began since ends the waiting", spent({}, [attempt(120, {})]), { waiting: 20, starting: 40 }],
  [
    "each step counts from where it begins",
    spent({}, [attempt(90, { running: 91, first_frame: 110, process_ended: 150 })]),
    { starting: 10, rendering: 40, verifying: 10 },
  ],
  ["a silent renderer has rendered since it was there", spent({}, [attempt(90, { running: 130 }, "1")]), { starting: 30, rendering: 30 }],
  ["attempts side by side are added up", spent({}, [attempt(90, {}), attempt(90, { first_frame: 95 })]), { starting: 60, rendering: 60 }],
])("%s", (_, found, expected) => {
  expect(found).toEqual({ ...NONE, ...expected });
});

test("a clock that runs behind takes nothing away", () => {
  expect(spentUntil({ ...NONE, waiting: 5 }, 100_000, 90_000, false, [])).toEqual({ ...NONE, waiting: 5 });
});

test("shares are of all that was spent", () => {
  expect(shares(NONE)).toEqual([]);
  const parts = shares({ waiting: 30, starting: 10, rendering: 60, verifying: 0 });
  expect(parts.map(({ step, percent }) => `${step} ${percent}`)).toEqual([
    "waiting 30",
    "starting 10",
    "rendering 60",
    "verifying 0",
  ]);
});
