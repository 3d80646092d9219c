/**
 * The images that came last, newest first, and the ways to all of them.
 */
import { For, Show, type JSX } from "solid-js";
import { pictureAddress } from "../../api/pictures";
import type { FrameDoneView } from "../../api/types";
import { baseName, duration } from "../../model/format";
import { USUAL } from "../../model/look";
import { imageAddress, picturesAddress } from "../../store/route";
import { t } from "../../text";
import { usePage } from "../shell/context";
import { Picture } from "./Picture";
import "./pictures.css";

const THUMBNAIL = 320;

export function Images(): JSX.Element {
  const { farm } = usePage();
  const images = () => farm.state.detail?.images ?? [];
  const job = () => farm.state.detail?.id ?? 0;
  return (
    <section class="block" aria-label={t.images.heading}>
      <div class="images-head">
        <h3>{t.images.heading}</h3>
        <Show when={images().length > 0}>
          <For each={["sheet", "play", "compare"] as const}>
            {(mode) => <a href={picturesAddress(job(), mode, null, USUAL)}>{t.images.modes[mode]}</a>}
          </For>
        </Show>
      </div>
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
  const image = () => props.image;
  return (
    <li>
      <a
        class="thumbnail"
        href={imageAddress(image().job, image().frame, image().layer)}
        title={baseName(image().path)}
        data-frame={image().frame}
      >
        <Picture
          brief
          src={pictureAddress(farm.client, image(), USUAL.look, THUMBNAIL, image().at)}
          alt={t.images.alt(image().frame, image().layer)}
        />
        <span class="caption">
          <b>{image().frame}</b>
          <Show when={image().layer}>{(layer) => <span>{layer()}</span>}</Show>
          <Show when={image().seconds}>{(seconds) => <span class="quiet">{duration(seconds())}</span>}</Show>
        </span>
      </a>
    </li>
  );
}
