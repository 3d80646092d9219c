/**
 * A long list of notices, of which only those in sight are there.
 */
import { createVirtualizer } from "@tanstack/solid-virtual";
import { For, Show, type JSX } from "solid-js";
import type { Notice } from "../../api/types";
import { batchAddress, jobAddress, viewAddress } from "../../store/route";
import { t } from "../../text";
import { Prose, Time } from "../common/parts";
import { SeverityShape } from "../common/severity";

const A_ROW = 26;

export function NoticeList(props: { notices: readonly Notice[] }): JSX.Element {
  let scroller: HTMLDivElement | undefined;
  const rows = createVirtualizer<HTMLDivElement, HTMLLIElement>({
    get count() {
      return props.notices.length;
    },
    getScrollElement: () => scroller ?? null,
    getItemKey: (index) => props.notices[index]?.id ?? -1 - index,
    estimateSize: () => A_ROW,
    overscan: 12,
  });
  return (
    <div ref={scroller} class="notice-scroll" tabindex="0" role="region" aria-label={t.notices.list}>
      <ol class="notices" style={{ height: `${rows.getTotalSize()}px` }}>
        <For each={rows.getVirtualItems()}>
          {(row) => (
            <Show when={props.notices[row.index]} keyed>
              {(notice) => (
                <li
                  ref={(element) => queueMicrotask(() => rows.measureElement(element))}
                  class={`notice notice-${notice.severity}`}
                  data-index={row.index}
                  data-notice={notice.id}
                  data-severity={notice.severity}
                  aria-setsize={props.notices.length}
                  aria-posinset={row.index + 1}
                  style={{ transform: `translateY(${row.start}px)` }}
                >
                  <span class="quiet notice-time">
                    <Time at={notice.at} />
                  </span>
                  <span class="notice-severity">
                    <SeverityShape severity={notice.severity} />
                    <span class="sr">{t.notices.severity[notice.severity]}</span>
                  </span>
                  <span class="notice-about">
                    <Show when={notice.job}>{(job) => <a href={jobAddress(job())}>{t.notices.job(job())}</a>}</Show>{" "}
                    <Show when={notice.batch}>
                      {(batch) => <a href={batchAddress(batch())}>{t.notices.batch(batch())}</a>}
                    </Show>{" "}
                    <Show when={notice.plugin}>
                      {(plugin) => <a href={viewAddress("plugins", plugin())}>{plugin()}</a>}
                    </Show>
                  </span>
                  <span class="notice-text">
                    <Prose text={notice.message} />
                  </span>
                </li>
              )}
            </Show>
          )}
        </For>
      </ol>
    </div>
  );
}
