// What scripts expect of a JavaScript engine and QuickJS does not bring: `console`, UTF-8, and numbers that differ
// between instances, which all begin as copies of one snapshot.

import * as host from "farmhand:dcc/host@0.1.0";
import { TextDecoder, TextEncoder, whole } from "./encoding.js";

// So many functions of a traceback are kept, those of the runner among them.
Error.stackTraceLimit = 60;

globalThis.TextDecoder = TextDecoder;
globalThis.TextEncoder = TextEncoder;

const print =
  (level) =>
  (...values) =>
    host.log(level, whole(values.map((value) => shown(value, 0)).join(" ")));

globalThis.console = {
  debug: print("debug"),
  trace: print("debug"),
  log: print("info"),
  info: print("info"),
  warn: print("warn"),
  error: print("error"),
};

/** A value as a line of a log shows it. */
function shown(value, depth) {
  if (typeof value === "string") return depth === 0 ? value : JSON.stringify(value);
  if (typeof value === "function") return `[function ${value.name}]`;
  if (typeof value !== "object" || value === null) return typeof value === "bigint" ? `${value}n` : String(value);
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (value instanceof RegExp || value instanceof Date) return String(value);
  if (depth > 3) return "…";
  const inner = (one) => shown(one, depth + 1);
  if (value instanceof Map)
    return `Map {${Array.from(value, ([key, one]) => `${inner(key)} => ${inner(one)}`).join(", ")}}`;
  if (value instanceof Set) return `Set {${Array.from(value, inner).join(", ")}}`;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    const more = value.length > 100 ? `, … ${value.length - 100} more` : "";
    return `[${Array.from(value.slice(0, 100), inner).join(", ")}${more}]`;
  }
  const kind = Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
  const own = Object.entries(value)
    .slice(0, 100)
    .map(([key, one]) => `${key}: ${inner(one)}`)
    .join(", ");
  return `${kind === "Object" ? "" : `${kind} `}{${own === "" ? "" : ` ${own} `}}`;
}

// The generator is xoshiro128**; its seed is the clocks, whose nanoseconds no two instances share.
let state = null;

function seeded() {
  let seed = (Date.now() * 1e6 + performance.now() * 1e6) % 2 ** 53;
  return Uint32Array.from({ length: 4 }, () => {
    // One step of a linear congruence in 32 bits, mixed; each word of the state differs with any bit of the seed.
    seed = (seed % 2 ** 32) * 1664525 + Math.floor(seed / 2 ** 32) + 1013904223;
    let word = seed >>> 0;
    word = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
    word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35);
    return (word ^ (word >>> 16)) >>> 0;
  });
}

function word() {
  state ??= seeded();
  const [a, b, c, d] = state;
  const times5 = Math.imul(b, 5);
  const result = Math.imul((times5 << 7) | (times5 >>> 25), 9) >>> 0;
  const shifted = b << 9;
  const c2 = c ^ a;
  const d2 = d ^ b;
  state[1] = b ^ c2;
  state[0] = a ^ d2;
  state[2] = c2 ^ shifted;
  state[3] = (d2 << 11) | (d2 >>> 21);
  return result;
}

Math.random = () => ((word() >>> 5) * 2 ** 26 + (word() >>> 6)) / 2 ** 53;
