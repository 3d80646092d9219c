/**
 * This machine: what it does and did a moment ago, who holds what of it, how much renders may have, which programs were
 * found, and what it refuses to run for now.
 */
import { createEffect, For, Show, type JSX } from "solid-js";
import { readNodeHistory } from "../../api/node";
import type { NodeView as Node } from "../../api/types";
import { clock, roughly, secondsBetween } from "../../model/format";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { BreakerCallout } from "../common/parts";
import { usePage } from "../shell/context";
import { GpuList } from "./GpuList";
import { Cores, Memory } from "./Machine";
import { Disks, Limits, Programs } from "./Means";
import { Slots } from "./Slots";
import "./node.css";

export function NodeView(): JSX.Element {
  const { farm } = usePage();
  createEffect(() => {
    if (!farm.synced()) return;
    readNodeHistory(farm.client).then(
      ({ samples }) => farm.learn({ samples }),
      // The curves begin now, then; a lost connection is told elsewhere.
      () => undefined,
    );
  });
  return (
    <div class="view node">
      <Show when={farm.state.node} fallback={<p class="quiet">{t.node.unknown}</p>}>
        {(node) => <Whole node={node()} />}
      </Show>
    </div>
  );
}

function Whole(props: { node: Node }): JSX.Element {
  const { now } = usePage();
  return (
    <>
      <div class="node-head">
        <h2>{props.node.name}</h2>
        <span class="quiet">
          {t.node.about(props.node.version, roughly(secondsBetween(props.node.started, now())))}
        </span>
      </div>
      <Show when={props.node.budget.closed}>
        {(closed) => (
          <div class="callout closed" data-closed={closed().by}>
            <strong>{t.node.closed(closed(), shortClock(closed().until, now()))}</strong>
            <p class="quiet">{t.node.closedWhy(closed())}</p>
          </div>
        )}
      </Show>
      <For each={props.node.breakers}>
        {(breaker) => <BreakerCallout breaker={breaker} href={viewAddress("plugins", breaker.plugin)} />}
      </For>
      <div class="cards">
        <Cores node={props.node} />
        <Memory node={props.node} />
      </div>
      <Slots node={props.node} />
      <section aria-labelledby="node-gpus">
        <h3 id="node-gpus">{t.node.gpus}</h3>
        <Show when={props.node.gpus.length > 0} fallback={<p class="quiet">{props.node.gpu_state}</p>}>
          <GpuList node={props.node} />
        </Show>
      </section>
      <Programs node={props.node} />
      <div class="cards">
        <Show when={props.node.limits.length > 0}>
          <Limits node={props.node} />
        </Show>
        <Show when={props.node.disks.length > 0}>
          <Disks node={props.node} />
        </Show>
      </div>
    </>
  );
}

/** Hours and minutes: nobody comes back to the second. */
function shortClock(at: string, now: number): string {
  return clock(at, now).replace(/^(\d\d:\d\d):\d\d$/, "$1");
}
