/** What the frame of the page says: the connection, problems, the parts there are. */

export const connection = {
  connecting: "Connecting",
  live: "Live",
  syncing: "Reading",
  offline: "Offline",
  lost: (since: string): string => `No connection to the daemon since ${since}.`,
  stale: "Everything below is as it was then. Renders go on without the daemon.",
  never: "The daemon does not answer.",
  retryIn: (seconds: number): string => (seconds <= 0 ? "Trying again now." : `Trying again in ${seconds} s.`),
  retryNow: "Try now",
  syncFailed: "The state of the farm could not be read.",
} as const;

export const problem = {
  status: (status: number): string => `The daemon answered ${status}`,
  unreachable: "The daemon does not answer",
  unreachableRemedy: "Is `farmhand serve` running on this address?",
  unexpected: "The page met something unexpected",
  dismiss: "Dismiss",
  login: "Log in",
  action: (action: string, job: number): string => `Could not ${action} job ${job}`,
} as const;

/** The parts of the page. */
export const views = {
  heading: "Parts of the page",
  jobs: "Jobs",
  submit: "Submit",
  node: "Node",
  plugins: "Plugins",
  history: "History",
  events: "Events",
} as const;

/** The line at the top, for whoever stands at the back of the room. */
export const glance = {
  heading: "The farm at a glance",
  slots: (used: number, all: number): string => `${used} of ${all} slots taken`,
  slotsWord: "slots",
  gpus: (used: number, all: number): string => `${used} of ${all} GPUs render`,
  gpusWord: "GPUs",
  running: "running",
  waiting: "waiting",
  failed: "failed",
  failedLately: (count: number): string => `${count} failed in the last 24 hours`,
  trouble: (count: number): string => `${count} to look at`,
} as const;
