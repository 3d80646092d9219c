/**
 * Submits a batch file: its text on one side, what would become of each of its jobs on the other. The daemon reads and
 * checks it; nothing of the file's language is known here.
 */
import { createEffect, createMemo, createSignal, For, on, onCleanup, Show, type JSX } from "solid-js";
import { createStore, reconcile, type SetStoreFunction } from "solid-js/store";
import { LANGUAGES, planBatchFile, submitBatchFile, type BatchPlan, type Language, type PlannedJob } from "../../api/batch-file";
import { asProblem, type FieldProblem, type Problem } from "../../api/problem";
import { emptyBatch, fileOf, languageOf, offsetsOf, standingsOf, type BatchDraft } from "../../model/batch-file";
import { count } from "../../model/format";
import { kept } from "../../store/submissions";
import { viewAddress } from "../../store/route";
import { t } from "../../text";
import { ProblemText, Prose } from "../common/parts";
import { usePage } from "../shell/context";
import "./batch.css";

const words = t.batchFile;
/** After the last key: the daemon reads each scene that it does not know yet. */
const PAUSE_MS = 700;
const MOST_MISTAKES = 100;
const ROWS = 200;

type Plan =
  | { readonly kind: "none" }
  | { readonly kind: "ready"; readonly plan: BatchPlan; readonly of: string }
  | { readonly kind: "refused"; readonly problem: Problem; readonly of: string };

