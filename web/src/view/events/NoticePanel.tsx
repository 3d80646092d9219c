/**
 * What the daemon said that a person should read, since this page was opened.
 */
import { For, Show, type JSX } from "solid-js";
import { jobAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Prose, Time } from "../common/parts";

export function NoticePanel(): JSX.Element {
  const { farm } = usePage();
  return (
    <section class="panel notices" aria-label={t.notices.heading}>
      <h2>{t.notices.heading}</h2>
      <div role="log">
        <ol>
          <For each={farm.state.notices} fallback={<li class="quiet">{t.notices.none}</li>}>
            {(notice) => (
              <li>
                <span class="quiet">
                  <Time at={notice.at} />
                </span>{" "}
                <Show when={notice.job}>{(job) => <a href={jobAddress(job())}>{t.notices.job(job())}</a>}</Show>{" "}
                <Prose text={notice.message} />
              </li>
            )}
          </For>
        </ol>
      </div>
    </section>
  );
}
