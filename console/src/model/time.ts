/** Times as an agent reads them. `now` is always given, so that a view ticks and a test does not. */
import type { Lang } from "../protocol";

const TAG = { zh: "zh-CN", en: "en-GB" } as const;
const cache = new Map<string, Intl.DateTimeFormat>();

function format(lang: Lang, name: string, options: Intl.DateTimeFormatOptions, ts: number): string {
  const key = lang + name;
  let f = cache.get(key);
  if (!f) cache.set(key, (f = new Intl.DateTimeFormat(TAG[lang], options)));
  return f.format(ts);
}

/** 0:07, 12:40, 1:05:00: a wait that a glance can compare. */
export function elapsed(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  const two = (n: number): string => String(n).padStart(2, "0");
  const h = Math.floor(s / 3600);
  const m = Math.floor((s % 3600) / 60);
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

const WAIT_STEPS_MS = [60_000, 180_000, 300_000] as const;

/** How bad a wait is: 0 fresh, 1, 2, 3 far too long. */
export function waitLevel(ms: number): 0 | 1 | 2 | 3 {
  return WAIT_STEPS_MS.filter((step) => ms >= step).length as 0 | 1 | 2 | 3;
}

export const clock = (ts: number, lang: Lang): string =>
  format(lang, "clock", { hour: "2-digit", minute: "2-digit", hour12: false }, ts);

export const full = (ts: number, lang: Lang): string =>
  format(
    lang,
    "full",
    { year: "numeric", month: "short", day: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false },
    ts,
  );

export const dayOf = (ts: number): number => new Date(ts).setHours(0, 0, 0, 0);

/** How many calendar days ago, in the agent's own time zone. */
export const daysAgo = (ts: number, now: number): number =>
  Math.round((dayOf(now) - dayOf(ts)) / 86_400_000);

export function day(ts: number, now: number, lang: Lang, words: { today: string; yesterday: string }): string {
  const ago = daysAgo(ts, now);
  if (ago === 0) return words.today;
  if (ago === 1) return words.yesterday;
  if (new Date(ts).getFullYear() === new Date(now).getFullYear())
    return format(lang, "day", { weekday: "long", month: "long", day: "numeric" }, ts);
  return format(lang, "year", { year: "numeric", month: "long", day: "numeric" }, ts);
}

/** For the list: the time today, otherwise the date. */
export const short = (ts: number, now: number, lang: Lang): string =>
  daysAgo(ts, now) === 0 ? clock(ts, lang) : format(lang, "date", { month: "2-digit", day: "2-digit" }, ts);

export const date = (ts: number, lang: Lang): string =>
  format(lang, "ymd", { year: "numeric", month: "short", day: "numeric" }, ts);