export function BatchForm(props: { draft: BatchDraft; set: SetStoreFunction<BatchDraft>; load: (file: File) => void; problem: string | null }): JSX.Element {
  const { farm, complain } = usePage();
  const [user, setUser] = createSignal(kept.user());
  const [plan, setPlan] = createSignal<Plan>({ kind: "none" });
  const [sending, setSending] = createSignal(false);
  let area: HTMLTextAreaElement | undefined;

  createEffect(() => kept.keepBatch({ ...props.draft }));

  // One question at a time: a check may read many scenes, and is not asked again while it does.
  const question = createMemo(() => JSON.stringify(fileOf(props.draft, user())));
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isGone = false;
  async function ask(): Promise<void> {
    const of = question();
    const file = fileOf(props.draft, user());
    if (isAsking || isGone) return;
    if (file === null) return void setPlan({ kind: "none" });
    isAsking = true;
    const answer: Plan = await planBatchFile(farm.client, file).then(
      (found) => ({ kind: "ready", plan: found, of }),
      (error: unknown) => ({ kind: "refused", problem: asProblem(error), of }),
    );
    isAsking = false;
    if (isGone) return;
    setPlan(answer);
    if (question() !== of) void ask();
  }
  createEffect(
    on([question, farm.epoch], () => {
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), PAUSE_MS);
    }),
  );
  onCleanup(() => {
    isGone = true;
    clearTimeout(timer);
  });

  const isCurrent = () => {
    const now = plan();
    return now.kind !== "none" && now.of === question();
  };
  const ready = (): BatchPlan | null => {
    const now = plan();
    return now.kind === "ready" ? now.plan : null;
  };
  const problem = (): Problem | null => {
    const now = plan();
    return now.kind === "refused" ? now.problem : null;
  };
  const kind = (): string => {
    if (props.draft.text.trim() === "") return "none";
    if (!isCurrent()) return "checking";
    return plan().kind === "ready" ? "ready" : "wrong";
  };
  const said = (): string => {
    const [now, wrong] = [ready(), problem()];
    if (kind() === "none") return words.plan.waiting;
    if (kind() === "checking") return words.plan.checking;
    if (now !== null) return words.plan.fine(now.name, count(now.jobs.length), now.jobs.length, now.workers);
    return wrong?.unreachable === true ? words.plan.offline : words.plan.mistakes(Math.max(1, wrong?.fields.length ?? 1));
  };

  function goTo(one: FieldProblem): void {
    if (area === undefined || one.line === undefined) return;
    const [start, end] = offsetsOf(props.draft.text, one.line, one.column ?? 1);
    area.focus();
    area.setSelectionRange(start, end);
    const height = area.scrollHeight / Math.max(1, props.draft.text.split("\n").length);
    area.scrollTop = Math.max(0, (one.line - 1) * height - area.clientHeight / 2);
  }
  async function send(): Promise<void> {
    const file = fileOf(props.draft, user());
    if (sending() || file === null) return;
    setSending(true);
    try {
      await submitBatchFile(farm.client, file, kept.keyFor(file));
      kept.dropKey();
      props.set(reconcile(emptyBatch()));
      location.hash = viewAddress("jobs");
    } catch (error) {
      const refused = asProblem(error);
      setPlan({ kind: "refused", problem: refused, of: question() });
      if (refused.fields.length === 0) complain(words.send, refused);
    } finally {
      setSending(false);
    }
  }

  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
        else if (event.key === "Enter" && event.target instanceof HTMLInputElement && event.target.type === "text") event.preventDefault();
      }}
    >
      <div class="submit-form batch-form">
        <header class="submit-head">
          <h2>{words.heading}</h2>
          <a class="instead" href={viewAddress("submit")}>
            {words.toJob}
          </a>
          <button type="button" class="small" onClick={() => props.set(reconcile(emptyBatch()))}>
            {words.clear}
          </button>
        </header>
        <p class="quiet">
          <Prose text={words.about} /> {words.alone}
        </p>
        <Show when={props.problem}>{(text) => <p class="callout callout-bad" role="alert">{text()}</p>}</Show>
        <div class="field" classList={{ "is-wrong": kind() === "wrong" }}>
          <div class="field-head">
            <label for="batch-text">{words.text}</label>
            <span class="quiet field-hint">{props.draft.name === "" ? "" : words.named(props.draft.name)}</span>
            <label class="small file-button">
              {words.open}
              <input
                type="file"
                accept=".yaml,.yml,.toml,.json"
                onChange={(event) => {
                  const file = event.currentTarget.files?.[0];
                  if (file !== undefined) props.load(file);
                  event.currentTarget.value = "";
                }}
              />
            </label>
          </div>
          <textarea
            id="batch-text"
            class="batch-text"
            ref={area}
            wrap="off"
            rows="24"
            spellcheck={false}
            aria-invalid={kind() === "wrong" || undefined}
            aria-describedby="batch-says"
            value={props.draft.text}
            onInput={(event) => props.set("text", event.currentTarget.value)}
          />
        </div>
        <div class="fields batch-fields">
          <div class="field">
            <div class="field-head">
              <label for="batch-language">{words.language}</label>
            </div>
            <select id="batch-language" onChange={(event) => props.set("language", (event.currentTarget.value || null) as Language | null)}>
              <option value="" selected={props.draft.language === null}>
                {words.looks(words.languages[languageOf({ ...props.draft, language: null })])}
              </option>
              <For each={LANGUAGES}>
                {(language) => (
                  <option value={language} selected={props.draft.language === language}>
                    {words.languages[language]}
                  </option>
                )}
              </For>
            </select>
          </div>
          <div class="field">
            <div class="field-head">
              <label for="batch-user">{words.user}</label>
            </div>
            <input id="batch-user" type="text" autocomplete="off" spellcheck={false} aria-describedby="batch-user-about" value={user()} onInput={(event) => setUser(event.currentTarget.value)} />
            <p class="field-about" id="batch-user-about">
              {words.userAbout}
            </p>
          </div>
          <label class="form-check">
            <input type="checkbox" checked={props.draft.fresh} onChange={(event) => props.set("fresh", event.currentTarget.checked)} />
            <span>
              {words.fresh} <span class="quiet">{words.freshAbout}</span>
            </span>
          </label>
        </div>
      </div>
      <aside class="submit-side">
        <section class="plan" aria-labelledby="batch-plan-title" data-plan={kind()}>
          <h3 id="batch-plan-title">{words.plan.title}</h3>
          <p class="quiet">{words.plan.about}</p>
          <p class="plan-says" id="batch-says" role="status">
            {said()}
          </p>
          <div class="plan-actions">
            <button type="submit" class="send" aria-keyshortcuts="Control+Enter" title={t.submit.sendKeys} disabled={sending() || kind() === "none" || farm.connection().kind !== "live"}>
              {sending() ? words.sending : words.send}
            </button>
          </div>
          <Show when={problem()}>{(refused) => <Mistakes problem={refused()} goTo={goTo} />}</Show>
          <Show when={ready()}>{(now) => <Jobs plan={now()} />}</Show>
        </section>
      </aside>
    </form>
  );
}

