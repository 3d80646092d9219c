/**
 * This machine: what it has, and who has it.
 */
import type { JSX } from "solid-js";
import { NodePanel } from "./NodePanel";

export function NodeView(): JSX.Element {
  return (
    <div class="view">
      <NodePanel />
    </div>
  );
}
