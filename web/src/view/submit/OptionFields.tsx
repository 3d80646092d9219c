/**
 * The fields that a plugin's options schema is drawn as. Which kind of field, and what is wrong with what is put in, is
 * `model/schema`'s business.
 */
import { createMemo, For, Match, Show, Switch, type JSX } from "solid-js";
import {
  fitted,
  isFixed,
  leftover,
  rawOf,
  rawText,
  shown,
  valueOf,
  type ChoiceField,
  type Field as SchemaField,
  type GroupField,
  type Json,
  type ListField,
  type NumberField,
  type Raw,
  type TextField,
} from "../../model/schema";
import { t } from "../../text";
import { Field, type Ties } from "./Field";
import { useSubmit } from "./form";

const words = t.submit.options;

export function OptionFields(): JSX.Element {
  const { draft, set, form, plugin, pluginName } = useSubmit();
  const gone = createMemo(() => leftover(form, draft.options));
  const put = (name: string, raw: Raw | undefined): void =>
    set("options", (now) => {
      const { [name]: _, ...others } = now;
      return raw === undefined ? replaced(others, name) : { ...others, [name]: raw };
    });
  return (
    <section class="form-part" aria-labelledby="options-title" data-part="options">
      <h3 id="options-title">{words.title(pluginName() ?? "")}</h3>
      <div class="fields">
        <For each={form.fields} fallback={<p class="quiet">{plugin()?.serving == null || form.open ? "" : words.none}</p>}>
          {(field) => (
            <OptionField field={field} pointer={`/options/${field.name.replaceAll("~", "~0").replaceAll("/", "~1")}`} raw={draft.options[field.name]} put={(raw) => put(field.name, raw)} />
          )}
        </For>
        <Show when={form.open}>
          <Field pointer="/options" title={words.others} about={words.othersAbout} class="wide">
            {(ties) => (
              <textarea {...ties} rows="2" spellcheck={false} value={draft.otherOptions} placeholder="{}" onInput={(event) => set("otherOptions", event.currentTarget.value)} />
            )}
          </Field>
        </Show>
      </div>
      <Show when={gone().length > 0 && form.fields.length > 0}>
        <div class="callout leftover">
          <p>{words.leftover(pluginName() ?? "")}</p>
          <ul>
            <For each={gone()}>
              {([name, raw]) => (
                <li>
                  <code>{name}</code> = <code>{rawText(raw)}</code>{" "}
                  <button type="button" class="small" aria-label={words.forgetOne(name)} onClick={() => put(name, undefined)}>
                    {words.forget}
                  </button>
                </li>
              )}
            </For>
          </ul>
        </div>
      </Show>
    </section>
  );
}

/** Solid's stores merge objects, so that a name goes only when it is set to nothing. */
function replaced(others: Record<string, Raw>, name: string): Record<string, Raw> {
  return { ...others, [name]: undefined as unknown as Raw };
}

interface OptionProps<Kind extends SchemaField = SchemaField> {
  field: Kind;
  pointer: string;
  raw: Raw | undefined;
  put: (raw: Raw | undefined) => void;
}

/** What is said of a field before anything is put in. */
function hintOf(field: SchemaField): string | undefined {
  const parts: string[] = [];
  if (field.kind === "number" && (field.minimum !== null || field.maximum !== null)) parts.push(words.range(field.minimum, field.maximum));
  if (field.kind === "number" && field.unit !== null) parts.push(field.unit);
  if (field.kind === "list" && (field.minItems > 0 || field.maxItems !== Infinity)) parts.push(words.items(field.minItems, field.maxItems));
  return parts.length === 0 ? undefined : parts.join(" · ");
}