function Mistakes(props: { problem: Problem; goTo: (one: FieldProblem) => void }): JSX.Element {
  return (
    <Show when={props.problem.fields.length > 0} fallback={<ProblemText problem={props.problem} />}>
      <ul class="mistakes">
        <For each={props.problem.fields.slice(0, MOST_MISTAKES)}>
          {(one) => (
            <li>
              <button type="button" class="mistake" onClick={() => props.goTo(one)}>
                <Show when={one.line !== undefined}>
                  <strong>{words.plan.place(one.line ?? 1, one.column ?? 1)}:</strong>{" "}
                </Show>
                <Prose text={one.message} />
              </button>
            </li>
          )}
        </For>
      </ul>
      <Show when={props.problem.fields.length > MOST_MISTAKES}>
        <p class="quiet">{words.plan.more(props.problem.fields.length - MOST_MISTAKES)}</p>
      </Show>
    </Show>
  );
}

function Jobs(props: { plan: BatchPlan }): JSX.Element {
  const [shown, setShown] = createSignal(ROWS);
  const left = () => props.plan.jobs.length - shown();
  return (
    <>
      <p class="standings">
        <For each={standingsOf(props.plan.jobs)}>
          {([standing, number]) => (
            <span data-standing={standing} data-count={number}>
              {words.plan.counts[standing](count(number))}
            </span>
          )}
        </For>
      </p>
      <div class="batch-jobs" tabindex="0" role="region" aria-label={words.plan.jobs}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.plan.columns.name}</th>
              <th scope="col">{words.plan.columns.standing}</th>
              <th scope="col">{words.plan.columns.frames}</th>
              <th scope="col">{words.plan.columns.plugin}</th>
            </tr>
          </thead>
          <tbody>
            <For each={props.plan.jobs.slice(0, shown())}>{(job) => <Job job={job} />}</For>
          </tbody>
        </table>
        <Show when={left() > 0}>
          <button type="button" class="small" onClick={() => setShown((now) => now + 5 * ROWS)}>
            {words.plan.showMore(Math.min(left(), 5 * ROWS))}
          </button>
        </Show>
      </div>
    </>
  );
}

function Job(props: { job: PlannedJob }): JSX.Element {
  const said = () => [...(props.job.reason === null ? [] : [props.job.reason]), ...props.job.notes];
  return (
    <tr data-job={props.job.name} data-standing={props.job.standing}>
      <th scope="row" title={props.job.scene}>
        {props.job.name}
        <For each={said()}>
          {(text) => (
            <span class="why">
              <Prose text={text} />
            </span>
          )}
        </For>
      </th>
      <td class="standing">{words.plan.standing[props.job.standing]}</td>
      <td>
        {props.job.frames}
        <Show when={props.job.layers.length > 0}>
          <span class="why">{words.plan.layers(props.job.layers.join(", "))}</span>
        </Show>
      </td>
      <td>{props.job.plugin}</td>
    </tr>
  );
}

/** What the form of a batch file has in hand, for as long as the view is there. */
export function createBatchDraft(): [BatchDraft, SetStoreFunction<BatchDraft>] {
  const [draft, set] = createStore<BatchDraft>(kept.batch());
  return [draft, set];
}
