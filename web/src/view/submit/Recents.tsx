/**
 * What was submitted from this browser before, to be filled in again.
 */
import { For, Show, type JSX } from "solid-js";
import { baseName } from "../../model/format";
import { t } from "../../text";
import { Time } from "../common/parts";
import { useSubmit } from "./form";

const words = t.submit.recents;

export function Recents(): JSX.Element {
  const { recents, repeat, forgetRecents } = useSubmit();
  const pluginOf = (plugin: string | { name?: string } | undefined): string => (typeof plugin === "string" ? plugin : (plugin?.name ?? ""));
  return (
    <section class="recents" aria-labelledby="recents-title">
      <h3 id="recents-title">{words.title}</h3>
      <Show when={recents().length > 0} fallback={<p class="quiet">{words.none}</p>}>
        <p class="quiet">{words.about}</p>
        <ul>
          <For each={recents()}>
            {(recent) => (
              <li>
                <button type="button" class="recent" aria-label={words.repeat(recent.name)} title={recent.submission.scene} onClick={() => repeat(recent)}>
                  <span class="recent-name">{recent.name}</span>
                  <span class="quiet">{words.summary(recent.submission.frames ?? "", pluginOf(recent.submission.plugin))}</span>
                  <span class="quiet">{baseName(recent.submission.scene)}</span>
                  <span class="quiet">
                    <Time at={recent.at} />
                  </span>
                </button>
              </li>
            )}
          </For>
        </ul>
        <button type="button" class="small" onClick={() => forgetRecents()}>
          {words.forget}
        </button>
      </Show>
    </section>
  );
}
