/**
 * Requests to the daemon's REST API. What only one part of the page asks for stands in a file of that part beside this
 * one, and goes through `get` and `send`. Every failure is thrown as a `Problem`. It keeps no state but the difference
 * between the daemon's clock and this browser's.
 */
import type {
  AttemptView,
  FrameDoneView,
  FramesView,
  JobStatus,
  JobSummary,
  JobView,
  NodeView,
  Page,
  PluginView,
} from "./types";
import { asProblem, readProblem } from "./problem";

export type JobAction = "pause" | "resume" | "cancel" | "retry";

export class Client {
  /** Milliseconds to add to this browser's clock to get the daemon's; 0 until they differ by more than can be noise. */
  skew = 0;

  /** `root` is the address of `api/v1/`. */
  constructor(readonly root: URL) {}

  node(): Promise<NodeView> {
    return this.get("node");
  }

  plugins(): Promise<PluginView[]> {
    return this.get("plugins");
  }

  jobs(statuses: readonly JobStatus[], limit: number, cursor: string | null): Promise<Page<JobSummary>> {
    const query = new URLSearchParams({ state: statuses.join(","), limit: String(limit) });
    if (cursor !== null) query.set("cursor", cursor);
    return this.get(`jobs?${query}`);
  }

  job(id: number): Promise<JobView> {
    return this.get(`jobs/${id}`);
  }

  frames(id: number): Promise<FramesView> {
    return this.get(`jobs/${id}/frames`);
  }

  images(id: number, limit: number): Promise<FrameDoneView[]> {
    return this.get(`jobs/${id}/images?limit=${limit}`);
  }

  attempts(id: number, limit: number, cursor: string | null): Promise<Page<AttemptView>> {
    const query = new URLSearchParams({ limit: String(limit) });
    if (cursor !== null) query.set("cursor", cursor);
    return this.get(`jobs/${id}/attempts?${query}`);
  }

  attempt(id: number): Promise<AttemptView> {
    return this.get(`attempts/${id}`);
  }

  act(id: number, action: JobAction): Promise<JobView> {
    return this.send("POST", `jobs/${id}/${action}`);
  }

  /** Where the whole log is. */
  logAddress(attempt: number): string {
    return new URL(`attempts/${attempt}/log`, this.root).href;
  }

  /** The event stream, from after `lastId` where one is given. */
  events(lastId: string | null, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { accept: "text/event-stream" };
    if (lastId !== null) headers["last-event-id"] = lastId;
    return this.request("events", { headers, signal, cache: "no-store" });
  }

  /** Reads what is at `path` under the API's root. */
  get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return this.read(path, { headers: { accept: "application/json" }, ...(signal === undefined ? {} : { signal }) });
  }

  /** Changes something, with `body` as JSON where there is one, and headers where there are more. */
  send<T>(method: "POST" | "PATCH" | "PUT" | "DELETE", path: string, body?: unknown, more: Record<string, string> = {}): Promise<T> {
    const headers = { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...more };
    return this.read(path, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  }

  private async read<T>(path: string, init: RequestInit): Promise<T> {
    const response = await this.request(path, init);
    try {
      return (await response.json()) as T;
    } catch (error) {
      throw asProblem(error);
    }
  }

  async request(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(new URL(path, this.root), init);
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw asProblem(error);
    }
    this.noteClock(response.headers.get("date"));
    if (!response.ok) {
      throw readProblem(response.status, response.headers.get("content-type"), await response.text());
    }
    return response;
  }

  private noteClock(date: string | null): void {
    if (date === null) return;
    // The header has whole seconds, so less than two of difference says nothing.
    const difference = Date.parse(date) + 500 - Date.now();
    if (!Number.isNaN(difference)) this.skew = Math.abs(difference) > 2000 ? difference : 0;
  }
}
