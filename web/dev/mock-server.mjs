// A farm that is made up, to look at the page without a daemon. It is a tool for whoever works on the page and no
// test of anything: the tests of the page are in tests/browser and run against the real daemon.
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { answer, OPTIONS } from "./mock-submit.mjs";

const DIST = join(dirname(fileURLToPath(import.meta.url)), "..", "dist");
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
const CSP = "default-src 'self'; img-src 'self' data:; style-src 'self'";
const ago = (seconds) => new Date(Date.now() - seconds * 1000).toISOString();
const digest = (seed) => (seed + "9c1f7ae04b5d2c886f13").padEnd(64, "5e7d0b").slice(0, 64);
const counts = (total, done, running, failed = 0, skipped = 0) => ({
  total, done, running, failed, skipped, pending: total - done - running - failed - skipped,
});

const job = (id, name, status, frames, more = {}) => ({
  id, name, status, frames, user: "anna", batch: null, plugin: "blender", scene: `/projects/harvest/shots/${name}.blend`,
  priority: 50, submitted: ago(4000 - id * 60), started: ago(1500), finished: null, eta: null, why: null,
  failure: null, ...more,
});
if (process.argv.includes("--many")) process.nextTick(() => {
  for (let id = 1000; id < 11000; id += 1) {
    const batch = id % 10 < 3 ? { id: Math.floor(id / 100), name: `sequence_${Math.floor(id / 100)}` } : null;
    jobs.set(id, job(id, `crowd_${id}`, "waiting", counts(100, 0, 0), { batch, user: ["anna", "bo", "chidi"][id % 3], priority: id % 7 === 0 ? 80 : 50, why: why("behind", "job 41 goes first") }));
  }
  jobs.set(999, job(999, "ten_million", "waiting", counts(1e7, 5e6, 0)));
});
const why = (kind, text, remedy = null, more = {}) => ({ reason: { kind, ...more }, text, remedy });
const GB = 1e9;
const gpu = (index) => ({ index, uuid: `GPU-${index}`, name: "NVIDIA RTX A5000", memory_bytes: 24 * GB });
const lease = (threads, memory, gpus = [], licences = []) => ({
  threads, memory_bytes: memory * GB, licences, gpus: gpus.map(([index, share]) => ({ ...gpu(index), share_bytes: share })),
});

const jobs = new Map(
  [
    job(41, "sq010_sh0040_light_v012", "running", counts(240, 131, 8, 2), {
      eta: ago(-734), why: why("no-slot", "all 2 slots are taken by jobs 41, 42", "it starts when a task ends; `node.slots` allows more at once, a higher priority goes first"), priority: 70,
    }),
    job(42, "sq010_sh0050_light_v003", "running", counts(96, 12, 4), {
      user: "bo", eta: ago(-5300), why: why("all-running", "all its frames are being rendered (attempt 209)"),
    }),
    job(43, "sq010_sh0060_fx_smoke_v021", "waiting", counts(1200, 0, 0), {
      started: null, why: why("gpus", "needs 1 GPU with 12 GB free: GPU 0 is reserved for interactive use, GPU 1 renders job 42 (attempt 209), GPU 2 is in use: maya.bin (pid 4711) of anna holds 3.2 GB", "it starts when `interactive.gpus` reserves less, a render ends or GPU 2 has been left alone for a while", {
        need: { count: 1, memory_bytes: 12 * GB, required: true },
        gpus: [
          { index: 0, uuid: "GPU-0", obstacle: "standing", standing: "reserved" },
          { index: 1, uuid: "GPU-1", obstacle: "leased", holders: [{ attempt: 209, job: 42 }] },
          { index: 2, uuid: "GPU-2", obstacle: "standing", standing: "in-use", by: "maya.bin (pid 4711) of anna holds 3.2 GB", until: null },
        ],
      }),
    }),
    job(44, "turntable_tractor", "waiting", counts(72, 31, 0), {
      why: why("back-off", "tries again at 2026-11-22T03:14:05.000Z: the texture server did not answer"),
    }),
    job(45, "sq020_sh0010_anim", "paused", counts(150, 40, 0), { user: "chidi", why: why("paused", "paused", "`farmhand resume` lets it go on") }),
    job(46, "sq020_sh0020_comp", "waiting", counts(150, 0, 0), {
      plugin: "nuke", started: null, scene: "/projects/harvest/comp/sq020_sh0020.nk",
      why: why("no-tool", "nuke was not found: install it, or set `tools.nuke.nuke` in farmhand.toml"),
    }),
    job(40, "sq010_sh0030_light_v009", "failed", counts(120, 97, 0, 23), {
      finished: ago(620), failure: "23 frames failed: Error: Cannot read file \"/projects/harvest/tex/barn_wood_4k.exr\": No such file or directory",
    }),
    ...Array.from({ length: 9 }, (_, n) =>
      job(39 - n, `sq010_sh00${10 + n}_light_v0${n + 10}`, n === 4 ? "cancelled" : "done", counts(120, n === 4 ? 33 : 120, 0), { finished: ago(1200 + n * 1900), user: n % 2 ? "bo" : "anna" })),
  ].map((one) => [one.id, one]),
);

