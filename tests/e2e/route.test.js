// Several real nodes and several simulated operators: who holds an account, what its contract allows, which account a
// message leaves by, and what an operations team orders. The SMSCs' own books are what counts.

import assert from "node:assert/strict";
import test from "node:test";
import { stopwatch } from "../peers/shared/patience.js";
import { startSmsc } from "../peers/smsc/main.js";
import { until, world } from "./world.js";

/** A world with further accounts, each at an SMSC of its own. */
async function routed(t, { accounts = [], extra = "", smppExtra = "", smsc = {} } = {}) {
  const further = [];
  let section = "";
  for (const { name, options = {}, more = "" } of accounts) {
    const one = await startSmsc({ systemId: "posthouse", password: "secret", ...options });
    t.after(() => one.close());
    further.push(one);
    process.env.STORY_SECRET_SMSC = "secret";
    section += `\n  - name: ${name}\n    connector: smpp\n    host: 127.0.0.1\n    port: ${one.smppPort}\n    system_id: posthouse\n    password: {env: STORY_SECRET_SMSC}\n    short_codes: ["95501"]\n    default_country: "86"\n    reconnect_least: 100 ms\n    reconnect_most: 500 ms${more}`;
  }
  const w = await world(t, {
    channels: ["sms"],
    extra,
    smsc,
    smppExtra: `\n    reconnect_least: 100 ms\n    reconnect_most: 500 ms${smppExtra}${section}`,
  });
  return { w, further };
}

const bound = (smsc) => smsc.links().filter((l) => ["tx", "rx", "trx"].includes(l.state)).length;
const channel = async (w, name) => (await w.api("GET", `/v1/channels/${name}`)).body;

async function send(w, to, text, more = {}) {
  const answer = await w.api("POST", "/v1/messages", { to, text, ...more });
  assert.equal(answer.status, 202, JSON.stringify(answer.body));
  return answer.body.id;
}

test("an account is held by one node, and taken over within five seconds of its kill; nothing is lost", async (t) => {
  const { w } = await routed(t);
  const second = await w.addNode("node-2");
  await until("both nodes to be ready", () => second.ready);
  assert.equal((await channel(w, "sms-main")).holder, "node-1");
  assert.equal(bound(w.smsc), 1);
  const texts = [];
  for (let i = 0; i < 10; i++) {
    texts.push(`before ${i}`);
    await send(w, `+861380000000${i}`, texts.at(-1));
  }
  for (let i = 0; i < 10; i++) await w.smsc.waitForText({ to: `+861380000000${i}`, text: "before" });
  const killed = stopwatch();
  await w.gateway.kill();
  w.gateway = second;
  for (let i = 0; i < 5; i++) await send(w, `+861380000000${i}`, `meanwhile ${i}`);
  await until("the other node's bind", () => bound(w.smsc) === 1 && w.smsc.events.list("bind").length >= 2);
  const took = killed.had();
  assert.ok(took < 5000, `taken over after ${took} ms`);
  for (let i = 0; i < 5; i++) await w.smsc.waitForText({ to: `+861380000000${i}`, text: "meanwhile" });
  assert.deepEqual(w.smsc.doubles(), []);
  assert.equal((await channel(w, "sms-main")).holder, "node-2");
});

