/**
 * What the page asks of pictures: where one is, what its file is made of, and the numbers of a pixel.
 */
import type { Client } from "./client";

export type PassKind = "colour" | "depth" | "normals" | "vectors" | "uv" | "id" | "cryptomatte" | "value" | "deep";

export interface PassView {
  name: string;
  kind: PassKind;
  channels: string[];
  samples: string;
}

export interface WindowView {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface LayersView {
  format: string;
  display: WindowView;
  data: WindowView;
  /** Light of a scene; otherwise it was made for a screen, and no view transform is put on it. */
  is_scene: boolean;
  passes: PassView[];
}

export interface PixelView {
  x: number;
  y: number;
  samples: { channel: string; value: number | null; special: "nan" | "inf" | "-inf" | null }[];
}

export const VIEWS = ["standard", "filmic", "rec709", "raw"] as const;
export type ViewName = (typeof VIEWS)[number];
export const OVERS = ["checker", "grey", "black"] as const;
export type Over = (typeof OVERS)[number];

/** How pictures are to look: chosen once for all of them. */
export interface Look {
  readonly pass: string | null;
  readonly channel: string | null;
  readonly exposure: number;
  readonly view: ViewName;
  readonly over: Over;
  /** Everything the file has, and not what was framed. */
  readonly whole: boolean;
}

/** One image of the farm. */
export interface ImageOf {
  readonly job: number;
  readonly frame: number;
  readonly layer: string | null;
}

function which(image: ImageOf): URLSearchParams {
  const query = new URLSearchParams({ frame: String(image.frame) });
  if (image.layer !== null) query.set("layer", image.layer);
  return query;
}

/**
 * Where a picture is. `version` changes when the frame is rendered again; it stands in the fragment, which the daemon
 * never sees, so that the browser asks anew instead of showing the old one.
 */
export function pictureAddress(
  client: Pick<Client, "root">,
  image: ImageOf,
  look: Look,
  size: number,
  version = "",
  region: WindowView | null = null,
): string {
  const query = which(image);
  query.set("size", String(size));
  if (look.pass !== null) query.set("pass", look.pass);
  if (look.channel !== null) query.set("channel", look.channel);
  if (look.exposure !== 0) query.set("exposure", String(look.exposure));
  if (look.view !== "standard") query.set("view", look.view);
  if (look.over !== "checker") query.set("over", look.over);
  if (look.whole) query.set("window", "data");
  if (region !== null) query.set("region", [region.x, region.y, region.width, region.height].join());
  return new URL(`jobs/${image.job}/image?${query}#${version}`, client.root).href;
}

export function readLayers(client: Client, image: ImageOf): Promise<LayersView> {
  return client.get(`jobs/${image.job}/image/layers?${which(image)}`);
}

export function readPixel(
  client: Client,
  image: ImageOf,
  pass: string | null,
  x: number,
  y: number,
  signal: AbortSignal,
): Promise<PixelView> {
  const query = which(image);
  if (pass !== null) query.set("pass", pass);
  query.set("x", String(x));
  query.set("y", String(y));
  return client.get(`jobs/${image.job}/image/pixel?${query}`, signal);
}
