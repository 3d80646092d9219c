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
const set = setting(async ({ dir, scene, daemon, browser }) => {
  const script = join(dir, "raises.py");
  writeFileSync(script, "raise RuntimeError('no such rig: bert')\n");
  jobs.done = await daemon.submit(jobOf(scene, "1-4", join(dir, "look", "####")));
  jobs.failed = await daemon.submit(jobOf(scene, "1-3", join(dir, "fails", "####"), script));
  for (const [status, job] of Object.entries(jobs)) {
    const { page, context } = await openPage(browser, daemon.url, { hash: `#/jobs/${job}` });
    await jobStatus(page, status);
    await context.close();
  }
});
const jobs = {};

for (const [width, height] of [[1440, 900], [360, 740], [2560, 1440]]) {
  for (const scheme of ["light", "dark"]) {
    test(`${width} by ${height}, ${scheme}: accessible, within its width, and quiet`, async () => {
      for (const hash of ["#/", `#/jobs/${jobs.done}`, `#/jobs/${jobs.failed}`]) {
        const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash, width, height, scheme });
        for (const job of Object.values(jobs)) {
          await page.locator(`.job-row[data-job="${job}"]`).waitFor({ state: "attached" });
        }
        await page.locator('.log[data-phase="ended"]').waitFor({ state: "attached" });
        const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
        const violations = found.violations.map(
          ({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
        );
        assert.deepEqual(violations, []);
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "no sideways scrolling");
        assert.deepEqual(complaints, []);
        await context.close();
      }
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

test("the page is less than 200 kB on its way to the browser", async () => {
  const read = async (path) => {
    const response = await fetch(new URL(path, `${set.daemon.url}/`), { headers: { "accept-encoding": "gzip" } });
    return { text: await response.text(), response };
  };
  const { text: html } = await read("");
  const assets = [...html.matchAll(/(?:src|href)="([^"]*assets\/[^"]*)"/g)].map(([, path]) => path);
  assert.ok(assets.length >= 2, html);
  let bytes = 0;
  for (const path of assets) {
    const { text, response } = await read(path);
    assert.equal(response.headers.get("content-encoding"), "gzip");
    bytes += gzipSync(text, { level: 1 }).length;
  }
  assert.ok(bytes < 200_000, `${bytes} bytes`);
});
