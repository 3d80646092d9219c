import { describe, expect, test } from "vitest";
import type { Submission, WholeSpec } from "../api/submit";
import { formOf } from "./schema";
import { at, check, draftOf, draftOfSubmission, emptyDraft, isEmpty, keptDraft, listed, nearest, shownAt, type Draft } from "./submission";

const form = formOf({
  type: "object",
  additionalProperties: false,
  required: ["mode"],
  properties: { mode: { enum: ["a", "b"] }, samples: { type: "integer", minimum: 1 } },
});
const draft = (more: Partial<Draft>): Draft => ({ ...emptyDraft(), scene: "/s/a.blend", options: { mode: '"a"' }, ...more });

describe("the submission of a draft", () => {
  test("only what is set is sent", () => {
    expect(check(draft({}), form)).toEqual({ submission: { scene: "/s/a.blend", options: { mode: "a" } }, wrong: [] });
  });

  test.each<[Partial<Draft>, Partial<Submission>]>([
    [{ frames: " 1-5 " }, { frames: "1-5" }],
    [{ plugin: "blender" }, { plugin: "blender" }],
    [{ plugin: "blender", pluginVersion: "^2" }, { plugin: "blender@^2" }],
    [{ plugin: "blender", pluginVersion: "^2", digest: "serving" }, { plugin: { name: "blender@^2", digest: "serving" } }],
    [{ digest: "0a1b" }, { plugin: { digest: "0a1b" } }],
    [{ layers: ["one", "two"] }, { layers: ["one", "two"] }],
    [{ priority: "0" }, { priority: 0 }],
    [{ after: "3, 4 ,5" }, { after: [3, 4, 5] }],
    [{ order: "spread" }, { order: "spread" }],
    [{ chunk: "whole" }, { chunk: "whole" }],
    [{ chunk: "fixed", chunkSize: "8" }, { chunk: { fixed: 8 } }],
    [{ threads: "4", memory: " 12 GB " }, { threads: 4, memory: "12 GB" }],
    [{ gpus: "0" }, { gpus: 0 }],
    [{ gpus: "2" }, { gpus: 2 }],
    [{ gpus: "1", gpuMemory: "8GiB" }, { gpus: { count: 1, memory: "8GiB", required: true } }],
    [{ gpus: "1", gpuOptional: true }, { gpus: { count: 1, required: false } }],
    [{ licences: "arnold, nuke_r" }, { licences: ["arnold", "nuke_r"] }],
    [{ skipExisting: true, paused: true }, { skip_existing: true, paused: true }],
    [{ levels: ["safe"], startLevel: "safe" }, { levels: ["safe"], start_level: "safe" }],
    [{ hooks: [{ name: " p.sh ", at: "after-job", on_failure: "warn" }] }, { hooks: [{ name: "p.sh", at: "after-job", on_failure: "warn" }] }],
    [
      { notify: [{ to: "webhook", name: " chat ", on: ["end"] }, { to: "command", name: "tell.sh", on: ["first-failure", "end"] }] },
      { notify: [{ webhook: "chat", on: ["end"] }, { command: "tell.sh", on: ["first-failure", "end"] }] },
    ],
    [{ limits: { retries: "0", max_tasks: "", stall_seconds: "60" } }, { limits: { retries: 0, stall_seconds: 60 } }],
    [{ options: { mode: '"b"', samples: "16" } }, { options: { mode: "b", samples: 16 } }],
  ])("%j", (more, expected) => {
    const { submission, wrong } = check(draft(more), form);
    expect(wrong).toEqual([]);
    expect(submission).toEqual({ scene: "/s/a.blend", options: { mode: "a" }, ...expected });
    // And back: what was submitted from this browser can be submitted again just so.
    expect(check(draftOfSubmission(submission, form), form).submission).toEqual(submission);
  });

  test.each<[Partial<Draft>, string[]]>([
    [{ scene: "" }, ["/scene"]],
    [{ scene: "shots/a.blend" }, ["/scene"]],
    [{ scene: "P:\\shows\\a.blend" }, []],
    [{ scene: "\\\\server\\shows\\a.blend" }, []],
    [{ frames: "1-" }, ["/frames"]],
    [{ priority: "101" }, ["/priority"]],
    [{ priority: "-1" }, ["/priority"]],
    [{ threads: "0" }, ["/threads"]],
    [{ after: "1, x" }, ["/after/1"]],
    [{ chunk: "fixed", chunkSize: "" }, ["/chunk/fixed"]],
    [{ chunk: "fixed", chunkSize: "0" }, ["/chunk/fixed"]],
    [{ memory: "12" }, ["/memory"]],
    [{ gpus: "65" }, ["/gpus"]],
    [{ gpuMemory: "8 GB" }, ["/gpus"]],
    [{ gpus: "1", gpuMemory: "much" }, ["/gpus/memory"]],
    [{ limits: { max_tasks: "0" } }, ["/limits/max_tasks"]],
    [{ hooks: [{ name: "", at: "after-job", on_failure: "fail" }] }, ["/hooks/0/name"]],
    [{ notify: [{ to: "command", name: "", on: [] }] }, ["/notify/0/command", "/notify/0/on"]],
    [{ options: { samples: "0" } }, ["/options/mode", "/options/samples"]],
  ])("%j is wrong at %j", (more, pointers) => {
    expect(check(draft(more), form).wrong.map((one) => one.pointer)).toEqual(pointers);
  });

  test("without a plugin no options are sent", () => {
    expect(check(draft({ options: { mode: '"a"' } }), null).submission).toEqual({ scene: "/s/a.blend" });
  });
});

