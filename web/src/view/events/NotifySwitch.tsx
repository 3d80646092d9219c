/**
 * Whether the browser tells what happens when the page is not in front: asked for here, and nowhere else.
 */
import { createSignal, Show, type JSX } from "solid-js";
import { parseWish, type Wish } from "../../model/notices";
import { keep, kept } from "../../store/kept";
import { t } from "../../text";

export function NotifySwitch(): JSX.Element {
  const can = "Notification" in window && window.isSecureContext;
  const [wish, setWish] = createSignal<Wish>(parseWish(kept("notify")));
  const [user, setUser] = createSignal(kept("user") ?? "");
  const [isRefused, setRefused] = createSignal(can && Notification.permission === "denied");

  async function choose(next: Wish): Promise<void> {
    if (next.of !== "none" && can) setRefused((await Notification.requestPermission()) === "denied");
    setWish(next);
    keep("notify", next.of === "none" ? null : JSON.stringify(next));
  }
  const name = (value: string): void => {
    setUser(value);
    keep("user", value || null);
    if (wish().of === "mine") void choose({ of: "mine", user: value });
  };
  const choice = (of: Wish["of"], label: string, next: () => Wish): JSX.Element => (
    <label>
      <input type="radio" name="notify" value={of} checked={wish().of === of} disabled={!can} onChange={() => void choose(next())} />{" "}
      {label}
    </label>
  );
  return (
    <fieldset class="notify">
      <legend>{t.notify.heading}</legend>
      {choice("none", t.notify.none, () => ({ of: "none" }))}
      <span class="notify-mine">
        {choice("mine", t.notify.mine, () => ({ of: "mine", user: user() }))}
        <input
          type="text"
          aria-label={t.notify.user}
          placeholder={t.notify.user}
          autocomplete="username"
          disabled={!can}
          value={user()}
          onChange={(event) => name(event.currentTarget.value.trim())}
        />
      </span>
      {choice("all", t.notify.all, () => ({ of: "all" }))}
      <p class="quiet">{can ? t.notify.why : t.notify.insecure}</p>
      <Show when={isRefused() && wish().of !== "none"}>
        <p class="bad">{t.notify.refused}</p>
      </Show>
    </fieldset>
  );
}
