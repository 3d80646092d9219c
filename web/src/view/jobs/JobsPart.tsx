/**
 * The part of the page that has the table: its filters, the table, and the bar that acts on what is selected. Keys that
 * mean the same everywhere in it are handled here.
 */
import { createSignal, onCleanup, onMount, Show, type JSX } from "solid-js";
import type { Action } from "../../model/job-actions";
import { keep, kept } from "../../store/kept";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { ActionBar } from "./ActionBar";
import { createActing } from "./acting";
import { AskDialogs, KeysDialog } from "./dialogs";
import { Filters } from "./Filters";
import { JobTable, type TableHandle } from "./JobTable";
import "./jobs.css";

const LETTERS: Record<string, Action> = { p: "pause", r: "resume", t: "retry", c: "cancel", e: "priority" };

export function JobsPart(): JSX.Element {
  const page = usePage();
  const acting = createActing(page);
  const [showsKeys, setShowsKeys] = createSignal(false);
  const [letters, setLetters] = createSignal(kept("letters") !== "off");
  let section: HTMLElement | undefined;
  let search: HTMLInputElement | undefined;
  let table: TableHandle | undefined;

  /** Whoever has read them is in the table then: a dialog gives the focus back to where it was when it opened. */
  function showKeys(): void {
    table?.focus();
    setShowsKeys(true);
  }

  function key(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]") !== null) return;
    if (target.closest("input:not([type=checkbox]), select, textarea, [contenteditable]") !== null) return;
    const isFree = target === document.body;
    const isHere = section?.contains(target) === true;
    const plain = !event.ctrlKey && !event.metaKey;
    const done = (): void => {
      event.preventDefault();
      event.stopPropagation();
    };
    // A part with a search of its own takes the key itself.
    if (plain && letters() && event.key === "/" && target.closest("[data-finds]") === null) {
      search?.focus();
      return done();
    }
    if (plain && letters() && event.key === "?") {
      showKeys();
      return done();
    }
    if (!isFree && !isHere) return;
    if (event.key === "Escape" && page.table.selected().size > 0) {
      page.table.clearSelection();
      return done();
    }
    const action = plain && letters() ? LETTERS[event.key] : undefined;
    if (action !== undefined) {
      acting.ask(action);
      return done();
    }
    // A button has uses of its own for Enter and Space.
    if ((event.key === "Enter" || event.key === " ") && target.closest("button") !== null) return;
    if (table?.key(event, letters()) === true) done();
  }
  onMount(() => window.addEventListener("keydown", key, { capture: true }));
  onCleanup(() => window.removeEventListener("keydown", key, { capture: true }));

  return (
    <section class="jobs" aria-label={t.jobs.heading} ref={section}>
      <Filters ref={(element) => (search = element)} leave={() => table?.focus()} />
      <JobTable acting={acting} ref={(handle) => (table = handle)} />
      <ActionBar acting={acting} showKeys={showKeys} />
      <AskDialogs acting={acting} />
      <Show when={showsKeys()}>
        <KeysDialog
          letters={letters()}
          setLetters={(on) => {
            setLetters(on);
            keep("letters", on ? null : "off");
          }}
          close={() => setShowsKeys(false)}
        />
      </Show>
    </section>
  );
}