const SPEC = {
  name: "shot", user: null, scene: "/s/a.blend", plugin: { name: "x", version: null }, dcc_version: null, frames: "1", layers: [],
  output: null, options: {}, priority: 50, after: [], order: "forward", chunk: "auto", threads: null, skip_existing: false,
  limits: {}, levels: [], hooks: [], licences: [], needs: [],
};

test("a job is submitted again", () => {
  const spec = {
    name: "shot", user: "ada", scene: "/s/a.blend", plugin: { name: "x", version: "^1", digest: null }, dcc_version: "^4",
    frames: "1-9", layers: ["L"], output: "/o/####", options: { mode: "b", old: [1] }, priority: 70, after: [3], order: "reverse",
    chunk: { fixed: 2 }, threads: 4, skip_existing: true, limits: { retries: 1, max_tasks: null }, levels: ["safe"],
    hooks: [{ name: "p.sh", at: "after-job", on_failure: "hold" }], licences: ["nuke_r"],
    needs: [{ level: "safe", memory_bytes: 1.5e9, gpus: { count: 2, memory_bytes: 12 * 2 ** 30, required: false } }],
    notify: [{ on: ["end"], webhook: "chat" }],
  } as unknown as WholeSpec;
  const again = draftOf(spec, form);
  expect(check(again, form)).toEqual({
    wrong: [],
    submission: {
      name: "shot", user: "ada", scene: "/s/a.blend", plugin: "x@^1", dcc_version: "^4", frames: "1-9", layers: ["L"],
      output: "/o/####", options: { mode: "b" }, priority: 70, after: [3], order: "reverse", chunk: { fixed: 2 }, threads: 4,
      skip_existing: true, limits: { retries: 1 }, levels: ["safe"], hooks: [{ name: "p.sh", at: "after-job", on_failure: "hold" }],
      notify: [{ on: ["end"], webhook: "chat" }], licences: ["nuke_r"], memory: "1.5 GB", gpus: { count: 2, memory: "12 GiB", required: false },
    },
  });
  // What the plugin has no option for is kept and shown.
  expect(again.options["old"]).toEqual({ json: "[1]" });
  const open = formOf({ properties: { mode: { enum: ["b"] } } });
  expect(check(draftOf(spec, open), open).submission.options).toEqual({ mode: "b", old: [1] });
});

