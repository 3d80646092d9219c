/**
 * A batch file as the form sends it, and what the daemon says would become of its jobs. True to
 * `host/src/api/batch_file.rs` and to `BatchPlan` in `host/model/src/batch.rs`.
 */
import type { BatchView, Standing } from "./batches";
import type { Client } from "./client";
import type { FrameSetText } from "./types";

export const LANGUAGES = ["yaml", "toml", "json"] as const;
export type Language = (typeof LANGUAGES)[number];

export interface BatchFile {
  text: string;
  language: Language;
  /** What it is called. */
  name?: string;
  user?: string;
  fresh?: boolean;
}

export interface PlannedJob {
  name: string;
  standing: Standing;
  /** Why; absent of a new job. */
  reason: string | null;
  job: number | null;
  plugin: string;
  scene: string;
  frames: FrameSetText;
  layers: string[];
  output: string | null;
  notes: string[];
}

export interface BatchPlan {
  name: string;
  workers: number;
  jobs: PlannedJob[];
}

export function planBatchFile(client: Client, file: BatchFile): Promise<BatchPlan> {
  return client.send("POST", "batches/file?dry_run=true", file);
}

/** The same file under the same key makes one batch, however often it is sent. */
export function submitBatchFile(client: Client, file: BatchFile, key: string): Promise<BatchView> {
  return client.send("POST", "batches/file", file, { "idempotency-key": key });
}
