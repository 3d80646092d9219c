// The form of a batch file against the real daemon: dropped or typed, checked with line and column, shown with what would
// become of each job, submitted, and gone on with.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { jobStatus, openPage } from "./support/browser.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const set = setting();
const job = (name, frames) => `  - name: ${name}\n    scene: ${set.scene}\n    frames: ${frames}\n    output: ${join(set.dir, name, "####")}\n    options: {format: PNG, samples: 1}\n`;
const batch = (...jobs) => `name: monday\nworkers: 1\njobs:\n${jobs.join("")}`;
const area = (page) => page.getByRole("textbox", { name: "The batch file" });
const ready = (page) => page.locator('.plan[data-plan="ready"]').waitFor();

test("a batch file is dropped, mended, submitted, and its images land; the second time nothing is rendered twice", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/submit" });
  await page.getByText("Choose a scene to see what would run.").waitFor();

  // Dropped on the form of a job, it is a batch file all the same.
  const text = batch(job("one", "1-2"), job("two", "1-"));
  const transfer = await page.evaluateHandle(([text]) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "monday.yml", { type: "application/yaml" }));
    return transfer;
  }, [text]);
  await page.locator(".view.submit").dispatchEvent("drop", { dataTransfer: transfer });
  await page.waitForURL(/#\/submit\/batch$/);
  await page.getByText("from monday.yml").waitFor();
  assert.equal(await area(page).inputValue(), text);

  // The mistake leads to its place.
  await page.locator(".mistake", { hasText: "line 11, column 13:" }).click();
  const chosen = await area(page).evaluate((element) => element.value.slice(element.selectionStart, element.selectionEnd));
  assert.equal(chosen, "1-");
  await page.keyboard.type("1-3");
  await ready(page);
  await page.getByText("Ready: monday, 2 jobs, 1 task at once").waitFor();
  await page.locator('.standings [data-standing="new"][data-count="2"]').waitFor();
  assert.equal((await set.daemon.request("GET", "/api/v1/batches")).items.length, 0, "a check makes no batch");

  // What is typed stays over a reload.
  await page.reload();
  await ready(page);
  await page.locator(".send").dblclick();
  await page.waitForURL(/#\/$/);
  const { items } = await set.daemon.request("GET", "/api/v1/batches");
  assert.equal(items.length, 1, "pressed twice, submitted once");
  assert.deepEqual([items[0].name, items[0].source, items[0].jobs.total], ["monday", "monday.yml", 2]);
  for (const { job } of (await set.daemon.request("GET", `/api/v1/batches/${items[0].id}`)).entries) {
    await page.goto(`${set.daemon.url}/#/jobs/${job}`);
    await jobStatus(page, "done");
  }
  assert.ok(existsSync(join(set.dir, "two", "0003.png")));

  // Typed this time, with one job more: what is complete is skipped, and says why.
  await page.goto(`${set.daemon.url}/#/submit`);
  await page.getByRole("link", { name: "A batch file instead" }).click();
  assert.equal(await area(page).inputValue(), "", "what was submitted is no draft any more");
  await area(page).fill(batch(job("one", "1-2"), job("two", "1-3"), job("three", "5")));
  await ready(page);
  await page.locator('.standings [data-standing="complete"][data-count="2"]').waitFor();
  await page.locator('tr[data-job="one"][data-standing="complete"] .why').waitFor();
  await page.locator('tr[data-job="three"][data-standing="new"]').waitFor();
  await page.getByRole("checkbox", { name: "Start over" }).check();
  await page.locator('.standings [data-standing="new"][data-count="3"]').waitFor();

  // No batch file at all, and one that includes another.
  const scene = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(["x"], "shot.blend"));
    return transfer;
  });
  await page.locator(".view.submit").dispatchEvent("drop", { dataTransfer: scene });
  await page.getByText("shot.blend is no YAML, TOML or JSON file").waitFor();
  await area(page).fill("name: a\ninclude: others.yaml\njobs: []\n");
  await page.locator(".mistake", { hasText: "line 2, column 10: a file that is sent as text includes no other" }).waitFor();

  assert.deepEqual(complaints.filter((one) => !one.includes("422")), []);
  await context.close();
});

for (const [width, height, scheme] of [[1440, 900, "dark"], [360, 740, "light"], [2560, 1440, "light"]]) {
  test(`${width} by ${height}, ${scheme}: the form of a batch file is accessible and within its width`, async () => {
    const { page, context } = await openPage(set.browser, set.daemon.url, { hash: "#/submit/batch", width, height, scheme });
    const isFine = async (what) => {
      const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
      const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      assert.deepEqual(violations, [], what);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${what}: no sideways scrolling`);
      if (process.env.SHOTS !== undefined) await page.screenshot({ path: join(process.env.SHOTS, `batch-${what}-${width}-${scheme}.png`) });
    };
    await area(page).fill(batch(job("wrong", "1-"), "  - {scene: shots/a.blend, prio: 5}\n"));
    await page.locator(".mistake").first().waitFor();
    await isFine("wrong");
    await area(page).fill(batch(job("one", "1-2"), job("four", "10-19,30-50x5"), job("five", "7")));
    await ready(page);
    await isFine("right");
    await context.close();
  });
}
