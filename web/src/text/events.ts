/** What is said of what happened. */

export const notices = {
  heading: "Notices",
  none: "Nothing so far.",
  job: (id: number): string => `job ${id}`,
} as const;
