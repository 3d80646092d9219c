import { expect, test } from "vitest";
import { readChoice } from "../model/look";
import {
  attemptAddress,
  imageAddress,
  jobAddress,
  jobPart,
  parseRoute,
  partAddress,
  pictureMode,
  picturesAddress,
  viewAddress,
  type Route,
} from "./route";

const nowhere = { view: "jobs", job: null, attempt: null, image: null } as const;

test.each<[string, Partial<Route>]>([
  ["", nowhere],
  ["#/", nowhere],
  ["#/jobs", nowhere],
  ["#/jobs/abc", { ...nowhere, rest: [] }],
  ["#/elsewhere/12", { ...nowhere, rest: [] }],
  ["#/plugins/maya", { ...nowhere, view: "plugins", rest: ["maya"] }],
  ["#/plugins/50%", { ...nowhere, view: "plugins", rest: ["50%"] }],
  ["#/jobs/12", { ...nowhere, job: 12 }],
  ["#/jobs/12/attempts/34", { ...nowhere, job: 12, attempt: 34 }],
  ["#/jobs/12/log/34", { ...nowhere, job: 12, attempt: 34 }],
  ["#/jobs/12/times", { ...nowhere, job: 12, rest: ["12", "times"] }],
  ["#/jobs/12/attempts/x", { ...nowhere, job: 12 }],
  ["#/jobs/12/images/-5", { ...nowhere, job: 12, image: { frame: -5, layer: null } }],
  ["#/jobs/12/images/7?layer=a+b%2Fc", { ...nowhere, job: 12, image: { frame: 7, layer: "a b/c" } }],
])("%j", (hash, expected) => {
  expect(parseRoute(hash)).toMatchObject(expected);
});

test("the address of a view is read back", () => {
  expect(parseRoute(viewAddress("plugins", "a/b c"))).toMatchObject({ view: "plugins", rest: ["a/b c"] });
});

test("what is written is read back", () => {
  expect(parseRoute(jobAddress(3)).job).toBe(3);
  expect(parseRoute(attemptAddress(3, 4)).attempt).toBe(4);
  expect(parseRoute(imageAddress(3, -4, "ä&b?")).image).toEqual({ frame: -4, layer: "ä&b?" });
});

test.each<[string, string]>([
  ["#/jobs/12", "overview"],
  ["#/jobs/12/images/4", "overview"],
  ["#/jobs/12/attempts/34", "attempts"],
  [partAddress(12, "times"), "times"],
  [partAddress(12, "overview"), "overview"],
])("%s is the part %s of the job", (hash, part) => {
  expect(jobPart(parseRoute(hash))).toBe(part);
});

test("pictures have addresses of their own", () => {
  const choice = { ...readChoice(new URLSearchParams()), layer: "ä", frame: 7 };
  for (const mode of ["sheet", "play", "compare"] as const) {
    const route = parseRoute(picturesAddress(3, mode, null, choice));
    expect([route.job, pictureMode(route), route.image]).toEqual([3, mode, null]);
    expect(readChoice(route.query)).toEqual(choice);
  }
  const image = parseRoute(picturesAddress(3, "image", -4, choice));
  expect([pictureMode(image), image.image]).toEqual(["image", { frame: -4, layer: "ä" }]);
  for (const hash of ["#/", "#/node", "#/jobs/3", "#/jobs/3/attempts/4", "#/node/sheet"]) {
    expect(pictureMode(parseRoute(hash))).toBeNull();
  }
});
