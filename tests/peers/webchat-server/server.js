/**
 * A gateway's web chat as docs/protocols/webchat.md describes it, in memory and at a test's command: it can lose the
 * network, hold back acknowledgements, play the agent, drain. The peer of the widget's tests; speaks with `ws`.
 */

import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const SUBPROTOCOL = "posthouse.webchat.v1";
const REPLAY_MAX = 200;
const PAGE = 50;

const json = (response, status, body, headers = {}) => {
  response.writeHead(status, {
    "content-type": status === 200 ? "application/json" : "application/problem+json",
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "content-type",
    "access-control-expose-headers": "retry-after",
    ...headers,
  });
  response.end(JSON.stringify(body));
};

const bodyOf = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return JSON.parse(Buffer.concat(parts).toString() || "{}");
};

/** What one visitor and the other side have said, and who is connected. */
class Conversation {
  log = [];
  seq = 0;
  sockets = new Set();
  standing = { state: "bot" };
  seenSeq = 0;

  append(event) {
    this.seq += 1 + (this.seq % 3); /* the real one has gaps, too */
    const made = { seq: this.seq, ts: Date.now(), type: "message", ...event };
    this.log.push(made);
    for (const socket of this.sockets) this.pushTo(socket);
    return made;
  }

  say(frame) {
    for (const socket of this.sockets) socket.send(JSON.stringify(frame));
  }

  pushTo(socket) {
    const events = this.log.filter(({ seq }) => seq > socket.shown);
    if (!events.length) return;
    socket.shown = this.seq;
    socket.send(JSON.stringify({ type: "events", events }));
  }
}

export class WebchatServer {
  conversations = new Map();
  tokens = new Map();
  /** Every frame a client sent, with its visitor: `{visitor, frame}`. */
  heard = [];
  waiting = new Set();
  online = true;
  holdAcks = false;
  refuseOrigin = false;
  tokenTtlMs = 3_600_000;
  identityHash = "right";
  /** Answers to what a visitor says; a test may put its own. */
  answer = () => undefined;

  constructor(files) {
    this.files = files;
  }

  async listen() {
    this.http = createServer((request, response) => this.serve(request, response));
    this.ws = new WebSocketServer({
      noServer: true,
      handleProtocols: (offered) => offered.has(SUBPROTOCOL) && SUBPROTOCOL,
    });
    this.http.on("upgrade", (request, socket, head) => {
      if (!this.online) return socket.destroy();
      this.ws.handleUpgrade(request, socket, head, (client) => this.accept(client));
    });
    await new Promise((done) => this.http.listen(0, "127.0.0.1", done));
    this.url = `http://127.0.0.1:${this.http.address().port}`;
    return this;
  }

  async close() {
    for (const client of this.ws.clients) client.terminate();
    this.http.closeAllConnections();
    await new Promise((done) => this.http.close(done));
  }

  async serve(request, response) {
    const path = request.url.split("?")[0];

    if (!this.online) return request.destroy();
    if (path in this.files) {
      const [type, content, headers] = this.files[path];
      response.writeHead(200, { "content-type": type, ...headers });
      return response.end(content);
    }
    if (request.method === "OPTIONS") return json(response, 204, undefined);
    if (/^\/webchat\/[^/]+\/token$/.test(path)) return this.giveToken(await bodyOf(request), response);
    return json(response, 404, { code: "not_found" });
  }

  giveToken({ token, identity, identity_hash }, response) {
    if (this.refuseOrigin) return json(response, 403, { code: "origin_refused" });
    if (identity !== undefined && identity_hash !== this.identityHash)
      return json(response, 401, { code: "identity_refused" });
    if (token !== undefined && !this.tokens.has(token)) return json(response, 401, { code: "token_refused" });
    const visitor = token ? this.tokens.get(token).visitor : (identity ?? randomUUID());
    return json(response, 200, this.issue(visitor));
  }

  issue(visitor) {
    const token = randomUUID();
    const expires_ts = Date.now() + this.tokenTtlMs;

    this.tokens.set(token, { visitor, expires_ts });
    return { token, visitor, expires_ts };
  }

  conversation(visitor) {
    if (!this.conversations.has(visitor)) this.conversations.set(visitor, new Conversation());
    return this.conversations.get(visitor);
  }

  /** The only conversation there is, which most tests speak of. */
  get only() {
    return [...this.conversations.values()][0];
  }

