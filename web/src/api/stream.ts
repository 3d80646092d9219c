/**
 * The live connection: one event stream that comes back by itself and says plainly when it is not there.
 *
 * It reads the stream with `fetch` and not with `EventSource`: an `EventSource` gives up for good on the first answer
 * that is not a stream, cannot be told where to resume after that, does not show keep-alive comments (so that a dead
 * line looks alive), and cannot carry a token.
 */
import type { Client } from "./client";
import { asProblem, type Problem } from "./problem";
import { SseParser } from "./sse";
import type { FarmEvent } from "./types";

export type Connection =
  | { kind: "connecting" }
  | { kind: "live" }
  | { kind: "offline"; since: number; retryAt: number; problem: Problem };

export interface StreamHandlers {
  /** The daemon has us: everything that happens arrives, from where it broke off where `resumed`, else from now. */
  opened(resumed: boolean): void;
  event(event: FarmEvent): void;
  /** Events are gone: only a fresh reading of everything makes the page right again. */
  missed(): void;
  connection(connection: Connection): void;
}

/** The daemon sends a comment at least every 15 s; two of them missing means that the line is dead. */
const SILENCE_MS = 35_000;
const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 5_000;

export class EventStream {
  private lastId: string | null = null;
  private retryMs = FIRST_RETRY_MS;
  private since: number | null = null;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private abort: AbortController | null = null;
  private stopped = false;

  constructor(
    private readonly client: Pick<Client, "events">,
    private readonly handlers: StreamHandlers,
  ) {}

  start(): void {
    this.handlers.connection({ kind: "connecting" });
    void this.connect();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
    this.abort?.abort();
  }

  /** Tries now what would be tried later. */
  retryNow(): void {
    if (this.stopped || this.since === null || this.abort !== null) return;
    clearTimeout(this.timer);
    void this.connect();
  }

  private async connect(): Promise<void> {
    const abort = new AbortController();
    this.abort = abort;
    let problem: Problem;
    try {
      await this.read(abort);
      problem = asProblem(new TypeError());
    } catch (error) {
      problem = asProblem(error instanceof DOMException ? new TypeError() : error);
    }
    this.abort = null;
    if (!this.stopped) this.retryLater(problem);
  }

  private async read(abort: AbortController): Promise<void> {
    let silence = setTimeout(() => abort.abort(), SILENCE_MS);
    try {
      const resumed = this.lastId !== null;
      const response = await this.client.events(this.lastId, abort.signal);
      if (response.body === null) return;
      this.since = null;
      this.retryMs = FIRST_RETRY_MS;
      this.handlers.connection({ kind: "live" });
      this.handlers.opened(resumed);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      const parser = new SseParser();
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return;
        clearTimeout(silence);
        silence = setTimeout(() => abort.abort(), SILENCE_MS);
        for (const message of parser.push(value)) {
          if (message.id !== null) this.lastId = message.id;
          if (message.name === "missed") this.handlers.missed();
          else if (message.data !== "") this.handlers.event(JSON.parse(message.data) as FarmEvent);
        }
      }
    } finally {
      clearTimeout(silence);
    }
  }

  private retryLater(problem: Problem): void {
    this.since ??= Date.now();
    const wait = this.retryMs;
    this.retryMs = Math.min(this.retryMs * 2, LONGEST_RETRY_MS);
    this.handlers.connection({ kind: "offline", since: this.since, retryAt: Date.now() + wait, problem });
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}
