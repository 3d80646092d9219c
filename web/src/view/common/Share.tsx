/**
 * What an attempt holds of the node, and what its processes have really taken: while it runs, and for good afterwards.
 */
import { For, Show, type JSX } from "solid-js";
import type { AttemptView } from "../../api/types";
import { amount, duration } from "../../model/format";
import { t } from "../../text";
import { usePage } from "../shell/context";

export function Share(props: { attempt: AttemptView }): JSX.Element {
  const { farm } = usePage();
  const hasEnded = () => props.attempt.state === "ended";
  const held = () => {
    const { threads, memory_bytes, gpus, licences } = props.attempt;
    return [
      t.attempts.threads(threads),
      ...(memory_bytes > 0 ? [t.attempts.leasedMemory(amount(memory_bytes))] : []),
      ...gpus.map((gpu) =>
        gpu.share_bytes === null ? t.attempts.whole(gpu.index) : t.attempts.share(gpu.index, amount(gpu.share_bytes)),
      ),
      ...licences,
    ];
  };
  const taken = () => {
    const usage = props.attempt.usage;
    // What the DCC says of itself, until the processes have been looked at.
    const memory = usage.peak_memory_bytes ?? farm.state.progress[props.attempt.id]?.memoryBytes ?? null;
    const texts: string[] = [];
    const say = (value: number | null, text: (value: number) => string): void => {
      if (value !== null) texts.push(text(value));
    };
    say(memory, (bytes) => t.attempts.peakMemory(amount(bytes)));
    say(usage.cpu_seconds, (seconds) => t.attempts.cpu(duration(seconds)));
    say(usage.read_bytes, (bytes) => t.attempts.read(amount(bytes)));
    say(usage.written_bytes, (bytes) => t.attempts.written(amount(bytes)));
    say(usage.peak_gpu_memory_bytes, (bytes) => t.attempts.peakGpuMemory(amount(bytes)));
    say(usage.gpu_utilisation, (part) => t.attempts.gpuBusy(Math.round(part * 100)));
    return texts;
  };
  return (
    <dl class="facts attempt-share">
      <dt>{hasEnded() ? t.attempts.held : t.attempts.lease}</dt>
      <dd data-part="lease">
        <For each={held()}>{(text) => <span>{text}</span>}</For>
      </dd>
      <Show when={taken().length > 0}>
        <dt>{hasEnded() ? t.attempts.used : t.attempts.usage}</dt>
        <dd data-part="usage">
          <For each={taken()}>{(text) => <span>{text}</span>}</For>
        </dd>
      </Show>
    </dl>
  );
}
