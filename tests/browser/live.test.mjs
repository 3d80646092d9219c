// The page while real Blender renders: what lands on it, and the buttons.
import assert from "node:assert/strict";
import { test } from "node:test";
import { cellOf, frameCount, frameSays, jobStatus, openPage } from "./support/browser.mjs";
import { setting } from "./support/setting.mjs";

const set = setting();

test("a job is seen from its submission to its last frame without touching the page", async () => {
  const { page, context, complaints, requests } = await openPage(set.browser, set.daemon.url);
  await page.getByText("No jobs yet").waitFor();
  const { gate, job } = set.gated("1-6", 4, "turning-cube");

  const id = await set.daemon.submit(job);

  // The page follows what runs, so it shows the job without being told.
  await page.locator(`.job-row[data-job="${id}"]`).waitFor();
  await jobStatus(page, "running");
  await frameCount(page, "done", 3);
  await page.locator(".log-line", { hasText: "gate: waiting at frame 4" }).waitFor();
  await page.locator('.log[data-phase="growing"]').waitFor();
  await frameSays(page, 1, "Frame 2: done");
  await frameSays(page, 3, "Frame 4: running");
  await frameSays(page, 5, "Frame 6: running");
  assert.deepEqual(await frameNumbers(page), ["3", "2", "1"]);
  await page.waitForFunction(() =>
    [...document.querySelectorAll(".thumbnail img")].every((image) => image.complete && image.naturalWidth > 0),
  );
  await page.locator('[data-glance="slots"]', { hasText: "1/1" }).waitFor();

  gate.open();

  await jobStatus(page, "done");
  await frameCount(page, "done", 6);
  await page.locator('.log[data-phase="ended"]').waitFor();
  await page.locator('.attempt[data-state="ended"]', { hasText: "6 of 6 done" }).waitFor();
  assert.deepEqual(await frameNumbers(page), ["6", "5", "4", "3", "2", "1"]);
  // What needs a person may stand before it; nothing runs or waits any more.
  assert.match(await page.title(), /^(\(\d+\) )?farmhand$/);
  await page.locator('[data-glance="slots"]', { hasText: "0/1" }).waitFor();
  await page.getByText("Command", { exact: true }).click();
  await page.locator(".command pre", { hasText: "shot.blend" }).waitFor();

  await page.locator(".strip canvas").click({ position: await cellOf(page, 4) });
  assert.match(page.url(), new RegExp(`#/jobs/${id}/images/5$`));
  const large = page.locator(".stage-image img");
  await large.waitFor();
  await page.waitForFunction(() => (document.querySelector(".stage-image img")?.naturalWidth ?? 0) > 0);
  await page.keyboard.press("ArrowRight");
  await page.locator(".viewer-part h3", { hasText: "Frame 6" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".viewer").waitFor({ state: "detached" });

  assert.deepEqual(complaints, []);
  const outside = requests.filter((request) => !request.startsWith(`${set.daemon.url}/`));
  assert.deepEqual(outside, [], "nothing is asked of anybody but the daemon");
  await context.close();
});

test("a job that waits says what holds it, what would make it run and where its time went", async () => {
  const { gate, job } = set.gated("1-2", 1, "gated-first");
  const first = await set.daemon.submit(job);
  const second = await set.daemon.submit({ ...job, name: "behind-it" });
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${second}` });
  await page.locator('.why[data-kind="no-slot"]', { hasText: `the one slot is taken by job ${first}` }).waitFor();
  await page.locator(".why .remedy code", { hasText: "node.slots" }).waitFor();
  await page.locator('.spent [data-step="waiting"]', { hasText: "100 %" }).waitFor();
  const row = page.locator(`.job-row[data-job="${second}"] .cell-why span[title]`);
  assert.match(await row.getAttribute("title"), /^the one slot is taken .*\nIt starts when a task ends; node\.slots/);

  // What the first one holds.
  await page.goto(`${set.daemon.url}/#/jobs/${first}`);
  await page.locator(".log-line", { hasText: "gate: waiting at frame 1" }).waitFor();
  await page.locator('.attempt-share [data-part="lease"]', { hasText: "thread" }).waitFor();
  await page.locator('.attempt-share [data-part="usage"]', { hasText: "of memory" }).waitFor();

  gate.open();
  await page.goto(`${set.daemon.url}/#/jobs/${second}`);
  await jobStatus(page, "done");
  await page.locator(".why").waitFor({ state: "detached" });
  await page.locator('.spent [data-step="rendering"]').waitFor();
  await page.locator('.attempt-share [data-part="usage"]', { hasText: "CPU time" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a job is paused, resumed and cancelled", async () => {
  const { gate, job } = set.gated("1-4", 2, "gated-pause");
  const id = await set.daemon.submit({ ...job, chunk: { fixed: 2 } });
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}` });
  await jobStatus(page, "running");
  await page.locator(".log-line", { hasText: "gate: waiting at frame 2" }).waitFor();

  await page.getByRole("button", { name: "Pause" }).click();
  await jobStatus(page, "paused");
  // What was being rendered goes on to its end, and nothing new is begun.
  gate.open();
  await frameCount(page, "done", 2);
  await frameCount(page, "pending", 2);
  await page.locator('[data-glance="slots"]', { hasText: "0/1" }).waitFor();
  await page.locator(".why", { hasText: "paused" }).waitFor();

  await page.getByRole("button", { name: "Resume" }).click();
  await jobStatus(page, "done");
  await frameCount(page, "done", 4);

  const second = set.gated("1-3", 1, "gated-cancel");
  const cancelled = await set.daemon.submit(second.job);
  await page.goto(`${set.daemon.url}/#/jobs/${cancelled}`);
  await page.locator(".log-line", { hasText: "gate: waiting at frame 1" }).waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await jobStatus(page, "running");
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByRole("button", { name: "Cancel the job" }).click();
  await jobStatus(page, "cancelled");
  await page.locator(`.job-row[data-job="${cancelled}"]`).waitFor();

  assert.deepEqual(complaints, []);
  await context.close();
});

function frameNumbers(page) {
  return page.locator(".thumbnail").evaluateAll((all) => all.map((thumbnail) => thumbnail.dataset.frame));
}
