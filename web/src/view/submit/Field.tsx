/**
 * A field of the form: its label, what it is for, and what is wrong with it, tied together for everybody.
 */
import { createMemo, createUniqueId, For, Show, type JSX } from "solid-js";
import type { Draft } from "../../model/submission";
import { Prose } from "../common/parts";
import { useSubmit } from "./form";

/** What the control itself has to carry. */
export interface Ties {
  readonly id: string;
  readonly "aria-describedby": string;
  readonly "aria-invalid": boolean | undefined;
}

export function Field(props: {
  pointer: string;
  title: string;
  about?: string | undefined;
  hint?: string | undefined;
  required?: boolean;
  class?: string | undefined;
  /** Beside the title. */
  aside?: JSX.Element;
  /** A number of controls, which share a legend where one has a label. */
  several?: boolean;
  children: (ties: Ties) => JSX.Element;
}): JSX.Element {
  const { wrong, place } = useSubmit();
  const id = createUniqueId();
  place(
    () => props.pointer,
    () => props.title,
  );
  // Told once: what has not changed is not written again, or it would be read out again at every key.
  const messages = createMemo(() => wrong(props.pointer).map((one) => one.message), [], { equals: (a, b) => a.join("\n") === b.join("\n") });
  const ties: Ties = {
    id,
    "aria-describedby": `${id}-about ${id}-wrong`,
    get "aria-invalid"() {
      return messages().length > 0 || undefined;
    },
  };
  return (
    <div
      class={`field ${props.class ?? ""}`}
      classList={{ "is-wrong": ties["aria-invalid"] === true }}
      data-field={props.pointer}
      role={props.several === true ? "group" : undefined}
      aria-labelledby={props.several === true ? `${id}-title` : undefined}
    >
      <div class="field-head">
        <label for={props.several === true ? undefined : id} id={`${id}-title`}>
          {props.title}
          <Show when={props.required}>
            <span aria-hidden="true"> *</span>
          </Show>
        </label>
        <Show when={props.hint}>{(hint) => <span class="quiet field-hint">{hint()}</span>}</Show>
        {props.aside}
      </div>
      {props.children(ties)}
      <ul class="field-wrong" id={`${id}-wrong`} aria-live="polite">
        <For each={messages()}>
          {(message) => (
            <li>
              <Prose text={message} />
            </li>
          )}
        </For>
      </ul>
      <p class="field-about" id={`${id}-about`}>
        <Prose text={props.about} />
      </p>
    </div>
  );
}

/** Names of the draft's fields that are one text. */
type TextName = { [Name in keyof Draft]: Draft[Name] extends string ? Name : never }[keyof Draft];

export function TextField(props: {
  name: TextName;
  pointer: string;
  title: string;
  about?: string;
  hint?: string | undefined;
  placeholder?: string | undefined;
  list?: string;
  class?: string;
  inputMode?: "numeric";
}): JSX.Element {
  const { draft, set } = useSubmit();
  return (
    <Field pointer={props.pointer} title={props.title} about={props.about} hint={props.hint} class={props.class}>
      {(ties) => (
        <input
          type="text"
          {...ties}
          value={draft[props.name]}
          placeholder={props.placeholder}
          list={props.list}
          inputmode={props.inputMode}
          autocomplete="off"
          spellcheck={false}
          onInput={(event) => set(props.name, event.currentTarget.value as never)}
        />
      )}
    </Field>
  );
}

export function CheckField(props: { name: "skipExisting" | "paused" | "gpuOptional"; title: string; about?: string }): JSX.Element {
  const { draft, set } = useSubmit();
  return (
    <label class="form-check">
      <input type="checkbox" checked={draft[props.name]} onChange={(event) => set(props.name, event.currentTarget.checked)} />
      <span>
        {props.title} <span class="quiet">{props.about}</span>
      </span>
    </label>
  );
}