  accept(socket) {
    socket.on("message", (data) => this.hear(socket, JSON.parse(data)));
    socket.on("close", () => socket.conversation?.sockets.delete(socket));
  }

  hear(socket, frame) {
    this.heard.push({ visitor: socket.visitor, frame });
    for (const waiter of [...this.waiting]) waiter();
    const handler = this[`on_${frame.type}`];
    if (!handler) return socket.close(4002, `unknown type ${frame.type}`);
    handler.call(this, socket, frame);
  }

  on_hello(socket, { token, since }) {
    const known = this.tokens.get(token);

    if (!known || known.expires_ts < Date.now()) return socket.close(4001, "token");
    const conversation = this.conversation(known.visitor);
    const missed = conversation.log.filter(({ seq }) => seq > since);
    const tell = (frame) => socket.send(JSON.stringify(frame));

    Object.assign(socket, { visitor: known.visitor, conversation, shown: conversation.seq });
    conversation.sockets.add(socket);
    tell({
      type: "ready",
      visitor: known.visitor,
      seq: conversation.seq,
      expires_ts: known.expires_ts,
      limits: { text_max: 2000, rate_per_10s: 20 },
      ...conversation.standing,
    });
    const reset = since > 0 && missed.length > REPLAY_MAX;
    const paged = since === 0 || reset;
    const events = paged ? missed.slice(-PAGE) : missed;
    if (reset) tell({ type: "reset", before: conversation.seq + 1 });
    if (events.length) tell({ type: "events", events, ...(paged && { more: events.length < missed.length }) });
    if (this.trouble) tell({ type: "service", state: "reconnecting" });
  }

  on_msg(socket, { cid, text }) {
    const { conversation } = socket;
    const known = conversation.log.find((event) => event.cid === cid);

    if (this.trouble) return;
    if (text.includes("refuse me")) {
      return socket.send(JSON.stringify({ type: "error", code: "text_refused", detail: "no", cid }));
    }
    const event = known ?? conversation.append({ direction: "in", text, cid, author: { type: "customer" } });
    if (!this.holdAcks) socket.send(JSON.stringify({ type: "ack", cid, seq: event.seq, ts: event.ts }));
    if (known) return;
    const answer = this.answer(text);
    if (answer) conversation.append({ direction: "out", author: { type: "bot" }, ...answer });
  }

  on_read({ conversation }, { seq }) {
    conversation.seenSeq = Math.max(conversation.seenSeq, seq);
  }

  on_typing() {}

  on_history(socket, { before, limit }) {
    const older = socket.conversation.log.filter(({ seq }) => seq < before);
    const events = older.slice(-limit);

    socket.send(JSON.stringify({ type: "events", events, more: events.length < older.length }));
  }

  on_renew(socket) {
    const { token, expires_ts } = this.issue(socket.visitor);

    socket.send(JSON.stringify({ type: "token", token, expires_ts }));
  }

  on_ping(socket) {
    socket.send(JSON.stringify({ type: "pong", ts: Date.now() }));
  }

  /** Nothing gets through any more, as if the cable were cut: TCP is gone, and new connections fail. */
  goOffline() {
    this.online = false;
    for (const client of this.ws.clients) client.terminate();
    this.http.closeAllConnections();
  }

  goOnline() {
    this.online = true;
  }

  /** Redis is away: nothing is acknowledged until it is over. */
  setTrouble(trouble) {
    this.trouble = trouble;
    for (const { sockets } of this.conversations.values())
      for (const socket of sockets)
        socket.send(JSON.stringify({ type: "service", state: trouble ? "reconnecting" : "ok" }));
  }

  /** The next frame that satisfies `wanted`, or one heard before. */
  async frame(wanted, ms = 10_000) {
    const deadline = Date.now() + ms;
    for (;;) {
      const found = this.heard.find(({ frame }) => wanted(frame));
      if (found) return found.frame;
      const left = deadline - Date.now();
      if (left <= 0)
        throw new Error(`no such frame within ${ms} ms; heard ${JSON.stringify(this.heard.slice(-8))}`);
      await new Promise((done) => {
        const timer = setTimeout(done, left);
        const waiter = () => {
          clearTimeout(timer);
          this.waiting.delete(waiter);
          done();
        };
        this.waiting.add(waiter);
      });
    }
  }
}
