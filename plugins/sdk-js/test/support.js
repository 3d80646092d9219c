// What the tests share: made-up plugins, and the names that they are tried under.

import * as farmhand from "../index.js";

/** A plugin that runs `glow`, with these members changed. */
export function plugin(members = {}) {
  return {
    name: "glow",
    tools: ["glow"],
    buildCommand: () => new farmhand.Command("glow"),
    ...members,
  };
}
