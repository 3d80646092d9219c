/** What is said of rendered images. */

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
} as const;
