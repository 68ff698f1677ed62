// kill -9 at random moments, of a node twenty times, of Redis six times, under traffic on all three channels. Afterwards the logs must say: every
// acknowledged message is in its conversation exactly once, each got exactly one reply, and nothing is stuck. On the far
// ends nothing may have arrived twice.
//
//   CRASH_KILLS=50 CRASH_SEED=7 node --test tests/e2e/crash.test.js

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { VisitorClient } from "./clients.js";
import { SITE, until, world } from "./world.js";

const KILLS = Number(process.env.CRASH_KILLS ?? 20);
const REDIS_KILLS = Number(process.env.CRASH_REDIS_KILLS ?? 6);
const SEED = Number(process.env.CRASH_SEED ?? Date.now() % 1e6);
const QUESTION = "What is the annual fee of a credit card?";

// mulberry32: a run can be repeated with its seed.
function random(seed) {
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6d2b79f5) >>> 0;
    let t = Math.imul(a ^ (a >>> 15), a | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const partitionOf = (c) => `{${parseInt(c[0], 16) % 4}}`;
const conversationOf = (address) => createHash("sha256").update(address).digest("hex").slice(0, 32);

/** Customers of one channel: each says one thing after the other until they are told to stop. */
class Crowd {
  constructor(name, gapMs) {
    this.name = name;
    this.gapMs = gapMs;
    this.said = new Map(); // address -> number of acknowledged messages
    this.running = true;
    this.open = new Set();
  }

  start() {
    this.loop = (async () => {
      for (let i = 0; this.running; i++) {
        this.track(this.speak(i));
        await pause(this.gapMs);
      }
    })();
  }

  track(promise) {
    this.open.add(promise);
    promise.finally(() => this.open.delete(promise));
  }

  acknowledged(address) {
    this.said.set(address, (this.said.get(address) ?? 0) + 1);
  }

  /** No new ones; waits until the last is answered for. */
  async stop() {
    this.running = false;
    await this.loop;
    await Promise.all(this.open);
  }
}

class SmsCrowd extends Crowd {
  constructor(w) {
    super("sms", 15);
    this.w = w;
  }

  async speak(i) {
    const from = `+86138${String(10000000 + i).slice(-8)}`;
    const { ok } = await this.w.smsc.deliver({ from, to: "95500", text: QUESTION });
    if (ok) this.acknowledged(`sms:${from}`);
  }
}

class WechatCrowd extends Crowd {
  constructor(w) {
    super("wechat", 40);
    this.w = w;
  }

  async speak(i) {
    const openid = `oCrash${String(i).padStart(22, "0")}`;
    const { ok } = await this.w.wechat.say(openid, QUESTION);
    if (ok) this.acknowledged(`wechat:${this.w.wechat.account.appid}:${openid}`);
  }
}

/** Visitors stay: each keeps its page open through all kills, and says things in turn. */
class WebCrowd extends Crowd {
  constructor(w, visitors = 8) {
    super("web", 40);
    this.w = w;
    this.visitors = Array.from({ length: visitors }, () => new VisitorClient(() => w.gateway.url, "bank-web", SITE));
    this.busy = new Map();
  }

  async speak(i) {
    const visitor = this.visitors[i % this.visitors.length];
    const turn = (this.busy.get(visitor) ?? Promise.resolve()).then(() => this.sayUntilAcknowledged(visitor, i));
    this.busy.set(visitor, turn);
    return turn;
  }

  async sayUntilAcknowledged(visitor, i) {
    const cid = `crash-${i}`;
    for (;;) {
      try {
        if (!visitor.socket || visitor.closed) await visitor.connect();
        await visitor.say(QUESTION, cid, 2000);
        this.acknowledged(`web:${visitor.visitor}`);
        return;
      } catch {
        visitor.close();
        visitor.closed = { code: 1006 };
        await pause(50);
      }
    }
  }
}

const STATUS = { h: "scheduled", q: "queued", g: "sending", n: "unknown", s: "sent", p: "partially_delivered", d: "delivered", r: "read", u: "undelivered", f: "failed", c: "canceled" };

/** The log of a conversation, straight from Redis: [{seq, t, d, st, of}]. In front of it stands the conversation's head. */
async function logOf(w, address) {
  const c = conversationOf(address);
  const entries = JSON.parse(await w.redis.command("--json", "LRANGE", `ph:c:${partitionOf(c)}:${c}`, "1", "-1"));
  return entries.map((text, i) => ({ seq: i + 1, ...parseEntry(text) }));
}

function parseEntry(text) {
  const [front, , of] = text.split(" ", 3);
  if (front[0] === "m") return { t: "m", d: front[1], st: STATUS[front[2]] };
  return front[0] === "s" ? { t: "s", st: STATUS[front[1]], of } : { t: "z" };
}

/** What became of a message, as Redis' functions say it. */
async function statusOf(w, address, seq) {
  const c = conversationOf(address);
  const [, letter] = JSON.parse(await w.redis.command("--json", "FCALL", "ph2_message", "1", partitionOf(c), c, String(seq)));
  return STATUS[letter];
}

const SETTLED = ["sent", "delivered", "read", "unknown"];

async function checkConversation(w, address, count) {
  const log = await logOf(w, address);
  const inbound = log.filter((e) => e.t === "m" && e.d === "i");
  const outbound = log.filter((e) => e.t === "m" && e.d === "o");
  assert.equal(inbound.length, count, `${address}: messages in the conversation`);
  assert.equal(outbound.length, count, `${address}: replies in the conversation`);
  assert.deepEqual(log.map((e) => e.seq), log.map((_, i) => i + 1), `${address}: numbers without gaps`);
  const states = await Promise.all(outbound.map((m) => statusOf(w, address, m.seq)));
  for (const state of states) assert.ok(SETTLED.includes(state), `${address}: a reply is stuck in ${state}`);
  return states;
}

/** Programs send texts to phones, each with an id of its own, until they are told that it is taken. */
class ApiCrowd extends Crowd {
  constructor(w) {
    super("api", 20);
    this.w = w;
    this.taken = new Map(); // id of the message -> phone
  }

  async speak(i) {
    const to = `+86139${String(10000000 + i).slice(-8)}`;
    for (;;) {
      const { status, body } = await this.w.api("POST", "/v1/messages", { to, channel: "sms-main", text: `parcel ${i}` }, { "idempotency-key": `crash-${i}` });
      if (status === 202) return this.taken.set(body.id, to);
      assert.equal(status, 503, JSON.stringify(body));
      await pause(50);
    }
  }

  async check() {
    for (const [id, to] of this.taken) {
      await until(`message ${id} to arrive`, async () => ["sent", "delivered"].includes((await this.w.api("GET", `/v1/messages/${id}`)).body.status));
      assert.equal(this.w.smsc.messages(to).filter((m) => m.dir === "mt").length, 1, `${to}: texts on the phone`);
    }
  }
}

/** Traffic on all channels while something is killed again and again. */
async function trouble(w, crowds, kills, next, kill) {
  // The platform's own patience would stretch the test: the same three tries, closer together.
  w.wechat.callbacks.set({ timeoutMs: 3000, gapMs: 1500, tries: 10 });
  for (const crowd of crowds) crowd.start();
  for (let i = 0; i < kills; i++) {
    await pause(150 + next() * 900);
    await kill();
  }
  await Promise.all(crowds.map((c) => c.stop()));
}

/** What the logs, the phones and the pages say of it all. */
async function checkAll(w, crowds) {
  // A page that comes back says what it has: the node that gave it may have died before it did.
  for (const visitor of crowds[2].visitors.filter((v) => v.visitor && (!v.socket || v.closed))) await visitor.connect();
  const counts = {};
  for (const crowd of crowds) {
    assert.ok(crowd.said.size > 0, `${crowd.name}: nobody said anything`);
    const states = [];
    for (const [address, count] of crowd.said) {
      const found = await until(`${address} to settle`, () => checkConversation(w, address, count).catch((error) => {
        if (/stuck/.test(error.message)) return undefined;
        throw error;
      }));
      states.push(...found);
    }
    counts[crowd.name] = Object.fromEntries([...new Set(states)].map((s) => [s, states.filter((x) => x === s).length]));
  }

  assert.deepEqual(w.smsc.doubles(), [], "texts that reached a phone twice");
  assert.deepEqual(w.wechat.doubles(), [], "texts that reached a WeChat user twice");
  for (const address of crowds[0].said.keys()) {
    const replies = w.smsc.messages(address.slice(4)).filter((m) => m.dir === "mt");
    assert.equal(replies.length, 1, `${address}: replies on the phone`);
  }
  for (const visitor of crowds[2].visitors.filter((v) => v.visitor)) {
    const said = crowds[2].said.get(`web:${visitor.visitor}`) ?? 0;
    await until(`all replies on ${visitor.visitor}'s page`, () => visitor.texts("out").length === said);
    visitor.close();
  }
  return counts;
}

test(`kill -9, ${KILLS} times (seed ${SEED})`, { timeout: 900_000 }, async (t) => {
  const w = await world(t, { smsc: { delivery: { responseTimeoutMs: 4000, retryMs: 300 } } });
  const crowds = [new SmsCrowd(w), new WechatCrowd(w), new WebCrowd(w)];
  const ready = [];
  await trouble(w, crowds, KILLS, random(SEED), async () => {
    await w.gateway.restart("SIGKILL");
    ready.push(w.gateway.ready.ready_ms);
  });
  const counts = await checkAll(w, crowds);
  t.diagnostic(`seed ${SEED}; ready again after ${Math.max(...ready)} ms at most; ${JSON.stringify(counts)}`);
});

test(`kill -9 of Redis, ${REDIS_KILLS} times (seed ${SEED})`, { timeout: 900_000 }, async (t) => {
  const w = await world(t, { smsc: { delivery: { responseTimeoutMs: 4000, retryMs: 300 } } });
  const crowds = [new SmsCrowd(w), new WechatCrowd(w), new WebCrowd(w)];
  const api = new ApiCrowd(w);
  const next = random(SEED);
  await trouble(w, [...crowds, api], REDIS_KILLS, next, async () => {
    await w.redis.stop("SIGKILL");
    await pause(next() * 300);
    await w.redis.start();
  });
  const counts = await checkAll(w, crowds);
  await api.check();
  assert.ok(api.taken.size > 0, "no program sent anything");
  t.diagnostic(`seed ${SEED}; ${JSON.stringify(counts)}; ${api.taken.size} sent by programs`);
});
