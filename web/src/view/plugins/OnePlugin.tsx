/**
 * One plugin in full. What its calls came to is read again when it changes and when renders start or end, since nothing
 * else calls it.
 */
import { createEffect, createSignal, For, on, onCleanup, Show, type JSX } from "solid-js";
import { readPlugin, readVersions, type PluginDetail, type PluginVersions } from "../../api/plugins";
import { asProblem, type Problem } from "../../api/problem";
import type { PluginView } from "../../api/types";
import { clock, roughly, secondsBetween } from "../../model/format";
import { pluginState, pluginTrouble } from "../../model/plugins";
import { choicesOf } from "../../model/versions";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { PluginShape } from "../common/icons";
import { BreakerCallout, ProblemText } from "../common/parts";
import { usePage } from "../shell/context";
import { Decisions } from "./Decisions";
import { Calls, Faults, Options, Programs, Sight } from "./Figures";
import { History } from "./History";

/** Calls come by the hundred while a farm is busy. */
const PAUSE_MS = 1_500;

export function OnePlugin(props: { plugin: PluginView }): JSX.Element {
  const { farm, now } = usePage();
  const [detail, setDetail] = createSignal<PluginDetail | null>(null);
  const [versions, setVersions] = createSignal<PluginVersions | null>(null);
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const name = (): string => props.plugin.name;
  const breakers = () => farm.state.node?.breakers.filter((one) => one.plugin === name()) ?? [];

  let isGone = false;
  onCleanup(() => (isGone = true));
  async function read(): Promise<void> {
    try {
      const [detail, versions] = await Promise.all([readPlugin(farm.client, name()), readVersions(farm.client, name())]);
      if (isGone) return;
      setDetail(detail);
      setVersions(versions);
      setProblem(null);
    } catch (error) {
      // What is shown stays what it was; a lost connection is told elsewhere.
      if (!isGone && farm.connection().kind === "live") setProblem(asProblem(error));
    }
  }
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  createEffect(
    on([farm.synced, () => props.plugin.changed], ([synced]) => {
      if (synced) void read();
    }),
  );
  createEffect(
    on(
      [() => farm.state.node?.leases.map((lease) => lease.attempt).join(), () => farm.state.jobsVersion],
      () => {
        timer ??= setTimeout(() => {
          timer = undefined;
          if (farm.synced() && !document.hidden) void read();
        }, PAUSE_MS);
      },
      { defer: true },
    ),
  );

  return (
    <article class="plugin-detail" data-plugin={name()} data-state={props.plugin.state}>
      <a class="plugin-back" href={viewAddress("plugins")}>
        {t.plugins.back}
      </a>
      <div class="plugin-head">
        <h2>
          {name()} {props.plugin.serving?.version}
        </h2>
        <span class="plugin-state">
          <PluginShape state={props.plugin.state} /> {pluginState(props.plugin)}
        </span>
        <Decisions name={name()} choices={choicesOf(props.plugin, versions())} />
      </div>
      <Show when={props.plugin.summary}>{(summary) => <p class="quiet">{summary()}</p>}</Show>
      <For each={breakers()}>{(breaker) => <BreakerCallout breaker={breaker} />}</For>
      <Show when={props.plugin.failure}>
        {(failure) => (
          <div class="callout" classList={{ "callout-bad": props.plugin.state === "failed" }} data-part="failure">
            <strong>{props.plugin.state === "degraded" ? pluginTrouble(props.plugin) : t.plugins.lastError}</strong>
            <pre class="failure" tabindex="0" aria-label={t.plugins.lastError}>
              {failure()}
            </pre>
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
      <Facts plugin={props.plugin} detail={detail()} />
      <Show when={problem()}>
        {(problem) => (
          <div class="callout callout-bad">
            <ProblemText problem={problem()} />
          </div>
        )}
      </Show>
      <Show when={detail()}>
        {(detail) => (
          <>
            <Calls detail={detail()} />
            <Faults detail={detail()} />
          </>
        )}
      </Show>
      <Show when={versions()}>{(versions) => <History name={name()} versions={versions()} />}</Show>
      <Programs name={name()} />
      <Show when={detail()}>
        {(detail) => (
          <>
            <Sight detail={detail()} />
            <Options detail={detail()} />
          </>
        )}
      </Show>
    </article>
  );
}

function Facts(props: { plugin: PluginView; detail: PluginDetail | null }): JSX.Element {
  const { now } = usePage();
  return (
    <dl class="facts">
      <Show when={props.plugin.serving}>
        {(stamp) => (
          <>
            <dt>{t.plugins.digest}</dt>
            <dd>
              <code class="path">{stamp().digest}</code>
            </dd>
            <dt>{t.plugins.generationWord}</dt>
            <dd data-fact="generation">{stamp().generation}</dd>
          </>
        )}
      </Show>
      <dt>{t.plugins.source}</dt>
      <dd class="path">{props.plugin.source}</dd>
      <Show when={props.detail !== null && props.plugin.serving !== null}>
        <dt>{t.plugins.form}</dt>
        <dd>{t.plugins.formOf(props.detail?.language ?? null)}</dd>
      </Show>
      <dt>{t.plugins.changedWord}</dt>
      <dd>
        {clock(props.plugin.changed, now())}{" "}
        <span class="quiet">({t.plugins.changed(roughly(secondsBetween(props.plugin.changed, now())))})</span>
      </dd>
      <Show when={props.plugin.extensions.length > 0}>
        <dt>{t.plugins.extensions}</dt>
        <dd>{props.plugin.extensions.map((extension) => `.${extension}`).join(" ")}</dd>
      </Show>
      <Show when={props.plugin.levels.length > 0}>
        <dt>{t.plugins.levels}</dt>
        <dd>
          <ol class="levels">
            <For each={props.plugin.levels}>
              {(level) => (
                <li>
                  <b>{level.name}</b> {level.summary}
                </li>
              )}
            </For>
          </ol>
        </dd>
      </Show>
    </dl>
  );
}
