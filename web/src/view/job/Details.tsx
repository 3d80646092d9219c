/**
 * What was submitted, what the plugin and the hooks said of it, and exactly what was run, by whom and at which level.
 */
import { For, Show, type JSX } from "solid-js";
import type { AttemptView, JobView, LevelNeeds } from "../../api/types";
import { amount, duration } from "../../model/format";
import { fallbackOf } from "../../model/fallbacks";
import { parseFrames } from "../../model/frames";
import { attemptAddress, jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { CopyButton } from "../common/CopyButton";
import { Prose, ProseList } from "../common/parts";
import { Command } from "./Command";
import { createOpenAttempt } from "./OpenAttempt";

export function Details(props: { view: JobView }): JSX.Element {
  const { attempt } = createOpenAttempt();
  return (
    <div class="part details-part">
      <Show when={props.view.notes.length > 0}>
        <section class="block">
          <h3>{t.job.notes}</h3>
          <ProseList texts={props.view.notes} />
        </section>
      </Show>
      <Show when={attempt()}>{(one) => <Ran view={props.view} attempt={one()} />}</Show>
      <Hooks view={props.view} />
      <Submitted view={props.view} />
    </div>
  );
}

function Ran(props: { view: JobView; attempt: AttemptView }): JSX.Element {
  const attempt = () => props.attempt;
  const fallback = () => fallbackOf(props.view, attempt().layer, parseFrames(attempt().frames)[0]?.first ?? 0, attempt().level_name);
  return (
    <section class="block" data-part="command">
      <h3>
        {t.details.ran} <a href={attemptAddress(attempt().job, attempt().id)}>{t.attempts.id(attempt().id)}</a>
      </h3>
      <dl class="facts">
        <Show when={attempt().plugin}>
          {(plugin) => (
            <>
              <dt>{t.details.plugin}</dt>
              <dd>
                <a href={viewAddress("plugins", plugin().name)}>
                  {plugin().name} {plugin().version}
                </a>{" "}
                <code class="digest" title={plugin().digest}>
                  {plugin().digest.slice(0, 12)}
                </code>{" "}
                <span class="quiet">{t.details.generation(plugin().generation)}</span>{" "}
                <CopyButton text={() => plugin().digest} label={t.details.copyDigest} />
              </dd>
            </>
          )}
        </Show>
        <dt>{t.details.level}</dt>
        <dd>
          {attempt().level_name}{" "}
          <Show when={fallback()} fallback={<span class="quiet">{t.details.firstLevel}</span>}>
            {(one) => (
              <span class="quiet">
                {t.details.fellBack(one().from, one().cause)} <Prose text={one().reason} />{" "}
                <a href={attemptAddress(attempt().job, one().attempt)}>{t.attempts.id(one().attempt)}</a>
              </span>
            )}
          </Show>
        </dd>
      </dl>
      <Show when={attempt().command} fallback={<p class="quiet">{t.details.noCommand}</p>}>
        {(command) => (
          <div class="command">
            <Command command={command()} />
          </div>
        )}
      </Show>
    </section>
  );
}

function Hooks(props: { view: JobView }): JSX.Element {
  return (
    <Show when={props.view.hooks.length > 0}>
      <section class="block" data-part="hooks">
        <h3>{t.job.hooks}</h3>
        <ul>
          <For each={props.view.hooks}>
            {(run) => (
              <li>
                {run.name}{" "}
                <span class="quiet">
                  · {run.moment} · {duration(run.seconds)}
                </span>{" "}
                <Show when={run.error}>
                  {(error) => (
                    <span class="bad">
                      {t.job.hookFailed}: <Prose text={error()} />
                    </span>
                  )}
                </Show>
              </li>
            )}
          </For>
        </ul>
      </section>
    </Show>
  );
}

/** `render: 1 GPU with 12 GB, 16 GB of memory`. */
function needsOf(needs: LevelNeeds): string {
  const parts = [
    ...(needs.gpus === null ? [] : [t.job.gpus(needs.gpus)]),
    ...(needs.memory_bytes === null ? [] : [t.job.memory(amount(needs.memory_bytes))]),
  ];
  return `${needs.level}: ${parts.join(", ")}`;
}

function Submitted(props: { view: JobView }): JSX.Element {
  const spec = () => props.view.spec;
  const texts = (): [string, string[]][] => [
    [t.job.levels, spec().levels],
    [t.job.needs, spec().needs.map(needsOf)],
    [t.job.licences, spec().licences],
    [t.job.layers, spec().layers],
  ];
  return (
    <section class="block submitted" data-part="submitted">
      <h3>{t.job.details}</h3>
      <dl class="facts">
        <dt>{t.job.scene}</dt>
        <dd class="path">{spec().scene}</dd>
        <dt>{t.job.frameSet}</dt>
        <dd>
          <code>{spec().frames}</code> <CopyButton text={() => spec().frames} label={t.chosen.copy} />
        </dd>
        <For each={texts().filter(([, all]) => all.length > 0)}>
          {([name, all]) => (
            <>
              <dt>{name}</dt>
              <dd>{all.join(", ")}</dd>
            </>
          )}
        </For>
        <Show when={spec().output}>
          <dt>{t.job.output}</dt>
          <dd class="path">{spec().output}</dd>
        </Show>
        <Show when={spec().after.length > 0}>
          <dt>{t.job.after}</dt>
          <dd>
            <For each={spec().after}>{(id) => <a href={jobAddress(id)}>{id} </a>}</For>
          </dd>
        </Show>
        <Show when={Object.keys(spec().options).length > 0}>
          <dt>{t.job.options}</dt>
          <dd>
            <pre>{JSON.stringify(spec().options, null, 2)}</pre>
          </dd>
        </Show>
      </dl>
    </section>
  );
}
