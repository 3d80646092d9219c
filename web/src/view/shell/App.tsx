/**
 * The page as a whole: which parts there are and what is chosen. What each part shows is its own.
 */
import { createEffect, createMemo, createSignal, For, onCleanup, Show, untrack, type JSX } from "solid-js";
import { unwrap } from "solid-js/store";
import { Dynamic } from "solid-js/web";
import type { Problem } from "../../api/problem";
import type { Farm } from "../../store/farm";
import { grouped } from "../../store/order";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { Context, createNow, createRoute } from "./context";
import { Attention } from "./Attention";
import { ConnectionBanner } from "./ConnectionBanner";
import { Header } from "./Header";
import { ImageViewer } from "../pictures/ImageViewer";
import { ProblemText } from "../common/parts";
import { VIEW_PARTS } from "./views";

interface Complaint {
  what: string;
  problem: Problem;
}

export function App(props: { farm: Farm }): JSX.Element {
  // The farm is made once for the life of the page.
  const farm = untrack(() => props.farm);
  const route = createRoute();
  const now = createNow(farm);
  const [complaints, setComplaints] = createSignal<Complaint[]>([]);

  // Where nobody chose, the page stays with a job as long as it runs and then goes on to the next that does.
  const shownJob = createMemo<number | null>((before) => {
    const chosen = route().job;
    if (chosen !== null) return chosen;
    farm.state.orderVersion;
    if (before !== null && farm.state.jobs[before]?.status === "running") return before;
    const { running, queue, ended } = grouped(Object.values(unwrap(farm.state.jobs)));
    if (running[0] === undefined && before !== null && farm.state.jobs[before] !== undefined) return before;
    return (running[0] ?? queue[0] ?? ended[0])?.id ?? null;
  }, null);
  createEffect(() => farm.openJob(shownJob()));

  createEffect(() => {
    farm.state.orderVersion;
    const statuses = Object.values(unwrap(farm.state.jobs)).map((job) => job.status);
    const running = statuses.filter((status) => status === "running").length;
    const waiting = statuses.filter((status) => status === "waiting").length;
    document.title = t.title(running, waiting);
  });

  const escape = (event: KeyboardEvent): void => {
    // A dialog and a search field have uses of their own for it.
    const free = route().image === null && !(event.target instanceof HTMLInputElement) && document.querySelector("dialog") === null;
    if (event.key === "Escape" && free && route().job !== null) location.hash = viewAddress("jobs");
  };
  window.addEventListener("keydown", escape);
  onCleanup(() => window.removeEventListener("keydown", escape));

  const complain = (what: string, problem: Problem): void => void setComplaints((all) => [...all, { what, problem }]);

  return (
    <Context.Provider value={{ farm, route, shownJob, now, complain }}>
      <div
        class="page"
        classList={{ "has-choice": route().job !== null, "is-stale": farm.known() && farm.connection().kind === "offline" }}
      >
        <Header />
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
        <Show when={route().image}>{(image) => <ImageViewer frame={image().frame} layer={image().layer} />}</Show>
      </div>
    </Context.Provider>
  );
}
