// The log of an attempt: a million lines, searching them, what is marked beside them, and a log that grows.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { jobStatus, openPage } from "./support/browser.mjs";
import { jobOf } from "./support/scene.mjs";
import { setting } from "./support/setting.mjs";

const LINES = Number(process.env.LOG_LINES ?? 1_000_000);
/** As many lines a second as the shim keeps of a program, and some room. */
const A_SECOND = 200_000;
const NEEDLE = Math.round(LINES * 0.7);

const jobs = {};
const set = setting(async ({ dir, scene, daemon }) => {
  const script = join(dir, "floods.py");
  writeFileSync(
    script,
    `import os, sys, time
sys.stdout.flush()
print("\\x1b[1;31mred\\x1b[0m and \\x1b[38;5;28mgreen\\x1b[0m, \\u202eturned\\u202c, bell\\x07", flush=True)
print("<img src=x onerror=alert(1)>", flush=True)
print("10%\\r50%\\r100% drawn over", flush=True)
print("x" * 1000000 + "END", flush=True)
n = 0
while n < ${LINES}:
    part = range(n, min(n + ${A_SECOND / 10}, ${LINES}))
    sys.stdout.write("".join(("needle %d\\n" if k == ${NEEDLE} else "line %08d ok\\n") % k for k in part))
    n = part[-1] + 1
    sys.stdout.flush()
    # No hurry to make up for a pause: what comes too fast is left out of a log.
    time.sleep(0.1)
raise RuntimeError("no such rig: bert")
`,
  );
  jobs.flood = await daemon.submit(jobOf(scene, "1", join(dir, "floods", "####"), script));
  const { page, context } = await openPageOn(set, `#/jobs/${jobs.flood}`);
  await jobStatus(page, "failed");
  await context.close();
  const { items } = await daemon.request("GET", `/api/v1/jobs/${jobs.flood}/attempts`);
  jobs.attempt = items.at(-1).id;
});

function openPageOn({ browser, daemon }, hash, more = {}) {
  return openPage(browser, daemon.url, { hash, ...more });
}

const openLog = (query = "", more = {}) => openPageOn(set, `#/jobs/${jobs.flood}/attempts/${jobs.attempt}${query}`, more);
const ended = (page) => page.locator('.log[data-phase="ended"]').waitFor();
const row = (page, text) => page.locator(".log-line", { hasText: text });

/** Milliseconds from `act` to the paint that shows what `shown` looks for. */
async function measure(page, act, shown) {
  return page.evaluate(
    async ([doIt, isShown]) => {
      const start = performance.now();
      // eslint-disable-next-line no-eval
      const [work, look] = [new Function(`return ${doIt}`)(), new Function(`return ${isShown}`)()];
      work();
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        if (look()) return Math.round(performance.now() - start);
        if (performance.now() - start > 30_000) return -1;
      }
    },
    [act, shown],
  );
}

test("millions of lines: any of them at once, and few of them in the page", async () => {
  const { page, context, complaints } = await openLog();
  await ended(page);
  await page.waitForFunction((least) => Number(document.querySelector(".log").dataset.lines) > least, LINES);
  await row(page, "no such rig: bert").first().waitFor();

  const took = [];
  for (const part of [0.5, 0.25, 0.75, 0.1, 0.9]) {
    const ms = await page.evaluate(async (where) => {
      const box = document.querySelector(".log-lines");
      const start = performance.now();
      box.scrollTop = (box.scrollHeight - box.clientHeight) * where;
      for (;;) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        const rows = [...box.querySelectorAll("[data-line]")];
        const all = Number(document.querySelector(".log").dataset.lines);
        const near = rows.length > 0 && Math.abs(Number(rows[0].dataset.line) / all - where) < 0.01;
        if (near && rows.every((one) => !one.classList.contains("unread"))) return performance.now() - start;
        if (performance.now() - start > 30_000) return -1;
      }
    }, part);
    assert.ok(ms >= 0, `the lines at ${part} of the log are shown`);
    took.push(Math.round(ms));
  }
  console.log(`# ${LINES} lines: a jump anywhere takes ${took.join(", ")} ms`);
  assert.ok((await page.locator(".log-line").count()) < 150, "only what is in sight is in the page");

  // A line says its own number, so that what is shown is what was asked for.
  const first = Number(await row(page, "line 0").first().getAttribute("data-line"));
  const text = await page.locator(`[data-line="${first}"] .log-text`).textContent();
  const lines = await set.daemon.request("GET", `/api/v1/attempts/${jobs.attempt}/log/lines?from=${first}&count=1`);
  assert.equal(lines.items[0].text, text);

  await page.locator(".log-lines").focus();
  await page.keyboard.press("g");
  await page.locator('[data-line="1"]').waitFor();
  await page.keyboard.press("PageDown");
  await page.locator('[data-line="1"]').waitFor({ state: "detached" });
  await page.keyboard.press("Home");
  await page.locator('[data-line="1"]').waitFor();
  await page.keyboard.press("G");
  await row(page, "no such rig: bert").first().waitFor();
  assert.deepEqual(complaints, []);
  await context.close();
});

