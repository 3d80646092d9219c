// Batches in the table of jobs: folded and unfolded, found, selected, and acted on as a whole.
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, resolve } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { openPage } from "./support/browser.mjs";
import { setting } from "./support/setting.mjs";

const HERE = dirname(fileURLToPath(import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** With a plugin that renders nothing and runs what it is told. */
const set = setting(undefined, (dir) => {
  mkdirSync(join(dir, "data", "plugins"), { recursive: true });
  copyFileSync(resolve(HERE, "../../plugins/prebuilt/noop.wasm"), join(dir, "data", "plugins", "noop.wasm"));
  writeFileSync(join(dir, "nothing.noop"), "");
  return "";
});

const job = (name, script = "true", frames = "1-2") => ({
  name,
  scene: join(set.dir, "nothing.noop"),
  frames,
  // Jobs of one batch may not render the same.
  options: { program: "sh", script: `: ${name}; ${script}` },
});

/** Submits jobs together; gives the batch's number and the numbers of its jobs. */
async function submit(name, jobs, more = {}) {
  const batch = await set.daemon.request("POST", "/api/v1/batches", { name, user: "anna", workers: 1, fresh: true, jobs, ...more });
  return { id: batch.id, jobs: batch.entries.map((entry) => entry.job) };
}

const batchRow = (page, id) => page.locator(`.batch-row[data-batch="${id}"]`);
const row = (page, id) => page.locator(`.job-row[data-job="${id}"]`);
const focused = (page) => page.evaluate(() => Number(document.activeElement?.dataset?.row));
const focusIs = (page, number) => page.waitForFunction((wanted) => Number(document.activeElement?.dataset?.row) === wanted, number);
const cancelAll = async (...ids) => {
  for (const id of ids) await set.daemon.request("POST", `/api/v1/batches/${id}/cancel`);
};
const cancelJobs = (...jobs) => set.daemon.request("POST", "/api/v1/jobs/actions", { jobs, action: "cancel" });

async function accessible(page) {
  const { violations } = await page.evaluate(`${AXE}; axe.run({ runOnly: ${JSON.stringify(WCAG)} })`);
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`), []);
}

test("a batch folds its jobs, by click and by keyboard, and how it was left is remembered", async () => {
  const nightly = await submit("nightly", ["sh010", "sh020", "sh030"].map((name) => job(name)), { paused: true });
  const lone = await submit("lone", [job("only")], { paused: true });
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { width: 2200 });
  const head = batchRow(page, nightly.id);
  await head.locator(".batch-size", { hasText: "3 jobs" }).waitFor();
  await head.locator(".status-paused").waitFor();
  await head.locator(".job-count", { hasText: "0/6" }).waitFor();
  await head.locator(".batch-counts", { hasText: "3 pending" }).waitFor();
  await row(page, lone.jobs[0]).waitFor();
  assert.equal(await batchRow(page, lone.id).count(), 0, "one job is no more than itself");
  assert.equal(await row(page, nightly.jobs[0]).count(), 0);

  await head.locator(".job-link").click();
  for (const id of nightly.jobs) await row(page, id).waitFor();
  assert.equal(await head.getAttribute("aria-expanded"), "true");
  assert.equal(await row(page, nightly.jobs[1]).getAttribute("aria-level"), "2");
  await page.reload();
  await row(page, nightly.jobs[2]).waitFor();
  await head.locator(".job-link").click();
  await row(page, nightly.jobs[2]).waitFor({ state: "detached" });

  assert.equal(await focused(page), -nightly.id);
  await page.keyboard.press("ArrowRight");
  await row(page, nightly.jobs[0]).waitFor();
  await page.keyboard.press("ArrowRight");
  await focusIs(page, nightly.jobs[0]);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("ArrowLeft");
  await focusIs(page, -nightly.id);
  await page.keyboard.press("ArrowLeft");
  await row(page, nightly.jobs[0]).waitFor({ state: "detached" });
  await page.keyboard.press("Enter");
  await row(page, nightly.jobs[0]).waitFor();
  await accessible(page);
  assert.deepEqual(complaints, []);
  await context.close();
  await cancelAll(nightly.id, lone.id);
});

test("only batches with hits are found, with their hits in view", async () => {
  const some = await submit("sequence_a", ["fox_1", "fox_2", "owl_1"].map((name) => job(name)), { paused: true });
  const others = await submit("sequence_b", ["owl_2", "owl_3"].map((name) => job(name)), { paused: true });
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  await batchRow(page, some.id).waitFor();
  await page.getByRole("searchbox").fill("fox");
  await batchRow(page, others.id).waitFor({ state: "detached" });
  await batchRow(page, some.id).locator(".batch-size", { hasText: "2 of 3 jobs" }).waitFor();
  await row(page, some.jobs[0]).waitFor();
  await row(page, some.jobs[1]).waitFor();
  assert.equal(await row(page, some.jobs[2]).count(), 0);
  await batchRow(page, some.id).locator(".job-link").click();
  await row(page, some.jobs[0]).waitFor({ state: "detached" });

  // What is selected is what can be seen of it, and not the job that was filtered out.
  await batchRow(page, some.id).getByRole("checkbox").click();
  await page.locator(".job-bar", { hasText: "2 selected" }).waitFor();
  await page.keyboard.press("Escape");

  // A single hit is that job, with the name of its batch.
  await page.getByRole("searchbox").fill("owl_1");
  await row(page, some.jobs[2]).locator(".batch-size", { hasText: "in sequence_a" }).waitFor();
  assert.equal(await page.locator(".batch-row").count(), 0);
  await page.getByRole("searchbox").fill("sequence_b");
  await row(page, others.jobs[1]).waitFor();
  await batchRow(page, others.id).waitFor();
  await page.getByRole("searchbox").fill("");
  await row(page, others.jobs[1]).waitFor({ state: "detached" });

  await batchRow(page, others.id).getByRole("checkbox").click();
  await page.locator(".job-bar", { hasText: "2 selected" }).waitFor();
  await batchRow(page, others.id).locator(".job-link").click();
  await page.locator(".job-count").first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
  await cancelAll(some.id, others.id);
});

test("a batch is resumed, watched, paused, tried again and cancelled as a whole", async () => {
  const gate = join(set.dir, "go");
  const waits = `while [ ! -e '${gate}' ]; do sleep 0.02; done`;
  const mended = join(set.dir, "mended");
  const batch = await submit(
    "turntables",
    [job("first", waits), job("breaks", `test -e '${mended}'`), job("last", waits)],
    { paused: true, max_retries: 0 },
  );
  const { page, context, complaints, requests } = await openPage(set.browser, set.daemon.url, { width: 2200 });
  const head = batchRow(page, batch.id);
  const is = (status, word) => head.locator(`.status-${status}`, { hasText: word }).waitFor();
  await is("paused", "paused");
  await head.hover();
  await head.getByRole("button", { name: "Resume all jobs of turntables" }).click();
  await is("running", "running");
  assert.equal(await row(page, batch.jobs[0]).count(), 0, "acting does not unfold");
  await head.locator(".job-link").click();
  await page.keyboard.press("p");
  await row(page, batch.jobs[2]).locator(".status-paused").waitFor();
  await page.keyboard.press("r");
  await row(page, batch.jobs[2]).locator(".status-waiting").waitFor();
  writeFileSync(gate, "");
  await is("failed", "partial");
  await head.locator(".batch-counts", { hasText: "2 done, 1 failed" }).waitFor();
  await head.locator(".job-count", { hasText: "4/6" }).waitFor();
  await head.locator("time").waitFor();

  writeFileSync(mended, "");
  await head.focus();
  await page.keyboard.press("t");
  await is("done", "done");
  await head.locator(".job-count", { hasText: "6/6" }).waitFor();
  const asked = requests.filter((request) => request.includes("/batches/")).map((request) => request.split("/").at(-1));
  assert.deepEqual(asked, ["resume", "pause", "resume", "retry"]);

  const doomed = await submit("doomed", ["a", "b", "c"].map((name) => job(name)), { paused: true });
  await batchRow(page, doomed.id).locator(".job-count", { hasText: "0/6" }).waitFor();
  await batchRow(page, doomed.id).focus();
  await page.waitForFunction((id) => document.activeElement?.dataset?.batch === id, String(doomed.id));
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Cancel all of doomed" });
  await dialog.getByText("6 frames will not be rendered").waitFor();
  await accessible(page);
  // Somebody else cancels one of them: the question says what is left of it.
  await cancelJobs(doomed.jobs[1]);
  await dialog.getByText("4 frames will not be rendered").waitFor();
  await dialog.getByRole("button", { name: "Cancel 2 jobs" }).click();
  await batchRow(page, doomed.id).locator(".status-cancelled").waitFor();

  const gone = await submit("gone", [job("d"), job("e")], { paused: true });
  await batchRow(page, gone.id).getByRole("checkbox").click();
  await page.locator(".job-bar", { hasText: "2 selected" }).getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("dialog", { name: "Cancel 2 jobs?" }).waitFor();
  await cancelJobs(...gone.jobs);
  await page.getByRole("dialog").waitFor({ state: "detached" });
  await page.getByRole("status").filter({ hasText: "All of these jobs have ended" }).waitFor();
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("404")), []);
  await context.close();
});

test("an open batch has all of its jobs, also those that the list has not come to", async () => {
  const long = await submit("long", [job("early"), job("early_too"), job("later")], { paused: true });
  await cancelJobs(...long.jobs.slice(0, 2));
  // More ended jobs than the page reads at first.
  const filler = await submit("filler", Array.from({ length: 60 }, (_, at) => job(`filler_${at}`)), { paused: true });
  await cancelAll(filler.id);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  const head = batchRow(page, long.id);
  await head.locator(".batch-size", { hasText: "3 jobs" }).waitFor();
  await head.locator(".batch-counts", { hasText: "1 pending, 2 cancelled" }).waitFor();
  await head.getByRole("checkbox").click();
  await page.locator(".job-bar", { hasText: "3 selected" }).waitFor();
  await page.keyboard.press("Escape");
  await page.reload();
  await head.locator(".job-link").click();
  for (const id of long.jobs) await row(page, id).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});
