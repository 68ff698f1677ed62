/**
 * The frames of docs/protocols/console.md as types. Nothing here is checked at run time beyond
 * "an object with a type": the server is ours, and a field that is missing shows as empty.
 */

export type Lang = "zh" | "en";
export type Role = "agent" | "supervisor" | "marketer" | "administrator" | "editor";
export type Presence = "available" | "away";
export type SessionState = "bot" | "queued" | "assigned" | "wrapup" | "closed";
export type Status =
  | "accepted" | "scheduled" | "queued" | "sending" | "sent" | "delivered" | "read"
  | "undelivered" | "failed" | "unknown" | "partially_delivered" | "canceled";

export interface User {
  id: string;
  name: string;
  role: Role;
  capacity?: number;
  skills?: string[];
  lang?: Lang;
}

export interface Summary {
  conversation: string;
  channel: string;
  connector: string;
  title: string;
  state: SessionState;
  session?: string;
  agent?: string | null;
  queue?: string | null;
  lang?: Lang | null;
  waiting_since: number | null;
  seq: number;
  read_seq?: number;
  unread: number;
  last?: { text: string; ts: number; direction: "in" | "out" } | null;
  reply?: { left: number; until_ts: number } | null;
  /** The customer proved who they are, how and until when. */
  verified?: { until_ts: number; how: string; by: string } | null;
}

export interface Author {
  type: "customer" | "bot" | "agent" | "api" | "system";
  id?: string;
  name?: string;
}

interface EventBase {
  seq: number;
  ts: number;
}

export interface MessageEvent extends EventBase {
  type: "message";
  id?: string;
  direction: "in" | "out";
  kind: string;
  text?: string;
  media?: Record<string, unknown> | null;
  author?: Author;
  channel?: string;
  status?: Status;
  template?: string | null;
  cid?: string | null;
  marks?: string[];
  /** Of the bot's: what it did, and how sure it was. */
  answer?: { did: string; confidence?: number };
  /** Of the customer's: which of the bot's messages it follows, and what it is to that one. */
  after?: { seq: number; did: string };
  /** The seq of the edit that is shown; ours, not the server's. */
  edited?: number;
  /** What was sent first, where the operator has put another text in its place; ours, too. */
  first?: string;
}

export interface StatusEvent extends EventBase {
  type: "status";
  of: number;
  status: Status;
  code?: string | number | null;
  reason?: string | null;
  /** Of a long SMS whose parts differ: each one's. */
  parts?: readonly Status[];
  marks?: string[];
}

/** An earlier message is completed, or was replaced at the operator: these take the place of its own. */
export interface EditEvent extends EventBase {
  type: "edit";
  of: number;
  kind: string;
  text?: string;
  media?: Record<string, unknown> | null;
  marks?: string[];
}

export interface SessionEvent extends EventBase {
  type: "session";
  session?: string;
  state: SessionState;
  agent?: string | null;
  agent_name?: string | null;
  queue?: string | null;
  disposition?: string | null;
  note?: string | null;
  by?: string | null;
}

/** The customer proved who they are, or (null) not any more. */
export interface VerifiedEvent extends EventBase {
  type: "verified";
  until_ts: number | null;
  how?: string;
  by?: string;
}

export type LogEvent = MessageEvent | StatusEvent | SessionEvent | EditEvent | VerifiedEvent;

export interface QueueState {
  name: string;
  waiting: number;
  oldest_ts: number | null;
}

export interface Both {
  zh: string;
  en: string;
}

export interface Disposition extends Both {
  id: string;
}

export interface Canned {
  id: string;
  /** What is typed after the slash to have it first. */
  shortcut?: string;
  title: Both;
  text: Both;
}

export interface Suggestion {
  id: string;
  /** Of what was found in the whole catalogue: answer, canned, notification, confirmation. */
  kind?: string;
  title?: string;
  text: string;
  score?: number;
}

/** What sending a text would take: docs/protocols/console.md, segments. */
export interface Measure {
  alphabet: string;
  parts: number;
  left: number;
  too_long: boolean;
  text: string;
  forced: string[];
  changes: { from: string; to: string }[];
}

export interface CustomerCard {
  conversation: string;
  addresses: { address: string; channel: string; connector: string }[];
  sessions: {
    id: string;
    state: SessionState;
    opened_ts: number;
    closed_ts?: number | null;
    agent?: string | null;
    disposition?: string | null;
  }[];
  first_ts: number | null;
  messages: number;
}

export type ServerFrame =
  | {
      type: "welcome";
      user: User;
      presence: Presence;
      server_ts: number;
      conversations: Summary[];
      queues?: QueueState[];
      dispositions?: Disposition[];
      canned?: Canned[];
    }
  | { type: "summary"; summary: Summary }
  | { type: "gone"; conversation: string }
  | { type: "events"; conversation: string; events: LogEvent[]; more?: boolean; rid?: string }
  | { type: "ack"; conversation: string; cid: string; seq: number; id?: string; ts?: number }
  | { type: "ok"; rid: string }
  | {
      type: "error";
      rid?: string;
      cid?: string;
      code: string;
      detail?: string;
      field?: string;
      retry_after_ms?: number;
    }
  | ({ type: "customer"; rid?: string } & CustomerCard)
  | ({ type: "segments"; rid?: string } & Measure)
  | { type: "suggestions"; rid?: string; items: Suggestion[] }
  | { type: "found"; rid?: string; items: Suggestion[] }
  | { type: "queues"; queues: QueueState[] }
  | { type: "presence"; state: Presence; reason?: string }
  | { type: "typing"; conversation: string; on: boolean }
  | { type: "service"; state: "ok" | "degraded" }
  | { type: "bye"; reason?: string; retry_after_ms?: number }
  | { type: "pong"; ts?: number };

export type ClientFrame = { type: string; rid?: string } & Record<string, unknown>;

/** A frame as it came, or null when it is not one: what is not understood is left alone. */
export function parseFrame(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    if (typeof frame !== "object" || frame === null) return null;
    return typeof (frame as { type?: unknown }).type === "string" ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
