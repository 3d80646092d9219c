/**
 * Flips through the finished frames. The number it shows is always that of the picture it shows: it waits for what has not
 * come, and shows a hole where there is no image, or leaves it out when that is asked for.
 */
import { createEffect, createMemo, createSignal, createUniqueId, For, on, onCleanup, onMount, Show, untrack, type JSX } from "solid-js";
import { advance, ahead, follow, type Playing, type Ready, type Reel } from "../../model/flip";
import { formatFrames, parseFrames } from "../../model/frames";
import { countStates, FRAME_STATES } from "../../model/grid";
import { RATES, USUAL_FPS } from "../../model/look";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { readColours } from "../job/strip-paint";
import { FramePool } from "./frame-pool";
import { isTyping, useRoom } from "./room";

const AHEAD = 48;
/** Missing frames that are named one by one before it is only said how many they are. */
const NAMED = 400;

export function Player(): JSX.Element {
  const { farm } = usePage();
  const room = useRoom();
  const id = createUniqueId();
  const [arrivals, setArrivals] = createSignal(0);
  const [playing, setPlaying] = createSignal(false);
  const [waits, setWaits] = createSignal(false);
  const [place, setPlace] = createSignal(Math.max(0, untrack(() => room.strip()?.index.indexOf(room.frame() ?? 0)) ?? 0));
  const [box, setBox] = createSignal({ width: 1, height: 1 });
  let canvas: HTMLCanvasElement | undefined;
  let stage: HTMLDivElement | undefined;
  let track: HTMLCanvasElement | undefined;

  // In steps, so that a change of the window's width asks for nothing anew.
  const size = createMemo(() => [480, 960, 1280, 1920].find((one) => one >= Math.min(1920, box().width * devicePixelRatio)) ?? 1920);
  const pool = new FramePool(
    async (address, signal) => {
      const response = await farm.client.request(address, { signal });
      const bitmap = await createImageBitmap(await response.blob());
      return { bitmap, bytes: bitmap.width * bitmap.height * 4 };
    },
    () => setArrivals((before) => before + 1),
  );
  onCleanup(() => pool.close());

  const count = () => room.strip()?.index.count ?? 0;
  const frameAt = (at: number): number => room.strip()?.index.frameAt(at) ?? 0;
  const frame = () => frameAt(place());
  const addressAt = (at: number): string => room.address(room.image(frameAt(at)), size());
  const isThere = (at: number): boolean => {
    room.version();
    return room.isThere(frameAt(at));
  };
  const readyAt = (at: number): Ready => {
    if (!isThere(at)) return "missing";
    const address = addressAt(at);
    return pool.get(address) !== undefined ? "there" : pool.isFailed(address) ? "missing" : "coming";
  };
  const reel = (): Reel => ({ count: count(), ready: readyAt, skip: room.choice().skip });
  const fps = () => room.choice().fps ?? jobRate() ?? USUAL_FPS;
  const jobRate = (): number | null => {
    const rate = farm.state.detail?.view?.spec.options["fps"];
    return typeof rate === "number" && rate > 0 && rate <= 120 ? rate : null;
  };

  // What is asked for anew when another image lands, the look is changed or the player is moved.
  createEffect(() => {
    room.version();
    arrivals();
    const here = { ...reel(), ready: (at: number): Ready => (isThere(at) ? "there" : "missing") };
    pool.want(ahead(here, place(), AHEAD).map(addressAt));
  });

  let state: Playing = { place: place(), since: 0, waits: false };
  let turn = 0;
  const tick = (now: number): void => {
    state = advance(reel(), state, now, fps());
    setWaits(state.waits);
    setPlace(state.place);
    turn = requestAnimationFrame(tick);
  };
  const stop = (): void => {
    cancelAnimationFrame(turn);
    if (!playing()) return;
    setPlaying(false);
    setWaits(false);
    room.choose({ frame: frame() });
  };
  const start = (): void => {
    state = { place: place(), since: performance.now(), waits: false };
    setPlaying(true);
    turn = requestAnimationFrame(tick);
  };
  onCleanup(() => cancelAnimationFrame(turn));
  const toggle = (): void => (playing() ? stop() : start());
  const moveTo = (at: number): void => {
    stop();
    setPlace(Math.max(0, Math.min(count() - 1, at)));
  };
  const settle = (): void => room.choose({ frame: frame() });
  const step = (direction: 1 | -1): void => {
    const next = follow(reel(), place(), direction);
    if (next === null) return;
    moveTo(next);
    settle();
  };
  const key = (event: KeyboardEvent): void => {
    const onRange = event.target instanceof HTMLInputElement && event.target.type === "range";
    if ((isTyping(event) && !(onRange && event.key === " ")) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      // A button that has the focus would be pressed by it as well.
      if (event.target instanceof HTMLButtonElement) return;
      toggle();
    } else if (event.key === "ArrowLeft") step(-1);
    else if (event.key === "ArrowRight") step(1);
    else if (event.key === "Home") moveTo(0);
    else if (event.key === "End") moveTo(count() - 1);
    else return;
    event.preventDefault();
  };

  onMount(() => {
    const watch = new ResizeObserver(() => {
      if (stage) setBox({ width: stage.clientWidth, height: stage.clientHeight });
    });
    if (stage) watch.observe(stage);
    const dialog = stage?.closest("dialog");
    dialog?.addEventListener("keydown", key);
    onCleanup(() => {
      watch.disconnect();
      dialog?.removeEventListener("keydown", key);
    });
  });

  const ready = createMemo<Ready>(() => (arrivals(), room.version(), readyAt(place())));
  const bitmap = createMemo(() => (arrivals(), ready() === "there" ? pool.get(addressAt(place())) : undefined));
  createEffect(() => {
    const shown = bitmap();
    if (canvas === undefined || shown === undefined) return;
    if (canvas.width !== shown.width || canvas.height !== shown.height) {
      canvas.width = shown.width;
      canvas.height = shown.height;
    }
    canvas.getContext("2d")?.drawImage(shown, 0, 0);
    canvas.dataset["frame"] = String(frame());
  });

  const missing = createMemo(() => {
    room.version();
    const strip = room.strip();
    const places = [...(strip?.states ?? [])].flatMap((state, at) => (["done", "skipped"].includes(FRAME_STATES[state] ?? "") ? [] : [at]));
    const text = places.length === 0 || places.length > NAMED ? null : formatFrames(parseFrames(places.map(frameAt).join()));
    return { count: places.length, text };
  });

  // Where images are and where not, under the scrub bar.
  createEffect(
    on([() => room.version(), () => box().width, arrivals, count], () => {
      if (track === undefined || count() === 0) return;
      const width = Math.max(1, Math.round(track.clientWidth * devicePixelRatio));
      track.width = width;
      track.height = Math.round(6 * devicePixelRatio);
      const context = track.getContext("2d");
      const strip = room.strip();
      if (context === null || strip === null) return;
      const colours = readColours(track);
      for (let x = 0; x < width; x += 1) {
        const from = Math.floor((x * count()) / width);
        const sums = countStates(strip, from, Math.max(from + 1, Math.floor(((x + 1) * count()) / width)));
        const there = sums.done + sums.skipped;
        if (sums.failed > 0) context.fillStyle = colours.failed;
        else if (there > 0) context.fillStyle = colours.done;
        else continue;
        const high = sums.failed > 0 ? track.height : pool.get(addressAt(from)) === undefined ? track.height / 2 : track.height;
        context.fillRect(x, track.height - high, 1, high);
      }
    }),
  );

  const why = (): string => {
    const known = room.stateOf(frame()) ?? "pending";
    return t.images.missing(frame(), isThere(place()) ? t.images.broken : t.images.hole[known]);
  };

  return (
    <section class="room-part player" aria-label={t.images.modes.play}>
      <div ref={stage} class="stage player-stage">
        <canvas
          ref={canvas}
          class="player-picture"
          classList={{ "is-hidden": bitmap() === undefined }}
          role="img"
          aria-label={t.images.alt(frame(), room.layer())}
        />
        <Show when={ready() === "missing"}>
          <p class="no-preview" data-missing={frame()}>
            {why()}
          </p>
        </Show>
        <Show when={ready() === "coming"}>
          <p class="no-preview" data-coming={frame()}>
            {t.images.alt(frame(), room.layer())} · {t.images.loading}
          </p>
        </Show>
      </div>
      <div class="player-track">
        <canvas ref={track} class="player-there" aria-hidden="true" />
        <input
          type="range"
          name="scrub"
          aria-label={t.images.scrub}
          aria-valuetext={t.images.alt(frame(), room.layer())}
          aria-describedby={id}
          min="0"
          max={Math.max(0, count() - 1)}
          step="1"
          value={place()}
          onInput={(event) => moveTo(event.currentTarget.valueAsNumber)}
          onChange={settle}
        />
      </div>
      <div class="room-tools">
        <button type="button" aria-label={t.images.previous} onClick={() => step(-1)}>
          ‹
        </button>
        <button type="button" class="player-play" aria-label={playing() ? t.images.pause : t.images.play} title={t.images.playHelp} onClick={toggle}>
          <svg viewBox="0 0 16 16" aria-hidden="true">
            <path d={playing() ? "M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z" : "M4 2.5v11l9.5-5.5z"} />
          </svg>
        </button>
        <button type="button" aria-label={t.images.next} onClick={() => step(1)}>
          ›
        </button>
        <output class="player-frame" data-waits={waits()}>
          {frame()}
        </output>
        <label>
          {t.images.rate}
          <select name="fps" onChange={(event) => room.choose({ fps: Number(event.currentTarget.value) })}>
            <For each={[...new Set([...RATES, fps()])].sort((a, b) => a - b)}>{(rate) => <option selected={rate === fps()}>{rate}</option>}</For>
          </select>
        </label>
        <label>
          <input type="checkbox" name="skip" checked={room.choice().skip} onChange={(event) => room.choose({ skip: event.currentTarget.checked })} />
          {t.images.skip}
        </label>
        <span class="quiet" id={id} title={missing().text === null ? "" : t.images.missingList(missing().text ?? "")}>
          {waits() ? t.images.waits(frameAt(follow(reel(), place(), 1) ?? place())) : missing().text === null ? t.images.missingOf(missing().count, count()) : t.images.missingList(missing().text ?? "")}
        </span>
      </div>
    </section>
  );
}
