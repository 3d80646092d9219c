// A plugin that does harm as its job tells it: `PLACE:WHAT`. Told nothing, it runs a line of shell.

import * as farmhand from "farmhand";

const POISON = "\x1b[2J\x1b]0;owned\x07<img src=x onerror=alert(1)>\u202e";

const down = (n) => down(n + 1) + n;

function harm(job, place) {
  const [told, what] = String(job.rawOptions?.do ?? job.options.do ?? "").split(":");
  if (told !== place) return;
  switch (what) {
    case "loop":
      for (;;);
    case "stubborn":
      for (;;) {
        try {
          for (;;);
        } catch {
          continue;
        }
      }
    case "recursion":
      return down(0);
    case "memory": {
      const hoard = [];
      for (;;) hoard.push(new Uint8Array(1 << 20).fill(1));
    }
    case "string": {
      let text = "x";
      for (;;) text += text;
    }
    case "print":
      for (let n = 0; n < 1_000_000; n += 1) console.log(POISON, "print", n, "x".repeat(1000));
      return;
    case "regex":
      return /(a+)+$/.test(`${"a".repeat(100)}b`);
    case "open":
      return require("fs").readFileSync("/etc/passwd");
    case "system":
      return std.loadFile("/etc/passwd") + os.exec(["touch", "/tmp/farmhand-hostile"]);
    case "fetch":
      return fetch("http://127.0.0.1:22");
    case "exit":
      return process.exit(0);
    case "look":
      throw new farmhand.PluginError(`saw ${typeof process} ${typeof std} ${typeof os} ${typeof WebSocket}`);
    case "raise":
      throw new Error(POISON.repeat(10_000));
    case "throw":
      throw { toString: () => POISON, get message() { throw this; } };
    case "promise":
      return new Promise(() => {});
    case "prototype":
      Object.prototype.toString = () => { throw 1; };
      Array.prototype.map = () => [];
      Array.prototype[Symbol.iterator] = () => { throw 2; };
      return;
    default:
  }
}

class Reader extends farmhand.Reader {
  line() {
    harm(this.task.job, "reader");
    return [];
  }
}

export default class Harm extends farmhand.Plugin {
  name = "harm-js";
  extensions = ["harmjs"];
  tools = ["sh"];
  options = { do: { type: "string" } };

  validate(job) {
    harm(job, "validate");
  }

  buildCommand(task) {
    harm(task.job, "command");
    return new farmhand.Command("sh", ["-c", "echo a line"], { verify: "exit-code" });
  }

  reader(task) {
    return new Reader(task);
  }

  judge(task) {
    harm(task.job, "judge");
  }
}
