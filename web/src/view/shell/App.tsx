/**
 * The page as a whole: which parts there are and what is chosen. What each part shows is its own.
 */
import { createEffect, createMemo, createSignal, For, onCleanup, Show, untrack, type JSX } from "solid-js";
import { Dynamic } from "solid-js/web";
import type { Problem } from "../../api/problem";
import type { JobSummary } from "../../api/types";
import { byTurn } from "../../model/job-filter";
import { unseenTrouble } from "../../model/notices";
import type { Farm } from "../../store/farm";
import { createJobsTable } from "../../store/jobs-table";
import { pictureMode, viewAddress } from "../../store/route";
import { t } from "../../text";
import { Attention } from "./Attention";
import { Context, createNow, createRoute } from "./context";
import { ConnectionBanner } from "./ConnectionBanner";
import { Header } from "./Header";
import { PictureRoom, readLater } from "./later";
import { ProblemText } from "../common/parts";
import { VIEW_PARTS } from "./views";

const REST_MS = 300;

interface Complaint {
  what: string;
  problem: Problem;
}

/** The job whose turn comes first. */
function first(jobs: Iterable<JobSummary>): number | null {
  let best: JobSummary | null = null;
  for (const job of jobs) if (best === null || byTurn(job, best) < 0) best = job;
  return best?.id ?? null;
}

export function App(props: { farm: Farm }): JSX.Element {
  // The farm is made once for the life of the page.
  const farm = untrack(() => props.farm);
  const route = createRoute();
  const table = createJobsTable(farm);
  const now = createNow(farm);
  const [complaints, setComplaints] = createSignal<Complaint[]>([]);

  // Where nobody chose, the page stays with a job as long as it runs and then goes on to the next that does.
  const index = farm.state.index;
  const shownJob = createMemo<number | null>((before) => {
    const chosen = route().job;
    if (chosen !== null) return chosen;
    farm.state.jobsVersion;
    const known = before === null ? undefined : index.get(before);
    if (known?.status === "running") return known.id;
    const running = first(index.withStatus("running", "cancelling"));
    // Only where nothing is shown yet are all of them looked at.
    return running ?? known?.id ?? first(index.values());
  }, null);
  createEffect(() => farm.openJob(shownJob()));
  // Behind what is shown first.
  createEffect(() => {
    if (farm.known()) setTimeout(() => void readLater(), REST_MS);
  });

  const trouble = createMemo(() => unseenTrouble(farm.state.notices, farm.state.noticesSeen, now()));
  createEffect(() => {
    farm.state.jobsVersion;
    document.title = t.title(index.count("running"), index.count("waiting"), trouble());
  });

  const escape = (event: KeyboardEvent): void => {
    // A dialog and a search field have uses of their own for it.
    const free = pictureMode(route()) === null && !(event.target instanceof HTMLInputElement) && document.querySelector("dialog") === null;
    if (event.key === "Escape" && free && route().job !== null) location.hash = viewAddress("jobs");
  };
  window.addEventListener("keydown", escape);
  onCleanup(() => window.removeEventListener("keydown", escape));

  const complain = (what: string, problem: Problem): void => void setComplaints((all) => [...all, { what, problem }]);

  return (
    <Context.Provider value={{ farm, table, route, shownJob, now, complain }}>
      <div
        class="page"
        classList={{ "has-choice": route().job !== null, "is-stale": farm.known() && farm.connection().kind === "offline" }}
      >
        <Header trouble={trouble()} />
        <ConnectionBanner />
        <main class="content" data-view={route().view}>
          <Dynamic component={VIEW_PARTS[route().view]} />
        </main>
        <Attention />
        <div class="complaints" role="alert">
          <For each={complaints()}>
            {(complaint) => (
              <div class="complaint">
                <div>
                  <h3>{complaint.what}</h3>
                  <ProblemText problem={complaint.problem} />
                </div>
                <button type="button" onClick={() => setComplaints((all) => all.filter((one) => one !== complaint))}>
                  {t.problem.dismiss}
                </button>
              </div>
            )}
          </For>
        </div>
        <Show when={pictureMode(route())}>{(mode) => <PictureRoom mode={mode()} />}</Show>
      </div>
    </Context.Provider>
  );
}
