/**
 * Submits one job: the form on one side, what would run on the other.
 */
import { For, Show, type JSX } from "solid-js";
import { BATCH_FORM, viewAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { createForm, SubmitContext } from "./form";
import { MoreFields, PluginField } from "./MoreFields";
import { OptionFields } from "./OptionFields";
import { PlanPanel } from "./PlanPanel";
import { Recents } from "./Recents";
import { FramesField, LayersField, OutputField, SceneField } from "./SceneFields";

export function JobForm(): JSX.Element {
  const page = usePage();
  const form = createForm(page);
  let element: HTMLFormElement | undefined;
  async function send(event: SubmitEvent): Promise<void> {
    event.preventDefault();
    await form.send();
    // Whoever pressed the button is taken to what is wrong.
    queueMicrotask(() => element?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus());
  }
  return (
    <SubmitContext.Provider value={form}>
      <form
        ref={element}
        noValidate
        onSubmit={(event) => void send(event)}
        onKeyDown={(event) => {
          // Enter in a field is no submission: half a form must not become a job.
          const inField = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
          if (event.key === "Enter" && inField && !event.ctrlKey && !event.metaKey) event.preventDefault();
          else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) element?.requestSubmit();
        }}
      >
        <div class="submit-form">
          <header class="submit-head">
            <h2>{t.submit.heading}</h2>
            <a class="instead" href={viewAddress("submit", BATCH_FORM)}>
              {t.batchFile.toBatch}
            </a>
            <button type="button" class="small" onClick={() => form.clear()}>
              {t.submit.clear}
            </button>
          </header>
          <Show when={form.filledFrom() !== null}>
            <p class="filled" role="status">
              {form.filledFrom() === "" ? t.submit.cleared : t.submit.filled(form.filledFrom() ?? "")}{" "}
              <button type="button" class="small" onClick={() => form.back()}>
                {t.submit.back}
              </button>
            </p>
          </Show>
          <Show when={page.farm.known()} fallback={<p class="quiet">{t.submit.loading}</p>}>
            <Show when={form.plugins().every((plugin) => plugin.serving === null)}>
              <p class="callout callout-bad">{t.submit.noPlugins}</p>
            </Show>
            <section class="form-part">
              <div class="fields">
                <SceneField />
                <PluginField />
                <FramesField />
                <LayersField />
                <OutputField />
              </div>
            </section>
            <Show when={form.pluginName()}>
              <OptionFields />
            </Show>
            <datalist id="scene-names">
              <For each={form.inspected()?.view?.scenes.filter((one) => one.name !== null)}>{(one) => <option value={one.name ?? ""} />}</For>
            </datalist>
            <MoreFields />
          </Show>
        </div>
        <aside class="submit-side">
          <PlanPanel />
          <Recents />
        </aside>
      </form>
    </SubmitContext.Provider>
  );
}
