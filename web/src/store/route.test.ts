import { expect, test } from "vitest";
import { attemptAddress, imageAddress, jobAddress, parseRoute, type Route } from "./route";

const nowhere: Route = { job: null, attempt: null, image: null };

test.each<[string, Route]>([
  ["", nowhere],
  ["#/", nowhere],
  ["#/jobs", nowhere],
  ["#/jobs/abc", nowhere],
  ["#/plugins/12", nowhere],
  ["#/jobs/12", { ...nowhere, job: 12 }],
  ["#/jobs/12/attempts/34", { ...nowhere, job: 12, attempt: 34 }],
  ["#/jobs/12/attempts/x", { ...nowhere, job: 12 }],
  ["#/jobs/12/images/-5", { ...nowhere, job: 12, image: { frame: -5, layer: null } }],
  ["#/jobs/12/images/7?layer=a+b%2Fc", { ...nowhere, job: 12, image: { frame: 7, layer: "a b/c" } }],
])("%j", (hash, expected) => {
  expect(parseRoute(hash)).toEqual(expected);
});

test("what is written is read back", () => {
  expect(parseRoute(jobAddress(3)).job).toBe(3);
  expect(parseRoute(attemptAddress(3, 4)).attempt).toBe(4);
  expect(parseRoute(imageAddress(3, -4, "ä&b?")).image).toEqual({ frame: -4, layer: "ä&b?" });
});
