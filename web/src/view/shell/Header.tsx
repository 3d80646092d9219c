/**
 * The line at the top: where this is, whether it is live, and how much there is of what.
 */
import { For, Show, type JSX } from "solid-js";
import { VIEWS, viewAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "./context";

export function Header(): JSX.Element {
  const { farm, route } = usePage();
  const word = (): [string, string] => {
    const kind = farm.connection().kind;
    if (kind === "live") return farm.synced() ? ["live", t.connection.live] : ["syncing", t.connection.syncing];
    return kind === "offline" ? ["offline", t.connection.offline] : ["syncing", t.connection.connecting];
  };
  return (
    <header class="top">
      <a class="brand" href="#/">
        <svg viewBox="0 0 24 24" aria-hidden="true">
          <rect class="brand-done" x="2" y="3" width="5.5" height="18" rx="1.4" />
          <rect class="brand-done" x="9.25" y="3" width="5.5" height="18" rx="1.4" />
          <rect class="brand-rest" x="17.2" y="3.7" width="4.1" height="16.6" rx="1" />
          <rect class="brand-now" x="16.5" y="12" width="5.5" height="9" rx="1.4" />
        </svg>
        <h1>{t.product}</h1>
      </a>
      <nav class="views" aria-label={t.views.heading}>
        <For each={VIEWS}>
          {(view) => (
            <a href={viewAddress(view)} aria-current={route().view === view ? "page" : undefined}>
              {t.views[view]}
            </a>
          )}
        </For>
      </nav>
      <Show when={farm.state.node}>
        {(node) => (
          <span class="where">
            {node().name} <span class="quiet">{node().version}</span>
          </span>
        )}
      </Show>
      <span class="gap" />
      <span class={`connection connection-${word()[0]}`} role="status">
        <span class="connection-mark" aria-hidden="true" />
        {word()[1]}
      </span>
    </header>
  );
}
