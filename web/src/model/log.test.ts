import { describe, expect, test } from "vitest";
import { cleanLine, LogBuffer } from "./log";

test.each<[string, string]>([
  ["plain", "plain"],
  ["\u001b[1;31mred\u001b[0m text", "red text"],
  ["\u001b]0;title\u0007after", "after"],
  ["10%\r50%\r100%", "100%"],
  ["windows line\r", "windows line"],
  ["bell\u0007 and null\u0000", "bell and null"],
  ["right\u202eleft", "rightleft"],
  ["tab\tstays", "tab\tstays"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
])("%j is shown as %j", (line, expected) => {
  expect(cleanLine(line)).toBe(expected);
});

describe("LogBuffer", () => {
  test("lines come together from any pieces", () => {
    const buffer = new LogBuffer(10);
    for (const piece of ["Fra:1 ", "Mem:10M\nSav", "ed: 'x.png'", "\n", "tail"]) buffer.push(piece);
    expect(buffer.lines.map((line) => line.text)).toEqual(["Fra:1 Mem:10M", "Saved: 'x.png'"]);
    buffer.finish();
    expect(buffer.lines.at(-1)?.text).toBe("tail");
  });

  test("only the last lines are kept, and it is known how many are not", () => {
    const buffer = new LogBuffer(3);
    buffer.push("1\n2\n");
    buffer.push("3\n4\n5\n6\n7\n");
    expect(buffer.lines.map((line) => [line.number, line.text])).toEqual([
      [5, "5"],
      [6, "6"],
      [7, "7"],
    ]);
    expect(buffer.dropped).toBe(4);
  });

  test.each<[string, boolean]>([
    ["Error: Cannot read file", true],
    ["Traceback (most recent call last):", true],
    ["Fra:1 Mem:12.00M (Peak 13M) | Rendering 3/16 samples", false],
    ["terror in the deep", false],
  ])("%j reads like an error: %s", (line, bad) => {
    const buffer = new LogBuffer(1);
    buffer.push(`${line}\n`);
    expect(buffer.lines[0]?.bad).toBe(bad);
  });
});
