/**
 * What must not be overlooked: it reads what happened before the page was there, pops up what needs a person, and tells
 * the browser where somebody asked for that.
 */
import { createEffect, createSignal, For, onMount, Show, untrack, type JSX } from "solid-js";
import { unwrap } from "solid-js/store";
import { readNotices } from "../../api/notices";
import type { Notice } from "../../api/types";
import { eventsAddress, isWished, parseWish, tagOf, type Toast, toasted } from "../../model/notices";
import { kept } from "../../store/kept";
import { batchAddress, jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { Prose } from "../common/parts";
import { usePage } from "./context";
import "./attention.css";

const AT_FIRST = 100;

export function Attention(): JSX.Element {
  const { farm, route } = usePage();
  const [toasts, setToasts] = createSignal<readonly Toast[]>([]);
  /** The newest notice that was dealt with; null until it is known what there was before this page. */
  const [told, setTold] = createSignal<number | null>(null);

  onMount(() => farm.learn({ seen: Number(kept("seen") ?? 0) || 0 }));

  createEffect(() => {
    if (!farm.synced()) return;
    readNotices(farm.client, AT_FIRST, null).then(
      (page) => {
        setTold((before) => before ?? page.items[0]?.id ?? 0);
        farm.learn({ notices: page.items });
      },
      // A lost connection is told elsewhere, and read again when it is back.
      () => undefined,
    );
  });

  createEffect(() => {
    const newest = farm.state.notices[0]?.id ?? 0;
    const before = told();
    if (before === null || newest <= before) return;
    setTold(newest);
    const fresh = unwrap(farm.state.notices).filter((notice) => notice.id > before);
    const isShown = untrack(() => route().view === "events");
    for (const notice of fresh.reverse()) {
      if (!isShown) setToasts((all) => toasted(all, notice));
      nudge(notice);
    }
  });

  /** Who looks at the page needs no second telling. */
  function nudge(notice: Notice): void {
    if (!("Notification" in window) || Notification.permission !== "granted" || document.hasFocus()) return;
    if (!isWished(parseWish(kept("notify")), notice, ownerOf(notice))) return;
    const told = new Notification(t.notify.title(notice.job, notice.batch), { body: notice.message, tag: tagOf(notice) });
    told.onclick = () => {
      window.focus();
      location.hash = addressOf(notice);
      told.close();
    };
  }

  function ownerOf({ job, batch }: Notice): string | null {
    if (job !== null) return unwrap(farm.state.jobs)[job]?.user ?? null;
    return batch === null ? null : (farm.state.index.ofBatch(batch)[0]?.user ?? null);
  }

  const dismiss = (toast: Toast): void => void setToasts((all) => all.filter((one) => one !== toast));

  return (
    <div class="toasts" role="region" aria-label={t.toasts.region}>
      <div aria-live="polite" aria-relevant="additions text">
        <For each={toasts()}>{(toast) => <OneToast toast={toast} dismiss={() => dismiss(toast)} />}</For>
      </div>
      <Show when={toasts().length > 1}>
        <button type="button" class="toasts-all" onClick={() => setToasts([])}>
          {t.toasts.dismissAll}
        </button>
      </Show>
    </div>
  );
}

function addressOf({ job, batch }: Notice): string {
  if (job !== null) return jobAddress(job);
  return batch === null ? viewAddress("events") : batchAddress(batch);
}

function OneToast(props: { toast: Toast; dismiss: () => void }): JSX.Element {
  const first = (): Notice => props.toast.notices[0] as Notice;
  const many = () => props.toast.notices.length > 1;
  return (
    <div class="toast" data-kind={props.toast.kind}>
      <div class="toast-text">
        <Show when={many()}>
          <strong>{t.toasts.many(props.toast.kind, props.toast.notices.length)}</strong>{" "}
          <a href={eventsAddress({ severities: ["error"] })} onClick={() => props.dismiss()}>
            {t.toasts.all}
          </a>
        </Show>
        <p classList={{ quiet: many() }}>
          <Show when={first().job}>
            {(job) => (
              <>
                <a href={jobAddress(job())}>{t.notices.job(job())}</a>{" "}
              </>
            )}
          </Show>
          <Show when={first().batch}>
            {(batch) => (
              <>
                <a href={batchAddress(batch())}>{t.notices.batch(batch())}</a>{" "}
              </>
            )}
          </Show>
          <Prose text={first().message} />
        </p>
      </div>
      <button type="button" onClick={() => props.dismiss()}>
        {t.toasts.dismiss}
      </button>
    </div>
  );
}
