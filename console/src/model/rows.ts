/** Turns a thread and what is still on its way into the rows of the view, each with a key that stays. */
import type { MessageEvent, SessionEvent, User, VerifiedEvent } from "../protocol";
import type { Entry, Outbox } from "./outbox";
import { dayOf } from "./time";
import { statusOf, type StatusView, type Thread } from "./thread";

export type Who = "customer" | "me" | "colleague" | "bot" | "system";

export type Row =
  | { kind: "start"; key: string }
  | { kind: "day"; key: string; ts: number }
  | { kind: "unread"; key: string }
  | { kind: "session"; key: string; event: SessionEvent }
  | { kind: "verified"; key: string; event: VerifiedEvent }
  | { kind: "message"; key: string; message: MessageEvent; who: Who; status: StatusView | null; first: boolean; next: string }
  | { kind: "entry"; key: string; entry: Entry; first: boolean };

/** Messages of one author within this time stand together. */
const GROUP_MS = 180_000;

export function whoSaid(m: MessageEvent, me: string): Who {
  if (m.direction === "in") return "customer";
  const type = m.author?.type;
  if (type === "agent") return m.author?.id === me ? "me" : "colleague";
  return type === "bot" ? "bot" : "system";
}

/** One key for a reply on its way and for the same reply in the log, so that its bubble stays one element. */
const ownKey = (cid: string): string => `c${cid}`;

/** What the customer did first after each of the bot's messages, by its seq. */
function nextsOf(thread: Thread): ReadonlyMap<number, string> {
  const out = new Map<number, string>();
  for (const e of thread.items)
    if (e.type === "message" && e.after && !out.has(e.after.seq)) out.set(e.after.seq, e.after.did);
  return out;
}

export function rowsOf(thread: Thread, box: Outbox, conversation: string, user: User, readTo: number): Row[] {
  const rows: Row[] = [];
  // While older ones exist, the first day's line has no certain place: a later page would move it.
  let today = thread.more && thread.items[0] ? dayOf(thread.items[0].ts) : 0;
  let group = "";
  let groupTs = 0;
  const nexts = nextsOf(thread);
  let marked = readTo <= 0 || readTo >= thread.high;
  const dated = (ts: number, key: string): void => {
    const d = dayOf(ts);
    if (d === today) return;
    today = d;
    group = "";
    rows.push({ kind: "day", key: `d${key}`, ts });
  };
  const opens = (who: string, ts: number): boolean => {
    const first = who !== group || ts - groupTs > GROUP_MS;
    group = who;
    groupTs = ts;
    return first;
  };
  if (thread.loaded && !thread.more) rows.push({ kind: "start", key: "start" });
  for (const item of thread.items) {
    dated(item.ts, String(item.seq));
    if (item.type !== "message") {
      group = "";
      const key = `s${item.seq}`;
      rows.push(item.type === "session" ? { kind: "session", key, event: item } : { kind: "verified", key, event: item });
      continue;
    }
    if (!marked && item.seq > readTo && item.direction === "in") {
      marked = true;
      group = "";
      rows.push({ kind: "unread", key: "unread" });
    }
    const who = whoSaid(item, user.id);
    rows.push({
      kind: "message",
      key: who === "me" && item.cid ? ownKey(item.cid) : `m${item.seq}`,
      message: item,
      who,
      status: item.direction === "out" ? statusOf(thread, item) : null,
      first: opens(who + (item.author?.id ?? ""), item.ts),
      next: nexts.get(item.seq) ?? "",
    });
  }
  for (const entry of box) {
    if (entry.conversation !== conversation) continue;
    dated(entry.ts, entry.cid);
    rows.push({ kind: "entry", key: ownKey(entry.cid), entry, first: opens(`me${user.id}`, entry.ts) });
  }
  return rows;
}

/** What the bot says for good: an answer, not a menu or that a person comes. */
const settles = (m: MessageEvent): boolean => m.author?.type !== "bot" || m.answer?.did === "answer" || m.answer?.did === "chosen";

/** The customer's last words when nobody has answered them yet. */
export function openQuestion(thread: Thread): MessageEvent | null {
  for (let i = thread.items.length - 1; i >= 0; i--) {
    const item = thread.items[i];
    if (item?.type !== "message") continue;
    if (item.direction === "in") return item;
    if (settles(item)) return null;
  }
  return null;
}
