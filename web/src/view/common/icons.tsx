/**
 * States as shapes, each told from the others without its colour. Every one of them stands beside its word.
 */
import type { JSX } from "solid-js";
import type { FrameState, JobStatus, PluginView } from "../../api/types";

function Shape(props: { class: string; children: JSX.Element }): JSX.Element {
  return (
    <svg class={`shape ${props.class}`} viewBox="0 0 16 16" aria-hidden="true">
      {props.children}
    </svg>
  );
}

const JOB_SHAPES: Record<JobStatus, () => JSX.Element> = {
  running: () => <path class="fill" d="M4 2.5v11l9.5-5.5z" />,
  waiting: () => (
    <>
      <circle class="line" cx="8" cy="8" r="5.75" />
      <path class="line" d="M8 4.8V8l2.2 1.6" />
    </>
  ),
  paused: () => <path class="fill" d="M3.5 2.5h3.2v11H3.5zM9.3 2.5h3.2v11H9.3z" />,
  cancelling: () => (
    <>
      <circle class="line dashed" cx="8" cy="8" r="5.75" />
      <path class="line" d="M4.2 11.8l7.6-7.6" />
    </>
  ),
  done: () => <path class="line thick" d="M2.5 8.6l3.6 3.7 7.4-8.2" />,
  failed: () => (
    <>
      <path class="fill" d="M8 .8L15.2 8 8 15.2.8 8z" />
      <path class="cut" d="M8 4.2v4.6M8 10.4v1.8" />
    </>
  ),
  cancelled: () => (
    <>
      <circle class="line" cx="8" cy="8" r="5.75" />
      <path class="line" d="M4.2 11.8l7.6-7.6" />
    </>
  ),
};

export function JobShape(props: { status: JobStatus }): JSX.Element {
  return <Shape class={`is-${props.status}`}>{JOB_SHAPES[props.status]()}</Shape>;
}

const PLUGIN_SHAPES: Record<PluginView["state"], [string, () => JSX.Element]> = {
  serving: ["is-done", () => <circle class="fill" cx="8" cy="8" r="5" />],
  degraded: [
    "is-paused",
    () => (
      <>
        <circle class="line" cx="8" cy="8" r="5" />
        <path class="fill" d="M8 3a5 5 0 0 0 0 10z" />
      </>
    ),
  ],
  failed: ["is-failed", JOB_SHAPES.failed],
};

export function PluginShape(props: { state: PluginView["state"] }): JSX.Element {
  return <Shape class={PLUGIN_SHAPES[props.state][0]}>{PLUGIN_SHAPES[props.state][1]()}</Shape>;
}

const FRAME_SHAPES: Record<FrameState, () => JSX.Element> = {
  pending: () => <rect class="line" x="2.75" y="2.75" width="10.5" height="10.5" rx="1" />,
  running: () => (
    <>
      <rect class="line" x="2.75" y="2.75" width="10.5" height="10.5" rx="1" />
      <rect class="fill" x="2.75" y="8" width="10.5" height="5.25" />
    </>
  ),
  done: () => <rect class="fill" x="2" y="2" width="12" height="12" rx="1" />,
  skipped: () => (
    <>
      <rect class="line" x="2.75" y="2.75" width="10.5" height="10.5" rx="1" />
      <path class="line thick" d="M5 8h6" />
    </>
  ),
  failed: () => (
    <>
      <rect class="fill" x="2" y="2" width="12" height="12" rx="1" />
      <path class="cut" d="M4.8 4.8l6.4 6.4M11.2 4.8l-6.4 6.4" />
    </>
  ),
};

export function FrameShape(props: { state: FrameState }): JSX.Element {
  return <Shape class={`frame-${props.state}`}>{FRAME_SHAPES[props.state]()}</Shape>;
}

/** A warning beside a problem that has a remedy. */
export function WarnShape(): JSX.Element {
  return (
    <Shape class="is-paused">
      <path class="fill" d="M8 1.6L15.4 14.4H.6z" />
      <path class="cut" d="M8 6v4M8 11.4v1.6" />
    </Shape>
  );
}
