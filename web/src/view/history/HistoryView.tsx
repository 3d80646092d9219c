/**
 * Jobs that have ended.
 */
import type { JSX } from "solid-js";
import { t } from "../../text";

export function HistoryView(): JSX.Element {
  return (
    <div class="view">
      <h2>{t.views.history}</h2>
    </div>
  );
}
