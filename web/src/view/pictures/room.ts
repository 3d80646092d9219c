/**
 * What the parts of the pictures' room share: the job whose pictures they are, which of its frames are there, and how
 * everything is to look. All of it is in the address.
 */
import { createContext, createEffect, createMemo, createResource, on, useContext, type Accessor, type Resource } from "solid-js";
import { createStore } from "solid-js/store";
import { pictureAddress, readLayers, type ImageOf, type LayersView, type Look } from "../../api/pictures";
import { parseFrames, FrameIndex } from "../../model/frames";
import { FRAME_STATES, type GridLayer } from "../../model/grid";
import { readChoice, type Choice, type Mode } from "../../model/look";
import type { FrameState } from "../../api/types";
import { picturesAddress } from "../../store/route";
import { replaceAddress, usePage } from "../shell/context";

export interface Room {
  readonly job: Accessor<number>;
  readonly mode: Accessor<Mode>;
  readonly choice: Accessor<Choice>;
  readonly layer: Accessor<string | null>;
  readonly layerNames: Accessor<readonly string[]>;
  /** The frames of the chosen layer; their states change under `version`. */
  readonly strip: Accessor<GridLayer | null>;
  readonly version: Accessor<number>;
  stateOf(frame: number): FrameState | undefined;
  isThere(frame: number): boolean;
  /** The frame that is looked at: the chosen one, or the first that is there. */
  readonly frame: Accessor<number | null>;
  readonly layers: Resource<LayersView | undefined>;
  image(frame: number): ImageOf;
  address(image: ImageOf, size: number, look?: Look): string;
  /** Changes what is chosen, in place: no step that the browser's back button should repeat. */
  choose(change: Partial<Choice>): void;
  look(change: Partial<Look>): void;
  /** The frame before or after this one that is there. */
  neighbour(frame: number, direction: 1 | -1): number | null;
  go(frame: number): void;
}

export const RoomContext = createContext<Room>();

export function useRoom(): Room {
  const room = useContext(RoomContext);
  if (room === undefined) throw new Error("a part of the pictures' room is outside of it");
  return room;
}

const THERE: ReadonlySet<number | undefined> = new Set([FRAME_STATES.indexOf("done"), FRAME_STATES.indexOf("skipped")]);
const NOTHING = new FrameIndex(parseFrames(""));

export function createRoom(mode: Accessor<Mode>): Room {
  const { farm, route } = usePage();
  const job = createMemo(() => route().job ?? 0);
  const choice = createMemo(() => readChoice(route().query));
  const version = createMemo(() => (farm.state.detail?.id === job() ? farm.state.detail.gridVersion : 0));
  const grid = () => {
    version();
    return farm.state.detail?.id === job() ? farm.state.detail.grid : null;
  };
  const layerNames = createMemo<readonly string[]>(() =>
    (grid()?.layers ?? []).flatMap((one) => (one.name === null ? [] : [one.name])),
  );
  const layer = createMemo(() => choice().layer ?? layerNames()[0] ?? null);
  const strip = createMemo(() => grid()?.layers.find((one) => one.name === layer()) ?? null, null, { equals: false });

  const stateOf = (frame: number): FrameState | undefined => {
    const known = strip();
    const at = known?.index.indexOf(frame) ?? -1;
    return at < 0 ? undefined : FRAME_STATES[known?.states[at] as number];
  };
  const isThere = (frame: number): boolean => ["done", "skipped"].includes(stateOf(frame) ?? "");

  // Which frame is the first that is there may change with every image; what is chosen must not change with it.
  const firstThere = createMemo<number | null>((before) => {
    const known = strip();
    if (known === null) return null;
    if (before !== null && THERE.has(known.states[known.index.indexOf(before)])) return before;
    const at = known.states.findIndex((state) => THERE.has(state));
    return known.index.frameAt(at) ?? null;
  }, null);
  const frame = createMemo(() => (mode() === "image" ? (route().image?.frame ?? null) : (choice().frame ?? firstThere())));

  const asked = createMemo(() => {
    const one = firstThere();
    return one === null ? null : { job: job(), frame: one, layer: layer() };
  }, null, { equals: (a, b) => a?.job === b?.job && a?.frame === b?.frame && a?.layer === b?.layer });
  const [layers] = createResource(asked, (image) =>
    // What is wrong with the file is said where its picture would be.
    readLayers(farm.client, image).catch(() => undefined),
  );

  const [versions, setVersions] = createStore<Record<string, string>>({});
  const key = (image: ImageOf): string => `${image.job} ${image.frame} ${image.layer ?? ""}`;
  createEffect(
    on(
      () => farm.state.detail?.images.map((image) => [key(image), image.at] as const),
      (images) => images?.forEach(([name, at]) => setVersions(name, at)),
    ),
  );

  const rewrite = (next: Choice): void => {
    const shown = mode() === "image" ? (route().image?.frame ?? null) : null;
    replaceAddress(picturesAddress(job(), mode(), shown, next));
  };

  return {
    job,
    mode,
    choice,
    layer,
    layerNames,
    strip: createMemo(() => strip() ?? { name: null, index: NOTHING, states: new Uint8Array() }, null, { equals: false }),
    version,
    stateOf,
    isThere,
    frame,
    layers,
    image: (at) => ({ job: job(), frame: at, layer: layer() }),
    address: (image, size, look) => pictureAddress(farm.client, image, look ?? choice().look, size, versions[key(image)] ?? ""),
    choose: (change) => rewrite({ ...choice(), ...change }),
    look: (change) => rewrite({ ...choice(), look: { ...choice().look, ...change } }),
    neighbour(from, direction) {
      const known = strip();
      const start = known?.index.indexOf(from) ?? -1;
      if (known === null || start < 0) return null;
      for (let at = start + direction; at >= 0 && at < known.index.count; at += direction) {
        if (THERE.has(known.states[at])) return known.index.frameAt(at) ?? null;
      }
      return null;
    },
    go(to) {
      replaceAddress(picturesAddress(job(), mode(), to, mode() === "image" ? choice() : { ...choice(), frame: to }));
    },
  };
}

/** Whether keys are meant for what they were pressed in. */
export function isTyping(event: KeyboardEvent): boolean {
  return event.target instanceof HTMLInputElement || event.target instanceof HTMLSelectElement || event.target instanceof HTMLTextAreaElement;
}