test("what was searched for is counted, shown, and gone through by keys", async () => {
  const { page, context, complaints } = await openLog();
  await ended(page);
  await page.locator(".log-lines").focus();
  await page.keyboard.press("/");
  const start = Date.now();
  await page.keyboard.type("NEEDLE");
  await page.locator(".log-found", { hasText: "not found" }).waitFor();
  console.log(`# ${LINES} lines: searched in ${Date.now() - start} ms, the pause after typing included`);
  await page.keyboard.press("Control+a");
  await page.keyboard.type("needle");
  await page.locator('.log-found[data-count="1"]').waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".log-line.marked", { hasText: `needle ${NEEDLE}` }).waitFor();
  assert.equal(await page.locator(".log-line.marked mark").textContent(), "needle");

  await page.getByRole("searchbox", { name: "Search the log" }).fill("line \\d{5}999 ok$");
  await page.getByRole("button", { name: "Regular expression" }).click();
  await page.locator(`.log-found[data-count="${LINES / 1000}"]`).waitFor();
  await page.locator(".log-lines").focus();
  await page.keyboard.press("g");
  await page.keyboard.press("n");
  await page.locator(".log-line.marked", { hasText: "line 00000999 ok" }).waitFor();
  await page.keyboard.press("n");
  await page.locator(".log-line.marked", { hasText: "line 00001999 ok" }).waitFor();
  await page.keyboard.press("N");
  await page.locator(".log-line.marked", { hasText: "line 00000999 ok" }).waitFor();
  await page.keyboard.press("N");
  await page.locator(".log-line.marked", { hasText: `line ${String(LINES - 1).padStart(8, "0")} ok` }).waitFor();

  await page.getByRole("searchbox", { name: "Search the log" }).fill("(");
  await page.locator(".log .callout-bad", { hasText: "is no regular expression" }).waitFor();
  await page.getByRole("searchbox", { name: "Search the log" }).fill("");
  await page.locator(".log .callout-bad").waitFor({ state: "detached" });
  assert.deepEqual(complaints.filter((text) => !text.includes("400")), []);
  await context.close();
});

test("the line that decided is linked, marked and gone to", async () => {
  const { page, context } = await openLog("?at=verdict");
  await page.locator(".log-line.marked", { hasText: "no such rig: bert" }).waitFor();
  assert.ok(Number(await page.locator(".log-marks").getAttribute("data-faults")) > 0);
  await page.locator(".log-lines").focus();
  await page.keyboard.press("g");
  await page.locator('[data-line="1"]').waitFor();
  await page.getByRole("button", { name: "Deciding line" }).click();
  await page.locator(".log-line.marked", { hasText: "no such rig: bert" }).waitFor();
  await page.keyboard.press("Tab");
  await context.close();

  const line = Math.round(LINES / 2);
  const other = await openLog(`?line=${line}`);
  await other.page.locator(`.log-line.marked[data-line="${line}"]`).waitFor();
  await other.page.locator(`.log-line.marked .log-number`).click();
  assert.match(other.page.url(), new RegExp(`line=${line}$`));
  const next = other.page.locator(`[data-line="${line + 2}"] .log-number`);
  await next.click({ modifiers: ["Shift"] });
  await other.context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await other.page.getByRole("button", { name: "Copy 3 lines" }).click();
  await other.page.locator(".log-said", { hasText: "Copied" }).waitFor();
  const copied = await other.page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^line \d{8} ok\nline \d{8} ok\nline \d{8} ok$/);
  await other.context.close();
});

test("colours are shown, and nothing that a program prints does anything to the page", async () => {
  const { page, context, complaints } = await openLog();
  await ended(page);
  await page.locator(".log-lines").focus();
  await page.keyboard.press("/");
  await page.keyboard.type("onerror");
  await page.keyboard.press("Enter");
  await row(page, "<img src=x onerror=alert(1)>").waitFor();
  await page.locator(".log-line .ansi-red.ansi-bold", { hasText: "red" }).waitFor();
  await page.locator(".log-line .ansi-green", { hasText: "green" }).waitFor();
  await row(page, "\ufffdturned\ufffd, bell\u2407").waitFor();
  await row(page, /^[\d\s]*100% drawn over$/).waitFor();
  assert.equal(await page.locator(".log img").count(), 0);

  const long = row(page, "xxxxxxxx");
  assert.equal((await long.locator(".log-text").textContent()).length, 4096);
  await long.getByRole("button", { name: /show more/ }).click();
  await page.waitForFunction(() => [...document.querySelectorAll(".log-text")].some((one) => one.textContent.length > 60_000));
  await page.getByRole("checkbox", { name: "Wrap" }).check();
  await page.locator(".log-lines.wrap").waitFor();
  await page.keyboard.press("Tab");
  assert.deepEqual(complaints, []);
  await context.close();
});

