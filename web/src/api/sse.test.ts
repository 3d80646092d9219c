import { expect, test } from "vitest";
import { SseParser, type SseMessage } from "./sse";

function parse(...pieces: string[]): SseMessage[] {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
}

test.each<[string, string[], SseMessage[]]>([
  ["one message", ["data: {}\n\n"], [{ name: "message", data: "{}", id: null }]],
  ["cut anywhere", ["da", "ta: a", "b\n", "\n"], [{ name: "message", data: "ab", id: null }]],
  ["several lines of data", ["data: a\ndata: b\n\n"], [{ name: "message", data: "a\nb", id: null }]],
  ["a name and an id", ["id: 7-1\nevent: job\ndata:x\n\n"], [{ name: "job", data: "x", id: "7-1" }]],
  ["comments are nothing", [": keep-alive\n\n", ":\n\n"], []],
  ["a name without data is a sign", ["event: missed\nid: 7-9\n\n"], [{ name: "missed", data: "", id: "7-9" }]],
  ["an id alone is a place", ["id: 7-9\n\n", "\n"], [{ name: "message", data: "", id: "7-9" }]],
  ["an unfinished message is none yet", ["data: x\n"], []],
  ["other line ends", ["data: a\r\n\r\ndata: b\r\r"], [
    { name: "message", data: "a", id: null },
    { name: "message", data: "b", id: null },
  ]],
  ["a line end cut in two", ["data: a\r", "\ndata: b\r", "\n\r", "\n"], [{ name: "message", data: "a\nb", id: null }]],
])("%s", (_, pieces, expected) => {
  expect(parse(...pieces)).toEqual(expected);
});

test("an id holds until the next one", () => {
  expect(parse("id: 1\ndata: a\n\ndata: b\n\n").map((message) => message.id)).toEqual(["1", "1"]);
});