function OptionField(props: OptionProps): JSX.Element {
  const raw = () => fitted(props.field, props.raw);
  const inJson = () => {
    const now = raw();
    return props.field.kind !== "json" && typeof now === "object" && !Array.isArray(now) && "json" in now;
  };
  const several = () => !inJson() && (props.field.kind === "list" || props.field.kind === "group");
  const isWide = () => inJson() || props.field.kind === "json" || props.field.kind === "group" || (props.field.kind === "text" && props.field.multiline) || (props.field.kind === "list" && !isFixed(props.field));
  function toField(): void {
    const now = raw();
    if (typeof now !== "object" || Array.isArray(now) || !("json" in now)) return;
    try {
      props.put(rawOf(props.field, JSON.parse(now.json) as Json));
    } catch {
      props.put(undefined);
    }
  }
  function toJson(): void {
    const { value } = valueOf(props.field, props.raw);
    props.put({ json: value === undefined ? JSON.stringify(props.field.default ?? null) : JSON.stringify(value) });
  }
  return (
    <Field
      pointer={props.pointer}
      title={props.field.title}
      about={props.field.description}
      hint={hintOf(props.field)}
      required={props.field.required}
      several={several()}
      class={isWide() ? "wide option" : "option"}
      aside={
        <Show when={inJson()} fallback={
            <Show when={props.field.kind === "group" || props.field.kind === "list"}>
              <button type="button" class="small as-json" aria-label={words.asJsonAbout(props.field.title)} onClick={toJson}>
                {words.asJson}
              </button>
            </Show>
          }>
          <button type="button" class="small" onClick={toField}>
            {words.asField}
          </button>
        </Show>
      }
    >
      {(ties) => (
        <Show when={!inJson()} fallback={<JsonInput ties={ties} raw={raw()} put={props.put} />}>
          <Control {...props} raw={raw()} ties={ties} />
        </Show>
      )}
    </Field>
  );
}

function Control(props: OptionProps & { ties: Ties; label?: string }): JSX.Element {
  const text = () => (typeof props.raw === "string" ? props.raw : "");
  return (
    <Switch>
      <Match when={props.field.kind === "text" && (props.field as TextField)}>
        {(field) => (
          <Show
            when={field().multiline}
            fallback={
              <input type="text" {...props.ties} aria-label={props.label} value={text()} spellcheck={false} autocomplete="off" list={props.field.name === "scene" ? "scene-names" : undefined} placeholder={field().default === undefined ? (field().example ?? "") : words.byDefault(shown(field().default ?? ""))} onInput={(event) => props.put(event.currentTarget.value)} />
            }
          >
            <textarea {...props.ties} aria-label={props.label} rows="3" spellcheck={false} value={text()} placeholder={field().default === undefined ? "" : words.byDefault(shown(field().default ?? ""))} onInput={(event) => props.put(event.currentTarget.value)} />
          </Show>
        )}
      </Match>
      <Match when={props.field.kind === "number" && (props.field as NumberField)}>
        {(field) => (
          <input type="text" inputmode={field().integer ? "numeric" : "decimal"} {...props.ties} aria-label={props.label} value={text()} autocomplete="off" placeholder={field().default === undefined ? "" : words.byDefault(shown(field().default ?? ""))} onInput={(event) => props.put(event.currentTarget.value)} />
        )}
      </Match>
      <Match when={props.field.kind === "choice" && (props.field as ChoiceField)}>
        {(field) => (
          <select {...props.ties} aria-label={props.label} onChange={(event) => props.put(event.currentTarget.value)}>
            <option value="" selected={text() === ""}>
              {unsetOf(field())}
            </option>
            <For each={field().choices}>
              {(choice) => (
                <option value={JSON.stringify(choice.value)} selected={text() === JSON.stringify(choice.value)}>
                  {choice.title}
                </option>
              )}
            </For>
          </select>
        )}
      </Match>
      <Match when={props.field.kind === "switch"}>
        <select {...props.ties} onChange={(event) => props.put(event.currentTarget.value === "" ? "" : event.currentTarget.value === "true")}>
          <option value="" selected={typeof props.raw !== "boolean"}>
            {unsetOf(props.field)}
          </option>
          <option value="true" selected={props.raw === true}>
            {words.on}
          </option>
          <option value="false" selected={props.raw === false}>
            {words.off}
          </option>
        </select>
      </Match>
      <Match when={props.field.kind === "list" && (props.field as ListField)}>
        {(field) => <ListInput field={field()} pointer={props.pointer} raw={props.raw} put={props.put} ties={props.ties} />}
      </Match>
      <Match when={props.field.kind === "group" && (props.field as GroupField)}>
        {(field) => <GroupInput field={field()} pointer={props.pointer} raw={props.raw} put={props.put} />}
      </Match>
      <Match when={props.field.kind === "json"}>
        <JsonInput ties={props.ties} raw={props.raw} put={props.put} placeholder={props.field.default === undefined ? "" : words.byDefault(JSON.stringify(props.field.default))} />
      </Match>
    </Switch>
  );
}

