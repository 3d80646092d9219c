import { expect, test } from "vitest";
import type { PluginVersions, VersionView } from "../api/plugins";
import type { PluginView } from "../api/types";
import { choicesOf, choicesOfVersion } from "./versions";

const line = (version: string, more: Partial<VersionView> = {}): VersionView => ({
  entry: {
    digest: `d${version}`,
    version,
    form: "script",
    language: "Python",
    bytes: 1,
    source: "look.py",
    at: "",
    reason: { kind: "saved" },
  },
  serving: false,
  kept: true,
  aside: null,
  ...more,
});
const history = (...lines: VersionView[]): PluginVersions => ({ name: "look", standing: {}, history: lines, confirmed: [] });
const plugin = (more: Partial<PluginView> = {}): PluginView =>
  ({ name: "look", state: "serving", serving: { name: "look", version: "2", digest: "d2", generation: 2 }, standing: {}, ...more }) as PluginView;
const shown = (choices: ReturnType<typeof choicesOf>): string[] => choices.map(({ action, version }) => `${action} ${version}`);

test("the version before is the nearest that is kept and was not set aside", () => {
  const two = line("2", { serving: true });
  expect(shown(choicesOf(plugin(), history(two, line("1"))))).toEqual(["rollback 1", "pin 2"]);
  const failed = line("1.5", { aside: { kind: "failed" } });
  expect(shown(choicesOf(plugin(), history(two, failed, line("1.2", { kept: false }), line("1"))))).toEqual(["rollback 1", "pin 2"]);
  expect(shown(choicesOf(plugin(), history(two)))).toEqual(["pin 2"]);
  expect(shown(choicesOf(plugin(), null))).toEqual(["pin 2"]);
});

test("a pin ends first, and what was set aside may be let in", () => {
  const pinned = { pinned: { digest: "d2", at: "", by: null } };
  expect(shown(choicesOf(plugin({ standing: pinned }), history(line("1"))))).toEqual(["unpin 2"]);
  const back = { rolled_back: { digest: "d3", version: "3", at: "" } };
  expect(shown(choicesOf(plugin({ standing: back }), history(line("1"))))).toEqual(["confirm 3", "rollback 1", "pin 2"]);
  const none = plugin({ serving: null, standing: { held: { digest: "d4", version: "4", source: "look.py" } } });
  expect(shown(choicesOf(none, null))).toEqual(["confirm 4"]);
});

test("a line of the history can serve again where its bytes are kept", () => {
  expect(shown(choicesOfVersion(line("1")))).toEqual(["rollback 1", "pin 1"]);
  expect(shown(choicesOfVersion(line("1", { aside: { kind: "failed" } })))).toEqual(["confirm 1"]);
  expect(choicesOfVersion(line("1", { kept: false }))).toEqual([]);
  expect(choicesOfVersion(line("1", { serving: true }))).toEqual([]);
});
