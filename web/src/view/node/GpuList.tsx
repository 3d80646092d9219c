/**
 * The node's GPUs: what each is, whether renders may have it, who uses it, and which attempts hold it.
 */
import { Key } from "@solid-primitives/keyed";
import { For, Show, type JSX } from "solid-js";
import type { GpuProcessView, GpuView, NodeView } from "../../api/types";
import { pointsOf } from "../../model/curve";
import { amount } from "../../model/format";
import { leasesOn } from "../../model/share";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { WarnShape } from "../common/icons";
import { Meter } from "../common/parts";
import { Standing } from "../job/Why";
import { usePage } from "../shell/context";
import { Curve } from "./Curve";

export function GpuList(props: { node: NodeView }): JSX.Element {
  return (
    <ul class="gpus">
      <Key each={props.node.gpus} by="uuid">
        {(gpu) => <OneGpu node={props.node} gpu={gpu()} />}
      </Key>
    </ul>
  );
}

function OneGpu(props: { node: NodeView; gpu: GpuView }): JSX.Element {
  const { farm, now } = usePage();
  const points = () =>
    pointsOf(farm.state.samples, (sample) => sample.gpus.find(({ uuid }) => uuid === props.gpu.uuid)?.utilisation ?? null);
  const leases = () => leasesOn(props.node, props.gpu);
  const used = () => props.gpu.memory_used_bytes;
  const memory = () => t.node.memoryOf(amount(used() ?? 0), amount(props.gpu.memory_bytes));
  const live = () => [
    used() === null ? amount(props.gpu.memory_bytes) : memory(),
    ...(props.gpu.utilisation === null ? [] : [t.node.busy(Math.round(props.gpu.utilisation * 100))]),
    ...(props.gpu.temperature === null ? [] : [t.node.degrees(props.gpu.temperature)]),
  ];
  return (
    <li class={`slot gpu gpu-${props.gpu.standing}`} data-gpu={props.gpu.index} data-standing={props.gpu.standing}>
      <p class="gpu-head">
        <b>{t.node.gpu(props.gpu.index)}</b>{" "}
        <span title={[props.gpu.uuid, props.gpu.pci_bus_id].filter(Boolean).join(" · ")}>{props.gpu.name}</span>
      </p>
      <Show when={used() !== null}>
        <Curve what={t.node.gpu(props.gpu.index)} points={points()} now={now()} />
        <Meter used={used() ?? 0} all={props.gpu.memory_bytes} label={memory()} />
      </Show>
      <p class="quiet">{live().join(" · ")}</p>
      <Show when={props.gpu.standing !== "free" || leases().length === 0}>
        <p class="gpu-standing">
          <Show when={props.gpu.standing === "lost"}>
            <WarnShape />{" "}
          </Show>
          <Standing gpu={props.gpu} />
        </p>
      </Show>
      <Show when={leases().length > 0}>
        <p class="gpu-leases">
          {t.node.renders}{" "}
          <Key each={leases()} by="attempt">
            {(lease, at) => (
              <>
                <Show when={at() > 0}>, </Show>
                <a href={attemptAddress(lease().job, lease().attempt)}>{t.images.attempt(lease().attempt)}</a>
              </>
            )}
          </Key>
        </p>
      </Show>
      <ul class="gpu-processes quiet">
        <For each={props.gpu.processes}>{(process) => <Process process={process} />}</For>
      </ul>
    </li>
  );
}

function Process(props: { process: GpuProcessView }): JSX.Element {
  const parts = () => [
    `${props.process.name ?? "?"} (${props.process.pid})`,
    ...(props.process.user === null ? [] : [props.process.user]),
    ...(props.process.memory_bytes === null ? [] : [amount(props.process.memory_bytes)]),
    props.process.attempt === null ? t.node.foreign : t.images.attempt(props.process.attempt),
  ];
  return (
    <li data-pid={props.process.pid} classList={{ foreign: props.process.attempt === null }}>
      {parts().join(" · ")}
    </li>
  );
}
