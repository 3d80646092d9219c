/**
 * Acting on jobs: on those that are selected, or on the row that the keyboard is on, which may be a whole batch. Asks first where something would be
 * lost, and keeps what was refused, job by job, until somebody has read it.
 */
import { createEffect, createMemo, createSignal, untrack, type Accessor } from "solid-js";
import { control, type BatchSummary } from "../../api/batches";
import { actOnJobs, type Refused } from "../../api/jobs";
import { asProblem } from "../../api/problem";
import type { JobSummary } from "../../api/types";
import { suits, suitsBatch, type Action } from "../../model/job-actions";
import { batchOf, isBatch, type Row } from "../../model/job-rows";
import { t } from "../../text";
import type { PageContext } from "../shell/context";

export interface Wish {
  readonly action: Action;
  readonly jobs: readonly JobSummary[];
  /** The batch that it is about as a whole; `jobs` are then those of it that are known and that it suits. */
  readonly batch: BatchSummary | null;
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
  /** About what is selected or active, or about a row where one is given. */
  ask(action: Action, row?: Row): void;
  /** What can be done to the batch of a row, in the order of buttons. */
  canDo(row: Row): readonly Action[];
  answer(yes: boolean, priority?: number): void;
  dismiss(): void;
}

const ON_A_ROW: readonly Action[] = ["pause", "resume", "retry", "cancel"];

export function createActing({ farm, table, complain }: PageContext): Acting {
  const [busy, setBusy] = createSignal(false);
  const [question, setQuestion] = createSignal<{ action: Action; row: Row | null } | null>(null);
  const [refusals, setRefusals] = createSignal<Refusals | null>(null);
  const [said, setSaid] = createSignal("");

  function wishAbout(action: Action, row: Row | null): Wish | null {
    const index = farm.state.index;
    const batch = row !== null && isBatch(row) && table.isWhole() ? farm.state.batches[batchOf(row)] : undefined;
    if (row !== null && batch !== undefined && action !== "priority") {
      const jobs = index.ofBatch(batch.id);
      return suitsBatch(action, batch, jobs) ? { action, batch, jobs: jobs.filter((job) => suits(action, job)) } : null;
    }
    const all = row === null ? table.selectedJobs() : table.jobsOf(row).flatMap((id) => index.get(id) ?? []);
    const jobs = all.filter((job) => suits(action, job));
    return jobs.length === 0 ? null : { action, jobs, batch: null };
  }

  // A question that stands is about what is known now: whoever says yes has read what it comes to.
  const asked = createMemo(() => {
    const about = question();
    farm.state.jobsVersion;
    return about === null ? null : wishAbout(about.action, about.row);
  });
  createEffect(() => {
    if (asked() !== null) return;
    const about = untrack(question);
    if (about !== null) setSaid(t.many.notNow[about.action]);
    setQuestion(null);
  });

  async function act({ action, jobs, batch }: Wish, priority: number | null): Promise<void> {
    setBusy(true);
    setRefusals(null);
    setSaid("");
    try {
      if (batch !== null && action !== "priority") {
        await farm.takeBatch(control(farm.client, batch.id, action));
        setSaid(t.many.batchDone[action](batch.name));
        return;
      }
      const ids = jobs.map((job) => job.id);
      const refused = await actOnJobs(farm.client, ids, action, priority);
      setSaid(t.many.done[action](ids.length - refused.length));
      if (refused.length > 0) setRefusals({ action, refused });
    } catch (error) {
      complain(batch === null ? t.many.failed : t.many.batchFailed(batch.name), asProblem(error));
    } finally {
      setBusy(false);
    }
  }

  return {
    busy,
    asked,
    refusals,
    said,
    canDo(row) {
      farm.state.jobsVersion;
      return ON_A_ROW.filter((action) => wishAbout(action, row) !== null);
    },
    ask(action, row) {
      if (busy() || farm.connection().kind !== "live") return;
      const isSelected = row === undefined && table.selectedJobs().length > 0;
      const about = isSelected ? null : (row ?? table.active());
      const wish = wishAbout(action, about);
      if (wish === null) return void setSaid(t.many.notNow[action]);
      if (action === "cancel" || action === "priority") setQuestion({ action, row: about });
      else void act(wish, null);
    },
    answer(yes, priority) {
      const wish = asked();
      setQuestion(null);
      if (yes && wish !== null) void act(wish, priority ?? null);
    },
    dismiss: () => void setRefusals(null),
  };
}
