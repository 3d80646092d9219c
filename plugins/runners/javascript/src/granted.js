// The daemon's host, as `host` of "farmhand" asks it. A refusal becomes a PluginError.

import * as host from "farmhand:dcc/host@0.1.0";
import { PluginError } from "../../../sdk-js/src/check.js";
import { whole } from "./encoding.js";
import { read } from "./script.js";

function asked(question, ...about) {
  try {
    return question(...about);
  } catch (error) {
    throw new PluginError(String(error.payload ?? error.message));
  }
}

/** The host's answers. */
export const granted = {
  log: (level, message) => host.log(level, whole(message)),
  config: () => host.config(),
  env: (name) => host.env(whole(name)),
  readFile: (path) => asked(host.readFile, whole(path)),
  readPart: (path, offset, size) => Uint8Array.from(asked(host.readPart, whole(path), offset, size)),
  fileExists: (path) => asked(host.fileExists, whole(path)),
  directoryExists: (path) => asked(host.directoryExists, whole(path)),
  listFiles: (directory) => asked(host.listFiles, whole(directory)),
  scriptFile: (name) => read(whole(name)),
};
