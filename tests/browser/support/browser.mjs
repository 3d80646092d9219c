// Real Chromium, and a page that remembers everything that its console, its security policy and its network said.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** How long a condition may take on a slow and busy machine before the test fails. */
export const PATIENCE = 120_000;

export function launch() {
  const executablePath = process.env.CHROMIUM_BIN ?? PLACES.find((place) => existsSync(place));
  if (executablePath === undefined) throw new Error("Chromium is not there; `scripts/setup test` installs it");
  return chromium.launch({ executablePath, args: ARGUMENTS });
}

/** Opens the page at `hash`. What should not be in `complaints` is there when something went wrong on it. */
export async function openPage(browser, url, { hash = "#/", width = 1440, height = 900, scheme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  const complaints = [];
  const requests = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(error.stack ?? error.message));
  page.on("request", (request) => requests.push(request.url()));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      console.error(`security policy: ${event.violatedDirective} refused ${event.blockedURI}`);
    });
  });
  await page.goto(`${url}/${hash}`);
  await page.locator(".connection-live").waitFor();
  return { page, context, complaints, requests };
}

/** Waits until the chosen job is in this state. */
export async function jobStatus(page, status) {
  const wanted = page.locator(`.status[data-status="${status}"]`).waitFor();
  await wanted.catch(async (error) => {
    throw new Error(`${error.message}\nThe page says: ${await page.locator("body").innerText()}`);
  });
}

/** Waits until this many frames of the chosen job are in this state. */
export function frameCount(page, state, count) {
  return page.locator(`.legend [data-state="${state}"][data-count="${count}"]`).waitFor();
}

/** The middle of a frame's cell on the strip, by its place from 0. */
export async function cellOf(page, place) {
  const canvas = page.locator(".strip canvas");
  const { pitch, columns, gutter, margin } = await canvas.evaluate((element) =>
    Object.fromEntries(Object.entries(element.dataset).map(([name, value]) => [name, Number(value)])),
  );
  return {
    x: gutter + (place % columns) * pitch + pitch / 2,
    y: margin + Math.floor(place / columns) * pitch + pitch / 2,
  };
}

/** What the strip says of a frame when it is pointed at. */
export async function frameSays(page, place, text) {
  await page.locator(".strip canvas").hover({ position: await cellOf(page, place) });
  await page.locator(".readout", { hasText: text }).waitFor();
}
