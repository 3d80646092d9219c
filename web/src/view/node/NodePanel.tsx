/**
 * This machine: who holds what of it, how much renders may have, which programs were found, and what it refuses to run
 * for now.
 */
import { For, Show, type JSX } from "solid-js";
import type { DiskView, LeaseView, LimitView, NodeView } from "../../api/types";
import { amount, bytes, clock, roughly, secondsBetween } from "../../model/format";
import { isNearlyFull, leasedMemory, leasedThreads, limitUse, memoryBudget } from "../../model/share";
import { attemptAddress, jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { GpuList } from "./GpuList";
import { WarnShape } from "../common/icons";
import { Meter, Prose } from "../common/parts";

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
  const threads = () => leasedThreads(props.node);
  const free = () => Array.from({ length: Math.max(0, props.node.slots - props.node.leases.length) });
  const cores = () => t.node.coresUsed(threads(), props.node.budget.threads);
  return (
    <>
      <Show when={props.node.budget.closed}>
        {(closed) => (
          <div class="callout closed" data-closed={closed().by}>
            <strong>{t.node.closed(closed(), shortClock(closed().until, now()))}</strong>
            <p class="quiet">{t.node.closedWhy(closed())}</p>
          </div>
        )}
      </Show>
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
      <Meter used={threads()} all={props.node.budget.threads} label={`${t.node.cores}: ${cores()}`} />
      <p class="quiet">{t.node.coresOf(props.node.logical_cores, props.node.physical_cores)}</p>
      <Memory node={props.node} />
      <h3>{t.node.gpus}</h3>
      <Show when={props.node.gpus.length > 0} fallback={<p class="quiet">{props.node.gpu_state}</p>}>
        <GpuList node={props.node} />
      </Show>
      <Show when={props.node.limits.length > 0}>
        <h3>{t.node.limits}</h3>
        <ul class="limits">
          <For each={props.node.limits}>{(limit) => <Limit node={props.node} limit={limit} />}</For>
        </ul>
      </Show>
      <Show when={props.node.disks.length > 0}>
        <h3>{t.node.disks}</h3>
        <ul class="disks">
          <For each={props.node.disks}>{(disk) => <Disk disk={disk} />}</For>
        </ul>
      </Show>
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

/** Hours and minutes: nobody comes back to the second. */
function shortClock(at: string, now: number): string {
  return clock(at, now).replace(/^(\d\d:\d\d):\d\d$/, "$1");
}

/** Of all memory: what is leased, what renders may have, and what is left for everybody. */
function Memory(props: { node: NodeView }): JSX.Element {
  const leased = () => leasedMemory(props.node);
  const budget = () => memoryBudget(props.node);
  const text = () => {
    const all = budget();
    return t.node.memoryUsed(amount(leased()), all === null ? null : amount(all));
  };
  const part = (amount: number) => Math.min(1, amount / Math.max(1, props.node.memory_bytes)) * 1000;
  return (
    <>
      <h3>
        {t.node.memory} <span class="quiet">{text()}</span>
      </h3>
      <svg class="bar meter" viewBox="0 0 1000 10" preserveAspectRatio="none" role="img" aria-label={`${t.node.memory}: ${text()}`}>
        <rect class="bar-budget" x="0" y="0" width={part(budget() ?? props.node.memory_bytes)} height="10" />
        <rect class="bar-running" x="0" y="0" width={part(leased())} height="10" />
      </svg>
      <p class="quiet">
        {props.node.memory_available_bytes === null
          ? t.node.memoryIn(amount(props.node.memory_bytes))
          : t.node.memoryFree(amount(props.node.memory_available_bytes), amount(props.node.memory_bytes))}
      </p>
    </>
  );
}

function Limit(props: { node: NodeView; limit: LimitView }): JSX.Element {
  const use = () => limitUse(props.node, props.limit);
  const text = () => t.node.limitUsed(use().used, props.limit.max);
  return (
    <li class="limit" data-limit={props.limit.name} classList={{ full: use().used >= props.limit.max }}>
      <span class="tool-name">{props.limit.name}</span> <span>{text()}</span>
      <Show when={props.limit.per === "node"}>
        <span class="quiet"> {t.node.perNode}</span>
      </Show>{" "}
      <For each={use().jobs}>{(job) => <a href={jobAddress(job)}>{t.notices.job(job)} </a>}</For>
      <Meter used={use().used} all={props.limit.max} label={`${props.limit.name}: ${text()}`} />
    </li>
  );
}

function Disk(props: { disk: DiskView }): JSX.Element {
  const free = () => t.node.diskFree(bytes(props.disk.free_bytes), bytes(props.disk.total_bytes));
  return (
    <li class="disk" classList={{ full: isNearlyFull(props.disk) }}>
      <Show when={isNearlyFull(props.disk)}>
        <WarnShape /> <strong>{t.node.nearlyFull}</strong>{" "}
      </Show>
      <span class="path">{props.disk.paths.join(", ")}</span> <span class="quiet">{free()}</span>
    </li>
  );
}

function Slot(props: { lease: LeaseView }): JSX.Element {
  const { farm } = usePage();
  const progress = () => farm.state.progress[props.lease.attempt];
  const taking = () => farm.state.taking[props.lease.attempt];
  const name = () => farm.state.jobs[props.lease.job]?.name ?? `${props.lease.job}`;
  const memory = () => {
    const taken = taking()?.memoryBytes ?? progress()?.memoryBytes;
    const leased = props.lease.memory_bytes;
    if (taken == null) return leased > 0 ? t.attempts.leasedMemory(amount(leased)) : null;
    return leased > 0 ? t.node.memoryOf(amount(taken), amount(leased)) : amount(taken);
  };
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
        {taking()?.cores == null
          ? t.attempts.threads(props.lease.threads)
          : t.node.coresBusy(taking()?.cores as number, props.lease.threads)}
        <Show when={props.lease.gpus.length > 0}>
          <span> · {t.attempts.gpus(props.lease.gpus.map((gpu) => `${gpu.index}`))}</span>
        </Show>
        <Show when={memory()}>{(text) => <span> · {text()}</span>}</Show>
      </span>
    </li>
  );
}
