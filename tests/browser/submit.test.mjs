// The submit form against the real daemon: a render from a scene in the roots, a plugin that changes under the open form,
// and that nothing typed is lost.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { frameCount, jobStatus, openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A plugin as a TD writes it, with these options. */
const plugin = (options) => `import farmhand
from farmhand import Command


class Tint(farmhand.Plugin):
    """Tints."""

    extensions = ["tint"]
    tools = ["true"]
    options = {
${options.map(([name, schema]) => `        "${name}": ${schema},`).join("\n")}
    }

    def build_command(self, task):
        return Command("true")
`;
const STRENGTH = ["strength", '{"type": "integer", "minimum": 1, "maximum": 9, "title": "Strength"}'];
const NOTE = ["note", '{"type": "string", "title": "Note"}'];
const GAMMA = ["gamma", '{"type": "number", "default": 2.2, "title": "Gamma", "description": "New today."}'];

const set = setting(
  async (set) => {
    mkdirSync(join(set.dir, "shows", "tint"), { recursive: true });
    set.tint = join(set.dir, "shows", "tint", "a.tint");
    writeFileSync(set.tint, "a scene");
    set.save = (options) => writeFileSync(join(set.dir, "data", "plugins", "tint.py"), plugin(options));
  },
  (dir) => `[paths]\nroots = [${JSON.stringify(dir)}]\n`,
);

const field = (page, pointer) => page.locator(`[data-field="${pointer}"]`);
const input = (page, pointer) => field(page, pointer).locator("input, select, textarea").first();
const ready = (page) => page.locator('.plan[data-plan="ready"]').waitFor();

