/**
 * A job at a glance: what went wrong, its frames, its last images, and what runs now or ran last.
 */
import { Show, type JSX } from "solid-js";
import type { AttemptView, JobSummary } from "../../api/types";
import { outlineOf } from "../../model/timeline";
import { t } from "../../text";
import { Images } from "../pictures/Images";
import { usePage } from "../shell/context";
import { AttemptRow } from "./Attempts";
import { Fallbacks } from "./Fallbacks";
import { FrameStrip } from "./FrameStrip";
import { createOpenAttempt, GoneAttempt, OpenAttempt } from "./OpenAttempt";
import { Spent } from "./Spent";
import { Trouble } from "./Trouble";

export function Overview(props: { job: JobSummary }): JSX.Element {
  const { farm } = usePage();
  const { id, attempt, isGone } = createOpenAttempt();
  return (
    <>
      <Spent job={props.job} />
      <Trouble job={props.job} />
      <Show when={farm.state.detail?.view}>{(view) => <Fallbacks view={view()} />}</Show>
      <div class="job-body">
        <div>
          <FrameStrip />
          <Images />
        </div>
        <section class="block tried" aria-label={t.attempts.latest}>
          <h3>{t.attempts.latest}</h3>
          <Show when={attempt()} fallback={<p class="quiet">{id() === null ? t.attempts.none : ""}</p>}>
            {(one) => (
              <ol class="attempts attempts-one">
                <AttemptRow span={outlineOf(one())} plugin={one().plugin} from={null} open={false} />
              </ol>
            )}
          </Show>
          <GoneAttempt isGone={isGone()} id={id()} />
          <Show when={attempt()?.id} keyed>
            <OpenAttempt attempt={attempt() as AttemptView} />
          </Show>
        </section>
      </div>
    </>
  );
}
