/** What is said of plugins. */
import type { PluginView } from "../api/types";

export const plugins = {
  heading: "Plugins",
  none: "No plugins.",
  state: { serving: "serving", degraded: "degraded", failed: "failed" } satisfies Record<PluginView["state"], string>,
  pinned: "pinned",
  rolledBack: "rolled back",
  heldBack: "held back",
  refused: "A newer version was refused; this one goes on serving.",
  wentBack: "The newest version was rolled back from; this one serves.",
  troubled: "The version that serves is in trouble.",
  pinnedBy: (by: string | null, span: string): string =>
    by === null ? `Pinned ${span} ago.` : `Pinned by ${by} ${span} ago.`,
  waits: (version: string, source: string): string => `Version ${version} from ${source} waits for an unpin.`,
  generation: (generation: number): string => `generation ${generation}`,
  changed: (span: string): string => `changed ${span} ago`,
  choose: "Choose a plugin to see its calls, its faults, what it may see, and its versions.",
  missing: (name: string): string => `There is no plugin ${name}.`,
  back: "All plugins",
  version: "Version",
  digest: "Digest",
  generationWord: "Generation",
  source: "File",
  form: "Made as",
  formOf: (language: string | null): string => (language === null ? "component" : `${language} script`),
  changedWord: "Changed",
  tripped: (until: string): string => `takes no tasks here; one is let through at ${until}`,
  trippedWord: "tripped",
  lastError: "What is wrong",
  calls: "Calls",
  callsSince: (since: string): string => `since the daemon started, ${since}`,
  noCalls: "It was not called yet.",
  function: "Function",
  count: "Calls",
  failures: "Failed",
  median: "Median",
  p99: "99 of 100",
  peak: "Most memory",
  ofLast: (count: number): string => `times are of the last ${count} calls`,
  lastFailure: (what: string, version: string, span: string): string => `${what} of version ${version} failed ${span} ago`,
  faults: "Faults",
  faultsOf: (attempts: number): string => (attempts === 1 ? "in its last attempt" : `in its last ${attempts} attempts`),
  noFaults: (attempts: number): string =>
    attempts === 0 ? "It has decided no attempt lately." : `None in its last ${attempts} ${attempts === 1 ? "attempt" : "attempts"}.`,
  cause: "Cause",
  severity: "Severity",
  newest: "The newest",
  sees: "What it may see",
  seesNothing: "The job in hand, and nothing besides.",
  reads: "Reads under",
  env: "Environment",
  notSet: "not set",
  config: "Configuration",
  limits: "Limits",
  limitOf: {
    call: (text: string): string => `a call takes ${text} at most`,
    read: (text: string): string => `a batch of lines ${text}`,
    describe: (text: string): string => `describe ${text}`,
    memory: (text: string): string => `${text} of memory`,
    log: (text: string): string => `${text} of log a call`,
  },
  rollbackAfter: (count: number): string =>
    count === 0 ? "never rolled back by itself" : `rolled back after ${count} failed calls in a row`,
  gate: (count: number): string => `a new version must decide ${count} past attempts as before`,
  options: "Options of a job",
  noOptions: "Its jobs have no options.",
  option: "Option",
  kind: "Kind",
  usual: "Default",
  meaning: "Meaning",
  required: "must be given",
  programs: "Programs",
  versions: "Versions",
  served: "Served from",
  why: "Why",
  servesNow: "serves now",
  setAside: (why: string): string => `set aside: ${why}`,
  notKept: "its bytes are not kept",
  reason: (reason: { kind: string; from?: string; reason?: string; by?: string | null }): string => {
    const by = reason.by == null ? "" : ` by ${reason.by}`;
    const from = reason.from === undefined ? "" : ` from ${reason.from.slice(0, 12)}`;
    switch (reason.kind) {
      case "started":
        return "it was there when the daemon started";
      case "saved":
        return "its file was saved";
      case "file-gone":
        return "the file before it is gone";
      case "rolled-back-by-daemon":
        return `the daemon went back to it${from}: ${reason.reason ?? ""}`;
      case "rolled-back":
        return `rolled back${by}${from}`;
      case "failed":
        return reason.reason ?? "it failed";
      default:
        return `${reason.kind.replaceAll("-", " ")}${by}`;
    }
  },
  act: { rollback: "Roll back", pin: "Pin", unpin: "Unpin", confirm: "Let it serve" },
  actOn: {
    rollback: (version: string): string => `Go back to ${version}`,
    pin: (version: string): string => `Pin ${version}`,
    unpin: (version: string): string => `Unpin ${version}`,
    confirm: (version: string): string => `Let ${version} serve`,
  },
  asks: {
    rollback: (name: string, version: string | null): string =>
      version === null ? `Go back to the version of ${name} before?` : `Go back to ${name} ${version}?`,
    pin: (name: string, version: string | null): string => `Pin ${name}${version === null ? "" : ` ${version}`}?`,
    unpin: (name: string, _version: string | null): string => `End the pin of ${name}?`,
    confirm: (name: string, version: string | null): string => `Let ${name}${version === null ? "" : ` ${version}`} serve?`,
  },
  means: {
    rollback: "What serves now is set aside until other bytes are saved or somebody lets it serve again. Attempts that run finish on their version.",
    pin: "This version serves whatever is saved, until somebody unpins it.",
    unpin: "The newest good version serves again, at once.",
    confirm: "It serves from now on, though it was rolled back from or held back.",
  },
  who: "Your name, for the history",
  no: "Leave it",
  could: (what: string, name: string): string => `${name}: could not do this: ${what}`,
  levels: "Levels",
  extensions: "Scenes",
} as const;
