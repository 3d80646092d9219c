/**
 * What every part of the view of one job can reach besides the page: its past.
 */
import { createContext, useContext } from "solid-js";
import type { Past } from "../../store/past";

export const JobContext = createContext<Past>();

export function usePast(): Past {
  const past = useContext(JobContext);
  if (past === undefined) throw new Error("a part of the view of a job is outside of it");
  return past;
}
