/**
 * Every word that the page says, in one place: plain, short, and naming the remedy where there is one. A file here for
 * each part of the page; nothing else in `src` has words for people.
 */
import { notices } from "./events";
import { history, report } from "./history";
import { attempts, chosen, copy, details, job, logPart, obstacle, parts, strip, timeline, times, trouble } from "./job";
import { jobs, status, frameState, actions, many, keys } from "./jobs";
import { log } from "./log";
import { node } from "./node";
import { images } from "./pictures";
import { plugins } from "./plugins";
import { connection, problem, views } from "./shell";
import { submit } from "./submit";

export const t = {
  product: "farmhand",
  title: (running: number, waiting: number): string =>
    running + waiting === 0 ? "farmhand" : `${running} running, ${waiting} waiting · farmhand`,
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
  history,
  report,
} as const;
