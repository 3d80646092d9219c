/**
 * What is asked before jobs are acted on, and the keys that do it.
 */
import { createSignal, For, Match, onMount, Show, Switch, type JSX } from "solid-js";
import { commonPriority, lossOf } from "../../model/job-actions";
import { t } from "../../text";
import { JobShape } from "../common/icons";
import type { Acting, Wish } from "./acting";

/** Jobs that are named one by one. */
const NAMED = 6;

export function AskDialogs(props: { acting: Acting }): JSX.Element {
  const asked = (action: Wish["action"]): Wish | false => {
    const wish = props.acting.asked();
    return wish?.action === action && wish;
  };
  return (
    <Switch>
      <Match when={asked("cancel")}>
        {(wish) => <AskCancel wish={wish()} answer={(yes) => props.acting.answer(yes)} />}
      </Match>
      <Match when={asked("priority")}>
        {(wish) => <AskPriority wish={wish()} answer={(priority) => props.acting.answer(priority !== null, priority ?? 0)} />}
      </Match>
    </Switch>
  );
}

function AskCancel(props: { wish: Wish; answer: (yes: boolean) => void }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  const number = () => props.wish.jobs.length;
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="ask-many-title"
      onClose={() => props.answer(dialog?.returnValue === "yes")}
    >
      <form method="dialog">
        <h2 id="ask-many-title">
          {props.wish.batch === null ? t.many.confirmCancel(number()) : t.many.confirmCancelBatch(props.wish.batch.name)}
        </h2>
        <ul class="ask-jobs">
          <For each={props.wish.jobs.slice(0, NAMED)}>
            {(job) => (
              <li>
                <JobShape status={job.status} /> {job.name} <span class="number">{job.id}</span>
              </li>
            )}
          </For>
          <Show when={number() > NAMED}>
            <li class="quiet">{t.many.more(number() - NAMED)}</li>
          </Show>
        </ul>
        <p>{t.many.confirmLoss(lossOf(props.wish.jobs))}</p>
        <div class="actions">
          <button type="submit" value="no" autofocus>
            {number() === 1 ? t.many.confirmNoOne : t.many.confirmNo}
          </button>
          <button type="submit" value="yes" class="action-cancel strong">
            {t.many.confirmYes(number())}
          </button>
        </div>
      </form>
    </dialog>
  );
}

function AskPriority(props: { wish: Wish; answer: (priority: number | null) => void }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  let field: HTMLInputElement | undefined;
  onMount(() => {
    dialog?.showModal();
    field?.select();
  });
  const [text, setText] = createSignal(String(commonPriority(props.wish.jobs) ?? 50));
  return (
    <dialog
      ref={dialog}
      class="ask"
      aria-labelledby="ask-priority-title"
      onClose={() => props.answer(dialog?.returnValue === "set" ? Number(text()) : null)}
    >
      <form method="dialog">
        <h2 id="ask-priority-title">
          <label for="ask-priority">{t.many.setPriority(props.wish.jobs.length)}</label>
        </h2>
        <p>
          <input
            ref={field}
            id="ask-priority"
            class="number-field"
            type="number"
            min="0"
            max="100"
            step="1"
            required
            aria-describedby="ask-priority-hint"
            value={text()}
            onInput={(event) => setText(event.currentTarget.value)}
          />{" "}
          <span id="ask-priority-hint" class="quiet">
            {t.many.priorityHint}
          </span>
        </p>
        <div class="actions">
          {/* The first button of a form is what Enter presses. */}
          <button type="submit" value="set" class="strong">
            {t.many.set}
          </button>
          <button type="submit" value="no" formnovalidate>
            {t.many.close}
          </button>
        </div>
      </form>
    </dialog>
  );
}

export function KeysDialog(props: { letters: boolean; setLetters: (on: boolean) => void; close: () => void }): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="keys-title" onClose={() => props.close()}>
      <form method="dialog">
        <h2 id="keys-title">{t.keys.heading}</h2>
        <dl class="key-list">
          <For each={t.keys.list}>
            {([names, what]) => (
              <>
                <dt>
                  <For each={names}>{(name) => <kbd>{name}</kbd>}</For>
                </dt>
                <dd>{what}</dd>
              </>
            )}
          </For>
        </dl>
        <p class="quiet">{t.keys.acts}</p>
        <label class="check">
          <input
            type="checkbox"
            checked={props.letters}
            onChange={(event) => props.setLetters(event.currentTarget.checked)}
          />{" "}
          {t.keys.letters}
        </label>
        <div class="actions">
          <button type="submit" autofocus>
            {t.many.close}
          </button>
        </div>
      </form>
    </dialog>
  );
}
