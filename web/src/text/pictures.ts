/** What is said of rendered images. */
import type { Over, PassKind, ViewName } from "../api/pictures";
import type { FrameState } from "../api/types";
import type { Blend, Mode } from "../model/look";

const VIEWS: Record<ViewName, string> = { standard: "Standard", filmic: "Filmic", rec709: "Rec. 709", raw: "Raw" };
const OVERS: Record<Over, string> = { checker: "Checker", grey: "Grey", black: "Black" };
const MODES: Record<Mode, string> = { image: "Image", sheet: "Sheet", play: "Play", compare: "Compare" };
const BLENDS: Record<Blend, string> = { slider: "Slider", side: "Side by side", difference: "Difference" };
const KINDS: Record<PassKind, string> = {
  colour: "",
  depth: "near is white, far is dark, within each frame's own range",
  normals: "-1 to 1 of each axis as 0 to 1",
  vectors: "0 is mid grey, the largest amount of the frame is full",
  uv: "texture coordinates as red and green",
  id: "each number has a colour of its own",
  cryptomatte: "each object has a colour of its own",
  value: "0 is black, 1 is white",
  deep: "deep samples are not shown",
};

export const images = {
  heading: "Last images",
  none: "No image yet.",
  alt: (frame: number, layer: string | null): string =>
    layer === null ? `Frame ${frame}` : `Frame ${frame}, layer ${layer}`,
  open: (frame: number): string => `Open frame ${frame}`,
  broken: "No preview",
  previous: "Previous frame",
  next: "Next frame",
  close: "Close",
  took: (span: string): string => `rendered in ${span}`,
  attempt: (id: number): string => `attempt ${id}`,
  original: "Path",

  room: (name: string, id: number): string => `Pictures of ${name} (${id})`,
  modes: MODES,
  modesLabel: "What to show",
  nothing: "None of its frames has an image yet. They appear here as they land.",
  loading: "Loading",

  layer: "Layer",
  pass: "Pass",
  passUsual: "Beauty",
  channel: "Channel",
  channelAll: "All",
  exposure: "Exposure",
  stops: (stops: number): string => `${stops > 0 ? "+" : ""}${stops.toFixed(1)}`,
  resetExposure: "Set the exposure back to 0",
  view: "View",
  views: VIEWS,
  viewHelp: "Filmic is as Blender's view of that name. No OCIO configuration is read, so a studio's own view may look different.",
  over: "Behind",
  overs: OVERS,
  whole: "Overscan",
  wholeHelp: "Everything the file has, and not what was framed",
  screen: "made for a screen: no view transform is put on it",
  kinds: KINDS,
  windows: (format: string, width: number, height: number): string => `${format}, ${width} × ${height}`,

  sheetHelp: "Sheet: the arrows go from image to image, Enter opens one",
  order: "Order",
  byFrame: "By frame",
  newest: "Newest first",
  newestMost: (most: number): string => `The last ${most} images.`,
  size: "Size",
  counts: (there: number, total: number, failed: number): string =>
    `${there} of ${total} frames${failed > 0 ? `, ${failed} failed` : ""}`,
  hole: {
    pending: "not yet",
    running: "rendering",
    done: "no image",
    skipped: "no image",
    failed: "failed",
  } satisfies Record<FrameState, string>,

  zoomIn: "Zoom in",
  zoomOut: "Zoom out",
  fit: "Fit",
  actual: "1:1",
  zoom: (percent: number): string => `${percent}%`,
  zoomHelp: "Wheel or + and − zoom, dragging or Shift and the arrows move, 0 fits, 1 shows pixels as they are",
  pixel: (x: number, y: number): string => `${x}, ${y}`,
  outside: "no samples here",
  special: { nan: "NaN", inf: "∞", "-inf": "-∞" },

  play: "Play",
  pause: "Pause",
  scrub: "Frame",
  rate: "Frames a second",
  skip: "Leave out missing frames",
  waits: (frame: number): string => `waits for frame ${frame}`,
  missing: (frame: number, why: string): string => `Frame ${frame}: ${why}`,
  missingOf: (missing: number, total: number): string =>
    missing === 0 ? "All frames are there." : `${missing} of ${total} frames are missing`,
  missingList: (frames: string): string => `Missing: ${frames}`,
  playHelp: "Space plays and pauses, the arrows step, Home and End go to the ends",

  first: "A",
  second: "B",
  job: "Job",
  frame: "Frame",
  blend: "Shown as",
  blends: BLENDS,
  divide: "How much of A is shown",
  swap: "Swap",
  choose: "Choose a second frame, or another job with the same one.",
  replaced: (frame: number, attempts: readonly number[]): string =>
    `Attempts ${attempts.slice(0, -1).join(", ")} and ${attempts.at(-1)} both had frame ${frame}. Only the last image is on the disk: each attempt puts its own in the place of the one before. Another job of the scene with an output of its own can be compared.`,
} as const;
