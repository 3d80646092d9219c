/**
 * What happened that a person should read.
 */
import type { Client } from "./client";
import type { Notice, Page } from "./types";

/** The newest of them, or those before the one of this number; newest first. */
export function readNotices(client: Client, limit: number, before: string | null): Promise<Page<Notice>> {
  const query = new URLSearchParams({ limit: String(limit) });
  if (before !== null) query.set("before", before);
  return client.get(`notices?${query}`);
}
