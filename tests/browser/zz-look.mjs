import { writeFileSync, mkdtempSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openPage, jobStatus, launch } from "./support/browser.mjs";
import { jobOf, makeScene } from "./support/scene.mjs";
import { Daemon } from "./support/daemon.mjs";
const dir = realpathSync(mkdtempSync(join(tmpdir(), "fh-look-")));
const [scene, daemon, browser] = await Promise.all([makeScene(dir), Daemon.start(dir), launch()]);
const slow = join(dir, "slow.py");
writeFileSync(slow, "import bpy, time\ndef slow(scene, *_):\n    if scene.frame_current == 7:\n        time.sleep(4)\nbpy.app.handlers.render_pre.append(slow)\n");
const bad = join(dir, "bad.py"); writeFileSync(bad, "raise RuntimeError('no such rig: bert')\n");
const jobs = {};
jobs.times = await daemon.submit({ ...jobOf(scene, "1-40", join(dir, "t", "####"), slow), chunk: { fixed: 10 }, name: "sq010_sh0040_light_v012" });
jobs.failed = await daemon.submit({ ...jobOf(scene, "1-60", join(dir, "f", "####"), bad), chunk: { fixed: 20 } });
const fb = jobOf(scene, "1-8", join(dir, "fb", "####"));
fb.options = { ...fb.options, engine: "CYCLES", samples: 1, denoise: true }; fb.chunk = { fixed: 4 };
jobs.fallback = await daemon.submit(fb);
const status = { times: "done", failed: "failed", fallback: "done" };
for (const [name, id] of Object.entries(jobs)) {
  const { page, context } = await openPage(browser, daemon.url, { hash: `#/jobs/${id}` });
  page.on("response", (r) => r.status() >= 400 && console.log(name, r.status(), r.url()));
  await jobStatus(page, status[name]);
  await context.close();
}
console.log(JSON.stringify(await daemon.request("GET", `/api/v1/jobs/${jobs.times}/times`)));
console.log(JSON.stringify(await daemon.request("GET", `/api/v1/jobs/${jobs.failed}/trouble`)));
const shots = [];
for (const part of ["", "/attempts", "/times", "/log", "/details"]) shots.push(["times", part, 1440, 900, "light"]);
for (const part of ["", "/attempts"]) shots.push(["failed", part, 1440, 900, "light"], ["failed", part, 1440, 900, "dark"], ["fallback", part, 1440, 900, "light"]);
for (const part of ["", "/attempts", "/times", "/details"]) shots.push(["fallback", part, 360, 740, "light"]);
shots.push(["times", "/times", 2560, 1440, "dark"], ["failed", "", 2560, 1440, "light"], ["times", "/times", 360, 740, "dark"]);
for (const [name, part, width, height, scheme] of shots) {
  const { page, context, complaints } = await openPage(browser, daemon.url, { hash: `#/jobs/${jobs[name]}${part}`, width, height, scheme });
  page.on("response", (r) => r.status() >= 400 && console.log(name, r.status(), r.url()));
  await page.waitForTimeout(2500);
  await page.screenshot({ path: `/tmp/joblook/${name}${part.replace("/", "-")}-${width}-${scheme}.png` });
  if (complaints.length) console.log(name, part, complaints);
  await context.close();
}
await browser.close();
if (process.argv[2] === "stay") console.log("URL", daemon.url, JSON.stringify(jobs)); else await daemon.stop();
