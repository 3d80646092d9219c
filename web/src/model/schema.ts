/**
 * A plugin's options schema, made into fields that can be drawn, and what is put into them made into options again. What
 * cannot be drawn is a field of JSON text: nothing that a schema has is ever dropped. The daemon checks options once more.
 */
import { submit } from "../text/submit";

const words = submit.options;

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** What somebody has put into a field: text as it is typed, so that nothing is lost while it is not right yet. */
export type Raw = string | boolean | Raw[] | { of: Record<string, Raw> } | { json: string };

interface Common {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly required: boolean;
  /** Absent: the plugin decides. */
  readonly default?: Json;
}

export interface TextField extends Common {
  readonly kind: "text";
  readonly multiline: boolean;
  readonly isPath: boolean;
  readonly minLength: number;
  readonly maxLength: number;
  readonly pattern: string | null;
  readonly example: string | null;
}

export interface NumberField extends Common {
  readonly kind: "number";
  readonly integer: boolean;
  readonly minimum: number | null;
  readonly maximum: number | null;
  readonly above: number | null;
  readonly below: number | null;
  readonly multipleOf: number | null;
  readonly unit: string | null;
}

export interface SwitchField extends Common {
  readonly kind: "switch";
}

export interface Choice {
  readonly value: Json;
  readonly title: string;
}

export interface ChoiceField extends Common {
  readonly kind: "choice";
  readonly choices: readonly Choice[];
}

export interface ListField extends Common {
  readonly kind: "list";
  readonly item: ScalarField;
  readonly minItems: number;
  readonly maxItems: number;
  readonly unique: boolean;
}

export interface GroupField extends Common {
  readonly kind: "group";
  readonly fields: readonly Field[];
}

export interface JsonField extends Common {
  readonly kind: "json";
  /** JSON types that it takes; none: any. */
  readonly types: readonly string[];
}

export type ScalarField = TextField | NumberField | ChoiceField;
export type Field = ScalarField | SwitchField | ListField | GroupField | JsonField;

export interface Form {
  readonly fields: readonly Field[];
  /** Whether the schema takes options that it does not name. */
  readonly open: boolean;
}

export interface Wrong {
  /** JSON pointer below the options, such as `/resolution/0`. */
  readonly pointer: string;
  readonly message: string;
  /** Nothing is there yet: no mistake until somebody is done. */
  readonly missing?: boolean;
}

/** A list of as many values as these is drawn side by side, where the schema says how many. */
export const SIDE_BY_SIDE = 4;

type Schema = Record<string, unknown>;

const object = (value: unknown): Schema | null =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Schema) : null;
const number = (value: unknown): number | null => (typeof value === "number" ? value : null);
const text = (value: unknown): string => (typeof value === "string" ? value : "");

/** The fields of a plugin's schema, in its order. */
export function formOf(schema: unknown): Form {
  const root = object(schema);
  if (root === null) return { fields: [], open: true };
  return { fields: fieldsOf(root, 0), open: root["additionalProperties"] !== false };
}

function fieldsOf(schema: Schema, depth: number): Field[] {
  const required = Array.isArray(schema["required"]) ? (schema["required"] as unknown[]) : [];
  const properties = Object.entries(object(schema["properties"]) ?? {});
  return properties.map(([name, one]) => fieldOf(name, one, required.includes(name), depth));
}

function fieldOf(name: string, property: unknown, required: boolean, depth: number): Field {
  const schema = merged(object(property) ?? {});
  const fallback = schema["default"] as Json | undefined;
  const common: Common = {
    name,
    title: text(schema["title"]) || titleOf(name),
    description: text(schema["description"]),
    required: required && fallback === undefined,
    ...(fallback === undefined ? {} : { default: fallback }),
  };
  return drawn(common, schema, depth) ?? { ...common, kind: "json", types: typesOf(schema) };
}

