/**
 * The images that came last, newest first: a contact sheet that fills as frames land.
 */
import { createSignal, For, Show, type JSX } from "solid-js";
import type { FrameDoneView } from "../../api/types";
import { baseName, duration } from "../../model/format";
import { imageAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";

const THUMBNAIL = 320;

export function Images(): JSX.Element {
  const { farm } = usePage();
  const images = () => farm.state.detail?.images ?? [];
  return (
    <section class="block" aria-label={t.images.heading}>
      <h3>{t.images.heading}</h3>
      <Show when={images().length > 0} fallback={<p class="quiet">{t.images.none}</p>}>
        <ul class="sheet">
          <For each={images()}>{(image) => <Thumbnail image={image} />}</For>
        </ul>
      </Show>
    </section>
  );
}

function Thumbnail(props: { image: FrameDoneView }): JSX.Element {
  const { farm } = usePage();
  const [broken, setBroken] = createSignal(false);
  const image = () => props.image;
  return (
    <li>
      <a
        class="thumbnail"
        href={imageAddress(image().job, image().frame, image().layer)}
        title={baseName(image().path)}
        data-frame={image().frame}
      >
        <Show when={!broken()} fallback={<span class="no-preview">{t.images.broken}</span>}>
          <img
            src={farm.client.imageAddress(image().job, image().frame, image().layer, THUMBNAIL, image().at)}
            alt={t.images.alt(image().frame, image().layer)}
            decoding="async"
            onError={() => setBroken(true)}
          />
        </Show>
        <span class="caption">
          <b>{image().frame}</b>
          <Show when={image().layer}>{(layer) => <span>{layer()}</span>}</Show>
          <Show when={image().seconds}>{(seconds) => <span class="quiet">{duration(seconds())}</span>}</Show>
        </span>
      </a>
    </li>
  );
}