test.each<[string[], unknown[], Partial<Draft>]>([
  // The plugin's own levels, where the job may use all of them.
  [[], [{ level: "a", memory_bytes: 2e9, gpus: null }, { level: "b", memory_bytes: 2e9, gpus: null }], { memory: "2 GB", gpus: "" }],
  // One level that needs nothing, or something else: it was not said by a person, who says it for all.
  [[], [{ level: "a", memory_bytes: 2e9, gpus: null }], { memory: "" }],
  [[], [{ level: "a", memory_bytes: 2e9, gpus: null }, { level: "b", memory_bytes: 3e9, gpus: null }], { memory: "" }],
  [["a"], [{ level: "a", memory_bytes: 1234567, gpus: null }], { memory: "1234567 B" }],
  // GPUs are said of the levels that want some.
  [[], [{ level: "a", memory_bytes: null, gpus: { count: 1, memory_bytes: null, required: true } }], { gpus: "1", gpuMemory: "", gpuOptional: false }],
  [[], [{ level: "a", memory_bytes: null, gpus: { count: 1, memory_bytes: null, required: true } }, { level: "b", memory_bytes: null, gpus: { count: 2, memory_bytes: null, required: true } }], { gpus: "" }],
])("a job of levels %j that needed %j is submitted again with what can be said", (levels, needs, expected) => {
  const spec = { ...SPEC, levels, needs } as unknown as WholeSpec;
  expect(draftOf(spec, form, ["a", "b"])).toMatchObject(expected);
});

test("what is wrong stands at one field, the nearest", () => {
  const fields = ["/gpus", "/gpus/memory", "/options/size", "/plugin"];
  expect(["/gpus/memory", "/gpus/count", "/options/size/0", "/options/x", "/pluginx"].map((pointer) => nearest(pointer, fields))).toEqual(["/gpus/memory", "/gpus", "/options/size", undefined, undefined]);
  const message = "`^x` is no version requirement";
  expect(shownAt({ pointer: "/plugin/name", message }, draft({ pluginVersion: "^x" }))).toBe("/plugin/version");
  expect(shownAt({ pointer: "/plugin", message }, draft({ pluginVersion: "^x" }))).toBe("/plugin/version");
  expect(shownAt({ pointer: "/plugin", message: "the plugin could not check the job" }, draft({ pluginVersion: "^x" }))).toBe("/plugin");
  expect(shownAt({ pointer: "/plugin", message }, draft({}))).toBe("/plugin");
  expect(shownAt({ pointer: "/scene", message }, draft({ pluginVersion: "^x" }))).toBe("/scene");
});

describe("a draft that was kept", () => {
  test("comes back as it was", () => {
    const one = draft({ frames: "1-", layers: ["a"], options: { mode: { json: "{" } } });
    expect(keptDraft(JSON.parse(JSON.stringify(one)))).toEqual(one);
  });

  test.each<[unknown]>([[null], [undefined], ["text"], [[]], [7]])("of %j is an empty one", (kept) => {
    expect(keptDraft(kept)).toEqual(emptyDraft());
  });

  test("of another version of the page keeps what can be kept", () => {
    const kept = { scene: "/a", frames: 7, layers: ["x", 1], hooks: [{ name: "a", at: "never", on_failure: "fail" }], order: "odd", chunk: "odd", options: null, more: 1 };
    expect(keptDraft(kept)).toEqual({ ...emptyDraft(), scene: "/a", layers: ["x"] });
  });

  test("is empty when nobody would miss it", () => {
    expect(isEmpty(emptyDraft("ada"))).toBe(true);
    expect(isEmpty({ ...emptyDraft(), options: { a: " " } })).toBe(true);
    expect(isEmpty({ ...emptyDraft(), options: { a: true } })).toBe(false);
    expect(isEmpty({ ...emptyDraft(), frames: "1" })).toBe(false);
  });
});

test("what is wrong is found at its field", () => {
  const wrong = ["/layers", "/layers/0", "/layersx"].map((pointer) => ({ pointer, message: "" }));
  expect(at(wrong, "/layers").map((one) => one.pointer)).toEqual(["/layers", "/layers/0"]);
  expect(listed(" a,, b ")).toEqual(["a", "b"]);
});
