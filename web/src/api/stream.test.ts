import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "./problem";
import { EventStream, type Connection } from "./stream";
import type { FarmEvent } from "./types";

/** A daemon whose answers the test decides, one connection after the other. */
function daemon() {
  const asked: (string | null)[] = [];
  const answers: (() => Response | Promise<Response>)[] = [];
  return {
    asked,
    /** The next connection is a stream that the test writes to and ends. */
    stream() {
      let controller!: ReadableStreamDefaultController<Uint8Array>;
      const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
      answers.push(() => new Response(body));
      return {
        write: (text: string) => controller.enqueue(new TextEncoder().encode(text)),
        end: () => controller.close(),
      };
    },
    refuse(problem: Problem) {
      answers.push(() => Promise.reject(problem));
    },
    client: {
      async events(lastId: string | null, signal: AbortSignal): Promise<Response> {
        asked.push(lastId);
        const answer = answers.shift();
        if (answer === undefined) throw new Problem("gone", "", null);
        const response = await answer();
        const reader = response.body!.getReader();
        const aborted = new ReadableStream<Uint8Array>({
          async pull(controller) {
            const stop = new Promise<never>((_, reject) =>
              signal.addEventListener("abort", () => reject(new DOMException("aborted", "AbortError"))),
            );
            const { done, value } = await Promise.race([reader.read(), stop]);
            if (done) controller.close();
            else controller.enqueue(value);
          },
        });
        return new Response(aborted);
      },
    },
  };
}

function listen(client: ReturnType<typeof daemon>["client"]) {
  const heard: string[] = [];
  const states: Connection["kind"][] = [];
  const stream = new EventStream(client, {
    opened: (resumed) => heard.push(resumed ? "resumed" : "opened"),
    event: (event: FarmEvent) => heard.push(event.type),
    missed: () => heard.push("missed"),
    connection: (connection) => states.push(connection.kind),
  });
  stream.start();
  return { stream, heard, states };
}

const settle = () => vi.advanceTimersByTimeAsync(0);

describe("EventStream", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("comes back by itself and goes on after the last event", async () => {
    const { client, stream: answer, asked } = daemon();
    const first = answer();
    const { heard, states, stream } = listen(client);
    await settle();
    first.write('id: 7-1\nevent: notice\ndata: {"type":"notice","notice":{"id":1,"message":"a"}}\n\n');
    await settle();
    const second = answer();
    first.end();
    await vi.advanceTimersByTimeAsync(250);
    second.write("event: missed\nid: 8-1\ndata: {}\n\n");
    await settle();
    expect(heard).toEqual(["opened", "notice", "resumed", "missed"]);
    expect(asked).toEqual([null, "7-1"]);
    expect(states).toEqual(["connecting", "live", "offline", "live"]);
    stream.stop();
  });

  test("goes on from where the stream began when it broke before the first event", async () => {
    const { client, stream: answer, asked } = daemon();
    const first = answer();
    const { heard, stream } = listen(client);
    await settle();
    first.write("retry: 1000\n: farmhand\nid: 7-41\n\n");
    await settle();
    answer();
    first.end();
    await vi.advanceTimersByTimeAsync(250);
    expect(heard).toEqual(["opened", "resumed"]);
    expect(asked).toEqual([null, "7-41"]);
    stream.stop();
  });

  test("without a last event it says that nothing is resumed", async () => {
    const { client, stream: answer } = daemon();
    const first = answer();
    const { heard, stream } = listen(client);
    await settle();
    answer();
    first.end();
    await vi.advanceTimersByTimeAsync(250);
    expect(heard).toEqual(["opened", "opened"]);
    stream.stop();
  });

  test("a line that is silent for too long is dead, and comments are a sign of life", async () => {
    const { client, stream: answer } = daemon();
    const first = answer();
    const { states, stream } = listen(client);
    await settle();
    for (let n = 0; n < 4; n += 1) {
      await vi.advanceTimersByTimeAsync(30_000);
      first.write(": keep-alive\n\n");
      await settle();
    }
    expect(states).toEqual(["connecting", "live"]);
    await vi.advanceTimersByTimeAsync(36_000);
    expect(states.slice(0, 3)).toEqual(["connecting", "live", "offline"]);
    stream.stop();
  });

  test("a refusal is told, and tried again ever more rarely, but never less than every five seconds", async () => {
    const { client, refuse, asked } = daemon();
    refuse(new Problem("no token", "", 401));
    const { states, stream } = listen(client);
    await settle();
    expect(states).toEqual(["connecting", "offline"]);
    await vi.advanceTimersByTimeAsync(250 + 500 + 1000 + 2000 + 4000);
    expect(asked).toHaveLength(6);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(asked).toHaveLength(8);
    stream.retryNow();
    await settle();
    expect(asked).toHaveLength(9);
    stream.stop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(asked).toHaveLength(9);
  });
});
