/**
 * What can be done with the frames that are chosen on the strip: render them again, copy them, look closer.
 */
import { createSignal, Show, type JSX } from "solid-js";
import { retryFrames, type LayerFrames } from "../../api/past";
import { asProblem } from "../../api/problem";
import type { FrameState } from "../../api/types";
import { count } from "../../model/format";
import { formatFrames } from "../../model/frames";
import { framesThatAre, FRAME_STATES, countStates, type FrameGrid, type GridLayer } from "../../model/grid";
import type { Choice } from "../../model/strip";
import { t } from "../../text";
import { CopyButton } from "../common/CopyButton";
import { Dialog } from "../common/Dialog";
import { usePage } from "../shell/context";

/** All but those that are being rendered, which nobody can have rendered twice. */
const AT_REST = FRAME_STATES.filter((state) => state !== "running");

export function Chosen(props: { grid: FrameGrid; choice: Choice; look: () => void; drop: () => void }): JSX.Element {
  const { farm, complain } = usePage();
  const [busy, setBusy] = createSignal(false);
  const [asking, setAsking] = createSignal(false);
  const layers = (): readonly GridLayer[] => props.grid.layers.slice(props.choice.firstLayer, props.choice.lastLayer + 1);
  const total = () => layers().length * (props.choice.to - props.choice.from);
  const counts = () => {
    farm.state.detail?.gridVersion;
    const sums: Record<FrameState, number> = { pending: 0, running: 0, done: 0, skipped: 0, failed: 0 };
    for (const layer of layers()) {
      const some = countStates(layer, props.choice.from, props.choice.to);
      for (const state of FRAME_STATES) sums[state] += some[state];
    }
    return sums;
  };
  const parts = () =>
    FRAME_STATES.filter((state) => counts()[state] > 0)
      .map((state) => t.strip.part(count(counts()[state]), t.frameState[state]))
      .join(", ");
  const set = () => formatFrames((layers()[0] as GridLayer).index.slice(props.choice.from, props.choice.to));
  const there = () => counts().done + counts().skipped;

  /** The frames in these states, a request for each layer. */
  async function retry(states: readonly FrameState[]): Promise<void> {
    const job = farm.state.detail?.id;
    if (job === undefined) return;
    setBusy(true);
    const wanted: LayerFrames[] = layers()
      .map((layer) => ({ layer: layer.name, frames: framesThatAre(layer, props.choice.from, props.choice.to, states) }))
      .filter((one) => one.frames !== "");
    try {
      for (const one of wanted) await farm.take(retryFrames(farm.client, job, one));
      props.drop();
    } catch (error) {
      complain(t.chosen.failed, asProblem(error));
    } finally {
      setBusy(false);
    }
  }
  const cannot = () => busy() || farm.connection().kind !== "live";

  return (
    <div class="chosen-frames" role="group" aria-label={t.chosen.heading}>
      <span>
        <b>{t.chosen.frames(count(total()), total())}</b> <span class="quiet">{parts()}</span>
      </span>
      <Show when={counts().failed > 0}>
        <button type="button" disabled={cannot()} onClick={() => void retry(["failed"])}>
          {t.chosen.retryFailed(count(counts().failed))}
        </button>
      </Show>
      <Show when={there() > 0}>
        <button type="button" disabled={cannot()} onClick={() => setAsking(true)}>
          {t.chosen.again}
        </button>
      </Show>
      <CopyButton text={set} label={t.chosen.copy} />
      <Show when={props.choice.to - props.choice.from > 1}>
        <button type="button" onClick={props.look}>
          {t.chosen.look}
        </button>
      </Show>
      <button type="button" onClick={props.drop}>
        {t.chosen.drop}
      </button>
      <Show when={asking()}>
        <Dialog
          title={t.chosen.confirm(count(total() - counts().running), total() - counts().running)}
          text={t.chosen.confirmThere(count(there()), there())}
          no={t.chosen.confirmNo}
          yes={t.chosen.confirmYes}
          answer={(yes) => {
            setAsking(false);
            if (yes) void retry(AT_REST);
          }}
        />
      </Show>
    </div>
  );
}
