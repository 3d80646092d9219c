/**
 * One frame, large. The arrow keys go to the frames before and after it that are there.
 */
import { createEffect, createMemo, createSignal, on, onMount, Show, type JSX } from "solid-js";
import { bytes, duration } from "../../model/format";
import { FRAME_STATES, type GridLayer } from "../../model/grid";
import { attemptAddress, imageAddress, jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";

const LARGE = 1920;

export function ImageViewer(props: { frame: number; layer: string | null }): JSX.Element {
  const { farm, route } = usePage();
  const [broken, setBroken] = createSignal(false);
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  createEffect(on([() => props.frame, () => props.layer], () => setBroken(false)));

  const job = () => route().job ?? 0;
  const known = () =>
    farm.state.detail?.images.find((image) => image.frame === props.frame && image.layer === props.layer);
  const layer = () => farm.state.detail?.grid?.layers.find((candidate) => candidate.name === props.layer);

  function neighbour(direction: 1 | -1): number | null {
    farm.state.detail?.gridVersion;
    const strip: GridLayer | undefined = layer();
    if (strip === undefined) return null;
    const there = [FRAME_STATES.indexOf("done"), FRAME_STATES.indexOf("skipped")];
    let at = strip.index.indexOf(props.frame);
    if (at < 0) return null;
    for (at += direction; at >= 0 && at < strip.index.count; at += direction) {
      if (there.includes(strip.states[at] as number)) return strip.index.frameAt(at) ?? null;
    }
    return null;
  }
  const before = createMemo(() => neighbour(-1));
  const after = createMemo(() => neighbour(1));

  // Flipping through is no step that the browser's back button should repeat.
  const go = (frame: number | null): void => {
    if (frame !== null) location.replace(imageAddress(job(), frame, props.layer));
  };
  const key = (event: KeyboardEvent): void => {
    if (event.key === "ArrowLeft") go(before());
    else if (event.key === "ArrowRight") go(after());
    else return;
    event.preventDefault();
  };
  const close = (): void => {
    location.hash = jobAddress(job());
  };

  return (
    <dialog
      ref={dialog}
      class="viewer"
      aria-label={t.images.alt(props.frame, props.layer)}
      onKeyDown={key}
      onClose={close}
      onClick={(event) => {
        if (event.target === dialog) dialog?.close();
      }}
    >
      <header>
        <button type="button" disabled={before() === null} aria-label={t.images.previous} onClick={() => go(before())}>
          ‹
        </button>
        <h2>{t.images.alt(props.frame, props.layer)}</h2>
        <button type="button" disabled={after() === null} aria-label={t.images.next} onClick={() => go(after())}>
          ›
        </button>
        <span class="gap" />
        <button type="button" onClick={() => dialog?.close()}>
          {t.images.close}
        </button>
      </header>
      <div class="viewer-image">
        <Show when={!broken()} fallback={<p class="quiet">{t.images.broken}</p>}>
          <img
            src={farm.client.imageAddress(job(), props.frame, props.layer, LARGE, known()?.at ?? "")}
            alt={t.images.alt(props.frame, props.layer)}
            onError={() => setBroken(true)}
          />
        </Show>
      </div>
      <Show when={known()}>
        {(image) => (
          <p class="viewer-facts">
            <code class="path">{image().path}</code>
            <span>{bytes(image().bytes)}</span>
            <Show when={image().seconds}>{(seconds) => <span>{t.images.took(duration(seconds()))}</span>}</Show>
            <Show when={image().attempt}>
              {(attempt) => <a href={attemptAddress(job(), attempt())}>{t.images.attempt(attempt())}</a>}
            </Show>
          </p>
        )}
      </Show>
    </dialog>
  );
}
