/**
 * What a canvas that is painted by hand depends on besides what it shows: the width of its box, and light or dark.
 */
import { createSignal, onCleanup, onMount, type Accessor } from "solid-js";

export interface Surroundings {
  /** In CSS pixels; 0 before the box is there. */
  readonly width: Accessor<number>;
  /** Grows whenever the colours are others. */
  readonly theme: Accessor<number>;
}

export function surroundings(box: () => HTMLElement | undefined): Surroundings {
  const [width, setWidth] = createSignal(0);
  const [theme, setTheme] = createSignal(0);
  onMount(() => {
    const element = box();
    if (element === undefined) return;
    const watch = new ResizeObserver(() => setWidth(element.clientWidth));
    watch.observe(element);
    setWidth(element.clientWidth);
    const dark = matchMedia("(prefers-color-scheme: dark)");
    const repaint = (): void => void setTheme((before) => before + 1);
    dark.addEventListener("change", repaint);
    onCleanup(() => {
      watch.disconnect();
      dark.removeEventListener("change", repaint);
    });
  });
  return { width, theme };
}
