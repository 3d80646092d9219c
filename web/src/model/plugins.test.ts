import { expect, test } from "vitest";
import type { PluginView, VersionStanding } from "../api/types";
import { pluginState, pluginTrouble } from "./plugins";

function plugin(state: PluginView["state"], standing: VersionStanding): PluginView {
  return {
    name: "maya",
    state,
    source: "maya.wasm",
    serving: null,
    summary: null,
    extensions: [],
    levels: [],
    failure: null,
    standing,
    changed: "2026-01-01T00:00:00Z",
  };
}

const at = "2026-01-01T00:00:00Z";
const waiting = { digest: "b", version: "2.0.0", source: "maya.wasm" };

test("what was decided goes before what the slot is", () => {
  const cases: [PluginView, string][] = [
    [plugin("serving", {}), "serving"],
    [plugin("degraded", {}), "degraded"],
    [plugin("serving", { pinned: { digest: "a", at, by: null }, waiting }), "pinned"],
    [plugin("degraded", { held: waiting }), "held back"],
    [plugin("degraded", { rolled_back: { digest: "b", version: "2.0.0", at } }), "rolled back"],
  ];
  for (const [view, expected] of cases) expect(pluginState(view)).toBe(expected);
});

test("trouble says whose it is", () => {
  const rolledBack = plugin("degraded", { rolled_back: { digest: "b", version: "2.0.0", at } });
  expect(pluginTrouble(rolledBack)).toContain("rolled back");
  expect(pluginTrouble(plugin("degraded", {}))).toContain("refused");
  expect(pluginTrouble(plugin("degraded", { trouble: "it traps" }))).toContain("that serves");
});
