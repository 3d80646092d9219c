// The node, the plugins and what happened: leases while something renders, a plugin that is saved broken and mended,
// and who is told of what.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPage } from "./support/browser.mjs";
import { Daemon } from "./support/daemon.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const set = setting();

test("the node shows who holds what of it, and what it did in the last minutes", async () => {
  const { gate, job } = set.gated("1-2", 1, "holds-the-slot");
  const id = await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/node" });
  const slot = page.locator(".node .slot-taken", { hasText: "holds-the-slot" });
  await slot.waitFor();
  await slot.locator(".slot-meta", { hasText: /Attempt \d+ · .* (thread|core)/ }).waitFor();
  const attempt = await slot.getAttribute("data-attempt");
  await page.locator(`[data-part="cores"] .held rect[data-attempt="${attempt}"]`).waitFor();
  // Two samples make a line, and they come every two seconds.
  await page.locator('[data-part="cores"] .figure', { hasText: "% busy" }).waitFor();
  await page.waitForFunction(() => document.querySelector('[data-part="cores"] .curve-line')?.getAttribute("d")?.includes("L"));
  await page.locator('[data-tool="blender"]', { hasText: /\d\.\d/ }).waitFor();
  await page.locator('[data-part="disks"] .disk').first().waitFor();
  await page.locator('[data-glance="slots"]', { hasText: "1/1" }).waitFor();
  await page.locator('[data-glance="running"]', { hasText: "1" }).waitFor();
  assert.equal(await slot.locator("a").getAttribute("href"), `#/jobs/${id}/attempts/${attempt}`);

  gate.open();

  await slot.waitFor({ state: "detached" });
  await page.locator(".node .slot-free").waitFor();
  await page.locator('[data-glance="slots"]', { hasText: "0/1" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

/** A script plugin of this version, whose `build_command` is these lines. */
const script = (version, lines = ["return None"]) => `import farmhand


class Look(farmhand.Plugin):
    version = "${version}"
    extensions = ["look"]
    options = {"quality": {"title": "Quality", "type": "integer", "minimum": 1, "default": 50}}

    def build_command(self, task):
${lines.map((line) => `        ${line}\n`).join("")}`;

/** As an editor saves: the file is there whole, or not at all. */
function save(text) {
  mkdirSync(set.daemon.plugins, { recursive: true });
  const file = join(set.daemon.plugins, "look.py");
  writeFileSync(`${file}.saving`, text);
  renameSync(`${file}.saving`, file);
}

test("a plugin that is saved broken shows its error, goes live when it is mended, and is rolled back by a button", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/plugins" });
  save(script("1.0.0"));
  await page.locator('.plugin[data-plugin="look"][data-state="serving"]').waitFor();
  await page.locator('.plugin[data-plugin="look"] a').click();
  await page.waitForURL(/#\/plugins\/look$/);
  const detail = (state, version) =>
    page.locator(`.plugin-detail[data-state="${state}"]`, { has: page.locator("h2", { hasText: version }) }).waitFor();
  await detail("serving", "1.0.0");
  await page.locator(".plugin-detail .facts", { hasText: "Python script" }).waitFor();
  await page.locator('[data-option="quality"]', { hasText: "integer, at least 1" }).waitFor();
  await page.locator('[data-part="grants"]', { hasText: "nothing besides" }).waitFor();

  save(script("1.1.0").replace("def build_command(self, task):", "def build_command(self, task)"));
  await detail("degraded", "1.0.0");
  const failure = page.locator('[data-part="failure"] pre');
  await failure.waitFor();
  assert.match(await failure.innerText(), /look\.py.*line 9|line 9.*look\.py/s);
  assert.match(await failure.innerText(), /SyntaxError/);

  save(script("1.1.0"));
  await detail("serving", "1.1.0");
  await failure.waitFor({ state: "detached" });
  await page.locator('.version-line.serving[data-version="1.1.0"]', { hasText: "its file was saved" }).waitFor();

  await page.locator('.plugin-head [data-action="rollback"]', { hasText: "Go back to 1.0.0" }).click();
  await page.getByRole("button", { name: "Leave it" }).click();
  await page.locator('.plugin-head [data-action="rollback"]').click();
  await page.getByLabel("Your name, for the history").fill("tess");
  await page.getByRole("button", { name: "Roll back", exact: true }).click();
  await page.locator(".plugin-detail h2", { hasText: "1.0.0" }).waitFor();
  await page.locator(".plugin-state", { hasText: "rolled back" }).waitFor();
  await page.locator('.version-line.serving[data-version="1.0.0"]', { hasText: /rolled back by tess/ }).waitFor();

  await page.locator('.plugin-head [data-action="confirm"]', { hasText: "Let 1.1.0 serve" }).click();
  await page.getByRole("button", { name: "Let it serve", exact: true }).click();
  await detail("serving", "1.1.0");
  await page.locator('.plugin-head [data-action="pin"]').click();
  await page.getByRole("button", { name: "Pin", exact: true }).click();
  await page.locator(".plugin-state", { hasText: "pinned" }).waitFor();
  await page.locator('.plugin-head [data-action="unpin"]').click();
  await page.getByRole("button", { name: "Unpin", exact: true }).click();
  await page.locator(".plugin-state", { hasText: "serving" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a plugin's calls are counted, and a call that fails shows its traceback", async () => {
  const scene = join(set.dir, "shot.look");
  writeFileSync(scene, "");
  save(script("1.2.0", ["raise KeyError('no such rig: bert')"]));
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/plugins/look" });
  await page.locator(".plugin-detail h2", { hasText: "1.2.0" }).waitFor();
  const id = await set.daemon.submit({ scene, frames: "1", user: "tess" });
  await page.locator('[data-part="calls"] tr[data-function="build-command"]').waitFor();
  const traceback = page.locator('.call-failure[data-function="build-command"] pre');
  await traceback.waitFor();
  assert.match(await traceback.innerText(), /look\.py.*line \d+.*build_command.*KeyError.*no such rig: bert/s);
  await set.daemon.request("POST", `/api/v1/jobs/${id}/cancel`).catch(() => {});
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what happened before the page was there is listed, found and linked", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/events" });
  const events = page.locator(".notice");
  await events.filter({ hasText: /farmhand .* started/ }).waitFor();
  await events.filter({ hasText: "holds-the-slot is done: 2 frames" }).waitFor();
  const refused = events.filter({ hasText: "the newest version of look does not serve" });
  await refused.first().waitFor();
  assert.equal(await refused.first().getAttribute("data-severity"), "warning");

  await page.locator('button[data-severity="warning"]').click();
  await page.waitForURL(/#\/events\?severity=warning$/);
  await events.filter({ hasText: "holds-the-slot" }).waitFor({ state: "detached" });
  await refused.first().waitFor();
  await page.getByRole("combobox").selectOption("look");
  await page.getByRole("searchbox").fill("SYNTAX");
  await page.waitForURL(/plugin=look.*text=SYNTAX/);
  await page.reload();
  await page.getByRole("status").filter({ hasText: /^1 of \d+ events$/ }).waitFor();
  assert.equal(await page.getByRole("searchbox").inputValue(), "SYNTAX");
  await refused.first().getByRole("link", { name: "look" }).click();
  await page.waitForURL(/#\/plugins\/look$/);
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a job that fails pops up, is counted until it was seen, and is told by the browser to whom asked for it", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/events" });
  await context.grantPermissions(["notifications"], { origin: set.daemon.url });
  await page.getByLabel("User name").fill("anna");
  await page.getByLabel("Ends of jobs of").check();
  await page.evaluate(() => {
    window.told = [];
    window.Notification = class {
      static permission = "granted";
      constructor(title, { body }) {
        window.told.push(`${title}: ${body}`);
      }
    };
    document.hasFocus = () => false;
  });
  await page.evaluate(() => (location.hash = "#/node"));
  await page.locator(".node").waitFor();
  const raises = join(set.dir, "raises.py");
  writeFileSync(raises, "raise RuntimeError('no such rig: bert')\n");
  const job = (name, user) => ({ ...jobOf(set.scene, "1", join(set.dir, name, "####"), raises), name, user });
  const first = await set.daemon.submit(job("fails-first", "anna"));

  const toast = page.locator('.toast[data-kind="job-failed"]');
  await toast.filter({ hasText: "fails-first failed" }).waitFor();
  assert.equal(await toast.getByRole("link").getAttribute("href"), `#/jobs/${first}`);
  await set.daemon.submit(job("fails-second", "bo"));
  await toast.filter({ hasText: "2 jobs failed" }).waitFor();
  assert.equal(await toast.count(), 1, "those of one kind are told together");
  await page.locator('[data-glance="trouble"]').waitFor();
  await page.locator('[data-glance="failed"]', { hasText: "2" }).waitFor();
  const told = await page.evaluate(() => window.told);
  assert.equal(told.length, 1, `${told}`);
  assert.match(told[0], new RegExp(`job ${first}: fails-first failed`));

  await toast.getByRole("button", { name: "Dismiss" }).click();
  await toast.waitFor({ state: "detached" });
  await page.locator('[data-glance="trouble"] a').click();
  await page.locator('.notice[data-severity="error"]', { hasText: "fails-second failed" }).waitFor();
  await page.locator('[data-glance="trouble"]').waitFor({ state: "detached" });
  assert.deepEqual(complaints, []);
  await context.close();
});

for (const [width, height] of [[1440, 900], [360, 740], [2560, 1440]]) {
  test(`${width} by ${height}: accessible, within its width, and quiet, in light and dark`, async () => {
    for (const [index, hash] of ["#/node", "#/plugins", "#/plugins/look", "#/plugins/blender", "#/events"].entries()) {
      const scheme = (index + width / 10) % 2 === 0 ? "light" : "dark";
      const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash, width, height, scheme });
      const there = { "#/node": ".slots", "#/plugins": ".plugin", "#/events": ".notice" }[hash] ?? '[data-part="grants"]';
      await page.locator(there).first().waitFor({ state: "attached" });
      const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
      const violations = found.violations.map(
        ({ id, nodes }) => `${hash} ${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`,
      );
      assert.deepEqual(violations, []);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${hash} scrolls sideways`);
      assert.deepEqual(complaints, []);
      await context.close();
    }
  });
}

test("a daemon with a token asks for it once, and again when it is another one, and comes back to the address", async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "farmhand-token-")));
  const daemon = await Daemon.start(dir, "a-token-that-is-long-enough");
  const context = await set.browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const login = async (token) => {
      await page.getByLabel("Token").fill(token);
      await page.getByRole("button", { name: "Log in" }).click();
    };
    await page.goto(`${daemon.url}/#/events?severity=error`);
    await login("not-this-one-surely");
    await page.getByRole("alert").filter({ hasText: "not the token" }).waitFor();
    await login("a-token-that-is-long-enough");
    await page.locator(".connection-live").waitFor();
    assert.equal(page.url(), `${daemon.url}/#/events?severity=error`);
    await page.reload();
    await page.locator(".connection-live").waitFor();

    await daemon.stop();
    daemon.token = "another-token-of-enough-length";
    await daemon.restart();

    await page.locator(".banner").getByRole("link", { name: "Log in" }).click();
    await login("another-token-of-enough-length");
    await page.locator(".connection-live").waitFor();
    assert.equal(page.url(), `${daemon.url}/#/events?severity=error`);
  } finally {
    await context.close();
    await daemon.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
