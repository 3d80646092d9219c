/**
 * Everything else that a job may say, folded by what it is about. A part opens by itself when something in it is wrong.
 */
import { createEffect, createMemo, createSignal, For, Show, type JSX } from "solid-js";
import { FAILURES, LIMITS, MOMENTS, NOTIFY_MOMENTS, ORDERS, type FrameOrder, type HookRequest } from "../../api/submit";
import type { PluginView } from "../../api/types";
import type { Told } from "../../model/submission";
import { t } from "../../text";
import { Prose } from "../common/parts";
import { CheckField, Field, TextField } from "./Field";
import { useSubmit } from "./form";

export function PluginField(): JSX.Element {
  const { draft, set, plugins, takers, pluginName, plugin } = useSubmit();
  const words = t.submit.plugin;
  const serving = () => plugins().filter((one) => one.serving !== null || one.name === draft.plugin);
  const chosen = () => (draft.plugin === "" || serving().some((one) => one.name === draft.plugin) ? null : draft.plugin);
  const said = (): string => {
    const name = pluginName();
    if (name === null) {
      if (draft.scene.trim() === "") return "";
      const extensions = plugins().flatMap((one) => one.extensions).join(", ");
      return takers().length > 1 ? words.ambiguous(takers().map((one) => one.name).join(", ")) : words.none(extensions);
    }
    return plugin()?.summary ?? "";
  };
  return (
    <>
      <Field
        pointer="/plugin"
        title={words.title}
        about={said()}
        hint={plugin()?.serving == null ? undefined : words.serves(plugin()?.serving?.version ?? "")}
        class="wide"
      >
        {(ties) => (
          <select {...ties} onChange={(event) => set("plugin", event.currentTarget.value)}>
            <option value="" selected={draft.plugin === ""}>
              {words.auto(draft.plugin === "" ? pluginName() : null)}
            </option>
            <For each={serving()}>
              {(one) => (
                <option value={one.name} selected={draft.plugin === one.name}>
                  {one.name}
                </option>
              )}
            </For>
            <Show when={chosen()}>
              {(name) => (
                <option value={name()} selected>
                  {name()}
                </option>
              )}
            </Show>
          </select>
        )}
      </Field>
      <PluginTrouble plugin={plugin()} name={pluginName()} />
    </>
  );
}

/** Says that the fields are those of an older version, or of one that serves no more. */
function PluginTrouble(props: { plugin: PluginView | undefined; name: string | null }): JSX.Element {
  const words = t.submit.plugin;
  const said = (): string | null => {
    if (props.name === null) return null;
    if (props.plugin === undefined) return words.gone(props.name);
    if (props.plugin.serving === null) return words.failed(props.name);
    return props.plugin.state === "degraded" ? words.degraded(props.name, props.plugin.serving.version) : null;
  };
  return (
    <Show when={said()}>
      {(text) => (
        <div class="callout wide plugin-trouble" role="status">
          <p>{text()}</p>
          <Show when={props.plugin?.failure}>
            {(failure) => (
              <p class="failure">
                <Prose text={failure()} />
              </p>
            )}
          </Show>
        </div>
      )}
    </Show>
  );
}

function Part(props: { title: string; pointers: readonly string[]; set: number; children: JSX.Element }): JSX.Element {
  const { within } = useSubmit();
  const [open, setOpen] = createSignal(false);
  const mistakes = createMemo(() => within(props.pointers));
  createEffect(() => {
    if (mistakes() > 0) setOpen(true);
  });
  return (
    <details class="form-part more" open={open()} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {props.title}
        <Show when={props.set > 0}>
          <span class="more-set">{t.submit.more.set(props.set)}</span>
        </Show>
        <Show when={mistakes() > 0}>
          <span class="bad"> {t.submit.plan.mistakes(mistakes())}</span>
        </Show>
      </summary>
      <div class="fields">{props.children}</div>
    </details>
  );
}

const filled = (...values: (string | boolean)[]): number => values.filter((value) => value === true || (typeof value === "string" && value.trim() !== "")).length;

