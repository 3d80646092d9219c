// Fails when `dist`, which is committed so that building farmhand needs no Node, is not what the sources build to.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { LIST, sourceDigests, WEB } from "./sources.mjs";

function fail(message) {
  console.error(`web/dist is stale: ${message}\nRun \`npm run build\` in web/ and commit web/dist.`);
  process.exit(1);
}

function files(folder, prefix = "") {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = `${prefix}${entry.name}`;
      return entry.isDirectory() ? files(join(folder, entry.name), `${path}/`) : [path];
    })
    .sort();
}

let recorded = "";
try {
  recorded = readFileSync(join(WEB, LIST), "utf8");
} catch {
  fail(`${LIST} is missing`);
}
const now = sourceDigests();
if (recorded !== now) {
  const before = new Set(recorded.split("\n"));
  const changed = now.split("\n").filter((line) => !before.has(line)).map((line) => line.slice(66));
  fail(`these sources changed: ${changed.join(", ") || "some were removed"}`);
}

const fresh = mkdtempSync(join(tmpdir(), "farmhand-page-"));
try {
  const vite = join(WEB, "node_modules", "vite", "bin", "vite.js");
  const build = spawnSync(process.execPath, [vite, "build", "--outDir", fresh, "--logLevel", "error"], {
    cwd: WEB,
    stdio: "inherit",
  });
  if (build.status !== 0) fail("the sources do not build");
  const committed = files(join(WEB, "dist")).filter((path) => path !== "SOURCES.sha256");
  const built = files(fresh);
  if (committed.join() !== built.join()) fail(`it holds ${committed.join(", ")}; a build makes ${built.join(", ")}`);
  for (const path of built) {
    if (!readFileSync(join(fresh, path)).equals(readFileSync(join(WEB, "dist", path)))) fail(`${path} differs`);
  }
} finally {
  rmSync(fresh, { recursive: true, force: true });
}
console.log("web/dist is what the sources build to.");
