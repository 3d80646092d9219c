import { expect, test } from "vitest";
import { crumbs } from "./crumbs";

test.each<[string | null, string | null, [string, string][]]>([
  [null, null, []],
  ["/shows", "/shows", [["/shows", "/shows"]]],
  ["/shows", "/shows/a/b", [["/shows", "/shows"], ["a", "/shows/a"], ["b", "/shows/a/b"]]],
  ["/", "/a", [["/", "/"], ["a", "/a"]]],
  ["P:\\shows", "P:\\shows\\a", [["P:\\shows", "P:\\shows"], ["a", "P:\\shows\\a"]]],
  ["/shows", "/elsewhere", [["/shows", "/shows"]]],
])("from %j to %j", (root, path, expected) => {
  expect(crumbs(root, path).map((crumb) => [crumb.name, crumb.path])).toEqual(expected);
});
