import { mkdirSync, mkdtempSync, writeFileSync, copyFileSync, realpathSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { launch, openPage } from "./support/browser.mjs";
import { Daemon } from "./support/daemon.mjs";
const out = "/tmp/shots"; mkdirSync(out, { recursive: true });
const dir = realpathSync(mkdtempSync(join(tmpdir(), "shots-")));
mkdirSync(join(dir, "shows/farm/sh010"), { recursive: true }); mkdirSync(join(dir, "shows/farm/sh020"), { recursive: true });
const scene = join(dir, "shows/farm/sh010_light_v014.blend");
copyFileSync("/work/wt-submit/host/fixtures/layers-3.4.blend", scene);
for (let n = 1; n < 30; n++) copyFileSync("/work/wt-submit/host/fixtures/layers-3.4.blend", join(dir, `shows/farm/sh${n}00_anim_v00${n % 9}.blend`));
const d = await Daemon.start(dir, `[paths]\nroots = [${JSON.stringify(join(dir, "shows"))}]\n`);
writeFileSync(join(dir, "a.tint"), "x");
const tint = join(dir, "shows", "a.tint"); writeFileSync(tint, "x");
writeFileSync(join(dir, "data/plugins/tint.py"), `import farmhand
from farmhand import Command
class Tint(farmhand.Plugin):
    """Tints pictures of barns."""
    extensions = ["tint"]
    tools = ["true"]
    options = {
        "type": "object", "required": ["mode"], "additionalProperties": False, "properties": {
        "mode": {"enum": ["warm", "cold"], "title": "Mode", "description": "Which tint."},
        "strength": {"type": "integer", "minimum": 1, "maximum": 9, "default": 3, "unit": "%"},
        "size": {"type": "array", "items": {"type": "integer"}, "minItems": 2, "maxItems": 2, "title": "Size"},
        "tags": {"type": "array", "items": {"type": "string"}, "title": "Tags"},
        "light": {"type": "object", "title": "Light", "properties": {"key": {"type": "number", "description": "Key light."}, "on": {"type": "boolean", "default": True}}},
        "lut": {"type": "object", "title": "LUT"},
        "script": {"type": "string", "contentMediaType": "text/x-python"},
        },
    }
    def build_command(self, task):
        return Command("true")
`);
const b = await launch();
const only = process.argv[2];
for (const [width, height] of [[1440, 900], [360, 740], [2560, 1440]]) for (const scheme of ["light", "dark"]) {
  const { page, context, complaints } = await openPage(b, d.url, { hash: `#/submit`, width, height, scheme });
  const f = (p) => page.locator(`[data-field="${p}"]`).locator("input, select, textarea").first();
  await f("/scene").fill(scene);
  await page.locator(".layers .chip").first().waitFor();
  await page.locator(".chip input").first().check();
  await f("/frames").fill("101-120,130-148x3");
  await f("/output").fill(join(dir, "shows/renders/{layer}/sh010.####"));
  await f("/options/samples").fill("64");
  await page.locator('.plan[data-plan="ready"]').waitFor();
  await page.getByRole("button", { name: "Dry run" }).click();
  await page.locator(".plan-command").first().waitFor();
  await page.locator(".submit").evaluate((e) => e.scrollTo(0, 0));
  await page.screenshot({ path: `${out}/form-${width}-${scheme}.png`, fullPage: width < 1000 });
  await page.getByRole("button", { name: "Browse…" }).click();
  await page.locator(".entry").first().waitFor();
  await page.keyboard.press("ArrowDown");
  await page.screenshot({ path: `${out}/browse-${width}-${scheme}.png` });
  await page.keyboard.press("Escape");
  await f("/scene").fill(tint);
  await f("/options/strength").fill("12");
  await page.locator('[data-field="/options/tags"] button', { hasText: "Add" }).click();
  await page.keyboard.type("barn");
  await f("/options/lut").fill("{nope}");
  await page.locator(".send").click();
  for (const name of ["Name, user", "Levels", "Threads", "Limits", "Hooks", "Versions"]) await page.locator("summary", { hasText: name }).click();
  await page.getByRole("button", { name: "Add a hook" }).click();
  await page.screenshot({ path: `${out}/wrong-${width}-${scheme}.png`, fullPage: width < 1000 });
  await page.locator(".more").last().scrollIntoViewIfNeeded();
  if (width > 1000) await page.screenshot({ path: `${out}/more-${width}-${scheme}.png` });
  console.log(width, scheme, complaints);
  await context.close();
}
await b.close(); await d.stop();
