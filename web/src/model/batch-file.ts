/**
 * A batch file in the form: which language it is written in, where a line and column are in it, and what its jobs come
 * to. What is wrong with it only the daemon says.
 */
import type { Standing } from "../api/batches";
import { LANGUAGES, type BatchFile, type Language, type PlannedJob } from "../api/batch-file";

export interface BatchDraft {
  text: string;
  /** The file's own; empty for what was typed or pasted. */
  name: string;
  /** Absent: as the text looks. */
  language: Language | null;
  fresh: boolean;
}

export const emptyBatch = (): BatchDraft => ({ text: "", name: "", language: null, fresh: false });

/** A draft that was kept; of what is none, an empty one. */
export function keptBatch(kept: unknown): BatchDraft {
  if (typeof kept !== "object" || kept === null) return emptyBatch();
  const { text, name, language, fresh } = kept as Record<string, unknown>;
  if (typeof text !== "string" || typeof name !== "string") return emptyBatch();
  return { text, name, language: LANGUAGES.find((one) => one === language) ?? null, fresh: fresh === true };
}

/** The language that a file's name says; none where it is no batch file. */
export function languageOfName(name: string): Language | null {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension === "yml" ? "yaml" : (LANGUAGES.find((one) => one === extension) ?? null);
}

/** The language that a text looks like. */
export function languageOfText(text: string): Language {
  const start = text.replace(/^(\s|#.*\n)+/, "");
  if (start.startsWith("{")) return "json";
  return /^(\[\[?[\w."-]+\]\]?\s*(#.*)?$|[\w"-]+\s*=)/m.test(start.split("\n", 1)[0] ?? "") ? "toml" : "yaml";
}

export const languageOf = (draft: BatchDraft): Language => draft.language ?? languageOfName(draft.name) ?? languageOfText(draft.text);

/** What is sent; nothing while there is no text. */
export function fileOf(draft: BatchDraft, user: string): BatchFile | null {
  if (draft.text.trim() === "") return null;
  return {
    text: draft.text,
    language: languageOf(draft),
    ...(draft.name === "" ? {} : { name: draft.name }),
    ...(user.trim() === "" ? {} : { user: user.trim() }),
    ...(draft.fresh ? { fresh: true } : {}),
  };
}

/** Where a place is in the text, and the end of its line. Columns are counted in characters, as the daemon does. */
export function offsetsOf(text: string, line: number, column: number): [number, number] {
  let start = 0;
  for (let at = 1; at < line; at += 1) {
    const end = text.indexOf("\n", start);
    if (end === -1) break;
    start = end + 1;
  }
  const newline = text.indexOf("\n", start);
  const end = newline === -1 ? text.length : newline;
  const before = [...text.slice(start, end)].slice(0, column - 1).join("");
  return [start + before.length, end];
}

export const STANDINGS: readonly Standing[] = ["new", "retried", "continued", "complete"];

/** How many jobs would become what, in that order, without those that are none. */
export function standingsOf(jobs: readonly PlannedJob[]): [Standing, number][] {
  const counts = STANDINGS.map((standing): [Standing, number] => [standing, jobs.filter((job) => job.standing === standing).length]);
  return counts.filter(([, count]) => count > 0);
}
