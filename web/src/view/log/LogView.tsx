/**
 * The log of one attempt: any of its lines at once, its end as it grows, searching, marks beside it, and lines to link
 * to and to copy. How lines are read is in `reading`, how they are drawn in `LogLines`.
 */
import "./log.css";
import { createEffect, createMemo, createSignal, on, onCleanup, onMount, Show, untrack, type JSX } from "solid-js";
import { readBytes, type LogLine } from "../../api/log";
import { asProblem, type Problem } from "../../api/problem";
import type { AttemptView } from "../../api/types";
import { lastState, parseAnsi } from "../../model/ansi";
import { count } from "../../model/format";
import { lineAddress } from "../../store/route";
import { t } from "../../text";
import { ProblemCallout } from "../common/parts";
import { usePage } from "../shell/context";
import { LogLines, type Scroller } from "./LogLines";
import { MarkBar } from "./MarkBar";
import { createReading } from "./reading";

/** Of a long line this much is read at first, and at most. */
const MORE_AT_FIRST = 64 << 10;
const MORE_AT_MOST = 1 << 20;
const COPY_AT_MOST = 8 << 20;
const SAID_MS = 4_000;

type Jump = "match" | "fault" | "error";

export function LogView(props: {
  attempt: number;
  state: AttemptView["state"];
  /** A line to begin at, where the address names none. */
  line?: number;
}): JSX.Element {
  const { farm, route } = usePage();
  // A view is made for each attempt.
  const attempt = untrack(() => props.attempt);
  const reading = createReading(farm, attempt, () => props.state);
  const [scroller, setScroller] = createSignal<Scroller>();
  const [following, setFollowing] = createSignal(true);
  const [wrap, setWrap] = createSignal(false);
  const [sight, setSight] = createSignal<[number, number]>([1, 1]);
  const [marked, setMarked] = createSignal(-1);
  const [chosen, setChosen] = createSignal<readonly [LogLine, LogLine] | null>(null);
  const [more, setMore] = createSignal<ReadonlyMap<number, { text: string; cut: boolean }>>(new Map());
  const [text, setText] = createSignal("");
  const [regex, setRegex] = createSignal(false);
  const [said, setSaid] = createSignal("");
  const [problem, setProblem] = createSignal<Problem | null>(null);
  let field!: HTMLInputElement;
  let whole!: HTMLDivElement;

  let silence: ReturnType<typeof setTimeout> | undefined;
  function say(what: string): void {
    clearTimeout(silence);
    setSaid(what);
    silence = setTimeout(() => setSaid(""), SAID_MS);
  }
  onCleanup(() => clearTimeout(silence));

  function goTo(line: number): void {
    setMarked(line);
    scroller()?.goTo(line);
    say(t.log.atLine(count(line)));
  }

  // Going on: the host looks for the next place, from the line jumped to last or from what is in sight.
  let stepping: AbortController | undefined;
  onCleanup(() => stepping?.abort());
  async function jump(to: Jump, back: boolean): Promise<void> {
    stepping?.abort();
    const abort = new AbortController();
    stepping = abort;
    const [first, last] = scroller()?.inSight() ?? [1, 1];
    const at = marked() >= first && marked() <= last ? marked() + (back ? -1 : 1) : back ? last : first;
    try {
      const line = to === "fault" ? nextFault(at, back) : await nextLine(to, at, back, abort.signal);
      if (abort.signal.aborted) return;
      if (line === null) say(t.log.notFound);
      else goTo(line);
    } catch (error) {
      if (!abort.signal.aborted) setProblem(asProblem(error));
    }
  }

  async function nextLine(to: "match" | "error", at: number, back: boolean, signal: AbortSignal): Promise<number | null> {
    const wanted = reading.wanted();
    const what = to === "error" ? "errors" : wanted;
    if (what === null) return null;
    if (at >= 1) {
      const place = await reading.step(what, at, back, signal);
      if (place !== null) return place.line;
    }
    const around = await reading.step(what, back ? Math.max(1, reading.lines()) : 1, back, signal);
    if (around !== null) say(back ? t.log.fromEnd : t.log.fromTop);
    return around?.line ?? null;
  }

  function nextFault(at: number, back: boolean): number | null {
    const lines = [...new Set((reading.marks()?.faults ?? []).map((mark) => mark.line))].sort((a, b) => a - b);
    const next = back ? lines.filter((line) => line <= at).at(-1) : lines.find((line) => line >= at);
    return next ?? (back ? lines.at(-1) : lines[0]) ?? null;
  }

  // What the address names: a line, a byte, a fault, or the line that decided. It is gone to once it is known.
  const named = createMemo(
    () => {
      const own = route().attempt === attempt ? route().query : new URLSearchParams();
      const number = (name: string): number | null => (/^\d+$/.test(own.get(name) ?? "") ? Number(own.get(name)) : null);
      return {
        line: number("line") ?? (own.size === 0 ? (props.line ?? null) : null),
        offset: number("offset"),
        fault: number("fault"),
        verdict: own.get("at") === "verdict",
        // Following the same link again goes there again.
        turn: route(),
      };
    },
    undefined,
    { equals: (a, b) => a?.turn === b?.turn },
  );
  const [open, setOpen] = createSignal<ReturnType<typeof named> | null>(null);
  createEffect(
    on(named, (target) => {
      const isNamed = target.line !== null || target.offset !== null || target.fault !== null || target.verdict;
      setOpen(isNamed ? target : null);
      if (isNamed) setFollowing(false);
    }),
  );
  createEffect(() => {
    const target = open();
    const known = reading.lines();
    const marks = reading.marks();
    if (target === null || scroller() === undefined || known === 0) return;
    untrack(() => resolve(target, known, marks));
  });

  function resolve(target: ReturnType<typeof named>, known: number, marks: ReturnType<typeof reading.marks>): void {
    const reach = (line: number): void => {
      if (line > known) {
        // A log that is still counted, or still grows, may come to it.
        if (reading.counting() === null && reading.phase() === "ended") {
          setOpen(null);
          say(t.log.noSuchLine(count(line), t.log.lines(known, count(known))));
        }
        return;
      }
      setOpen(null);
      goTo(line);
      whole.scrollIntoView({ block: "nearest" });
    };
    if (target.line !== null) reach(Math.max(1, target.line));
    else if (target.offset !== null) {
      setOpen(null);
      reading.lineOfOffset(target.offset).then(
        (line) => (line === null ? say(t.log.noPlace) : reach(line)),
        (error: unknown) => setProblem(asProblem(error)),
      );
    } else if (marks !== null) {
      const place = target.verdict ? marks.deciding : marks.faults.find((mark) => mark.index === target.fault);
      if (place != null) reach(place.line);
      else if (reading.phase() === "ended") {
        setOpen(null);
        say(t.log.noPlace);
      }
    }
  }

  function search(value: string): void {
    setText(value);
    const line = value.match(/^:(\d+)$/)?.[1];
    if (line !== undefined || value.startsWith(":")) return;
    reading.setWanted(value === "" ? null : { text: value, regex: regex() });
  }

  function fieldKey(event: KeyboardEvent): void {
    if (event.key === "Enter") {
      event.preventDefault();
      const line = Number(text().match(/^:(\d+)$/)?.[1] ?? 0);
      if (line > 0) goTo(Math.min(line, reading.lines()));
      else void jump("match", event.shiftKey);
    } else if (event.key === "Escape") {
      event.preventDefault();
      search("");
      scroller()?.focus();
    }
  }

  function key(event: KeyboardEvent): void {
    const move = scroller();
    if (move === undefined || event.altKey || event.metaKey) return;
    if (event.ctrlKey) return;
    const actions: Record<string, () => void> = {
      ArrowUp: () => move.moveLines(-1),
      ArrowDown: () => move.moveLines(1),
      PageUp: () => move.movePages(-1),
      PageDown: () => move.movePages(1),
      " ": () => move.movePages(event.shiftKey ? -1 : 1),
      Home: () => move.toTop(),
      End: () => move.toEnd(),
      g: () => move.toTop(),
      G: () => move.toEnd(),
      n: () => void jump("match", false),
      N: () => void jump("match", true),
      f: () => void jump("fault", false),
      F: () => void jump("fault", true),
      e: () => void jump("error", false),
      E: () => void jump("error", true),
      d: () => decide(),
      "/": () => focusSearch(),
    };
    const act = actions[event.key];
    if (act === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  function focusSearch(): void {
    field.focus();
    field.select();
  }

  // Anywhere in the log but where something is typed into. Beside a log, the same keys mean something else.
  function ownKey(event: KeyboardEvent): void {
    const typing = (event.target as HTMLElement | null)?.closest("input[type=search], textarea, select") != null;
    const isFind = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "f";
    const isSlash = event.key === "/" && !typing && !event.ctrlKey && !event.metaKey;
    if (!isFind && !isSlash) return;
    event.preventDefault();
    event.stopPropagation();
    focusSearch();
  }
  onMount(() => whole.addEventListener("keydown", ownKey));

  function decide(): void {
    const place = reading.marks()?.deciding;
    if (place == null) say(t.log.noPlace);
    else goTo(place.line);
  }

  // Numbers may change where the log lost its middle; bytes stay.
  const job = (): number => route().job ?? farm.state.detail?.id ?? 0;
  const addressOf = (line: LogLine): string =>
    lineAddress(job(), attempt, reading.hasHoles() ? { offset: line.offset } : { line: line.number });
  const range = createMemo<readonly [number, number] | null>(() => {
    const both = chosen();
    return both === null ? null : [both[0].number, both[1].number];
  });

  function choose(line: LogLine, extend: boolean): void {
    const before = chosen();
    if (!extend || before === null) setChosen([line, line]);
    else setChosen(line.number < before[0].number ? [line, before[1]] : [before[0], line]);
    setMarked(line.number);
    history.replaceState(null, "", addressOf((chosen() as readonly [LogLine, LogLine])[0]));
  }

  async function copyLines(): Promise<void> {
    const both = chosen();
    if (both === null) return;
    try {
      const [first, last] = both;
      const end = last.offset + last.bytes;
      if (end - first.offset > COPY_AT_MOST) return say(t.log.copyTooMuch);
      const lines = (await readBytes(farm.client, attempt, first.offset, end)).replace(/\n$/, "").split("\n");
      await copy(lines.map((line) => parseAnsi(lastState(line)).text).join("\n"));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  async function copyLink(): Promise<void> {
    const first = chosen()?.[0];
    if (first === undefined) return;
    await copy(new URL(addressOf(first), location.href).href);
  }

  async function copy(what: string): Promise<void> {
    // Without TLS and away from this machine, browsers keep the clipboard from a page.
    if (window.isSecureContext) await navigator.clipboard.writeText(what);
    else {
      const area = document.createElement("textarea");
      area.value = what;
      document.body.append(area);
      area.select();
      document.execCommand("copy");
      area.remove();
    }
    say(t.log.copied);
  }

  async function showMore(line: LogLine): Promise<void> {
    const held = more().get(line.offset)?.text.length ?? 0;
    const wanted = Math.min(line.bytes, MORE_AT_MOST, Math.max(MORE_AT_FIRST, held * 4));
    if (held > 0 && held >= Math.min(line.bytes, MORE_AT_MOST) - 2) return say(t.log.tooMuch);
    try {
      const read = await readBytes(farm.client, attempt, line.offset, line.offset + wanted);
      setMore((before) => new Map(before).set(line.offset, { text: lastState(read), cut: wanted < line.bytes }));
    } catch (error) {
      setProblem(asProblem(error));
    }
  }

  // What copying gives to other programs knows nothing of the numbers beside it.
  const phase = reading.phase;
  const length = (): string => {
    const part = reading.counting();
    if (part !== null) return t.log.counting(`${Math.floor(part * 100)} %`);
    return reading.lines() === 0 ? "" : t.log.lines(reading.lines(), count(reading.lines()));
  };
  const nothing = (): string => {
    if (!reading.begun()) return t.log.notBegun;
    return phase() === "loading" ? t.log.loading : t.log.empty;
  };
  const matches = (): string => {
    const found = reading.found();
    if (reading.wanted() === null) return "";
    if (found === null) return t.log.foundSoFar("0");
    if (!found.done) return t.log.foundSoFar(count(found.count));
    return found.count === 0 ? t.log.notFound : t.log.found(found.count, count(found.count));
  };
  const faults = (): number => reading.marks()?.faults.length ?? 0;
  const errors = (): number => reading.marks()?.errors ?? 0;
  const trouble = (): Problem | null => problem() ?? reading.searchProblem() ?? reading.problem();

  return (
    <div ref={whole} class="log" data-finds="" data-phase={phase()} data-lines={reading.lines()}>
      <div class="log-bar">
        <h4>{t.log.heading(attempt)}</h4>
        <span class={`log-phase log-phase-${phase()}`} role="status">
          {phase() === "loading" ? "" : t.log[phase() as "growing"]}
        </span>
        <span class="quiet log-length">{length()}</span>
        <span class="gap" />
        <span class="log-search" role="search">
          <input
            ref={field}
            type="search"
            placeholder={t.log.search}
            aria-label={t.log.searchLabel}
            title={t.log.searchTitle}
            value={text()}
            onInput={(event) => search(event.currentTarget.value)}
            onKeyDown={fieldKey}
            spellcheck={false}
          />
          <button
            type="button"
            class="log-regex"
            aria-pressed={regex()}
            aria-label={t.log.regex}
            title={t.log.regex}
            onClick={() => {
              setRegex(!regex());
              search(text());
            }}
          >
            .*
          </button>
          <Steps
            next={t.log.next}
            previous={t.log.previous}
            disabled={reading.wanted() === null}
            onStep={(back) => void jump("match", back)}
          />
          <span class="log-found" role="status" data-count={reading.found()?.done ? reading.found()?.count : undefined}>
            {matches()}
          </span>
        </span>
        <Show when={faults() > 0}>
          <span class="log-bad log-faults">
            <span>{t.log.faults(faults(), count(faults()))}</span>
            <Steps next={t.log.nextFault} previous={t.log.previousFault} onStep={(back) => void jump("fault", back)} />
          </span>
        </Show>
        <Show when={errors() > 0}>
          <span class="log-bad log-errors">
            <span>{t.log.errors(count(errors()))}</span>
            <Steps next={t.log.nextError} previous={t.log.previousError} onStep={(back) => void jump("error", back)} />
          </span>
        </Show>
        <Show when={reading.marks()?.deciding}>
          <button type="button" class="log-deciding" title={t.log.decidingTitle} onClick={decide}>
            {t.log.deciding}
          </button>
        </Show>
        <label>
          <input type="checkbox" checked={wrap()} onChange={(event) => setWrap(event.currentTarget.checked)} />
          {t.log.wrap}
        </label>
        <a href={farm.client.logAddress(attempt)} target="_blank" rel="noreferrer" title={t.log.wholeTitle}>
          {t.log.whole}
        </a>
      </div>
      <ProblemCallout problem={trouble()} />
      <div class="log-body">
        <LogLines
          reading={reading}
          label={t.log.heading(attempt)}
          wrap={wrap()}
          chosen={range()}
          marked={marked()}
          following={following()}
          onFollowing={setFollowing}
          onSight={(first, last) => setSight([first, last])}
          onNumber={choose}
          onKeyDown={key}
          addressOf={addressOf}
          more={(line) => more().get(line.offset)}
          onMore={(line) => void showMore(line)}
          ref={(one) => setScroller(one)}
        />
        <MarkBar
          lines={reading.lines()}
          sight={sight()}
          marks={reading.marks()}
          matches={reading.found()?.lines ?? []}
          onLine={goTo}
        />
        <Show when={reading.lines() === 0}>
          <p class="quiet log-nothing">{nothing()}</p>
        </Show>
        <div class="log-float">
          <span class="log-said" role="status">
            {said()}
          </span>
          <Show when={range()}>
            {(both) => (
              <>
                <button type="button" onClick={() => void copyLines()}>
                  {t.log.copyLines(both()[1] - both()[0] + 1, count(both()[1] - both()[0] + 1))}
                </button>
                <button type="button" onClick={() => void copyLink()}>
                  {t.log.copyLink}
                </button>
                <button type="button" aria-label={t.log.unchoose} title={t.log.unchoose} onClick={() => setChosen(null)}>
                  ×
                </button>
              </>
            )}
          </Show>
          <Show when={!following() && reading.lines() > sight()[1]}>
            <button type="button" class="log-end" title={t.log.followTitle} onClick={() => scroller()?.toEnd()}>
              {t.log.follow} ↓
            </button>
          </Show>
        </div>
      </div>
    </div>
  );
}

/** Two buttons that go on and back. */
function Steps(props: { next: string; previous: string; disabled?: boolean; onStep: (back: boolean) => void }): JSX.Element {
  return (
    <span class="log-steps">
      <button
        type="button"
        disabled={props.disabled}
        aria-label={props.previous}
        title={props.previous}
        onClick={() => props.onStep(true)}
      >
        ▴
      </button>
      <button type="button" disabled={props.disabled} aria-label={props.next} title={props.next} onClick={() => props.onStep(false)}>
        ▾
      </button>
    </span>
  );
}
