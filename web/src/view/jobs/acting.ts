/**
 * Acting on jobs: on those that are selected, or on the one that the keyboard is on. Asks first where something would be
 * lost, and keeps what was refused, job by job, until somebody has read it.
 */
import { createSignal, type Accessor } from "solid-js";
import { actOnJobs, type Refused } from "../../api/jobs";
import { asProblem } from "../../api/problem";
import type { JobSummary } from "../../api/types";
import { suits, type Action } from "../../model/job-actions";
import { t } from "../../text";
import type { PageContext } from "../shell/context";

export interface Wish {
  readonly action: Action;
  readonly jobs: readonly JobSummary[];
}

export interface Refusals {
  readonly action: Action;
  readonly refused: readonly Refused[];
}

export interface Acting {
  readonly busy: Accessor<boolean>;
  /** What waits for somebody's yes, or for a number. */
  readonly asked: Accessor<Wish | null>;
  readonly refusals: Accessor<Refusals | null>;
  /** What was done last, for those who do not see it. */
  readonly said: Accessor<string>;
  /** The jobs that an action would be about. */
  targets(): readonly JobSummary[];
  ask(action: Action): void;
  answer(yes: boolean, priority?: number): void;
  dismiss(): void;
}

export function createActing({ farm, table, complain }: PageContext): Acting {
  const [busy, setBusy] = createSignal(false);
  const [asked, setAsked] = createSignal<Wish | null>(null);
  const [refusals, setRefusals] = createSignal<Refusals | null>(null);
  const [said, setSaid] = createSignal("");

  function targets(): readonly JobSummary[] {
    const selected = table.selectedJobs();
    const row = table.active();
    if (selected.length > 0 || row === null) return selected;
    return table.jobsOf(row).flatMap((id) => farm.state.index.get(id) ?? []);
  }

  async function act({ action, jobs }: Wish, priority: number | null): Promise<void> {
    setBusy(true);
    setRefusals(null);
    setSaid("");
    try {
      const ids = jobs.map((job) => job.id);
      const refused = await actOnJobs(farm.client, ids, action, priority);
      setSaid(t.many.done[action](ids.length - refused.length));
      if (refused.length > 0) setRefusals({ action, refused });
    } catch (error) {
      complain(t.many.failed, asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return {
    busy,
    asked,
    refusals,
    said,
    targets,
    ask(action) {
      if (busy() || farm.connection().kind !== "live") return;
      const jobs = targets().filter((job) => suits(action, job));
      if (jobs.length === 0) return void setSaid(t.many.notNow[action]);
      const wish = { action, jobs };
      if (action === "cancel" || action === "priority") setAsked(wish);
      else void act(wish, null);
    },
    answer(yes, priority) {
      const wish = asked();
      setAsked(null);
      if (yes && wish !== null) void act(wish, priority ?? null);
    },
    dismiss: () => void setRefusals(null),
  };
}
