/**
 * All frames as a contact sheet that fills as they land. Only what is near the visible part is in the document, so that
 * a job of a million frames costs as much as one of fifty.
 */
import { batch, createEffect, createMemo, createResource, createSignal, For, on, onCleanup, onMount, Show, untrack, type JSX } from "solid-js";
import { createStore, reconcile } from "solid-js/store";
import type { FrameDoneView } from "../../api/types";
import { duration } from "../../model/format";
import { FRAME_STATES } from "../../model/grid";
import { SIZES } from "../../model/look";
import { GAP, layoutSheet, visibleCells } from "../../model/sheet";
import { picturesAddress } from "../../store/route";
import { t } from "../../text";
import { FrameShape } from "../common/icons";
import { usePage } from "../shell/context";
import { Picture } from "./Picture";
import { useRoom } from "./room";

const CAPTION = 22;
const SPARE_ROWS = 2;
const NEWEST = 1000;

export function Sheet(): JSX.Element {
  const { farm } = usePage();
  const room = useRoom();
  const [size, setSize] = createSignal({ width: 0, height: 0 });
  const [top, setTop] = createSignal(0);
  let box: HTMLDivElement | undefined;
  onMount(() => {
    const watch = new ResizeObserver(() => box && setSize({ width: box.clientWidth, height: box.clientHeight }));
    if (box) watch.observe(box);
    onCleanup(() => watch.disconnect());
  });

  const smallest = () => SIZES[room.choice().size] ?? SIZES[2];
  // Asked for a little larger than shown, in few steps, so that a change of the window's width asks for nothing anew.
  const pixels = () => Math.min(1024, SIZES[Math.min(room.choice().size + 1, SIZES.length - 1)]! * Math.min(2, Math.ceil(devicePixelRatio)));
  const aspect = createMemo(() => {
    const known = room.layers.latest;
    const seen = known === undefined ? undefined : room.choice().look.whole ? known.data : known.display;
    return seen === undefined ? 16 / 9 : Math.max(0.4, Math.min(4, seen.width / seen.height));
  });

  // Which images came last is asked for when the order changes; what lands from then on comes as events.
  const [first] = createResource(
    () => ({ job: room.job(), epoch: farm.epoch(), newest: room.choice().newest }),
    ({ job }) => farm.client.images(job, NEWEST).catch(() => [] as FrameDoneView[]),
  );
  // The job keeps only the images that came last, and a caption must not lose its time because others landed.
  const [seconds, setSeconds] = createStore<Record<number, number | null>>({});
  const note = (images: readonly FrameDoneView[]): void =>
    batch(() => {
      for (const image of images) if (image.layer === room.layer()) setSeconds(image.frame, image.seconds);
    });
  createEffect(on(() => room.layer(), () => setSeconds(reconcile({})), { defer: true }));
  createEffect(on([first, () => room.layer()], ([images]) => note(images ?? [])));
  createEffect(on([() => farm.state.detail?.images.map((image) => image.at).join(), () => room.layer()], () => note(farm.state.detail?.images ?? [])));
  const [landed, setLanded] = createSignal<readonly number[]>([]);
  createEffect(
    on([first, () => room.layer()], () => setLanded((first() ?? []).filter((image) => image.layer === room.layer()).map((image) => image.frame))),
  );
  createEffect(
    on(
      () => (room.choice().newest ? (farm.state.detail?.images.map((image) => (image.layer === room.layer() ? image.frame : null)) ?? []) : []),
      (recent) => {
        const frames = recent.filter((frame): frame is number => frame !== null);
        if (frames.length === 0 || frames.every((frame, at) => untrack(landed)[at] === frame)) return;
        setLanded((before) => [...frames, ...before.filter((frame) => !frames.includes(frame))].slice(0, NEWEST));
      },
    ),
  );

  const count = () => (room.choice().newest ? landed().length : (room.strip()?.index.count ?? 0));
  const layout = createMemo(() => layoutSheet(count(), Math.max(0, size().width - 2), smallest(), aspect(), CAPTION));
  const frames = createMemo(() => {
    const { from, to } = visibleCells(layout(), count(), top(), size().height, SPARE_ROWS);
    const index = untrack(() => room.strip()?.index);
    const list: { at: number; frame: number }[] = [];
    for (let at = from; at < to; at += 1) {
      const frame = room.choice().newest ? landed()[at] : index?.frameAt(at);
      if (frame !== undefined) list.push({ at, frame });
    }
    return list;
  });
  // A frame keeps its cell, and so its picture, while the sheet is scrolled.
  const shown = createMemo<readonly number[]>(() => frames().map((one) => one.frame));
  const place = createMemo(() => new Map(frames().map((one) => [one.frame, one.at])));

  // Tab goes to the sheet and on; within it the arrows go from image to image, past the holes.
  const walk = (event: KeyboardEvent): void => {
    const { columns } = layout();
    const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
    const step = steps[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const here = Number(box?.querySelector<HTMLElement>(":focus[data-frame]")?.dataset["frame"] ?? Number.NaN);
    const list = frames();
    const from = list.find((one) => one.frame === here)?.at;
    if (from === undefined && step < 0) return;
    const places = new Map(list.map((one) => [one.at, one.frame]));
    for (let at = from === undefined ? (list[0]?.at ?? 0) : from + step; places.has(at); at += from === undefined ? 1 : step) {
      const link = box?.querySelector<HTMLElement>(`a[data-frame="${places.get(at)}"]`);
      if (!link) continue;
      link.focus();
      event.preventDefault();
      return;
    }
  };

  const counts = createMemo(() => {
    room.version();
    const states = room.strip()?.states ?? new Uint8Array();
    let there = 0;
    let failed = 0;
    for (const state of states) {
      if (FRAME_STATES[state] === "failed") failed += 1;
      else if (FRAME_STATES[state] === "done" || FRAME_STATES[state] === "skipped") there += 1;
    }
    return t.images.counts(there, states.length, failed);
  });

  return (
    <section class="room-part" aria-label={t.images.modes.sheet}>
      <div class="room-tools">
        <label>
          {t.images.order}
          <select name="order" onChange={(event) => room.choose({ newest: event.currentTarget.value === "newest" })}>
            <option value="frame" selected={!room.choice().newest}>
              {t.images.byFrame}
            </option>
            <option value="newest" selected={room.choice().newest}>
              {t.images.newest}
            </option>
          </select>
        </label>
        <label>
          {t.images.size}
          <input
            type="range"
            name="size"
            min="0"
            max={SIZES.length - 1}
            step="1"
            value={room.choice().size}
            onInput={(event) => room.choose({ size: event.currentTarget.valueAsNumber })}
          />
        </label>
        <span class="quiet sheet-counts">{counts()}</span>
        <Show when={room.choice().newest && landed().length >= NEWEST}>
          <span class="quiet">{t.images.newestMost(NEWEST)}</span>
        </Show>
      </div>
      <div
        ref={box}
        class="sheet-box"
        tabindex="0"
        aria-label={t.images.sheetHelp}
        role="group"
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
        onKeyDown={walk}
      >
        <ul class="sheet-all" style={{ height: `${layout().height}px` }}>
          <For each={shown()}>
            {(frame) => {
              const at = () => place().get(frame) ?? 0;
              return (
                <li
                  class="cell"
                  style={{
                    width: `${layout().width}px`,
                    height: `${layout().pitch - GAP}px`,
                    transform: `translate(${(at() % layout().columns) * (layout().width + GAP)}px, ${Math.floor(at() / layout().columns) * layout().pitch}px)`,
                  }}
                >
                  <Cell frame={frame} pixels={pixels()} seconds={seconds[frame]} />
                </li>
              );
            }}
          </For>
        </ul>
      </div>
    </section>
  );
}

function Cell(props: { frame: number; pixels: number; seconds: number | null | undefined }): JSX.Element {
  const room = useRoom();
  const state = createMemo(() => {
    room.version();
    return room.stateOf(props.frame) ?? "pending";
  });
  const isThere = () => state() === "done" || state() === "skipped";
  return (
    <Show
      when={isThere()}
      fallback={
        <div class="cell-hole" data-frame={props.frame} data-state={state()}>
          <span class="cell-picture">
            <span>
              <FrameShape state={state()} /> {t.images.hole[state()]}
            </span>
          </span>
          <span class="caption">
            <b>{props.frame}</b>
          </span>
        </div>
      }
    >
      <a class="cell-link" tabindex="-1" href={picturesAddress(room.job(), "image", props.frame, room.choice())} data-frame={props.frame} data-state={state()}>
        <span class="cell-picture">
          <Picture brief src={room.address(room.image(props.frame), props.pixels)} alt={t.images.alt(props.frame, room.layer())} />
        </span>
        <span class="caption">
          <b>{props.frame}</b>
          <Show when={props.seconds}>{(span) => <span class="quiet">{duration(span())}</span>}</Show>
        </span>
      </a>
    </Show>
  );
}
