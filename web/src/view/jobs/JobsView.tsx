/**
 * The table of jobs beside the one that is chosen, and the line between them that can be moved. What is chosen of the
 * table stands in the address, so that it can be sent to somebody.
 */
import { createEffect, createSignal, on, untrack, type JSX } from "solid-js";
import { readChoice } from "../../model/job-filter";
import { keep, kept } from "../../store/kept";
import { t } from "../../text";
import { JobDetail } from "../job/JobDetail";
import { usePage } from "../shell/context";
import { JobsPart } from "./JobsPart";
import "./layout.css";

/** Percent of the width that the table has. */
const LEAST = 25;
const MOST = 75;
const USUAL = 50;

export function JobsView(): JSX.Element {
  const { route, table } = usePage();
  createEffect(
    on(route, ({ query }) => {
      const choice = readChoice(query);
      if (choice !== null) table.take(choice);
    }),
  );
  createEffect(() => {
    route();
    // Nobody goes back through every letter of a search, so the address changes in its place.
    const [path = "", search = ""] = location.hash.split("?", 2);
    const query = new URLSearchParams(search);
    table.write(query);
    const address = `${path || "#/"}${query.size === 0 ? "" : `?${query}`}`;
    if (address !== location.hash && !(location.hash === "" && address === "#/")) history.replaceState(null, "", address);
  });

  const read = Number(kept("split") ?? USUAL);
  const [split, setSplit] = createSignal(clamp(Number.isFinite(read) ? read : USUAL));
  let columns: HTMLDivElement | undefined;
  createEffect(() => columns?.style.setProperty("--split", `${split()}%`));
  const move = (percent: number): void => {
    setSplit(clamp(percent));
    keep("split", String(untrack(split)));
  };

  function drag(event: PointerEvent): void {
    const line = event.currentTarget as HTMLElement;
    line.setPointerCapture(event.pointerId);
    event.preventDefault();
    line.focus();
  }
  function dragged(event: PointerEvent): void {
    if (columns === undefined || !(event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) return;
    const { left, width } = columns.getBoundingClientRect();
    move(((event.clientX - left) / width) * 100);
  }
  function key(event: KeyboardEvent): void {
    const to: Record<string, number> = { ArrowLeft: split() - 2, ArrowRight: split() + 2, Home: LEAST, End: MOST };
    const percent = to[event.key];
    if (percent === undefined) return;
    event.preventDefault();
    move(percent);
  }

  return (
    <div class="columns" ref={columns}>
      <JobsPart />
      <div
        class="split"
        role="separator"
        aria-orientation="vertical"
        aria-label={t.jobs.split}
        aria-valuemin={LEAST}
        aria-valuemax={MOST}
        aria-valuenow={Math.round(split())}
        tabindex="0"
        onPointerDown={drag}
        onPointerMove={dragged}
        onKeyDown={key}
        onDblClick={() => move(USUAL)}
      />
      <JobDetail />
    </div>
  );
}

function clamp(percent: number): number {
  return Math.min(MOST, Math.max(LEAST, percent));
}
