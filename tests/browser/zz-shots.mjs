import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, openPage } from "./support/browser.mjs";
import { Daemon } from "./support/daemon.mjs";
import { makeScene } from "./support/scene.mjs";
const dir = realpathSync(mkdtempSync(join(tmpdir(), "fh-shots-")));
const [scene, daemon, browser] = await Promise.all([makeScene(dir), Daemon.start(dir, `[paths]\nroots = [${JSON.stringify(dir)}]\n`), launch()]);
try {
  for (const [w, h, scheme] of [[1440, 900, "light"], [1440, 900, "dark"], [360, 740, "light"], [360, 740, "dark"], [2560, 1440, "light"], [2560, 1440, "dark"]]) {
    const { page, context } = await openPage(browser, daemon.url, { hash: "#/submit", width: w, height: h, scheme });
    const shot = (name, full = false) => page.screenshot({ path: `/tmp/subshots/${name}-${w}-${scheme}.png`, fullPage: full });
    page.setDefaultTimeout(60000);
    const input = (pointer) => page.locator(`[data-field="${pointer}"]`).locator("input, select, textarea").first();
    await page.getByText("Choose a scene to see what would run.").waitFor();
    if (process.argv.includes("empty")) await shot("empty");
    await input("/scene").fill(scene);
    await page.locator('.plan[data-plan="ready"]').waitFor();
    await input("/frames").fill("1-12x3,20-30");
    await page.locator('.plan[data-plan="ready"]').waitFor();
    await page.getByRole("button", { name: "Dry run" }).click();
    await page.locator(".plan-command").first().waitFor();
    await shot("ready");
    for (const part of await page.locator(".more > summary").all()) await part.click();
    await page.getByRole("button", { name: "Add a hook" }).click();
    await page.getByRole("button", { name: "Add a notification" }).click();
    await input("/after").fill("999");
    await input("/licences").fill("nobody");
    await input("/frames").fill("1-");
    await input("/memory").fill("12");
    await page.locator(".send").click();
    await page.locator(".mistake").first().waitFor();
    const view = page.locator(".view.submit");
    await view.evaluate((e) => e.scrollTo(0, 0));
    await shot("wrong");
    // Everything, in one tall picture.
    await page.setViewportSize({ width: w, height: w === 360 ? 4200 : 2300 });
    await shot("all");
    await page.setViewportSize({ width: w, height: h });
    await page.getByRole("button", { name: "Browse…" }).click();
    await page.locator(".entry").first().waitFor();
    await shot("browse");
    await context.close();
  }
} finally {
  await browser.close();
  await daemon.stop();
  rmSync(dir, { recursive: true, force: true });
}
