/**
 * What would run: what the daemon makes of the form as it stands, with the exact commands for whoever wants to see them.
 */
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";
import type { LevelPlan, PlanView, TaskPlan } from "../../api/submit";
import { amount, count, shellLine } from "../../model/format";
import { countFrames, parseFrames } from "../../model/frames";
import { t } from "../../text";
import { ProblemText, Prose, ProseList } from "../common/parts";
import { usePage } from "../shell/context";
import { useSubmit } from "./form";

const words = t.submit.plan;
const MOST_SHOWN = 12;

/** Goes to the field that a pointer means: its own, or the nearest one around it. */
function toField(pointer: string): void {
  const fields = [...document.querySelectorAll<HTMLElement>(".submit [data-field]")];
  const around = fields.filter((field) => `${pointer}/`.startsWith(`${field.dataset["field"]}/`));
  const field = around.sort((a, b) => (b.dataset["field"]?.length ?? 0) - (a.dataset["field"]?.length ?? 0))[0];
  const part = field?.closest("details");
  if (part != null) part.open = true;
  field?.scrollIntoView({ block: "center" });
  field?.querySelector<HTMLElement>("input, select, textarea")?.focus();
}

export function PlanPanel(): JSX.Element {
  const { farm } = usePage();
  const form = useSubmit();
  const [open, setOpen] = createSignal(false);
  let commands: HTMLDivElement | undefined;
  const plan = (): PlanView | null => {
    const now = form.plan();
    return now.kind === "ready" ? now.plan : now.kind === "checking" ? now.before : null;
  };
  const problem = () => {
    const now = form.plan();
    return now.kind === "refused" ? now.problem : null;
  };
  // Commands stay open while the form changes; what they were asked for is over when there is no scene any more.
  createEffect(() => {
    if (form.draft.scene.trim() === "") setOpen(false);
  });
  const mistakes = () => form.mistakes().length;
  // A job keeps what each level needed; whether a person or the plugin said so is not known any more.
  const otherNeeds = (): string[] => {
    const [before, now] = [form.repeated(), plan()?.job.needs];
    if (before === null || now === undefined || JSON.stringify(before.needs) === JSON.stringify(now)) return [];
    const had = before.needs.map((one) => words.atLevel(needsText(one), one.level)).join("; ");
    return [words.otherNeeds(before.job, had || words.nothing)];
  };
  const notes = createMemo(() => [...(plan()?.notes ?? []), ...otherNeeds()]);
  const said = (): string => {
    if (form.draft.scene.trim() === "" && mistakes() === 0) return words.waiting;
    if (mistakes() > 0) return words.mistakes(mistakes());
    if (form.checked().wrong.length > 0) return words.missing;
    if (problem() !== null) return problem()?.unreachable ? words.offline : words.mistakes(1);
    const job = plan()?.job;
    if (job === undefined) return words.checking;
    const images = countFrames(parseFrames(job.frames)) * Math.max(1, job.layers.length);
    return words.fine(words.images(count(images), images));
  };
  const kind = (): string => {
    if (form.plan().kind === "checking") return "checking";
    if (problem() !== null || mistakes() > 0) return "wrong";
    return plan() === null ? "none" : "ready";
  };
  return (
    <section class="plan" aria-labelledby="plan-title" data-plan={kind()}>
      <h3 id="plan-title">{words.title}</h3>
      <p class="quiet">{words.about}</p>
      <p class="plan-says" role="status">
        {said()}
      </p>
      <Show when={mistakes() > 0}>
        <ul class="mistakes">
          <For each={form.mistakes().slice(0, MOST_SHOWN)}>
            {(one) => (
              <li>
                <button type="button" class="mistake" onClick={() => toField(one.pointer)}>
                  <Show when={form.titleOf(one.pointer)} fallback={<code>{one.pointer}</code>}>
                    {(title) => <strong>{title()}:</strong>}
                  </Show>{" "}
                  <Prose text={one.message} />
                </button>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={problem() !== null && problem()?.fields.length === 0 ? problem() : null}>{(one) => <ProblemText problem={one()} />}</Show>
      <Show when={notes().length > 0}>
        <ProseList class="notes" texts={notes()} />
      </Show>
      <div class="plan-actions">
        <button
          type="button"
          disabled={farm.connection().kind !== "live"}
          onClick={() => {
            form.dryRun();
            if (form.checked().wrong.length === 0) setOpen(true);
            queueMicrotask(() => commands?.scrollIntoView({ block: "nearest" }));
          }}
        >
          {words.show}
        </button>
        <button type="submit" class="send" aria-keyshortcuts="Control+Enter" title={t.submit.sendKeys} disabled={form.sending() || farm.connection().kind !== "live"}>
          {form.sending() ? t.submit.sending : t.submit.send}
        </button>
      </div>
      <Show when={open() && plan()}>
        {(now) => (
          <div class="commands" ref={commands}>
            <For each={now().levels}>{(level, index) => <Level level={level} number={index() + 1} />}</For>
          </div>
        )}
      </Show>
    </section>
  );
}

function needsText({ gpus, memory_bytes }: LevelPlan["needs"]): string {
  return [...(gpus == null ? [] : [t.job.gpus(gpus)]), ...(memory_bytes == null ? [] : [t.job.memory(amount(memory_bytes))])].join(", ");
}

function Level(props: { level: LevelPlan; number: number }): JSX.Element {
  const needs = (): string => needsText(props.level.needs);
  return (
    <details class="plan-level" open={props.number === 1} data-level={props.level.name}>
      <summary>
        {words.level(props.number, props.level.name)} <span class="quiet"><Prose text={props.level.summary} /></span>
      </summary>
      <Show when={needs() !== ""}>
        <p class="quiet">{words.needs(needs())}</p>
      </Show>
      <Show when={props.level.problem}>
        {(problem) => (
          <div class="callout">
            <strong>{words.cannot}</strong> <Prose text={problem()} />
          </div>
        )}
      </Show>
      <For each={props.level.tasks}>{(task) => <Task task={task} />}</For>
      <Show when={props.level.more_tasks > 0}>
        <p class="quiet">{words.moreTasks(props.level.more_tasks)}</p>
      </Show>
    </details>
  );
}

function Task(props: { task: TaskPlan }): JSX.Element {
  const [copied, setCopied] = createSignal(false);
  const line = () => shellLine(props.task.command.program, props.task.command.args);
  function copy(): void {
    navigator.clipboard?.writeText(line()).then(
      () => setCopied(true),
      // Not allowed here: the line can still be selected.
      () => setCopied(false),
    );
  }
  return (
    <article class="plan-task">
      <h4>
        {words.task(props.task.frames, props.task.layer)}
        <button type="button" class="small right" onClick={copy}>
          {copied() ? words.copied : words.copy}
        </button>
      </h4>
      <pre class="plan-command">{line()}</pre>
      <Show when={props.task.command.env.length > 0}>
        <details>
          <summary>{words.environment}</summary>
          <pre>{props.task.command.env.map(([name, value]) => `${name}=${value}`).join("\n")}</pre>
        </details>
      </Show>
      <For each={props.task.files}>
        {(file) => (
          <details>
            <summary>
              {words.writes} <code>{file.path}</code>
            </summary>
            <pre>{file.contents}</pre>
          </details>
        )}
      </For>
      <Show when={props.task.outputs.length > 0}>
        <p class="quiet">{words.makes}</p>
        <ul class="outputs">
          <For each={props.task.outputs}>{(output) => <li><code class="path">{output}</code></li>}</For>
          <Show when={props.task.more_outputs > 0}>
            <li class="quiet">{words.moreOutputs(props.task.more_outputs)}</li>
          </Show>
        </ul>
      </Show>
    </article>
  );
}
