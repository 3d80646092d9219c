import { describe, expect, test } from "vitest";
import { lastState, parseAnsi, pieces } from "./ansi";

/** The pieces of a line as `classes:text`. */
const shown = (line: string): string[] => pieces(parseAnsi(line), []).map((piece) => `${piece.classes}:${piece.text}`);

describe("what is not text is not shown", () => {
  // The same cases as in the host's `plain`, which must leave out the same.
  test.each<[string, string]>([
    ["plain", "plain"],
    ["\u001b[1;31mred\u001b[0m text", "red text"],
    ["\u001b[38:2::1:2:3mx\u001b[K", "x"],
    ["\u001b]0;title\u0007after", "after"],
    ["\u001b]8;;http://a\u001b\\link\u001b]8;;\u001b\\", "link"],
    ["\u001bPdata\u001b\\x", "x"],
    ["\u001b(Bx\u001b7y", "xy"],
    ["open \u001b[31", "open "],
    ["open \u001b", "open "],
    ["open \u001b]0;title", "open "],
    ["\u001b[31\u001b[32mx", "x"],
    ["grün \u001b[1mé", "grün é"],
    ["tab\tstays", "tab\tstays"],
    ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ])("%j is %j", (line, expected) => {
    expect(parseAnsi(line).text).toBe(expected);
  });

  test.each<[string, string]>([
    ["bell\u0007 and null\u0000", "bell␇ and null␀"],
    ["gone\u007f", "gone␡"],
    ["right\u202eleft", "right\ufffdleft"],
    ["\u2066\u2069\u200f", "\ufffd\ufffd\ufffd"],
    ["c1\u009b31m", "c1\ufffd31m"],
    ["line\u2028separator", "line\ufffdseparator"],
  ])("%j is shown as %j, as long as it was", (line, expected) => {
    expect(parseAnsi(line).text).toBe(expected);
    expect(expected.length).toBe(line.length);
  });
});

describe("colours", () => {
  test.each<[string, string[]]>([
    ["\u001b[31mred\u001b[39m plain", ["ansi-red:red", ": plain"]],
    ["\u001b[1;92mgreen", ["ansi-green ansi-bold:green"]],
    ["\u001b[90mgrey\u001b[m.", ["ansi-muted:grey", ":."]],
    ["\u001b[30mblack\u001b[97mwhite", [":blackwhite"]],
    ["\u001b[31;44mred on blue", ["ansi-on-blue:red on blue"]],
    ["\u001b[36;7minverse\u001b[27m not", ["ansi-on-cyan:inverse", "ansi-cyan: not"]],
    ["\u001b[38;5;196mx", ["ansi-red:x"]],
    ["\u001b[38;5;21mx", ["ansi-blue:x"]],
    ["\u001b[38;5;244mx", ["ansi-muted:x"]],
    ["\u001b[38;5;9mx", ["ansi-red:x"]],
    ["\u001b[38;2;250;200;20mx", ["ansi-yellow:x"]],
    ["\u001b[38:2::20:220:30mx", ["ansi-green:x"]],
    ["\u001b[38:5:51mx", ["ansi-cyan:x"]],
    ["\u001b[48;2;200;0;200;1mx", ["ansi-on-magenta ansi-bold:x"]],
    ["\u001b[2mdim\u001b[22m.", ["ansi-muted:dim", ":."]],
    ["\u001b[3;4;9mx", ["ansi-italic ansi-underline ansi-strike:x"]],
    ["\u001b[4:0mx", [":x"]],
    ["\u001b[?25l\u001b[>4;1mx", [":x"]],
    ["\u001b[999;31mx", ["ansi-red:x"]],
    ["\u001b[31m\u001b[31ma\u001b[31mb", ["ansi-red:ab"]],
    ["", []],
  ])("%j", (line, expected) => {
    expect(shown(line)).toEqual(expected);
  });
});

test("matches cut pieces where they begin and end", () => {
  const styled = parseAnsi("ab\u001b[31mcdef");
  expect(pieces(styled, [[1, 3], [5, 6]])).toEqual([
    { text: "a", classes: "", hit: false },
    { text: "b", classes: "", hit: true },
    { text: "c", classes: "ansi-red", hit: true },
    { text: "de", classes: "ansi-red", hit: false },
    { text: "f", classes: "ansi-red", hit: true },
  ]);
  // Of a line that is cut, matches may lie behind what is shown.
  expect(pieces(parseAnsi("ab"), [[1, 9]]).map((piece) => piece.text)).toEqual(["a", "b"]);
});

test.each<[string, string]>([
  ["10%\r50%\r100%\n", "100%"],
  ["windows line\r\n", "windows line"],
  ["plain", "plain"],
  ["", ""],
])("%j ends as %j", (line, expected) => {
  expect(lastState(line)).toBe(expected);
});
