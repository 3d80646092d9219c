/**
 * Numbers, spans and times as people read them. The words are in `text.ts`; what is shown where is the views' own.
 */

/** `0.4 s`, `42 s`, `3 min 20 s`, `2 h 05 min`, `3 d 4 h`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "0 s";
  if (seconds > 0 && seconds < 0.0995) return `${Math.ceil(seconds * 1000)} ms`;
  if (seconds < 9.95) return `${trim(seconds.toFixed(1))} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${pad(minutes % 60)} min`;
  const hours = Math.round(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** As `duration`, in whole units only: for spans that are guesses or that tick. */
export function roughly(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 1) return "0 s";
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.round(seconds / 60)} min`;
  return duration(Math.round(seconds / 60) * 60);
}

/** `812 B`, `1.4 MB`, `15.6 GB`, in powers of 1024 as renderers print them. */
export function bytes(count: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${unit === 0 || value >= 99.95 ? Math.round(value) : trim(value.toFixed(1))} ${units[unit]}`;
}

/** `512 MB`, `1.5 GB`, `12 GB`, in powers of 1000 and never too much: as the daemon's own sentences have amounts. */
export function amount(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1000)} kB`;
  const [unit, name] = bytes < 1e9 ? [1e6, "MB"] : [1e9, "GB"];
  const tenths = Math.floor(bytes / (unit / 10));
  return `${tenths >= 100 ? Math.floor(tenths / 10) : tenths / 10} ${name}`;
}

/** `1 234 567`, with thin spaces that do not break. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f");
}

/** Whole percent, never 100 before everything is there and never 0 once something is. */
export function percent(part: number, whole: number): number {
  if (whole <= 0) return 0;
  if (part >= whole) return 100;
  if (part <= 0) return 0;
  return Math.min(99, Math.max(1, Math.floor((part / whole) * 100)));
}

/** Local time of day on the day of `now`, with the date on any other day. */
export function clock(timestamp: string | number, now: number): string {
  const date = new Date(timestamp);
  if (Number.isNaN(date.getTime())) return "";
  const time = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  if (date.toDateString() === new Date(now).toDateString()) return time;
  const month = date.toLocaleDateString("en", { month: "short" });
  return `${date.getDate()} ${month} ${time.slice(0, 5)}`;
}

/** Seconds from one point in time to another, at least 0. */
export function secondsBetween(from: string | number, to: string | number): number {
  return Math.max(0, (new Date(to).getTime() - new Date(from).getTime()) / 1000) || 0;
}

/** The last part of a path, for either kind of slash. */
export function baseName(path: string): string {
  return path.split(/[\\/]/).at(-1) || path;
}

/** A command as one line to paste into a POSIX shell. */
export function shellLine(program: string, args: readonly string[]): string {
  return [program, ...args].map(quote).join(" ");
}

/** A word as a POSIX shell takes it whole. */
export function quote(word: string): string {
  return /^[\w@%+:,./-][\w@%+=:,./-]*$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

function trim(value: string): string {
  return value.replace(/\.0$/, "");
}
