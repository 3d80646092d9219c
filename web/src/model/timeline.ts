/**
 * Attempts as a time line: in which lane each lies, how its bar is divided into steps, and which attempt it follows
 * from. Pure; times are in milliseconds.
 */
import type { AttemptSpan } from "../api/past";
import type { AttemptView } from "../api/types";
import { FrameIndex, framesWithout, parseFrames } from "./frames";

/** How an attempt ended, as a time line tells it apart. */
export type Fate = "live" | "fine" | "retry" | "fall-back" | "failed" | "held";

export function fateOf(span: AttemptSpan): Fate {
  switch (span.decision) {
    case null:
      return "live";
    case "accept":
      return span.missed === "" ? "fine" : "retry";
    case "retry":
      return "retry";
    case "fall-back":
      return "fall-back";
    case "hold-job":
    case "quarantine-node":
      return "held";
    default:
      return "failed";
  }
}

export interface Laned {
  readonly lanes: number;
  /** By the place of a span. */
  readonly lane: Int32Array;
}

/** The lowest free lane for each, in the order in which they started: as the slots that held them. */
export function lanesOf(spans: readonly AttemptSpan[], now: number): Laned {
  const lane = new Int32Array(spans.length);
  const order = spans.map((_, at) => at).sort((a, b) => {
    const [one, two] = [spans[a] as AttemptSpan, spans[b] as AttemptSpan];
    return startOf(one) - startOf(two) || one.id - two.id;
  });
  const free: number[] = [];
  for (const at of order) {
    const span = spans[at] as AttemptSpan;
    let place = free.findIndex((until) => until <= startOf(span));
    if (place < 0) place = free.length;
    free[place] = endOf(span, now);
    lane[at] = place;
  }
  return { lanes: Math.max(1, free.length), lane };
}

interface Times {
  readonly started: number;
  readonly running: number | null;
  readonly firstFrame: number | null;
  readonly processEnded: number | null;
  readonly ended: number | null;
}

/** A span is never changed but replaced, and its times are asked for with every move of the mouse. */
const known = new WeakMap<AttemptSpan, Times>();

function timesOf(span: AttemptSpan): Times {
  let times = known.get(span);
  if (times === undefined) {
    const at = (time: string | null): number | null => (time === null ? null : Date.parse(time));
    times = {
      started: Date.parse(span.started),
      running: at(span.running),
      firstFrame: at(span.first_frame),
      processEnded: at(span.process_ended),
      ended: at(span.ended),
    };
    known.set(span, times);
  }
  return times;
}

export function startOf(span: AttemptSpan): number {
  return timesOf(span).started;
}

export function endOf(span: AttemptSpan, now: number): number {
  const { started, ended } = timesOf(span);
  return ended ?? Math.max(now, started);
}

export interface Piece {
  readonly step: "starting" | "rendering" | "verifying";
  readonly from: number;
  readonly to: number;
}

/** The steps of an attempt until `now`. What is not known of belongs to the step before it. */
export function piecesOf(span: AttemptSpan, now: number): Piece[] {
  const times = timesOf(span);
  const from = times.started;
  const to = endOf(span, now);
  const at = (time: number | null): number => (time === null ? to : Math.min(Math.max(time, from), to));
  // A renderer that tells of no frame has rendered since it was there.
  const rendering = at(times.firstFrame ?? (times.ended === null ? null : times.running));
  const verifying = Math.max(rendering, at(times.processEnded));
  const pieces: Piece[] = [
    { step: "starting", from, to: rendering },
    { step: "rendering", from: rendering, to: verifying },
    { step: "verifying", from: verifying, to },
  ];
  return pieces.filter((piece) => piece.to > piece.from);
}

/** The span of time that all of them take, at least a second. */
export function extentOf(spans: readonly AttemptSpan[], now: number): { from: number; to: number } {
  let from = Infinity;
  let to = -Infinity;
  for (const span of spans) {
    from = Math.min(from, startOf(span));
    to = Math.max(to, endOf(span, now));
  }
  if (spans.length === 0) return { from: now - 1000, to: now };
  return { from, to: Math.max(to, from + 1000) };
}