test("a render is picked, checked and submitted once, and lands", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/submit" });
  await page.getByText("Choose a scene to see what would run.").waitFor();

  // By keyboard alone: into the root, a part of the name, Enter.
  await page.getByRole("button", { name: "Browse…" }).click();
  await page.locator(".entry", { hasText: set.dir }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator('.entry[data-kind="directory"]', { hasText: "shows" }).waitFor();
  await page.keyboard.press("ArrowLeft");
  await page.locator(".entry", { hasText: set.dir }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".crumb:disabled", { hasText: set.dir }).waitFor();
  await page.keyboard.type("SHOT");
  await page.locator('.entry:only-child[data-kind="scene"]', { hasText: "shot.blend" }).waitFor();
  await page.keyboard.press("Enter");
  assert.equal(await input(page, "/scene").inputValue(), set.scene);

  // What the scene says of itself.
  await page.getByText("the scene's own range, 1-12").first().waitFor();
  await page.locator(".frames-preview", { hasText: "12 frames: 1 to 12" }).waitFor();
  await page.locator(".layers .form-chip", { hasText: "ViewLayer" }).waitFor();

  // A frame set that is not right says where; nothing is asked of the daemon with it.
  await input(page, "/frames").fill("1-3,");
  await field(page, "/frames").locator(".field-wrong", { hasText: "column 5: a frame number is missing at the end" }).waitFor();
  await page.locator('.plan[data-plan="wrong"]').waitFor();
  await input(page, "/frames").fill("1-3");
  await page.locator('.frames-preview [data-count="3"]').waitFor();

  // What only the daemon knows to be wrong stands at its field.
  await input(page, "/output").fill("/nowhere/####");
  await field(page, "/output").locator(".field-wrong", { hasText: "outside the directories" }).waitFor();
  await input(page, "/output").fill(join(set.dir, "renders", "####"));
  await input(page, "/options/samples").fill("0");
  await field(page, "/options/samples").locator(".field-wrong", { hasText: "1 is the least" }).waitFor();
  await input(page, "/options/samples").fill("1");
  await input(page, "/options/format").selectOption("PNG");
  await ready(page);
  await page.locator(".first-image", { hasText: join(set.dir, "renders", "0001.png") }).waitFor();
  await page.getByText("Ready: 3 images").waitFor();

  await page.getByRole("button", { name: "Dry run" }).click();
  await page.locator('[data-level="render"] .plan-command', { hasText: "shot.blend" }).waitFor();
  assert.equal((await set.daemon.request("GET", "/api/v1/jobs")).items.length, 0, "a dry run makes no job");

  await page.locator(".send").dblclick();
  await page.waitForURL(/#\/jobs\/1$/);
  await jobStatus(page, "done");
  await frameCount(page, "done", 3);
  assert.ok(existsSync(join(set.dir, "renders", "0003.png")));
  const { items } = await set.daemon.request("GET", "/api/v1/jobs");
  assert.equal(items.length, 1, "pressed twice, submitted once");
  const { spec } = await set.daemon.request("GET", "/api/v1/jobs/1");
  assert.deepEqual([spec.frames, spec.options], ["1-3", { format: "PNG", samples: 1 }]);

  // From this browser, and from the job.
  await page.goto(`${set.daemon.url}/#/submit`);
  assert.equal(await input(page, "/scene").inputValue(), "", "what was submitted is no draft any more");
  await page.getByRole("button", { name: "Fill in shot" }).click();
  assert.equal(await input(page, "/frames").inputValue(), "1-3");
  await page.getByRole("button", { name: "Clear", exact: true }).click();
  assert.equal(await input(page, "/frames").inputValue(), "");
  await page.getByRole("button", { name: "Back to what was there" }).click();
  assert.equal(await input(page, "/frames").inputValue(), "1-3");
  await page.goto(`${set.daemon.url}/#/jobs/1`);
  await page.getByRole("link", { name: "Submit again" }).click();
  await page.getByText("Filled in from job 1.").waitFor();
  assert.equal(await input(page, "/options/samples").inputValue(), "1");
  assert.match(page.url(), /#\/submit$/, "a reload does not fill it in once more");

  assert.deepEqual(complaints.filter((one) => !one.includes("422")), []);
  await context.close();
});

test("an option that a TD adds appears in the open form, and nothing typed is lost", async () => {
  set.save([STRENGTH, NOTE]);
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/submit" });
  await input(page, "/scene").fill(set.tint);
  await input(page, "/frames").fill("1-5");
  await input(page, "/options/strength").fill("7");
  await input(page, "/options/note").fill("half a sen");
  await input(page, "/options/note").focus();

  set.save([STRENGTH, NOTE, GAMMA]);
  await field(page, "/options/gamma").getByText("New today.").waitFor();
  // The cursor is where it was, too.
  await page.keyboard.type("tence");
  assert.equal(await input(page, "/options/note").inputValue(), "half a sentence");
  assert.equal(await input(page, "/options/strength").inputValue(), "7");
  await ready(page);

  // One that goes away is named, and not sent.
  set.save([NOTE, GAMMA]);
  await page.locator(".leftover", { hasText: "strength = 7" }).waitFor();
  await field(page, "/options/strength").waitFor({ state: "detached" });
  await ready(page);
  const [request] = await Promise.all([page.waitForRequest(/dry_run=true/), page.getByRole("button", { name: "Dry run" }).click()]);
  assert.deepEqual(request.postDataJSON().options, { note: "half a sentence" });

  // A save that does not load: the form says so and stays as it was.
  writeFileSync(join(set.dir, "data", "plugins", "tint.py"), "class Tint(\n");
  await page.locator(".plugin-trouble", { hasText: "The newest save of tint does not serve" }).waitFor();
  await page.locator(".plugin-trouble .failure", { hasText: "SyntaxError" }).waitFor();
  assert.equal(await input(page, "/options/note").inputValue(), "half a sentence");
  set.save([STRENGTH, NOTE]);
  await page.locator(".plugin-trouble").waitFor({ state: "detached" });
  await page.waitForFunction(() => document.querySelector('[data-field="/options/strength"] input')?.value === "7");

  // The plugin goes altogether, and comes back.
  rmSync(join(set.dir, "data", "plugins", "tint.py"));
  await page.getByText("No plugin takes this scene.").waitFor();
  set.save([STRENGTH, NOTE]);
  await page.waitForFunction(() => document.querySelector('[data-field="/options/note"] input')?.value === "half a sentence");

  assert.deepEqual(complaints.filter((one) => !one.includes("422")), []);
  await context.close();
});

test("a draft survives a reload and the end of the daemon", async () => {
  const { page, context } = await openPage(set.browser, set.daemon.url, { hash: "#/submit" });
  await input(page, "/scene").fill(set.scene);
  await input(page, "/frames").fill("1-3,");
  await page.getByRole("textbox", { name: "Another layer" }).fill("Beauty");
  await page.keyboard.press("Enter");
  await page.locator("summary", { hasText: "Limits" }).click();
  await input(page, "/limits/retries").fill("x");

  await page.reload();
  await page.locator(".connection-live").waitFor();
  assert.equal(await input(page, "/frames").inputValue(), "1-3,");
  await page.locator(".form-chip", { hasText: "Beauty" }).waitFor();
  await field(page, "/limits/retries").locator(".field-wrong").waitFor();
  assert.equal(await input(page, "/limits/retries").inputValue(), "x");

  await set.daemon.kill();
  await page.locator(".connection-offline").waitFor();
  await input(page, "/frames").fill("2-4");
  await input(page, "/limits/retries").fill("1");
  await page.locator(".send:disabled").waitFor();
  await set.daemon.restart();
  await page.locator(".connection-live").waitFor();
  assert.equal(await input(page, "/frames").inputValue(), "2-4");
  await page.locator(".form-chip", { hasText: "Beauty not in the scene" }).waitFor();
  await page.getByRole("button", { name: "Remove layer Beauty" }).click();
  await ready(page);
  await context.close();
});

test("whatever the daemon finds wrong stands at its field, once, with what is allowed", async () => {
  const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/submit" });
  await input(page, "/scene").fill(set.scene);
  await input(page, "/frames").fill("1");
  await ready(page);
  for (const part of await page.locator(".more > summary").all()) await part.click();
  const says = async (pointer, text) => {
    const message = page.locator(".field-wrong li", { hasText: text });
    await message.waitFor();
    assert.equal(await message.count(), 1, `${pointer}: once`);
    assert.equal(await message.locator("xpath=ancestor::*[@data-field][1]").getAttribute("data-field"), pointer);
    await page.locator(".mistake", { hasText: text }).click();
    await page.waitForFunction((at) => document.activeElement?.closest("[data-field]")?.dataset.field === at, pointer);
  };
  const isWrong = async (pointer, typed, text, fill = input(page, pointer)) => {
    await fill.fill(typed);
    await says(pointer, text);
    await fill.fill("");
    await ready(page);
  };
  await isWrong("/priority", "101", "A whole number from 0 to 100");
  await isWrong("/gpus", "65", "A whole number from 0 to 64");
  await input(page, "/gpus").fill("1");
  await isWrong("/gpus/memory", "12", "An amount with its unit");
  await input(page, "/gpus").fill("");
  // What only the daemon knows.
  await isWrong("/after", "999", "there is no job 999");
  await isWrong("/licences", "arnold", "knows a licence arnold; there are none");
  await isWrong("/memory", "2000 TB", "the most is 1000 TB");
  await isWrong("/dcc_version", "new", "is no version requirement");
  await isWrong("/plugin/digest", "0000", "0000");
  await input(page, "/plugin").selectOption("blender");
  await isWrong("/plugin/version", "new", "is no version requirement");
  await page.getByRole("button", { name: "Add a hook" }).click();
  await input(page, "/hooks/0").fill("publish.sh");
  await says("/hooks/0", "there is no publish.sh in");
  await page.getByRole("button", { name: "Remove hook 1" }).click();
  await page.getByRole("button", { name: "Add a notification" }).click();
  await input(page, "/notify/0").fill("chat");
  await says("/notify/0", "there is no webhook chat; there are none");
  await page.getByRole("button", { name: "Remove notification 1" }).click();
  await ready(page);

  // And what is right there is what the job has.
  await input(page, "/memory").fill("1.5 GB");
  await input(page, "/gpus").fill("0");
  await input(page, "/limits/stall_seconds").fill("600");
  await input(page, "/name").fill("all of it");
  await page.getByRole("checkbox", { name: "Submit it paused" }).check();
  await ready(page);
  await page.locator(".send").click();
  await page.waitForURL(/#\/jobs\/\d+$/);
  const { spec, status } = await set.daemon.request("GET", `/api/v1/jobs/${page.url().match(/\d+$/)[0]}`);
  assert.deepEqual([spec.name, status, spec.limits.stall_seconds], ["all of it", "paused", 600]);
  assert.ok(spec.needs.length > 0 && spec.needs.every(({ memory_bytes, gpus }) => memory_bytes === 1.5e9 && gpus === null), JSON.stringify(spec.needs));
  assert.deepEqual(complaints.filter((one) => !one.includes("422")), []);
  await context.close();
});

test("a job's own specification is what is submitted again", async () => {
  const id = await set.daemon.submit({ ...jobOf(set.scene, "4-6", join(set.dir, "again", "{layer}", "####")), paused: true, priority: 61, layers: ["ViewLayer"], limits: { retries: 1 }, memory: "1.5 GB", gpus: { count: 1, memory: "2 GB", required: false } });
  const { page, context } = await openPage(set.browser, set.daemon.url, { hash: `#/submit?job=${id}` });
  await page.getByText(`Filled in from job ${id}.`).waitFor();
  await ready(page);
  await page.locator(".send").click();
  await page.waitForURL(new RegExp(`#/jobs/${id + 1}$`));
  const [first, second] = await Promise.all([id, id + 1].map((job) => set.daemon.request("GET", `/api/v1/jobs/${job}`)));
  assert.deepEqual(second.spec, first.spec);
  await context.close();
});

for (const [width, height, scheme] of [[1440, 900, "light"], [360, 740, "dark"], [2560, 1440, "dark"]]) {
  test(`${width} by ${height}, ${scheme}: the form is accessible and within its width, right and wrong`, async () => {
    set.save([STRENGTH, NOTE]);
    const { page, context, complaints } = await openPage(set.browser, set.daemon.url, { hash: "#/submit", width, height, scheme });
    const isFine = async (what) => {
      const found = await page.evaluate(`${AXE}; axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })`);
      const violations = found.violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")}`);
      assert.deepEqual(violations, [], what);
      assert.equal(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), true, `${what}: no sideways scrolling`);
    };
    await input(page, "/scene").fill(set.scene);
    await page.locator(".layers .form-chip").first().waitFor();
    for (const part of await page.locator(".more > summary").all()) await part.click();
    await page.getByRole("button", { name: "Add a hook" }).click();
    await page.locator(".send").click();
    await page.locator(".mistake", { hasText: "A script needs a name." }).click();
    await page.waitForFunction(() => document.activeElement?.closest('[data-field="/hooks/0"]') !== null);
    await isFine("wrong");
    await page.getByRole("button", { name: "Remove hook 1" }).click();
    await ready(page);
    await page.getByRole("button", { name: "Dry run" }).click();
    await page.locator(".plan-command").first().waitFor();
    await isFine("right");
    await page.getByRole("button", { name: "Browse…" }).click();
    await page.locator(".entry").first().waitFor();
    await isFine("browsing");
    assert.deepEqual(complaints, []);
    await context.close();
  });
}
