/**
 * This machine: who holds its slots and cores, which programs were found, and what it refuses to run for now.
 */
import { For, Show, type JSX } from "solid-js";
import type { LeaseView, NodeView } from "../api/types";
import { bytes, clock, roughly, secondsBetween } from "../model/format";
import { attemptAddress } from "../store/route";
import { t } from "../text";
import { usePage } from "./context";
import { WarnShape } from "./icons";
import { Meter, Prose } from "./parts";

export function NodePanel(): JSX.Element {
  const { farm } = usePage();
  return (
    <section class="panel node" aria-label={t.node.heading}>
      <h2>{t.node.heading}</h2>
      <Show when={farm.state.node} fallback={<p class="quiet">{t.node.unknown}</p>}>
        {(node) => <NodeFacts node={node()} />}
      </Show>
    </section>
  );
}

function NodeFacts(props: { node: NodeView }): JSX.Element {
  const { now } = usePage();
  const threads = () => props.node.leases.reduce((sum, lease) => sum + lease.threads, 0);
  const free = () => Array.from({ length: Math.max(0, props.node.slots - props.node.leases.length) });
  const cores = () => t.node.coresUsed(threads(), props.node.cores);
  return (
    <>
      <For each={props.node.breakers}>
        {(breaker) => (
          <div class="callout callout-bad">
            <strong>{t.node.breaker(breaker.plugin, breaker.gpu)}</strong>
            <p>
              <Prose text={breaker.reason} />
            </p>
            <p class="quiet">{t.node.breakerUntil(clock(breaker.until, now()))}</p>
          </div>
        )}
      </For>
      <h3>
        {t.node.slots} <span class="quiet">{t.node.slotsUsed(props.node.leases.length, props.node.slots)}</span>
      </h3>
      <ol class="slots">
        <For each={props.node.leases}>{(lease) => <Slot lease={lease} />}</For>
        <For each={free()}>{() => <li class="slot slot-free">{t.node.free}</li>}</For>
      </ol>
      <h3>
        {t.node.cores} <span class="quiet">{cores()}</span>
      </h3>
      <Meter used={threads()} all={props.node.cores} label={`${t.node.cores}: ${cores()}`} />
      <dl class="facts">
        <dt>{t.node.memory}</dt>
        <dd>{bytes(props.node.memory_bytes)}</dd>
        <dt>{t.node.threads}</dt>
        <dd>{props.node.threads_per_task}</dd>
        <dt>{t.node.gpus}</dt>
        <dd>
          <Show when={props.node.gpus.length > 0} fallback={props.node.gpu_state}>
            <For each={props.node.gpus}>
              {(gpu) => (
                <div>
                  {gpu.index} {gpu.name} <span class="quiet">{bytes(gpu.memory_bytes)}</span>
                </div>
              )}
            </For>
          </Show>
        </dd>
      </dl>
      <h3>
        {t.node.tools}
        <span class="quiet right">{t.node.up(roughly(secondsBetween(props.node.started, now())))}</span>
      </h3>
      <ul class="tools">
        <For each={props.node.tools} fallback={<li class="quiet">{t.node.noTools}</li>}>
          {(tool) => (
            <li class="tool">
              <Show when={tool.problem !== null || tool.path === null}>
                <WarnShape />{" "}
              </Show>
              <span class="tool-name">{tool.id}</span> <span>{tool.version}</span>{" "}
              <span class="quiet path">{tool.path ?? t.node.notFound}</span>
              <Show when={tool.problem}>
                {(problem) => (
                  <p class="remedy">
                    <Prose text={problem()} />
                  </p>
                )}
              </Show>
            </li>
          )}
        </For>
      </ul>
    </>
  );
}

function Slot(props: { lease: LeaseView }): JSX.Element {
  const { farm } = usePage();
  const progress = () => farm.state.progress[props.lease.attempt];
  const name = () => farm.state.jobs[props.lease.job]?.name ?? `${props.lease.job}`;
  return (
    <li class="slot slot-taken">
      <a href={attemptAddress(props.lease.job, props.lease.attempt)} title={t.attempts.id(props.lease.attempt)}>
        {name()}
      </a>
      <span class="slot-frame">
        <Show when={progress()?.frame != null}>{t.jobs.frame(progress()?.frame as number)}</Show>
      </span>
      <Meter used={progress()?.fraction ?? 0} all={1} label={`${Math.round((progress()?.fraction ?? 0) * 100)} %`} />
      <span class="slot-meta quiet">
        {t.attempts.threads(props.lease.threads)}
        <Show when={progress()?.memoryBytes}>{(memory) => <span> · {bytes(memory())}</span>}</Show>
      </span>
    </li>
  );
}
