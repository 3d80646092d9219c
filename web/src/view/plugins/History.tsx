/**
 * The versions of a plugin: which served from when on, on whose decision, and which of them can serve again.
 */
import { For, Show, type JSX } from "solid-js";
import type { PluginVersions, VersionView } from "../../api/plugins";
import { bytes } from "../../model/format";
import { choicesOfVersion } from "../../model/versions";
import { t } from "../../text";
import { Time } from "../common/parts";
import { Decisions } from "./Decisions";

/** More than anybody looks back; the rest is in `farmhand plugin history`. */
const SHOWN = 30;

export function History(props: { name: string; versions: PluginVersions }): JSX.Element {
  return (
    <section data-part="versions" aria-labelledby="plugin-versions">
      <h3 id="plugin-versions">{t.plugins.versions}</h3>
      <ol class="version-list">
        <For each={props.versions.history.slice(0, SHOWN)}>{(line) => <Line name={props.name} line={line} />}</For>
      </ol>
    </section>
  );
}

function Line(props: { name: string; line: VersionView }): JSX.Element {
  const entry = () => props.line.entry;
  return (
    <li class="version-line" data-version={entry().version} classList={{ serving: props.line.serving }}>
      <span class="quiet">
        <Time at={entry().at} />
      </span>
      <b>{entry().version}</b>
      <code title={entry().digest}>{entry().digest.slice(0, 12)}</code>
      <span class="version-why">
        {t.plugins.reason(entry().reason)}
        <span class="quiet">
          {" "}
          {entry().source}, {bytes(entry().bytes)}
        </span>
        <Show when={props.line.aside}>
          {(aside) => <span class="stuck"> {t.plugins.setAside(t.plugins.reason(aside()))}</span>}
        </Show>
        <Show when={!props.line.kept}>
          <span class="quiet"> {t.plugins.notKept}</span>
        </Show>
      </span>
      <Show when={props.line.serving} fallback={<Decisions name={props.name} choices={choicesOfVersion(props.line)} />}>
        <strong class="is-done">{t.plugins.servesNow}</strong>
      </Show>
    </li>
  );
}
