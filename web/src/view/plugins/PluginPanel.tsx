/**
 * Every plugin slot: who serves, since when, and why a newer version does not.
 */
import { For, Show, type JSX } from "solid-js";
import type { PluginView } from "../../api/types";
import { roughly, secondsBetween } from "../../model/format";
import { pluginState, pluginTrouble } from "../../model/plugins";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { PluginShape } from "../common/icons";

export function PluginPanel(): JSX.Element {
  const { farm } = usePage();
  return (
    <section class="panel plugins" aria-label={t.plugins.heading}>
      <h2>{t.plugins.heading}</h2>
      <ul>
        <For each={farm.state.plugins} fallback={<li class="quiet">{t.plugins.none}</li>}>
          {(plugin) => <Plugin plugin={plugin} />}
        </For>
      </ul>
    </section>
  );
}

function Plugin(props: { plugin: PluginView }): JSX.Element {
  const { now } = usePage();
  return (
    <li class={`plugin plugin-${props.plugin.state}`} data-plugin={props.plugin.name}>
      <div class="plugin-line">
        <PluginShape state={props.plugin.state} />
        <strong>{props.plugin.name}</strong>
        <Show when={props.plugin.serving}>{(stamp) => <span>{stamp().version}</span>}</Show>
        <span class="quiet right">{pluginState(props.plugin)}</span>
      </div>
      <Show when={props.plugin.summary}>{(summary) => <p class="quiet">{summary()}</p>}</Show>
      <Show when={props.plugin.failure}>
        {(failure) => (
          <div class="callout" classList={{ "callout-bad": props.plugin.state === "failed" }}>
            <Show when={props.plugin.state === "degraded"}>
              <p>{pluginTrouble(props.plugin)}</p>
            </Show>
            <pre class="failure">{failure()}</pre>
          </div>
        )}
      </Show>
      <Show when={props.plugin.standing.pinned}>
        {(pin) => (
          <p class="quiet">
            {t.plugins.pinnedBy(pin().by, roughly(secondsBetween(pin().at, now())))}
            <Show when={props.plugin.standing.waiting}>
              {(waiting) => <> {t.plugins.waits(waiting().version, waiting().source)}</>}
            </Show>
          </p>
        )}
      </Show>
      <p class="quiet plugin-meta">
        <Show when={props.plugin.serving}>
          {(stamp) => (
            <>
              <code title={stamp().digest}>{stamp().digest.slice(0, 12)}</code>
              <span>{t.plugins.generation(stamp().generation)}</span>
            </>
          )}
        </Show>
        <span>{props.plugin.source}</span>
        <span>{t.plugins.changed(roughly(secondsBetween(props.plugin.changed, now())))}</span>
      </p>
      <Show when={props.plugin.levels.length > 0}>
        <details>
          <summary>
            {t.plugins.levels}: {props.plugin.levels.map((level) => level.name).join(", ")}
          </summary>
          <ol class="levels">
            <For each={props.plugin.levels}>
              {(level) => (
                <li>
                  <strong>{level.name}</strong> {level.summary}
                </li>
              )}
            </For>
          </ol>
          <p class="quiet">
            {t.plugins.extensions}: {props.plugin.extensions.map((extension) => `.${extension}`).join(" ")}
          </p>
        </details>
      </Show>
    </li>
  );
}
