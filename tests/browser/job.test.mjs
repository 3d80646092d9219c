// The view of one job over real renders: what failed and why, the time line, times with their outlier, the strip.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { cellOf, frameSays, jobStatus, openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const set = setting();

/** A script that makes one frame much slower than the others. */
function slowAt(frame) {
  const script = join(set.dir, "slow.py");
  writeFileSync(
    script,
    `import bpy
scene = bpy.context.scene
scene.cycles.use_adaptive_sampling = False
for frame, samples in ((1, 1), (${frame}, 4096), (${frame} + 1, 1)):
    scene.cycles.samples = samples
    scene.cycles.keyframe_insert("samples", frame=frame)
for curve in scene.animation_data.action.fcurves:
    for key in curve.keyframe_points:
        key.interpolation = "CONSTANT"
`,
  );
  return script;
}

test("a job that failed says first what failed, which frames it cost and where the log says so", async () => {
  const script = join(set.dir, "raises.py");
  writeFileSync(script, "raise RuntimeError('no such rig: bert')\n");
  const id = await set.daemon.submit(jobOf(set.scene, "1-3", join(set.dir, "fails", "####"), script));
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}` });
  await jobStatus(page, "failed");

  const group = page.locator('.trouble-group[data-failed="3"]');
  await group.locator(".trouble-message", { hasText: "no such rig: bert" }).waitFor();
  assert.match(await group.innerText(), /3 frames failed:\s*1-3/);
  await group.getByRole("link", { name: /^Log of attempt/ }).click();
  await page.waitForURL(new RegExp(`#/jobs/${id}/log/\\d+\\?fault=0$`));
  await page.locator(".log-line", { hasText: "RuntimeError: no such rig: bert" }).first().waitFor();

  await page.locator('.job-parts a[data-part="attempts"]').click();
  await page.locator(".fault", { hasText: "no such rig: bert" }).first().waitFor();

  // The job's own answer says the same.
  const trouble = await set.daemon.request("GET", `/api/v1/jobs/${id}/trouble`);
  assert.equal(trouble.groups[0].failed[0].frames, "1-3");
  assert.deepEqual(trouble.untried, []);
  const { spans } = await set.daemon.request("GET", `/api/v1/jobs/${id}/timeline`);
  assert.equal(await page.locator(".timeline canvas").getAttribute("data-spans"), `${spans.length}`);
  assert.equal(await page.locator(".attempts .attempt").count(), spans.length);

  // The time line is walked with the keyboard, and what is pointed at is opened.
  await page.locator(".timeline canvas").focus();
  await page.keyboard.press("Home");
  await page.locator(".timeline-says", { hasText: `Attempt ${spans.at(-1).id}` }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`/attempts/${spans.at(-1).id}$`));

  // The strip says which attempt a failed frame was lost with, and opens it.
  await page.locator('.job-parts a[data-part="overview"]').click();
  await page.locator(".strip canvas").focus();
  for (const frame of [1, 2, 3, 1]) {
    await page.keyboard.press("n");
    await page.locator(".readout", { hasText: `Frame ${frame}: failed` }).waitFor();
  }
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`#/jobs/${id}/attempts/${spans[0].id}$`));

  // The frames are tried again from where it says that they failed.
  await page.locator('.job-parts a[data-part="overview"]').click();
  writeFileSync(script, "pass\n");
  await page.locator('.trouble-group[data-failed="3"]').getByRole("button", { name: "Retry these" }).click();
  await jobStatus(page, "done");
  await page.locator(".trouble-group", { hasText: "no frame lost" }).first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a job that came down a level shows it on the time line and says why", async () => {
  const job = jobOf(set.scene, "1-2", join(set.dir, "fallback", "####"));
  // Debian's Blender has no denoiser built in.
  job.options = { ...job.options, engine: "CYCLES", samples: 1, denoise: true };
  const id = await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}/attempts` });
  await jobStatus(page, "done");
  await page.locator('[data-part="fallbacks"] li', { hasText: "from render to safe" }).first().waitFor();
  await page.locator('.attempt[data-fate="fall-back"]').waitFor();
  const after = page.locator('.attempt[data-fate="fine"]', { hasText: "safe" });
  assert.match(await after.locator(".attempt-why").innerText(), /^after \d+ \(/);
  await page.goto(`${set.daemon.url}/#/jobs/${id}/details`);
  await page.locator('[data-part="command"]', { hasText: "because render failed with" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("times are charts with the slow frame marked and named, and the strip tells them too", async () => {
  const id = await set.daemon.submit(jobOf(set.scene, "1-12", join(set.dir, "times", "####"), slowAt(7)));
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}/times` });
  await jobStatus(page, "done");
  await page.locator('.chart[data-chart="seconds"][data-points="12"] canvas').waitFor();
  await page.locator('.chart[data-chart="memory"][data-points="12"] canvas').waitFor();
  // The first frame of a process may take longer too; the slow one is always among those that stand out.
  await page.locator(".times-summary", { hasText: /stands? out[^.]*\b7\b/ }).waitFor();
  await page.locator('.worst tr.outlier[data-frame="7"]').waitFor();
  assert.equal(await page.locator('.worst tr.outlier[data-frame="5"]').count(), 0);
  const chart = page.locator('.chart[data-chart="seconds"]');
  await chart.focus();
  await page.keyboard.press("Home");
  await page.locator(".times-says", { hasText: "Frame 1 ·" }).waitFor();
  for (let n = 0; n < 6; n += 1) await page.keyboard.press("ArrowRight");
  await page.locator(".times-says", { hasText: "times the median" }).waitFor();
  // Looked at closely, what is walked to comes into sight.
  await page.keyboard.press("+");
  await page.keyboard.press("+");
  await page.keyboard.press("Home");
  for (let frame = 1; frame <= 12; frame += 1) {
    await page.locator(".times-says", { hasText: `Frame ${frame} ·` }).waitFor();
    await page.keyboard.press("ArrowRight");
  }
  await page.keyboard.press("0");
  for (let n = 0; n < 5; n += 1) await page.keyboard.press("ArrowLeft");
  await page.locator(".times-says", { hasText: "Frame 7 ·" }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`#/jobs/${id}/images/7$`));
  await page.locator(".viewer").waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".viewer").waitFor({ state: "detached" });

  await frameSays(page, 6, "Frame 7: done");
  await page.locator(".readout", { hasText: /Frame 7: done · \d.* s · attempt \d+ · .*B/ }).first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("frames are chosen on the strip and rendered again, of one layer only where there are several", async () => {
  const id = await set.daemon.submit(jobOf(set.scene, "1-4", join(set.dir, "again", "####")));
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}` });
  await jobStatus(page, "done");
  const before = (await set.daemon.request("GET", `/api/v1/jobs/${id}/attempts`)).items.length;
  const canvas = page.locator(".strip canvas");
  await canvas.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Shift+ArrowRight");
  await page.locator(".chosen-frames", { hasText: "2 frames chosen" }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator(".chosen-frames").waitFor({ state: "detached" });
  assert.match(page.url(), new RegExp(`#/jobs/${id}$`), "Escape let go of the choice and stayed");

  const [from, to] = [await cellOf(page, 1), await cellOf(page, 2)];
  const box = await canvas.boundingBox();
  await page.mouse.move(box.x + from.x, box.y + from.y);
  await page.mouse.down();
  await page.mouse.move(box.x + to.x, box.y + to.y, { steps: 4 });
  await page.mouse.up();
  await page.locator(".chosen-frames", { hasText: "2 frames chosen" }).waitFor();
  await page.getByRole("button", { name: "Render again…" }).click();
  await page.getByRole("button", { name: "Render again", exact: true }).click();
  await page.locator(".chosen-frames").waitFor({ state: "detached" });
  await jobStatus(page, "done");
  const attempts = (await set.daemon.request("GET", `/api/v1/jobs/${id}/attempts`)).items;
  assert.equal(attempts.length, before + 1);
  assert.equal(attempts[0].frames, "2,3");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("every part is there for assistive technology, in light and dark, on a wall and on a phone", async () => {
  const job = jobOf(set.scene, "1-2", join(set.dir, "parts", "####"));
  job.options = { ...job.options, engine: "CYCLES", samples: 1, denoise: true };
  const id = await set.daemon.submit(job);
  for (const [width, height, scheme] of [[1440, 900, "light"], [360, 740, "dark"]]) {
    const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}`, width, height, scheme });
    await jobStatus(page, "done");
    for (const [part, sign] of [["overview", ".attempts"], ["attempts", ".timeline canvas"], ["times", ".worst"], ["log", ".log-line:not(.log-probe)"], ["details", '[data-part="command"]']]) {
      await page.locator(`.job-parts a[data-part="${part}"]`).click();
      await page.locator(sign).first().waitFor();
      const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
      const violations = found.violations.map(({ id: rule, nodes }) => `${rule}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      assert.deepEqual(violations, [], `${part}, ${scheme}`);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${part} scrolls sideways`);
    }
    assert.deepEqual(complaints, []);
    await context.close();
  }
});

test("of thousands of attempts only those in sight are rows, and all are on the time line", async () => {
  const id = await set.daemon.submit(jobOf(set.scene, "1", join(set.dir, "many", "####")));
  const { page, context } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}` });
  await jobStatus(page, "done");
  // What the daemon would answer for a job that was tried five thousand times.
  const told = await set.daemon.request("GET", `/api/v1/jobs/${id}/timeline`);
  const at = (second) => new Date(Date.UTC(2026, 0, 1) + second * 1000).toISOString();
  const spans = Array.from({ length: 5000 }, (_, n) => ({
    ...told.spans[0], id: 9000 - n, frames: "1", missed: n === 0 ? "" : "1", try_number: 5000 - n, decision: n === 0 ? "accept" : "retry", cause: n === 0 ? null : "memory",
    started: at(50_000 - 10 * n), running: at(50_001 - 10 * n), first_frame: at(50_002 - 10 * n), process_ended: at(50_007 - 10 * n), ended: at(50_008 - 10 * n),
  }));
  await page.route("**/timeline", (route) => route.fulfill({ json: { ...told, spans } }));
  await page.locator('.job-parts a[data-part="attempts"]').click();
  const canvas = page.locator('.timeline canvas[data-spans="5000"][data-lanes="1"]');
  await canvas.waitFor();
  assert.ok((await page.locator(".attempts .attempt").count()) < 60);
  const newest = page.locator('.attempt[data-attempt="9000"] .attempt-why');
  assert.match(await newest.innerText(), /^after 8999 \(memory\)/);
  await page.locator("div.attempts").evaluate((list) => (list.scrollTop = list.scrollHeight));
  await page.locator('.attempt[data-attempt="4001"]').waitFor();
  assert.ok((await page.locator(".attempts .attempt").count()) < 60);

  // What is pointed at stays in sight when the time line is looked at closely.
  await canvas.focus();
  for (let n = 0; n < 8; n += 1) await page.keyboard.press("+");
  await page.keyboard.press("Home");
  await page.locator(".timeline-says", { hasText: "Attempt 4001 " }).waitFor();
  const chosen = await page.locator(".timeline-chosen").boundingBox();
  const box = await canvas.boundingBox();
  assert.ok(chosen.x >= box.x - 2 && chosen.x + chosen.width <= box.x + box.width + 2, JSON.stringify({ chosen, box }));
  await page.keyboard.press("End");
  await page.locator(".timeline-says", { hasText: "came from attempt 8999 (memory), attempt 8998 (memory)" }).waitFor();
  await context.close();
});

test("the command is copied as a line that a shell runs", async () => {
  const id = await set.daemon.submit(jobOf(set.scene, "1", join(set.dir, "command", "####")));
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}/details` });
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await jobStatus(page, "done");
  await page.getByRole("button", { name: "Copy for a shell" }).click();
  await page.getByText("Copied").waitFor();
  const line = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(line, /^cd \S+ && (env .*)?\S*blender .*shot\.blend/);
  assert.deepEqual(complaints, []);
  await context.close();
});
