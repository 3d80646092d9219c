/**
 * What renders need besides cores and memory: programs, limited licences, disks.
 */
import { Key } from "@solid-primitives/keyed";
import { For, Show, type JSX } from "solid-js";
import type { DiskView, LimitView, NodeView } from "../../api/types";
import { bytes } from "../../model/format";
import { isNearlyFull, limitUse } from "../../model/share";
import { attemptAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { WarnShape } from "../common/icons";
import { Meter, Prose } from "../common/parts";
import { usePage } from "../shell/context";

export function Programs(props: { node: NodeView }): JSX.Element {
  return (
    <section data-part="programs" aria-labelledby="node-programs">
      <h3 id="node-programs">{t.node.programs}</h3>
      <Show when={props.node.tools.length > 0} fallback={<p class="quiet">{t.node.noTools}</p>}>
        <ul class="tools">
          <For each={props.node.tools}>
            {(tool) => (
              <li class="tool" data-tool={tool.id} classList={{ missing: tool.path === null }}>
                <span class="tool-name">
                  <Show when={tool.problem !== null || tool.path === null}>
                    <WarnShape />{" "}
                  </Show>
                  {tool.id}
                </span>
                <span>{tool.version}</span>
                <a href={viewAddress("plugins", tool.plugin)}>{tool.plugin}</a>
                <Show when={tool.problem} fallback={<span class="quiet path">{tool.path ?? t.node.notFound}</span>}>
                  {(problem) => (
                    <span class="path">
                      <Prose text={problem()} />
                    </span>
                  )}
                </Show>
              </li>
            )}
          </For>
        </ul>
      </Show>
    </section>
  );
}

export function Limits(props: { node: NodeView }): JSX.Element {
  return (
    <section class="card" data-part="limits" aria-labelledby="node-limits">
      <h3 id="node-limits">{t.node.limits}</h3>
      <ul class="limits">
        <Key each={props.node.limits} by="name">
          {(limit) => <Limit node={props.node} limit={limit()} />}
        </Key>
      </ul>
    </section>
  );
}

function Limit(props: { node: NodeView; limit: LimitView }): JSX.Element {
  const { farm } = usePage();
  const use = () => limitUse(props.node, props.limit);
  const text = () => t.node.limitUsed(use().used, props.limit.max);
  return (
    <li class="limit" data-limit={props.limit.name} classList={{ full: use().used >= props.limit.max }}>
      <span class="tool-name">{props.limit.name}</span> <span>{text()}</span>
      <Show when={props.limit.per === "node"}>
        <span class="quiet"> {t.node.perNode}</span>
      </Show>{" "}
      <Meter used={use().used} all={props.limit.max} label={`${props.limit.name}: ${text()}`} />
      <Show when={use().holders.length > 0}>
        <span class="limit-holders">
          <span class="quiet">{t.node.heldBy}</span>
          <Key each={use().holders} by="attempt">
            {(lease) => (
              <a href={attemptAddress(lease().job, lease().attempt)} data-attempt={lease().attempt}>
                {farm.state.jobs[lease().job]?.name ?? t.notices.job(lease().job)}
              </a>
            )}
          </Key>
        </span>
      </Show>
    </li>
  );
}

export function Disks(props: { node: NodeView }): JSX.Element {
  return (
    <section class="card" data-part="disks" aria-labelledby="node-disks">
      <h3 id="node-disks">{t.node.disks}</h3>
      <ul class="disks">
        <For each={props.node.disks}>{(disk) => <Disk disk={disk} />}</For>
      </ul>
    </section>
  );
}

function Disk(props: { disk: DiskView }): JSX.Element {
  const free = () => t.node.diskFree(bytes(props.disk.free_bytes), bytes(props.disk.total_bytes));
  const used = () => props.disk.total_bytes - props.disk.free_bytes;
  return (
    <li class="disk" classList={{ full: isNearlyFull(props.disk) }}>
      <Show when={isNearlyFull(props.disk)}>
        <WarnShape /> <strong>{t.node.nearlyFull}</strong>{" "}
      </Show>
      <span class="path">{props.disk.paths.join(", ")}</span> <span class="quiet">{free()}</span>
      <Meter used={used()} all={props.disk.total_bytes} label={`${props.disk.paths[0] ?? ""}: ${free()}`} />
    </li>
  );
}
