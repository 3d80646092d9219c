/**
 * What a plugin's calls cost and came to, what went wrong in its attempts, what it may see and use, and its options.
 */
import { For, Show, type JSX } from "solid-js";
import type { CallFigures, PluginDetail } from "../../api/plugins";
import { amount, clock, count, duration, roughly, secondsBetween } from "../../model/format";
import { optionRows } from "../../model/options";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { WarnShape } from "../common/icons";
import { Prose, Time } from "../common/parts";
import { usePage } from "../shell/context";

/** Calls take less than a millisecond as a rule. */
const span = (seconds: number): string => (seconds < 0.0995 ? `${(seconds * 1000).toPrecision(2)} ms` : duration(seconds));

export function Calls(props: { detail: PluginDetail }): JSX.Element {
  const { now } = usePage();
  const failed = () => props.detail.calls.filter((figures) => figures.last_failure !== null);
  return (
    <section data-part="calls" aria-labelledby="plugin-calls">
      <h3 id="plugin-calls">
        {t.plugins.calls} <span class="quiet">{t.plugins.callsSince(clock(props.detail.calls_since, now()))}</span>
      </h3>
      <Show when={props.detail.calls.length > 0} fallback={<p class="quiet">{t.plugins.noCalls}</p>}>
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby="plugin-calls">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t.plugins.function}</th>
                <For each={[t.plugins.count, t.plugins.failures, t.plugins.median, t.plugins.p99, t.plugins.peak]}>
                  {(head) => (
                    <th scope="col" class="amount">
                      {head}
                    </th>
                  )}
                </For>
              </tr>
            </thead>
            <tbody>
              <For each={props.detail.calls}>{(figures) => <Call figures={figures} />}</For>
            </tbody>
          </table>
        </div>
        <For each={failed()}>
          {(figures) => (
            <Show when={figures.last_failure}>
              {(failure) => (
                <div class="call-failure" data-function={figures.function}>
                  <p>
                    {t.plugins.lastFailure(
                      figures.function,
                      failure().version,
                      roughly(secondsBetween(failure().at, now())),
                    )}
                  </p>
                  <pre class="failure" tabindex="0" aria-label={t.plugins.lastError}>
                    {failure().message}
                  </pre>
                </div>
              )}
            </Show>
          )}
        </For>
      </Show>
    </section>
  );
}

function Call(props: { figures: CallFigures }): JSX.Element {
  return (
    <tr data-function={props.figures.function} title={t.plugins.ofLast(props.figures.of_last)}>
      <th scope="row">
        <code>{props.figures.function}</code>
      </th>
      <td class="amount">{count(props.figures.calls)}</td>
      <td class="amount" classList={{ bad: props.figures.failures > 0 }}>
        {count(props.figures.failures)}
      </td>
      <td class="amount">{span(props.figures.median_seconds)}</td>
      <td class="amount">{span(props.figures.p99_seconds)}</td>
      <td class="amount">{amount(props.figures.peak_memory_bytes)}</td>
    </tr>
  );
}

