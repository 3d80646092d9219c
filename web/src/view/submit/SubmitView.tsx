/**
 * Submits jobs.
 */
import type { JSX } from "solid-js";
import { t } from "../../text";

export function SubmitView(): JSX.Element {
  return (
    <div class="view">
      <h2>{t.views.submit}</h2>
    </div>
  );
}
