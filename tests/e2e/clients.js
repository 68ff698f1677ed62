// The two WebSocket protocols as an independent client speaks them (npm ws): an agent's desktop and a visitor's page.
// Both keep what they have not seen acknowledged and continue from the last seq, as the documents say.

import { once } from "node:events";
import WebSocket from "ws";
import { PATIENCE_MS } from "../peers/shared/patience.js";

let counter = 0;
const nextId = (prefix) => `${prefix}-${process.pid}-${++counter}`;

class Client {
  constructor() {
    this.frames = [];
    this.waiting = new Set();
    this.closed = undefined;
  }

  // One socket at a time; frames of a former one do not count any more.
  listen(socket) {
    this.socket = socket;
    this.closed = undefined;
    socket.on("message", (data) => this.take(JSON.parse(data)));
    socket.on("close", (code, reason) => {
      if (socket !== this.socket) return;
      this.closed = { code, reason: String(reason) };
      this.check();
    });
    socket.on("error", () => {});
  }

  take(frame) {
    this.frames.push(frame);
    this.seen?.(frame);
    this.check();
  }

  check() {
    for (const w of [...this.waiting]) w();
  }

  /** Resolves to the first truthy answer of probe, asked again after each frame. */
  wait(what, probe, ms = PATIENCE_MS) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        const last = JSON.stringify(this.frames.slice(-3));
        reject(new Error(`${this.who}: waited ${ms} ms for ${what}; the last frames were ${last}`));
      }, ms);
      const check = () => {
        const value = probe();
        if (!value) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(value);
      };
      this.waiting.add(check);
      check();
    });
  }

  frame(what, probe, ms) {
    return this.wait(what, () => this.frames.find(probe), ms);
  }

  send(frame) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(frame));
  }

  close() {
    this.socket?.terminate();
  }
}

export class AgentClient extends Client {
  constructor(id, url, password) {
    super();
    this.who = `agent ${id}`;
    this.id = id;
    this.url = url;
    this.password = password;
    this.logs = new Map(); // conversation -> Map(seq -> event)
    this.summaries = new Map();
    this.unacked = new Map(); // cid -> frame
  }

