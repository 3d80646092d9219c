/**
 * Every word that the page says, in one place: plain, short, and naming the remedy where there is one. A file here for
 * each part of the page; nothing else in `src` has words for people.
 */
import { batchFile } from "./batch-file";
import { notices, notify, toasts } from "./events";
import { history, report } from "./history";
import { attempts, chosen, copy, details, job, logPart, obstacle, parts, strip, timeline, times, trouble } from "./job";
import { jobs, status, frameState, actions, many, keys } from "./jobs";
import { log } from "./log";
import { node } from "./node";
import { images } from "./pictures";
import { plugins } from "./plugins";
import { connection, glance, problem, views } from "./shell";
import { submit } from "./submit";

export const t = {
  product: "farmhand",
  /** For the tab: what needs a person goes first, since the rest may be cut off. */
  title: (running: number, waiting: number, trouble: number): string =>
    [
      ...(trouble > 0 ? [`(${trouble})`] : []),
      ...(running + waiting > 0 ? [`${running} running, ${waiting} waiting ·`] : []),
      "farmhand",
    ].join(" "),
  batchFile,
  connection,
  problem,
  views,
  jobs,
  many,
  keys,
  status,
  frameState,
  actions,
  job,
  obstacle,
  strip,
  attempts,
  chosen,
  copy,
  parts,
  trouble,
  timeline,
  times,
  logPart,
  details,
  images,
  log,
  node,
  plugins,
  submit,
  notices,
  toasts,
  notify,
  glance,
  history,
  report,
} as const;
