/**
 * What the agent has said that the log does not show yet. An entry lives from Enter until its
 * message comes back in the log; until it is acknowledged it is sent again under the same `cid`
 * after every reconnect, which the server answers with the same `seq`. One at a time goes out per
 * conversation, so that two replies never change places.
 */
import type { LogEvent } from "../protocol";

export interface Entry {
  conversation: string;
  cid: string;
  text: string;
  ts: number;
  /** waiting: to be sent; sent: no answer yet; acked: durable; refused: the agent must decide. */
  state: "waiting" | "sent" | "acked" | "refused";
  seq?: number;
  code?: string;
}

export type Outbox = readonly Entry[];

/** Errors that pass by themselves: the entry stays and goes out again. */
export const PASSING: ReadonlySet<string> = new Set(["unavailable", "too_many", "timeout"]);

const change = (box: Outbox, cid: string, to: Partial<Entry>): Outbox =>
  box.map((e) => (e.cid === cid ? { ...e, ...to } : e));

export function add(box: Outbox, conversation: string, cid: string, text: string, ts: number): Outbox {
  return [...box, { conversation, cid, text, ts, state: "waiting" }];
}

/** What may go out now: of each conversation the oldest that is not acknowledged. */
export function due(box: Outbox): Entry[] {
  const busy = new Set<string>();
  const out: Entry[] = [];
  for (const e of box) {
    if (e.state === "acked" || e.state === "refused" || busy.has(e.conversation)) continue;
    busy.add(e.conversation);
    if (e.state === "waiting") out.push(e);
  }
  return out;
}

export const sent = (box: Outbox, cid: string): Outbox => change(box, cid, { state: "sent" });

export const acked = (box: Outbox, cid: string, seq: number): Outbox =>
  change(box, cid, { state: "acked", seq });

export function refused(box: Outbox, cid: string, code: string): Outbox {
  return change(box, cid, PASSING.has(code) ? { state: "waiting" } : { state: "refused", code });
}

/** The agent wants a refused one tried again; it keeps its cid, and so cannot be doubled. */
export const retry = (box: Outbox, cid: string): Outbox =>
  box.map((e) => (e.cid === cid && e.state === "refused" ? withoutCode(e) : e));

function withoutCode({ code: _code, ...e }: Entry): Entry {
  return { ...e, state: "waiting" };
}

export const discard = (box: Outbox, cid: string): Outbox => box.filter((e) => e.cid !== cid);

/** The connection broke: what had no answer is to be sent again. */
export const interrupted = (box: Outbox): Outbox =>
  box.map((e) => (e.state === "sent" ? { ...e, state: "waiting" } : e));

/** The log shows these events: their entries are done, acknowledged or not. */
export function confirmed(box: Outbox, conversation: string, me: string, events: readonly LogEvent[]): Outbox {
  const cids = new Set<string>();
  const seqs = new Set<number>();
  for (const e of events) {
    if (e.type !== "message" || e.direction !== "out") continue;
    seqs.add(e.seq);
    if (e.cid && (e.author?.id ?? me) === me) cids.add(e.cid);
  }
  const done = (e: Entry): boolean =>
    e.conversation === conversation && (cids.has(e.cid) || (e.seq != null && seqs.has(e.seq)));
  return box.some(done) ? box.filter((e) => !done(e)) : box;
}

/** Unsent words that a closing tab would lose. */
export const unsafe = (box: Outbox): number => box.filter((e) => e.state !== "acked").length;

export function serialise(box: Outbox): string {
  return JSON.stringify(box.filter((e) => e.state !== "acked"));
}

/** What an earlier page of this tab left; anything that is not an entry is dropped. */
export function restore(json: string | null): Outbox {
  try {
    const list: unknown = JSON.parse(json ?? "[]");
    return Array.isArray(list) ? interrupted(list.filter(isEntry)) : [];
  } catch {
    return [];
  }
}

function isEntry(e: unknown): e is Entry {
  const o = e as Partial<Entry> | null;
  return (
    typeof o?.conversation === "string" &&
    typeof o.cid === "string" &&
    typeof o.text === "string" &&
    typeof o.ts === "number" &&
    (o.state === "waiting" || o.state === "sent" || o.state === "refused")
  );
}
