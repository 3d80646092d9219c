/**
 * What is rendered: the scene, its frames and layers, and where the images go.
 */
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { listFiles } from "../../api/submit";
import { count, bytes, clock } from "../../model/format";
import { countFrames, coverage, readFrames, type Run } from "../../model/frames";
import { t } from "../../text";
import { ProblemText, Prose } from "../common/parts";
import { usePage } from "../shell/context";
import { Field, TextField } from "./Field";
import { directoryOf, FileBrowser } from "./FileBrowser";
import { useSubmit } from "./form";

const RECENT_SCENES = 12;
const CELLS = 120;

export function SceneField(): JSX.Element {
  const { farm, now } = usePage();
  const { draft, set, inspected, inside, recents } = useSubmit();
  const [browsing, setBrowsing] = createSignal(false);
  // Whether there are roots to look through; null until the daemon said so.
  const [confined, setConfined] = createSignal<boolean | null>(null);
  createEffect(() => {
    farm.epoch();
    const stop = new AbortController();
    listFiles(farm.client, null, "", stop.signal).then(
      (view) => setConfined(view.confined),
      () => setConfined(null),
    );
  });
  const recentScenes = createMemo(() => {
    farm.state.jobsVersion;
    const ofJobs = Object.values(farm.state.jobs).sort((a, b) => b.id - a.id).map((job) => job.scene);
    return [...new Set([...recents().map((one) => one.submission.scene), ...ofJobs])].slice(0, RECENT_SCENES);
  });
  const view = () => inspected()?.view ?? null;
  return (
    <>
      <Field pointer="/scene" title={t.submit.scene.title} about={t.submit.scene.about} required class="wide">
        {(ties) => (
          <div class="with-button">
            <input
              type="text"
              {...ties}
              value={draft.scene}
              list="recent-scenes"
              autocomplete="off"
              spellcheck={false}
              aria-required="true"
              onInput={(event) => set("scene", event.currentTarget.value)}
            />
            <datalist id="recent-scenes">
              <For each={recentScenes()}>{(scene) => <option value={scene} />}</For>
            </datalist>
            <button type="button" disabled={confined() !== true} onClick={() => setBrowsing(true)}>
              {t.submit.scene.browse}…
            </button>
          </div>
        )}
      </Field>
      <Show when={confined() === false}>
        <p class="field-note">
          <Prose text={t.submit.scene.free} />
        </p>
      </Show>
      <div class="field-note scene-says" aria-live="polite">
        <Show when={inspected()?.problem}>{(problem) => <ProblemText problem={problem()} />}</Show>
        <Show when={view()}>
          {(scene) => (
            <>
              <p>
                {t.submit.scene.whole(bytes(scene().bytes), scene().modified === null ? "" : clock(scene().modified ?? "", now()))}
                <Show when={inside()?.name}>{(name) => <> · {name()}</>}</Show>
                <Show when={scene().scenes.length > 1}>
                  {" · "}
                  {t.submit.scene.others(scene().scenes.filter((one) => one !== inside()).map((one) => one.name).join(", "))}
                </Show>
              </p>
              <For each={scene().unread}>
                {(one) => (
                  <p class="stuck">
                    {t.submit.scene.unread[one.what]}: <Prose text={one.why} />
                  </p>
                )}
              </For>
            </>
          )}
        </Show>
      </div>
      <Show when={browsing()}>
        <FileBrowser at={directoryOf(draft.scene.trim())} choose={(path) => set("scene", path)} close={() => setBrowsing(false)} />
      </Show>
    </>
  );
}

export function FramesField(): JSX.Element {
  const { draft, set, inside } = useSubmit();
  const own = () => inside()?.frames ?? null;
  const runs = createMemo((): Run[] | null => {
    const typed = draft.frames.trim() || (own() ?? "");
    try {
      return typed === "" ? null : readFrames(typed);
    } catch {
      return null;
    }
  });
  const said = () => (own() === null ? t.submit.frames.empty : t.submit.frames.own(own() ?? ""));
  return (
    <Field
      pointer="/frames"
      title={t.submit.frames.title}
      about={draft.frames.trim() === "" ? said() : t.submit.frames.about}
      class="wide"
      aside={
        <Show when={own() !== null && draft.frames.trim() !== own() ? own() : null}>
          {(frames) => (
            <button type="button" class="small" onClick={() => set("frames", frames())}>
              {t.submit.frames.use(frames())}
            </button>
          )}
        </Show>
      }
    >
      {(ties) => (
        <>
          <input
            type="text"
            {...ties}
            value={draft.frames}
            placeholder={own() ?? "1-100"}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => set("frames", event.currentTarget.value)}
          />
          <Show when={runs()}>{(all) => <FramesPreview runs={all()} layers={draft.layers.length} />}</Show>
        </>
      )}
    </Field>
  );
}

