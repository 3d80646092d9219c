/**
 * A question with two answers, of which the safe one is the nearer.
 */
import { onMount, type JSX } from "solid-js";

export function Dialog(props: {
  title: string;
  text: string;
  no: string;
  yes: string;
  answer: (yes: boolean) => void;
}): JSX.Element {
  let dialog: HTMLDialogElement | undefined;
  onMount(() => dialog?.showModal());
  return (
    <dialog ref={dialog} class="ask" aria-labelledby="ask-title" onClose={() => props.answer(dialog?.returnValue === "yes")}>
      <form method="dialog">
        <h2 id="ask-title">{props.title}</h2>
        <p>{props.text}</p>
        <div class="actions">
          <button type="submit" value="no" autofocus>
            {props.no}
          </button>
          <button type="submit" value="yes" class="action-cancel strong">
            {props.yes}
          </button>
        </div>
      </form>
    </dialog>
  );
}
