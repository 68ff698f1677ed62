// The desk behind the scripted console server: conversations with their logs, in memory. It keeps the rules
// of docs/protocols/console.md that a client can see: seq without holes, one message a cid, summaries.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";

const NEWEST = 50;
const LONG_ABSENCE = 500;

export class Desk extends EventEmitter {
  conversations = new Map();
  queueNames = ["general", "cards"];

  /** Opens a conversation; what is not said is a customer waiting on the SMS channel. */
  add({ id = randomUUID(), connector = "sms", channel = `${connector}-main`, title, lang = "zh", state = "queued",
    agent = null, queue = "general", reply = null, sessions = [], first_ts = Date.now() }) {
    const c = { id, connector, channel, title: title ?? `+86 138****${String(this.conversations.size).padStart(4, "0")}`,
      lang, state, agent, queue, reply, session: randomUUID(), log: [], read_seq: 0, cids: new Map(), sessions, first_ts,
      addresses: [{ address: title ?? "+86 138****8000", channel, connector }] };
    this.conversations.set(id, c);
    return c;
  }

  get(id) {
    return this.conversations.get(id);
  }

  /** Appends an event and tells whoever listens; answers it with its seq. */
  append(c, event, quiet = false) {
    const e = { seq: c.log.length + 1, ts: event.ts ?? Date.now(), ...event };
    c.log.push(e);
    if (!quiet) {
      this.emit("event", c, e);
      this.emit("summary", c);
    }
    return e;
  }

  customerSays(c, text, more = {}, quiet = false) {
    const { kind = "text", media, ts, marks } = more;
    return this.append(c, { type: "message", id: randomUUID(), direction: "in", kind, text, media, ts, marks,
      author: { type: "customer", id: c.title }, channel: c.channel }, quiet);
  }

  says(c, author, text, more = {}, quiet = false) {
    const { ts, status = "delivered", cid, kind = "text" } = more;
    return this.append(c, { type: "message", id: randomUUID(), direction: "out", kind, text, author, ts, status, cid, channel: c.channel }, quiet);
  }

  status(c, of, status, more = {}) {
    return this.append(c, { type: "status", of, status, ...more });
  }

  session(c, state, more = {}, quiet = false) {
    c.state = state;
    if ("agent" in more) c.agent = more.agent;
    if (more.queue) c.queue = more.queue;
    return this.append(c, { type: "session", session: c.session, state, ...more }, quiet);
  }

  /** An agent's reply: the same cid is the same message. */
  reply(c, agent, cid, text) {
    const key = `${agent.id} ${cid}`;
    const old = c.cids.get(key);
    if (old) return old;
    if (c.reply) c.reply = { ...c.reply, left: Math.max(0, c.reply.left - 1) };
    const e = this.says(c, { type: "agent", id: agent.id, name: agent.name }, text, { status: "queued", cid });
    c.cids.set(key, e);
    return e;
  }

  summary(c) {
    const messages = c.log.filter((e) => e.type === "message");
    const last = messages.at(-1);
    const answered = c.log.findLastIndex((e) => e.type === "message" && e.direction === "out" && e.author?.type !== "bot");
    const open = c.state === "closed" ? undefined : messages.find((e) => e.direction === "in" && e.seq > answered + 1);
    return {
      conversation: c.id, channel: c.channel, connector: c.connector, title: c.title, state: c.state, session: c.session,
      agent: c.agent, queue: c.queue, lang: c.lang, waiting_since: open?.ts ?? null, seq: c.log.length, read_seq: c.read_seq,
      unread: messages.filter((e) => e.direction === "in" && e.seq > c.read_seq).length,
      last: last ? { text: last.text || `[${last.kind}]`, ts: last.ts, direction: last.direction } : null, reply: c.reply,
    };
  }

  queues() {
    return this.queueNames.map((name) => {
      const waiting = [...this.conversations.values()].filter((c) => c.state === "queued" && c.queue === name);
      const since = waiting.map((c) => this.summary(c).waiting_since ?? Date.now());
      return { name, waiting: waiting.length, oldest_ts: since.length ? Math.min(...since) : null };
    });
  }

  /** Which conversations stand in this agent's list. */
  seenBy(agent) {
    return [...this.conversations.values()].filter((c) => c.state === "queued" || c.agent === agent.id || c.state === "bot" || c.shared);
  }

  /** Everything after `since`, or the newest when that is 0 or too long ago. */
  after(c, since) {
    const missed = c.log.slice(since);
    const events = since === 0 || missed.length > LONG_ABSENCE ? c.log.slice(-NEWEST) : missed;
    return { events, more: (events[0]?.seq ?? 1) > 1 };
  }

  before(c, before, limit) {
    const events = c.log.slice(0, Math.max(0, before - 1)).slice(-Math.min(limit, 200));
    return { events, more: (events[0]?.seq ?? 1) > 1 };
  }

  customer(c) {
    return { conversation: c.id, addresses: c.addresses, first_ts: c.first_ts,
      sessions: [...c.sessions, { id: c.session, state: c.state, opened_ts: c.log[0]?.ts ?? Date.now(), closed_ts: c.closed_ts ?? null, agent: c.agent, disposition: c.disposition ?? null }],
      messages: c.log.filter((e) => e.type === "message").length };
  }
}
