/**
 * What all pictures of the room look like: layer, pass, channel, exposure, view transform, and what lies behind.
 */
import { createMemo, createSignal, createUniqueId, For, onCleanup, Show, type JSX } from "solid-js";
import { OVERS, VIEWS, type Over, type ViewName } from "../../api/pictures";
import { MOST_STOPS } from "../../model/look";
import { t } from "../../text";
import { useRoom } from "./room";

/** While a slider moves, pictures are asked for this often at most. */
const PAUSE_MS = 60;

export function LookBar(): JSX.Element {
  const room = useRoom();
  const look = () => room.choice().look;
  const passes = createMemo(() => room.layers.latest?.passes ?? []);
  const pass = createMemo(() => passes().find((one) => one.name === look().pass) ?? passes()[0]);
  // A pass that was chosen stays in the list while it is read, and where this file lacks it.
  const names = createMemo(() => {
    const known = passes().filter((one) => one.kind !== "deep").map((one) => one.name);
    const chosen = look().pass;
    return chosen === null || known.includes(chosen) ? known : [...known, chosen];
  });
  const hint = () => {
    const known = room.layers.latest;
    if (known === undefined) return "";
    const kind = pass()?.kind;
    const about = kind === "colour" && !known.is_scene ? t.images.screen : kind === undefined ? "" : t.images.kinds[kind];
    const data = known.display;
    return [t.images.windows(known.format, data.width, data.height), about].filter((text) => text !== "").join(" · ");
  };

  const [moving, setMoving] = createSignal<number | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const settle = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const stops = moving();
    setMoving(null);
    if (stops !== null && stops !== look().exposure) room.look({ exposure: stops });
  };
  const move = (stops: number): void => {
    setMoving(stops);
    timer ??= setTimeout(settle, PAUSE_MS);
  };
  const stops = () => moving() ?? look().exposure;
  const hintId = createUniqueId();

  return (
    <form class="look" aria-describedby={hintId} onSubmit={(event) => event.preventDefault()}>
      <Show when={room.layerNames().length > 1}>
        <label>
          {t.images.layer}
          <select
            name="layer"
            onChange={(event) => {
              if (room.mode() === "image") {
                const frame = room.frame();
                room.choose({ layer: event.currentTarget.value });
                if (frame !== null) room.go(frame);
              } else room.choose({ layer: event.currentTarget.value });
            }}
          >
            <For each={room.layerNames()}>{(name) => <option selected={name === room.layer()}>{name}</option>}</For>
          </select>
        </label>
      </Show>
      <Show when={names().length > 1}>
        <label>
          {t.images.pass}
          <select
            name="pass"
            onChange={(event) => {
              const first = passes()[0]?.name;
              const chosen = event.currentTarget.value;
              room.look({ pass: chosen === first ? null : chosen, channel: null });
            }}
          >
            <For each={names()}>
              {(name) => (
                <option value={name} selected={name === (look().pass ?? passes()[0]?.name)}>
                  {name}
                </option>
              )}
            </For>
          </select>
        </label>
      </Show>
      <Show when={(pass()?.channels.length ?? 0) > 1}>
        <label>
          {t.images.channel}
          <select name="channel" onChange={(event) => room.look({ channel: event.currentTarget.value || null })}>
            <option value="" selected={look().channel === null}>
              {t.images.channelAll}
            </option>
            <For each={pass()?.channels}>{(name) => <option selected={name === look().channel}>{name}</option>}</For>
          </select>
        </label>
      </Show>
      <label class="look-exposure">
        {t.images.exposure}
        <input
          type="range"
          name="exposure"
          min={-MOST_STOPS}
          max={MOST_STOPS}
          step="0.1"
          value={stops()}
          aria-valuetext={t.images.stops(stops())}
          onInput={(event) => move(event.currentTarget.valueAsNumber)}
          onChange={settle}
          onDblClick={() => room.look({ exposure: 0 })}
        />
        <output>{t.images.stops(stops())}</output>
        <button type="button" class="small" aria-label={t.images.resetExposure} disabled={stops() === 0} onClick={() => room.look({ exposure: 0 })}>
          0
        </button>
      </label>
      <Show when={room.layers.latest?.is_scene !== false}>
        <label title={t.images.viewHelp}>
          {t.images.view}
          <select name="view" onChange={(event) => room.look({ view: event.currentTarget.value as ViewName })}>
            <For each={VIEWS}>
              {(name) => (
                <option value={name} selected={name === look().view}>
                  {t.images.views[name]}
                </option>
              )}
            </For>
          </select>
        </label>
      </Show>
      <label>
        {t.images.over}
        <select name="over" onChange={(event) => room.look({ over: event.currentTarget.value as Over })}>
          <For each={OVERS}>
            {(name) => (
              <option value={name} selected={name === look().over}>
                {t.images.overs[name]}
              </option>
            )}
          </For>
        </select>
      </label>
      <Show when={hasOverscan(room.layers.latest)}>
        <label title={t.images.wholeHelp}>
          <input type="checkbox" name="window" checked={look().whole} onChange={(event) => room.look({ whole: event.currentTarget.checked })} />
          {t.images.whole}
        </label>
      </Show>
      <p class="look-hint quiet" id={hintId}>
        {hint()}
      </p>
    </form>
  );
}

function hasOverscan(layers: { display: object; data: object } | undefined): boolean {
  return layers !== undefined && JSON.stringify(layers.display) !== JSON.stringify(layers.data);
}
