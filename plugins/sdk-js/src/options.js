// A job's options, with the defaults of the plugin's schema filled in. The host has checked them against the schema
// before a plugin sees them, except in a test.

import { nearest, refuse } from "./check.js";

/** The whole schema, where a plugin writes only its properties. */
export function schemaOf(options) {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    refuse("options", "an object with a JSON Schema for each option", options);
  }
  if (options.type === "object") return options;
  for (const [name, schema] of Object.entries(options)) {
    if (typeof schema !== "object" || schema === null) {
      refuse(`options.${name}`, 'a JSON Schema such as { type: "integer", default: 50 }', schema);
    }
  }
  return { type: "object", additionalProperties: false, properties: options };
}

/** Options by name, with the defaults of the schema for those that were not given. One that the schema does not know is
 * a mistake of the plugin, unless the schema is open. */
export function optionsOf(given, schema) {
  const properties = schema.properties ?? {};
  const options = {};
  for (const [name, property] of Object.entries(properties)) {
    if (property && property.default !== undefined) options[name] = property.default;
  }
  Object.assign(options, given);
  if (schema.additionalProperties !== false) return options;
  const known = Object.keys(properties);
  return new Proxy(options, {
    get(target, name) {
      if (typeof name !== "string" || name in target || known.includes(name) || ASKED_BY_OTHERS.includes(name)) {
        return target[name];
      }
      const near = nearest(name, known);
      const hint = near === undefined ? `the options are ${known.join(", ") || "none"}` : `did you mean \`${near}\`?`;
      throw new TypeError(`the plugin has no option \`${name}\`; ${hint}`);
    },
  });
}

// Names that the language itself looks for in any object.
const ASKED_BY_OTHERS = ["toJSON", "then"];
