// Takes a picture of the page of a running daemon, for the README and for looking at it. No test.
//   node screenshot.mjs URL OUT.png [WIDTHxHEIGHT] [light|dark] [HASH]
import { launch, openPage } from "./support/browser.mjs";

const [url, out, size = "1440x900", scheme = "light", hash = "#/"] = process.argv.slice(2);
if (out === undefined) {
  console.error("usage: node screenshot.mjs URL OUT.png [WIDTHxHEIGHT] [light|dark] [HASH]");
  process.exit(2);
}
const [width, height] = size.split("x").map(Number);
const browser = await launch();
const { page, complaints } = await openPage(browser, url.replace(/\/$/, ""), { hash, width, height, scheme });
await page.locator("h1, h2").first().waitFor();
await page.waitForFunction(() => [...document.querySelectorAll(".thumbnail img")].every((image) => image.complete));
await page.screenshot({ path: out });
await browser.close();
for (const complaint of complaints) console.error(complaint);
