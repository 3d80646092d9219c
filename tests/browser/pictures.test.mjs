// Pictures: the layers and passes of what real Blender wrote, how they look, the sheet, the player and the comparison.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { jobStatus, openPage } from "./support/browser.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** Has Blender write two passes and a transparent sky, without the cube once a file says so. */
function passes(dir, name) {
  const script = join(dir, `${name}.py`);
  writeFileSync(
    script,
    `import bpy, os
scene = bpy.context.scene
scene.view_layers[0].use_pass_z = True
scene.view_layers[0].use_pass_combined = True
scene.render.film_transparent = True
bpy.data.objects["Cube"].hide_render = os.path.exists(${JSON.stringify(join(dir, "empty"))})
`,
  );
  return script;
}

const jobs = {};
const set = setting(async ({ dir, scene, daemon, browser }) => {
  const job = (name, frames, python) => ({
    name,
    scene,
    frames,
    output: join(dir, name, "####"),
    chunk: "whole",
    options: { format: "OPEN_EXR_MULTILAYER", python },
  });
  jobs.light = await daemon.submit(job("light", "1-4", passes(dir, "light")));
  jobs.again = await daemon.submit(job("again", "1-4", passes(dir, "again")));
  const script = join(dir, "raises.py");
  writeFileSync(script, "raise RuntimeError('no such rig: bert')\n");
  jobs.failed = await daemon.submit(job("failed", "1-3", script));
  for (const [id, status] of [[jobs.light, "done"], [jobs.again, "done"], [jobs.failed, "failed"]]) {
    const { page, context } = await openPage(browser, daemon.url, { hash: `#/jobs/${id}` });
    await jobStatus(page, status);
    await context.close();
  }
});

/** The mean brightness of an image on the page, 0 to 255, once it has come. */
const MEAN = async (element) => {
  await element.decode();
  const canvas = new OffscreenCanvas(element.naturalWidth, element.naturalHeight);
  const context = canvas.getContext("2d");
  context.drawImage(element, 0, 0);
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  let sum = 0;
  for (let at = 0; at < data.length; at += 4) sum += (data[at] + data[at + 1] + data[at + 2]) / 3;
  return sum / (data.length / 4);
};
const brightness = (image) => image.evaluate(MEAN);

/** Waits until the image at `locator` is another one than `before`, and gives its address. */
async function changed(locator, before) {
  await locator.page().waitForFunction(
    ([element, old]) => element.isConnected && element.src !== old && element.complete && element.naturalWidth > 0,
    [await locator.elementHandle(), before],
  );
  return locator.getAttribute("src");
}

