// Reports: the HTML one as a file that somebody was sent, and the history that lists what has ended and hands them out.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";
import { openPage, PATIENCE } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

const made = {};
/** Rows of the history, in the order in which they come. */
const all = () => [...made.jobs.map((job) => `job-${job}`), `batch-${made.batch}`];
const set = setting(async ({ dir, scene, daemon, browser }) => {
  const script = join(dir, "raises.py");
  writeFileSync(script, "raise RuntimeError('no such <b>rig</b>: bert')\n");
  const job = (name, frames, python) => ({ ...jobOf(scene, frames, join(dir, name, "####"), python), name, user: "ana" });
  made.batch = (
    await daemon.request("POST", "/api/v1/batches", {
      name: "monday <i>night</i>",
      user: "ana",
      max_retries: 0,
      jobs: [job("sh010", "1-8"), job("sh020", "1-4"), job("sh030", "1-3", script)],
    })
  ).id;
  const batch = await daemon.request("GET", `/api/v1/batches/${made.batch}`);
  made.jobs = batch.entries.map(({ job }) => job);
  // The page says when each of them has ended, as it would to whoever waits.
  const { page, context } = await openPage(browser, daemon.url, { hash: "#/history" });
  for (const name of all()) await page.locator(`[data-past="${name}"]`).waitFor();
  await context.close();
  const answer = await fetch(`${daemon.url}/api/v1/batches/${made.batch}/report?format=html`);
  made.file = join(dir, "report.html");
  writeFileSync(made.file, await answer.text());
});

/** The report as whoever was sent it opens it; everything that it asks for is in `requests`. */
async function openFile({ width = 1440, height = 900, scheme = "light" } = {}) {
  const context = await set.browser.newContext({ viewport: { width, height }, colorScheme: scheme, offline: true });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const [complaints, requests] = [[], []];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => requests.push(request.url()));
  const address = pathToFileURL(made.file).href;
  await page.goto(address);
  return { page, context, complaints, asked: () => requests.filter((url) => url !== address && !url.startsWith("data:image/")) };
}

async function violations(page) {
  const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ${JSON.stringify(RULES)} })`);
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
}

const fits = (page) => page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);

test("the HTML report is one file: thumbnails and charts inside, no script, and nothing is asked for", async () => {
  const { page, context, complaints, asked } = await openFile();
  assert.equal(await page.title(), `batch ${made.batch}: monday <i>night</i>`);
  assert.equal(await page.locator("h1").innerText(), "monday <i>night</i>");
  await page.locator("summary", { hasText: "sh010" }).click();
  const pictures = await page.locator("img").evaluateAll((all) => all.map((one) => [one.src.slice(0, 11), one.naturalWidth > 0, one.alt !== ""]));
  // Three of each job whose frames are there.
  assert.equal(pictures.length, 6);
  assert.ok(pictures.every(([source, drawn, told]) => source === "data:image/" && drawn && told), JSON.stringify(pictures));
  const bars = (inside) => page.locator(`${inside} svg.chart rect`).count();
  assert.equal(await bars("main > section > .wide >"), 2, "a bar for each job with times");
  assert.equal(await bars(`#job-${made.jobs[0]}`), 8, "a bar for each frame");
  const box = await page.locator(`#job-${made.jobs[0]} svg.chart`).boundingBox();
  assert.ok(box.width > 400 && box.height > 60, JSON.stringify(box));
  const failed = page.locator(`#job-${made.jobs[2]}`);
  assert.equal(await failed.getAttribute("open"), "", "what failed is open");
  await failed.getByText("no such <b>rig</b>: bert").first().waitFor();
  assert.equal(await page.locator("script, link, iframe, object, embed, b, main i:not([class])").count(), 0);
  assert.deepEqual(asked(), []);
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [width, height] of [[1440, 900], [360, 740], [2560, 1440]]) {
  for (const scheme of ["light", "dark"]) {
    test(`${width} by ${height}, ${scheme}: the report and the history are for everybody and within their width`, async () => {
      const file = await openFile({ width, height, scheme });
      for (const job of made.jobs.slice(0, 2)) await file.page.locator(`#job-${job} > summary`).click();
      assert.deepEqual(await violations(file.page), []);
      assert.equal(await fits(file.page), true, "no sideways scrolling");
      await file.context.close();
      for (const hash of ["#/history", `#/history/batch/${made.batch}`, `#/history/job/${made.jobs[0]}`]) {
        const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash, width, height, scheme });
        if (hash === "#/history") await page.locator(`[data-past="job-${made.jobs[0]}"]`).waitFor();
        else await page.locator(".report-links").waitFor();
        assert.deepEqual(await violations(page), [], hash);
        assert.equal(await fits(page), true, `${hash} scrolls sideways`);
        assert.deepEqual(complaints, [], hash);
        await context.close();
      }
    });
  }
}

