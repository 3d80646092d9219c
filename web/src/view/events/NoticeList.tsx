/**
 * A long list of notices, of which only those in sight are there.
 */
import { Key } from "@solid-primitives/keyed";
import { createVirtualizer } from "@tanstack/solid-virtual";
import { createMemo, Show, untrack, type JSX } from "solid-js";
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
    // A new one for other notices: that is how it knows that they stand elsewhere.
    get getItemKey() {
      const ids = props.notices.map((notice) => notice.id);
      return (index: number) => ids[index] ?? -1 - index;
    },
    estimateSize: () => A_ROW,
    overscan: 12,
  });
  // An element stays with its notice, wherever newer ones move it: no click lands on another one's link.
  const drawn = createMemo(() =>
    rows.getVirtualItems().flatMap((row) => {
      const notice = props.notices[row.index];
      return notice === undefined ? [] : [{ row, notice }];
    }),
  );
  return (
    <div ref={scroller} class="notice-scroll" tabindex="0" role="region" aria-label={t.notices.list}>
      <ol class="notices" style={{ height: `${rows.getTotalSize()}px` }}>
        <Key each={drawn()} by={({ notice }) => notice.id}>
          {(one) => {
            const { notice } = untrack(one);
            const row = () => one().row;
            return (
              <li
                ref={(element) => queueMicrotask(() => rows.measureElement(element))}
                class={`notice notice-${notice.severity}`}
                data-index={row().index}
                data-notice={notice.id}
                data-severity={notice.severity}
                aria-setsize={props.notices.length}
                aria-posinset={row().index + 1}
                style={{ transform: `translateY(${row().start}px)` }}
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
            );
          }}
        </Key>
      </ol>
    </div>
  );
}