/** `light_samples` as `Light samples`. */
function titleOf(name: string): string {
  const spaced = name.replace(/[_-]+/g, " ").trim();
  return spaced === "" ? name : spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

/** One of two schemas of which the other is only `null`, with what is said around them. */
function merged(schema: Schema): Schema {
  for (const keyword of ["anyOf", "oneOf"]) {
    const either = schema[keyword];
    if (!Array.isArray(either)) continue;
    const rest = either.map(object).filter((one) => one !== null && one["type"] !== "null");
    if (rest.length === 1 && either.length === 2 && rest[0] !== null) {
      const { [keyword]: _, ...around } = schema;
      return { ...rest[0], ...around };
    }
  }
  return schema;
}

/** Keywords that say more than a field can; the daemon minds them, so only what depends on them is written as JSON. */
const BEYOND = ["allOf", "anyOf", "oneOf", "not", "if", "$ref", "patternProperties", "prefixItems", "contains"];

function drawn(common: Common, schema: Schema, depth: number): Field | null {
  const choices = choicesOf(schema);
  if (choices !== null) return { ...common, kind: "choice", choices };
  if (BEYOND.some((keyword) => keyword in schema)) return null;
  const types = typesOf(schema).filter((type) => type !== "null");
  if (types.length !== 1) return null;
  switch (types[0]) {
    case "string":
      return {
        ...common,
        kind: "text",
        multiline: /^text\/|multiline/.test(`${text(schema["contentMediaType"])}${text(schema["format"])}`),
        isPath: schema["format"] === "path",
        minLength: number(schema["minLength"]) ?? 0,
        maxLength: number(schema["maxLength"]) ?? Infinity,
        pattern: text(schema["pattern"]) || null,
        example: Array.isArray(schema["examples"]) ? text(schema["examples"][0]) || null : null,
      };
    case "integer":
    case "number":
      return {
        ...common,
        kind: "number",
        integer: types[0] === "integer",
        minimum: number(schema["minimum"]),
        maximum: number(schema["maximum"]),
        above: number(schema["exclusiveMinimum"]),
        below: number(schema["exclusiveMaximum"]),
        multipleOf: number(schema["multipleOf"]),
        unit: text(schema["unit"]) || text(schema["x-unit"]) || null,
      };
    case "boolean":
      return { ...common, kind: "switch" };
    case "array": {
      const item = object(schema["items"]) === null ? null : fieldOf(common.name, schema["items"], false, depth + 1);
      if (item?.kind !== "text" && item?.kind !== "number" && item?.kind !== "choice") return null;
      return {
        ...common,
        kind: "list",
        item,
        minItems: number(schema["minItems"]) ?? 0,
        maxItems: number(schema["maxItems"]) ?? Infinity,
        unique: schema["uniqueItems"] === true,
      };
    }
    case "object": {
      const fields = depth === 0 ? fieldsOf(schema, depth + 1) : [];
      return fields.length === 0 ? null : { ...common, kind: "group", fields };
    }
    default:
      return null;
  }
}

/** The values of an enumeration, of constants with titles, or of one constant. */
function choicesOf(schema: Schema): Choice[] | null {
  if (Array.isArray(schema["enum"])) return (schema["enum"] as Json[]).map((value) => ({ value, title: shown(value) }));
  if ("const" in schema) return [{ value: schema["const"] as Json, title: shown(schema["const"] as Json) }];
  const either = schema["oneOf"] ?? schema["anyOf"];
  if (!Array.isArray(either) || either.length === 0) return null;
  const constants = either.map(object);
  if (!constants.every((one) => one !== null && "const" in one)) return null;
  return constants.map((one) => {
    const value = one?.["const"] as Json;
    return { value, title: text(one?.["title"]) || shown(value) };
  });
}

/** What a schema says of the type, or what its keywords give away. */
function typesOf(schema: Schema): string[] {
  const type = schema["type"];
  if (typeof type === "string") return [type];
  if (Array.isArray(type)) return type.map(String);
  const has = (...names: string[]): boolean => names.some((name) => name in schema);
  if (has("properties")) return ["object"];
  if (has("items")) return ["array"];
  if (has("pattern", "minLength", "maxLength", "contentMediaType")) return ["string"];
  if (has("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")) return ["number"];
  return [];
}

/** A value as people read it. */
export function shown(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Whether nothing is put in: the plugin decides then. */
export function isBlank(raw: Raw | undefined): boolean {
  if (raw === undefined) return true;
  if (typeof raw === "string") return raw.trim() === "";
  if (typeof raw === "boolean") return false;
  if (Array.isArray(raw)) return raw.every(isBlank);
  return "json" in raw ? raw.json.trim() === "" : Object.values(raw.of).every(isBlank);
}

/** What is put in, in a form that this field can show: as JSON where the field is another one than it was made for. */
export function fitted(field: Field, raw: Raw | undefined): Raw | undefined {
  if (isBlank(raw) || raw === undefined || fits(field, raw)) return raw;
  return { json: JSON.stringify(plain(raw)) };
}

function fits(field: Field, raw: Raw): boolean {
  if (typeof raw === "object" && "json" in raw) return true;
  switch (field.kind) {
    case "text":
    case "number":
      return typeof raw === "string";
    case "choice":
      return typeof raw === "string" && choiceOf(field, raw) !== undefined;
    case "switch":
      return typeof raw === "boolean";
    case "list":
      return Array.isArray(raw) && raw.every((one) => typeof one === "string");
    case "group":
      return typeof raw === "object" && "of" in raw && Object.keys(raw.of).every((name) => isBlank(raw.of[name]) || field.fields.some((one) => one.name === name));
    case "json":
      return false;
  }
}

function choiceOf(field: ChoiceField, raw: string): Choice | undefined {
  return field.choices.find((choice) => JSON.stringify(choice.value) === raw);
}

function plain(raw: Raw): Json {
  if (typeof raw === "string") {
    try {
      const value = JSON.parse(raw) as Json;
      return typeof value === "object" ? raw : value;
    } catch {
      return raw;
    }
  }
  if (typeof raw === "boolean") return raw;
  if (Array.isArray(raw)) return raw.map(plain);
  if ("json" in raw) return raw.json;
  return Object.fromEntries(Object.entries(raw.of).map(([name, one]) => [name, plain(one)]));
}

/** The value that a field stands for: absent where the plugin decides. */
export function valueOf(field: Field, raw: Raw | undefined, at = `/${escaped(field.name)}`): { value?: Json; wrong: Wrong[] } {
  const wrong = (message: string, pointer = at): { wrong: Wrong[] } => ({ wrong: [{ pointer, message }] });
  const put = fitted(field, raw);
  if (put === undefined || isBlank(put)) {
    return { wrong: field.required ? [{ pointer: at, message: words.needed, missing: true }] : [] };
  }
  if (typeof put === "object" && "json" in put) return ofJson(field, put.json, at);
  switch (field.kind) {
    case "text": {
      const length = [...(put as string)].length;
      if (length < field.minLength) return wrong(words.short(field.minLength));
      if (length > field.maxLength) return wrong(words.long(field.maxLength));
      return matches(field.pattern, put as string) ? { value: put as string, wrong: [] } : wrong(words.pattern(field.pattern ?? ""));
    }
    case "number":
      return ofNumber(field, (put as string).trim(), at);
    case "switch":
      return { value: put as boolean, wrong: [] };
    case "choice":
      return { value: choiceOf(field, put as string)?.value ?? null, wrong: [] };
    case "list":
      return ofList(field, put as string[], at);
    case "group": {
      const parts = (put as { of: Record<string, Raw> }).of;
      const values: Record<string, Json> = {};
      const mistakes = field.fields.flatMap((one) => {
        const { value, wrong } = valueOf(one, parts[one.name], `${at}/${escaped(one.name)}`);
        if (value !== undefined) values[one.name] = value;
        return wrong;
      });
      return { value: values, wrong: mistakes };
    }
    case "json":
      return wrong(words.noJson(""));
  }
}

const JSON_TYPE: Record<Field["kind"], (field: Field) => readonly string[]> = {
  text: () => ["string"],
  number: (field) => [(field as NumberField).integer ? "integer" : "number"],
  switch: () => ["boolean"],
  choice: () => [],
  list: () => ["array"],
  group: () => ["object"],
  json: (field) => (field as JsonField).types,
};

function ofJson(field: Field, json: string, at: string): { value?: Json; wrong: Wrong[] } {
  let value: Json;
  try {
    value = JSON.parse(json) as Json;
  } catch (error) {
    return { wrong: [{ pointer: at, message: words.noJson(error instanceof Error ? error.message : "") }] };
  }
  const types = JSON_TYPE[field.kind](field);
  const is = typeOf(value);
  const right = types.length === 0 || types.includes(is) || (is === "integer" && types.includes("number"));
  if (!right) return { wrong: [{ pointer: at, message: words.type(types, is) }] };
  if (field.kind === "choice" && !field.choices.some((one) => JSON.stringify(one.value) === JSON.stringify(value))) {
    return { wrong: [{ pointer: at, message: words.noChoice(shown(value), field.choices.map((one) => one.title).join(", ")) }] };
  }
  return { value, wrong: [] };
}

function typeOf(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value === "number" && Number.isInteger(value) ? "integer" : typeof value;
}

/** Whether the text is as the pattern has it; the daemon's own patterns may say what this browser's cannot. */
function matches(pattern: string | null, value: string): boolean {
  if (pattern === null) return true;
  try {
    return new RegExp(pattern, "u").test(value);
  } catch {
    return true;
  }
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;

function ofNumber(field: NumberField, put: string, at: string): { value?: Json; wrong: Wrong[] } {
  const value = Number(put);
  const message = ((): string | null => {
    if (!NUMBER.test(put) || !Number.isFinite(value)) return words.noNumber;
    if (field.integer && !Number.isSafeInteger(value)) return words.noInteger;
    if (field.minimum !== null && value < field.minimum) return words.least(field.minimum);
    if (field.maximum !== null && value > field.maximum) return words.most(field.maximum);
    if (field.above !== null && value <= field.above) return words.above(field.above);
    if (field.below !== null && value >= field.below) return words.below(field.below);
    const steps = field.multipleOf === null ? 0 : value / field.multipleOf;
    return Math.abs(steps - Math.round(steps)) < 1e-9 ? null : words.multiple(field.multipleOf ?? 1);
  })();
  return message === null ? { value, wrong: [] } : { wrong: [{ pointer: at, message }] };
}

function ofList(field: ListField, rows: readonly string[], at: string): { value?: Json; wrong: Wrong[] } {
  const fixed = isFixed(field);
  const values: Json[] = [];
  const wrong: Wrong[] = [];
  rows.forEach((row, index) => {
    if (isBlank(row)) {
      if (fixed) wrong.push({ pointer: `${at}/${index}`, message: words.needed });
      return;
    }
    const one = valueOf(field.item, row, `${at}/${index}`);
    wrong.push(...one.wrong);
    if (one.value !== undefined) values.push(one.value);
  });
  if (wrong.length > 0) return { wrong };
  const message = ((): string | null => {
    if (values.length < field.minItems) return words.few(field.minItems);
    if (values.length > field.maxItems) return words.many(field.maxItems);
    const seen = new Set(values.map((value) => JSON.stringify(value)));
    return field.unique && seen.size < values.length ? words.twice : null;
  })();
  return message === null ? { value: values, wrong: [] } : { wrong: [{ pointer: at, message }] };
}

/** Whether a list has a number of values that is known and small. */
export function isFixed(field: ListField): boolean {
  return field.minItems === field.maxItems && field.maxItems <= SIDE_BY_SIDE;
}

/** What has to be put into a field for it to stand for this value; absent where it does so by itself. */
export function rawOf(field: Field, value: Json): Raw | undefined {
  if (field.default !== undefined && JSON.stringify(field.default) === JSON.stringify(value)) return undefined;
  const json: Raw = { json: JSON.stringify(value) };
  switch (field.kind) {
    case "text":
      // An empty text is a value, and an empty field is none.
      return typeof value === "string" && value.trim() !== "" ? value : json;
    case "number":
      return typeof value === "number" ? String(value) : json;
    case "switch":
      return typeof value === "boolean" ? value : json;
    case "choice": {
      const raw = JSON.stringify(value);
      return choiceOf(field, raw) === undefined ? json : raw;
    }
    case "list": {
      if (!Array.isArray(value) || value.length === 0) return json;
      const rows = value.map((one) => rawOf({ ...field.item, default: undefined } as unknown as ScalarField, one));
      return rows.every((row) => typeof row === "string") ? (rows as Raw[]) : json;
    }
    case "group": {
      const parts = object(value);
      if (parts === null || Object.keys(parts).length === 0) return json;
      const known = new Map(field.fields.map((one) => [one.name, one]));
      if (Object.keys(parts).some((name) => !known.has(name))) return json;
      const of = Object.entries(parts).flatMap(([name, one]) => {
        const raw = rawOf(known.get(name) as Field, one as Json);
        return raw === undefined ? [] : [[name, raw] as const];
      });
      return of.length === 0 ? json : { of: Object.fromEntries(of) };
    }
    case "json":
      return json;
  }
}

/** The options that all fields stand for, and all that is wrong with them. */
export function optionsOf(form: Form, raws: Readonly<Record<string, Raw>>, others: string): { options: Record<string, Json>; wrong: Wrong[] } {
  const options: Record<string, Json> = {};
  const wrong: Wrong[] = [];
  if (form.open && others.trim() !== "") {
    const found = ofJson({ ...OTHERS, kind: "json", types: ["object"] }, others, "");
    wrong.push(...found.wrong);
    Object.assign(options, found.value ?? {});
  }
  for (const field of form.fields) {
    const found = valueOf(field, raws[field.name]);
    wrong.push(...found.wrong);
    if (found.value !== undefined) options[field.name] = found.value;
  }
  return { options, wrong };
}

const OTHERS = { name: "", title: "", description: "", required: false };

/** What is to be put into the fields for these options; those that no field takes are kept under their names. */
export function rawsOf(form: Form, options: Readonly<Record<string, Json>>): Record<string, Raw> {
  const raws: Record<string, Raw> = {};
  for (const [name, value] of Object.entries(options)) {
    const field = form.fields.find((one) => one.name === name);
    const raw = field === undefined ? { json: JSON.stringify(value) } : rawOf(field, value);
    if (raw !== undefined) raws[name] = raw;
  }
  return raws;
}

/** What is put in under names that the schema has not, or no longer. */
export function leftover(form: Form, raws: Readonly<Record<string, Raw>>): [string, Raw][] {
  const known = new Set(form.fields.map((field) => field.name));
  return Object.entries(raws).filter(([name, raw]) => !known.has(name) && !isBlank(raw));
}

/** What is put in, to be read by people. */
export function rawText(raw: Raw): string {
  if (typeof raw === "string") return raw;
  return typeof raw === "object" && "json" in raw ? raw.json : JSON.stringify(plain(raw));
}

function escaped(name: string): string {
  return name.replaceAll("~", "~0").replaceAll("/", "~1");
}