test("on paper it is black on white, and nothing is folded away", async () => {
  const { page, context } = await openFile({ scheme: "dark" });
  await page.emulateMedia({ media: "print", colorScheme: "dark" });
  const ground = await page.evaluate(() => [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]);
  assert.deepEqual(ground, ["rgb(255, 255, 255)", "rgb(0, 0, 0)"]);
  for (const job of made.jobs) {
    const height = await page.locator(`#job-${job}`).evaluate((part) => part.getBoundingClientRect().height);
    assert.ok(height > 150, `job ${job} is ${height} high`);
  }
  const paper = await page.pdf({ format: "A4" });
  assert.equal(paper.subarray(0, 5).toString(), "%PDF-");
  await context.close();
});

test("the history lists what has ended, and is searched", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/history" });
  const row = (name) => page.locator(`[data-past="${name}"]`);
  for (const name of all()) await row(name).waitFor();
  await page.getByLabel("State").selectOption("failed");
  await row(`job-${made.jobs[0]}`).waitFor({ state: "detached" });
  await row(`job-${made.jobs[2]}`).waitFor();
  await page.getByLabel("State").selectOption("all");
  await page.getByLabel("Search").fill("sh020");
  await row(`job-${made.jobs[0]}`).waitFor({ state: "detached" });
  await row(`job-${made.jobs[1]}`).waitFor();
  await page.getByLabel("Search").fill("");
  await row(`job-${made.jobs[0]}`).waitFor();
  // With the keyboard.
  await row(`job-${made.jobs[2]}`).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`#/history/job/${made.jobs[2]}$`));
  await page.locator(".report", { hasText: "no such <b>rig</b>: bert" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what ends comes above the rest, and a row is the same element wherever it goes", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/history" });
  const older = `job-${made.jobs[1]}`;
  const link = await page.locator(`[data-past="${older}"]`).elementHandle();
  const line = async () => Number(await link.getAttribute("data-row"));
  const before = await line();
  const job = await set.daemon.submit(set.gated("1", 1, "never").job);
  await set.daemon.request("POST", `/api/v1/jobs/${job}/cancel`);
  await page.locator(`[data-past="job-${job}"]`).waitFor();
  assert.deepEqual([await link.getAttribute("data-past"), await line()], [older, before + 1]);
  assert.equal(await link.evaluate((element) => element.isConnected), true);

  // It has not ended any more once it is brought back.
  await set.daemon.request("POST", `/api/v1/jobs/${job}/retry`);
  await page.locator(`[data-past="job-${job}"]`).waitFor({ state: "detached" });
  await set.daemon.request("POST", `/api/v1/jobs/${job}/cancel`);
  await page.locator(`[data-past="job-${job}"]`).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a batch's report is read on the page and downloaded in all three formats", async () => {
  const { page, context, complaints, requests } = await openPage(set.browser, set.daemon.url, { hash: "#/history" });
  await page.locator(`[data-past="batch-${made.batch}"]`).click();
  const report = page.locator(".report");
  await report.getByRole("heading", { name: "monday <i>night</i>" }).waitFor();
  for (const job of made.jobs) await report.locator(`a[href$="#/history/job/${job}"]`).first().waitFor();
  const begins = { html: "<!doctype html>", md: "# Batch Processing Report", json: "{" };
  for (const [format, beginning] of Object.entries(begins)) {
    const [download] = await Promise.all([page.waitForEvent("download"), report.locator(`[data-format="${format}"]`).click()]);
    assert.equal(download.suggestedFilename(), `batch-${made.batch}-report.${format}`);
    const text = readFileSync(await download.path(), "utf8");
    assert.ok(text.startsWith(beginning), text.slice(0, 80));
    if (format === "json") assert.equal(JSON.parse(text).summary.jobs.failed, 1);
    if (format === "md") assert.match(text, /### \[FAIL\] sh030\n/);
  }
  assert.ok(requests.every((url) => url.startsWith(set.daemon.url)), requests.join("\n"));
  assert.deepEqual(complaints, []);
  await context.close();
});
