// @ts-expect-error The page has no types of Node.js; this test runs in it all the same, to ask a real shell.
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import type { CommandView } from "../api/types";
import { hasHiddenParts, hiddenNames, pasteLine } from "./command";

function command(more: Partial<CommandView>): CommandView {
  return { program: "/usr/bin/blender", args: ["-b", "a b.blend"], env: [], cwd: "/tmp", ...more };
}

test("a command is one line", () => {
  expect(pasteLine(command({}))).toBe("cd /tmp && /usr/bin/blender -b 'a b.blend'");
});

test("what is hidden is asked for and never made up", () => {
  const hidden = command({ env: [["OCIO", "/c o.ocio"], ["STUDIO_TOKEN", "(hidden)"]] });
  expect(pasteLine(hidden)).toBe(
    `cd /tmp && env 'OCIO=/c o.ocio' STUDIO_TOKEN="\${STUDIO_TOKEN:?}" /usr/bin/blender -b 'a b.blend'`,
  );
  expect(hiddenNames(hidden)).toEqual(["STUDIO_TOKEN"]);
});

test.each<[Partial<CommandView>, boolean]>([
  [{ env: [["STUDIO_TOKEN", "(hidden)"]] }, false],
  [{ env: [["HTTP_PROXY", "http://anna:(hidden)@proxy"]] }, true],
  [{ args: ["--token", "(hidden)"] }, true],
  [{ args: ["--api-key=(hidden)"] }, true],
])("whether %j has more to put in than values: %s", (more, expected) => {
  expect(hasHiddenParts(command(more))).toBe(expected);
});

test("a shell gives the program what the attempt gave it", () => {
  const args = ["%s\n", "it's", "$HOME", "a\nb", "", "*", "\\", "=x", "~", "a=b"];
  const line = pasteLine({ program: "printf", args, env: [["A B", "1"], ["C", "$HOME"]], cwd: "/" });
  expect(execFileSync("sh", ["-c", line], { encoding: "utf8" })).toBe(`${args.slice(1).join("\n")}\n`);
});
