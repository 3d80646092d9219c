/**
 * The exact command of an attempt, its environment, and a line of both for a shell.
 */
import { For, Show, type JSX } from "solid-js";
import type { CommandView } from "../../api/types";
import { hasHiddenParts, hiddenNames, pasteLine } from "../../model/command";
import { shellLine } from "../../model/format";
import { t } from "../../text";
import { CopyButton } from "../common/CopyButton";

export function Command(props: { command: CommandView }): JSX.Element {
  const hidden = () => hiddenNames(props.command);
  return (
    <>
      <pre>{shellLine(props.command.program, props.command.args)}</pre>
      <p class="quiet">
        {t.attempts.workingDirectory} <code>{props.command.cwd}</code>
      </p>
      <Show when={props.command.env.length > 0}>
        <h4>{t.attempts.environment}</h4>
        <pre>{props.command.env.map(([name, value]) => `${name}=${value}`).join("\n")}</pre>
      </Show>
      <p class="command-copy">
        <CopyButton text={() => pasteLine(props.command)} label={t.attempts.copyCommand} />
        <span class="quiet">
          {t.attempts.copyHint}
          <Show when={hidden().length > 0}>
            {" "}
            {t.attempts.setFirst} <For each={hidden()}>{(name) => <code>{name} </code>}</For>
          </Show>
          <Show when={hasHiddenParts(props.command)}> {t.attempts.putIn}</Show>
        </span>
      </p>
    </>
  );
}
