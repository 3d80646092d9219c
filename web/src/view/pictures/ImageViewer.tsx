/**
 * One frame, large: zoom and pan, the numbers of the pixel that is pointed at, and the frames before and after it.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import { pictureAddress, readPixel, type PixelView, type WindowView } from "../../api/pictures";
import { bytes, duration } from "../../model/format";
import { fitted, panned, pieceOf, zoomedAt, type Placed, type Zoom } from "../../model/zoom";
import { attemptAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Picture } from "./Picture";
import { isTyping, useRoom } from "./room";

/** The daemon makes none larger. */
const LARGE = 2048;
const STEP = 1.25;
const PAN = 60;
/** What is pointed at is asked for once the pointer rests. */
const REST_MS = 120;

export function ImageViewer(props: { frame: number; layer: string | null }): JSX.Element {
  const { farm } = usePage();
  const room = useRoom();
  const [box, setBox] = createSignal({ width: 1, height: 1 });
  const [natural, setNatural] = createSignal<{ width: number; height: number } | null>(null);
  const [zoom, setZoom] = createSignal<Zoom>({ scale: 1, x: 0, y: 0 });
  const [piece, setPiece] = createSignal<WindowView | null>(null);
  const [pixel, setPixel] = createSignal<PixelView | null>(null);
  let stage: HTMLDivElement | undefined;

  onMount(() => {
    const watch = new ResizeObserver(() => stage && setBox({ width: stage.clientWidth, height: stage.clientHeight }));
    if (stage) watch.observe(stage);
    onCleanup(() => watch.disconnect());
    const keys = stage?.closest("dialog");
    keys?.addEventListener("keydown", key);
    onCleanup(() => keys?.removeEventListener("keydown", key));
  });

  const known = () => farm.state.detail?.images.find((image) => image.frame === props.frame && image.layer === props.layer);
  const image = () => ({ job: room.job(), frame: props.frame, layer: props.layer });
  const isThere = createMemo(() => {
    room.version();
    return room.isThere(props.frame);
  });
  const before = createMemo(() => (room.version(), room.neighbour(props.frame, -1)));
  const after = createMemo(() => (room.version(), room.neighbour(props.frame, 1)));
  const go = (frame: number | null): void => {
    if (frame !== null) room.go(frame);
  };

  /** What of the file is seen, in its own pixels. */
  const seen = createMemo<WindowView | null>(() => {
    const layers = room.layers.latest;
    return layers === undefined ? null : room.choice().look.whole ? layers.data : layers.display;
  });
  // The picture that has come says what shape it has; a file of wide pixels is not as its numbers are.
  const placed = createMemo<Placed>(() => fitted(natural() ?? { width: 16, height: 9 }, box()));
  const perPixel = () => (placed().width / (seen()?.width ?? natural()?.width ?? 1)) * zoom().scale;

  const put = (next: Zoom): void => void setZoom(panned(next, placed(), box()));
  const at = (event: MouseEvent): { x: number; y: number } => {
    const frame = stage?.getBoundingClientRect();
    return { x: event.clientX - (frame?.left ?? 0), y: event.clientY - (frame?.top ?? 0) };
  };
  const middle = () => ({ x: box().width / 2, y: box().height / 2 });
  const most = () => Math.max(8, (32 * (seen()?.width ?? LARGE)) / placed().width);
  const zoomBy = (factor: number, point = middle()): void => put(zoomedAt(zoom(), factor, point, placed(), most()));
  const zoomTo = (scale: number): void => put(zoomedAt(zoom(), scale / zoom().scale, middle(), placed(), most()));
  const actual = (): void => zoomTo(((seen()?.width ?? LARGE) / placed().width) / devicePixelRatio);

  const key = (event: KeyboardEvent): void => {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    const pan: Record<string, [number, number]> = { ArrowLeft: [PAN, 0], ArrowRight: [-PAN, 0], ArrowUp: [0, PAN], ArrowDown: [0, -PAN] };
    const move = pan[event.key];
    if (move !== undefined && event.shiftKey) put({ ...zoom(), x: zoom().x + move[0], y: zoom().y + move[1] });
    else if (event.key === "ArrowLeft") go(before());
    else if (event.key === "ArrowRight") go(after());
    else if (event.key === "+" || event.key === "=") zoomBy(STEP);
    else if (event.key === "-") zoomBy(1 / STEP);
    else if (event.key === "0") zoomTo(1);
    else if (event.key === "1") actual();
    else return;
    event.preventDefault();
  };

  // Dragging moves; two fingers zoom.
  const fingers = new Map<number, { x: number; y: number }>();
  const spread = (): number => {
    const [a, b] = [...fingers.values()];
    return a === undefined || b === undefined ? 0 : Math.hypot(a.x - b.x, a.y - b.y);
  };
  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    stage?.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, at(event));
  };
  const moved = (event: PointerEvent): void => {
    const last = fingers.get(event.pointerId);
    const now = at(event);
    if (last === undefined) return rest(now);
    const apart = spread();
    fingers.set(event.pointerId, now);
    if (fingers.size === 2 && apart > 0) zoomBy(spread() / apart, now);
    else put({ ...zoom(), x: zoom().x + now.x - last.x, y: zoom().y + now.y - last.y });
  };
  const up = (event: PointerEvent): void => void fingers.delete(event.pointerId);

  let resting: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | undefined;
  const quiet = (): void => {
    clearTimeout(resting);
    asking?.abort();
  };
  onCleanup(quiet);
  const rest = (point: { x: number; y: number }): void => {
    quiet();
    resting = setTimeout(() => void tell(point), REST_MS);
  };
  const tell = async (point: { x: number; y: number }): Promise<void> => {
    const window = seen();
    const where = window === null ? null : pieceOf(zoom(), placed(), window, point);
    if (where === null || !isThere()) return void setPixel(null);
    asking = new AbortController();
    try {
      setPixel(await readPixel(farm.client, image(), room.choice().look.pass, where.x, where.y, asking.signal));
    } catch {
      // A newer place is asked for, or the picture itself tells what is wrong.
    }
  };
  createEffect(on([() => props.frame, () => room.choice().look.pass], () => setPixel(null)));

  // Once larger than what was fetched, what is seen is fetched again as it is in the file.
  let closer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(closer));
  createEffect(() => {
    const [window, at, size, has] = [seen(), zoom(), box(), natural()];
    clearTimeout(closer);
    setPiece(null);
    if (window === null || has === null || at.scale * placed().width * devicePixelRatio <= has.width || window.width <= has.width) return;
    closer = setTimeout(() => {
      const from = pieceOf(at, placed(), window, { x: 0, y: 0 }, true);
      const to = pieceOf(at, placed(), window, { x: size.width, y: size.height }, true);
      if (from !== null && to !== null) {
        setPiece({ x: from.x, y: from.y, width: to.x - from.x + 1, height: to.y - from.y + 1 });
      }
    }, REST_MS);
  });
  const share = (part: number, whole: number): string => `${(part / whole) * 100}%`;

  return (
    <section class="room-part viewer-part" aria-label={t.images.alt(props.frame, props.layer)}>
      <div class="room-tools">
        <button type="button" disabled={before() === null} aria-label={t.images.previous} onClick={() => go(before())}>
          ‹
        </button>
        <h3>{t.images.alt(props.frame, props.layer)}</h3>
        <button type="button" disabled={after() === null} aria-label={t.images.next} onClick={() => go(after())}>
          ›
        </button>
        <span class="gap" />
        <span class="zoom" title={t.images.zoomHelp}>
          <button type="button" aria-label={t.images.zoomOut} onClick={() => zoomBy(1 / STEP)}>
            −
          </button>
          <output>{t.images.zoom(Math.round(perPixel() * devicePixelRatio * 100))}</output>
          <button type="button" aria-label={t.images.zoomIn} onClick={() => zoomBy(STEP)}>
            +
          </button>
          <button type="button" onClick={() => zoomTo(1)}>
            {t.images.fit}
          </button>
          <button type="button" onClick={actual}>
            {t.images.actual}
          </button>
        </span>
      </div>
      <div
        ref={stage}
        class="stage"
        classList={{ "is-zoomed": zoom().scale > 1, "is-close": perPixel() >= 3 }}
        onWheel={(event) => {
          event.preventDefault();
          zoomBy(Math.exp(-event.deltaY / 400), at(event));
        }}
        onPointerDown={down}
        onPointerMove={moved}
        onPointerUp={up}
        onPointerCancel={up}
        onPointerLeave={() => {
          quiet();
          setPixel(null);
        }}
        onDblClick={(event) => (zoom().scale > 1 ? zoomTo(1) : zoomBy(2.5, at(event)))}
      >
        <div
          class="stage-image"
          style={{
            width: `${placed().width}px`,
            height: `${placed().height}px`,
            transform: `translate(${placed().x + zoom().x}px, ${placed().y + zoom().y}px) scale(${zoom().scale})`,
          }}
        >
          <Show when={isThere()} fallback={<span class="no-preview">{t.images.missing(props.frame, t.images.hole[room.stateOf(props.frame) ?? "pending"])}</span>}>
            <Picture
              src={room.address(image(), LARGE)}
              alt={t.images.alt(props.frame, props.layer)}
              ref={(element) => element.addEventListener("load", () => setNatural({ width: element.naturalWidth, height: element.naturalHeight }))}
            />
          </Show>
          <Show when={piece()}>
            {(part) => (
              <img
                class="stage-piece"
                alt=""
                draggable={false}
                src={pictureAddress(farm.client, image(), room.choice().look, LARGE, known()?.at ?? "", part())}
                style={{
                  left: share(part().x - (seen()?.x ?? 0), seen()?.width ?? 1),
                  top: share(part().y - (seen()?.y ?? 0), seen()?.height ?? 1),
                  width: share(part().width, seen()?.width ?? 1),
                  height: share(part().height, seen()?.height ?? 1),
                }}
              />
            )}
          </Show>
        </div>
      </div>
      <p class="viewer-facts">
        <span class="pixel">
          <Show when={pixel()}>
            {(told) => (
              <>
                <b>{t.images.pixel(told().x, told().y)}</b>
                <For each={told().samples} fallback={<span class="quiet">{t.images.outside}</span>}>
                  {(one) => (
                    <span class="sample" data-channel={one.channel}>
                      {one.channel} {one.special === null ? number(one.value ?? 0) : t.images.special[one.special]}
                    </span>
                  )}
                </For>
              </>
            )}
          </Show>
        </span>
        <Show when={known()}>
          {(image) => (
            <>
              <code class="path">{image().path}</code>
              <span>{bytes(image().bytes)}</span>
              <Show when={image().seconds}>{(seconds) => <span>{t.images.took(duration(seconds()))}</span>}</Show>
              <Show when={image().attempt}>
                {(attempt) => <a href={attemptAddress(room.job(), attempt())}>{t.images.attempt(attempt())}</a>}
              </Show>
            </>
          )}
        </Show>
      </p>
    </section>
  );
}

/** As many digits as a half float has. */
function number(value: number): string {
  return Math.abs(value) >= 1e6 ? value.toExponential(3) : String(Number(value.toPrecision(5)));
}
