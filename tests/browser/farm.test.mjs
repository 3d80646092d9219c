// The node, the plugins and what happened: leases while something renders, a plugin that is saved broken and mended,
// and who is told of what.
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer, request as ask } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { openPage } from "./support/browser.mjs";
import { Daemon } from "./support/daemon.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const set = setting(undefined, () => "[limits]\narnold = 2\n");

test("the node shows who holds what of it, and what it did in the last minutes", async () => {
  const { gate, job } = set.gated("1-2", 1, "holds-the-slot");
  const id = await set.daemon.submit({ ...job, licences: ["arnold"] });
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
  const pool = page.locator('[data-limit="arnold"]');
  await pool.filter({ hasText: "1 of 2" }).waitFor();
  await pool.locator(`a[data-attempt="${attempt}"]`, { hasText: "holds-the-slot" }).waitFor();
  await page.locator('[data-glance="slots"]', { hasText: "1/1" }).waitFor();
  await page.locator('[data-glance="running"]', { hasText: "1" }).waitFor();
  assert.equal(await slot.locator("a").getAttribute("href"), `#/jobs/${id}/attempts/${attempt}`);

  gate.open();

  await slot.waitFor({ state: "detached" });
  await page.locator(".node .slot-free").waitFor();
  await pool.filter({ hasText: "0 of 2" }).waitFor();
  assert.equal(await pool.locator("a").count(), 0);
  await page.locator('[data-glance="slots"]', { hasText: "0/1" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

/** A script plugin of this version, whose `build_command` is these lines. */
const script = (version, lines = ["return None"]) => `import farmhand


class Look(farmhand.Plugin):
    version = "${version}"
    extensions = ["look"]
    tools = ["blender"]
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
  const generation = async () => Number(await page.locator('.facts [data-fact="generation"]').innerText());
  const first = await generation();
  await page.locator(".plugin-detail .facts", { hasText: "Python script" }).waitFor();
  await page.locator('[data-option="quality"]', { hasText: "integer, at least 1" }).waitFor();
  await page.locator('[data-part="grants"]', { hasText: "nothing besides" }).waitFor();

  save(script("1.1.0").replace("def build_command(self, task):", "def build_command(self, task)"));
  await detail("degraded", "1.0.0");
  assert.equal(await generation(), first, "the old version goes on");
  const failure = page.locator('[data-part="failure"] pre');
  await failure.waitFor();
  assert.match(await failure.innerText(), /look\.py.*line 10|line 10.*look\.py/s);
  assert.match(await failure.innerText(), /SyntaxError/);

  save(script("1.1.0"));
  await detail("serving", "1.1.0");
  assert.equal(await generation(), first + 1);
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

  // A newer one goes above, and an older one is the same element wherever it goes.
  const older = await refused.first().elementHandle();
  const [which, place] = [await older.getAttribute("data-notice"), Number(await older.getAttribute("aria-posinset"))];
  const id = await set.daemon.submit(set.gated("1", 1, "thought-better").job);
  await set.daemon.request("POST", `/api/v1/jobs/${id}/cancel`);
  await events.filter({ hasText: "thought-better was cancelled" }).waitFor();
  assert.deepEqual([await older.getAttribute("data-notice"), Number(await older.getAttribute("aria-posinset"))], [which, place + 1]);
  assert.equal(await older.evaluate((element) => element.isConnected), true);

  await page.locator('button[data-severity="warning"]').click();
  await page.waitForURL(/#\/events\?severity=warning$/);
  await events.filter({ hasText: "holds-the-slot" }).waitFor({ state: "detached" });
  await refused.first().waitFor();
  await page.getByRole("combobox", { name: "Plugin" }).selectOption("look");
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
  await page.getByLabel("Ends of jobs and batches of").check();
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
  const before = Number(await page.locator('[data-glance="failed"] b').innerText());
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
  await page.locator('[data-glance="failed"] b', { hasText: new RegExp(`^${before + 2}$`) }).waitFor();
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

/** A batch of jobs that render nothing and fail, and one of which all are done. */
const batchOf = (name, jobs) => ({ name, user: "anna", max_retries: 0, jobs });

test("a batch calls a person once while it runs and once at its end, and its events are found by it", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/node" });
  await page.locator(".node").waitFor();
  const raises = join(set.dir, "raises.py");
  writeFileSync(raises, "raise RuntimeError('no such rig: bert')\n");
  const failing = ["sh010", "sh020", "sh030"].map((name) => ({ ...jobOf(set.scene, "1", join(set.dir, "nightly", name, "####"), raises), name }));
  const good = { ...jobOf(set.scene, "1", join(set.dir, "nightly", "sh040", "####")), name: "sh040" };
  const { id } = await set.daemon.request("POST", "/api/v1/batches", batchOf("nightly", [...failing, good]));

  const toast = page.locator('.toast[data-kind="batch-failed"]');
  await toast.filter({ hasText: "nightly has ended: 3 of 4 jobs failed" }).waitFor();
  assert.equal(await toast.getByRole("link").getAttribute("href"), `#/history/batch/${id}`);
  assert.equal(await page.locator('.toast[data-kind="job-failed"]', { hasText: "sh0" }).count(), 0, "its end says it all");

  await page.evaluate(() => (location.hash = "#/events"));
  await page.getByRole("combobox", { name: "Batch" }).selectOption(`batch ${id}`);
  await page.waitForURL(new RegExp(`#/events\\?batch=${id}$`));
  const events = page.locator(".notice");
  await page.getByRole("status").filter({ hasText: /^4 of \d+ events$/ }).waitFor();
  const severities = await events.evaluateAll((all) => all.map((one) => one.dataset.severity));
  assert.deepEqual(severities, ["error", "warning", "warning", "error"], "the end, and three jobs of which the first called");
  await events.filter({ hasText: "sh040" }).waitFor({ state: "detached" });
  const listed = await set.daemon.request("GET", `/api/v1/notices?batch=${id}`);
  assert.deepEqual(listed.items.map(({ kind }) => kind), ["batch-failed", "job-failed", "job-failed", "job-failed"]);

  const { id: complete } = await set.daemon.request("POST", "/api/v1/batches", batchOf("again", [good]));
  await page.evaluate((id) => (location.hash = `#/events?batch=${id}`), complete);
  await events.filter({ hasText: "again is done: 1 job, 1 of them complete before" }).waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a daemon that is killed is stale at once on every view, and when it is back the page reads anew", async () => {
  const { gate, job } = set.gated("1-2", 1, "goes-on");
  await set.daemon.submit(job);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/node" });
  const asked = streams(page);
  const slot = page.locator(".node .slot-taken", { hasText: "goes-on" });
  await slot.waitFor();
  const attempt = await slot.getAttribute("data-attempt");
  // The views that come after the first paint are there from now on, also without a daemon.
  await page.waitForFunction(() => performance.getEntriesByType("resource").some(({ name }) => name.includes("HistoryView")));

  await set.daemon.kill();

  await page.locator(".connection-offline").waitFor();
  await page.locator(".page.is-stale").waitFor();
  await page.locator(".banner", { hasText: "No connection to the daemon since" }).waitFor();
  // What is shown stays, and says no more than was known: no time goes by, and nothing can be asked for.
  const known = await page.locator(".node-head").innerText();
  assert.equal(await slot.getAttribute("data-attempt"), attempt);
  await page.evaluate(() => (location.hash = "#/plugins/look"));
  await page.locator(".plugin-detail .decisions button").first().waitFor();
  const buttons = await page.locator(".plugin-detail .decisions button").evaluateAll((all) => all.map((one) => one.disabled));
  assert.ok(buttons.every(Boolean), "nobody can roll back what is not there");
  await page.evaluate(() => (location.hash = "#/node"));
  assert.equal(await page.locator(".node-head").innerText(), known);

  await set.daemon.restart();

  await page.locator(".connection-live").waitFor();
  await page.locator(".banner").waitFor({ state: "detached" });
  await page.locator(`.node .slot-taken[data-attempt="${attempt}"]`, { hasText: "goes-on" }).waitFor();
  assert.ok(asked.at(-1).after, "it asked for what came after what it had");
  await page.evaluate(() => (location.hash = "#/events"));
  await page.locator(".notice").filter({ hasText: "took up 1 render that went on meanwhile" }).waitFor();
  gate.open();
  await page.locator(".notice").filter({ hasText: "goes-on is done: 2 frames" }).waitFor();
  assert.deepEqual(complaints.filter((complaint) => !complaint.includes("net::ERR_")), []);
  await context.close();
});

/** What the page asked of the event stream, and how often it read the farm as a whole. */
function streams(page) {
  const asked = [];
  page.on("request", (request) => {
    const path = new URL(request.url()).pathname;
    if (path.endsWith("/api/v1/events")) asked.push({ after: request.headers()["last-event-id"], reads: 0 });
    else if (path.endsWith("/api/v1/node") && asked.length > 0) asked.at(-1).reads += 1;
  });
  return asked;
}

/** A line to the daemon that can be cut. */
async function lineTo(url) {
  let isCut = false;
  const { hostname, port, host } = new URL(url);
  const server = createServer((request, response) => {
    if (isCut) return void response.destroy();
    const onward = ask({ hostname, port, path: request.url, method: request.method, headers: { ...request.headers, host } }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    response.on("close", () => onward.destroy());
    request.pipe(onward);
  });
  await new Promise((listens) => server.listen(0, "127.0.0.1", listens));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    cut() {
      isCut = true;
      server.closeAllConnections();
    },
    mend() {
      isCut = false;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

test("a line that broke is told at once, and the page goes on where it broke off without reading all again", async () => {
  const line = await lineTo(set.daemon.url);
  try {
    const { page, context, complaints } = await openPage(set.browser, line.url, { hash: "#/events" });
    // It has heard an event, to go on after.
    await set.daemon.submit({ ...jobOf(set.scene, "1", join(set.dir, "heard", "####")), name: "heard" });
    await page.locator(".notice", { hasText: "heard is done: 1 frame" }).waitFor();
    const asked = streams(page);
    line.cut();
    await page.locator(".connection-offline").waitFor();
    const meanwhile = await set.daemon.submit({ ...jobOf(set.scene, "1", join(set.dir, "unheard", "####")), name: "unheard" });
    for (;;) if ((await set.daemon.request("GET", `/api/v1/jobs/${meanwhile}`)).status === "done") break;
    assert.equal(await page.locator(".notice", { hasText: "unheard" }).count(), 0);

    line.mend();

    await page.locator(".connection-live").waitFor();
    await page.locator(".notice", { hasText: "unheard is done: 1 frame" }).waitFor();
    assert.ok(asked.at(-1).after, "it asked for what came after what it had");
    assert.equal(asked.at(-1).reads, 0, "what it missed came as events");
    assert.deepEqual(complaints.filter((complaint) => !complaint.includes("net::ERR_")), []);
    await context.close();
  } finally {
    await line.close();
  }
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

test("a daemon with a token asks for it once, and all of the page works with it", async () => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "farmhand-token-")));
  const [token, other] = ["a-token-that-is-long-enough", "another-token-of-enough-length"];
  const daemon = await Daemon.start(dir, "", token);
  const context = await set.browser.newContext();
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const login = async (given) => {
      await page.getByLabel("Token").fill(given);
      await page.getByRole("button", { name: "Log in" }).click();
    };
    for (const path of ["/api/v1/events", "/api/v1/node", "/metrics"]) {
      assert.equal((await fetch(new URL(path, daemon.url))).status, 401, path);
    }
    await page.goto(`${daemon.url}/#/events?severity=error`);
    await login("not-this-one-surely");
    await page.getByRole("alert").filter({ hasText: "not the token" }).waitFor();
    await login(token);
    await page.locator(".connection-live").waitFor();
    assert.equal(page.url(), `${daemon.url}/#/events?severity=error`);

    // Events and pictures come with it.
    const id = await daemon.submit(jobOf(set.scene, "1-2", join(dir, "secret", "####")));
    await page.goto(`${daemon.url}/#/jobs/${id}`);
    await page.locator('.status[data-status="done"]').waitFor();
    await page.waitForFunction(() => {
      const images = [...document.querySelectorAll(".thumbnail img")];
      return images.length === 2 && images.every((image) => image.complete && image.naturalWidth > 0);
    });

    // Neither a reload nor another tab asks again, for a month; and no script can read what lets them in.
    await page.reload();
    await page.locator(".connection-live").waitFor();
    const tab = await context.newPage();
    await tab.goto(daemon.url);
    await tab.locator(".connection-live").waitFor();
    await tab.close();
    const [cookie] = await context.cookies();
    assert.equal((await context.cookies()).length, 1);
    assert.deepEqual([cookie.httpOnly, cookie.sameSite], [true, "Strict"]);
    assert.ok(cookie.expires > Date.now() / 1000 + 29 * 86_400, `${cookie.expires}`);
    const readable = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }, location.href]));
    assert.ok(!readable.includes(token) && !readable.includes(cookie.value), readable);
    assert.ok(!cookie.value.includes(token));

    await page.goto(`${daemon.url}/#/events?severity=error`);
    await daemon.stop();
    daemon.token = other;
    await daemon.restart();

    await page.locator(".banner").getByRole("link", { name: "Log in" }).click();
    await login(other);
    await page.locator(".connection-live").waitFor();
    assert.equal(page.url(), `${daemon.url}/#/events?severity=error`);
  } finally {
    await context.close();
    await daemon.stop();
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
});
