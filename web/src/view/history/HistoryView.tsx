/**
 * What has ended, and the report of what is chosen: the list beside the report on a desk, one of them on a phone.
 */
import { Show, type JSX } from "solid-js";
import type { SubjectKind } from "../../api/reports";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { createPast } from "./past";
import { PastList } from "./PastList";
import { ReportPane } from "./ReportPane";
import "./history.css";

export interface Chosen {
  readonly kind: SubjectKind;
  readonly id: number;
}

export function HistoryView(): JSX.Element {
  const { farm, route } = usePage();
  const past = createPast(farm);
  const chosen = (): Chosen | null => {
    const [kind, id] = route().rest;
    return (kind === "job" || kind === "batch") && /^\d+$/.test(id ?? "") ? { kind, id: Number(id) } : null;
  };
  return (
    <div class="history" classList={{ "history-chosen": chosen() !== null }}>
      <PastList past={past} chosen={chosen()} />
      <Show when={chosen()} fallback={<p class="history-choose empty">{t.history.choose}</p>}>
        {(which) => <ReportPane kind={which().kind} id={which().id} past={past} />}
      </Show>
    </div>
  );
}
