// How the page is built: for everybody, at any size, in light and in dark, and with nothing that its policy forbids.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { jobStatus, openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const set = setting(async ({ dir, scene, daemon, browser }) => {
  const script = join(dir, "raises.py");
  writeFileSync(script, "raise RuntimeError('no such rig: bert')\n");
  jobs.done = await daemon.submit(jobOf(scene, "1-4", join(dir, "look", "####")));
  jobs.failed = await daemon.submit(jobOf(scene, "1-3", join(dir, "fails", "####"), script));
  const later = ["sh010", "sh020"].map((name) => ({ ...jobOf(scene, "1-8", join(dir, name, "####")), name }));
  await daemon.request("POST", "/api/v1/batches", { name: "nightly", jobs: later, paused: true });
  for (const [status, job] of Object.entries(jobs)) {
    const { page, context } = await openPage(browser, daemon.url, { hash: `#/jobs/${job}` });
    await jobStatus(page, status);
    await context.close();
  }
});
const jobs = {};

/** Every view, and what is there once it has read what it shows. */
const places = () => [
  ["#/", ".batch-row"],
  [`#/jobs/${jobs.done}`, '.log[data-phase="ended"]'],
  [`#/jobs/${jobs.failed}`, ".trouble-group"],
  [`#/jobs/${jobs.failed}/attempts`, ".attempts .attempt"],
  [`#/jobs/${jobs.done}/times`, ".times-summary"],
  [`#/jobs/${jobs.failed}/log`, ".log-line"],
  [`#/jobs/${jobs.done}/details`, "[data-part=submitted] .facts"],
  [`#/jobs/${jobs.done}/sheet`, ".sheet-all .cell img"],
  [`#/jobs/${jobs.done}/images/2`, ".stage-image img"],
  [`#/jobs/${jobs.done}/play`, ".player-picture"],
  [`#/jobs/${jobs.done}/compare`, ".compare-a"],
  ["#/submit", ".submit-form .fields"],
  ["#/node", '[data-part="cores"] .figure'],
  ["#/plugins", '.plugin[data-plugin="blender"]'],
  ["#/plugins/blender", ".plugin-detail .facts"],
  ["#/history", ".past-row"],
  [`#/history/job/${jobs.failed}`, ".report-tiles"],
  ["#/events", ".notices li"],
];

for (const [width, height] of [[1440, 900], [360, 740], [2560, 1440]]) {
  for (const scheme of ["light", "dark"]) {
    test(`${width} by ${height}, ${scheme}: accessible, within its width, and quiet`, async () => {
      const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { width, height, scheme });
      await page.evaluate(AXE);
      const wrong = [];
      for (const [hash, there] of places()) {
        await page.evaluate((to) => void (location.hash = to), hash);
        await page.locator(there).first().waitFor({ state: "attached" });
        const { violations } = await page.evaluate((runOnly) => window.axe.run({ runOnly }), WCAG);
        for (const { id, nodes } of violations) {
          wrong.push(`${hash}: ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
        }
        if (!(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))) wrong.push(`${hash} scrolls sideways`);
      }
      assert.deepEqual([...wrong, ...complaints], []);
      await context.close();
    });
  }
}

test("the page may load nothing from outside and run nothing inline", async () => {
  const response = await fetch(set.daemon.url);
  const policy = response.headers.get("content-security-policy") ?? "";
  assert.match(policy, /default-src '(none|self)'/);
  assert.doesNotMatch(policy, /unsafe|https?:|\*/);
  const html = await response.text();
  assert.doesNotMatch(html, /<style|style=|<script(?![^>]*\ssrc=)|\son\w+=|https?:/);
});

test("the page is small on its way to the browser, and what it shows first is a part of it", async () => {
  const sizes = new Map();
  const read = async (path) => {
    if (sizes.has(path)) return;
    const response = await fetch(new URL(path, `${set.daemon.url}/`), { headers: { "accept-encoding": "gzip" } });
    assert.equal(response.headers.get("content-encoding"), "gzip", path);
    const text = await response.text();
    sizes.set(path, gzipSync(text, { level: 9 }).length);
    // What it reads later is named in it.
    for (const [, name] of text.matchAll(/import\(["'`]\.\/([\w-]+\.js)["'`]\)/g)) await read(`assets/${name}`);
  };
  const html = await (await fetch(set.daemon.url)).text();
  const first = [...html.matchAll(/(?:src|href)="(?:\.\/)?(assets\/[^"]*)"/g)].map(([, path]) => path);
  assert.ok(first.length >= 2, html);
  for (const path of first) await read(path);
  const sum = (paths) => [...paths].reduce((bytes, path) => bytes + sizes.get(path), 0);
  assert.ok(sizes.size > first.length, "some views come later");
  assert.ok(sum(first) < 130_000, `${sum(first)} bytes at first`);
  assert.ok(sum(sizes.keys()) < 200_000, `${sum(sizes.keys())} bytes in all`);
});