const stamp = (generation = 3) => ({ name: "blender", version: "1.2.0", digest: digest("a3"), generation });
const attempt = (id, more) => ({
  id, job: 41, layer: null, frames: "1-20", frames_done: "", level: 0, level_name: "full", try_number: 1, ...lease(4, 12, [[1, 8 * GB]], ["nuke_render"]),
  plugin: stamp(), state: "ended", started: ago(1400 - (id - 200) * 100), ended: ago(1290 - (id - 200) * 100),
  steps: { running: ago(94), first_frame: ago(80), process_ended: null },
  usage: { peak_memory_bytes: 3.4 * GB, cpu_seconds: 412.3, read_bytes: 2.1 * GB, written_bytes: 0.2 * GB, peak_gpu_memory_bytes: 6.2 * GB, gpu_utilisation: 0.83 },
  outcome: null, verdict: null, consequence: null, faults: [], facts: [{ name: "device", value: "CPU" }, { name: "blender", value: "3.4.1" }],
  command: {
    program: "/usr/bin/blender",
    args: ["-b", "/projects/harvest/shots/sq010_sh0040_light_v012.blend", "--python-exit-code", "1", "-P", "/var/lib/farmhand/attempts/208/scratch/frames.py", "-t", "1", "--", "--frames", "132-139"],
    env: [["OCIO", "/studio/ocio/config.ocio"], ["STUDIO_TOKEN", "(hidden)"]], cwd: "/var/lib/farmhand/attempts/208/scratch",
  },
  ...more,
});
const outcome = (more) => ({ exit_code: 0, signal: null, ended_by: "itself", seconds: 110, frames_done: "", frames_missing: "", faults: [], facts: [], ...more });
const attempts = [
  attempt(208, { frames: "132-139", frames_done: "132-133", state: "running", ended: null, started: ago(95) }),
  attempt(207, { frames: "112-131", frames_done: "112-131", outcome: outcome({}), verdict: { decision: { kind: "accept" }, reason: "all 20 images are verified" } }),
  attempt(206, {
    frames: "88-89", frames_done: "", level: 2, level_name: "minimal", try_number: 1, outcome: outcome({ exit_code: 1 }),
    verdict: { decision: { kind: "fail-frames" }, reason: "the texture is missing at every level" }, consequence: "frames 88-89 fail; the job goes on",
    faults: [{ severity: "frame-fatal", cause: "missing-file", message: "Cannot read \"/projects/harvest/tex/barn_wood_4k.exr\": No such file or directory", frame: 88 }],
  }),
  attempt(205, {
    frames: "81-111", frames_done: "81-87,90-111", level: 1, level_name: "safe", outcome: outcome({ signal: 9, exit_code: null, ended_by: "stall" }),
    verdict: { decision: { kind: "fall-back" }, reason: "no output for 120 s at frame 88 while the denoiser loaded" }, consequence: "frames 88-89 go on at level minimal",
    faults: [{ severity: "transient", cause: "timeout", message: "no output, no CPU use and no new file for 120 s", frame: 88 }],
  }),
  attempt(204, { frames: "1-80", frames_done: "1-80", outcome: outcome({ seconds: 611 }), verdict: { decision: { kind: "accept" }, reason: "all 80 images are verified" } }),
];
const images = Array.from({ length: 24 }, (_, n) => ({
  job: 41, layer: null, frame: 133 - n, attempt: 207, path: `/projects/harvest/renders/sq010_sh0040/beauty.${String(133 - n).padStart(4, "0")}.exr`,
  bytes: 8_300_000 + n * 1000, seconds: 5.2 + (n % 5) / 3, at: ago(20 + n * 6),
}));
const plugins = [
  { name: "blender", state: "serving", source: "built in", serving: stamp(), summary: "Blender 2.83 and later, Cycles and Eevee", extensions: ["blend"], failure: null, standing: {}, changed: ago(5000), options_schema: OPTIONS,
    levels: [{ name: "full", summary: "as the job asks", tools: ["blender"], frames: "any" }, { name: "safe", summary: "CPU only, no denoiser", tools: ["blender"], frames: "any" }, { name: "minimal", summary: "factory start-up, no add-ons", tools: ["blender"], frames: "any" }] },
  { name: "maya", state: "degraded", source: "plugins/maya.wasm", serving: { name: "maya", version: "2.0.1", digest: digest("7b"), generation: 12 }, summary: "Maya 2022 and later", extensions: ["ma", "mb"], changed: ago(340), levels: [],
    standing: { rolled_back: { digest: digest("4e"), version: "2.1.0", at: ago(340) } },
    failure: "version 2.1.0 (4e1b77aa0c31) does not serve, it was rolled back by the daemon: 3 calls in a row failed, at last judge: it panicked or aborted in maya::levels::parse (levels.rs:88); save another one, or let it serve again with `farmhand plugin confirm maya 4e1b77aa0c31`" },
  { name: "nuke", state: "failed", source: "plugins/nuke.py", serving: null, summary: null, extensions: [], changed: ago(80), levels: [],
    standing: {}, failure: "nuke.py, line 14: SyntaxError: expected ':'" },
];
const node = {
  name: "harvest-ws-07", version: "0.1.0", cores: 12, physical_cores: 8, logical_cores: 16, memory_bytes: 68.7 * GB, render_memory_bytes: 48 * GB, memory_available_bytes: 21.4 * GB, slots: 3, threads_per_task: 4,
  budget: { threads: 12, memory_bytes: 48 * GB, closed: process.argv.includes("--closed") ? { by: "schedule", until: ago(-9000) } : null },
  limits: [{ name: "nuke_render", max: 4, per: "task", used: 1, holders: [41] }, { name: "arnold", max: 1, per: "node", used: 1, holders: [42] }],
  disks: [
    { paths: ["/var/lib/farmhand"], total_bytes: 500 * 1024 ** 3, free_bytes: 210 * 1024 ** 3 },
    { paths: ["/projects/harvest/renders"], total_bytes: 8 * 1024 ** 4, free_bytes: 60 * 1024 ** 3 },
  ],
  gpus: [
    { ...gpu(0), standing: "reserved", pci_bus_id: "00000000:3B:00.0", memory_used_bytes: 3.2 * GB, utilisation: 0.07, temperature: 48, processes: [{ pid: 4711, name: "maya.bin", user: "anna", memory_bytes: 3 * GB, attempt: null }], leases: [] },
    { ...gpu(1), standing: "free", pci_bus_id: "00000000:AF:00.0", memory_used_bytes: 17.9 * GB, utilisation: 0.97, temperature: 71, processes: [{ pid: 5120, name: "blender", user: "farm", memory_bytes: 8.2 * GB, attempt: 208 }, { pid: 5131, name: "blender", user: "farm", memory_bytes: 9.1 * GB, attempt: 209 }], leases: [208, 209] },
    { ...gpu(2), standing: "in-use", by: "maya.bin (pid 4711) of anna holds 3.2 GB", until: null, pci_bus_id: "00000000:D8:00.0", memory_used_bytes: 3.3 * GB, utilisation: 0.41, temperature: 55, processes: [{ pid: 4711, name: "maya.bin", user: "anna", memory_bytes: 3.2 * GB, attempt: null }], leases: [] },
    { ...gpu(3), standing: "lost", reason: "GPU is lost", pci_bus_id: "00000000:D9:00.0", memory_used_bytes: null, utilisation: null, temperature: null, processes: [], leases: [] },
  ],
  gpu_state: "4 GPUs, driver 570.86",
  tools: [
    { plugin: "blender", id: "blender", path: "/usr/bin/blender", version: "3.4.1", problem: null },
    { plugin: "maya", id: "mayapy", path: null, version: null, problem: "not found on PATH nor under /usr/autodesk/maya*: install Maya, or set `tools.maya.mayapy` in farmhand.toml" },
  ],
  leases: [{ attempt: 208, job: 41, ...lease(4, 12, [[1, 8 * GB]], ["nuke_render"]) }, { attempt: 209, job: 42, ...lease(4, 14, [[1, 12 * GB]], ["arnold"]) }],
  breakers: process.argv.includes("--calm") ? [] : [{ plugin: "maya", gpu: null, reason: "3 attempts in a row got no licence (mtoa: license checkout failed)", until: ago(-250) }],
  started: ago(86400 * 3 + 4000),
};
// A job of a million frames in a hundred layers with five thousand attempts, where `--large` is given: for looking at
// whether anything lags.
const LARGE = { id: 50, layers: Array.from({ length: 100 }, (_, n) => `layer_${String(n).padStart(3, "0")}`), frames: "1-10000" };
const largeSpans = [];
if (process.argv.includes("--large")) {
  jobs.set(LARGE.id, job(LARGE.id, "sq900_sh0010_everything", "running", { total: 1_000_000, pending: 489_700, running: 10_000, done: 500_000, skipped: 0, failed: 300 }));
  for (let n = 0; n < 5000; n += 1) {
    const went = n % 97 === 0 ? "fall-back" : n % 31 === 0 ? "retry" : n % 211 === 0 ? "fail-frames" : "accept";
    const began = 30_000 - n * 5.5;
    largeSpans.unshift({
      id: 10_000 + n, layer: LARGE.layers[n % 100], frames: `${(Math.floor(n / 100) * 100) + 1}-${(Math.floor(n / 100) + 1) * 100}`, missed: went === "accept" ? "" : `${(Math.floor(n / 100) * 100) + 50}`,
      level: n % 97 === 1 ? 1 : 0, level_name: n % 97 === 1 ? "safe" : "full", try_number: 1, plugin: 0, gpus: [n % 4], started: ago(began), running: ago(began - 3), first_frame: ago(began - 6), process_ended: ago(began - 40), ended: ago(began - 41 - (n % 7)),
      decision: went, cause: went === "accept" ? null : "memory", reason: went === "accept" ? null : "the GPU ran out of memory", peak_memory_bytes: (2 + (n % 10) / 5) * GB,
    });
  }
  let at = 0;
  setInterval(() => {
    at += 1;
    for (let n = 0; n < 10; n += 1) {
      const [layer, frame] = [LARGE.layers[(at + n * 7) % 100], 5001 + ((at * 10 + n) % 5000)];
      tell({ type: "frames", job: LARGE.id, layer, frames: `${frame}`, frame_state: at % 50 === 0 ? "failed" : "done" });
      if (n === 0 && at % 25 === 0) tell({ type: "image", image: { job: LARGE.id, layer, frame, attempt: 14_999, path: `/r/${frame}.exr`, bytes: 1e6, seconds: 5 + (frame % 9) / 4, at: new Date().toISOString() } });
    }
  }, 20);
}
const spanOf = (one) => ({
  id: one.id, layer: one.layer, frames: one.frames, missed: one.id === 206 || one.id === 205 ? "88-89" : "", level: one.level, level_name: one.level_name, try_number: one.try_number, plugin: 0, gpus: [1],
  started: one.started, running: one.started, first_frame: one.started, process_ended: one.ended, ended: one.ended, decision: one.verdict?.decision.kind ?? null, cause: one.faults[0]?.cause ?? null,
  reason: one.verdict?.decision.kind === "accept" ? null : (one.verdict?.reason ?? null), peak_memory_bytes: 3.4 * GB,
});
const times = (id, query) => {
  const [first, last] = id === LARGE.id ? [1, 5000] : id === 41 ? [1, 87] : [1, 60];
  const [from, to] = [Math.max(first, Number(query.get("from") ?? first)), Math.min(last, Number(query.get("to") ?? last))];
  const all = Array.from({ length: Math.max(0, to - from + 1) }, (_, n) => from + n);
  return {
    job: id, layer: query.get("layer"), frames: all.length === 0 ? "" : `${from}-${to}`, seconds: all.map((frame) => (frame % 43 === 0 ? 31 : 5 + (frame % 7) / 5)), attempts: all.map(() => 204),
    costs: [{ attempt: 204, level: 0, peak_memory_bytes: 3.4 * GB, decision: "accept" }], next: null,
  };
};
const trouble = (id) => ({
  job: id, more: 0, untried: [], is_cut: false,
  groups: (frames[id] ?? []).filter(([state]) => state === "failed").map(([, set]) => ({
    severity: "frame-fatal", cause: "missing-file", message: "Cannot read \"/projects/harvest/tex/barn_wood_4k.exr\": No such file or directory", failed: [{ layer: null, frames: set }],
    failed_count: id === 40 ? 23 : 2, attempts: 3, newest: 206, fault: 0, frame: 88, levels: ["full", "safe", "minimal"],
  })),
});
const frames = {
  50: LARGE.layers.flatMap((layer) => [["done", "1-5000", layer], ["pending", "5001-9997", layer], ["failed", "9998-10000", layer]]),
  41: [["done", "1-87,90-133"], ["failed", "88-89"], ["running", "134-141"], ["pending", "142-240"]],
  43: [["pending", "1001-2200"]],
  40: [["done", "1-60,84-120"], ["failed", "61-83"]],
  45: [["done", "1-30"], ["skipped", "31-40"], ["pending", "41-150"]],
};
const specFrames = { 43: "1001-2200", 41: "1-240" };