/** What a choice says when nothing is chosen. */
function unsetOf(field: SchemaField): string {
  if (field.default === undefined) return field.required ? "" : words.unset;
  return words.byDefault(field.kind === "switch" ? (field.default === true ? words.on : words.off) : shown(field.default));
}

function JsonInput(props: { ties: Ties; raw: Raw | undefined; put: (raw: Raw) => void; placeholder?: string }): JSX.Element {
  const text = () => {
    const raw = props.raw;
    return typeof raw === "object" && !Array.isArray(raw) && "json" in raw ? raw.json : "";
  };
  return (
    <textarea {...props.ties} class="json" rows={Math.min(8, Math.max(2, text().split("\n").length))} spellcheck={false} value={text()} placeholder={props.placeholder ?? ""} onInput={(event) => props.put({ json: event.currentTarget.value })} />
  );
}

function ListInput(props: OptionProps<ListField> & { ties: Ties }): JSX.Element {
  const fixed = () => isFixed(props.field);
  const rows = createMemo((): string[] => {
    const given = Array.isArray(props.raw) ? (props.raw as string[]) : [];
    return fixed() ? Array.from({ length: props.field.maxItems }, (_, index) => given[index] ?? "") : given;
  });
  // Rows are known by their places: a character more must not make a new input.
  const places = createMemo(() => rows().map((_, index) => index), [], { equals: (a, b) => a.length === b.length });
  const change = (index: number, row: string): void => props.put(rows().map((old, at) => (at === index ? row : old)));
  let list: HTMLDivElement | undefined;
  function add(): void {
    props.put([...rows(), ""]);
    queueMicrotask(() => list?.querySelectorAll<HTMLElement>("input, select").item(rows().length - 1)?.focus());
  }
  return (
    <div class="list" classList={{ "side-by-side": fixed() }} ref={list}>
      <For each={places()}>
        {(index) => (
          <div
            class="list-row"
            onKeyDown={(event) => {
              if (event.key !== "Enter" || fixed() || !(event.target instanceof HTMLInputElement)) return;
              event.preventDefault();
              add();
            }}
          >
            <Control
              field={props.field.item}
              pointer={`${props.pointer}/${index}`}
              raw={rows()[index]}
              put={(raw) => change(index, typeof raw === "string" ? raw : "")}
              ties={{ ...props.ties, id: `${props.ties.id}-${index}` }}
              label={words.row(props.field.title, index + 1)}
            />
            <Show when={!fixed()}>
              <button type="button" class="small" aria-label={`${words.remove}: ${words.row(props.field.title, index + 1)}`} onClick={() => props.put(rows().length === 1 ? undefined : rows().filter((_, at) => at !== index))}>
                ×
              </button>
            </Show>
          </div>
        )}
      </For>
      <Show when={!fixed() && rows().length < props.field.maxItems}>
        <button type="button" class="small" onClick={add}>
          {words.add}
        </button>
      </Show>
    </div>
  );
}

function GroupInput(props: OptionProps<GroupField>): JSX.Element {
  const parts = (): Record<string, Raw> => {
    const raw = props.raw;
    return typeof raw === "object" && !Array.isArray(raw) && "of" in raw ? raw.of : {};
  };
  return (
    <div class="fields group">
      <For each={props.field.fields}>
        {(field) => (
          <OptionField
            field={field}
            pointer={`${props.pointer}/${field.name.replaceAll("~", "~0").replaceAll("/", "~1")}`}
            raw={parts()[field.name]}
            put={(raw) => {
              const { [field.name]: _, ...others } = parts();
              props.put({ of: raw === undefined ? others : { ...others, [field.name]: raw } });
            }}
          />
        )}
      </For>
    </div>
  );
}
