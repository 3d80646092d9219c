/**
 * The plugins: all of them in a list, and the chosen one in full.
 */
import { Key } from "@solid-primitives/keyed";
import { Show, type JSX } from "solid-js";
import type { PluginView } from "../../api/types";
import { clock, roughly, secondsBetween } from "../../model/format";
import { pluginState } from "../../model/plugins";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { PluginShape } from "../common/icons";
import { usePage } from "../shell/context";
import { OnePlugin } from "./OnePlugin";
import "./plugins.css";

export function PluginsView(): JSX.Element {
  const { farm, route } = usePage();
  const chosen = () => route().rest[0] ?? null;
  return (
    <div class="plugins" classList={{ "has-plugin": chosen() !== null }}>
      <nav class="plugin-list" aria-label={t.plugins.heading}>
        <h2>{t.plugins.heading}</h2>
        <ul>
          <Key each={farm.state.plugins} by="name" fallback={<li class="quiet">{t.plugins.none}</li>}>
            {(plugin) => <Row plugin={plugin()} isChosen={plugin().name === chosen()} />}
          </Key>
        </ul>
      </nav>
      <div class="plugin-one">
        <Show when={chosen()} keyed fallback={<p class="empty">{t.plugins.choose}</p>}>
          {(name) => (
            <Show
              when={farm.state.plugins.find((plugin) => plugin.name === name)}
              fallback={<p class="empty">{farm.known() ? t.plugins.missing(name) : ""}</p>}
            >
              {(plugin) => <OnePlugin plugin={plugin()} />}
            </Show>
          )}
        </Show>
      </div>
    </div>
  );
}

function Row(props: { plugin: PluginView; isChosen: boolean }): JSX.Element {
  const { farm, now } = usePage();
  const breaker = () => farm.state.node?.breakers.find((one) => one.plugin === props.plugin.name);
  return (
    <li class="plugin" data-plugin={props.plugin.name} data-state={props.plugin.state} classList={{ chosen: props.isChosen }}>
      <PluginShape state={props.plugin.state} />
      <a href={viewAddress("plugins", props.plugin.name)} aria-current={props.isChosen ? "true" : undefined}>
        {props.plugin.name}
      </a>
      <span>{props.plugin.serving?.version}</span>
      <span class="right" classList={{ quiet: props.plugin.state === "serving", bad: props.plugin.state === "failed" }}>
        {pluginState(props.plugin)}
      </span>
      <span class="quiet plugin-sub">
        {props.plugin.source} · {t.plugins.changed(roughly(secondsBetween(props.plugin.changed, now())))}
      </span>
      <Show when={breaker()}>
        {(open) => <span class="stuck plugin-sub">{t.plugins.tripped(clock(open().until, now()))}</span>}
      </Show>
    </li>
  );
}
