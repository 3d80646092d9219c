/**
 * Colours of a log as the tokens have them: text can be read on every ground that a line may have, in both themes.
 */
import { describe, expect, test } from "vitest";
import css from "../style/tokens.css?raw";

const darkAt = css.indexOf("prefers-color-scheme: dark");
const tokensOf = (text: string): Map<string, string> =>
  new Map([...text.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6})/g)].map(([, name, value]) => [name as string, value as string]));
const light = tokensOf(css.slice(0, darkAt));
const themes: readonly [string, Map<string, string>][] = [
  ["light", light],
  ["dark", new Map([...light, ...tokensOf(css.slice(darkAt))])],
];

const HUES = ["red", "green", "yellow", "blue", "magenta", "cyan"];

/** As WCAG 2 counts it. */
function luminance(colour: string): number {
  const part = (at: number): number => {
    const value = parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * part(1) + 0.7152 * part(3) + 0.0722 * part(5);
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

describe.each(themes)("%s", (_, tokens) => {
  const colour = (name: string): string => {
    const value = tokens.get(name);
    if (value === undefined) throw new Error(`there is no --${name}`);
    return value;
  };
  const inks = [...HUES.map((hue) => `ansi-${hue}`), "text", "muted", "failed"];
  const grounds = ["log-ground", "log-chosen", "warn-ground"];
  test.each(inks.flatMap((ink) => grounds.map((ground) => [ink, ground])))("%s on %s", (ink, ground) => {
    expect(contrast(colour(ink), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });
  test.each([...HUES, "muted"].map((hue) => `ansi-on-${hue}`).concat("log-hit"))("text on %s", (ground) => {
    expect(contrast(colour("text"), colour(ground))).toBeGreaterThanOrEqual(4.5);
  });
});
