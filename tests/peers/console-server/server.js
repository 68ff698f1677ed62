// A scripted console server for developing the console and for its browser tests: it serves the built
// console under the strict content security policy and speaks docs/protocols/console.md from memory.
// What a network or a node does wrong is done on purpose through `faults`.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { randomBytes } from "node:crypto";
import { WebSocketServer } from "ws";

const CSP = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const TYPES = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };

/** Starts it on a free port of the loopback. `users`: {mei: {password, user}}; `catalogue`: canned, dispositions, suggest. */
export async function startConsoleServer({ dir, desk, users, catalogue, port = 0 }) {
  const s = new ConsoleServer(dir, desk, users, catalogue);
  await new Promise((resolve) => s.http.listen(port, "127.0.0.1", resolve));
  s.url = `http://127.0.0.1:${s.http.address().port}/console/`;
  return s;
}

class ConsoleServer {
  sessions = new Map();
  clients = new Set();
  failures = 0;
  presence = new Map();
  /** Frames received, for tests that look at what was said. */
  frames = [];
  faults = { ackDelayMs: 0, dropBeforeAck: 0, dropOnSend: 0, duplicate: false, losePushes: 0, refuse: null, down: false };
  /** How an agent's reply goes on after it was appended; null: it stays queued. */
  progress = ["sending", "sent", "delivered"];
  progressMs = 120;
  state = "ok";

  constructor(dir, desk, users, catalogue) {
    Object.assign(this, { dir, desk, users, catalogue });
    this.http = createServer((req, res) => void this.request(req, res));
    this.ws = new WebSocketServer({ noServer: true, maxPayload: 65536, handleProtocols: () => "posthouse.console.v1" });
    this.http.on("upgrade", (req, socket, head) => this.upgrade(req, socket, head));
    desk.on("event", (c, e) => this.push(c, e));
    desk.on("summary", (c) => this.pushSummary(c));
  }

  async request(req, res) {
    const url = new URL(req.url, "http://x");
    res.setHeader("content-security-policy", CSP);
    res.setHeader("x-content-type-options", "nosniff");
    res.setHeader("cache-control", "no-store");
    if (this.faults.down) return req.socket.destroy();
    if (url.pathname === "/console/api/login" && req.method === "POST") return this.login(req, res);
    if (url.pathname === "/console/api/logout") {
      this.sessions.delete(cookie(req));
      return res.writeHead(204, { "set-cookie": "posthouse_session=; Path=/console; Max-Age=0" }).end();
    }
    if (url.pathname === "/console/api/me") {
      const user = this.sessions.get(cookie(req));
      return user ? json(res, 200, { user }) : problem(res, 401, "not_logged_in");
    }
    return this.file(url.pathname, res);
  }

  async login(req, res) {
    let body = "";
    for await (const part of req) body += part;
    const { user, password } = JSON.parse(body);
    if (this.failures >= 3) {
      this.failures = 0;
      return problem(res, 429, "login_throttled", { "retry-after": "3" });
    }
    const known = this.users[user];
    if (!known || known.password !== password) {
      this.failures++;
      return problem(res, 401, "login_failed");
    }
    const token = randomBytes(16).toString("hex");
    this.sessions.set(token, known.user);
    return json(res, 200, { user: known.user, token, expires_ts: Date.now() + 36e5 },
      { "set-cookie": `posthouse_session=${token}; HttpOnly; SameSite=Strict; Path=/console` });
  }

