// How far the page lags behind the daemon: 10,000 jobs of 1,000,000 frames, one of which renders, and 100 open pages, of
// which one is drawn by Chromium and the others read their events and do nothing with them. It prints and asserts nothing
// about time. Run it through `make bench`.
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { launch, openPage } from "../support/browser.mjs";
import { Daemon } from "../support/daemon.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const JOBS = Number(process.env.BENCH_JOBS ?? 10_000);
const FRAMES = 100;
const READERS = Number(process.env.BENCH_READERS ?? 99);
const CHANGES = Number(process.env.BENCH_CHANGES ?? 300);
const SENDERS = 8;

const quantile = (samples, share) => [...samples].sort((a, b) => a - b)[Math.floor((samples.length - 1) * share)];
const ms = (value) => `${value.toFixed(1)} ms`;
const wall = () => performance.timeOrigin + performance.now();

function table(title, columns, rows) {
  console.log(`\n## ${title}\n`);
  const widths = columns.map((column, at) => Math.max(column.length, ...rows.map((row) => row[at].length)));
  const line = (cells) => console.log(`| ${cells.map((cell, at) => cell.padEnd(widths[at])).join(" | ")} |`);
  line(columns);
  line(widths.map((width) => "-".repeat(width)));
  rows.forEach(line);
}

/** Reads an event stream as a page does that nobody looks at, and tells when each change of the priority came. */
async function follow(url, arrived, stop) {
  const response = await fetch(`${url}/api/v1/events`, { signal: stop });
  const decoder = new TextDecoder();
  try {
    for await (const piece of response.body) {
      const at = wall();
      for (const [, job, priority] of decoder.decode(piece).matchAll(/"job":\{"id":(\d+),[^\n]*?"priority":(\d+)/g)) {
        arrived(Number(job), Number(priority), at);
      }
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

const dir = realpathSync(mkdtempSync(join(tmpdir(), "farmhand-bench-")));
const stop = new AbortController();
let daemon;
let browser;
try {
  mkdirSync(join(dir, "data", "plugins"), { recursive: true });
  copyFileSync(resolve(HERE, "../../../plugins/prebuilt/noop.wasm"), join(dir, "data", "plugins", "noop.wasm"));
  const scene = join(dir, "nothing.noop");
  writeFileSync(scene, "");
  [daemon, browser] = await Promise.all([Daemon.start(dir), launch()]);
  const job = (name) => ({
    name,
    scene,
    frames: `1-${FRAMES}`,
    chunk: { fixed: 1 },
    options: { program: "sh", script: "sleep 0.25" },
  });

  const submitting = wall();
  const first = await daemon.submit(job("runs"));
  let left = JOBS - 1;
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left > 0) {
        left -= 1;
        await daemon.submit(job(`shot ${left}`));
      }
    }),
  );
  const submitted = wall() - submitting;

  const opening = wall();
  const { page, complaints } = await openPage(browser, daemon.url, { hash: "#/", width: 2560, height: 1440 });
  await page.locator(`.job-row[data-job="${first}"]`).waitFor();
  const opened = wall() - opening;
  const [painted] = await page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime));

  // Once more as on a slow laptop.
  const slow = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const slowPage = await slow.newPage();
  const session = await slow.newCDPSession(slowPage);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await slowPage.goto(`${daemon.url}/#/`);
  await slowPage.locator(`.job-row[data-job="${first}"]`).waitFor();
  const [slowPainted] = await slowPage.evaluate(() =>
    performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime),
  );
  await slow.close();

  const reading = new Map();
  const readers = Array.from({ length: READERS }, () =>
    follow(daemon.url, (id, priority, at) => id === first && reading.get(priority)?.push(at), stop.signal),
  );

  // What is drawn: the priority in the row of the job that runs, at the frame after the one that changed it.
  await page.evaluate((id) => {
    window.drawn = new Map();
    const cell = () => document.querySelector(`.job-row[data-job="${id}"] .cell-priority`)?.textContent?.trim();
    let shown = cell();
    new MutationObserver(() => {
      const now = cell();
      if (now === undefined || now === shown) return;
      shown = now;
      requestAnimationFrame(() => setTimeout(() => window.drawn.set(Number(now), performance.timeOrigin + performance.now())));
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  }, first);

  const sent = [];
  for (let turn = 0; turn < CHANGES; turn += 1) {
    const priority = turn % 2 === 0 ? 100 - (turn % 90) : 1 + (turn % 90);
    reading.set(priority, []);
    await page.evaluate((value) => void window.drawn.delete(value), priority);
    const from = wall();
    await daemon.request("PATCH", `/api/v1/jobs/${first}`, { priority });
    const answered = wall();
    const drawn = await page
      .waitForFunction((value) => window.drawn.get(value), priority, { timeout: 20_000, polling: 5 })
      .then((handle) => handle.jsonValue());
    sent.push({ request: answered - from, drawn: drawn - from, read: reading.get(priority).map((at) => at - from) });
  }
  stop.abort();
  await Promise.all(readers);

  const scrolled = await page.evaluate(async () => {
    const place = document.querySelector("[data-scroll=jobs]");
    const gaps = [];
    let last = performance.now();
    for (let step = 0; step < 240; step += 1) {
      place.scrollTop += 400;
      await new Promise((next) => requestAnimationFrame(next));
      const now = performance.now();
      gaps.push(now - last);
      last = now;
    }
    return gaps;
  });

  const read = sent.flatMap((change) => change.read);
  const row = (what, samples) => [what, ms(quantile(samples, 0.5)), ms(quantile(samples, 0.99)), ms(Math.max(...samples))];
  table(
    `The page with ${JOBS} jobs of ${JOBS * FRAMES} frames and ${READERS + 1} open pages: ${CHANGES} changes, from the request on`,
    ["what", "median", "99th percentile", "worst"],
    [
      row("the answer to whoever asked for the change", sent.map((change) => change.request)),
      row("the event at the other pages", read),
      row("drawn by Chromium", sent.map((change) => change.drawn)),
      row("a frame while the table scrolls", scrolled),
    ],
  );
  table(
    "Opening it",
    ["what", "figure"],
    [
      ["jobs accepted, each in a request of its own", `${Math.round(JOBS / (submitted / 1000))}/s`],
      ["first paint", ms(painted)],
      ["first paint on a machine four times as slow", ms(slowPainted)],
      ["until all jobs are there", ms(opened)],
    ],
  );
  if (complaints.length > 0) console.log(complaints.join("\n"));
} finally {
  stop.abort();
  await browser?.close();
  await daemon?.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
