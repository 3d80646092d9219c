/**
 * The submit form's draft, and the submission that it comes to: what is typed is kept as it is typed, and only what is
 * set is sent. No I/O; which options there are is the schema's business.
 */
import type { Chunking, FrameOrder, HookRequest, LimitName, NotifyMoment, Submission, WholeSpec } from "../api/submit";
import { FAILURES, LIMITS, MOMENTS, NOTIFY_MOMENTS, ORDERS } from "../api/submit";
import type { NotifyWish } from "../api/batches";
import type { GpuNeed, LevelNeeds } from "../api/types";
import { submit } from "../text/submit";
import { FrameSetError, readFrames } from "./frames";
import { isBlank, optionsOf, rawsOf, type Form, type Json, type Raw, type Wrong } from "./schema";

const words = submit.wrong;

/** Somebody who is to be told, as it is put in. */
export interface Told {
  to: "webhook" | "command";
  name: string;
  on: NotifyMoment[];
}

export interface Draft {
  scene: string;
  /** Empty: by the scene's extension. */
  plugin: string;
  pluginVersion: string;
  digest: string;
  dccVersion: string;
  frames: string;
  layers: string[];
  output: string;
  name: string;
  user: string;
  priority: string;
  after: string;
  order: FrameOrder;
  chunk: "auto" | "whole" | "fixed";
  chunkSize: string;
  threads: string;
  memory: string;
  gpus: string;
  gpuMemory: string;
  gpuOptional: boolean;
  licences: string;
  skipExisting: boolean;
  paused: boolean;
  levels: string[];
  startLevel: string;
  hooks: HookRequest[];
  notify: Told[];
  limits: Partial<Record<LimitName, string>>;
  options: Record<string, Raw>;
  /** Options that an open schema does not name, as JSON. */
  otherOptions: string;
}

export function emptyDraft(user = ""): Draft {
  return {
    scene: "",
    plugin: "",
    pluginVersion: "",
    digest: "",
    dccVersion: "",
    frames: "",
    layers: [],
    output: "",
    name: "",
    user,
    priority: "",
    after: "",
    order: "forward",
    chunk: "auto",
    chunkSize: "",
    threads: "",
    memory: "",
    gpus: "",
    gpuMemory: "",
    gpuOptional: false,
    licences: "",
    skipExisting: false,
    paused: false,
    levels: [],
    startLevel: "",
    hooks: [],
    notify: [],
    limits: {},
    options: {},
    otherOptions: "",
  };
}

/** Whether there is anything in it that would be missed. */
export function isEmpty(draft: Draft): boolean {
  return JSON.stringify({ ...draft, user: "", options: blanked(draft.options) }) === JSON.stringify(emptyDraft());
}

function blanked(options: Record<string, Raw>): Record<string, Raw> {
  return Object.fromEntries(Object.entries(options).filter(([, raw]) => !isBlank(raw)));
}

/** A draft that was kept, with what an earlier version of the page did not have; of what is none, an empty one. */
export function keptDraft(kept: unknown): Draft {
  const draft = emptyDraft();
  if (typeof kept !== "object" || kept === null) return draft;
  const known = kept as Record<string, unknown>;
  const same = (one: unknown, other: unknown): boolean => typeof one === typeof other && Array.isArray(one) === Array.isArray(other) && one !== null;
  const taken = Object.entries(draft).map(([name, value]) => [name, same(known[name], value) ? known[name] : value]);
  const all = Object.fromEntries(taken) as Draft;
  const texts = (list: readonly unknown[]): string[] => list.filter((one) => typeof one === "string");
  return {
    ...all,
    layers: texts(all.layers),
    levels: texts(all.levels),
    hooks: all.hooks.filter((hook) => MOMENTS.includes(hook.at) && FAILURES.includes(hook.on_failure) && typeof hook.name === "string"),
    notify: all.notify.filter((one) => ["webhook", "command"].includes(one.to) && typeof one.name === "string" && Array.isArray(one.on) && one.on.every((moment) => NOTIFY_MOMENTS.includes(moment))),
    order: ORDERS.includes(all.order) ? all.order : "forward",
    chunk: ["auto", "whole", "fixed"].includes(all.chunk) ? all.chunk : "auto",
  };
}

