/**
 * Which values stand out from the others, by a rule that the outliers themselves do not bend: the median and the
 * median distance from it. It knows nothing of what the values are.
 */

export interface Spread {
  /** How many values there are. */
  readonly count: number;
  readonly median: number;
  /** Values above it stand out; infinite where there are too few to tell. */
  readonly limit: number;
}

/** With fewer values nothing is out of the ordinary yet. */
const FEWEST = 8;
/** As many times the usual distance from the median. */
const TIMES = 6;
/** What nobody would call slow, whatever the others are. */
const LEAST_SHARE = 1.25;

/** Makes a median distance comparable to a standard deviation. */
const NORMAL = 1.4826;

/** `atLeast` is a difference that is too small to speak of. NaN are no values. */
export function spreadOf(values: ArrayLike<number>, atLeast: number): Spread {
  const sorted = sortedValues(values);
  const count = sorted.length;
  const median = middle(sorted);
  if (count < FEWEST) return { count, median, limit: Infinity };
  const away = sorted.map((value) => Math.abs(value - median)).sort();
  const usual = middle(away) * NORMAL;
  return { count, median, limit: Math.max(median + TIMES * usual, median * LEAST_SHARE, median + atLeast) };
}

function sortedValues(values: ArrayLike<number>): Float64Array {
  const kept = Float64Array.from(values).filter((value) => !Number.isNaN(value));
  return kept.sort();
}

function middle(sorted: Float64Array): number {
  const count = sorted.length;
  if (count === 0) return NaN;
  const half = count >> 1;
  return count % 2 === 1 ? (sorted[half] as number) : ((sorted[half - 1] as number) + (sorted[half] as number)) / 2;
}

/** The places of the highest values, the highest first; of equal ones the first. */
export function highest(values: ArrayLike<number>, most: number): number[] {
  const best: number[] = [];
  for (let at = 0; at < values.length; at += 1) {
    const value = values[at] as number;
    if (Number.isNaN(value)) continue;
    if (best.length === most && value <= (values[best[most - 1] as number] as number)) continue;
    let place = best.length;
    while (place > 0 && (values[best[place - 1] as number] as number) < value) place -= 1;
    best.splice(place, 0, at);
    if (best.length > most) best.pop();
  }
  return best;
}
