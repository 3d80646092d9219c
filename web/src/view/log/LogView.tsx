/**
 * The log of one attempt: its last lines, and what is added while it runs. It follows the end for as long as the
 * reader stays there, and finds the lines that read like errors.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, Show, type JSX } from "solid-js";
import { asProblem, type Problem } from "../../api/problem";
import type { AttemptView } from "../../api/types";
import { count } from "../../model/format";
import { LogBuffer, type LogLine } from "../../model/log";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { ProblemText } from "../common/parts";

const LINES_KEPT = 5_000;
const LINES_A_BLOCK = 100;

type Phase = "loading" | "growing" | "ended" | "interrupted";

export function LogView(props: { attempt: number; state: AttemptView["state"] }): JSX.Element {
  const { farm } = usePage();
  const [lines, setLines] = createSignal<readonly LogLine[]>([]);
  const [dropped, setDropped] = createSignal(0);
  const [phase, setPhase] = createSignal<Phase>("loading");
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const [follow, setFollow] = createSignal(true);
  const [wrap, setWrap] = createSignal(false);
  const [filter, setFilter] = createSignal("");
  const [marked, setMarked] = createSignal(-1);
  let box: HTMLDivElement | undefined;

  // A log that grows is read until it ends. A lost connection begins it anew, and so does coming back to the page:
  // a page that nobody looks at holds no connection for it.
  const [visible, setVisible] = createSignal(!document.hidden);
  const seen = (): void => void setVisible(!document.hidden);
  document.addEventListener("visibilitychange", seen);
  onCleanup(() => document.removeEventListener("visibilitychange", seen));

  const begun = createMemo(() => props.state !== "starting");
  let complete = false;
  createEffect(
    on([begun, farm.epoch, visible], ([hasBegun, , inSight]) => {
      if (!hasBegun || !inSight || complete) return;
      const abort = new AbortController();
      void read(props.attempt, props.state === "running", abort.signal);
      onCleanup(() => abort.abort());
    }),
  );

  async function read(attempt: number, live: boolean, signal: AbortSignal): Promise<void> {
    const buffer = new LogBuffer(LINES_KEPT);
    let due = 0;
    const show = (): void => {
      due = 0;
      setLines(buffer.lines);
      setDropped(buffer.dropped);
    };
    try {
      const response = await farm.client.log(attempt, LINES_KEPT, live, signal);
      setProblem(null);
      setPhase("growing");
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      for (;;) {
        const piece = await reader?.read();
        if (piece === undefined || piece.done) break;
        buffer.push(piece.value);
        due ||= requestAnimationFrame(show);
      }
      buffer.finish();
      show();
      setPhase("ended");
      // A followed log may have ended with the daemon and not with the attempt.
      complete = !live;
    } catch (error) {
      if (signal.aborted) return;
      if (buffer.lines.length > 0) show();
      setPhase("interrupted");
      setProblem(asProblem(error));
    }
  }

  const shown = createMemo(() => {
    const wanted = filter().toLowerCase();
    return wanted === "" ? lines() : lines().filter((line) => line.text.toLowerCase().includes(wanted));
  });
  const bad = createMemo(() => shown().filter((line) => line.bad));

  // Lines are drawn in blocks that keep their place, so that a growing log touches its last block only and the
  // browser skips those out of sight.
  const blocks = createMemo<readonly (readonly LogLine[])[]>((before) => {
    const all = shown();
    const next: (readonly LogLine[])[] = [];
    for (let at = 0; at < all.length; ) {
      const first = all[at] as LogLine;
      const end = filter() === "" ? at + LINES_A_BLOCK - ((first.number - 1) % LINES_A_BLOCK) : at + LINES_A_BLOCK;
      const block = all.slice(at, end);
      const same = before.find((old) => old[0] === block[0] && old.length === block.length);
      next.push(same ?? block);
      at = end;
    }
    return next;
  }, []);

  createEffect(
    on([blocks, wrap, follow], () => {
      if (follow() && box !== undefined) box.scrollTop = box.scrollHeight;
    }),
  );

  const scrolled = (): void => {
    if (box !== undefined) setFollow(box.scrollHeight - box.scrollTop - box.clientHeight < 24);
  };

  function jump(direction: 1 | -1): void {
    const all = bad();
    if (all.length === 0) return;
    const at = all.findIndex((line) => line.number === marked());
    const next = at < 0 ? (direction === 1 ? 0 : all.length - 1) : (at + direction + all.length) % all.length;
    const line = all[next] as LogLine;
    setFollow(false);
    setMarked(line.number);
    box?.querySelector(`[data-line="${line.number}"]`)?.scrollIntoView({ block: "center" });
  }

  const nothing = (): string => {
    if (!begun()) return t.log.notBegun;
    return phase() === "loading" ? t.log.loading : t.log.empty;
  };

  const note = (): string => {
    if (dropped() > 0) return t.log.dropped(count(dropped()));
    return lines().length >= LINES_KEPT ? t.log.tail(count(LINES_KEPT)) : "";
  };

  return (
    <div class="log" data-phase={phase()}>
      <div class="log-bar">
        <h4>{t.log.heading(props.attempt)}</h4>
        <span class={`log-phase log-phase-${phase()}`}>{phase() === "loading" ? "" : t.log[phase() as "growing"]}</span>
        <span class="quiet">{note()}</span>
        <span class="gap" />
        <Show when={bad().length > 0}>
          <span class="log-bad">
            <button type="button" aria-label={t.log.previousBad} title={t.log.previousBad} onClick={() => jump(-1)}>
              ▴
            </button>
            <span>{t.log.bad(count(bad().length))}</span>
            <button type="button" aria-label={t.log.nextBad} title={t.log.nextBad} onClick={() => jump(1)}>
              ▾
            </button>
          </span>
        </Show>
        <input
          type="search"
          placeholder={t.log.filter}
          aria-label={t.log.filter}
          value={filter()}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label>
          <input type="checkbox" checked={follow()} onChange={(event) => setFollow(event.currentTarget.checked)} />
          {t.log.follow}
        </label>
        <label>
          <input type="checkbox" checked={wrap()} onChange={(event) => setWrap(event.currentTarget.checked)} />
          {t.log.wrap}
        </label>
        <a href={farm.client.logAddress(props.attempt)} target="_blank" rel="noreferrer">
          {t.log.whole}
        </a>
      </div>
      <Show when={problem()}>
        {(known) => (
          <div class="callout callout-bad">
            <ProblemText problem={known()} />
          </div>
        )}
      </Show>
      <div
        ref={box}
        class="log-lines"
        classList={{ wrap: wrap() }}
        tabIndex={0}
        role="region"
        aria-label={t.log.heading(props.attempt)}
        onScroll={scrolled}
      >
        <Show when={lines().length > 0} fallback={<p class="quiet">{nothing()}</p>}>
          <For each={blocks()}>
            {(block) => (
              <div class="log-block">
                <For each={block}>
                  {(line) => (
                    <div
                      class="log-line"
                      classList={{ bad: line.bad, marked: line.number === marked() }}
                      data-line={line.number}
                    >
                      {line.text === "" ? "\u00a0" : line.text}
                    </div>
                  )}
                </For>
              </div>
            )}
          </For>
        </Show>
      </div>
    </div>
  );
}
