/**
 * Cores and memory: what they do, what renders may have of them, and who holds it.
 */
import { Show, type JSX } from "solid-js";
import type { NodeView } from "../../api/types";
import { pointsOf, rangeOf } from "../../model/curve";
import { amount } from "../../model/format";
import { piecesOf } from "../../model/leases";
import { leasedMemory, leasedThreads, memoryBudget } from "../../model/share";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Curve } from "./Curve";
import { HeldBar } from "./HeldBar";

export function Cores(props: { node: NodeView }): JSX.Element {
  const { farm, now } = usePage();
  const points = () => pointsOf(farm.state.samples, (sample) => sample.cpu);
  const busy = () => rangeOf(points())?.last ?? null;
  const leased = () => t.node.coresUsed(leasedThreads(props.node), props.node.budget.threads);
  return (
    <section class="card" data-part="cores" aria-labelledby="node-cores">
      <h3 id="node-cores">
        {t.node.cores}
        <Show when={busy() !== null}>
          <span class="right figure">{t.node.cpuBusy(Math.round((busy() ?? 0) * 100))}</span>
        </Show>
      </h3>
      <Curve what={t.node.cpu} points={points()} now={now()} />
      <HeldBar
        label={`${t.node.cores}: ${leased()}`}
        pieces={piecesOf(props.node.leases, props.node.logical_cores, (lease) => lease.threads)}
        budget={props.node.budget.threads / Math.max(1, props.node.logical_cores)}
        tell={(piece) => t.node.heldCores(nameOf(piece.job), piece.amount)}
      />
      <p>
        {leased()} <span class="quiet">{t.node.coresOf(props.node.logical_cores, props.node.physical_cores)}</span>
      </p>
      <p class="quiet">{t.node.threadsEach(props.node.threads_per_task)}</p>
    </section>
  );
  function nameOf(job: number): string {
    return farm.state.jobs[job]?.name ?? t.notices.job(job);
  }
}

/** Of all memory: what is leased, what renders may have, and what is in use by whomever. */
export function Memory(props: { node: NodeView }): JSX.Element {
  const { farm, now } = usePage();
  const all = () => Math.max(1, props.node.memory_bytes);
  const points = () =>
    pointsOf(farm.state.samples, ({ memory_used_bytes }) => (memory_used_bytes === null ? null : memory_used_bytes / all()));
  const used = () => {
    const last = farm.state.samples.at(-1)?.memory_used_bytes;
    if (last != null) return last;
    const free = props.node.memory_available_bytes;
    return free === null ? null : props.node.memory_bytes - free;
  };
  const budget = () => memoryBudget(props.node);
  const leased = () => {
    const may = budget();
    return t.node.memoryUsed(amount(leasedMemory(props.node)), may === null ? null : amount(may));
  };
  return (
    <section class="card" data-part="memory" aria-labelledby="node-memory">
      <h3 id="node-memory">
        {t.node.memory}
        <Show when={used() !== null} fallback={<span class="right quiet">{t.node.memoryIn(amount(props.node.memory_bytes))}</span>}>
          <span class="right figure">{t.node.memoryTaken(amount(used() ?? 0), amount(props.node.memory_bytes))}</span>
        </Show>
      </h3>
      <Curve what={t.node.memory} points={points()} now={now()} />
      <HeldBar
        label={`${t.node.memory}: ${leased()}`}
        pieces={piecesOf(props.node.leases, props.node.memory_bytes, (lease) => lease.memory_bytes)}
        budget={(budget() ?? props.node.memory_bytes) / all()}
        tell={(piece) => t.node.heldMemory(farm.state.jobs[piece.job]?.name ?? t.notices.job(piece.job), amount(piece.amount))}
      />
      <p>{leased()}</p>
    </section>
  );
}
