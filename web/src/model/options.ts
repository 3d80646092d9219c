/**
 * An options schema as rows to read: what each option is called, what it may be, what it is where nothing is said.
 */
import type { OptionsSchema } from "../api/plugins";

export interface OptionRow {
  readonly name: string;
  /** Such as `integer, 1 to 4096` or `CPU, OPTIX`. */
  readonly kind: string;
  /** Absent: there is none. */
  readonly usual: string | null;
  readonly meaning: string;
  readonly isRequired: boolean;
}

const word = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value));

export function optionRows(schema: OptionsSchema | null): OptionRow[] {
  const required = new Set(schema?.required ?? []);
  return Object.entries(schema?.properties ?? {}).map(([name, option]) => ({
    name,
    kind: kindOf(option),
    usual: "default" in option ? word(option["default"]) : null,
    meaning: [option["title"], option["description"]].filter((text) => typeof text === "string" && text !== "").join(": "),
    isRequired: required.has(name),
  }));
}

function kindOf(option: Record<string, unknown>): string {
  if (Array.isArray(option["enum"])) return option["enum"].map(word).join(", ");
  if ("const" in option) return word(option["const"]);
  const type = option["type"];
  const name = Array.isArray(type) ? type.filter((one) => one !== "null").join(" or ") : typeof type === "string" ? type : "any";
  const items = option["items"] as Record<string, unknown> | undefined;
  const of = name === "array" && typeof items === "object" ? ` of ${kindOf(items)}` : "";
  return `${name}${of}${bounds(option)}`;
}

function bounds(option: Record<string, unknown>): string {
  const least = option["minimum"] ?? option["exclusiveMinimum"];
  const most = option["maximum"] ?? option["exclusiveMaximum"];
  if (least !== undefined && most !== undefined) return `, ${word(least)} to ${word(most)}`;
  if (least !== undefined) return `, at least ${word(least)}`;
  return most === undefined ? "" : `, at most ${word(most)}`;
}
