/**
 * What an address says of pictures, and back: the mode, the frame, how everything is to look. What is usual is left out,
 * so that addresses stay short.
 */
import { OVERS, VIEWS, type Look } from "../api/pictures";

export const MODES = ["image", "sheet", "play", "compare"] as const;
export type Mode = (typeof MODES)[number];

/** How the two images of a comparison are put together. */
export const BLENDS = ["slider", "side", "difference"] as const;
export type Blend = (typeof BLENDS)[number];

export interface Choice {
  readonly layer: string | null;
  readonly look: Look;
  /** Of the player and of a comparison; absent: the first that is there. */
  readonly frame: number | null;
  /** What a frame is compared with. */
  readonly other: { readonly job: number; readonly frame: number } | null;
  readonly blend: Blend;
  readonly fps: number | null;
  /** The sheet's thumbnails, in steps. */
  readonly size: number;
  readonly newest: boolean;
  /** The player leaves out what is not there. */
  readonly skip: boolean;
}

export const MOST_STOPS = 10;
export const SIZES = [96, 128, 176, 240, 320, 480] as const;
export const USUAL_SIZE = 2;
export const USUAL_FPS = 24;
export const RATES = [1, 2, 5, 10, 12, 15, 24, 25, 30, 48, 50, 60] as const;

const within = (text: string | null, low: number, high: number): number | null => {
  const value = text === null || text === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) && value >= low && value <= high ? value : null;
};

const whole = (text: string | null): number | null => (text !== null && /^-?\d+$/.test(text) ? Number(text) : null);

export function readChoice(query: URLSearchParams): Choice {
  const named = <T extends string>(name: string, known: readonly T[], usual: T): T =>
    known.find((one) => one === query.get(name)) ?? usual;
  const other = /^(\d+):(-?\d+)$/.exec(query.get("with") ?? "");
  return {
    layer: query.get("layer"),
    look: {
      pass: query.get("pass"),
      channel: query.get("channel"),
      exposure: within(query.get("exposure"), -MOST_STOPS, MOST_STOPS) ?? 0,
      view: named("view", VIEWS, "standard"),
      over: named("over", OVERS, "checker"),
      whole: query.get("window") === "data",
    },
    frame: whole(query.get("frame")),
    other: other === null ? null : { job: Number(other[1]), frame: Number(other[2]) },
    blend: named("blend", BLENDS, "slider"),
    fps: within(query.get("fps"), 0.1, 120),
    size: within(query.get("size"), 0, SIZES.length - 1) ?? USUAL_SIZE,
    newest: query.get("order") === "newest",
    skip: query.get("missing") === "skip",
  };
}

/** What is chosen where nobody chose. */
export const USUAL = readChoice(new URLSearchParams());

export function writeChoice(choice: Choice): URLSearchParams {
  const { look, other } = choice;
  const query = new URLSearchParams();
  const put = (name: string, value: string | number | null, usual: string | number | null = null): void => {
    if (value !== null && value !== usual) query.set(name, String(value));
  };
  put("layer", choice.layer);
  put("pass", look.pass);
  put("channel", look.channel);
  put("exposure", look.exposure, 0);
  put("view", look.view, "standard");
  put("over", look.over, "checker");
  put("window", look.whole ? "data" : null);
  put("frame", choice.frame);
  put("with", other === null ? null : `${other.job}:${other.frame}`);
  put("blend", choice.blend, "slider");
  put("fps", choice.fps);
  put("size", choice.size, USUAL_SIZE);
  put("order", choice.newest ? "newest" : null);
  put("missing", choice.skip ? "skip" : null);
  return query;
}
