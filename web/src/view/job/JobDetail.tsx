/**
 * The chosen job: a head that stays, and its parts by address: overview, attempts, times, log and details.
 */
import { createEffect, For, Match, Show, Switch, type JSX } from "solid-js";
import { count } from "../../model/format";
import { createPast } from "../../store/past";
import { JOB_PARTS, jobPart, partAddress } from "../../store/route";
import { t } from "../../text";
import { ProblemCallout } from "../common/parts";
import { usePage } from "../shell/context";
import { Attempts } from "./Attempts";
import { JobContext } from "./context";
import { Details } from "./Details";
import "./job.css";
import { Head } from "./JobHead";
import { LogPart } from "./LogPart";
import { Overview } from "./Overview";
import { Times } from "../shell/later";

export function JobDetail(): JSX.Element {
  const { farm, route, shownJob } = usePage();
  const job = () => farm.state.jobs[shownJob() ?? -1];
  return (
    <section class="detail" aria-label={t.job.heading}>
      <Show when={route().job !== null} fallback={<p class="following quiet">{job() && t.job.following}</p>}>
        <a class="back" href="#/">
          ‹ {t.job.back}
        </a>
      </Show>
      <ProblemCallout problem={farm.detailProblem()} />
      <Show
        when={job()?.id}
        keyed
        fallback={
          <Show when={farm.detailProblem() === null}>
            <p class="empty">{shownJob() === null ? t.job.nothing : t.job.loading}</p>
          </Show>
        }
      >
        {(id) => <Parts id={id} />}
      </Show>
    </section>
  );
}

function Parts(props: { id: number }): JSX.Element {
  const { farm, route } = usePage();
  // Made anew with each job: the parts of another one are other parts.
  const past = createPast(farm, props.id);
  const part = () => jobPart(route());
  let nav: HTMLElement | undefined;
  // Where there is no room for all of them, the one that is shown is in sight.
  createEffect(() => {
    const link = nav?.querySelector<HTMLElement>(`[data-part="${part()}"]`);
    if (nav === undefined || link == null) return;
    nav.scrollLeft = link.offsetLeft - nav.offsetLeft - (nav.clientWidth - link.offsetWidth) / 2;
  });
  return (
    <JobContext.Provider value={past}>
      <Show when={farm.state.jobs[props.id]}>
        {(job) => (
          <>
            <Head job={job()}>
              <nav ref={nav} class="job-parts" aria-label={t.parts.heading}>
                <For each={JOB_PARTS}>
                  {(one) => (
                    <a href={partAddress(props.id, one)} aria-current={part() === one ? "page" : undefined} data-part={one}>
                      {t.parts[one]}
                      <Show when={one === "attempts" && farm.state.detail?.view?.attempts}>
                        {(attempts) => <span class="quiet"> {count(attempts())}</span>}
                      </Show>
                    </a>
                  )}
                </For>
              </nav>
            </Head>
            <Switch>
              <Match when={part() === "overview"}>
                <Overview job={job()} />
              </Match>
              <Match when={part() === "attempts"}>
                <Attempts job={props.id} />
              </Match>
              <Match when={part() === "times"}>
                <Times />
              </Match>
              <Match when={part() === "log"}>
                <LogPart job={props.id} />
              </Match>
              <Match when={part() === "details"}>
                <Show when={farm.state.detail?.view}>{(view) => <Details view={view()} />}</Show>
              </Match>
            </Switch>
          </>
        )}
      </Show>
    </JobContext.Provider>
  );
}
