/**
 * Two images over each other or side by side: two frames of a job, or the same frame of two jobs.
 */
import { createEffect, createMemo, createResource, createSignal, createUniqueId, For, onMount, Show, type JSX } from "solid-js";
import { unwrap } from "solid-js/store";
import type { ImageOf } from "../../api/pictures";
import type { JobSummary } from "../../api/types";
import { FrameGrid } from "../../model/grid";
import { parseFrames, FrameIndex } from "../../model/frames";
import { BLENDS, type Blend } from "../../model/look";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Picture } from "./Picture";
import { useRoom } from "./room";

const LARGE = 1920;
/** Jobs to choose from: those of the same scene, and then the newest. */
const JOBS = 100;

export function Compare(): JSX.Element {
  const { farm } = usePage();
  const room = useRoom();
  const [share, setShare] = createSignal(50);
  const id = createUniqueId();

  const first = () => room.frame() ?? 0;
  const other = createMemo(() => {
    const chosen = room.choice().other;
    if (chosen !== null) return chosen;
    const frame = room.neighbour(first(), 1) ?? room.neighbour(first(), -1) ?? first();
    return { job: room.job(), frame };
  });
  const isSame = () => other().job === room.job();

  // Another job has its own frames and layers.
  const [foreign] = createResource(
    () => (isSame() ? null : other().job),
    async (job) => {
      const [view, frames] = await Promise.all([farm.client.job(job), farm.client.frames(job)]);
      return { job, grid: FrameGrid.build(view.spec.frames, view.spec.layers, frames) };
    },
  );
  const otherLayer = (): string | null => {
    if (isSame()) return room.layer();
    const layers = foreign.latest?.job === other().job ? foreign.latest.grid.layers : [];
    return (layers.find((one) => one.name === room.layer()) ?? layers[0])?.name ?? null;
  };
  const isRead = () => isSame() || (foreign.state === "ready" && foreign.latest?.job === other().job);
  const stateOf = (image: ImageOf): string => {
    room.version();
    const state = image.job === room.job() ? room.stateOf(image.frame) : foreign.latest?.grid.get(image.layer, image.frame);
    return state === "done" || state === "skipped" ? "" : t.images.hole[state ?? "pending"];
  };

  const jobs = createMemo(() => {
    farm.state.jobsVersion;
    const all = Object.values(unwrap(farm.state.jobs));
    const scene = farm.state.jobs[room.job()]?.scene;
    const rank = (job: JobSummary): number => (job.id === room.job() ? 0 : job.scene === scene ? 1 : 2);
    const listed = all.filter((job) => job.frames.done + job.frames.skipped > 0).sort((a, b) => rank(a) - rank(b) || b.id - a.id);
    return listed.slice(0, JOBS);
  });

  const framesOf = (job: number): FrameIndex =>
    job === room.job() ? (room.strip()?.index ?? new FrameIndex([])) : (foreign.latest?.grid.layers[0]?.index ?? new FrameIndex(parseFrames("")));

  // An image that an attempt wrote is gone as soon as another one's is in its place.
  const attempts = createMemo(() =>
    (farm.state.detail?.attempts ?? [])
      .filter((attempt) => attempt.layer === room.layer() && attempt.state === "ended" && new FrameIndex(parseFrames(attempt.frames_done)).has(first()))
      .map((attempt) => attempt.id)
      .sort((a, b) => a - b),
  );

  const blend = () => room.choice().blend;
  const a = (): ImageOf => room.image(first());
  const b = (): ImageOf => ({ job: other().job, frame: other().frame, layer: otherLayer() });
  const says = (name: string, image: ImageOf): string =>
    `${name}: ${image.job === room.job() ? "" : `${farm.state.jobs[image.job]?.name ?? image.job}, `}${t.images.alt(image.frame, image.layer)}`;

  const Side = (props: { name: string; image: ImageOf; class: string; ref?: (element: HTMLElement) => void }): JSX.Element => (
    <figure class={`compare-side ${props.class}`} ref={props.ref}>
      <Show when={stateOf(props.image) === ""} fallback={<span class="no-preview">{t.images.missing(props.image.frame, stateOf(props.image))}</span>}>
        <Picture src={room.address(props.image, LARGE)} alt={says(props.name, props.image)} />
      </Show>
      <figcaption>{says(props.name, props.image)}</figcaption>
    </figure>
  );

  const [top, setTop] = createSignal<HTMLElement>();
  let stage: HTMLDivElement | undefined;
  createEffect(() => {
    top()?.style.setProperty("--share", `${blend() === "slider" ? share() : 100}%`);
    stage?.style.setProperty("--share", `${share()}%`);
  });
  // The line can be taken hold of anywhere on the picture.
  const drag = (event: PointerEvent): void => {
    if (blend() !== "slider" || (event.type === "pointermove" && (event.buttons & 1) === 0)) return;
    const frame = stage?.getBoundingClientRect();
    if (frame !== undefined) setShare(Math.round(Math.max(0, Math.min(1, (event.clientX - frame.left) / frame.width)) * 1000) / 10);
  };
  onMount(() => stage?.style.setProperty("--share", "50%"));

  return (
    <section class="room-part" aria-label={t.images.modes.compare}>
      <div class="room-tools compare-tools">
        <FrameField name="a" label={t.images.first} frame={first()} index={framesOf(room.job())} choose={(frame) => room.choose({ frame, other: other() })} />
        <label>
          {t.images.second} <span class="quiet">{t.images.job}</span>
          <select
            name="other-job"
            onChange={(event) => {
              const job = Number(event.currentTarget.value);
              // The same frame of another job is what one wants to see first.
              room.choose({ frame: first(), other: { job, frame: job === room.job() ? other().frame : first() } });
            }}
          >
            <For each={jobs()}>
              {(job) => (
                <option value={job.id} selected={job.id === other().job}>
                  {job.id} {job.name}
                </option>
              )}
            </For>
          </select>
        </label>
        <FrameField
          name="b"
          label={t.images.frame}
          frame={other().frame}
          index={framesOf(other().job)}
          choose={(frame) => room.choose({ frame: first(), other: { ...other(), frame } })}
        />
        <label>
          {t.images.blend}
          <select name="blend" onChange={(event) => room.choose({ blend: event.currentTarget.value as Blend })}>
            <For each={BLENDS}>
              {(one) => (
                <option value={one} selected={one === blend()}>
                  {t.images.blends[one]}
                </option>
              )}
            </For>
          </select>
        </label>
        <Show when={blend() === "slider"}>
          <label class="compare-share">
            <span class="hidden">{t.images.divide}</span>
            <input
              type="range"
              name="share"
              min="0"
              max="100"
              step="0.5"
              value={share()}
              aria-valuetext={`${share()}%`}
              onInput={(event) => setShare(event.currentTarget.valueAsNumber)}
            />
          </label>
        </Show>
      </div>
      <div ref={stage} class="stage compare" classList={{ "compare-slider": blend() === "slider", "compare-in-row": blend() === "side", "compare-difference": blend() === "difference" }} aria-describedby={id} onPointerDown={drag} onPointerMove={drag}>
        <Show when={isRead()} fallback={<p class="no-preview">{t.images.loading}</p>}>
          <Side name={t.images.second} image={b()} class="compare-b" />
        </Show>
        <Side name={t.images.first} image={a()} class="compare-a" ref={setTop} />
        <Show when={blend() === "slider"}>
          <span class="compare-line" aria-hidden="true" />
        </Show>
      </div>
      <p class="compare-note quiet" id={id}>
        {attempts().length > 1 ? t.images.replaced(first(), attempts()) : room.choice().other === null ? t.images.choose : ""}
      </p>
    </section>
  );
}

/** A frame's number; one that the job does not have is not taken. */
function FrameField(props: { name: string; label: string; frame: number; index: FrameIndex; choose: (frame: number) => void }): JSX.Element {
  return (
    <label>
      {props.label}
      <input
        type="number"
        name={`frame-${props.name}`}
        aria-label={`${props.label} ${t.images.frame}`}
        value={props.frame}
        step="1"
        onChange={(event) => {
          const frame = event.currentTarget.valueAsNumber;
          if (props.index.has(frame)) props.choose(frame);
          else event.currentTarget.value = String(props.frame);
        }}
      />
    </label>
  );
}
