// A daemon of a test's own: the real binary on a data directory of its own, and what it says over REST.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { copyFileSync, existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const BINARY = process.env.FARMHAND_BIN ?? resolve(HERE, "../../../target/debug/farmhand");

/** What tests have compiled, for the next ones: CPython alone takes a minute. The Rust tests keep theirs here too. */
const COMPILED = join(dirname(BINARY), "..", "tmp", "plugin-cache");

/** Copies what is not there yet, each file whole or not at all. */
function copyAll(from, to) {
  if (!existsSync(from)) return;
  mkdirSync(to, { recursive: true, mode: 0o700 });
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyAll(source, target);
    else if (entry.isFile() && !existsSync(target)) {
      const part = `${target}.${process.pid}.part`;
      copyFileSync(source, part);
      renameSync(part, target);
    }
  }
}

export class Daemon {
  /**
   * Starts one under `dir`. It has one slot, so that a test knows what runs, and takes its renders along. `more` is added
   * to its configuration. With a `token` it asks for that.
   */
  static async start(dir, more = "", token = null) {
    const daemon = new Daemon(dir, more, token);
    copyAll(COMPILED, join(dir, "data", "cache"));
    await daemon.spawn("127.0.0.1:0");
    return daemon;
  }

  constructor(dir, more, token) {
    this.dir = dir;
    this.more = more;
    this.token = token;
  }

  /** Where plugins are dropped in. */
  get plugins() {
    return join(this.dir, "data", "plugins");
  }

  async spawn(listen) {
    const config = join(this.dir, "config");
    mkdirSync(config, { recursive: true });
    mkdirSync(join(this.dir, "hooks"), { recursive: true });
    writeFileSync(join(config, "farmhand.toml"), `[hooks]\ndir = ${JSON.stringify(join(this.dir, "hooks"))}\n${this.more}`);
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("FARMHAND_"));
    const data = join(this.dir, "data");
    const token = this.token === null ? {} : { FARMHAND_SERVER_TOKEN: this.token };
    this.child = spawn(
      BINARY,
      ["serve", "--listen", listen, "--data-dir", data, "--plugins-dir", join(data, "plugins"), "--slots", "1", "--on-stop", "kill"],
      { cwd: config, env: { ...Object.fromEntries(environment), XDG_CONFIG_HOME: config, ...token }, stdio: ["ignore", "pipe", "pipe"] },
    );
    this.said = "";
    this.child.stderr.on("data", (text) => (this.said += text));
    this.ended = once(this.child, "exit");
    const ready = new Promise((found) => {
      createInterface({ input: this.child.stdout }).on("line", (line) => {
        this.said += `${line}\n`;
        const url = line.match(/http:\/\/[\d.:]+/)?.[0];
        if (url !== undefined) found(url);
      });
    });
    const url = await Promise.race([ready, this.ended.then(([code]) => Promise.reject(new Error(`the daemon ended with ${code}:\n${this.said}`)))]);
    this.url = url;
  }

  /** Ends it as a crash would. */
  async kill() {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Starts it again, on the same data and at the same address. */
  async restart() {
    await this.spawn(new URL(this.url).host);
  }

  async stop() {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    this.child.kill("SIGTERM");
    await this.ended;
    copyAll(join(this.dir, "data", "cache"), COMPILED);
  }

  async request(method, path, body) {
    const init = { method, headers: this.token === null ? {} : { authorization: `Bearer ${this.token}` } };
    if (body !== undefined) {
      init.headers["content-type"] = "application/json";
      init.body = JSON.stringify(body);
    }
    const response = await fetch(new URL(path, this.url), init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}: ${text}`);
    return JSON.parse(text);
  }

  /** Submits a job and gives its number. */
  async submit(job) {
    return (await this.request("POST", "/api/v1/jobs", job)).id;
  }
}
