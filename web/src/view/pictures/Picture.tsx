/**
 * One picture, and where there is none what the daemon says of it.
 */
import { createEffect, createSignal, on, Show, type JSX } from "solid-js";
import { asProblem } from "../../api/problem";
import { t } from "../../text";
import { usePage } from "../shell/context";

interface PictureProps {
  src: string;
  alt: string;
  /** There is no room for reasons: they are told to whoever points at it. */
  brief?: boolean;
  ref?: (element: HTMLImageElement) => void;
}

export function Picture(props: PictureProps): JSX.Element {
  const { farm } = usePage();
  const [why, setWhy] = createSignal<string | null>(null);
  createEffect(on(() => props.src, () => setWhy(null), { defer: true }));
  const ask = async (src: string): Promise<void> => {
    setWhy(t.images.broken);
    try {
      // An image element does not tell what it was answered, so it is asked for once more.
      await farm.client.request(src, {});
    } catch (error) {
      if (props.src === src) setWhy(asProblem(error).detail || t.images.broken);
    }
  };
  return (
    <Show
      when={why() === null}
      fallback={
        <span class="no-preview" role="img" aria-label={`${props.alt}: ${why() ?? ""}`} title={why() ?? ""}>
          <span>{props.brief === true ? t.images.broken : why()}</span>
        </span>
      }
    >
      <img
        ref={props.ref}
        src={props.src}
        alt={props.alt}
        decoding="async"
        draggable={false}
        onError={(event) => {
          if (event.currentTarget.src === props.src) void ask(props.src);
        }}
      />
    </Show>
  );
}
