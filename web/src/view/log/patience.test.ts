import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { Problem } from "../../api/problem";
import { mayPass, pause, untilDone } from "./patience";

const gone = (): Problem => new Problem("away", "", null);

describe("a request that outlasts a restart", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("is tried again, more slowly each time, until it succeeds", async () => {
    const [told, at]: [string[], number[]] = [[], []];
    const start = Date.now();
    const result = untilDone(new AbortController().signal, (problem) => told.push(problem.title), async () => {
      at.push(Date.now() - start);
      if (at.length < 7) throw gone();
      return "read";
    });
    await vi.runAllTimersAsync();
    expect(await result).toBe("read");
    expect(at).toEqual([0, 250, 750, 1_750, 3_750, 7_750, 11_750]);
    expect(told).toHaveLength(6);
  });

  test("begins anew with its patience when it got on", async () => {
    const at: number[] = [];
    const start = Date.now();
    const result = untilDone(new AbortController().signal, () => undefined, async (progress) => {
      at.push(Date.now() - start);
      if (at.length === 3) progress();
      if (at.length < 5) throw gone();
    });
    await vi.runAllTimersAsync();
    await result;
    expect(at).toEqual([0, 250, 750, 1_000, 1_500]);
  });

  test("is given up where trying again is no use, and where nobody waits any more", async () => {
    let tries = 0;
    const signal = new AbortController().signal;
    const refused = untilDone(signal, () => undefined, async () => {
      tries += 1;
      throw new Problem("no such log", "", 404);
    });
    expect(await refused).toBeUndefined();
    expect(tries).toBe(1);

    const abort = new AbortController();
    const left = untilDone(abort.signal, () => undefined, async () => {
      tries += 1;
      throw gone();
    });
    await vi.advanceTimersByTimeAsync(100);
    abort.abort();
    expect(await left).toBeUndefined();
    await vi.runAllTimersAsync();
    expect(tries).toBe(2);
    await expect(pause(5, abort.signal)).rejects.toThrow("aborted");
  });

  test("may pass when the daemon was away or had too much to do", () => {
    const check = (status: number | null, expected: boolean): void => expect(mayPass(new Problem("", "", status)), String(status)).toBe(expected);
    check(null, true);
    check(503, true);
    check(429, true);
    check(404, false);
    check(400, false);
    check(401, false);
  });
});
