/**
 * The node's slots: which attempt has which, with all that its lease holds and what it really takes.
 */
import { Key } from "@solid-primitives/keyed";
import { For, Show, type JSX } from "solid-js";
import type { LeaseView, NodeView } from "../../api/types";
import { amount } from "../../model/format";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { Meter } from "../common/parts";
import { usePage } from "../shell/context";

export function Slots(props: { node: NodeView }): JSX.Element {
  const free = () => Array.from({ length: Math.max(0, props.node.slots - props.node.leases.length) });
  return (
    <section data-part="slots" aria-labelledby="node-slots">
      <h3 id="node-slots">
        {t.node.slots} <span class="quiet">{t.node.slotsUsed(props.node.leases.length, props.node.slots)}</span>
      </h3>
      <ol class="slots">
        <Key each={props.node.leases} by="attempt">
          {(lease) => <Slot lease={lease()} />}
        </Key>
        <For each={free()}>{() => <li class="slot slot-free">{t.node.free}</li>}</For>
      </ol>
    </section>
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
  const percent = () => Math.round((progress()?.fraction ?? 0) * 100);
  const holds = () => [
    t.attempts.id(props.lease.attempt),
    taking()?.cores == null
      ? t.attempts.threads(props.lease.threads)
      : t.node.coresBusy(taking()?.cores as number, props.lease.threads),
    ...(memory() === null ? [] : [memory()]),
    ...props.lease.gpus.map((gpu) =>
      gpu.share_bytes === null ? t.attempts.whole(gpu.index) : t.attempts.share(gpu.index, amount(gpu.share_bytes)),
    ),
    ...props.lease.licences,
  ];
  return (
    <li class="slot slot-taken" data-attempt={props.lease.attempt}>
      <a href={attemptAddress(props.lease.job, props.lease.attempt)}>{name()}</a>
      <span class="slot-frame">
        <Show when={progress()?.frame != null}>{t.jobs.frame(progress()?.frame as number)}</Show>
      </span>
      <Meter used={progress()?.fraction ?? 0} all={1} label={`${percent()} %`} />
      <span class="slot-meta quiet">{holds().join(" · ")}</span>
    </li>
  );
}
