/**
 * A command as a line for a POSIX shell, which does what the attempt did: in its directory, with its environment.
 */
import type { CommandView } from "../api/types";
import { quote } from "./format";

/** What the daemon writes in the place of a value that nobody should read. */
const HIDDEN = "(hidden)";

/** A hidden value is taken from the shell's own environment, which says so where it has none. */
export function pasteLine(command: CommandView): string {
  const env = command.env.map(([name, value]) => {
    // `env` takes any name, but only a proper one can be looked up.
    const isProper = /^[A-Za-z_]\w*$/.test(name);
    return value === HIDDEN && isProper ? `${name}="\${${name}:?}"` : quote(`${name}=${value}`);
  });
  const words = [command.program, ...command.args].map(quote);
  const line = env.length === 0 ? words : ["env", ...env, ...words];
  return `cd ${quote(command.cwd)} && ${line.join(" ")}`;
}

/** Whether there is more that was hidden than whole values: an argument, or the password of an address. */
export function hasHiddenParts(command: CommandView): boolean {
  const values = command.env.map(([, value]) => value).filter((value) => value !== HIDDEN);
  return [...command.args, ...values].some((text) => text.includes(HIDDEN));
}

/** Names whose values were hidden. */
export function hiddenNames(command: CommandView): string[] {
  return command.env.filter(([, value]) => value === HIDDEN).map(([name]) => name);
}
