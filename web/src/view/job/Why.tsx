/**
 * Why the chosen job does not run, or does not run more: the one reason, each GPU that is in the way, and what would
 * make it run.
 */
import { For, Match, Show, Switch, type JSX } from "solid-js";
import type { GpuInTheWay, GpuStanding, WhyView } from "../../api/types";
import { amount, clock } from "../../model/format";
import { attemptAddress, jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Prose } from "../common/parts";

export function Why(props: { why: WhyView; stuck: boolean }): JSX.Element {
  const gpus = () => (props.why.reason.kind === "gpus" && props.why.reason.gpus.length > 0 ? props.why.reason : null);
  return (
    <div class="why" data-kind={props.why.reason.kind}>
      <p classList={{ stuck: props.stuck }}>
        <span class="quiet">{t.job.why}</span>{" "}
        <Show when={gpus()} fallback={<Prose text={props.why.text} />}>
          {(reason) => <>{t.obstacle.need(reason().need)}</>}
        </Show>
      </p>
      <Show when={gpus()}>
        {(reason) => (
          <ul class="obstacles">
            <For each={reason().gpus}>
              {(gpu) => (
                <li data-gpu={gpu.index} data-obstacle={gpu.obstacle}>
                  <span class="obstacle-gpu">{t.node.gpu(gpu.index)}</span>{" "}
                  <span>
                    <Obstacle gpu={gpu} />
                  </span>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
      <Show when={props.why.remedy}>
        {(remedy) => (
          <p class="remedy">
            <Prose text={t.job.remedy(remedy())} />
          </p>
        )}
      </Show>
    </div>
  );
}

function Obstacle(props: { gpu: GpuInTheWay }): JSX.Element {
  const { now } = usePage();
  const is = <K extends GpuInTheWay["obstacle"]>(kind: K) => {
    const gpu = props.gpu;
    return gpu.obstacle === kind ? (gpu as Extract<GpuInTheWay, { obstacle: K }>) : null;
  };
  return (
    <Switch>
      <Match when={is("standing")}>{(gpu) => <Standing gpu={gpu()} />}</Match>
      <Match when={is("leased")}>
        {(gpu) => (
          <>
            {t.obstacle.renders}{" "}
            <For each={gpu().holders}>
              {(holder, at) => (
                <>
                  <Show when={at() > 0}>, </Show>
                  <a href={attemptAddress(holder.job, holder.attempt)}>{t.notices.job(holder.job)}</a>
                </>
              )}
            </For>
          </>
        )}
      </Match>
      <Match when={is("too-small")}>{(gpu) => <>{t.obstacle.tooSmall(amount(gpu().bytes))}</>}</Match>
      <Match when={is("breaker")}>
        {(gpu) => (
          <>
            {t.obstacle.breaker(clock(gpu().until, now()))} <Prose text={gpu().reason} />
          </>
        )}
      </Match>
      <Match when={is("ran-out")}>{t.obstacle.ranOut}</Match>
      <Match when={is("claimed")}>
        {(gpu) => (
          <>
            {t.obstacle.claimed} <a href={jobAddress(gpu().job)}>{t.notices.job(gpu().job)}</a>
          </>
        )}
      </Match>
      <Match when={is("free")}>{t.obstacle.free}</Match>
    </Switch>
  );
}

/** Whether renders may have a GPU, and who has it instead. */
export function Standing(props: { gpu: GpuStanding }): JSX.Element {
  const { now } = usePage();
  const inUse = () => (props.gpu.standing === "in-use" ? props.gpu : null);
  const lost = () => (props.gpu.standing === "lost" ? props.gpu : null);
  return (
    <Switch fallback={t.node.standing(props.gpu)}>
      <Match when={inUse()}>
        {(gpu) => {
          const until = () => gpu().until;
          return (
            <>
              {until() === null ? t.obstacle.inUse : t.obstacle.wasInUse(clock(until() as string, now()))} {gpu().by}
            </>
          );
        }}
      </Match>
      <Match when={lost()}>
        {(gpu) => (
          <>
            {t.obstacle.lost} <Prose text={gpu().reason} />
          </>
        )}
      </Match>
    </Switch>
  );
}
