/**
 * Submits: one job from a form, or a batch file. A batch file that is dropped anywhere here is taken for one.
 */
import { createSignal, Show, type JSX } from "solid-js";
import { languageOfName } from "../../model/batch-file";
import { BATCH_FORM, viewAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { BatchForm, createBatchDraft } from "./BatchForm";
import { JobForm } from "./JobForm";
import "./submit.css";

export function SubmitView(): JSX.Element {
  const { route } = usePage();
  const [draft, set] = createBatchDraft();
  const [isOver, setOver] = createSignal(false);
  const [problem, setProblem] = createSignal<string | null>(null);

  async function load(file: File): Promise<void> {
    const isBatch = languageOfName(file.name) !== null;
    setProblem(isBatch ? null : t.batchFile.notText(file.name));
    location.hash = viewAddress("submit", BATCH_FORM);
    if (isBatch) set({ text: await file.text(), name: file.name, language: null });
  }
  const hasFile = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") === true;
  return (
    <div
      class="view submit"
      classList={{ "is-over": isOver() }}
      onDragOver={(event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={(event) => setOver(event.currentTarget.contains(event.relatedTarget as Node | null))}
      onDrop={(event) => {
        if (!hasFile(event)) return;
        event.preventDefault();
        setOver(false);
        const file = event.dataTransfer?.files[0];
        if (file !== undefined) void load(file);
      }}
    >
      <Show when={route().rest[0] === BATCH_FORM} fallback={<JobForm />}>
        <BatchForm draft={draft} set={set} load={(file) => void load(file)} problem={problem()} />
      </Show>
    </div>
  );
}
