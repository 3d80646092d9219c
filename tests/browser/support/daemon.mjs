// A daemon of a test's own: the real binary on a data directory of its own, and what it says over REST.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const BINARY = process.env.FARMHAND_BIN ?? resolve(HERE, "../../../target/debug/farmhand");

export class Daemon {
  /** Starts one under `dir`. It has one slot, so that a test knows what runs, and takes its renders along. */
  static async start(dir, token) {
    const daemon = new Daemon(dir, token);
    await daemon.spawn("127.0.0.1:0");
    return daemon;
  }

  /** With a token, it asks for it. */
  constructor(dir, token) {
    this.dir = dir;
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
    const server = this.token === undefined ? "" : `[server]\ntoken = ${JSON.stringify(this.token)}\n`;
    const text = `${server}[hooks]\ndir = ${JSON.stringify(join(this.dir, "hooks"))}\n`;
    writeFileSync(join(config, "farmhand.toml"), text, { mode: 0o600 });
    const environment = Object.entries(process.env).filter(([name]) => !name.startsWith("FARMHAND_"));
    const data = join(this.dir, "data");
    this.child = spawn(
      BINARY,
      ["serve", "--listen", listen, "--data-dir", data, "--plugins-dir", join(data, "plugins"), "--slots", "1", "--on-stop", "kill"],
      { cwd: config, env: { ...Object.fromEntries(environment), XDG_CONFIG_HOME: config }, stdio: ["ignore", "pipe", "pipe"] },
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
  }

  async request(method, path, body) {
    const init = { method };
    if (body !== undefined) {
      init.headers = { "content-type": "application/json" };
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
