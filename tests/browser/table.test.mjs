// The table of jobs: finding, sorting, selecting many and acting on all of them, with the mouse and with the keyboard.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Every job is paused, so that nothing moves but what a test moves. */
const set = setting(async ({ dir, scene, daemon }) => {
  const users = ["anna", "bo", "anna", "chidi", "anna", "bo"];
  for (const [at, user] of users.entries()) {
    const job = jobOf(scene, "1-4", join(dir, `table${at}`, "####"));
    ids.push(await daemon.submit({ ...job, name: `shot_${at}0`, user, paused: true, priority: 50 + at }));
  }
});
const ids = [];

const rowsOf = (page) => page.locator(".job-row[data-job]").evaluateAll((all) => {
  const place = (row) => Number(row.getAttribute("aria-rowindex"));
  return all.sort((a, b) => place(a) - place(b)).map((row) => Number(row.dataset.job));
});

/** Waits until exactly these rows are there, in this order. */
async function waitForRows(page, expected) {
  await page
    .waitForFunction((wanted) => {
      const rows = [...document.querySelectorAll(".job-row[data-job]")];
      rows.sort((a, b) => a.getAttribute("aria-rowindex") - b.getAttribute("aria-rowindex"));
      return rows.map((row) => Number(row.dataset.job)).join() === wanted;
    }, expected.join(), { timeout: 20_000 })
    .catch(async () => assert.deepEqual(await rowsOf(page), expected));
}

const row = (page, id) => page.locator(`.job-row[data-job="${id}"]`);
const isIn = (page, id, status) => page.locator(`.job-row.row-${status}[data-job="${id}"]`).waitFor();
const selected = (page) =>
  page.locator('.job-row[aria-selected="true"]').evaluateAll((all) => all.map((one) => Number(one.dataset.job)).sort((a, b) => a - b));
const focused = (page) => page.evaluate(() => Number(document.activeElement?.dataset?.job));

test("the queue is in its turn, is sorted by any column, and the order stands in the address", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { width: 2200 });
  const byTurn = [...ids].reverse();
  await waitForRows(page, byTurn);
  const head = page.getByRole("columnheader", { name: "User" });
  await head.getByRole("button").click();
  await waitForRows(page, [ids[4], ids[2], ids[0], ids[5], ids[1], ids[3]]);
  assert.equal(await head.getAttribute("aria-sort"), "ascending");
  assert.match(page.url(), /sort=user/);
  await head.getByRole("button").press("Enter");
  await waitForRows(page, [ids[3], ids[5], ids[1], ids[4], ids[2], ids[0]]);
  assert.equal(await head.getAttribute("aria-sort"), "descending");
  await page.keyboard.press("ArrowLeft");
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Prio/);

  await page.reload();
  await waitForRows(page, [ids[3], ids[5], ids[1], ids[4], ids[2], ids[0]]);
  await page.getByRole("columnheader", { name: "User" }).getByRole("button").click();
  await waitForRows(page, byTurn);
  assert.doesNotMatch(page.url(), /sort/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("jobs are found as somebody types, and the address finds them again", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { width: 2200 });
  await waitForRows(page, [...ids].reverse());
  await page.keyboard.press("/");
  await page.keyboard.type("SHOT_10");
  await waitForRows(page, [ids[1]]);
  await page.locator(".job-total", { hasText: "1 of 6 jobs" }).waitFor();
  await page.getByRole("searchbox").fill("anna");
  await waitForRows(page, [ids[4], ids[2], ids[0]]);
  await page.getByRole("combobox", { name: "User" }).selectOption("bo");
  await page.getByText("No job matches").waitFor();
  await page.getByRole("searchbox").fill("");
  await waitForRows(page, [ids[5], ids[1]]);
  assert.match(page.url(), /user=bo/);
  const address = page.url();

  await row(page, ids[1]).locator(".job-link").click();
  await page.locator(`.job-row.chosen[data-job="${ids[1]}"]`).waitFor();
  await waitForRows(page, [ids[5], ids[1]]);
  assert.match(page.url(), new RegExp(`#/jobs/${ids[1]}\\?user=bo$`));
  await page.goto("about:blank");
  await page.goto(address);
  await waitForRows(page, [ids[5], ids[1]]);
  await page.getByRole("button", { name: "Show all" }).click();
  await waitForRows(page, [...ids].reverse());
  assert.deepEqual(complaints, []);
  await context.close();
});

