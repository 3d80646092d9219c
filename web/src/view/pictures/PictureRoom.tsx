/**
 * The pictures of one job, over the whole window: one image, all of them, a player, or two compared. What they look
 * like is chosen once for all of these.
 */
import { createMemo, For, onMount, Show, type JSX } from "solid-js";
import { MODES, type Mode } from "../../model/look";
import { jobAddress, picturesAddress } from "../../store/route";
import { t } from "../../text";
import { replaceAddress, usePage } from "../shell/context";
import { Compare } from "./Compare";
import { ImageViewer } from "./ImageViewer";
import { LookBar } from "./LookBar";
import { Player } from "./Player";
import { createRoom, isTyping, RoomContext } from "./room";
import { Sheet } from "./Sheet";
import "./pictures.css";

export function PictureRoom(props: { mode: Mode }): JSX.Element {
  const { farm, route } = usePage();
  const room = createRoom(() => props.mode);
  let dialog: HTMLDialogElement | undefined;
  onMount(() => {
    if (dialog === undefined) return;
    dialog.showModal();
    // The first control would take the focus otherwise, and with it the arrows.
    dialog.tabIndex = -1;
    dialog.focus();
  });
  const name = () => farm.state.jobs[room.job()]?.name ?? "";
  const key = (event: KeyboardEvent): void => {
    const step = event.key === "[" ? -0.5 : event.key === "]" ? 0.5 : 0;
    if (step === 0 || isTyping(event)) return;
    room.look({ exposure: Math.max(-10, Math.min(10, room.choice().look.exposure + step)) });
    event.preventDefault();
  };
  const address = (mode: Mode): string => picturesAddress(room.job(), mode, room.frame(), { ...room.choice(), frame: room.frame() });
  const image = createMemo(() => route().image);

  return (
    <RoomContext.Provider value={room}>
      <dialog
        ref={dialog}
        class="viewer room"
        aria-label={props.mode === "image" && image() !== null ? t.images.alt(image()?.frame ?? 0, image()?.layer ?? null) : t.images.room(name(), room.job())}
        onKeyDown={key}
        onClose={() => {
          location.hash = jobAddress(room.job());
        }}
      >
        <header class="room-head">
          <h2>
            <span class="room-job">{name()}</span> <span class="number">{room.job()}</span>
          </h2>
          <nav class="modes" aria-label={t.images.modesLabel}>
            <For each={MODES}>
              {(mode) => (
                <Show when={mode !== "image" || room.frame() !== null}>
                  <a
                    href={address(mode)}
                    aria-current={props.mode === mode ? "page" : undefined}
                    onClick={(event) => {
                      // A turn in the room is no step of the browser's history: its back button leaves the room.
                      event.preventDefault();
                      replaceAddress(address(mode));
                    }}
                  >
                    {t.images.modes[mode]}
                  </a>
                </Show>
              )}
            </For>
          </nav>
          <button type="button" class="room-close" onClick={() => dialog?.close()}>
            {t.images.close}
          </button>
        </header>
        <LookBar />
        <div class="room-body">
          <Show when={room.frame() !== null || props.mode === "image" || props.mode === "sheet"} fallback={<p class="empty">{t.images.nothing}</p>}>
            <Show when={props.mode === "image" && image()}>
              {(shown) => <ImageViewer frame={shown().frame} layer={shown().layer} />}
            </Show>
            <Show when={props.mode === "sheet"}>
              <Sheet />
            </Show>
            <Show when={props.mode === "play"}>
              <Player />
            </Show>
            <Show when={props.mode === "compare"}>
              <Compare />
            </Show>
          </Show>
        </div>
      </dialog>
    </RoomContext.Provider>
  );
}
