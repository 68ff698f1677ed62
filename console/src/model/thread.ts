/**
 * What we hold of one conversation's log: a contiguous stretch from `low` to `high`, and the last
 * status known of each outbound message. Every function is pure: it answers a new thread.
 *
 * The stretch never has a hole. What does not follow on it is refused (`gap`), and the caller asks
 * the server for everything after `high`; so nothing is lost or doubled whatever the connection did.
 */
import type { EditEvent, LogEvent, MessageEvent, SessionEvent, Status, VerifiedEvent } from "../protocol";

export type Item = MessageEvent | SessionEvent | VerifiedEvent;

export interface StatusView {
  /** Of the event that said so; 0: the message itself did. */
  seq: number;
  status: Status;
  code?: string;
  reason?: string;
  part?: number;
  parts?: number;
  /** Of every status so far: a later one does not take back that it may be doubled. */
  marks?: readonly string[];
}

export interface Thread {
  loaded: boolean;
  items: readonly Item[];
  low: number;
  high: number;
  /** Older events exist before `low`. */
  more: boolean;
  statuses: ReadonlyMap<number, StatusView>;
  /** The last edit of each message that is not held yet: history comes backward. */
  edits: ReadonlyMap<number, EditEvent>;
}

export const EMPTY: Thread = {
  loaded: false,
  items: [],
  low: 0,
  high: 0,
  more: false,
  statuses: new Map(),
  edits: new Map(),
};

/** How many parts of a long SMS arrived; while none did, how many the operator took. */
function arrived(parts: readonly Status[]): number {
  const count = (...wanted: Status[]) => parts.filter((p) => wanted.includes(p)).length;
  return count("delivered", "read") || count("sent");
}

/** Of each message what was said of it last: a log is told in order, read in pages from the end. */
function foldStatuses(
  known: ReadonlyMap<number, StatusView>,
  events: readonly LogEvent[],
): ReadonlyMap<number, StatusView> {
  let out: Map<number, StatusView> | null = null;
  for (const e of events) {
    if (e.type !== "status") continue;
    const old = (out ?? known).get(e.of);
    const marks = [...new Set([...(old?.marks ?? []), ...(e.marks ?? [])])];
    out ??= new Map(known);
    if (old && old.seq > e.seq) {
      if (marks.length) out.set(e.of, { ...old, marks });
      continue;
    }
    out.set(e.of, {
      seq: e.seq,
      status: e.status,
      ...(marks.length && { marks }),
      ...(e.code != null && { code: String(e.code) }),
      ...(e.reason != null && { reason: e.reason }),
      ...(e.parts != null && { part: arrived(e.parts), parts: e.parts.length }),
    });
  }
  return out ?? known;
}

/** What a newer server may say besides is passed over. */
const isShown = (e: LogEvent): e is Item => e.type === "message" || e.type === "session" || e.type === "verified";

const edited = (m: MessageEvent, { seq, kind, text, media, marks }: EditEvent): MessageEvent =>
  m.edited === seq
    ? m
    : {
        ...m,
        kind,
        ...(text != null && { text }),
        media: media ?? null,
        marks: marks ?? [],
        edited: seq,
        ...(marks?.includes("replaced") && { first: m.first ?? m.text ?? "" }),
      };

/** The last edit of each message, by its seq. */
function foldEdits(
  known: ReadonlyMap<number, EditEvent>,
  events: readonly LogEvent[],
): ReadonlyMap<number, EditEvent> {
  const news = events.filter((e): e is EditEvent => e.type === "edit" && e.seq > (known.get(e.of)?.seq ?? 0));
  return news.length ? new Map([...known, ...news.map((e) => [e.of, e] as const)]) : known;
}

/** What of the items an edit completes or replaces is shown so; the others stay the same objects. */
const mend = (items: readonly Item[], edits: ReadonlyMap<number, EditEvent>): readonly Item[] =>
  edits.size === 0
    ? items
    : items.map((e) => {
        const edit = e.type === "message" ? edits.get(e.seq) : undefined;
        return e.type === "message" && edit ? edited(e, edit) : e;
      });

/** What one of our messages has come to. */
export function statusOf(thread: Thread, m: MessageEvent): StatusView {
  return thread.statuses.get(m.seq) ?? { seq: 0, status: m.status ?? "queued" };
}

export interface Applied {
  thread: Thread;
  /** What was new, in order. */
  added: readonly LogEvent[];
  /** The events do not follow on what is held: ask for everything after `high`. */
  gap: boolean;
}

/**
 * Events at the end of the log, pushed or asked for. `answer` says that they are the server's own
 * answer to "after `high`": a hole is then how the log is, unless `more` says that we were gone
 * too long, when the thread starts again at the new stretch.
 */
export function append(
  thread: Thread,
  events: readonly LogEvent[],
  more: boolean | undefined,
  answer = false,
): Applied {
  const fresh = events.filter((e) => e.seq > thread.high).sort((a, b) => a.seq - b.seq);
  const first = fresh[0];
  const last = fresh[fresh.length - 1];
  if (!first || !last) {
    const opened = answer && !thread.loaded;
    return { thread: opened ? { ...thread, loaded: true } : thread, added: [], gap: false };
  }
  const follows = first.seq === thread.high + 1;
  if (thread.loaded && !follows && !answer) return { thread, added: [], gap: true };
  const restart = !thread.loaded || (!follows && more === true);
  const edits = foldEdits(thread.edits, fresh);
  const next: Thread = restart
    ? {
        loaded: true,
        items: mend(fresh.filter(isShown), edits),
        edits,
        low: first.seq,
        high: last.seq,
        more: more ?? first.seq > 1,
        statuses: foldStatuses(thread.statuses, fresh),
      }
    : {
        ...thread,
        items: mend(thread.items.concat(fresh.filter(isShown)), edits),
        edits,
        high: last.seq,
        statuses: foldStatuses(thread.statuses, fresh),
      };
  return { thread: next, added: fresh, gap: false };
}

/** A page of history asked for with `before`; ignored when the thread has moved since. */
export function prepend(
  thread: Thread,
  before: number,
  events: readonly LogEvent[],
  more: boolean | undefined,
): Thread {
  if (!thread.loaded || before !== thread.low) return thread;
  const older = events.filter((e) => e.seq < before).sort((a, b) => a.seq - b.seq);
  const first = older[0];
  if (!first) return { ...thread, more: false };
  // A page that does not reach up to here would leave a hole.
  if (older[older.length - 1]?.seq !== before - 1) return thread;
  return {
    ...thread,
    items: mend(older.filter(isShown), foldEdits(thread.edits, older)).concat(thread.items),
    edits: foldEdits(thread.edits, older),
    low: first.seq,
    more: more ?? first.seq > 1,
    statuses: foldStatuses(thread.statuses, older),
  };
}