test("rows are selected one by one, in ranges and all at once", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  await waitForRows(page, [...ids].reverse());
  const name = (id) => row(page, id).locator(".job-link");
  await name(ids[4]).click({ modifiers: ["Control"] });
  await name(ids[2]).click({ modifiers: ["Shift"] });
  assert.deepEqual(await selected(page), [ids[2], ids[3], ids[4]]);
  await name(ids[0]).click({ modifiers: ["Control"] });
  assert.deepEqual(await selected(page), [ids[0], ids[2], ids[3], ids[4]]);
  await row(page, ids[3]).getByRole("checkbox").click();
  assert.deepEqual(await selected(page), [ids[0], ids[2], ids[4]]);
  assert.equal(await row(page, ids[3]).getByRole("checkbox").isChecked(), false);
  assert.equal(await row(page, ids[2]).getByRole("checkbox").isChecked(), true);
  await page.locator(".job-bar", { hasText: "3 selected" }).waitFor();
  assert.match(page.url(), /#\/$/, "selecting opens nothing");

  await page.keyboard.press("Escape");
  assert.deepEqual(await selected(page), []);
  await page.getByRole("checkbox", { name: "Select all" }).click();
  assert.deepEqual(await selected(page), ids);
  await name(ids[1]).click();
  assert.deepEqual(await selected(page), []);
  assert.match(page.url(), new RegExp(`#/jobs/${ids[1]}$`));
  assert.deepEqual(complaints, []);
  await context.close();
});

test("the keyboard goes to every row, selects, opens and acts", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  await waitForRows(page, [...ids].reverse());
  await page.keyboard.press("j");
  assert.equal(await focused(page), ids[5]);
  await page.keyboard.press("j");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("k");
  assert.equal(await focused(page), ids[4]);
  await page.keyboard.press("Space");
  await page.keyboard.press("Shift+ArrowDown");
  assert.deepEqual(await selected(page), [ids[3], ids[4]]);
  await page.keyboard.press("Escape");
  await page.keyboard.press("End");
  assert.equal(await focused(page), ids[0]);
  await page.keyboard.press("Home");
  await page.keyboard.press("Control+a");
  assert.deepEqual(await selected(page), ids);
  await page.keyboard.press("Escape");
  assert.equal(await page.locator('.job-row[tabindex="0"]').count(), 1);
  await page.keyboard.press("Enter");
  await page.locator(`.job-row.chosen[data-job="${ids[5]}"]`).waitFor();
  assert.match(page.url(), new RegExp(`#/jobs/${ids[5]}$`));

  await page.keyboard.press("?");
  await page.getByRole("dialog", { name: "Keys" }).waitFor();
  await page.getByRole("checkbox", { name: /Letters act/ }).uncheck();
  await page.keyboard.press("Escape");
  await page.keyboard.press("j");
  assert.equal(await focused(page), ids[5], "letters mean nothing any more");
  await page.keyboard.press("ArrowDown");
  assert.equal(await focused(page), ids[4]);
  await page.getByRole("button", { name: "Keys" }).click();
  await page.getByRole("checkbox", { name: /Letters act/ }).check();
  await page.keyboard.press("Escape");

  await page.keyboard.press("e");
  await page.getByRole("dialog").getByRole("spinbutton").fill("99");
  await page.keyboard.press("Enter");
  await waitForRows(page, [ids[4], ids[5], ids[3], ids[2], ids[1], ids[0]]);
  assert.equal((await set.daemon.request("GET", `/api/v1/jobs/${ids[4]}`)).priority, 99);
  // A row that moves is in another place of the document for a moment, and has the focus again then.
  await page.waitForFunction((id) => Number(document.activeElement?.dataset?.job) === id, ids[4]);
  await page.keyboard.press("e");
  await page.getByRole("dialog").getByRole("spinbutton").fill("54");
  await page.keyboard.press("Enter");
  await waitForRows(page, [...ids].reverse());
  assert.deepEqual(complaints, []);
  await context.close();
});