export function Faults(props: { detail: PluginDetail }): JSX.Element {
  return (
    <section data-part="faults" aria-labelledby="plugin-faults">
      <h3 id="plugin-faults">
        {t.plugins.faults}
        <Show when={props.detail.faults.length > 0}>
          <span class="quiet"> {t.plugins.faultsOf(props.detail.attempts_seen)}</span>
        </Show>
      </h3>
      <Show
        when={props.detail.faults.length > 0}
        fallback={<p class="quiet">{t.plugins.noFaults(props.detail.attempts_seen)}</p>}
      >
        <ul class="fault-list">
          <For each={props.detail.faults}>
            {(fault) => (
              <li data-cause={fault.cause}>
                <span class="amount">{count(fault.count)}</span>
                <span>
                  <b>{fault.cause}</b> <span class="quiet">{fault.severity}</span>
                </span>
                <span class="path">
                  <Prose text={fault.message} />{" "}
                  <a href={attemptAddress(fault.job, fault.attempt)}>{t.images.attempt(fault.attempt)}</a>{" "}
                  <span class="quiet">
                    <Time at={fault.at} />
                  </span>
                </span>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}

export function Programs(props: { name: string }): JSX.Element {
  const { farm } = usePage();
  const tools = () => farm.state.node?.tools.filter((tool) => tool.plugin === props.name) ?? [];
  return (
    <Show when={tools().length > 0}>
      <section data-part="programs" aria-labelledby="plugin-programs">
        <h3 id="plugin-programs">{t.plugins.programs}</h3>
        <dl class="facts">
          <For each={tools()}>
            {(tool) => (
              <>
                <dt>
                  {tool.id} {tool.version}
                </dt>
                <dd class="path">
                  <Show when={tool.problem} fallback={tool.path ?? t.node.notFound}>
                    {(problem) => (
                      <>
                        <WarnShape /> <Prose text={problem()} />
                      </>
                    )}
                  </Show>
                </dd>
              </>
            )}
          </For>
        </dl>
      </section>
    </Show>
  );
}

export function Sight(props: { detail: PluginDetail }): JSX.Element {
  const grants = () => props.detail.grants;
  const hasConfig = () => Object.keys(grants().config).length > 0;
  const hasNone = () => grants().read.length === 0 && grants().env.length === 0 && !hasConfig();
  const limits = () => {
    const { call_seconds, read_seconds, describe_seconds, memory_bytes, log_bytes } = props.detail.limits;
    const say = t.plugins.limitOf;
    return [
      say.call(span(call_seconds)),
      say.read(span(read_seconds)),
      say.describe(span(describe_seconds)),
      say.memory(amount(memory_bytes)),
      say.log(amount(log_bytes)),
      t.plugins.rollbackAfter(props.detail.rollback_after),
      ...(props.detail.gate === null ? [] : [t.plugins.gate(props.detail.gate)]),
    ].join(" · ");
  };
  return (
    <section data-part="grants" aria-labelledby="plugin-grants">
      <h3 id="plugin-grants">{t.plugins.sees}</h3>
      <Show when={!hasNone()} fallback={<p class="quiet">{t.plugins.seesNothing}</p>}>
        <dl class="facts">
          <Show when={grants().read.length > 0}>
            <dt>{t.plugins.reads}</dt>
            <dd class="path">{grants().read.join(", ")}</dd>
          </Show>
          <Show when={grants().env.length > 0}>
            <dt>{t.plugins.env}</dt>
            <dd>
              <For each={grants().env}>
                {(one) => (
                  <span>
                    <code>{one.name}</code> <Show when={!one.is_set}>({t.plugins.notSet})</Show>{" "}
                  </span>
                )}
              </For>
            </dd>
          </Show>
          <Show when={hasConfig()}>
            <dt>{t.plugins.config}</dt>
            <dd>
              <pre>{JSON.stringify(grants().config, null, 2)}</pre>
            </dd>
          </Show>
        </dl>
      </Show>
      <h3>{t.plugins.limits}</h3>
      <p>{limits()}</p>
    </section>
  );
}

export function Options(props: { detail: PluginDetail }): JSX.Element {
  const rows = () => optionRows(props.detail.options_schema);
  return (
    <section data-part="options" aria-labelledby="plugin-options">
      <h3 id="plugin-options">{t.plugins.options}</h3>
      <Show when={rows().length > 0} fallback={<p class="quiet">{t.plugins.noOptions}</p>}>
        <div class="table-scroll" tabindex="0" role="group" aria-labelledby="plugin-options">
          <table class="table">
            <thead>
              <tr>
                <th scope="col">{t.plugins.option}</th>
                <th scope="col">{t.plugins.kind}</th>
                <th scope="col">{t.plugins.usual}</th>
                <th scope="col">{t.plugins.meaning}</th>
              </tr>
            </thead>
            <tbody>
              <For each={rows()}>
                {(row) => (
                  <tr data-option={row.name}>
                    <th scope="row">
                      <code>{row.name}</code>
                    </th>
                    <td>{row.kind}</td>
                    <td>{row.isRequired ? t.plugins.required : <Show when={row.usual}>{(usual) => <code>{usual()}</code>}</Show>}</td>
                    <td class="meaning">{row.meaning}</td>
                  </tr>
                )}
              </For>
            </tbody>
          </table>
        </div>
      </Show>
    </section>
  );
}
