/**
 * Puts a text on the clipboard and says so.
 */
import { createSignal, onCleanup, type JSX } from "solid-js";
import { t } from "../../text";

const SAID_MS = 1_500;

export function CopyButton(props: { text: () => string; label: string }): JSX.Element {
  const [said, setSaid] = createSignal("");
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  async function copy(): Promise<void> {
    setSaid((await write(props.text())) ? t.copy.done : t.copy.failed);
    clearTimeout(timer);
    timer = setTimeout(() => setSaid(""), SAID_MS);
  }
  return (
    <span class="copy">
      <button type="button" onClick={() => void copy()}>
        {props.label}
      </button>
      <output class="quiet">{said()}</output>
    </span>
  );
}

/** Whether it is on the clipboard now. */
async function write(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Away from localhost and without HTTPS a browser has no clipboard for pages, but it still copies what is chosen.
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "sr";
    (document.querySelector("dialog[open]") ?? document.body).append(field);
    field.select();
    const isDone = document.execCommand("copy");
    field.remove();
    return isDone;
  }
}
