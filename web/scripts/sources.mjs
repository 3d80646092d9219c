// What `dist` was built from: one SHA-256 a source file, in the format of `sha256sum`, so that a stale `dist` can be
// told without Node as well (`sha256sum -c dist/SOURCES.sha256`).
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const WEB = join(dirname(fileURLToPath(import.meta.url)), "..");
export const LIST = join("dist", "SOURCES.sha256");

const SINGLE = ["index.html", "package.json", "package-lock.json", "tsconfig.json", "vite.config.ts"];

function under(folder) {
  return readdirSync(join(WEB, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    return entry.isDirectory() ? under(path) : [path];
  });
}

export function sourceDigests() {
  return [...SINGLE, ...under("public"), ...under("src").filter((path) => !path.endsWith(".test.ts"))]
    .sort()
    .map((path) => `${createHash("sha256").update(readFileSync(join(WEB, path))).digest("hex")}  ${path}\n`)
    .join("");
}

if (process.argv.includes("--write")) writeFileSync(join(WEB, LIST), sourceDigests());
