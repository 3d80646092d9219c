/**
 * What is worth a look, at its height beside the scroll bar: faults over the whole width, then frames, lines that read
 * like errors, and matches, each in a lane of its own. A click goes there. What it does can be done by keys too.
 */
import { createMemo, createSignal, Show, type JSX } from "solid-js";
import type { LogMarks } from "../../api/log";
import { count } from "../../model/format";
import { lineAt, marksOf, placeOf } from "../../model/log-scroll";
import { t } from "../../text";

const STEPS = 500;
/** How near to a mark a click takes it. */
const REACH = 6;
const WIDTH = 16;

interface Lane {
  readonly name: string;
  readonly x: number;
  readonly width: number;
  readonly height: number;
  readonly lines: readonly number[];
}

export function MarkBar(props: {
  lines: number;
  sight: readonly [number, number];
  marks: LogMarks | null;
  matches: readonly number[];
  onLine: (line: number) => void;
}): JSX.Element {
  const frames = createMemo(() => (props.marks?.frames ?? []).map((mark) => mark.line));
  const faults = createMemo(() => (props.marks?.faults ?? []).map((mark) => mark.line));
  const lanes = createMemo<Lane[]>(() => [
    { name: "frame", x: 0, width: 4, height: 1, lines: frames() },
    { name: "error", x: 5, width: 5, height: 2, lines: props.marks?.error_lines ?? [] },
    { name: "match", x: 11, width: 5, height: 2, lines: props.matches },
    { name: "fault", x: 0, width: WIDTH, height: 4, lines: faults() },
  ]);
  const pathOf = (lane: Lane): string =>
    marksOf(lane.lines, props.lines, STEPS)
      .map((at) => `M${lane.x} ${Math.max(0, at - lane.height / 2)}h${lane.width}v${lane.height}h-${lane.width}z`)
      .join("");
  const sight = createMemo(() => {
    const from = placeOf(props.sight[0], props.lines, STEPS);
    return { from, height: Math.max(3, placeOf(props.sight[1], props.lines, STEPS) - from) };
  });

  const lineOf = (event: MouseEvent): number => {
    const box = (event.currentTarget as Element).getBoundingClientRect();
    const at = ((event.clientY - box.top) / Math.max(1, box.height)) * STEPS;
    // A fault is what a click means where there are several.
    for (const lines of [faults(), props.matches, props.marks?.error_lines ?? [], frames()]) {
      const line = lineAt(at, props.lines, STEPS, lines, REACH);
      if (lines.includes(line)) return line;
    }
    return lineAt(at, props.lines, STEPS, [], 0);
  };
  const [said, setSaid] = createSignal("");
  const say = (line: number): string => {
    const what: string[] = [];
    for (const mark of props.marks?.faults ?? []) if (mark.line === line) what.push(t.log.fault(mark.fault.message));
    for (const mark of props.marks?.frames ?? []) {
      if (mark.line === line) what.push((mark.done ? t.log.frameDone : t.log.frameBegun)(mark.frame));
    }
    if (props.marks?.error_lines.includes(line)) what.push(t.log.likeError);
    if (props.matches.includes(line)) what.push(t.log.match);
    return [t.log.atLine(count(line)), ...what].join(" · ");
  };
  return (
    <Show when={props.lines > 0}>
      <svg
        class="log-marks"
        viewBox={`0 0 ${WIDTH} ${STEPS}`}
        preserveAspectRatio="none"
        role="img"
        aria-label={t.log.bar}
        data-faults={faults().length}
        data-frames={frames().length}
        onClick={(event) => props.onLine(lineOf(event))}
        onMouseMove={(event) => setSaid(say(lineOf(event)))}
      >
        <title>{said()}</title>
        <rect class="mark-sight" x="0" y={sight().from} width={WIDTH} height={sight().height} />
        {lanes().map((lane) => (
          <path class={`mark-${lane.name}`} d={pathOf(lane)} />
        ))}
      </svg>
    </Show>
  );
}