export function MoreFields(): JSX.Element {
  const { draft, set, plugin } = useSubmit();
  const s = t.submit;
  const levels = () => plugin()?.levels ?? [];
  const putLevel = (name: string, on: boolean): void =>
    // In the plugin's order, which is the one in which they are tried.
    set("levels", (now) => (on ? [...now, name] : now.filter((one) => one !== name)));
  return (
    <>
      <Part title={s.more.job} pointers={["/name", "/user", "/priority", "/after"]} set={filled(draft.name, draft.priority, draft.after, draft.paused)}>
        <TextField name="name" pointer="/name" title={s.name.title} about={s.name.about} />
        <TextField name="user" pointer="/user" title={s.user.title} about={s.user.about} />
        <TextField name="priority" pointer="/priority" title={s.priority.title} about={s.priority.about} placeholder="50" inputMode="numeric" />
        <TextField name="after" pointer="/after" title={s.after.title} about={s.after.about} />
        <CheckField name="paused" title={s.paused.title} />
      </Part>
      <Part
        title={s.more.run}
        pointers={["/levels", "/start_level", "/chunk", "/order", "/skip_existing"]}
        set={filled(draft.levels.length > 0, draft.startLevel, draft.chunk !== "auto", draft.order !== "forward", draft.skipExisting)}
      >
        <Field pointer="/levels" title={s.levels.title} about={s.levels.about} several class="wide">
          {() => (
            <div class="layers">
              <For each={levels()}>
                {(level) => (
                  <label class="form-check form-chip" title={level.summary}>
                    <input type="checkbox" checked={draft.levels.includes(level.name)} onChange={(event) => putLevel(level.name, event.currentTarget.checked)} />
                    <span>{level.name}</span>
                  </label>
                )}
              </For>
              <For each={draft.levels.filter((name) => !levels().some((level) => level.name === name))}>
                {(name) => (
                  <span class="form-chip">
                    {name}
                    <button type="button" class="small" aria-label={s.layers.remove(name)} onClick={() => putLevel(name, false)}>
                      ×
                    </button>
                  </span>
                )}
              </For>
            </div>
          )}
        </Field>
        <Field pointer="/start_level" title={s.start.title} about={s.start.about}>
          {(ties) => (
            <select {...ties} onChange={(event) => set("startLevel", event.currentTarget.value)}>
              <option value="" selected={draft.startLevel === ""}>
                {s.start.first}
              </option>
              <For each={levels()}>
                {(level) => (
                  <option value={level.name} selected={draft.startLevel === level.name}>
                    {level.name}
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <Field pointer="/chunk" title={s.chunk.title}>
          {(ties) => (
            <div class="with-button">
              <select {...ties} onChange={(event) => set("chunk", event.currentTarget.value as "auto")}>
                <For each={["auto", "whole", "fixed"] as const}>
                  {(kind) => (
                    <option value={kind} selected={draft.chunk === kind}>
                      {s.chunk[kind]}
                    </option>
                  )}
                </For>
              </select>
              <Show when={draft.chunk === "fixed"}>
                <input type="text" inputmode="numeric" class="few" aria-label={s.chunk.size} value={draft.chunkSize} onInput={(event) => set("chunkSize", event.currentTarget.value)} />
              </Show>
            </div>
          )}
        </Field>
        <Field pointer="/order" title={s.order.title}>
          {(ties) => (
            <select {...ties} onChange={(event) => set("order", event.currentTarget.value as FrameOrder)}>
              <For each={ORDERS}>
                {(order) => (
                  <option value={order} selected={draft.order === order}>
                    {s.order[order]}
                  </option>
                )}
              </For>
            </select>
          )}
        </Field>
        <CheckField name="skipExisting" title={s.skip.title} about={s.skip.about} />
      </Part>
      <Part
        title={s.more.needs}
        pointers={["/threads", "/memory", "/gpus", "/licences"]}
        set={filled(draft.threads, draft.memory, draft.gpus, draft.gpuMemory, draft.gpuOptional, draft.licences)}
      >
        <TextField name="threads" pointer="/threads" title={s.threads.title} about={s.threads.about} inputMode="numeric" />
        <TextField name="memory" pointer="/memory" title={s.memory.title} about={s.memory.about} />
        <TextField name="gpus" pointer="/gpus" title={s.gpus.title} about={s.gpus.about} inputMode="numeric" />
        <TextField name="gpuMemory" pointer="/gpus/memory" title={s.gpuMemory.title} about={s.gpuMemory.about} />
        <TextField name="licences" pointer="/licences" title={s.licences.title} about={s.licences.about} />
        <CheckField name="gpuOptional" title={s.gpuOptional.title} />
      </Part>
      <Part title={s.more.limits} pointers={["/limits"]} set={filled(...Object.values(draft.limits))}>
        <For each={LIMITS}>
          {(name) => (
            <Field pointer={`/limits/${name}`} title={s.limits[name].title} about={s.limits[name].about}>
              {(ties) => <input type="text" inputmode="numeric" {...ties} value={draft.limits[name] ?? ""} autocomplete="off" onInput={(event) => set("limits", name, event.currentTarget.value)} />}
            </Field>
          )}
        </For>
      </Part>
      <Part title={s.more.hooks} pointers={["/hooks"]} set={draft.hooks.length}>
        <Hooks />
      </Part>
      <Part title={s.more.notify} pointers={["/notify"]} set={draft.notify.length}>
        <Notifications />
      </Part>
      <Part title={s.more.version} pointers={["/plugin/version", "/plugin/digest", "/dcc_version"]} set={filled(draft.dccVersion, draft.pluginVersion, draft.digest)}>
        <TextField name="dccVersion" pointer="/dcc_version" title={s.dcc.title} about={s.dcc.about} />
        <TextField name="pluginVersion" pointer="/plugin/version" title={s.plugin.version} about={s.plugin.versionAbout} />
        <TextField name="digest" pointer="/plugin/digest" title={s.plugin.digest} about={s.plugin.digestAbout} />
      </Part>
    </>
  );
}

function Hooks(): JSX.Element {
  const { draft, set } = useSubmit();
  const words = t.submit.hooks;
  const put = <Name extends keyof HookRequest>(index: number, name: Name, value: HookRequest[Name]): void => set("hooks", index, name as keyof HookRequest, value as never);
  return (
    <div class="wide hooks">
      <p class="quiet">{words.about}</p>
      <For each={draft.hooks}>
        {(hook, index) => (
          <div class="hook">
            <Field pointer={`/hooks/${index()}`} title={words.name}>
              {(ties) => <input type="text" {...ties} value={hook.name} spellcheck={false} onInput={(event) => put(index(), "name", event.currentTarget.value)} />}
            </Field>
            <select aria-label={words.at} onChange={(event) => put(index(), "at", event.currentTarget.value as HookRequest["at"])}>
              <For each={MOMENTS}>{(moment) => <option value={moment} selected={hook.at === moment}>{words.moments[moment]}</option>}</For>
            </select>
            <label>
              {words.onFailure}{" "}
              <select onChange={(event) => put(index(), "on_failure", event.currentTarget.value as HookRequest["on_failure"])}>
                <For each={FAILURES}>{(failure) => <option value={failure} selected={hook.on_failure === failure}>{words.failures[failure]}</option>}</For>
              </select>
            </label>
            <button type="button" class="small" aria-label={words.remove(index() + 1)} onClick={() => set("hooks", (now) => now.filter((_, at) => at !== index()))}>
              ×
            </button>
          </div>
        )}
      </For>
      <button type="button" class="small" onClick={() => set("hooks", draft.hooks.length, { name: "", at: "after-job", on_failure: "fail" })}>
        {words.add}
      </button>
    </div>
  );
}

function Notifications(): JSX.Element {
  const { draft, set } = useSubmit();
  const words = t.submit.notify;
  return (
    <div class="wide hooks">
      <p class="quiet">
        <Prose text={words.about} />
      </p>
      <For each={draft.notify}>
        {(one, index) => (
          <div class="hook">
            <label>
              {words.to}{" "}
              <select onChange={(event) => set("notify", index(), "to", event.currentTarget.value as Told["to"])}>
                <For each={["webhook", "command"] as const}>{(kind) => <option value={kind} selected={one.to === kind}>{words.kinds[kind]}</option>}</For>
              </select>
            </label>
            <Field pointer={`/notify/${index()}`} title={words.name}>
              {(ties) => <input type="text" {...ties} value={one.name} spellcheck={false} autocomplete="off" onInput={(event) => set("notify", index(), "name", event.currentTarget.value)} />}
            </Field>
            <Field pointer={`/notify/${index()}/on`} title={words.on} several>
              {() => (
                <div class="layers">
                  <For each={NOTIFY_MOMENTS}>
                    {(moment) => (
                      <label class="form-check form-chip">
                        <input
                          type="checkbox"
                          checked={one.on.includes(moment)}
                          onChange={(event) => {
                            const on = event.currentTarget.checked;
                            set("notify", index(), "on", (now) => (on ? [...now, moment] : now.filter((old) => old !== moment)));
                          }}
                        />
                        <span>{words.moments[moment]}</span>
                      </label>
                    )}
                  </For>
                </div>
              )}
            </Field>
            <button type="button" class="small" aria-label={words.remove(index() + 1)} onClick={() => set("notify", (now) => now.filter((_, at) => at !== index()))}>
              ×
            </button>
          </div>
        )}
      </For>
      <button type="button" class="small" onClick={() => set("notify", draft.notify.length, { to: "webhook", name: "", on: ["end"] })}>
        {words.add}
      </button>
    </div>
  );
}
