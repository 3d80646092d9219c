/**
 * What people can decide about a plugin's versions at the moment.
 */
import type { PluginVersions, VersionAction, VersionView } from "../api/plugins";
import type { PluginView } from "../api/types";

export interface Choice {
  readonly action: VersionAction;
  /** Absent: the daemon knows which. */
  readonly digest: string | null;
  readonly version: string | null;
}

/** Above the plugin: what is most likely wanted. */
export function choicesOf(plugin: PluginView, versions: PluginVersions | null): Choice[] {
  const { pinned, held, rolled_back } = plugin.standing;
  const choices: Choice[] = [];
  const aside = held ?? rolled_back;
  if (aside !== undefined) choices.push({ action: "confirm", digest: aside.digest, version: aside.version });
  const before = versions?.history.find((line) => !line.serving && line.kept && line.aside === null);
  if (plugin.serving !== null && before !== undefined && pinned === undefined) {
    choices.push({ action: "rollback", digest: before.entry.digest, version: before.entry.version });
  }
  if (pinned !== undefined) choices.push({ action: "unpin", digest: null, version: plugin.serving?.version ?? null });
  else if (plugin.serving !== null) choices.push({ action: "pin", digest: null, version: plugin.serving.version });
  return choices;
}

/** Of one line of the history. */
export function choicesOfVersion(line: VersionView): Choice[] {
  if (line.serving || !line.kept) return [];
  const of = (action: VersionAction): Choice => ({ action, digest: line.entry.digest, version: line.entry.version });
  return line.aside === null ? [of("rollback"), of("pin")] : [of("confirm")];
}
