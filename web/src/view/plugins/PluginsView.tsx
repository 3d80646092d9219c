/**
 * The plugins, and how they are.
 */
import type { JSX } from "solid-js";
import { PluginPanel } from "./PluginPanel";

export function PluginsView(): JSX.Element {
  return (
    <div class="view">
      <PluginPanel />
    </div>
  );
}
