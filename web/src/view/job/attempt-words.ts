/**
 * An attempt in words: how it ended, with what and why. The same on the time line, in the list and in the details.
 */
import type { AttemptSpan } from "../../api/past";
import type { DecisionKind, JobStatus, PluginStamp } from "../../api/types";
import { duration } from "../../model/format";
import { frameCount } from "../../model/frames";
import { endOf, fateOf, startOf } from "../../model/timeline";
import { t } from "../../text";

/** One word for where an attempt is or how it ended, and the shape that goes with it. */
export function stateOf(span: AttemptSpan): { shape: JobStatus; word: string } {
  const fate = fateOf(span);
  if (fate === "live") {
    return span.running === null ? { shape: "waiting", word: t.attempts.starting } : { shape: "running", word: t.attempts.running };
  }
  const word = t.attempts.decision[span.decision as DecisionKind] ?? (span.decision as string);
  return { shape: fate === "fine" ? "done" : fate === "held" ? "paused" : "failed", word };
}

export function secondsOf(span: AttemptSpan, now: number): number {
  return (endOf(span, now) - startOf(span)) / 1000;
}

/** The version of the plugin that decided it. */
export function pluginOf(span: AttemptSpan, plugins: readonly PluginStamp[]): PluginStamp | null {
  return span.plugin === null ? null : (plugins[span.plugin] ?? null);
}

/** All that is known of an attempt, for one line. */
export function lineOf(span: AttemptSpan, plugins: readonly PluginStamp[], now: number): string {
  const plugin = pluginOf(span, plugins);
  return [
    t.attempts.id(span.id),
    stateOf(span).word,
    t.attempts.level(span.level_name),
    ...(span.try_number > 1 ? [t.attempts.tryNumber(span.try_number)] : []),
    ...(span.layer === null ? [] : [t.strip.layer(span.layer)]),
    t.timeline.frames(span.frames, frameCount(span.frames)),
    ...(plugin === null ? [] : [`${plugin.name} ${plugin.version}`]),
    ...(span.gpus.length > 0 ? [t.attempts.gpus(span.gpus.map(String))] : []),
    duration(Math.round(secondsOf(span, now))),
    ...(span.cause === null ? [] : [span.cause]),
  ].join(" · ");
}
