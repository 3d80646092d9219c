/**
 * The jobs beside the one that is chosen.
 */
import type { JSX } from "solid-js";
import { JobDetail } from "../job/JobDetail";
import { JobList } from "./JobList";

export function JobsView(): JSX.Element {
  return (
    <div class="columns">
      <JobList />
      <JobDetail />
    </div>
  );
}
