/**
 * Looks through the roots for a scene: directories, a search as it is typed, and the keyboard for all of it.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, onMount, Show, type JSX } from "solid-js";
import { listFiles, type FileEntry, type FilesView } from "../../api/submit";
import { asProblem, type Problem } from "../../api/problem";
import { baseName, bytes } from "../../model/format";
import { crumbs } from "../../model/crumbs";
import { t } from "../../text";
import { ProblemCallout, Time } from "../common/parts";
import { usePage } from "../shell/context";

const words = t.submit.browser;

export function FileBrowser(props: { at: string | null; choose: (path: string) => void; close: () => void }): JSX.Element {
  const { farm } = usePage();
  const [path, setPath] = createSignal<string | null>(props.at);
  const [search, setSearch] = createSignal("");
  const [view, setView] = createSignal<FilesView | null>(null);
  const [problem, setProblem] = createSignal<Problem | null>(null);
  const [chosen, setChosen] = createSignal(0);
  let dialog: HTMLDialogElement | undefined;
  let list: HTMLUListElement | undefined;
  onMount(() => dialog?.showModal());

  createEffect(
    on([path, search], ([where, text], before) => {
      const stop = new AbortController();
      // The first look and a change of directory wait for nothing; typing does.
      const pause = before !== undefined && before[0] === where ? 120 : 0;
      const timer = setTimeout(() => {
        listFiles(farm.client, where, text.trim(), stop.signal).then(
          (found) => {
            setView(found);
            setProblem(null);
            setChosen(0);
          },
          (error: unknown) => {
            if (stop.signal.aborted) return;
            // Where the scene's own directory is no more, or outside, one begins at the roots.
            if (view() === null && where !== null) setPath(null);
            else setProblem(asProblem(error));
          },
        );
      }, pause);
      onCleanup(() => {
        clearTimeout(timer);
        stop.abort();
      });
    }),
  );

  const entries = createMemo((): FileEntry[] => view()?.entries ?? []);
  const trail = createMemo(() => crumbs(view()?.root ?? null, view()?.path ?? null));

  function go(where: string | null): void {
    setSearch("");
    setPath(where);
  }
  function open(entry: FileEntry | undefined): void {
    if (entry === undefined) return;
    if (entry.kind === "directory") return go(entry.path);
    props.choose(entry.path);
    dialog?.close();
  }
  function up(): void {
    if (view()?.path != null) go(trail().at(-2)?.path ?? null);
  }
  function move(by: number): void {
    setChosen((now) => Math.max(0, Math.min(entries().length - 1, now + by)));
    list?.children[chosen()]?.scrollIntoView({ block: "nearest" });
  }
  function key(event: KeyboardEvent): void {
    const page = 10;
    const free = search() === "";
    const actions: Record<string, () => void> = {
      ArrowDown: () => move(1),
      ArrowUp: () => move(-1),
      PageDown: () => move(page),
      PageUp: () => move(-page),
      Enter: () => open(entries()[chosen()]),
      ...(free ? { ArrowLeft: up, Backspace: up, ArrowRight: () => entries()[chosen()]?.kind === "directory" && open(entries()[chosen()]) } : {}),
    };
    const action = actions[event.key];
    if (action === undefined) return;
    event.preventDefault();
    action();
  }

  return (
    <dialog ref={dialog} class="browser" aria-labelledby="browser-title" onClose={() => props.close()}>
      <header class="browser-head">
        <h2 id="browser-title">{words.title}</h2>
        <button type="button" onClick={() => dialog?.close()}>
          {words.close}
        </button>
      </header>
      <nav aria-label={words.path}>
        <ol class="crumbs">
          <li>
            <button type="button" class="crumb" disabled={view()?.path == null} onClick={() => go(null)}>
              {words.roots}
            </button>
          </li>
          <For each={trail()}>
            {(crumb, index) => (
              <li>
                <button type="button" class="crumb" disabled={index() === trail().length - 1} onClick={() => go(crumb.path)}>
                  {crumb.name}
                </button>
              </li>
            )}
          </For>
        </ol>
      </nav>
      <input
        type="search"
        autofocus
        role="combobox"
        aria-expanded="true"
        aria-controls="browser-list"
        aria-activedescendant={entries().length > 0 ? `browser-${chosen()}` : undefined}
        aria-label={words.search}
        placeholder={words.search}
        value={search()}
        onInput={(event) => setSearch(event.currentTarget.value)}
        onKeyDown={key}
      />
      <ProblemCallout problem={problem()} />
      <ul class="entries" id="browser-list" role="listbox" aria-label={words.list} ref={list}>
        <For each={entries()}>
          {(entry, index) => (
            <li
              id={`browser-${index()}`}
              role="option"
              class="entry"
              aria-selected={index() === chosen()}
              data-kind={entry.kind}
              onClick={() => open(entry)}
              onPointerMove={() => setChosen(index())}
            >
              <svg class="shape" viewBox="0 0 16 16" aria-hidden="true">
                <path class="line" d={entry.kind === "directory" ? "M1.5 4.5h4.6l1.6 1.8h6.8v6.7h-13z" : "M3.5 1.8h6l3 3v9.4h-9zM9.5 1.8v3h3"} />
              </svg>
              <span class="entry-name">{entry.name}</span>
              <span class="entry-fact">{entry.kind === "directory" ? <span class="sr">{words.directory}</span> : entry.plugins.join(", ")}</span>
              <span class="entry-fact">{entry.bytes === null ? "" : bytes(entry.bytes)}</span>
              <span class="entry-fact"><Show when={entry.modified}>{(when) => <Time at={when()} />}</Show></span>
            </li>
          )}
        </For>
      </ul>
      <footer class="browser-foot quiet" aria-live="polite">
        <Show when={view()} fallback={<p>{words.loading}</p>}>
          {(now) => (
            <>
              <Show when={entries().length === 0}>
                <p>{search().trim() === "" ? words.empty : words.noMatch(search().trim())}</p>
              </Show>
              <Show when={now().found > entries().length}>
                <p>{words.more(now().found - entries().length)}</p>
              </Show>
              <Show when={now().left_out > 0}>
                <p>{words.leftOut(now().left_out)}</p>
              </Show>
              <Show when={now().cut}>
                <p>{words.cut}</p>
              </Show>
            </>
          )}
        </Show>
        <p class="browser-keys">{words.keys}</p>
      </footer>
    </dialog>
  );
}

/** The directory that a path is in; null where there is none to begin at. */
export function directoryOf(path: string): string | null {
  const name = baseName(path);
  return path.length > name.length ? path.slice(0, path.length - name.length - 1) || null : null;
}
