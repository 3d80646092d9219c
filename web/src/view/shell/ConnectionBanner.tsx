/**
 * Says that what is shown is old, since when, and what is being done about it.
 */
import { createEffect, createSignal, onCleanup, Show, type JSX } from "solid-js";
import { clock } from "../../model/format";
import { t } from "../../text";
import { usePage } from "./context";
import { ProblemText } from "../common/parts";

export function ConnectionBanner(): JSX.Element {
  const { farm } = usePage();
  const offline = () => {
    const connection = farm.connection();
    return connection.kind === "offline" ? connection : null;
  };
  const [left, setLeft] = createSignal(0);
  createEffect(() => {
    const until = offline()?.retryAt;
    if (until === undefined) return;
    const tell = (): void => void setLeft(Math.ceil((until - Date.now()) / 1000));
    tell();
    const timer = setInterval(tell, 500);
    onCleanup(() => clearInterval(timer));
  });
  return (
    <>
      <Show when={offline()}>
        {(connection) => (
          <div class="banner" role="alert">
            <p>
              <strong>
                {farm.known() ? t.connection.lost(clock(connection().since, Date.now())) : t.connection.never}
              </strong>{" "}
              <Show when={farm.known()} fallback={connection().problem.unreachable ? t.problem.unreachableRemedy : ""}>
                {t.connection.stale}
              </Show>
            </p>
            <Show when={!connection().problem.unreachable}>
              <ProblemText problem={connection().problem} />
            </Show>
            <span class="banner-retry">
              <span aria-hidden="true">{t.connection.retryIn(left())}</span>
              <button type="button" onClick={() => farm.retryNow()}>
                {t.connection.retryNow}
              </button>
            </span>
          </div>
        )}
      </Show>
      <Show when={offline() === null && farm.syncProblem()}>
        {(problem) => (
          <div class="banner" role="alert">
            <div>
              <strong>{t.connection.syncFailed}</strong>
              <ProblemText problem={problem()} />
            </div>
          </div>
        )}
      </Show>
    </>
  );
}
