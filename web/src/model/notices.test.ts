import { describe, expect, test } from "vitest";
import type { Notice } from "../api/types";
import {
  countBySeverity,
  eventsAddress,
  filterOf,
  isFiltering,
  isWished,
  parseWish,
  tagOf,
  takes,
  toasted,
  unseenTrouble,
  type Toast,
} from "./notices";

const notice = (id: number, more: Partial<Notice> = {}): Notice => ({
  id,
  at: new Date(id * 1000).toISOString(),
  severity: "error",
  kind: "job-failed",
  job: id,
  batch: null,
  plugin: "blender",
  message: `Shot ${id} failed`,
  ...more,
});

describe("the filter", () => {
  test.each([
    ["", "#/events", false],
    ["severity=error,warning", "#/events?severity=error%2Cwarning", true],
    ["severity=warning,error,fatal", "#/events?severity=error%2Cwarning", true],
    ["job=12&plugin=maya&text=no+licence", "#/events?job=12&plugin=maya&text=no+licence", true],
    ["batch=7&job=12", "#/events?job=12&batch=7", true],
    ["job=x&batch=y&plugin=&text=", "#/events", false],
  ])("%s stands in the address as %s", (query, address, filters) => {
    const filter = filterOf(new URLSearchParams(query));
    expect([eventsAddress(filter), isFiltering(filter)]).toEqual([address, filters]);
  });

  test.each([
    ["", true],
    ["severity=error", true],
    ["severity=info,warning", false],
    ["job=3", true],
    ["job=4", false],
    ["batch=7", false],
    ["plugin=maya", false],
    ["text=SHOT", true],
    ["text=shoot", false],
  ])("%s takes the notice: %s", (query, expected) => {
    expect(takes(filterOf(new URLSearchParams(query)), notice(3))).toBe(expected);
  });
});

test("severities are counted", () => {
  const notices = [notice(1), notice(2, { severity: "info" }), notice(3)];
  expect(countBySeverity(notices)).toEqual({ error: 2, warning: 0, info: 1 });
});

test("trouble is what nobody here has seen of the last day", () => {
  const day = 24 * 3600;
  const notices = [notice(day + 30), notice(day + 20, { severity: "warning" }), notice(day + 10), notice(5)];
  const now = (day + 40) * 1000;
  expect(unseenTrouble(notices, 0, now)).toBe(2);
  expect(unseenTrouble(notices, day + 10, now)).toBe(1);
});

describe("toasts", () => {
  const shown = (notices: Notice[]): [string, number[]][] => {
    let toasts: readonly Toast[] = [];
    for (const one of notices) toasts = toasted(toasts, one);
    return toasts.map((toast) => [toast.kind, toast.notices.map(({ id }) => id)]);
  };
  test("are only of what needs a person, and one of each kind", () => {
    expect(shown([notice(1), notice(2, { severity: "warning" }), notice(3), notice(3), notice(4, { kind: "gpu-lost" })])).toEqual([
      ["gpu-lost", [4]],
      ["job-failed", [3, 1]],
    ]);
  });
  test("of jobs make room for the end of their batch", () => {
    const end = notice(5, { kind: "batch-failed", job: null, batch: 7 });
    const first = [notice(1, { batch: 7 }), notice(2), notice(3, { batch: 8 }), notice(4, { kind: "job-held", batch: 7 })];
    expect(shown([...first, end])).toEqual([
      ["batch-failed", [5]],
      ["job-failed", [3, 2]],
    ]);
    expect(shown([...first, { ...end, severity: "info", kind: "batch-cancelled" }])).toEqual([["job-failed", [3, 2]]]);
  });
  test("are few", () => {
    expect(shown([1, 2, 3, 4, 5].map((id) => notice(id, { kind: `${id}` }))).map(([kind]) => kind)).toEqual(["5", "4", "3", "2"]);
  });
});

describe("browser notifications", () => {
  test.each([
    ["nonsense", notice(1), "anna", false],
    [null, notice(1), "anna", false],
    ['{"of":"all"}', notice(1), null, true],
    ['{"of":"all"}', notice(1, { severity: "info", kind: "job-done" }), "anna", false],
    ['{"of":"mine","user":" Anna "}', notice(1, { severity: "info", kind: "job-done" }), "anna", true],
    ['{"of":"mine","user":"anna"}', notice(1, { batch: 7 }), "anna", true],
    ['{"of":"mine","user":"anna"}', notice(1, { batch: 7, severity: "warning" }), "anna", false],
    ['{"of":"mine","user":"anna"}', notice(1, { batch: 7, job: null, severity: "info", kind: "batch-done" }), "anna", true],
    ['{"of":"mine","user":"anna"}', notice(1), "bo", false],
    ['{"of":"mine","user":"anna"}', notice(1), null, false],
    ['{"of":"mine","user":"anna"}', notice(1, { kind: "gpu-lost", job: null }), null, false],
  ])("%s", (wish, one, owner, expected) => {
    expect(isWished(parseWish(wish), one, owner)).toBe(expected);
  });
});

test("browser notifications of one batch replace each other", () => {
  expect([tagOf(notice(1)), tagOf(notice(2, { batch: 7 })), tagOf(notice(3, { batch: 7, job: null }))]).toEqual([
    "farmhand-1",
    "farmhand-batch-7",
    "farmhand-batch-7",
  ]);
});