test("a pass is chosen, and exposure and view change what is seen", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${jobs.light}/images/2?over=black` });
  const image = page.locator(".stage-image img");
  await image.waitFor();
  await page.locator('select[name="pass"] option').nth(1).waitFor({ state: "attached" });
  const names = await page.locator('select[name="pass"] option').allTextContents();
  assert.equal(names[0], "ViewLayer.Combined");
  assert.ok(names.includes("ViewLayer.Depth.Z"), names.join());

  const usual = await image.getAttribute("src");
  const before = await brightness(image);
  await page.keyboard.press("]");
  await page.keyboard.press("]");
  const brighter = await changed(image, usual);
  const after = await brightness(image);
  assert.ok(after > before + 3, `a stop brighter: ${before} became ${after}`);
  assert.match(page.url(), /exposure=1/);

  await page.locator('select[name="view"]').selectOption("filmic");
  const filmic = await changed(image, brighter);
  assert.notEqual(await brightness(image), after, "the view transform changes it");

  await page.locator('select[name="pass"]').selectOption("ViewLayer.Depth.Z");
  await changed(image, filmic);
  assert.match(page.url(), /pass=ViewLayer.Depth.Z/);
  await page.locator(".look-hint", { hasText: "near is white" }).waitFor();

  // The numbers of the file under the pointer, whatever is done to what is seen.
  const box = await page.locator(".stage-image").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const depth = page.locator('.sample[data-channel="Z"]');
  await depth.waitFor();
  const metres = Number((await depth.textContent()).split(" ")[1]);
  assert.ok(metres > 5 && metres < 20, `the cube is ${metres} away`);

  // What is chosen is in the address, and the arrows go on with it.
  await page.keyboard.press("ArrowRight");
  await page.waitForURL(/images\/3\?.*pass=ViewLayer.Depth.Z.*exposure=1.*view=filmic/);
  await page.keyboard.press("+");
  await page.locator(".stage.is-zoomed").waitFor();
  await page.keyboard.press("0");
  await page.locator(".stage:not(.is-zoomed)").waitFor();
  await page.keyboard.press("Escape");
  await page.waitForURL(new RegExp(`#/jobs/${jobs.light}$`));
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the sheet fills as frames land, with holes where none is yet and failed ones marked", async () => {
  const { gate, job } = set.gated("1-4", 3, "fills");
  const id = await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}/sheet` });
  const cell = (frame, state) => page.locator(`.sheet-all [data-frame="${frame}"][data-state="${state}"]`);
  await cell(2, "done").locator("img").waitFor();
  await cell(3, "running").waitFor();
  await cell(4, "running").or(cell(4, "pending")).waitFor();
  await page.locator(".sheet-counts", { hasText: "2 of 4 frames" }).waitFor();
  gate.open();
  await cell(4, "done").locator("img").waitFor();
  await page.locator(".sheet-counts", { hasText: "4 of 4 frames" }).waitFor();

  await page.locator('select[name="order"]').selectOption("newest");
  await page.waitForFunction(() => document.querySelector(".sheet-all [data-frame]")?.dataset.frame === "4");
  await page.locator(".sheet-box").focus();
  for (const key of ["ArrowRight", "ArrowRight", "Enter"]) await page.keyboard.press(key);
  await page.waitForURL(new RegExp(`#/jobs/${id}/images/3`));

  await page.goto(`${set.daemon.url}/#/jobs/${jobs.failed}/sheet`);
  for (const frame of [1, 2, 3]) await cell(frame, "failed").getByText("failed").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the player flips through what is there and shows a hole as a hole", async () => {
  const { gate, job } = set.gated("1-4", 4, "plays");
  const id = await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${id}/play?fps=60` });
  await page.locator('canvas.player-picture[data-frame="1"]').waitFor();
  await page.locator('.room-tools [id]', { hasText: "Missing: 4" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.locator('canvas.player-picture[data-frame="2"]').waitFor();
  assert.equal(await page.locator(".player-frame").textContent(), "2");
  await page.keyboard.press("End");
  await page.locator('[data-missing="4"]', { hasText: "Frame 4" }).waitFor();
  assert.equal(await page.locator("canvas.player-picture").isVisible(), false, "no other frame is shown for it");

  // Left out, it goes round and never comes to 4; what it drew is always what it says.
  await page.locator('input[name="skip"]').check();
  await page.locator(".room-head h2").click();
  await page.keyboard.press("Home");
  await page.evaluate(() => {
    window.seen = [];
    const output = document.querySelector(".player-frame");
    new MutationObserver(() => window.seen.push(Number(output.textContent))).observe(output, { childList: true, characterData: true, subtree: true });
  });
  await page.keyboard.press(" ");
  await page.waitForFunction(() => window.seen.length > 8);
  assert.deepEqual([...new Set(await page.evaluate(() => window.seen))].sort(), [1, 2, 3]);
  await page.keyboard.press(" ");

  gate.open();
  await page.locator('.room-tools [id]', { hasText: "All frames are there" }).waitFor();
  await page.keyboard.press("End");
  await page.locator('canvas.player-picture[data-frame="4"]').waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("two frames, and the same frame of two jobs, are compared", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${jobs.light}/compare?frame=1` });
  const [a, b] = [page.locator(".compare-a img"), page.locator(".compare-b img")];
  await a.waitFor();
  await b.waitFor();
  const parts = async (locator) => new URL(await locator.getAttribute("src"));
  assert.deepEqual([(await parts(a)).searchParams.get("frame"), (await parts(b)).searchParams.get("frame")], ["1", "2"]);
  assert.ok((await brightness(a)) > 0 && (await brightness(b)) > 0, "both have come");

  const line = page.locator('input[name="share"]');
  await line.focus();
  for (let press = 0; press < 20; press += 1) await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator(".compare-a").evaluate((element) => element.style.getPropertyValue("--share")), "60%");

  const before = await b.getAttribute("src");
  await page.locator('select[name="other-job"]').selectOption(String(jobs.again));
  await changed(b, before);
  assert.ok((await parts(b)).pathname.includes(`/jobs/${jobs.again}/`));
  assert.equal((await parts(b)).searchParams.get("frame"), "1", "the same frame of the other job");
  await page.waitForURL(new RegExp(`with=${jobs.again}%3A1|with=${jobs.again}:1`));
  await page.locator('select[name="blend"]').selectOption("difference");
  await page.locator(".compare-difference").waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a frame that is rendered again is shown anew, and that its older image is gone is said", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${jobs.light}/sheet?over=black` });
  const image = page.locator('.sheet-all [data-frame="1"] img');
  await image.waitFor();
  assert.ok((await brightness(image)) > 5, "the cube is there");
  writeFileSync(join(set.dir, "empty"), "");
  await set.daemon.request("POST", `/api/v1/jobs/${jobs.light}/retry`, { frames: "1" });
  await page.waitForFunction(`(async () => {
    const image = document.querySelector('.sheet-all [data-frame="1"] img');
    return image !== null && (await (${MEAN})(image).catch(() => 255)) < 1;
  })()`);
  await page.locator(".modes a", { hasText: "Compare" }).click();
  // While it was rendered again another frame was the first that is there.
  const frame = page.locator('input[name="frame-a"]');
  await frame.fill("1");
  await frame.press("Enter");
  await page.locator(".compare-note", { hasText: "Only the last image is on the disk" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what cannot be shown says why", async () => {
  const { page, context } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${jobs.again}` });
  const { path } = (await set.daemon.request("GET", `/api/v1/jobs/${jobs.again}/images`)).find((image) => image.frame === 3);
  writeFileSync(path, Buffer.concat([Buffer.from([0, 0, 0, 32]), Buffer.from("ftypisom and so on")]));
  await page.goto(`${set.daemon.url}/#/jobs/${jobs.again}/images/3`);
  await page.locator(".stage .no-preview", { hasText: "it is a movie (MP4)" }).waitFor();
  await context.close();
});

for (const [width, height, scheme] of [[1440, 900, "dark"], [360, 740, "light"]]) {
  test(`${width} by ${height}, ${scheme}: accessible and within its width`, async () => {
    for (const part of ["images/2", "sheet", "play", "compare"]) {
      const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: `#/jobs/${jobs.light}/${part}`, width, height, scheme });
      await page.locator(".room-body :is(img, canvas[data-frame])").first().waitFor();
      const found = await page.evaluate(`${AXE}; axe.run(document.querySelector("dialog"), { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
      const violations = found.violations.map(({ id, nodes }) => `${part} ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      assert.deepEqual(violations, []);
      assert.equal(await page.evaluate(() => document.querySelector("dialog").scrollWidth <= innerWidth), true, `${part}: no sideways scrolling`);
      assert.deepEqual(complaints, []);
      if (process.env.SHOTS !== undefined) await page.screenshot({ path: join(process.env.SHOTS, `${part.replace("/", "-")}-${width}-${scheme}.png`) });
      await context.close();
    }
  });
}
