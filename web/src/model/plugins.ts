/**
 * What people should know of a plugin slot at first sight.
 */
import type { PluginView } from "../api/types";
import { t } from "../text";

/** Its state in a word: what was decided goes before what it is. */
export function pluginState(plugin: PluginView): string {
  const { pinned, held, rolled_back } = plugin.standing;
  if (pinned !== undefined) return t.plugins.pinned;
  if (held !== undefined) return t.plugins.heldBack;
  if (rolled_back !== undefined) return t.plugins.rolledBack;
  return t.plugins.state[plugin.state];
}

/** What stands above the failure of a plugin that serves all the same. */
export function pluginTrouble(plugin: PluginView): string {
  if (plugin.standing.rolled_back !== undefined) return t.plugins.wentBack;
  return plugin.standing.trouble === undefined ? t.plugins.refused : t.plugins.troubled;
}
