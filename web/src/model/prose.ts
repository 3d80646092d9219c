/**
 * Sentences of the daemon, cut into what is code and what is not, with its UTC times as local ones.
 */
import { clock } from "./format";

export interface Piece {
  readonly code: boolean;
  readonly text: string;
}

const TIMESTAMP = /\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g;

/** The sentence where there is no room for markup, such as in a tooltip. */
export function plainText(sentence: string, now: number): string {
  return pieces(sentence, now)
    .map((piece) => piece.text)
    .join("");
}

export function pieces(sentence: string, now: number): Piece[] {
  const local = sentence.replace(TIMESTAMP, (time) => clock(time, now));
  const parts = local.split("`");
  // A backtick without its partner is just a backtick.
  if (parts.length % 2 === 0) return [{ code: false, text: local }];
  return parts.map((text, at) => ({ code: at % 2 === 1, text })).filter((piece) => piece.text !== "");
}

/** A sentence without a reason at its end that has been given just before. */
export function withoutRepeat(sentence: string, said: string): string {
  if (said === "" || sentence === said || !sentence.endsWith(said)) return sentence;
  return sentence.slice(0, -said.length).replace(/[\s,:;]+$/, "");
}
