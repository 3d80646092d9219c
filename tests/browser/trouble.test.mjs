// The page when something goes wrong: a render that fails, a request that is refused, a daemon that is killed.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { cellOf, frameCount, frameSays, jobStatus, openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const set = setting();

test("a job that fails shows its fault and the line that says why", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  const script = join(set.dir, "raises.py");
  writeFileSync(script, "import bpy\nraise RuntimeError('no such rig: bert')\n");

  const id = await set.daemon.submit(jobOf(set.scene, "1-3", join(set.dir, "raises", "####"), script));

  await page.locator(`.job-row.row-failed[data-job="${id}"]`).waitFor();
  await page.locator(`.job-row[data-job="${id}"] .job-link`).click();
  await jobStatus(page, "failed");
  await frameCount(page, "failed", 3);
  await frameSays(page, 1, "Frame 2: failed");
  await page.locator(".strip canvas").click({ position: await cellOf(page, 1) });
  await page.waitForURL(new RegExp(`#/jobs/${id}/attempts/\\d+$`));
  await page.locator(".fault", { hasText: "no such rig: bert" }).first().waitFor();
  await page.locator('.log[data-phase="ended"]').waitFor();
  await page.getByRole("button", { name: "Next line that reads like an error" }).click();
  await page.locator(".log-line.marked").waitFor();
  await page.getByRole("searchbox", { name: "Search the log" }).fill("bert");
  await page.locator(".log-line", { hasText: "RuntimeError: no such rig: bert" }).first().waitFor();
  await page.getByRole("button", { name: /^Retry/ }).waitFor();

  assert.deepEqual(complaints, []);
  await context.close();
});

test("a job that a hook holds says why, and goes on when somebody lets it", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  const approved = join(set.dir, "approved");
  const check = `#!/bin/sh\ntest -e ${JSON.stringify(approved)} || { echo not approved yet; exit 1; }\n`;
  writeFileSync(join(set.dir, "hooks", "check.sh"), check, { mode: 0o755 });
  const hooks = [{ name: "check.sh", at: "before-job", on_failure: "hold" }];
  const id = await set.daemon.submit({ ...jobOf(set.scene, "1-2", join(set.dir, "held", "####")), hooks });

  await page.locator(`.job-row[data-job="${id}"] .job-link`).click();
  await jobStatus(page, "paused");
  await page.locator(".why .stuck", { hasText: "not approved yet" }).waitFor();
  writeFileSync(approved, "");
  await page.getByRole("button", { name: "Resume" }).click();
  await jobStatus(page, "done");
  await page.locator('.job-parts a[data-part="details"]').click();
  const runs = page.locator('[data-part="hooks"] li');
  await runs.nth(1).waitFor();
  assert.match(await runs.nth(0).innerText(), /check\.sh .*before-job.*failed: .*not approved yet/s);
  assert.doesNotMatch(await runs.nth(1).innerText(), /failed/);

  assert.deepEqual(complaints, []);
  await context.close();
});

test("a job that fell back shows from which level to which, and why", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  const job = jobOf(set.scene, "1-2", join(set.dir, "fallback", "####"));
  // Debian's Blender has no denoiser built in.
  job.options = { ...job.options, engine: "CYCLES", samples: 1, denoise: true };
  const id = await set.daemon.submit(job);

  await page.locator(`.job-row[data-job="${id}"] .job-link`).click();
  await jobStatus(page, "done");
  await page.locator('[data-part="fallbacks"] li', { hasText: "from render to safe" }).first().waitFor();

  assert.deepEqual(complaints, []);
  await context.close();
});

test("what the daemon refuses is told in its words", async () => {
  const { page, context } = await openPage(set.browser, set.daemon.url, { hash: "#/jobs/4711" });
  await page.locator(".callout", { hasText: "there is no job 4711" }).waitFor();
  await context.close();
});

test("a killed daemon is told at once, and the page is right again when it is back", async () => {
  const { gate, job } = set.gated("1-5", 3, "outlives");
  const id = await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}` });
  await page.locator(".log-line", { hasText: "gate: waiting at frame 3" }).waitFor();
  await frameCount(page, "done", 2);
  const attempt = await page.locator(".attempt").getAttribute("data-attempt");
  assert.deepEqual(complaints, []);

  await set.daemon.kill();

  await page.locator(".connection-offline").waitFor();
  await page.locator(".banner", { hasText: "No connection to the daemon since" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause", exact: true }).isDisabled(), true);
  await frameCount(page, "done", 2);

  await set.daemon.restart();

  await page.locator(".connection-live").waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
  await page.locator(".log-line", { hasText: "gate: waiting at frame 3" }).waitFor();
  gate.open();
  await jobStatus(page, "done");
  await frameCount(page, "done", 5);
  const attempts = await page.locator(".attempt").evaluateAll((all) => all.map((row) => row.dataset.attempt));
  assert.deepEqual(attempts, [attempt], "the same attempt went on without its daemon");
  await page.locator(".log-line", { hasText: "0005.png" }).first().waitFor();

  // The browser itself reports every request to a daemon that is not there; nothing else may be reported.
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("net::ERR_")), []);
  await context.close();
});
