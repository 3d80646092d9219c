/**
 * One log as the page reads it: how long it is, the lines around what is in sight, what a search found and what is
 * worth a mark. It asks for what is needed and no more, and shows nothing itself.
 */
import { createEffect, createMemo, createSignal, on, onCleanup, type Accessor } from "solid-js";
import {
  followLines,
  readLines,
  readMarks,
  searchLog,
  type LogMarks,
  type LogPlace,
  type LogWindow,
  type Wanted,
} from "../../api/log";
import { asProblem, type Problem } from "../../api/problem";
import type { AttemptView } from "../../api/types";
import { BLOCK, LineCache } from "../../model/log";
import type { Farm } from "../../store/farm";

/** Lines that come with every look at a log that grows. */
const TAIL = 200;
/** Blocks that are asked for at once. */
const AT_ONCE = 2;
/** Between two looks at the marks of a log that grows, and at what a search finds in what it got. */
const LOOK_AGAIN_MS = 2_500;
/** After the last letter that was typed. */
const TYPING_MS = 150;
/** Places of matches that are kept for the bar. */
const MOST_PLACES = 20_000;

export type Phase = "loading" | "growing" | "ended" | "interrupted";

/** What a search found so far. */
export interface Found {
  readonly count: number;
  readonly lines: readonly number[];
  readonly done: boolean;
}

export interface LogReading {
  readonly cache: LineCache;
  /** Grows whenever there is something else to show. */
  readonly version: Accessor<number>;
  readonly lines: Accessor<number>;
  readonly phase: Accessor<Phase>;
  readonly begun: Accessor<boolean>;
  readonly problem: Accessor<Problem | null>;
  /** How much of a long log is counted, 0 to 1; null: all of it. */
  readonly counting: Accessor<number | null>;
  readonly hasHoles: Accessor<boolean>;
  readonly marks: Accessor<LogMarks | null>;
  readonly wanted: Accessor<Wanted | null>;
  readonly setWanted: (wanted: Wanted | null) => void;
  readonly found: Accessor<Found | null>;
  readonly searchProblem: Accessor<Problem | null>;
  /** What is in sight: it is read where it is missing. */
  inSight(first: number, last: number): void;
  /** The next place from this line on, this one included. */
  step(what: Wanted | "errors", from: number, back: boolean, signal: AbortSignal): Promise<LogPlace | null>;
  /** The line that holds this byte. */
  lineOfOffset(offset: number): Promise<number | null>;
}