export interface Checked {
  readonly submission: Submission;
  /** With pointers into the submission, as the daemon's own problems have them. */
  readonly wrong: readonly Wrong[];
}

/** The submission that a draft comes to, and what can be seen to be wrong with it from here. */
export function check(draft: Draft, form: Form | null): Checked {
  const wrong: Wrong[] = [];
  const mistake = (pointer: string, message: string, missing = false): undefined => {
    wrong.push({ pointer, message, ...(missing ? { missing } : {}) });
  };
  const whole = (pointer: string, typed: string, least: number, most: number): number | undefined => {
    if (typed.trim() === "") return undefined;
    const number = /^\d+$/.test(typed.trim()) ? Number(typed) : NaN;
    return number >= least && number <= most ? number : mistake(pointer, words.whole(least, most));
  };
  const memory = (pointer: string, typed: string): string | undefined =>
    typed.trim() === "" ? undefined : AMOUNT.test(typed.trim()) ? typed.trim() : mistake(pointer, words.memory);

  const scene = draft.scene.trim();
  if (scene === "") mistake("/scene", submit.scene.needed, true);
  else if (!/^([/\\]|[A-Za-z]:)/.test(scene)) mistake("/scene", submit.scene.relative);

  if (draft.frames.trim() !== "") {
    try {
      readFrames(draft.frames);
    } catch (error) {
      mistake("/frames", error instanceof FrameSetError ? error.message : String(error));
    }
  }

  const after = listed(draft.after).flatMap((part, index) => {
    const number = /^\d+$/.test(part) ? [Number(part)] : [];
    if (number.length === 0) mistake(`/after/${index}`, words.after(part));
    return number;
  });
  draft.hooks.forEach((hook, index) => {
    if (hook.name.trim() === "") mistake(`/hooks/${index}/name`, words.hook, true);
  });
  draft.notify.forEach((one, index) => {
    if (one.name.trim() === "") mistake(`/notify/${index}/${one.to}`, one.to === "webhook" ? words.webhook : words.hook, true);
    if (one.on.length === 0) mistake(`/notify/${index}/on`, words.moment, true);
  });
  const chunk: Chunking =
    draft.chunk === "fixed" ? { fixed: whole("/chunk/fixed", draft.chunkSize, 1, MOST_U32) ?? 1 } : draft.chunk;
  if (draft.chunk === "fixed" && draft.chunkSize.trim() === "") mistake("/chunk/fixed", submit.options.needed, true);
  const limits = Object.fromEntries(
    LIMITS.flatMap((name) => {
      const number = whole(`/limits/${name}`, draft.limits[name] ?? "", name === "max_tasks" ? 1 : 0, MOST_U32);
      return number === undefined ? [] : [[name, number]];
    }),
  );
  const { options, wrong: ofOptions } = form === null ? { options: {}, wrong: [] } : optionsOf(form, draft.options, draft.otherOptions);
  wrong.push(...ofOptions.map((one) => ({ ...one, pointer: `/options${one.pointer}` })));

  const set = <T>(name: keyof Submission, value: T | undefined, isSet: boolean): Partial<Submission> =>
    value === undefined || !isSet ? {} : { [name]: value };
  const typed = (name: keyof Submission, text: string): Partial<Submission> => set(name, text.trim(), text.trim() !== "");
  const list = <T>(name: keyof Submission, items: T[]): Partial<Submission> => set(name, items, items.length > 0);
  const plugin = pluginOf(draft);
  const priority = whole("/priority", draft.priority, 0, 100);
  const threads = whole("/threads", draft.threads, 1, MOST_U32);
  const size = memory("/memory", draft.memory);
  const gpus = gpusOf(draft, whole("/gpus", draft.gpus, 0, 64), memory("/gpus/memory", draft.gpuMemory));
  if (draft.gpus.trim() === "" && (draft.gpuMemory.trim() !== "" || draft.gpuOptional)) mistake("/gpus", words.gpuCount, true);

  const submission: Submission = {
    scene,
    ...typed("frames", draft.frames),
    ...typed("name", draft.name),
    ...typed("user", draft.user),
    ...set("plugin", plugin, plugin !== ""),
    ...typed("dcc_version", draft.dccVersion),
    ...list("layers", [...draft.layers]),
    ...typed("output", draft.output),
    ...set("options", options, Object.keys(options).length > 0),
    ...set("priority", priority, true),
    ...list("after", after),
    ...set("order", draft.order, draft.order !== "forward"),
    ...set("chunk", chunk, draft.chunk !== "auto"),
    ...set("threads", threads, true),
    ...set("memory", size, true),
    ...set("gpus", gpus, true),
    ...list("licences", listed(draft.licences)),
    ...set("skip_existing", true, draft.skipExisting),
    ...set("limits", limits, Object.keys(limits).length > 0),
    ...list("levels", [...draft.levels]),
    ...typed("start_level", draft.startLevel),
    ...list("hooks", draft.hooks.map((hook) => ({ ...hook, name: hook.name.trim() }))),
    ...list("notify", draft.notify.map(({ to, name, on }) => ({ on: [...on], [to]: name.trim() }))),
    ...set("paused", true, draft.paused),
  };
  return { submission, wrong };
}