test("a node that stops hands its account over at once", async (t) => {
  const { w } = await routed(t);
  const first = w.gateway;
  const second = await w.addNode("node-2");
  const lease = () => w.redis.command("GET", "ph:{ctl}:lease:sms-main");
  assert.match(await lease(), /^node-1#/);
  await first.stop();
  w.gateway = second;
  assert.doesNotMatch(await lease(), /^node-1#/, "nobody waits for its end: it was given up");
  await until("the other node's bind", () => bound(w.smsc) === 1);
  await send(w, "+8613800000001", "from the second");
  await w.smsc.waitForText({ to: "+8613800000001", text: "from the second" });
});

test("a paused node sends nothing when it goes on: another holds its account by then", async (t) => {
  const { w } = await routed(t);
  const first = w.gateway;
  const second = await w.addNode("node-2");
  w.gateway = second;
  process.kill(first.program.pid, "SIGSTOP");
  t.after(() => first.program.ended || process.kill(first.program.pid, "SIGCONT"));
  await until("the other node's bind", () => w.smsc.events.list("bind").length >= 2);
  process.kill(first.program.pid, "SIGCONT");
  await until("the first node to see that its lease is over", () => /lease_lost/.test(first.log));
  await until("the first node's link to be gone", () => bound(w.smsc) === 1);
  for (let i = 0; i < 5; i++) await send(w, `+861380000000${i}`, `after ${i}`);
  for (let i = 0; i < 5; i++) await w.smsc.waitForText({ to: `+861380000000${i}`, text: "after" });
  assert.deepEqual(w.smsc.doubles(), []);
  assert.equal((await channel(w, "sms-main")).holder, "node-2");
});

test("two nodes on one account together keep its contract", async (t) => {
  const RATE = 50;
  const BURST = 10;
  const level = process.env.STORY_LOG;
  process.env.STORY_LOG = "debug"; // what is written when
  t.after(() => (level ? (process.env.STORY_LOG = level) : delete process.env.STORY_LOG));
  const { w } = await routed(t, { smppExtra: `\n    nodes: all\n    rate: ${RATE}\n    burst: ${BURST}\n    window: 100` });
  const first = w.gateway;
  const second = await w.addNode("node-2");
  await until("both binds", () => bound(w.smsc) === 2);
  const jobs = [];
  for (let i = 0; i < 120; i++) {
    w.gateway = i % 2 ? first : second;
    jobs.push(send(w, `+86138${String(i).padStart(8, "0")}`, "all at once"));
  }
  await Promise.all(jobs);
  await until("all to arrive", () => w.smsc.counts().reduce((n, row) => n + row.count, 0) >= 120);
  // By the senders' own clocks: at the operator's end what held up the machine between bunches them.
  assert.equal(w.smsc.events.list("submit").length, 120);
  const at = [first, second].flatMap((node) => [...node.log.matchAll(/^ts=(\S+) .*event=smpp\.out pdu="submit_sm/gm)].map((m) => Date.parse(m[1])));
  assert.equal(at.length, 120);
  at.sort((x, y) => x - y);
  const took = at.at(-1) - at[0];
  assert.ok(took > ((120 - BURST) / RATE) * 1000 - 50, `all in ${took} ms`);
  for (const window of [100, 200, 500, 1000, 2000])
    for (let i = 0; i < at.length; i++) {
      const count = at.filter((x) => x >= at[i] && x < at[i] + window).length;
      const most = (RATE * (window + 20)) / 1000 + BURST; // two clocks, in milliseconds
      assert.ok(count <= most, `${count} parts in ${window} ms, ${most} allowed`);
    }
});

const RULES = `routes:
  move_after: 1 s
  rules:
    - to: [{channel: sms-main}, {channel: sms-b, weight: 0}]
    - prefix: "+8615"
      to: [{channel: sms-b}]`;

test("messages leave by their route, and by another while its account is unbound; they come back when it is well", async (t) => {
  const { w, further } = await routed(t, { accounts: [{ name: "sms-b" }], extra: RULES });
  const [b] = further;
  await until("both binds", () => bound(w.smsc) === 1 && bound(b) === 1);
  await until("both accounts to be up", async () => (await channel(w, "sms-main")).health === "up");
  await send(w, "+8613800000001", "by the first");
  await w.smsc.waitForText({ to: "+8613800000001", text: "by the first" });
  await send(w, "+8615000000001", "by its prefix");
  await b.waitForText({ to: "+8615000000001", from: "95501", text: "by its prefix" });
  w.smsc.faults.set({ refuseBind: 8 });
  w.smsc.drop();
  await until("the first account to be down", async () => (await channel(w, "sms-main")).health === "down");
  await send(w, "+8613800000002", "while it is down");
  await b.waitForText({ to: "+8613800000002", from: "95501", text: "while it is down" });
  w.smsc.faults.clear();
  await until("the first account to be up again", async () => (await channel(w, "sms-main")).health === "up");
  await send(w, "+8613800000002", "it is back");
  await w.smsc.waitForText({ to: "+8613800000002", text: "it is back" });
});

test("a throttled account is relieved by another, and an agent's reply leaves by another while the customer's is down", async (t) => {
  const { w, further } = await routed(t, { accounts: [{ name: "sms-b" }], extra: RULES });
  const [b] = further;
  await until("both accounts to be up", async () => {
    const { body } = await w.api("GET", "/v1/channels");
    return body.items.every((c) => c.health === "up");
  });
  w.smsc.faults.set({ throttlePerSecond: 0 });
  await send(w, "+8613800000001", "is throttled");
  await until("the first account to be throttled", async () => (await channel(w, "sms-main")).health === "throttled");
  await send(w, "+8613800000002", "goes round it");
  await b.waitForText({ to: "+8613800000002", from: "95501", text: "goes round it" });
  assert.match(await w.gateway.metrics(), /posthouse_failover_total\{channel="sms-b"\} 1/);
  w.smsc.faults.clear();
  await w.smsc.waitForText({ to: "+8613800000001", text: "is throttled" });
  await w.addUser("mei");
  const mei = await w.agent("mei");
  await w.smsc.deliver({ from: "+8613800000003", to: "95500", text: "人工" });
  const conversation = await mei.conversationWith("人工");
  w.smsc.faults.set({ refuseBind: 8 });
  w.smsc.drop();
  await until("the first account to be down", async () => (await channel(w, "sms-main")).health === "down");
  await mei.say(conversation, "I am here");
  await b.waitForText({ to: "+8613800000003", from: "95501", text: "I am here" });
});

test("what an account refuses for a reason of its own goes by the next of its route, once and whole", async (t) => {
  const passesOn = `\n    errors:\n      - {status: "0x0A", action: fail_over}`;
  const { w, further } = await routed(t, { accounts: [{ name: "sms-b", more: passesOn }], extra: RULES, smppExtra: passesOn });
  const [b] = further;
  await until("both accounts to be up", async () => {
    const { body } = await w.api("GET", "/v1/channels");
    return body.items.every((c) => c.health === "up");
  }, 9000);
  const statusOf = (id) =>
    until("its status", async () => {
      const { body } = await w.api("GET", `/v1/messages/${id}`);
      return !["queued", "sending"].includes(body.status) && body;
    });
  w.smsc.faults.set({ submitStatusOf: { "+8613800000001": 0x0a, "+8613800000002": 0x0a } });
  b.faults.set({ submitStatusOf: { "+8613800000002": 0x0a } });
  const text = "refused by the first, ".repeat(15); // in parts
  const id = await send(w, "+8613800000001", text);
  assert.equal((await b.waitForText({ to: "+8613800000001", from: "95501", text: "refused by" })).text, text);
  assert.equal((await statusOf(id)).channel, "sms-b");
  const nowhere = await statusOf(await send(w, "+8613800000002", "refused by both"));
  assert.equal(nowhere.status, "failed");
  assert.equal(nowhere.code, "smpp.0x0000000a");
  assert.equal(nowhere.channel, "sms-b");
  const named = await statusOf(await send(w, "+8613800000001", "from the first", { channel: "sms-main", from: "95500" }));
  assert.equal(named.status, "failed", "the other account has not its sender");
  assert.deepEqual(b.doubles(), []);
  assert.match(await w.gateway.metrics(), /posthouse_failover_total\{channel="sms-b"\} 2/);
});

test("what waits for an account that stays down goes by another, in order and once", async (t) => {
  const { w, further } = await routed(t, { accounts: [{ name: "sms-b" }], extra: RULES });
  const [b] = further;
  await until("both binds", () => bound(w.smsc) === 1 && bound(b) === 1);
  await until("the other account to be up", async () => (await channel(w, "sms-b")).health === "up");
  w.smsc.faults.set({ refuseBind: 8 });
  w.smsc.drop();
  await until("the first account to be down", async () => (await channel(w, "sms-main")).health === "down");
  const ids = [];
  for (let i = 0; i < 20; i++) ids.push(await send(w, "+8613800000001", `waits ${i}.`, { channel: "sms-main" }));
  const named = await send(w, "+8613800000001", "from the first", { channel: "sms-main", from: "95500" });
  await b.waitForText({ to: "+8613800000001", from: "95501", text: "waits 19." });
  const texts = b.messages("+8613800000001").map((m) => m.text);
  assert.deepEqual(texts, ids.map((_, i) => `waits ${i}.`));
  const message = await until("its status", async () => {
    const { body } = await w.api("GET", `/v1/messages/${ids[0]}`);
    return ["sent", "delivered"].includes(body.status) && body;
  });
  assert.equal(message.channel, "sms-b");
  assert.match(await w.gateway.metrics(), /posthouse_channel_moved_total\{channel="sms-main"\} 20/);
  assert.equal((await w.api("GET", `/v1/messages/${named}`)).body.status, "queued", "the other account has not its sender");
  w.smsc.faults.clear();
  await w.smsc.waitForText({ to: "+8613800000001", text: "from the first" });
});

test("a session writes from a code of its own behind our number, and a queue's code leads to the queue", async (t) => {
  const extension = `\n    extension_digits: 2\n    extension_queues:\n      - {code: "01", queue: loans}`;
  const { w } = await routed(t, { smppExtra: extension });
  const state = async (number) => {
    const { createHash } = await import("node:crypto");
    const id = createHash("sha256").update(`sms:${number}`).digest("hex").slice(0, 32);
    return (await w.api("GET", `/v1/conversations/${id}`)).body;
  };
  await w.smsc.deliver({ from: "+8613800000001", to: "9550001", text: "人工" });
  await w.smsc.waitForText({ to: "+8613800000001", from: "9550001" });
  assert.equal((await state("+8613800000001")).queue, "loans");
  await w.smsc.deliver({ from: "+8613800000002", to: "95500", text: "人工" });
  const from = "9550002"; // 01 is the queue's, so the first session has the next code
  await w.smsc.waitForText({ to: "+8613800000002", from });
  const { seq } = await state("+8613800000002");
  await w.smsc.deliver({ from: "+8613800000002", to: from, text: "are you there?" });
  const after = await state("+8613800000002");
  assert.equal(after.queue, "general");
  assert.equal(after.session, "1");
  assert.ok(after.seq > seq, "a reply to the code is of the same conversation");
  await send(w, "+8613800000003", "news for you");
  await w.smsc.waitForText({ to: "+8613800000003", from: "9550000", text: "news" });
  await send(w, "+8613800000003", "as I say", { from: "95500" });
  await w.smsc.waitForText({ to: "+8613800000003", from: "95500", text: "as I say" });
});

test("posthouse route and the API say why", async (t) => {
  const { w } = await routed(t, { accounts: [{ name: "sms-b" }], extra: RULES });
  await until("the account to be up", async () => (await channel(w, "sms-main")).health === "up");
  const told = await w.api("GET", "/v1/route?to=13800000001&class=reply");
  assert.equal(told.status, 200);
  assert.equal(told.body.address, "sms:+8613800000001");
  assert.equal(told.body.rule, 1);
  assert.equal(told.body.channel, "sms-main");
  assert.deepEqual(told.body.candidates.map((c) => c.channel), ["sms-main", "sms-b"]);
  assert.equal((await w.api("GET", "/v1/route?to=13800000001&class=nope")).status, 422);
  const { code, output } = await w.posthouse(["route", w.gateway.configFile, "15000000001", "--class", "campaign"]);
  assert.equal(code, 0, output);
  assert.match(output, /rule: 2/);
  assert.match(output, /-> sms-b/);
});

test("a channel is stopped, drained and started by command line and API, for all nodes, and stays so", async (t) => {
  const { w } = await routed(t);
  const cli = async (...args) => {
    const { code, output } = await w.posthouse(["channel", args[0], w.gateway.configFile, ...args.slice(1)]);
    assert.equal(code, 0, output);
    return output;
  };
  assert.match(await cli("status"), /sms-main\s+smpp.*held by: node-1/);
  await cli("stop", "sms-main");
  await until("the unbind", () => bound(w.smsc) === 0);
  await send(w, "+8613800000001", "it waits");
  const stopped = await channel(w, "sms-main");
  assert.equal(stopped.want, "stop");
  assert.match(stopped.want_by, /^cli:/);
  assert.equal(stopped.queued.confirmation, 1);
  await w.gateway.restart();
  assert.equal((await channel(w, "sms-main")).want, "stop");
  assert.equal(bound(w.smsc), 0);
  assert.equal((await w.api("POST", "/v1/channels/sms-main/start")).status, 202);
  await w.smsc.waitForText({ to: "+8613800000001", text: "it waits" });
  assert.equal((await w.api("POST", "/v1/channels/sms-main/drain")).status, 202);
  await until("the drained channel to stop", async () => (await channel(w, "sms-main")).want === "stop");
  await until("the unbind", () => bound(w.smsc) === 0);
  assert.equal((await w.api("POST", "/v1/channels/nope/start")).status, 404);
  assert.equal((await w.api("POST", "/v1/channels/sms-main/fly")).status, 404);
});

test("who is blocked is acknowledged, not heard and not written to, at once and on every node", async (t) => {
  const { w } = await routed(t);
  const entry = { list: "block", number: "+8613800000001", note: "spam" };
  assert.equal((await w.api("POST", "/v1/lists", entry)).status, 200);
  const refused = await until("the refusal", async () => {
    const answer = await w.api("POST", "/v1/messages", { to: "+8613800000001", text: "hello" });
    return answer.status === 422 && answer;
  });
  assert.equal(refused.body.code, "recipient_blocked");
  const told = await w.smsc.deliver({ from: "+8613800000001", to: "95500", text: "What is the annual fee of a credit card?" });
  assert.equal(told.ok, true);
  const dropped = await w.gateway.metrics();
  assert.match(dropped, /posthouse_blocked_in_total\{channel="sms-main"\} 1/);
  assert.deepEqual(w.smsc.messages("+8613800000001").filter((m) => m.direction === "in"), []);
  const { body } = await w.api("GET", "/v1/lists");
  assert.equal(body.items[0].by, "api:story");
  const { output } = await w.posthouse(["list", "show", w.gateway.configFile]);
  assert.match(output, /block\s+\* \+8613800000001\s.*api:story spam/);
  assert.equal((await w.posthouse(["list", "forget", w.gateway.configFile, "+8613800000001"])).code, 0);
  await until("it to be taken again", async () =>
    (await w.api("POST", "/v1/messages", { to: "+8613800000001", text: "hello again" })).status === 202);
  assert.equal((await w.api("DELETE", "/v1/lists", entry)).status, 404);
});
