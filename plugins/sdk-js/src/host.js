// What a plugin may ask of the host: a line in its log, its configuration, a variable or a file that the studio
// granted.
//
// In a unit test there is no host. Then log lines go to standard error, the configuration is empty, nothing is granted
// and no file is there; `host` of `farmhand/testing` sets other answers.

import { answering } from "./answering.js";
import { text } from "./check.js";

// Bytes that one call fetches of a file: as many as the contract allows.
const PART = 1 << 20;

/** How important a log line is. */
export const LogLevel = Object.freeze({
  /** For the plugin's author. */
  DEBUG: "debug",
  /** Worth knowing. */
  INFO: "info",
  /** Worth looking at. */
  WARN: "warn",
  /** Somebody must look at it. */
  ERROR: "error",
});

/** Writes a line to the host's log under this plugin's name. */
export function log(level, message) {
  answering().log(level, String(message));
}

/** Logs a line for the plugin's author. */
export function debug(message) {
  log(LogLevel.DEBUG, message);
}

/** Logs a line that is worth knowing. */
export function info(message) {
  log(LogLevel.INFO, message);
}

/** Logs a line that is worth looking at. */
export function warn(message) {
  log(LogLevel.WARN, message);
}

/** Logs a line that somebody must look at. */
export function error(message) {
  log(LogLevel.ERROR, message);
}

/** This plugin's table of the host's configuration. */
export function config() {
  return JSON.parse(answering().config());
}

/** A variable of the daemon's environment that the studio granted this plugin by name; `otherwise` where it is not set,
 * or not granted. */
export function env(name, otherwise = null) {
  return answering().env(text(name, "the name of the variable")) ?? otherwise;
}

/** A text file under one of the directories that the studio granted this plugin. Throws `PluginError` where it is not
 * there, not text, or not granted. */
export function readFile(path) {
  return answering().readFile(text(path, "the path"));
}

/** A part of a file as a `Uint8Array`, as long as asked for or to its end: the scene of the job in hand, or a file
 * under a granted directory. At most 1 MiB at once. Throws `PluginError` where it is not there or not granted. */
export function readPart(path, offset, size) {
  return answering().readPart(text(path, "the path"), offset, size);
}

/** Whether a file exists: under a granted directory, beside the scene of the job in hand or above it, or under a
 * directory that one of the job's path options names. Throws `PluginError` where the plugin may not look. */
export function fileExists(path) {
  return answering().fileExists(text(path, "the path"));
}

/** The same for a directory. */
export function directoryExists(path) {
  return answering().directoryExists(text(path, "the path"));
}

/** Files under a directory of the task in hand (its scratch or its staging), as absolute paths, sorted; at most
 * 100,000. A reader finds what its renderer wrote without a word. Throws `PluginError` for any other directory. */
export function listFiles(directory) {
  return [...answering().listFiles(text(directory, "the directory"))].sort();
}

/** A text file of the plugin's own folder, by its name relative to it, such as `presets/film.txt`. Throws `PluginError`
 * where there is none. */
export function scriptFile(name) {
  return answering().scriptFile(text(name, "the name"));
}

/** Goes through a text file line by line without holding more than a part of it, and ends after `limit` bytes: the
 * scene of the job in hand, or a file under a granted directory. A line longer than a part is data, and left out.
 * Throws `PluginError` where it is not there or not granted. */
export function* scan(path, limit = 64 * PART) {
  const decoder = new TextDecoder();
  let rest = "";
  for (let offset = 0; offset < limit;) {
    const part = readPart(path, offset, PART);
    if (part.length === 0) {
      rest += decoder.decode();
      if (rest !== "") yield rest.replace(/\r+$/, "");
      return;
    }
    offset += part.length;
    const lines = (rest + decoder.decode(part, { stream: true })).split("\n");
    rest = lines.pop();
    for (const line of lines) yield line.replace(/\r+$/, "");
    if (rest.length > PART) rest = "";
  }
}
