/** What is wrong with a frame set, in the daemon's own words: both are tested with the same table. */

const allowed = "write frames and ranges with commas between them, such as 1,5,10-20 or 1-100x5";

export const frames = {
  none: `no frames; ${allowed}`,
  unexpected: (found: string): string => `unexpected '${found}'; ${allowed}`,
  missingAtEnd: "a frame number is missing at the end",
  missingBeforeComma: "a frame number is missing before the comma",
  loneMinus: "a minus sign must stand right before its number",
  outOfRange: (frame: string, least: number, most: number): string =>
    `${frame} is out of range; frames go from ${least} to ${most}`,
  stepWithoutRange: "a step needs a range before it, such as 10-20x2",
  stepMissing: "after x comes a step, such as 10-20x2",
  stepZero: "a step of 0 leads nowhere; the least is 1",
  stepOutOfRange: (step: string, most: number): string => `${step} is out of range; a step is at most ${most}`,
  backwards: (first: number, last: number, step: number): string =>
    `${first}-${last} runs backwards; write ${last}-${first}${step === 1 ? "" : `x${step}`}`,
  tooMany: (most: number): string => `more than ${most} frames; split them over several jobs`,
  at: (column: number, message: string): string => `column ${column}: ${message}`,
} as const;
