/** What the log view says. */

export const log = {
  heading: (id: number): string => `Log of attempt ${id}`,
  loading: "Reading the log…",
  empty: "The log is empty so far.",
  notBegun: "The log begins when the process does.",
  follow: "Follow",
  wrap: "Wrap",
  filter: "Filter lines",
  whole: "Whole log",
  dropped: (count: string): string => `${count} earlier lines are not shown here`,
  tail: (count: string): string => `The last ${count} lines`,
  matches: (count: string): string => `${count} match`,
  previousBad: "Previous line that reads like an error",
  nextBad: "Next line that reads like an error",
  bad: (count: string): string => `${count} like errors`,
  growing: "growing",
  ended: "ended",
  interrupted: "interrupted",
} as const;
