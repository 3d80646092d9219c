/**
 * Where an image lies on its stage when it is zoomed and moved: pure geometry.
 */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Placed extends Size {
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** 1 is as large as fits; `x` and `y` are how far its corner is from where it would be then. */
export interface Zoom {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** The image as large as fits, in the middle. */
export function fitted(image: Size, box: Size): Placed {
  const scale = Math.min(box.width / image.width, box.height / image.height);
  const [width, height] = [image.width * scale, image.height * scale];
  return { x: (box.width - width) / 2, y: (box.height - height) / 2, width, height };
}

/** Larger by a factor, with what is at `point` of the stage staying there. */
export function zoomedAt(zoom: Zoom, factor: number, point: Point, placed: Placed, most: number): Zoom {
  const scale = Math.min(most, Math.max(1, zoom.scale * factor));
  const grown = scale / zoom.scale;
  const side = (offset: number, start: number, at: number): number => at - start - (at - start - offset) * grown;
  return { scale, x: side(zoom.x, placed.x, point.x), y: side(zoom.y, placed.y, point.y) };
}

/** The same, moved so that the image covers the stage where it is larger, and lies in its middle where it is not. */
export function panned(zoom: Zoom, placed: Placed, box: Size): Zoom {
  const side = (offset: number, start: number, length: number, room: number): number => {
    const grown = length * zoom.scale;
    if (grown <= room) return (room - grown) / 2 - start;
    return Math.min(0 - start, Math.max(room - grown - start, offset));
  };
  return {
    scale: zoom.scale,
    x: side(zoom.x, placed.x, placed.width, box.width),
    y: side(zoom.y, placed.y, placed.height, box.height),
  };
}

/** The pixel of the file at a point of the stage; null beside the image, unless the nearest one is asked for. */
export function pieceOf(zoom: Zoom, placed: Placed, window: Placed, point: Point, nearest = false): Point | null {
  const across = (point.x - placed.x - zoom.x) / (placed.width * zoom.scale);
  const down = (point.y - placed.y - zoom.y) / (placed.height * zoom.scale);
  const inside = across >= 0 && across < 1 && down >= 0 && down < 1;
  if (!inside && !nearest) return null;
  const of = (share: number, length: number): number => Math.min(length - 1, Math.max(0, Math.floor(share * length)));
  return { x: window.x + of(across, window.width), y: window.y + of(down, window.height) };
}