  async file(path, res) {
    const name = path === "/console/" ? "index.html" : normalize(path.replace(/^\/console\//, ""));
    try {
      const data = await readFile(join(this.dir, name));
      res.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream" }).end(data);
    } catch {
      res.writeHead(404).end();
    }
  }

  upgrade(req, socket, head) {
    if (this.faults.down) return socket.destroy();
    const user = this.sessions.get(cookie(req));
    this.ws.handleUpgrade(req, socket, head, (ws) => {
      if (!user) return ws.close(4001, "not logged in");
      const client = { ws, user, open: new Set(), ready: false };
      ws.on("message", (data) => this.frame(client, JSON.parse(String(data))));
      ws.on("close", () => this.clients.delete(client));
    });
  }

  send(client, frame) {
    if (client.ws.readyState === 1) client.ws.send(JSON.stringify(frame));
  }

  frame(client, f) {
    this.frames.push({ user: client.user.id, ...f });
    const handler = HANDLERS[f.type];
    if (!handler) return client.ws.close(4002, "not understood");
    const c = f.conversation ? this.desk.get(f.conversation) : undefined;
    if (f.conversation && !c) return this.send(client, { type: "error", rid: f.rid, cid: f.cid, code: "not_found" });
    return handler.call(this, client, f, c);
  }

  watches(client, c) {
    return client.ready && (client.open.has(c.id) || (c.agent === client.user.id && c.state !== "closed"));
  }

  push(c, e) {
    for (const client of this.clients) {
      if (!this.watches(client, c)) continue;
      if (this.faults.losePushes > 0) {
        this.faults.losePushes--;
        continue;
      }
      const frame = { type: "events", conversation: c.id, events: [e], more: e.seq > 1 };
      this.send(client, frame);
      if (this.faults.duplicate) this.send(client, frame);
    }
  }

  pushSummary(c) {
    for (const client of this.clients) {
      if (!client.ready) continue;
      const listed = this.desk.seenBy(client.user).includes(c);
      this.send(client, listed ? { type: "summary", summary: this.desk.summary(c) } : { type: "gone", conversation: c.id });
      this.send(client, { type: "queues", queues: this.desk.queues() });
    }
  }

  /** The reply's way to the customer, as the channel would report it. */
  proceed(c, seq) {
    (this.progress ?? []).forEach((status, i) => setTimeout(() => this.desk.status(c, seq, status), this.progressMs * (i + 1)));
  }

  /** Cuts every connection without a word, as a network does. */
  dropAll() {
    for (const client of this.clients) client.ws.terminate();
  }

  closeAll(code, bye) {
    for (const client of this.clients) {
      if (bye) this.send(client, { type: "bye", reason: "drain", retry_after_ms: bye });
      client.ws.close(code);
    }
  }

  service(state) {
    this.state = state;
    for (const client of this.clients) this.send(client, { type: "service", state });
  }

  async close() {
    this.dropAll();
    this.http.closeAllConnections();
    await new Promise((resolve) => this.http.close(resolve));
  }
}

const HANDLERS = {
  hello(client, f) {
    for (const other of this.clients) if (other.user.id === client.user.id) other.ws.close(4010, "replaced");
    this.clients.add(client);
    client.ready = true;
    const mine = this.desk.seenBy(client.user);
    this.send(client, { type: "welcome", user: client.user, presence: this.presence.get(client.user.id) ?? "available", server_ts: Date.now(),
      conversations: mine.map((c) => this.desk.summary(c)), queues: this.desk.queues(), dispositions: this.catalogue.dispositions, canned: this.catalogue.canned });
    for (const c of mine) {
      const since = f.since?.[c.id] ?? 0;
      if (c.agent === client.user.id && c.state !== "closed" && (since || c.log.length) && since < c.log.length)
        this.send(client, { type: "events", conversation: c.id, ...this.desk.after(c, since) });
    }
    if (this.state !== "ok") this.send(client, { type: "service", state: this.state });
  },
  presence(client, f) {
    this.presence.set(client.user.id, f.state);
    this.send(client, { type: "ok", rid: f.rid });
    this.send(client, { type: "presence", state: f.state, reason: "asked" });
  },
  open(client, f, c) {
    client.open.add(c.id);
    this.send(client, { type: "events", rid: f.rid, conversation: c.id, ...this.desk.after(c, f.since ?? 0) });
  },
  release(client, f, c) {
    client.open.delete(c.id);
    this.send(client, { type: "ok", rid: f.rid });
  },
  history(client, f, c) {
    this.send(client, { type: "events", rid: f.rid, conversation: c.id, ...this.desk.before(c, f.before, f.limit) });
  },
  send(client, f, c) {
    if (this.faults.dropOnSend > 0) {
      this.faults.dropOnSend--;
      return client.ws.terminate();
    }
    const refused = this.faults.refuse ?? (this.state !== "ok" ? "unavailable" : c.agent !== client.user.id ? "not_yours" : null);
    if (refused) return this.send(client, { type: "error", cid: f.cid, code: refused });
    if (this.faults.ackDelayMs && !f.late)
      return setTimeout(() => HANDLERS.send.call(this, client, { ...f, late: true }, c), this.faults.ackDelayMs);
    if (this.faults.dropBeforeAck > 0) {
      this.faults.dropBeforeAck--;
      client.ws.terminate();
    }
    const known = c.cids.has(`${client.user.id} ${f.cid}`);
    const e = this.desk.reply(c, client.user, f.cid, f.text);
    this.send(client, { type: "ack", conversation: c.id, cid: f.cid, seq: e.seq, id: e.id, ts: e.ts });
    if (!known) this.proceed(c, e.seq);
  },
  read(_client, f, c) {
    c.read_seq = Math.max(c.read_seq, f.seq);
    this.pushSummary(c);
  },
  typing() {},
  take(client, f, c) {
    if (c.state === "assigned") return this.send(client, { type: "error", rid: f.rid, code: "not_waiting" });
    this.send(client, { type: "ok", rid: f.rid });
    this.desk.session(c, "assigned", { agent: client.user.id, queue: c.queue, by: client.user.id });
  },
  requeue(client, f, c) {
    this.send(client, { type: "ok", rid: f.rid });
    this.desk.session(c, "queued", { agent: null, queue: c.queue, note: f.note || null, by: client.user.id });
  },
  close(client, f, c) {
    c.disposition = f.disposition;
    c.closed_ts = Date.now();
    this.send(client, { type: "ok", rid: f.rid });
    this.desk.session(c, "closed", { disposition: f.disposition, note: f.note || null, agent: client.user.id, by: client.user.id });
  },
  customer(client, f, c) {
    this.send(client, { type: "customer", rid: f.rid, ...this.desk.customer(c) });
  },
  suggest(client, f, c) {
    this.send(client, { type: "suggestions", rid: f.rid, items: this.catalogue.suggest(c) });
  },
  ping(client) {
    this.send(client, { type: "pong", ts: Date.now() });
  },
};

const cookie = (req) => /posthouse_session=([0-9a-f]+)/.exec(req.headers.cookie ?? "")?.[1];
const json = (res, status, body, headers = {}) => res.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
const problem = (res, status, code, headers = {}) =>
  res.writeHead(status, { "content-type": "application/problem+json", ...headers }).end(JSON.stringify({ type: "about:blank", status, code }));