/** How many frames, and which of them: a cell is as full as there are frames in its part of the way. */
function FramesPreview(props: { runs: readonly Run[]; layers: number }): JSX.Element {
  const number = () => countFrames(props.runs);
  const first = () => props.runs[0]?.first ?? 0;
  const last = () => props.runs.at(-1)?.last ?? 0;
  const cells = createMemo(() => coverage(props.runs, CELLS));
  const said = () => {
    const frames = t.submit.frames.count(count(number()), number(), first(), last());
    return props.layers > 1 ? t.submit.frames.total(frames, props.layers, count(number() * props.layers)) : frames;
  };
  return (
    <div class="frames-preview">
      <svg class="coverage" viewBox={`0 0 ${cells().length} 10`} preserveAspectRatio="none" role="img" aria-label={t.submit.frames.strip(first(), last())}>
        <For each={cells()}>
          {(cell, index) => <rect class="bar-running" x={index() + 0.06} y={10 - Math.max(cell.share > 0 ? 2 : 0, cell.share * 10)} width="0.88" height={Math.max(cell.share > 0 ? 2 : 0, cell.share * 10)} />}
        </For>
      </svg>
      <span data-count={number()}>{said()}</span>
    </div>
  );
}

export function LayersField(): JSX.Element {
  const { draft, set, inside, inspected } = useSubmit();
  const [typed, setTyped] = createSignal("");
  // A scene of which all layers are known has no others.
  const isWhole = () => ofScene().length > 0 && inspected()?.view?.unread.every((one) => one.what !== "layers") === true;
  const ofScene = () => inside()?.layers ?? [];
  const others = () => draft.layers.filter((name) => !ofScene().some((layer) => layer.name === name));
  const put = (name: string, on: boolean): void =>
    set("layers", (now) => (on ? (now.includes(name) ? now : [...now, name]) : now.filter((one) => one !== name)));
  function add(): void {
    const name = typed().trim();
    if (name !== "") put(name, true);
    setTyped("");
  }
  return (
    <Field
      pointer="/layers"
      title={t.submit.layers.title}
      about={t.submit.layers.about}
      several
      class="wide"
      aside={
        <Show when={ofScene().length > 1}>
          <button type="button" class="small" onClick={() => set("layers", ofScene().filter((layer) => layer.enabled).map((layer) => layer.name))}>
            {t.submit.layers.all}
          </button>
          <button type="button" class="small" disabled={draft.layers.length === 0} onClick={() => set("layers", [])}>
            {t.submit.layers.none}
          </button>
        </Show>
      }
    >
      {(ties) => (
        <div class="layers" aria-describedby={ties["aria-describedby"]}>
          <For each={ofScene()}>
            {(layer) => (
              <label class="form-check form-chip">
                <input type="checkbox" checked={draft.layers.includes(layer.name)} onChange={(event) => put(layer.name, event.currentTarget.checked)} />
                <span>
                  {layer.name} <Show when={!layer.enabled}><span class="quiet">{t.submit.layers.off}</span></Show>
                </span>
              </label>
            )}
          </For>
          <For each={others()}>
            {(name) => (
              <span class="form-chip">
                <span>
                  {name} <Show when={isWhole()}><span class="stuck">{t.submit.layers.unknown}</span></Show>
                </span>
                <button type="button" class="small" aria-label={t.submit.layers.remove(name)} onClick={() => put(name, false)}>
                  ×
                </button>
              </span>
            )}
          </For>
          <input
            type="text"
            class="layer-name"
            aria-label={t.submit.layers.add}
            placeholder={t.submit.layers.add}
            title={t.submit.layers.addAbout}
            value={typed()}
            autocomplete="off"
            spellcheck={false}
            onInput={(event) => setTyped(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== "Enter") return;
              event.preventDefault();
              add();
            }}
            onBlur={add}
          />
        </div>
      )}
    </Field>
  );
}

export function OutputField(): JSX.Element {
  const { plan } = useSubmit();
  const first = createMemo(() => {
    const now = plan();
    const known = now.kind === "ready" ? now.plan : now.kind === "checking" ? now.before : null;
    if (known === null) return null;
    return known.levels.flatMap((level) => level.tasks).flatMap((task) => task.outputs)[0] ?? "";
  });
  return (
    <div class="wide">
      <TextField name="output" pointer="/output" title={t.submit.output.title} about={t.submit.output.about} />
      <Show when={first() !== null}>
        <p class="field-note first-image">
          {t.submit.output.first}: {first() === "" ? t.submit.output.unknown : <code class="path">{first()}</code>}
        </p>
      </Show>
    </div>
  );
}