/** Read once for each span, as its times are: a job that fails all over has thousands that left frames undone. */
const missing = new WeakMap<AttemptSpan, FrameIndex>();

function leftUndone(span: AttemptSpan, frame: number): boolean {
  let index = missing.get(span);
  if (index === undefined) {
    index = new FrameIndex(parseFrames(span.missed));
    missing.set(span, index);
  }
  return index.has(frame);
}

/**
 * The attempt whose missing frames this one was given: the last one before it that left its first frame undone. Spans
 * are the newest first.
 */
export function cameFrom(spans: readonly AttemptSpan[], span: AttemptSpan): AttemptSpan | null {
  const first = parseFrames(span.frames)[0]?.first;
  if (first === undefined) return null;
  const isBefore = (other: AttemptSpan): boolean =>
    other.id < span.id && other.layer === span.layer && other.missed !== "" && other.ended !== null;
  return spans.find((other) => isBefore(other) && leftUndone(other, first)) ?? null;
}

/** All attempts that led to this one, the last first. Levels and tries are few, so a chain is short. */
export function chainOf(spans: readonly AttemptSpan[], span: AttemptSpan, most = 12): AttemptSpan[] {
  const chain: AttemptSpan[] = [];
  for (let at = cameFrom(spans, span); at !== null && chain.length < most; at = cameFrom(spans, at)) chain.push(at);
  return chain;
}

/** The newest attempt that had a frame, of spans with the newest first. */
export function lastWith(spans: readonly AttemptSpan[], layer: string | null, frame: number): AttemptSpan | null {
  return spans.find((span) => span.layer === layer && new FrameIndex(parseFrames(span.frames)).has(frame)) ?? null;
}

/** What an attempt is as a bar. `plugin` is where its plugin stands among those of the time line. */
export function outlineOf(attempt: AttemptView, plugin: number | null = null): AttemptSpan {
  const missed = attempt.ended === null ? "" : framesWithout(attempt.frames, attempt.frames_done);
  const decision = attempt.verdict?.decision.kind ?? null;
  const faults = attempt.outcome?.faults.length ? attempt.outcome.faults : attempt.faults;
  return {
    id: attempt.id,
    layer: attempt.layer,
    frames: attempt.frames,
    missed,
    level: attempt.level,
    level_name: attempt.level_name,
    try_number: attempt.try_number,
    plugin,
    gpus: attempt.gpus.map((held) => held.index),
    started: attempt.started,
    running: attempt.steps.running,
    first_frame: attempt.steps.first_frame,
    process_ended: attempt.steps.process_ended,
    ended: attempt.ended,
    decision,
    cause: worstCause(faults),
    reason: decision === null || (decision === "accept" && missed === "") ? null : (attempt.verdict?.reason ?? null),
    peak_memory_bytes: attempt.usage.peak_memory_bytes,
  };
}

const SEVERITIES = ["transient", "frame-fatal", "worker-fatal"];

/** Of several as bad, the first: as the daemon has it. */
function worstCause(faults: AttemptView["faults"]): string | null {
  let worst: (typeof faults)[number] | null = null;
  for (const fault of faults) {
    if (worst === null || SEVERITIES.indexOf(fault.severity) > SEVERITIES.indexOf(worst.severity)) worst = fault;
  }
  return worst?.cause ?? null;
}

const STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400, 172800, 604800];

/** Round points in time to write below a time line, as many as there is room for. `zone` is the local offset in ms. */
export function ticks(from: number, to: number, most: number, zone: number): number[] {
  const wanted = (to - from) / Math.max(1, most);
  const step = (STEPS_S.find((seconds) => seconds * 1000 >= wanted) ?? 604800 * Math.ceil(wanted / 604800000)) * 1000;
  const found: number[] = [];
  for (let at = Math.ceil((from + zone) / step) * step - zone; at <= to; at += step) found.push(at);
  return found;
}
