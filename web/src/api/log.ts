/**
 * Requests for the log of an attempt: lines by number, what is added while it grows, searching, marks, and bytes. Shapes
 * are those of `host/model/src/log.rs`.
 */
import type { Client } from "./client";
import { asProblem } from "./problem";
import type { Fault } from "./types";

export interface LogLine {
  readonly number: number;
  readonly offset: number;
  readonly bytes: number;
  readonly text: string;
  /** The text is only the beginning. */
  readonly cut?: boolean;
  /** It drew over itself; the text is its last state. */
  readonly redrawn?: boolean;
  /** It stands for bytes that are no longer kept. */
  readonly dropped?: boolean;
  readonly error?: boolean;
  readonly hits?: readonly (readonly [number, number])[];
}

export interface LogHole {
  readonly line: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface LogWindow {
  readonly live: boolean;
  readonly lines: number;
  readonly bytes: number;
  readonly counted_bytes: number;
  readonly holes: readonly LogHole[];
  readonly items: readonly LogLine[];
}

export interface LogPlace {
  readonly line: number;
  readonly offset: number;
}

export interface LogMatches {
  readonly items: readonly LogPlace[];
  readonly count: number;
  readonly spread: readonly number[];
  readonly next: number | null;
}

export interface FaultMark extends LogPlace {
  /** Which of the attempt's faults. */
  readonly index: number;
  readonly fault: Fault;
}

export interface FrameMark extends LogPlace {
  readonly frame: number;
  readonly done: boolean;
}

export interface LogMarks {
  readonly faults: readonly FaultMark[];
  readonly deciding: LogPlace | null;
  readonly frames: readonly FrameMark[];
  readonly errors: number;
  readonly error_lines: readonly number[];
  readonly searched_bytes: number;
}

/** What somebody typed to search for. */
export interface Wanted {
  readonly text: string;
  readonly regex: boolean;
}

function queryOf(values: Record<string, string | number | undefined>, wanted: Wanted | null): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== undefined) query.set(name, String(value));
  if (wanted !== null) query.set("q", wanted.text);
  if (wanted?.regex) query.set("regex", "1");
  return query.toString();
}

/** Lines from a number on, around an offset, or the last ones. */
export function readLines(
  client: Client,
  attempt: number,
  which: { from?: number; offset?: number; count: number },
  wanted: Wanted | null,
  signal?: AbortSignal,
): Promise<LogWindow> {
  return client.get(`attempts/${attempt}/log/lines?${queryOf(which, wanted)}`, signal);
}

/** The last lines, and then what is added, until the attempt ends. */
export async function* followLines(
  client: Client,
  attempt: number,
  count: number,
  wanted: Wanted | null,
  signal: AbortSignal,
): AsyncGenerator<LogWindow> {
  const response = await client.request(`attempts/${attempt}/log/lines?${queryOf({ count, follow: 1 }, wanted)}`, { signal });
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const piece = await reader?.read();
    if (piece === undefined || piece.done) return;
    const objects = (rest + piece.value).split("\n");
    rest = objects.pop() ?? "";
    for (const object of objects) {
      try {
        yield JSON.parse(object) as LogWindow;
      } catch (error) {
        throw asProblem(error);
      }
    }
  }
}

/** Looks for what somebody typed, or for lines that read like errors. */
export function searchLog(
  client: Client,
  attempt: number,
  what: Wanted | "errors",
  how: { from?: number; to?: number; back?: 1; count?: 1; limit: number },
  signal?: AbortSignal,
): Promise<LogMatches> {
  const [wanted, errors] = what === "errors" ? [null, 1] : [what, undefined];
  return client.get(`attempts/${attempt}/log/search?${queryOf({ ...how, errors }, wanted)}`, signal);
}

export function readMarks(client: Client, attempt: number, signal?: AbortSignal): Promise<LogMarks> {
  return client.get(`attempts/${attempt}/log/marks`, signal);
}

/** The bytes from `start` to before `end`, as text. */
export async function readBytes(client: Client, attempt: number, start: number, end: number): Promise<string> {
  const response = await client.request(`attempts/${attempt}/log`, { headers: { range: `bytes=${start}-${end - 1}` } });
  return response.text();
}
