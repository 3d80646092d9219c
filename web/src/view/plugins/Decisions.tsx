/**
 * What people decide about a plugin's versions: each decision is asked for once more, with what it means, and says in
 * whose name it is made.
 */
import { createSignal, For, onMount, Show, type JSX } from "solid-js";
import { decide } from "../../api/plugins";
import { asProblem } from "../../api/problem";
import type { Choice } from "../../model/versions";
import { keep, kept } from "../../store/kept";
import { t } from "../../text";
import { usePage } from "../shell/context";

export function Decisions(props: { name: string; choices: readonly Choice[] }): JSX.Element {
  const { farm, complain } = usePage();
  const [asked, setAsked] = createSignal<Choice | null>(null);
  const [busy, setBusy] = createSignal(false);

  async function carryOut(choice: Choice, user: string): Promise<void> {
    setBusy(true);
    try {
      await decide(farm.client, props.name, choice.action, choice.digest, user === "" ? null : user);
    } catch (error) {
      complain(t.plugins.could(t.plugins.act[choice.action], props.name), asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return (
    <span class="decisions">
      <For each={props.choices}>
        {(choice) => (
          <button
            type="button"
            data-action={choice.action}
            disabled={busy() || farm.connection().kind !== "live"}
            onClick={() => setAsked(choice)}
          >
            {choice.version === null ? t.plugins.act[choice.action] : t.plugins.actOn[choice.action](choice.version)}
          </button>
        )}
      </For>
      <Show when={asked()} keyed>
        {(choice) => (
          <Ask
            name={props.name}
            choice={choice}
            answer={(user) => {
              setAsked(null);
              if (user !== null) void carryOut(choice, user);
            }}
          />
        )}
      </Show>
    </span>
  );
}

function Ask(props: { name: string; choice: Choice; answer: (user: string | null) => void }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  let who: HTMLInputElement | undefined;
  onMount(() => dialog?.showModal());
  const close = (): void => {
    const user = who?.value.trim() ?? "";
    const isYes = dialog?.returnValue === "yes";
    if (isYes) keep("user", user || null);
    props.answer(isYes ? user : null);
  };
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="decide-title" onClose={close}>
      <form method="dialog">
        <h2 id="decide-title">{t.plugins.asks[props.choice.action](props.name, props.choice.version)}</h2>
        <p>{t.plugins.means[props.choice.action]}</p>
        <p>
          <label class="decide-who">
            {t.plugins.who}
            <input ref={who} type="text" autocomplete="username" value={kept("user") ?? ""} />
          </label>
        </p>
        <div class="actions">
          <button type="submit" value="yes" class="strong">
            {t.plugins.act[props.choice.action]}
          </button>
          <button type="button" onClick={() => dialog?.close("no")} autofocus>
            {t.plugins.no}
          </button>
        </div>
      </form>
    </dialog>
  );
}
