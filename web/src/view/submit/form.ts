/**
 * The submit form as it lives: the draft, the fields of the chosen plugin, what the scene says, and what the daemon makes
 * of it all. It follows the plugin's events and never changes what was typed.
 */
import { createContext, createEffect, createMemo, createSignal, on, onCleanup, useContext, type Accessor } from "solid-js";
import { createStore, reconcile, unwrap, type SetStoreFunction } from "solid-js/store";
import { inspectScene, planJob, submitJob, type PlanView, type SceneInside, type SceneView, type WholeSpec } from "../../api/submit";
import { asProblem, type Problem } from "../../api/problem";
import type { JobView, LevelNeeds, PluginView } from "../../api/types";
import { formOf, type Form, type Wrong } from "../../model/schema";
import { at, check, draftOf, draftOfSubmission, emptyDraft, isEmpty, nearest, shownAt, type Checked, type Draft } from "../../model/submission";
import { kept, type Recent } from "../../store/submissions";
import { jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import type { PageContext } from "../shell/context";

/** After the last key, so that nobody is told that half a word is wrong, and the daemon is asked once a pause. */
const PAUSE_MS = 450;

export interface Inspected {
  readonly path: string;
  readonly view: SceneView | null;
  readonly problem: Problem | null;
}

/** What the daemon makes of the draft. */
export type Plan =
  | { readonly kind: "none" }
  | { readonly kind: "checking"; readonly before: PlanView | null }
  | { readonly kind: "ready"; readonly plan: PlanView }
  | { readonly kind: "refused"; readonly problem: Problem };

/** The job that the form was filled in from, and what its tasks needed. */
export interface Repeated {
  readonly job: string;
  readonly needs: readonly LevelNeeds[];
}

export interface SubmitForm {
  readonly draft: Draft;
  readonly set: SetStoreFunction<Draft>;
  readonly plugins: Accessor<readonly PluginView[]>;
  /** Those that take the scene by its extension. */
  readonly takers: Accessor<readonly PluginView[]>;
  readonly pluginName: Accessor<string | null>;
  readonly plugin: Accessor<PluginView | undefined>;
  /** The fields of the plugin that serves, or that did last. */
  readonly form: Form;
  readonly checked: Accessor<Checked>;
  readonly inspected: Accessor<Inspected | null>;
  /** The scene of the file that would be rendered. */
  readonly inside: Accessor<SceneInside | undefined>;
  readonly plan: Accessor<Plan>;
  readonly asked: Accessor<boolean>;
  readonly sending: Accessor<boolean>;
  readonly filledFrom: Accessor<string | null>;
  readonly recents: Accessor<readonly Recent[]>;
  readonly repeated: Accessor<Repeated | null>;
  /** Says that there is a field for this pointer, for as long as the caller is shown. */
  place(pointer: () => string, title: () => string): void;
  /** What people call the field that a pointer is nearest to. */
  titleOf(pointer: string): string | undefined;
  /** What is wrong at a field, as far as it is to be shown yet: all that no field is nearer to. */
  wrong(pointer: string): readonly Wrong[];
  /** How much is wrong at these pointers and below them. */
  within(pointers: readonly string[]): number;
  /** All that is wrong, as far as it is to be shown yet. */
  readonly mistakes: Accessor<Wrong[]>;
  dryRun(): void;
  send(): Promise<void>;
  clear(): void;
  back(): void;
  repeat(recent: Recent): void;
  forgetRecents(): void;
}

export const SubmitContext = createContext<SubmitForm>();

export function useSubmit(): SubmitForm {
  const context = useContext(SubmitContext);
  if (context === undefined) throw new Error("a part of the form is outside of the form");
  return context;
}

export function createForm({ farm, route, complain }: PageContext): SubmitForm {
  const [draft, set] = createStore<Draft>(kept.draft());
  if (draft.user === "") set("user", kept.user());
  const [asked, setAsked] = createSignal(false);
  const [sending, setSending] = createSignal(false);
  const [plan, setPlan] = createSignal<Plan>({ kind: "none" });
  const [inspected, setInspected] = createSignal<Inspected | null>(null);
  const [recents, setRecents] = createSignal<readonly Recent[]>(kept.recents());
  const [filledFrom, setFilledFrom] = createSignal<string | null>(null);
  const [repeated, setRepeated] = createSignal<Repeated | null>(null);
  const [fields, setFields] = createSignal<ReadonlyMap<string, string>>(new Map());
  let before: Draft | null = null;

  createEffect(() => kept.keepDraft(JSON.parse(JSON.stringify(draft)) as Draft));

  // Which plugin, and its fields.
  const plugins = (): readonly PluginView[] => farm.state.plugins;
  const takers = createMemo(() => {
    const extension = /\.([^./\\]+)$/.exec(draft.scene.trim())?.[1]?.toLowerCase();
    return plugins().filter((plugin) => plugin.serving !== null && extension !== undefined && plugin.extensions.includes(extension));
  });
  const pluginName = createMemo(() => draft.plugin || (takers().length === 1 ? (takers()[0]?.name ?? null) : null));
  const plugin = createMemo(() => plugins().find((one) => one.name === pluginName()));
  const [form, setForm] = createStore<Form>({ fields: [], open: false });
  let formFor: string | null = null;
  createEffect(() => {
    const name = pluginName();
    const schema = plugin()?.options_schema ?? null;
    if (schema !== null && farm.known()) {
      formFor = name;
      // By their names, so that a field that stays keeps its element, and the cursor in it.
      setForm(reconcile(formOf(unwrap(schema)), { key: "name" }));
    } else if (name !== formFor) {
      formFor = name;
      setForm(reconcile<Form, Form>({ fields: [], open: false }, { key: "name" }));
    }
  });

  const checked = createMemo(() => check(draft, pluginName() === null ? null : form));

  // What the scene says of itself.
  createEffect(
    on([() => draft.scene.trim(), farm.epoch], ([scene]) => {
      if (inspected()?.path !== scene) setInspected(null);
      if (scene === "" || checked().wrong.some((one) => one.pointer === "/scene")) return;
      const stop = new AbortController();
      const timer = setTimeout(() => {
        inspectScene(farm.client, scene, stop.signal).then(
          (view) => setInspected({ path: scene, view, problem: null }),
          (error: unknown) => {
            if (!stop.signal.aborted) setInspected({ path: scene, view: null, problem: asProblem(error) });
          },
        );
      }, PAUSE_MS);
      onCleanup(() => {
        clearTimeout(timer);
        stop.abort();
      });
    }),
  );
  const inside = createMemo(() => {
    const scenes = inspected()?.view?.scenes ?? [];
    const chosen = draft.options["scene"];
    return scenes.find((one) => one.name !== null && one.name === chosen) ?? scenes[0];
  });

  // What the daemon makes of it: asked again whenever the submission or the version that serves is another one.
  const question = createMemo(() => JSON.stringify(checked().submission));
  const version = (): string => `${plugin()?.serving?.digest ?? ""}${plugin()?.state ?? ""}`;
  let running: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const planned = (): PlanView | null => {
    const now = plan();
    return now.kind === "ready" ? now.plan : now.kind === "checking" ? now.before : null;
  };

  function ask(pause: number): void {
    clearTimeout(timer);
    running?.abort();
    if (checked().wrong.length > 0) {
      setPlan({ kind: "none" });
      return;
    }
    const stop = new AbortController();
    running = stop;
    setPlan({ kind: "checking", before: planned() });
    timer = setTimeout(() => {
      planJob(farm.client, checked().submission, stop.signal).then(
        (answer) => setPlan({ kind: "ready", plan: answer }),
        (error: unknown) => {
          if (!stop.signal.aborted) setPlan({ kind: "refused", problem: asProblem(error) });
        },
      );
    }, pause);
  }
  createEffect(
    on([question, version, farm.epoch, () => checked().wrong.length], () => ask(PAUSE_MS)),
  );
  onCleanup(() => {
    clearTimeout(timer);
    running?.abort();
  });

  const hostWrong = createMemo((): Wrong[] => {
    const now = plan();
    if (now.kind !== "refused") return [];
    return now.problem.fields.map(({ field, message }) => ({ pointer: shownAt({ pointer: field, message }, draft), message }));
  });
  const shownWrong = createMemo((): Wrong[] => {
    const own = checked().wrong.filter((one) => asked() || one.missing !== true);
    return [...own, ...hostWrong()];
  });
  const byField = createMemo(() => {
    const found = new Map<string | undefined, Wrong[]>();
    for (const one of shownWrong()) {
      const field = nearest(one.pointer, fields().keys());
      found.set(field, [...(found.get(field) ?? []), one]);
    }
    return found;
  });
  // A form that is filled in from elsewhere: what was there can be had back.
  function fill(next: Draft, from: string): void {
    const now = JSON.parse(JSON.stringify(draft)) as Draft;
    before = isEmpty(now) ? null : now;
    set(reconcile(next));
    setFilledFrom(from);
    setRepeated(null);
    setAsked(false);
  }
  function fillFromJob({ id, spec }: JobView): void {
    const levels = plugins().find((one) => one.name === spec.plugin.name)?.levels.map((level) => level.name);
    fill(draftOf(spec as WholeSpec, formOfPlugin(spec.plugin.name), levels), t.submit.fromJob(id));
    setRepeated({ job: t.submit.fromJob(id), needs: spec.needs });
  }

  const formOfPlugin = (name: string): Form => formOf(unwrap(plugins().find((one) => one.name === name)?.options_schema ?? null));

  // `#/submit?job=12` and `#/submit?scene=/a.blend`: once, and then the address is the form's own again.
  createEffect(
    on([() => route().query.get("job"), () => route().query.get("scene"), farm.known], ([job, scene, known]) => {
      if (!known || (job === null && scene === null)) return;
      history.replaceState(null, "", viewAddress("submit"));
      if (scene !== null) fill({ ...emptyDraft(draft.user), scene }, scene);
      if (job === null || !/^\d+$/.test(job)) return;
      farm.client.job(Number(job)).then(
        fillFromJob,
        (error: unknown) => complain(t.submit.filled(t.submit.fromJob(Number(job))), asProblem(error)),
      );
    }),
  );

  return {
    draft,
    set,
    plugins,
    takers,
    pluginName,
    plugin,
    form,
    checked,
    inspected,
    inside,
    plan,
    asked,
    sending,
    filledFrom,
    recents,
    repeated,
    place(pointer, title) {
      createEffect(() => {
        const [at, named] = [pointer(), title()];
        setFields((now) => new Map(now).set(at, named));
        onCleanup(() => setFields((now) => new Map([...now].filter(([one]) => one !== at))));
      });
    },
    titleOf: (pointer) => fields().get(nearest(pointer, fields().keys()) ?? ""),
    mistakes: shownWrong,
    wrong: (pointer) => byField().get(pointer) ?? [],
    within: (pointers) => pointers.reduce((sum, pointer) => sum + at(shownWrong(), pointer).length, 0),
    dryRun() {
      setAsked(true);
      ask(0);
    },
    async send() {
      if (sending()) return;
      setAsked(true);
      const { submission, wrong } = checked();
      if (wrong.length > 0) return;
      setSending(true);
      clearTimeout(timer);
      running?.abort();
      try {
        const job = await submitJob(farm.client, submission, kept.keyFor(submission));
        kept.dropKey();
        kept.remember(job.name, submission);
        const empty = emptyDraft(draft.user);
        set(reconcile(empty));
        setRepeated(null);
        kept.keepDraft(empty);
        location.hash = jobAddress(job.id);
      } catch (error) {
        const problem = asProblem(error);
        setPlan({ kind: "refused", problem });
        if (problem.fields.length === 0) complain(t.submit.send, problem);
      } finally {
        setSending(false);
      }
    },
    clear: () => fill(emptyDraft(draft.user), ""),
    back() {
      if (before !== null) set(reconcile(before));
      before = null;
      setFilledFrom(null);
      setRepeated(null);
    },
    repeat(recent) {
      const { plugin: wanted, scene } = recent.submission;
      const name = (typeof wanted === "string" ? wanted : wanted?.name)?.split("@", 1)[0];
      const extension = /\.([^./\\]+)$/.exec(scene)?.[1]?.toLowerCase() ?? "";
      const taker = name ?? plugins().find((one) => one.extensions.includes(extension))?.name ?? "";
      fill(draftOfSubmission(recent.submission, formOfPlugin(taker)), t.submit.fromRecent(recent.name));
    },
    forgetRecents() {
      kept.forget();
      setRecents([]);
    },
  };
}
