/**
 * One plugin in full, its versions, and what people decide about them.
 */
import type { Client } from "./client";
import type { PluginView, Severity, Timestamp, VersionStanding } from "./types";

export interface EnvGrant {
  name: string;
  is_set: boolean;
}

export interface PluginLimits {
  describe_seconds: number;
  call_seconds: number;
  read_seconds: number;
  memory_bytes: number;
  log_bytes: number;
  file_bytes: number;
}

/** Calls of one function of the contract. */
export interface CallFigures {
  function: string;
  calls: number;
  failures: number;
  median_seconds: number;
  p99_seconds: number;
  /** How many of the last calls the times are over. */
  of_last: number;
  peak_memory_bytes: number;
  last_failure: { at: Timestamp; digest: string; version: string; message: string } | null;
}

/** Faults of one cause and severity; the message, the attempt and the job are the newest's. */
export interface FaultFigures {
  cause: string;
  severity: Severity;
  count: number;
  message: string;
  attempt: number;
  job: number;
  at: Timestamp;
}

/** What of a JSON Schema the page looks into. */
export interface OptionsSchema {
  properties?: Record<string, Record<string, unknown>>;
  required?: string[];
}

export type PluginDetail = Omit<PluginView, "options_schema"> & {
  options_schema: OptionsSchema | null;
  /** The script's language; null: a component, or nothing serves. */
  language: string | null;
  grants: { read: string[]; env: EnvGrant[]; config: Record<string, unknown> };
  limits: PluginLimits;
  /** Failed calls in a row; 0: never. */
  rollback_after: number;
  /** Past attempts that a new version must decide as before. */
  gate: number | null;
  calls_since: Timestamp;
  calls: CallFigures[];
  attempts_seen: number;
  faults: FaultFigures[];
};

export type LiveReason = { kind: string; from?: string; reason?: string; by?: string | null };

/** From this time on this version served, until the next line. */
export interface VersionView {
  entry: {
    digest: string;
    version: string;
    form: string;
    language: string | null;
    bytes: number;
    source: string;
    at: Timestamp;
    reason: LiveReason;
  };
  serving: boolean;
  /** Whether its bytes are kept, so that it can serve again. */
  kept: boolean;
  /** Why it does not serve again by itself. */
  aside: { kind: string; reason?: string; by?: string | null } | null;
}

export interface PluginVersions {
  name: string;
  standing: VersionStanding;
  /** Newest first. */
  history: VersionView[];
  confirmed: string[];
}

export type VersionAction = "rollback" | "pin" | "unpin" | "confirm";

const path = (name: string): string => `plugins/${encodeURIComponent(name)}`;

export function readPlugin(client: Client, name: string): Promise<PluginDetail> {
  return client.get(path(name));
}

export function readVersions(client: Client, name: string): Promise<PluginVersions> {
  return client.get(`${path(name)}/versions`);
}

/** Without a digest: the version before, or the one that serves, as the action has it. */
export function decide(
  client: Client,
  name: string,
  action: VersionAction,
  digest: string | null,
  user: string | null,
): Promise<PluginView> {
  return client.send("POST", `${path(name)}/${action}`, { ...(digest === null ? {} : { digest }), user });
}
