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
import type { Problem } from "../../api/problem";
import type { AttemptView } from "../../api/types";
import { BLOCK, LineCache } from "../../model/log";
import type { Farm } from "../../store/farm";
import { t } from "../../text";
import { pause, untilDone } from "./patience";

/** Lines that come with every look at a log that grows. */
const TAIL = 200;
/** Blocks that are asked for at once. */
const AT_ONCE = 2;
/** Between two looks at the marks of a log that grows, and at what a search finds in what it got. */
const LOOK_AGAIN_MS = 2_500;
/** Between two looks at a log that has ended and is still counted. */
const SOON_MS = 100;
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

  function follow(what: Wanted | null, signal: AbortSignal): Promise<void> {
    const trouble = (what: Problem): void => {
      setPhase("interrupted");
      // That the daemon is away is said at the top of the page, and "interrupted" here.
      setProblem(what.unreachable ? null : what);
    };
    return untilDone(signal, trouble, async (progress) => {
      for (;;) {
        let last: LogWindow | undefined;
        for await (const window of followLines(client, attempt, TAIL, what, signal)) {
          last = window;
          progress();
          setProblem(null);
          setPhase(window.live ? "growing" : "ended");
          take(window);
        }
        if (last === undefined) throw new Error(t.log.cutOff);
        // A followed log may have ended with the daemon and not with the attempt; a long one may not be counted yet.
        if (last.live) throw new Error(t.log.cutOff);
        if (last.counted_bytes >= last.bytes) break;
      }
      complete = true;
      show();
    });
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
    loads.set(block, abort);
    const trouble = (what: Problem): void => {
      if (!what.unreachable) setProblem(what);
    };
    const window = await untilDone(abort.signal, trouble, async () => {
      const age = cache.present;
      const answer = await readLines(client, attempt, { from: block * BLOCK + 1, count: BLOCK }, asked(), abort.signal);
      if (!abort.signal.aborted) cache.takeBlock(block, answer, age);
      return answer;
    });
    if (loads.get(block) === abort) loads.delete(block);
    if (window === undefined || abort.signal.aborted) return;
    setProblem((before) => (phase() === "interrupted" ? before : null));
    show();
    inSight(...sight);
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

  function searchAll(what: Wanted, signal: AbortSignal): Promise<void> {
    let [count, from, layout] = [0, 1, cache.layout];
    let places: number[] = [];
    const trouble = (what: Problem): void => {
      if (!what.unreachable) setSearchProblem(what);
    };
    return untilDone(signal, trouble, async (progress) => {
      for (;;) {
        // Where the log lost some of its middle, lines have other numbers: they are counted anew.
        if (cache.layout !== layout) [count, from, places, layout] = [0, 1, [], cache.layout];
        const isWhole = complete;
        // The last line of a log that grows may be half of one; it is counted once another one follows.
        const to = isWhole ? cache.lines : cache.lines - 1;
        if (to >= from) {
          const answer = await searchLog(client, attempt, what, { from, to, count: 1, limit: 1 }, signal);
          progress();
          setSearchProblem(null);
          count += answer.count;
          places = places.concat(answer.spread);
          if (places.length > MOST_PLACES) places = places.filter((_, index) => index % 2 === 0);
          from = answer.next ?? to + 1;
          if (from <= to) {
            setFound({ count, lines: places, done: false });
            continue;
          }
        }
        if (cache.lines > 0 || isWhole) setFound({ count, lines: places, done: true });
        if (isWhole) return;
        while (!complete && cache.lines <= from) await pause(phase() === "growing" ? LOOK_AGAIN_MS : SOON_MS, signal);
      }
    });
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

  function readAllMarks(signal: AbortSignal): Promise<void> {
    // Marks are an aid: what is wrong with a log is said where its lines are.
    const trouble = (what: Problem): void => {
      if (what.status === 404) setMarks(null);
    };
    return untilDone(signal, trouble, async (progress) => {
      for (let searched = -1; ; ) {
        const end = cache.lines;
        const answer = await readMarks(client, attempt, signal);
        progress();
        setMarks(answer);
        const gotOn = answer.searched_bytes > searched;
        searched = answer.searched_bytes;
        if (phase() === "ended" && !gotOn) return;
        await pause(phase() === "ended" ? SOON_MS : LOOK_AGAIN_MS, signal);
        while (phase() === "growing" && cache.lines === end) await pause(LOOK_AGAIN_MS, signal);
      }
    });
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