const log = Array.from({ length: 400 }, (_, n) => {
  const frame = 130 + Math.floor(n / 40);
  if (n % 40 === 39) return `Saved: '/staging/208/beauty.${String(frame).padStart(4, "0")}.exr'`;
  if (n === 222) return "Error: Cannot read file \"/projects/harvest/tex/barn_wood_4k.exr\": No such file or directory";
  return `Fra:${frame} Mem:412.${n % 90}M (Peak 511.02M) | Time:00:0${n % 6}.11 | Remaining:00:04.31 | Mem:212.77M, Peak:240.10M | Scene, ViewLayer | Sample ${n % 40}/64`;
});

const logLength = () => ({ lines: log.length, bytes: log.length * 100, counted_bytes: log.length * 100 });
const logLine = (text, n, wanted) => {
  const at = wanted ? text.toLowerCase().indexOf(wanted.toLowerCase()) : -1;
  return { number: n + 1, offset: n * 100, bytes: 100, text, error: text.startsWith("Error"), hits: at < 0 ? [] : [[at, at + wanted.length]] };
};

let sequence = 0;
const listeners = new Set();
const notices = [
  ["warning", "frames-failed", 44, "blender", "turntable_tractor has given up frames 41"],
  ["warning", "plugin-refused", null, "maya", "the newest version of maya does not serve, the one before it goes on: maya.py line 3: invalid syntax"],
  ["error", "job-failed", 40, "maya", "sq020_0110_comp failed: 3 of 120 frames given up"],
  ["error", "batch-failed", null, null, "sq020 nightly has ended: 3 of 24 jobs failed"],
  ["info", "job-done", 39, "blender", "sq020_0100 is done: 96 frames"],
  ["error", "breaker-opened", null, "nuke", "nuke takes no tasks for a while: no licence for nuke_r"],
  ["info", "daemon-started", null, null, "farmhand 0.1.0 started and took up 2 renders that went on meanwhile"],
].map(([severity, kind, job, plugin, message], index) => ({ id: 60 - index, at: new Date(Date.now() - index ** 3 * 60_000).toISOString(), severity, kind, job, batch: kind === "batch-failed" ? 7 : null, plugin, message }));
const sample = (age) => {
  const wave = (period, phase) => 0.5 + 0.45 * Math.sin((Date.now() / 1000 - age) / period + phase);
  return { at: ago(age), cpu: wave(17, 0), memory_used_bytes: (40 + 8 * wave(31, 2)) * GB, gpus: [0, 1, 2].map((index) => ({ uuid: node.gpus[index].uuid, utilisation: wave(9 + index * 5, index), memory_used_bytes: 9 * GB })) };
};
const samples = Array.from({ length: 60 }, (_, n) => sample(120 - n * 2));
setInterval(() => {
  samples.shift();
  samples.push(sample(0));
  tell({ type: "sample", sample: samples.at(-1) });
}, 2000);
const pluginDetail = (name) => ({
  ...plugins.find((one) => one.name === name), language: name === "nuke" ? "Python" : null,
  options_schema: { properties: { samples: { type: "integer", minimum: 1, maximum: 65536, title: "Samples", description: "For each pixel." }, device: { enum: ["CPU", "OPTIX", "CUDA"], default: "CPU", title: "Device" } }, required: ["samples"] },
  grants: { read: ["/studio/shows"], env: [{ name: "OCIO", is_set: true }, { name: "STUDIO", is_set: false }], config: { publish_server: "http://publish", publish_token: "(hidden)" } },
  limits: { describe_seconds: 0.25, call_seconds: 2, read_seconds: 0.5, memory_bytes: 64 * 1024 ** 2, log_bytes: 65536, file_bytes: 4 * 1024 ** 2 },
  rollback_after: 3, gate: 50, calls_since: ago(90000), attempts_seen: 200,
  calls: [["build-command", 812, 0, 0.0004], ["judge", 809, 3, 0.0007], ["read", 120_344, 0, 0.0001], ["validate", 41, 0, 0.0012]].map(([fn, calls, failures, median]) => ({
    function: fn, calls, failures, median_seconds: median, p99_seconds: median * 7, of_last: 41, peak_memory_bytes: 2.3e6,
    last_failure: failures === 0 ? null : { at: ago(400), digest: digest("4e"), version: "2.1.0", message: "judge: it panicked or aborted\n  in maya::levels::parse (levels.rs:88)" },
  })),
  faults: [
    { cause: "licence", severity: "transient", count: 14, message: "mtoa: license checkout failed", attempt: 205, job: 41, at: ago(900) },
    { cause: "missing-file", severity: "frame-fatal", count: 2, message: "Cannot read \"/projects/harvest/tex/barn_wood_4k.exr\"", attempt: 206, job: 41, at: ago(4000) },
  ],
});
const versionsOf = (name) => ({
  name, standing: {}, confirmed: [],
  history: [["2.0.1", 340, { kind: "rolled-back-by-daemon", from: digest("4e"), reason: "3 calls in a row failed, at last judge" }, true, null], ["2.1.0", 900, { kind: "saved" }, false, { kind: "failed", reason: "3 calls in a row failed" }], ["2.0.0", 90_000, { kind: "pinned", by: "tess" }, false, null]].map(([version, age, reason, serving, aside]) => ({
    entry: { digest: digest(version.slice(2, 3) + "c"), version, form: "component", language: null, bytes: 412_000, source: `${name}.wasm`, at: ago(age), reason }, serving, kept: true, aside,
  })),
});
function tell(event) {
  sequence += 1;
  for (const response of listeners) response.write(`id: 1-${sequence}\ndata: ${JSON.stringify(event)}\n\n`);
}
// --busy: as many events a second as are asked for, most of them frames that land, some of them other states.
const busy = Number(process.argv.find((word) => word.startsWith("--busy="))?.slice(7) ?? 0);
if (busy > 0) {
  const all = [...jobs.values()];
  let turn = 0;
  let due = performance.now();
  setInterval(() => {
    const crowd = [...jobs.keys()];
    for (; due < performance.now(); due += 1000 / busy) {
      turn += 1;
      const one = jobs.get(crowd[(turn * 7919) % crowd.length]) ?? all[0];
      const next = turn % 20 === 0 && one.status !== "running" ? { status: "running", started: ago(0) } : turn % 20 === 10 && one.status === "running" ? { status: "waiting" } : {};
      Object.assign(one, next, { frames: counts(one.frames.total, Math.min(one.frames.total, one.frames.done + 1), 0) });
      tell({ type: "job", job: one });
    }
  }, 10);
}
let fraction = 0;
setInterval(() => {
  fraction = (fraction + 0.07) % 1;
  tell({ type: "progress", job: 41, attempt: 208, frame: 134, fraction, memory_bytes: 412e6 });
  tell({ type: "usage", job: 41, attempt: 208, memory_bytes: (3 + fraction) * GB, cores: 3.4 + fraction / 2, usage: attempts[0].usage });
  tell({ type: "progress", job: 42, attempt: 209, frame: 17, fraction: (fraction + 0.4) % 1, memory_bytes: 1.9e9 });
}, 400);