export function createReading(farm: Farm, attempt: number, state: Accessor<AttemptView["state"]>): LogReading {
  const { client } = farm;
  const cache = new LineCache();
  const [version, setVersion] = createSignal(0);
  const [lines, setLines] = createSignal(0);
  const [phase, setPhase] = createSignal<Phase>("loading");
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const [counting, setCounting] = createSignal<number | null>(null);
  const [hasHoles, setHasHoles] = createSignal(false);
  const [marks, setMarks] = createSignal<LogMarks | null>(null);
  const [wanted, setWanted] = createSignal<Wanted | null>(null);
  const [asked, setAsked] = createSignal<Wanted | null>(null);
  const [found, setFound] = createSignal<Found | null>(null);
  const [searchProblem, setSearchProblem] = createSignal<Problem | null>(null);
  const begun = createMemo(() => state() !== "starting");

  // A page that nobody looks at holds no connection for a log.
  const [visible, setVisible] = createSignal(!document.hidden);
  const seen = (): void => void setVisible(!document.hidden);
  document.addEventListener("visibilitychange", seen);
  onCleanup(() => document.removeEventListener("visibilitychange", seen));

  // However fast a log grows, it is shown once a frame.
  let due = 0;
  const show = (): void => {
    due ||= requestAnimationFrame(() => {
      due = 0;
      setLines(cache.lines);
      setVersion((before) => before + 1);
    });
  };
  onCleanup(() => cancelAnimationFrame(due));

  function take(window: LogWindow): void {
    cache.take(window);
    setHasHoles(window.holes.length > 0);
    setCounting(window.counted_bytes < window.bytes ? window.counted_bytes / window.bytes : null);
    show();
  }

  // A log that grows is read until it ends. A lost connection begins it anew, and so does another search, so that new
  // lines show what it matches too.
  let complete = false;
  createEffect(
    on([begun, farm.epoch, visible, asked], ([hasBegun, , inSight, what]) => {
      if (!hasBegun || !inSight || complete) return;
      const abort = new AbortController();
      void follow(what, abort.signal);
      onCleanup(() => abort.abort());
    }),
  );

  async function follow(what: Wanted | null, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        let last: LogWindow | undefined;
        for await (const window of followLines(client, attempt, TAIL, what, signal)) {
          last = window;
          setProblem(null);
          setPhase(window.live ? "growing" : "ended");
          take(window);
        }
        if (last === undefined) throw new Error("the log ended before it began");
        // A followed log may have ended with the daemon and not with the attempt; a long one may not be counted yet.
        if (last.live) throw new Error("the log was cut off");
        if (last.counted_bytes >= last.bytes) break;
      }
      complete = true;
      show();
    } catch (error) {
      if (signal.aborted) return;
      setPhase("interrupted");
      setProblem(asProblem(error));
    }
  }

  // What is in sight and missing is asked for, the rest of what was asked for before is not waited for any more.
  const loads = new Map<number, AbortController>();
  let sight: [number, number] = [1, 1];
  onCleanup(() => loads.forEach((load) => load.abort()));

  function inSight(first: number, last: number): void {
    sight = [first, last];
    const missing = cache.missing(first, last);
    for (const [block, load] of loads) {
      if (missing.includes(block)) continue;
      load.abort();
      loads.delete(block);
    }
    for (const block of missing) if (loads.size < AT_ONCE && !loads.has(block)) void load(block);
  }

  async function load(block: number): Promise<void> {
    const abort = new AbortController();
    const age = cache.present;
    loads.set(block, abort);
    try {
      const window = await readLines(client, attempt, { from: block * BLOCK + 1, count: BLOCK }, asked(), abort.signal);
      if (abort.signal.aborted) return;
      cache.takeBlock(block, window, age);
      setProblem((before) => (phase() === "interrupted" ? before : null));
      loads.delete(block);
      show();
      inSight(...sight);
    } catch (error) {
      if (loads.get(block) === abort) loads.delete(block);
      if (!abort.signal.aborted) setProblem(asProblem(error));
    }
  }

  // A search counts through the whole log, answer by answer, and goes on with what the log gets.
  const typed = (): string => JSON.stringify(wanted());
  let typing: ReturnType<typeof setTimeout> | undefined;
  createEffect(
    on(typed, () => {
      clearTimeout(typing);
      typing = setTimeout(() => setAsked(wanted()), wanted() === null ? 0 : TYPING_MS);
    }),
  );
  onCleanup(() => clearTimeout(typing));
  createEffect(
    on(asked, (what, before) => {
      setFound(null);
      setSearchProblem(null);
      if (what === null && before == null) return;
      for (const one of loads.values()) one.abort();
      loads.clear();
      cache.outdate();
      inSight(...sight);
      if (what === null) return;
      const abort = new AbortController();
      void searchAll(what, abort.signal);
      onCleanup(() => abort.abort());
    }),
  );

  async function searchAll(what: Wanted, signal: AbortSignal): Promise<void> {
    let [count, from] = [0, 1];
    let places: number[] = [];
    try {
      for (;;) {
        const end = cache.lines;
        const answer = await searchLog(client, attempt, what, { from, count: 1, limit: 1 }, signal);
        count += answer.count;
        places = places.concat(answer.spread);
        if (places.length > MOST_PLACES) places = places.filter((_, index) => index % 2 === 0);
        const done = answer.next === null;
        setFound({ count, lines: places, done });
        if (!done) {
          from = answer.next as number;
          continue;
        }
        if (complete && cache.lines <= end) return;
        // The last line may have been half of one; it is counted once it is whole.
        await pause(LOOK_AGAIN_MS, signal);
        if (cache.lines <= end) continue;
        from = end + 1;
      }
    } catch (error) {
      if (signal.aborted) return;
      setSearchProblem(asProblem(error));
    }
  }

  // Marks are read at once, now and then while there is more, and once more at the end.
  createEffect(
    on([begun, farm.epoch, visible, () => phase() === "ended"], ([hasBegun, , isVisible]) => {
      if (!hasBegun || !isVisible) return;
      const abort = new AbortController();
      void readAllMarks(abort.signal);
      onCleanup(() => abort.abort());
    }),
  );

  async function readAllMarks(signal: AbortSignal): Promise<void> {
    try {
      for (let searched = -1; ; ) {
        const end = cache.lines;
        const answer = await readMarks(client, attempt, signal);
        setMarks(answer);
        const gotOn = answer.searched_bytes > searched;
        searched = answer.searched_bytes;
        if (phase() === "ended" && !gotOn) return;
        await pause(phase() === "ended" ? 100 : LOOK_AGAIN_MS, signal);
        while (phase() === "growing" && cache.lines === end) await pause(LOOK_AGAIN_MS, signal);
      }
    } catch (error) {
      // Marks are an aid: where the log itself can be read, a lost one is read again with the next connection.
      if (!signal.aborted && asProblem(error).status === 404) setMarks(null);
    }
  }

  async function step(what: Wanted | "errors", from: number, back: boolean, signal: AbortSignal): Promise<LogPlace | null> {
    for (let at = from; ; ) {
      const answer = await searchLog(client, attempt, what, { from: at, limit: 1, ...(back ? { back: 1 as const } : {}) }, signal);
      const place = answer.items[0];
      if (place !== undefined) return place;
      if (answer.next === null) return null;
      at = answer.next;
    }
  }

  async function lineOfOffset(offset: number): Promise<number | null> {
    const window = await readLines(client, attempt, { offset, count: 3 }, null);
    const holding = window.items.find((line) => line.offset <= offset && offset < line.offset + line.bytes);
    return holding?.number ?? null;
  }

  return {
    cache,
    version,
    lines,
    phase,
    begun,
    problem,
    counting,
    hasHoles,
    marks,
    wanted,
    setWanted,
    found,
    searchProblem,
    inSight,
    step,
    lineOfOffset,
  };
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("aborted", "AbortError"));
    });
  });
}
