// Who answers what `host.js` asks: nobody in a unit test, unless it sets answers; the daemon's host in the runner.

import { PluginError } from "./check.js";

/** Answers where there is no host, as in a unit test. */
export class NoHost {
  log(level, message) {
    globalThis.console?.error(`${level}: ${message}`);
  }

  config() {
    return "{}";
  }

  env() {
    return null;
  }

  readFile(path) {
    throw new PluginError(`${path}: there is no host here; set its files with \`host\` of farmhand/testing`);
  }

  readPart(path) {
    return this.readFile(path);
  }

  fileExists() {
    return false;
  }

  directoryExists() {
    return false;
  }

  listFiles() {
    return [];
  }

  scriptFile(name) {
    throw new PluginError(`${name}: there is no host here; set \`scriptFiles\` with \`host\` of farmhand/testing`);
  }
}

let current = new NoHost();

/** What answers now. */
export function answering() {
  return current;
}

/** Lets another one answer from now on, and gives back the one before. For the runner and `farmhand/testing`. */
export function use(host) {
  const before = current;
  current = host;
  return before;
}
