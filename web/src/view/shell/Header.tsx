/**
 * The line at the top: where this is, the parts of the page, and the farm at a glance: how full it is, what runs, waits
 * and failed, what somebody should look at, and whether all that is of now.
 */
import { createMemo, For, Show, type JSX } from "solid-js";
import type { JobSummary } from "../../api/types";
import { gpusHeld } from "../../model/leases";
import { eventsAddress } from "../../model/notices";
import { VIEWS, viewAddress } from "../../store/route";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import { SeverityShape } from "../common/severity";
import { usePage } from "./context";
import "./header.css";

const LATELY_MS = 24 * 3_600_000;

export function Header(props: { trouble: number }): JSX.Element {
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
      <Show when={farm.known()}>
        <Glance trouble={props.trouble} />
      </Show>
      <span class={`connection connection-${word()[0]}`} role="status">
        <span class="connection-mark" aria-hidden="true" />
        {word()[1]}
      </span>
    </header>
  );
}

function Glance(props: { trouble: number }): JSX.Element {
  const { farm, now } = usePage();
  const index = farm.state.index;
  const minute = createMemo(() => Math.floor(now() / 60_000));
  const counts = createMemo(() => {
    farm.state.jobsVersion;
    const since = minute() * 60_000 - LATELY_MS;
    const isLate = ({ finished }: JobSummary): boolean => finished !== null && Date.parse(finished) > since;
    return {
      running: index.count("running"),
      waiting: index.count("waiting"),
      failed: index.withStatus("failed").filter(isLate).length,
    };
  });
  const gpus = () => farm.state.node?.gpus.length ?? 0;
  return (
    <ul class="glance" aria-label={t.glance.heading}>
      <Show when={farm.state.node}>
        {(node) => (
          <>
            <li class="glance-node">
              <a href={viewAddress("node")}>{node().name}</a>
            </li>
            <li data-glance="slots" title={t.glance.slots(node().leases.length, node().slots)}>
              <b>
                {node().leases.length}/{node().slots}
              </b>{" "}
              <span class="quiet">{t.glance.slotsWord}</span>
            </li>
            <Show when={gpus() > 0}>
              <li data-glance="gpus" title={t.glance.gpus(gpusHeld(node().leases), gpus())}>
                <b>
                  {gpusHeld(node().leases)}/{gpus()}
                </b>{" "}
                <span class="quiet">{t.glance.gpusWord}</span>
              </li>
            </Show>
          </>
        )}
      </Show>
      <li data-glance="running">
        <JobShape status="running" /> <b>{counts().running}</b> <span class="quiet">{t.glance.running}</span>
      </li>
      <li data-glance="waiting">
        <JobShape status="waiting" /> <b>{counts().waiting}</b> <span class="quiet">{t.glance.waiting}</span>
      </li>
      <li data-glance="failed" classList={{ none: counts().failed === 0 }} title={t.glance.failedLately(counts().failed)}>
        <JobShape status="failed" /> <b>{counts().failed}</b> <span class="quiet">{t.glance.failed}</span>
      </li>
      <Show when={props.trouble > 0}>
        <li data-glance="trouble" class="glance-trouble">
          <a href={eventsAddress({ severities: ["error"] })} title={t.notify.trouble(props.trouble)}>
            <SeverityShape severity="warning" /> {t.glance.trouble(props.trouble)}
          </a>
        </li>
      </Show>
    </ul>
  );
}