function picture(query) {
  const frame = Number(query.get("frame"));
  const hue = (frame * 2) % 360;
  const x = 40 + (frame % 60) * 4;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 320 180"><defs><linearGradient id="g" x2="0" y2="1"><stop stop-color="hsl(${hue} 45% 62%)"/><stop offset=".62" stop-color="hsl(${hue + 30} 55% 82%)"/></linearGradient></defs><rect width="320" height="180" fill="url(#g)"/><path d="M0 120q80-30 160 0t160-8v68H0z" fill="hsl(95 30% 34%)"/><rect x="${x}" y="92" width="44" height="34" fill="#8b2f20"/><path d="M${x - 6} 94l28-24 28 24z" fill="#4a2a20"/></svg>`;
}

const server = createServer((request, response) => {
  const url = new URL(request.url, "http://localhost");
  const path = url.pathname.replace(/^\/api\/v1/, "");
  const json = (body, status = 200, type = "application/json") => {
    response.writeHead(status, { "content-type": type });
    response.end(JSON.stringify(body));
  };
  const problem = (status, title, detail, errors) => json({ title, status, detail, errors }, status, "application/problem+json");
  const id = Number(path.match(/^\/(?:jobs|attempts)\/(\d+)/)?.[1]);
  const view = () => ({
    ...jobs.get(id), notes: id === 41 ? ["The scene's output path is relative; it is taken from the scene's folder."] : [],
    costs: { start_seconds: 4.1, frame_seconds: 5.6, frames_seen: 131, peak_memory_bytes: 3.4 * GB }, time: { waiting: 640, starting: 120, rendering: 2210, verifying: 14 }, attempts: id === LARGE.id ? largeSpans.length : 5, hooks: [],
    fallbacks: id === 41 ? [{ layer: 0, frames: "12-14", from: "render", to: "safe", cause: "memory", reason: "the GPU ran out of memory", attempt: 7 }] : [],
    spec: { name: jobs.get(id).name, scene: jobs.get(id).scene, plugin: { name: "blender", version: null }, frames: id === LARGE.id ? LARGE.frames : (specFrames[id] ?? `1-${jobs.get(id).frames.total}`), layers: id === LARGE.id ? LARGE.layers : [], output: "//renders/beauty.####", options: { samples: 64, device: "CPU" }, priority: 50, after: [], order: "forward", chunk: "auto", threads: null, skip_existing: false, user: "anna", dcc_version: null, limits: {}, hooks: [], levels: [], licences: ["nuke_render"], needs: [{ level: "render", memory_bytes: 16 * GB, gpus: { count: 1, memory_bytes: 12 * GB, required: true } }] },
  });
  if (answer(request, path, url.searchParams, json)) return;
  if (path === "/events") {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" });
    response.write(": hello\n\n");
    listeners.add(response);
    request.on("close", () => listeners.delete(response));
    for (const notice of notices.slice(0, 2).reverse()) tell({ type: "notice", notice });
  } else if (path === "/node") json(node);
  else if (path === "/node/history") json({ interval_seconds: 2, samples_kept: 60, samples });
  else if (path === "/notices") json({ items: notices, next: null });
  else if (path === "/plugins") json(plugins);
  else if (/^\/plugins\/\w+$/.test(path)) json(pluginDetail(path.split("/")[2]));
  else if (/^\/plugins\/\w+\/versions$/.test(path)) json(versionsOf(path.split("/")[2]));
  else if (path === "/jobs") {
    const states = url.searchParams.get("state").split(",");
    const empty = process.argv.includes("--empty");
    const [user, plugin, search, cursor] = ["user", "plugin", "search", "cursor"].map((name) => url.searchParams.get(name));
    const limit = Number(url.searchParams.get("limit") ?? 100);
    const words = (search ?? "").toLowerCase().split(/\s+/);
    const fits = (one) =>
      states.includes(one.status) && (!user || one.user === user) && (!plugin || one.plugin === plugin) && (!cursor || one.id < Number(cursor)) &&
      words.every((word) => `${one.id} ${one.name} ${one.scene} ${one.user}`.toLowerCase().includes(word));
    const items = empty ? [] : [...jobs.values()].filter(fits).sort((a, b) => b.id - a.id).slice(0, limit);
    json({ items, next: items.length === limit ? String(items.at(-1).id) : null });
  } else if (!Number.isNaN(id) && !jobs.has(id) && path.startsWith("/jobs/")) problem(404, "Not found", `there is no job ${id}`);
  else if (/^\/jobs\/\d+$/.test(path)) json(view());
  else if (path.endsWith("/frames")) json({ job: id, counts: jobs.get(id).frames, runs: (frames[id] ?? [["done", `1-${jobs.get(id).frames.done}`]]).map(([state, set, layer]) => ({ layer: layer ?? null, state, frames: set })) });
  else if (path.endsWith("/times")) json(times(id, url.searchParams));
  else if (path.endsWith("/timeline")) json({ job: id, spans: id === LARGE.id ? largeSpans : id === 41 ? attempts.map(spanOf) : [], plugins: [stamp()], is_cut: false });
  else if (path.endsWith("/trouble")) json(trouble(id));
  else if (path.endsWith("/attempts")) json({ items: id === 41 ? attempts : [], next: null });
  else if (path.endsWith("/images")) json(id === 41 ? images : []);
  else if (path.endsWith("/image")) {
    response.writeHead(200, { "content-type": "image/svg+xml" });
    response.end(picture(url.searchParams));
  } else if (path.endsWith("/image/layers")) {
    const whole = { x: 0, y: 0, width: 320, height: 180 };
    const pass = (name, kind, channels) => ({ name, kind, channels: [...channels], samples: "half" });
    json({ format: "OpenEXR", display: whole, data: whole, is_scene: true, passes: [pass("ViewLayer.Combined", "colour", "RGBA"), pass("ViewLayer.Depth.Z", "depth", "Z")] });
  } else if (path.endsWith("/image/pixel")) {
    const [x, y] = ["x", "y"].map((name) => Number(url.searchParams.get(name)));
    json({ x, y, samples: ["R", "G", "B", "A"].map((channel) => ({ channel, value: x / 320, special: null })) });
  } else if (path.endsWith("/log")) {
    response.writeHead(200, { "content-type": "text/plain; charset=utf-8" });
    response.end(`${log.join("\n")}\n`);
  } else if (path.endsWith("/log/lines")) {
    const [from, count] = ["from", "count"].map((name) => Number(url.searchParams.get(name)));
    const window = (first) => ({ live: url.searchParams.has("follow"), ...logLength(), holes: [], items: log.slice(first, first + count).map((text, n) => logLine(text, first + n, url.searchParams.get("q"))) });
    if (!url.searchParams.has("follow")) return json(window(from > 0 ? from - 1 : Math.max(0, log.length - count)));
    response.writeHead(200, { "content-type": "application/x-ndjson" });
    const tell = () => response.write(`${JSON.stringify(window(Math.max(0, log.length - count)))}\n`);
    tell();
    const timer = setInterval(() => {
      log.push(`Fra:134 Mem:412.31M | Sample ${Math.round(fraction * 64)}/64`);
      tell();
    }, 700);
    request.on("close", () => clearInterval(timer));
  } else if (path.endsWith("/log/search")) {
    const [wanted, back, count] = ["q", "back", "count"].map((name) => url.searchParams.get(name));
    const [from, to] = [Number(url.searchParams.get("from") ?? 1), Number(url.searchParams.get("to") ?? Infinity)];
    const all = log.map((text, n) => logLine(text, n, wanted)).filter((line) => (wanted === null ? line.error : line.hits.length > 0));
    const found = back ? all.filter((line) => line.number <= from).reverse() : all.filter((line) => line.number >= from && line.number <= to);
    const spread = count ? found.map((line) => line.number) : [];
    json({ items: found.slice(0, 1).map((line) => ({ line: line.number, offset: line.offset })), count: found.length, spread, next: null });
  } else if (path.endsWith("/log/marks")) {
    const placed = log.map((text, n) => ({ text, line: n + 1, offset: n * 100 }));
    const error = placed.find((line) => line.text.startsWith("Error"));
    const frames = placed.filter((line) => line.text.startsWith("Saved")).map(({ text, ...place }) => ({ ...place, frame: Number(text.match(/\.(\d+)\./)[1]), done: true }));
    const fault = { severity: "frame-fatal", cause: "missing-file", message: error.text, frame: 135, about: null };
    json({ faults: [{ line: error.line, offset: error.offset, index: 0, fault }], deciding: { line: error.line, offset: error.offset }, frames, errors: 1, error_lines: [error.line], searched_bytes: logLength().bytes });
  } else if (path === "/jobs/actions") {
    let body = "";
    request.on("data", (text) => (body += text));
    request.on("end", () => {
      const { jobs: ids, action, priority } = JSON.parse(body);
      const results = ids.map((job) => {
        const one = jobs.get(job);
        if (action === "retry") return { job, problem: { title: "Not possible in the present state", status: 409, detail: `job ${job} has frames that are being retried already` } };
        if (action === "priority") one.priority = priority;
        else one.status = { pause: "paused", resume: "waiting", cancel: "cancelled" }[action];
        if (action === "cancel") one.finished = ago(0);
        tell({ type: "job", job: one });
        return { job, status: one.status };
      });
      json({ done: results.length, refused: 0, results });
    });
  } else if (request.method === "POST") {
    const action = path.split("/").at(-1);
    if (action === "retry") problem(409, "Conflict", "job 40 has frames that are being retried already", [{ field: "/frames", message: "frame 61 is running in attempt 209" }]);
    else {
      const one = jobs.get(id);
      one.status = { pause: "paused", resume: "running", cancel: "cancelled" }[action];
      json(view());
      tell({ type: "job", job: one });
    }
  } else {
    const file = url.pathname === "/" ? "/index.html" : url.pathname;
    try {
      const body = readFileSync(join(DIST, file));
      response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", "content-security-policy": CSP });
      response.end(body);
    } catch {
      problem(404, "Not found", `there is nothing at ${url.pathname}`);
    }
  }
});
server.listen(Number(process.env.PORT ?? 8787), "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
