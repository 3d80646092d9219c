// How far the page lags behind the daemon: 10,000 jobs of 1,000,000 frames, one of which renders, and 100 open pages, of
// which one is drawn by Chromium and the others read their events and do nothing with them. It prints figures as parts of
// their goals, or of a baseline of the same run, and asserts nothing about time. Run it through `make bench`.
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { launch, openPage } from "../support/browser.mjs";
import { Daemon } from "../support/daemon.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const number = (name, usual) => Number(process.env[name] ?? usual);
const JOBS = number("BENCH_JOBS", 10_000);
const FRAMES = 100;
const READERS = number("BENCH_READERS", 99);
const CHANGES = number("BENCH_CHANGES", 300);
const SENDERS = 8;
/** A job with as many cells as a strip may have to show, beside those of the table. */
const STRIP = { layers: 20, frames: 5_000 };
/** The whole run ends after so long, whatever hangs. */
const DEADLINE_MS = 20 * 60_000;

const GOAL = { latency: 100, paint: 1000, bytes: 200_000 };

const quantile = (samples, share) => [...samples].sort((a, b) => a - b)[Math.floor((samples.length - 1) * share)];
const step = (what) => process.stderr.write(`bench: ${what}\n`);
const most = (samples) => samples.reduce((a, b) => Math.max(a, b), 0);
const ms = (value) => `${value.toFixed(1)} ms`;
const part = (value, of) => (value / of).toFixed(2);
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
  let rest = "";
  try {
    for await (const piece of response.body) {
      const at = wall();
      const lines = (rest + decoder.decode(piece, { stream: true })).split("\n");
      rest = lines.pop();
      for (const line of lines) {
        const found = line.match(/"job":\{"id":(\d+),.*?"priority":(\d+)/);
        if (found !== null) arrived(Number(found[1]), Number(found[2]), at);
      }
    }
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}

/** All jobs, each in a request of its own. The first one renders all the time, the second one has the large strip. */
async function submit(daemon, scene) {
  const job = (name, frames, script) => ({ name, scene, frames, chunk: { fixed: 1 }, options: { program: "sh", script } });
  const first = await daemon.submit({ ...job("runs", "1-10000", "sleep 0.25"), priority: 90 });
  const layers = Array.from({ length: STRIP.layers }, (_, at) => `layer_${at}`);
  const strip = await daemon.submit({ ...job("many layers", `1-${STRIP.frames}`, "true"), layers, paused: true });
  let left = JOBS - 2;
  const from = wall();
  await Promise.all(
    Array.from({ length: SENDERS }, async () => {
      while (left > 0) {
        left -= 1;
        await daemon.submit(job(`shot ${left}`, `1-${FRAMES}`, "sleep 0.25"));
      }
    }),
  );
  return { first, strip, perSecond: (JOBS - 2) / ((wall() - from) / 1000) };
}

const firstPaint = (page) =>
  page.evaluate(() => performance.getEntriesByName("first-contentful-paint").map((entry) => entry.startTime)).then(([at]) => at);

/** When the page is there, on this machine and on one that is four times as slow. */
async function opening(browser, url, job) {
  const row = `.job-row[data-job="${job}"]`;
  // Before the page that stays: Chromium draws only the one that came last.
  const slow = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const slowPage = await slow.newPage();
  const session = await slow.newCDPSession(slowPage);
  await session.send("Emulation.setCPUThrottlingRate", { rate: 4 });
  await slowPage.goto(`${url}/#/`);
  await slowPage.locator(row).waitFor();
  const slowPainted = await firstPaint(slowPage);
  await slow.close();

  const from = wall();
  const { page, complaints } = await openPage(browser, url, { hash: "#/", width: 2560, height: 1440 });
  await page.locator(row).waitFor();
  const opened = wall() - from;
  const painted = await firstPaint(page);
  return { page, complaints, opened, painted, slowPainted };
}

/** Changes the priority of the job that runs again and again; when each change was answered, told and drawn. */
async function latency(daemon, page, job) {
  const stop = new AbortController();
  const reading = new Map();
  const readers = Array.from({ length: READERS }, () =>
    follow(daemon.url, (id, priority, at) => id === job && reading.get(priority)?.push(at), stop.signal),
  );
  // What is drawn: the priority in the row of the job that runs, at the frame after the one that changed it.
  await page.evaluate((id) => {
    window.draws = (priority) =>
      new Promise((drawn) => {
        const cell = () => document.querySelector(`.job-row[data-job="${id}"] .cell-priority`)?.textContent?.trim();
        const observer = new MutationObserver(() => {
          if (cell() !== String(priority)) return;
          observer.disconnect();
          requestAnimationFrame(() => setTimeout(() => drawn(performance.timeOrigin + performance.now())));
        });
        observer.observe(document.querySelector(".job-space"), { subtree: true, childList: true, characterData: true });
      });
  }, job);
  const sent = [];
  try {
    for (let turn = 0; turn < CHANGES; turn += 1) {
      // Above all the others, so that it goes on and its row stays where it is seen.
      const priority = 51 + (turn % 49);
      reading.set(priority, []);
      await page.evaluate((value) => void (window.drawn = window.draws(value)), priority);
      const from = wall();
      await daemon.request("PATCH", `/api/v1/jobs/${job}`, { priority });
      const answered = wall();
      const drawn = await page.evaluate(() => window.drawn);
      sent.push({ request: answered - from, drawn: drawn - from, read: reading.get(priority).map((at) => at - from) });
    }
  } finally {
    stop.abort();
    await Promise.allSettled(readers);
  }
  return sent;
}

/** Milliseconds between frames while `step` runs in the page once a frame, as text of a function of the step's number. */
const frames = (page, steps, step) =>
  page.evaluate(
    async ([count, source]) => {
      const act = new Function("step", source);
      const gaps = [];
      let last = await new Promise((next) => requestAnimationFrame(next));
      for (let at = 0; at < count; at += 1) {
        act(at);
        const now = await new Promise((next) => requestAnimationFrame(next));
        gaps.push(now - last);
        last = now;
      }
      return gaps;
    },
    [steps, step],
  );

/** Of what the page loads before anything is chosen, and of all that it may load: bytes on their way. */
async function sizes(url) {
  const seen = new Map();
  const read = async (path) => {
    if (seen.has(path)) return;
    seen.set(path, 0);
    const response = await fetch(new URL(path, `${url}/`));
    const text = await response.text();
    seen.set(path, gzipSync(text, { level: 9 }).length);
    if (path.endsWith(".js")) for (const [, name] of text.matchAll(/["'`]\.?\/?((?:assets\/)?[\w-]+\.js)["'`]/g)) await read(`assets/${name.replace("assets/", "")}`);
  };
  const html = await (await fetch(url)).text();
  const first = [...html.matchAll(/(?:src|href)="(?:\.\/)?(assets\/[^"]*)"/g)].map(([, path]) => path);
  for (const path of first) await read(path);
  const sum = (paths) => paths.reduce((bytes, path) => bytes + seen.get(path), 0);
  return { first: sum(first), all: sum([...seen.keys()]) };
}

async function measure(dir, made) {
  mkdirSync(join(dir, "data", "plugins"), { recursive: true });
  copyFileSync(resolve(HERE, "../../../plugins/prebuilt/noop.wasm"), join(dir, "data", "plugins", "noop.wasm"));
  const scene = join(dir, "nothing.noop");
  writeFileSync(scene, "");
  const daemon = (made.daemon = await Daemon.start(dir));
  const browser = (made.browser = await launch());
  step(`submitting ${JOBS} jobs`);
  const { first, strip, perSecond } = await submit(daemon, scene);
  step("opening the page");
  const { page, complaints, opened, painted, slowPainted } = await opening(browser, daemon.url, first);
  step(`${CHANGES} changes before ${READERS + 1} open streams`);
  const sent = await latency(daemon, page, first);

  step("scrolling");
  // What a frame takes while nothing is done is what it takes here at least.
  const idle = await frames(page, 120, "");
  const tableFrames = await frames(page, 240, 'document.querySelector(".job-scroll").scrollTop += 400');
  await page.goto(`${daemon.url}/#/jobs/${strip}`);
  await page.locator(".strip canvas").first().waitFor();
  const stripFrames = await frames(
    page,
    240,
    `const box = document.querySelector(".strip-box");
     box.scrollTop = box.scrollTop + box.clientHeight >= box.scrollHeight ? 0 : box.scrollTop + 20;
     const canvas = box.querySelector("canvas");
     const { left, top, width } = canvas.getBoundingClientRect();
     const at = { clientX: left + width * (0.1 + 0.8 * (step % 60) / 60), clientY: top + 40, bubbles: true, pointerType: "mouse" };
     canvas.dispatchEvent(new PointerEvent("pointermove", at));`,
  );
  const bytes = await sizes(daemon.url);

  const requests = sent.map((change) => change.request);
  const drawn = sent.map((change) => change.drawn);
  const read = sent.flatMap((change) => change.read);
  const row = (what, samples, goal) => [
    what,
    ms(quantile(samples, 0.5)),
    ms(quantile(samples, 0.99)),
    ms(most(samples)),
    goal === undefined ? "" : part(quantile(samples, 0.99), goal),
  ];
  table(
    `The page with ${JOBS} jobs of ${JOBS * FRAMES} frames and more, and ${READERS + 1} open event streams: ${CHANGES} changes, from the request on`,
    ["what", "median", "99th percentile", "worst", `99th of the goal of ${GOAL.latency} ms`],
    [
      row("the answer to whoever asked for the change", requests),
      ...(read.length === 0 ? [] : [row("the event at the other pages", read)]),
      row("drawn by Chromium", drawn, GOAL.latency),
    ],
  );
  const still = most(idle);
  const scrolling = (what, samples) => [what, ms(quantile(samples, 0.5)), ms(quantile(samples, 0.99)), ms(most(samples)), part(most(samples), still)];
  table(
    "Scrolling: milliseconds between frames",
    ["what", "median", "99th percentile", "longest", "longest of the longest while still"],
    [
      scrolling("nothing moves, with one job rendering", idle),
      scrolling(`the table of ${JOBS} jobs, 400 pixels a frame`, tableFrames),
      scrolling(`a strip of ${STRIP.layers * STRIP.frames} frames in ${STRIP.layers} layers, scrolled and pointed at`, stripFrames),
    ],
  );
  table(
    "Opening it",
    ["what", "figure", "of its goal"],
    [
      ["jobs accepted, each in a request of its own", `${Math.round(perSecond)}/s`, ""],
      ["first paint", ms(painted), part(painted, GOAL.paint)],
      ["first paint on a machine four times as slow", ms(slowPainted), part(slowPainted, GOAL.paint)],
      ["until all jobs are there", ms(opened), ""],
      ["the page as it is opened, compressed", `${bytes.first} bytes`, part(bytes.first, GOAL.bytes)],
      ["all of it, compressed", `${bytes.all} bytes`, part(bytes.all, GOAL.bytes)],
    ],
  );
  if (complaints.length > 0) console.log(complaints.join("\n"));
}

const dir = realpathSync(mkdtempSync(join(tmpdir(), "farmhand-bench-")));
const made = {};
let timer;
const late = new Promise((_, reject) => {
  timer = setTimeout(() => reject(new Error(`not done within ${DEADLINE_MS / 60_000} minutes`)), DEADLINE_MS);
});
try {
  await Promise.race([measure(dir, made), late]);
} finally {
  clearTimeout(timer);
  await made.browser?.close();
  await made.daemon?.stop();
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}