const MOST_U32 = 2 ** 32 - 1;
/** As the daemon reads amounts, but for how much a machine can have. */
const AMOUNT = /^\d+(\.\d*)?\s*([kmgt]i?b|b)$/i;

/** Names with commas between them. */
export function listed(typed: string): string[] {
  return typed.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

function pluginOf(draft: Draft): NonNullable<Submission["plugin"]> {
  const version = draft.pluginVersion.trim();
  const name = version === "" ? draft.plugin : `${draft.plugin}@${version}`;
  const digest = draft.digest.trim();
  if (draft.plugin === "") return digest === "" ? "" : { digest };
  return digest === "" ? name : { name, digest };
}

function gpusOf(draft: Draft, count: number | undefined, memory: string | undefined): Submission["gpus"] {
  if (count === undefined) return undefined;
  if (memory === undefined && !draft.gpuOptional) return count;
  return { count, required: !draft.gpuOptional, ...(memory === undefined ? {} : { memory }) };
}

function toldOf({ on, webhook, command }: NotifyWish): Told {
  return { to: command === undefined ? "webhook" : "command", name: command ?? webhook ?? "", on: [...on] };
}

/** As people write it, and as exactly as it is known. */
function amountOf(bytes: number): string {
  const [unit, factor] = UNITS.find(([, factor]) => bytes >= factor && Number.isInteger((bytes * 10) / factor)) ?? ["B", 1];
  return `${bytes / factor} ${unit}`;
}

const UNITS: readonly [string, number][] = [
  ["GiB", 2 ** 30],
  ["GB", 1e9],
  ["MiB", 2 ** 20],
  ["MB", 1e6],
];

/**
 * What is to be put in for tasks to need this again, at each of `levels` that the job may use. A job keeps what each
 * level needs, and a person says one thing for all: where levels differ, nothing is put in and the plugin decides.
 */
function needsDraft(needs: readonly LevelNeeds[], levels: readonly string[]): Pick<Draft, "memory" | "gpus" | "gpuMemory" | "gpuOptional"> {
  const one = <T>(values: readonly T[]): T | undefined => (new Set(values.map((value) => JSON.stringify(value))).size === 1 ? values[0] : undefined);
  const memory = one(levels.map((level) => needs.find((of) => of.level === level)?.memory_bytes ?? null)) ?? null;
  const gpus = one(needs.map((of) => of.gpus).filter((need): need is GpuNeed => need != null));
  return {
    memory: memory === null ? "" : amountOf(memory),
    gpus: gpus === undefined ? "" : String(gpus.count),
    gpuMemory: gpus?.memory_bytes == null ? "" : amountOf(gpus.memory_bytes),
    gpuOptional: gpus?.required === false,
  };
}

/** The draft that submits a job's specification again. `levels` are those of its plugin. */
export function draftOf(spec: WholeSpec, form: Form, levels: readonly string[] = []): Draft {
  const known = new Set(form.fields.map((field) => field.name));
  const raws = rawsOf(form, spec.options as Record<string, Json>);
  const others = Object.entries(spec.options).filter(([name]) => !known.has(name));
  const inOthers = form.open && others.length > 0;
  const chunk = spec.chunk as Chunking;
  const text = (value: string | number | null | undefined): string => (value === null || value === undefined ? "" : String(value));
  return {
    ...emptyDraft(text(spec.user)),
    scene: spec.scene,
    plugin: spec.plugin.name,
    pluginVersion: text(spec.plugin.version),
    digest: text(spec.plugin.digest),
    dccVersion: text(spec.dcc_version),
    frames: spec.frames,
    layers: [...spec.layers],
    output: text(spec.output),
    name: spec.name,
    priority: spec.priority === 50 ? "" : String(spec.priority),
    after: spec.after.join(", "),
    order: ORDERS.find((order) => order === spec.order) ?? "forward",
    chunk: typeof chunk === "object" ? "fixed" : chunk,
    chunkSize: typeof chunk === "object" ? String(chunk.fixed) : "",
    threads: text(spec.threads),
    skipExisting: spec.skip_existing,
    levels: [...spec.levels],
    hooks: spec.hooks.map((hook) => ({ ...hook })),
    notify: (spec.notify ?? []).map(toldOf),
    licences: spec.licences.join(", "),
    ...needsDraft(spec.needs, spec.levels.length > 0 ? spec.levels : levels),
    limits: Object.fromEntries(LIMITS.flatMap((name) => (spec.limits[name] == null ? [] : [[name, String(spec.limits[name])]]))),
    options: inOthers ? Object.fromEntries(Object.entries(raws).filter(([name]) => known.has(name))) : raws,
    otherOptions: inOthers ? JSON.stringify(Object.fromEntries(others)) : "",
  };
}

/** The same for something that was submitted from this browser, which still has what a job does not keep. */
export function draftOfSubmission(submission: Submission, form: Form): Draft {
  const plugin = typeof submission.plugin === "string" ? { name: submission.plugin } : submission.plugin;
  const [name = "", version = ""] = (plugin?.name ?? "").split("@", 2);
  const digest = plugin !== undefined && "digest" in plugin ? plugin.digest : "";
  const gpus = typeof submission.gpus === "number" ? { count: submission.gpus, required: true } : submission.gpus;
  const spec = {
    layers: [],
    options: {},
    priority: 50,
    after: [],
    order: "forward",
    chunk: "auto",
    skip_existing: false,
    levels: [],
    hooks: [],
    limits: {},
    licences: [],
    needs: [],
    ...submission,
    name: submission.name ?? "",
    frames: submission.frames ?? "",
    plugin: { name, version, digest },
  } as unknown as WholeSpec;
  return {
    ...draftOf(spec, form),
    memory: submission.memory ?? "",
    gpus: gpus === undefined ? "" : String(gpus.count),
    gpuMemory: gpus !== undefined && "memory" in gpus ? (gpus.memory ?? "") : "",
    gpuOptional: gpus?.required === false,
    startLevel: submission.start_level ?? "",
    paused: submission.paused ?? false,
  };
}

/** Where the form shows what the daemon says: it has a field for a plugin's version, which a submission has in the name. */
export function shownAt({ pointer, message }: Wrong, draft: Draft): string {
  const version = draft.pluginVersion.trim();
  const isOfName = pointer === "/plugin" || pointer === "/plugin/name";
  return isOfName && version !== "" && message.includes(version) ? "/plugin/version" : pointer;
}

/** The field that a pointer is nearest to: its own, or the one around it; none where no field has to do with it. */
export function nearest(pointer: string, fields: Iterable<string>): string | undefined {
  const around = [...fields].filter((field) => pointer === field || pointer.startsWith(`${field}/`));
  return around.sort((a, b) => b.length - a.length)[0];
}

/** What is wrong at a pointer or below it. */
export function at(wrong: readonly Wrong[], pointer: string): Wrong[] {
  return wrong.filter((one) => one.pointer === pointer || one.pointer.startsWith(`${pointer}/`));
}
