/**
 * What happened.
 */
import type { JSX } from "solid-js";
import { NoticePanel } from "./NoticePanel";

export function EventsView(): JSX.Element {
  return (
    <div class="view">
      <NoticePanel />
    </div>
  );
}
