/**
 * The lines in sight, drawn into a box that stays in place while the bar beside it moves over a log of any length. Only
 * what is in sight is in the page. Which lines those are is this part's; what they say is read elsewhere.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, untrack, type JSX } from "solid-js";
import type { LogLine } from "../../api/log";
import { bytes, count } from "../../model/format";
import { parseAnsi, pieces } from "../../model/ansi";
import { barOf, isExact, isSmall, lastTop, moved, spaceOf, topOf, type Measures, type Top } from "../../model/log-scroll";
import { t } from "../../text";
import type { LogReading } from "./reading";

/** After the last move, the bar is put to where the place in the log is. */
const SETTLE_MS = 140;
/** Heights of wrapped lines that are remembered. */
const MOST_HEIGHTS = 4_000;
/** Until it is measured. */
const ROW = 20;

/** What the view around it may do with the place. */
export interface Scroller {
  /** Brings a line to the middle. */
  goTo(line: number): void;
  toEnd(): void;
  toTop(): void;
  moveLines(lines: number): void;
  movePages(pages: number): void;
  focus(): void;
  /** The first and the last line in sight. */
  inSight(): [number, number];
}

export function LogLines(props: {
  reading: LogReading;
  label: string;
  wrap: boolean;
  /** Lines that are chosen, first and last. */
  chosen: readonly [number, number] | null;
  /** The line that was jumped to last. */
  marked: number;
  following: boolean;
  onFollowing: (following: boolean) => void;
  onSight: (first: number, last: number) => void;
  onNumber: (line: LogLine, extend: boolean) => void;
  onKeyDown: (event: KeyboardEvent) => void;
  addressOf: (line: LogLine) => string;
  more: (line: LogLine) => { text: string; cut: boolean } | undefined;
  onMore: (line: LogLine) => void;
  ref: (scroller: Scroller) => void;
}): JSX.Element {
  let box!: HTMLDivElement;
  let rowsBox!: HTMLDivElement;
  let probe!: HTMLDivElement;
  const reading = untrack(() => props.reading);
  const [view, setView] = createSignal(0);
  const [row, setRow] = createSignal(ROW);
  const [top, setTop] = createSignal<Top>({ line: 1, above: 0 }, { equals: (a, b) => a.line === b.line && a.above === b.above });
  const heights = new Map<number, number>();
  const heightOf = (line: number): number => (props.wrap ? (heights.get(line) ?? row()) : row());
  const measures = (): Measures => ({ lines: reading.lines(), row: row(), view: view() });

  // Where the bar was put last: any other place was chosen by the reader.
  let bar = 0;
  const space = createMemo(() => spaceOf(measures()));
  const putBar = (): void => {
    const at = props.following ? space() - view() : barOf(top(), measures());
    box.scrollTop = at;
    bar = box.scrollTop;
  };

  /** The numbers of the lines that fit, from the top one on, or the last ones; told anew whenever one of them is read. */
  const rows = createMemo<readonly number[]>(() => {
    reading.version();
    const lines = reading.lines();
    const fit = Math.ceil(view() / row()) + 2;
    const first = props.following ? Math.max(1, lines - fit + 1) : Math.min(top().line, Math.max(1, lines));
    const last = Math.min(lines, first + fit - 1);
    return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
  });

  createEffect(() => {
    const shown = rows();
    const [first, last] = [shown[0] ?? 1, shown.at(-1) ?? 1];
    untrack(() => {
      reading.inSight(first, last);
      props.onSight(first, last);
    });
  });

  // Runs after the rows are in the page. What is followed stands on the bottom edge.
  createEffect(() => {
    const shown = rows();
    const [place, following, wrap, height] = [top(), props.following, props.wrap, view()];
    space();
    untrack(() => {
      if (wrap) measure(shown);
      const tall = wrap ? rowsBox.offsetHeight : shown.length * row();
      // The end of a log with wrapped lines is only known here.
      if (!following && wrap && shown.at(-1) === reading.lines() && tall - place.above <= height && place.line > 1) {
        props.onFollowing(true);
        return;
      }
      const shift = following ? Math.min(0, height - tall) : -place.above;
      rowsBox.style.transform = `translateY(${shift}px)`;
      if (following || !moving) putBar();
    });
  });

  function measure(shown: readonly number[]): void {
    if (heights.size > MOST_HEIGHTS) heights.clear();
    const children = rowsBox.children;
    for (const [index, number] of shown.entries()) {
      const child = children[index] as HTMLElement | undefined;
      if (child !== undefined && reading.cache.get(number) !== undefined) heights.set(number, child.offsetHeight);
    }
  }

  let moving = false;
  let settling: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(settling));

  function scrolled(): void {
    const delta = box.scrollTop - bar;
    if (Math.abs(delta) < 1) return;
    bar = box.scrollTop;
    const end = box.scrollHeight - box.clientHeight;
    const small = isSmall(delta, measures()) && (props.wrap || !isExact(measures()));
    moving = true;
    clearTimeout(settling);
    settling = setTimeout(settle, SETTLE_MS);
    if (small) moveBy(delta);
    else if (bar >= end - 1) props.onFollowing(true);
    else place(topOf(bar, measures()));
    // At an end of the bar the wheel would be lost.
    if (bar <= 0 || bar >= end - 1) settle();
  }

  function settle(): void {
    clearTimeout(settling);
    moving = false;
    putBar();
  }

  function place(to: Top): void {
    const last = lastTop(measures());
    const isLast = !props.wrap && (to.line > last.line || (to.line === last.line && to.above >= last.above - 1));
    if (isLast && reading.lines() * row() > view()) {
      setTop(last);
      props.onFollowing(true);
      return;
    }
    setTop(to);
    props.onFollowing(false);
  }

  /** The place in numbers, also while it is given by the end. */
  function present(): Top {
    if (!props.following) return top();
    const shown = rows();
    let above = Math.max(0, shown.reduce((sum, number) => sum + heightOf(number), 0) - view());
    for (const number of shown) {
      if (above < heightOf(number)) return { line: number, above };
      above -= heightOf(number);
    }
    return { line: shown.at(-1) ?? 1, above: 0 };
  }

  function moveBy(pixels: number): void {
    if (props.following && pixels > 0) return;
    place(moved(present(), pixels, reading.lines(), heightOf));
  }

  function goTo(line: number): void {
    const to = Math.max(1, Math.min(line, reading.lines()));
    place(moved({ line: to, above: 0 }, -Math.floor(view() / 2 / row()) * row(), reading.lines(), heightOf));
    settle();
  }

  onMount(() => {
    const look = (): void => {
      heights.clear();
      setRow(probe.offsetHeight || ROW);
      setView(box.clientHeight);
    };
    look();
    const watcher = new ResizeObserver(look);
    watcher.observe(box);
    onCleanup(() => watcher.disconnect());
    // On the element itself, so that a key that means something here is not heard by the rest of the page.
    box.addEventListener("keydown", (event) => props.onKeyDown(event));
    props.ref({
      goTo,
      toEnd: () => props.onFollowing(true),
      toTop: () => {
        place({ line: 1, above: 0 });
        settle();
      },
      moveLines: (lines) => {
        moveBy(lines * row());
        settle();
      },
      movePages: (pages) => {
        moveBy(pages * Math.max(row(), view() - 2 * row()));
        settle();
      },
      focus: () => box.focus(),
      inSight: () => {
        const from = present().line;
        return [from, Math.min(reading.lines(), from + Math.max(0, Math.floor(view() / row()) - 1))];
      },
    });
  });
  createEffect(
    on(
      () => props.wrap,
      () => heights.clear(),
      { defer: true },
    ),
  );

  const digits = createMemo(() => String(Math.max(1, reading.lines())).length);
  createEffect(() => box.style.setProperty("--digits", String(digits())));
  let spacer!: HTMLDivElement;
  createEffect(() => {
    spacer.style.height = `${space()}px`;
    box.style.setProperty("--view", `${view()}px`);
  });

  return (
    <div
      ref={box}
      class="log-lines"
      classList={{ wrap: props.wrap }}
      tabIndex={0}
      role="region"
      aria-label={props.label}
      onScroll={scrolled}
    >
      <div ref={probe} class="log-line log-probe" aria-hidden="true">
        0
      </div>
      <div ref={spacer} class="log-space">
        <div class="log-view">
          <div ref={rowsBox} class="log-rows">
            <For each={rows()}>
              {(number) => {
                // A line that is read again, or grows, is the same element: what is clicked or selected in it stays.
                const line = createMemo(() => {
                  reading.version();
                  return reading.cache.get(number);
                });
                const known = <T,>(what: (line: LogLine) => T): T | undefined => {
                  const own = line();
                  return own === undefined ? undefined : what(own);
                };
                return (
                  <LineRow
                    number={number}
                    line={line()}
                    chosen={props.chosen !== null && number >= props.chosen[0] && number <= props.chosen[1]}
                    marked={number === props.marked}
                    more={known((own) => props.more(own))}
                    address={known((own) => props.addressOf(own))}
                    onNumber={props.onNumber}
                    onMore={props.onMore}
                  />
                );
              }}
            </For>
          </div>
        </div>
      </div>
    </div>
  );
}