  async connect() {
    if (!this.token) {
      const response = await fetch(`${this.url()}/console/api/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ user: this.id, password: this.password }),
      });
      const body = await response.json();
      if (response.status !== 200) throw new Error(`login of ${this.id}: ${response.status} ${body.code}`);
      this.token = body.token;
    }
    const socket = new WebSocket(`${this.url().replace("http", "ws")}/console/ws`, "posthouse.console.v1", {
      headers: { authorization: `Bearer ${this.token}` },
    });
    this.listen(socket);
    await once(socket, "open");
    const since = Object.fromEntries([...this.logs].map(([c, log]) => [c, Math.max(0, ...log.keys())]));
    const before = this.frames.length;
    this.send({ type: "hello", v: 1, lang: "en", since });
    await this.wait("welcome", () => this.frames.slice(before).find((f) => f.type === "welcome"));
    for (const frame of this.unacked.values()) this.send(frame);
    return this;
  }

  seen(frame) {
    if (frame.type === "events") {
      const log = this.logs.get(frame.conversation) ?? new Map();
      for (const event of frame.events) log.set(event.seq, event);
      this.logs.set(frame.conversation, log);
    }
    if (frame.type === "welcome") for (const s of frame.conversations) this.summaries.set(s.conversation, s);
    if (frame.type === "summary") this.summaries.set(frame.summary.conversation, frame.summary);
    if (frame.type === "gone") this.summaries.delete(frame.conversation);
    if (frame.type === "ack" || (frame.type === "error" && frame.cid)) this.unacked.delete(frame.cid);
  }

  /** Sends a frame with a rid; resolves to its answer, rejects on an error frame. */
  async request(frame, ms) {
    const rid = nextId("r");
    this.send({ ...frame, rid });
    const answer = await this.frame(`the answer to ${frame.type}`, (f) => f.rid === rid, ms);
    if (answer.type === "error") throw Object.assign(new Error(`${frame.type}: ${answer.code}`), answer);
    return answer;
  }

  messages(conversation) {
    const log = this.logs.get(conversation) ?? new Map();
    return [...log.values()].filter((e) => e.type === "message").sort((a, b) => a.seq - b.seq);
  }

  /** Texts of all messages of a conversation, in order; without one, of all. */
  texts(conversation) {
    const all = conversation ? [conversation] : [...this.logs.keys()];
    return all.flatMap((c) => this.messages(c).map((m) => m.text));
  }

  /** Waits until a conversation is assigned to this agent whose log holds a message with that text. */
  async conversationWith(text, ms) {
    const match = (m) => (text instanceof RegExp ? text.test(m.text) : m.text === text);
    return this.wait(
      `a conversation with ${text}`,
      () => [...this.logs.keys()].find((c) => this.messages(c).some(match) && this.summaries.get(c)?.agent === this.id),
      ms,
    );
  }

  /** Says something; resolves to the ack. Sent again after a reconnect until it is acknowledged. */
  async say(conversation, text, cid = nextId("c"), ms) {
    const frame = { type: "send", conversation, cid, text };
    this.unacked.set(cid, frame);
    this.send(frame);
    const answer = await this.frame(`the ack of "${text}"`, (f) => f.cid === cid, ms);
    if (answer.type === "error") throw Object.assign(new Error(`send: ${answer.code}`), answer);
    return answer;
  }

  /** The state a message has reached, by its seq. */
  status(conversation, seq) {
    const log = [...(this.logs.get(conversation) ?? new Map()).values()].sort((a, b) => a.seq - b.seq);
    const states = log.filter((e) => e.type === "status" && e.of === seq).map((e) => e.status);
    return states.at(-1) ?? log.find((e) => e.seq === seq)?.status;
  }
}

export class VisitorClient extends Client {
  constructor(url, channel, origin, { token, visitor } = {}) {
    super();
    this.who = "visitor";
    this.url = url;
    this.channel = channel;
    this.origin = origin;
    this.token = token;
    this.visitor = visitor;
    this.log = new Map(); // seq -> event
    this.unacked = new Map(); // cid -> frame
  }

  async fetchToken(body = {}) {
    const response = await fetch(`${this.url()}/webchat/${this.channel}/token`, {
      method: "POST",
      headers: { "content-type": "application/json", origin: this.origin },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.status !== 200) throw new Error(`token: ${response.status} ${answer.code}`);
    this.token = answer.token;
    this.visitor = answer.visitor;
  }

  async connect() {
    if (!this.token) await this.fetchToken();
    const socket = new WebSocket(`${this.url().replace("http", "ws")}/webchat/${this.channel}/ws`, "posthouse.webchat.v1", {
      headers: { origin: this.origin },
    });
    this.listen(socket);
    await once(socket, "open");
    const before = this.frames.length;
    this.send({ type: "hello", v: 1, token: this.token, since: Math.max(0, ...this.log.keys()), lang: "en" });
    this.ready = await this.wait("ready", () => this.frames.slice(before).find((f) => f.type === "ready"));
    for (const frame of this.unacked.values()) this.send(frame);
    return this;
  }

  seen(frame) {
    if (frame.type === "events") for (const event of frame.events) this.log.set(event.seq, event);
    if (frame.type === "ack") this.unacked.delete(frame.cid);
  }

  /** Says something; resolves to the ack. Sent again after a reconnect until it is acknowledged. */
  say(text, cid = nextId("v"), ms) {
    const frame = { type: "msg", cid, text };
    this.unacked.set(cid, frame);
    this.send(frame);
    return this.frame(`the ack of "${text}"`, (f) => f.type === "ack" && f.cid === cid, ms);
  }

  get events() {
    return [...this.log.values()].sort((a, b) => a.seq - b.seq);
  }

  texts(direction) {
    return this.events.filter((e) => e.type === "message" && (!direction || e.direction === direction)).map((e) => e.text);
  }

  /** Waits for a message to the visitor that matches. */
  reply(pattern, ms) {
    return this.wait(`a reply like ${pattern}`, () => this.events.find((e) => e.direction === "out" && pattern.test(e.text)), ms);
  }
}