/**
 * A script that says `text`, with its number in place of `%d`, as often as it is told to, and ends after `all` of them.
 * `first` is said before.
 */
function teller(name, text, all, first = "") {
  const [script, told] = [join(set.dir, `${name}.py`), join(set.dir, `${name}.say`)];
  writeFileSync(
    script,
    `import time
${first}
said = 0
while said < ${all}:
    try:
        want = int(open(${JSON.stringify(told)}).read() or 0)
    except (OSError, ValueError):
        want = 0
    while said < want:
        said += 1
        print(${JSON.stringify(text)} % said, flush=True)
    time.sleep(0.005)
`,
  );
  return { script, say: (number) => writeFileSync(told, String(number)) };
}

test("a log that grows is followed until the reader looks back", async () => {
  const old = `for n in range(500): print("old line %d" % n, flush=True)`;
  const { script, say } = teller("grows", "new line %d", 1000, old);
  const id = await set.daemon.submit(jobOf(set.scene, "1", join(set.dir, "grows", "####"), script));
  const { page, context, complaints } = await openPageOn(set, `#/jobs/${id}`);
  await page.locator('.log[data-phase="growing"]').waitFor();
  await row(page, "old line 499").waitFor();

  const took = [];
  for (let n = 1; n <= 20; n += 1) {
    const seen = page.evaluate(
      (text) =>
        new Promise((resolve) => {
          const look = () => {
            if (document.querySelector(".log-rows").textContent.includes(text)) resolve(Date.now());
            else requestAnimationFrame(look);
          };
          look();
        }),
      `new line ${n}`,
    );
    const at = Date.now();
    say(n);
    took.push((await seen) - at);
  }
  took.sort((a, b) => a - b);
  console.log(`# a new line is on the page after ${took[10]} ms (median), ${took[19]} ms at most`);

  await page.locator(".log-lines").hover();
  await page.mouse.wheel(0, -300);
  await page.getByRole("button", { name: "To the end" }).waitFor();
  const top = await page.locator(".log-line").first().getAttribute("data-line");
  say(60);
  await page.waitForFunction((least) => Number(document.querySelector(".log").dataset.lines) >= least, 560);
  assert.equal(await page.locator(".log-line").first().getAttribute("data-line"), top, "nothing moves under the reader");
  await page.getByRole("button", { name: "To the end" }).click();
  await row(page, "new line 60").waitFor();
  say(61);
  await row(page, "new line 61").waitFor();
  say(1000);
  await ended(page);
  await jobStatus(page, "done");
  assert.deepEqual(complaints, []);
  await context.close();
});

test("a log is followed, searched and marked over a restart of the daemon, with every line once", async () => {
  const { script, say } = teller("outlives", "word %d of it", 900);
  const id = await set.daemon.submit(jobOf(set.scene, "1", join(set.dir, "outlives", "####"), script));
  say(300);
  const { page, context } = await openPageOn(set, `#/jobs/${id}`);
  const line = await row(page, "word 300 of it").elementHandle();
  await page.getByRole("searchbox", { name: "Search the log" }).fill("of it");
  await page.locator(".log-found[data-count]").waitFor();
  await row(page, "word 300 of it").locator("mark").waitFor();
  assert.equal(await line.evaluate((element) => element.isConnected), true, "a line that is read again is the same element");

  await set.daemon.kill();
  await page.locator('.log[data-phase="interrupted"]').waitFor();
  assert.equal(await page.locator(".log .callout-bad").count(), 0, "that the daemon is away is said once, at the top");
  say(600);
  await set.daemon.restart();
  await page.locator('.log[data-phase="growing"]').waitFor();
  await row(page, "word 600 of it").waitFor();
  say(700);
  await row(page, "word 700 of it").waitFor();

  say(900);
  await ended(page);
  await jobStatus(page, "done");
  await page.locator('.log-found[data-count="900"]').waitFor();
  const { items } = await set.daemon.request("GET", `/api/v1/jobs/${id}/attempts`);
  assert.equal(items.length, 1, "the render that was there goes on");
  const { count } = await set.daemon.request("GET", `/api/v1/attempts/${items[0].id}/log/search?q=of%20it&count=1`);
  assert.equal(count, 900);
  await context.close();
});
