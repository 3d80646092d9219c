/**
 * What the submit form keeps in this browser: the draft, the last submissions, and the key of one that may have got
 * through. All of it is bounded, and without it, as in a private window, the form works as well.
 */
import type { BatchFile } from "../api/batch-file";
import type { Submission } from "../api/submit";
import { keptBatch, type BatchDraft } from "../model/batch-file";
import { keptDraft, type Draft } from "../model/submission";

const DRAFT = "farmhand.submit.draft";
const RECENT = "farmhand.submit.recent";
const KEY = "farmhand.submit.key";
const USER = "farmhand.submit.user";
const BATCH = "farmhand.submit.batch";
const MOST_RECENT = 12;

export interface Recent {
  readonly name: string;
  readonly at: string;
  readonly submission: Submission;
}

function read(name: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    return null;
  }
}

function write(name: string, value: unknown): void {
  try {
    localStorage.setItem(name, JSON.stringify(value));
  } catch {
    // Full or forbidden: it is a convenience, and nothing depends on it.
  }
}

export const kept = {
  draft: (): Draft => keptDraft(read(DRAFT)),
  keepDraft: (draft: Draft): void => write(DRAFT, draft),

  batch: (): BatchDraft => keptBatch(read(BATCH)),
  keepBatch: (draft: BatchDraft): void => write(BATCH, draft),

  user(): string {
    const user = read(USER);
    return typeof user === "string" ? user : "";
  },

  recents(): Recent[] {
    const all = read(RECENT);
    if (!Array.isArray(all)) return [];
    return all.filter((one: Recent | null) => typeof one?.submission?.scene === "string" && typeof one.name === "string");
  },

  remember(name: string, submission: Submission): void {
    const text = JSON.stringify(submission);
    const others = kept.recents().filter((one) => JSON.stringify(one.submission) !== text);
    write(RECENT, [{ name, at: new Date().toISOString(), submission }, ...others].slice(0, MOST_RECENT));
    if (submission.user !== undefined) write(USER, submission.user);
  },

  forget: (): void => write(RECENT, []),

  /** The same key for the same submission until it is known to have arrived: a lost answer makes no second one. */
  keyFor(submission: Submission | BatchFile): string {
    const text = JSON.stringify(submission);
    const pending = read(KEY) as { text?: unknown; key?: unknown } | null;
    if (pending?.text === text && typeof pending.key === "string") return pending.key;
    const random = crypto.getRandomValues(new Uint8Array(16));
    const key = `page-${Array.from(random, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
    write(KEY, { text, key });
    return key;
  },

  dropKey: (): void => write(KEY, null),
};