test("many jobs are cancelled after a question that says what is lost, and what refuses is told job by job", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  await waitForRows(page, [...ids].reverse());
  const some = [ids[0], ids[1], ids[2]];
  for (const id of some) await row(page, id).getByRole("checkbox").click();
  assert.equal(await page.locator(".job-bar").getByRole("button", { name: "Retry" }).isDisabled(), true);
  await page.locator(".job-bar").getByRole("button", { name: "Cancel" }).click();
  const dialog = page.getByRole("dialog", { name: "Cancel 3 jobs?" });
  await dialog.getByText("12 frames will not be rendered").waitFor();
  await dialog.getByText("shot_00").waitFor();
  await dialog.getByRole("button", { name: "Keep them" }).click();
  assert.deepEqual(await selected(page), some);
  assert.equal((await set.daemon.request("GET", `/api/v1/jobs/${ids[0]}`)).status, "paused");

  // Another page was faster with one of them: the list here is not told before it acts.
  await page.route("**/jobs/actions", async (route) => {
    await set.daemon.request("POST", `/api/v1/jobs/${ids[1]}/cancel`);
    await route.continue();
  });
  await page.locator(".job-bar").getByRole("button", { name: "Cancel" }).click();
  await dialog.getByRole("button", { name: "Cancel 3 jobs" }).click();
  await isIn(page, ids[0], "cancelled");
  await isIn(page, ids[2], "cancelled");
  const refused = page.locator(`.refusals li[data-job="${ids[1]}"]`, { hasText: "has ended; only a retry brings it back" });
  await refused.waitFor();
  await page.getByRole("heading", { name: "1 job could not be cancelled" }).waitFor();
  await page.getByRole("button", { name: "Dismiss" }).click();
  await page.unroute("**/jobs/actions");

  // All three again, by the keyboard, and paused before a frame of them is begun.
  await page.locator(".job-bar").getByRole("button", { name: "Retry" }).click();
  for (const id of some) await page.locator(`.job-row:not(.row-cancelled)[data-job="${id}"]`).waitFor();
  await row(page, ids[1]).focus();
  await page.keyboard.press("c");
  await page.getByRole("dialog", { name: "Cancel 3 jobs?" }).getByRole("button", { name: "Cancel 3 jobs" }).click();
  for (const id of some) await isIn(page, id, "cancelled");
  // An attempt that was cancelled before it began has no log, which the browser itself remarks on.
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("404")), []);
  await context.close();
});

test("the line beside the table is moved by keyboard, and remembered", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url);
  const line = page.getByRole("separator", { name: "Width of the list" });
  const width = () => page.locator(".jobs").evaluate((element) => Math.round(element.getBoundingClientRect().width));
  assert.equal(await line.getAttribute("aria-valuenow"), "50");
  const before = await width();
  await line.focus();
  await page.keyboard.press("ArrowLeft");
  assert.equal(await line.getAttribute("aria-valuenow"), "48");
  assert.ok((await width()) < before);
  await page.reload();
  await page.locator(".connection-live").waitFor();
  assert.equal(await line.getAttribute("aria-valuenow"), "48");
  const box = await line.boundingBox();
  await page.mouse.move(box.x, box.y + 200);
  await page.mouse.down();
  await page.mouse.move(1000, box.y + 200);
  await page.mouse.up();
  assert.ok(Math.abs((await width()) - 1000) < 5);
  await line.dblclick();
  assert.equal(await line.getAttribute("aria-valuenow"), "50");
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [width, height, scheme] of [[1440, 900, "light"], [360, 740, "dark"], [2560, 1440, "dark"]]) {
  test(`selected rows and questions are accessible at ${width} by ${height}, ${scheme}`, async () => {
    const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { width, height, scheme });
    await waitForRows(page, await rowsOf(page));
    await row(page, ids[5]).getByRole("checkbox").click();
    await row(page, ids[4]).getByRole("checkbox").click();
    const check = async () => {
      const { violations } = await page.evaluate(`${AXE}; axe.run({ runOnly: ${JSON.stringify(WCAG)} })`);
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`), []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, "no sideways scrolling");
    };
    await check();
    await page.keyboard.press("c");
    await page.getByRole("dialog").waitFor();
    await check();
    await page.keyboard.press("Escape");
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys" }).waitFor();
    await check();
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
