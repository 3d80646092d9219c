/**
 * How much something matters, as a shape: a diamond, a triangle or a ring, told apart without their colours.
 */
import type { JSX } from "solid-js";
import type { NoticeSeverity } from "../../api/types";

const SHAPES: Record<NoticeSeverity, [string, () => JSX.Element]> = {
  error: [
    "is-failed",
    () => (
      <>
        <path class="fill" d="M8 .8L15.2 8 8 15.2.8 8z" />
        <path class="cut" d="M8 4.2v4.6M8 10.4v1.8" />
      </>
    ),
  ],
  warning: [
    "is-paused",
    () => (
      <>
        <path class="fill" d="M8 1.6L15.4 14.4H.6z" />
        <path class="cut" d="M8 6v4M8 11.4v1.6" />
      </>
    ),
  ],
  info: ["is-waiting", () => <circle class="line" cx="8" cy="8" r="4.5" />],
};

export function SeverityShape(props: { severity: NoticeSeverity }): JSX.Element {
  return (
    <svg class={`shape ${SHAPES[props.severity][0]}`} viewBox="0 0 16 16" aria-hidden="true">
      {SHAPES[props.severity][1]()}
    </svg>
  );
}
