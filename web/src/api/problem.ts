/**
 * What went wrong with a request, as a person should read it: `application/problem+json` (RFC 9457) where the daemon
 * sent it, and plain words where there was no daemon to send anything.
 */
import { t } from "../text";

export interface FieldProblem {
  /** JSON pointer, or empty where it concerns the whole request. */
  field: string;
  message: string;
  /** In the text that was sent, from 1, where it is known. */
  line?: number;
  column?: number;
}

export class Problem extends Error {
  constructor(
    readonly title: string,
    readonly detail: string,
    readonly status: number | null,
    readonly fields: FieldProblem[] = [],
  ) {
    super(detail === "" ? title : `${title}: ${detail}`);
  }

  /** Whether the daemon wants its token first. */
  get needsLogin(): boolean {
    return this.status === 401;
  }

  /** Whether no daemon answered at all. */
  get unreachable(): boolean {
    return this.status === null;
  }
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function fieldProblems(value: unknown): FieldProblem[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((item: unknown) => {
    if (typeof item !== "object" || item === null) return [];
    const entry = item as Record<string, unknown>;
    const message = text(entry["message"]) || text(entry["detail"]);
    const place = typeof entry["line"] === "number" && typeof entry["column"] === "number" ? { line: entry["line"], column: entry["column"] } : {};
    return message === "" ? [] : [{ field: text(entry["field"]) || text(entry["pointer"]), message, ...place }];
  });
}

/** Reads a problem that is JSON already, such as one of several in an answer. */
export function problemOf(value: unknown, status?: number): Problem {
  const json = value as Record<string, unknown>;
  const known = status ?? (typeof json["status"] === "number" ? json["status"] : 0);
  const title = text(json["title"]) || t.problem.status(known);
  return new Problem(title, text(json["detail"]), known, fieldProblems(json["errors"] ?? json["problems"]));
}

/** Reads an error body of whatever kind it is. */
export function readProblem(status: number, contentType: string | null, body: string): Problem {
  if (contentType?.includes("json")) {
    try {
      return problemOf(JSON.parse(body), status);
    } catch {
      // Not JSON after all: the text itself is the best there is.
    }
  }
  return new Problem(t.problem.status(status), body.trim().slice(0, 500), status);
}

/** Makes a problem of anything that was thrown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem(t.problem.unreachable, t.problem.unreachableRemedy, null);
  return new Problem(t.problem.unexpected, error instanceof Error ? error.message : String(error), null);
}
