/** What is said of plugins. */
import type { PluginView } from "../api/types";

export const plugins = {
  heading: "Plugins",
  none: "No plugins.",
  state: { serving: "serving", degraded: "degraded", failed: "failed" } satisfies Record<PluginView["state"], string>,
  pinned: "pinned",
  rolledBack: "rolled back",
  heldBack: "held back",
  refused: "A newer version was refused; this one goes on serving.",
  wentBack: "The newest version was rolled back from; this one serves.",
  troubled: "The version that serves is in trouble.",
  pinnedBy: (by: string | null, span: string): string =>
    by === null ? `Pinned ${span} ago.` : `Pinned by ${by} ${span} ago.`,
  waits: (version: string, source: string): string => `Version ${version} from ${source} waits for an unpin.`,
  generation: (generation: number): string => `generation ${generation}`,
  changed: (span: string): string => `changed ${span} ago`,
  levels: "Levels",
  extensions: "Scenes",
} as const;
