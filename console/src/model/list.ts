/** Which conversations stand in which section of the list, in which order, and which match a search. */
import type { QueueState, Summary } from "../protocol";

export type Section = "mine" | "waiting" | "recent";

export function sectionOf(s: Summary, me: string): Section {
  if (s.state === "queued") return "waiting";
  return s.agent === me && (s.state === "assigned" || s.state === "wrapup") ? "mine" : "recent";
}

const lastTs = (s: Summary): number => s.last?.ts ?? 0;
const NEVER = Number.MAX_SAFE_INTEGER;

/** Who waits longest is first; then the others, newest first. */
export function byNeed(a: Summary, b: Summary): number {
  return (a.waiting_since ?? NEVER) - (b.waiting_since ?? NEVER) || lastTs(b) - lastTs(a);
}

export type Sections = Record<Section, Summary[]>;

export function sections(all: Iterable<Summary>, me: string): Sections {
  const out: Sections = { mine: [], waiting: [], recent: [] };
  for (const s of all) out[sectionOf(s, me)].push(s);
  out.mine.sort(byNeed);
  out.waiting.sort(byNeed);
  out.recent.sort((a, b) => lastTs(b) - lastTs(a));
  return out;
}

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Every word of the query occurs somewhere: in the title, the last line, or what else is known of it. */
export function matches(query: string, ...texts: (string | null | undefined)[]): boolean {
  const hay = fold(texts.filter(Boolean).join("\n"));
  return fold(query)
    .split(/\s+/)
    .every((word) => hay.includes(word));
}

/** All queues together: how many wait, and since when the first. */
export function backlog(queues: readonly QueueState[]): { waiting: number; oldest: number | null } {
  let waiting = 0;
  let oldest: number | null = null;
  for (const q of queues) {
    waiting += q.waiting;
    if (q.oldest_ts != null && q.waiting > 0) oldest = Math.min(oldest ?? q.oldest_ts, q.oldest_ts);
  }
  return { waiting, oldest };
}

/** The one `step` places after `from`, going round; the first when `from` is not among them. */
export function neighbour(list: readonly Summary[], from: string | null, step: 1 | -1): Summary | null {
  if (!list.length) return null;
  const at = list.findIndex((s) => s.conversation === from);
  if (at < 0) return list[step > 0 ? 0 : list.length - 1] ?? null;
  return list[(at + step + list.length) % list.length] ?? null;
}
