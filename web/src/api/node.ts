/**
 * The machine's last minutes.
 */
import type { Client } from "./client";
import type { NodeSample } from "./types";

export interface NodeHistory {
  interval_seconds: number;
  samples_kept: number;
  /** Oldest first. */
  samples: NodeSample[];
}

export function readNodeHistory(client: Client): Promise<NodeHistory> {
  return client.get("node/history");
}