function LineRow(props: {
  number: number;
  line: LogLine | undefined;
  chosen: boolean;
  marked: boolean;
  more: { text: string; cut: boolean } | undefined;
  address: string | undefined;
  onNumber: (line: LogLine, extend: boolean) => void;
  onMore: (line: LogLine) => void;
}): JSX.Element {
  const line = (): LogLine | undefined => props.line;
  const number = (): string => count(props.number);
  const choose = (event: MouseEvent): void => {
    // As with any link, a modifier asks for a tab of its own.
    if (event.ctrlKey || event.metaKey || event.button !== 0) return;
    event.preventDefault();
    const own = line();
    if (own !== undefined) props.onNumber(own, event.shiftKey);
  };
  const parts = createMemo(() => {
    const own = line();
    return own === undefined ? [] : pieces(parseAnsi(props.more?.text ?? own.text), own.hits ?? []);
  });
  return (
    <div
      class="log-line"
      classList={{
        bad: line()?.error === true,
        marked: props.marked,
        chosen: props.chosen,
        dropped: line()?.dropped === true,
        unread: line() === undefined,
      }}
      data-line={props.number}
    >
      <a class="log-number" tabIndex={-1} href={props.address} title={t.log.lineLink(number())} onClick={choose}>
        {number()}
      </a>
      <span class="log-text">
        <Show when={line()?.dropped} fallback={<For each={parts()}>{(part) => <Part {...part} />}</For>}>
          {t.log.dropped(bytes(line()?.bytes ?? 0))}
        </Show>
      </span>
      <Show when={props.more === undefined ? line()?.cut : props.more.cut}>
        <button type="button" class="log-more" tabIndex={-1} onClick={() => props.onMore(line() as LogLine)}>
          {t.log.more(bytes(line()?.bytes ?? 0))}
        </button>
      </Show>
    </div>
  );
}

function Part(props: { text: string; classes: string; hit: boolean }): JSX.Element {
  return (
    <Show when={props.hit} fallback={props.classes === "" ? props.text : <span class={props.classes}>{props.text}</span>}>
      <mark class={props.classes}>{props.text}</mark>
    </Show>
  );
}
