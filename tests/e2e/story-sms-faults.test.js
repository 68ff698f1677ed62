// SMS when networks misbehave: nothing is lost, nothing is doubled, and what nobody can know is called
// unknown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until, world } from "./world.js";

const PHONE = "+8613800138000";
const BANK = "95500";
const FAST = "\n    reconnect_least: 50 ms\n    reconnect_most: 200 ms";

async function served(t, options = {}) {
  const w = await world(t, { channels: ["sms"], agents: ["mei"], ...options });
  w.smsc.receipts.set({ delayMs: 0 });
  const mei = await w.agent("mei");
  await say(w, "人工");
  const conversation = await mei.conversationWith("人工");
  await w.smsc.waitForText({ to: PHONE });
  return { w, mei, conversation };
}

const say = (w, text, how = {}) => w.smsc.deliver({ from: PHONE, to: BANK, text, ...how });
const arrives = (w, text) => w.smsc.waitForText({ to: PHONE, from: BANK, text });
const times = (list, wanted) => list.filter((x) => x === wanted).length;

function status(mei, conversation, { seq }, ...wanted) {
  return mei.wait(`status ${wanted}`, () => wanted.includes(mei.status(conversation, seq)));
}

test("what comes again over a new session because our response was lost is one message", async (t) => {
  const { w, mei, conversation } = await served(t, { smppExtra: FAST });
  const text = "taken, yet unheard";
  w.smsc.deafen();
  const waiting = say(w, text);
  await mei.wait("the text", () => mei.texts(conversation).includes(text));
  w.smsc.drop();
  assert.ok((await waiting).ok);
  assert.ok(w.smsc.events.list("deliver.sent").some((e) => e.attempt === 2));
  await say(w, "something else");
  await mei.wait("the next text", () => mei.texts(conversation).includes("something else"));
  assert.equal(times(mei.texts(conversation), text), 1);
});

test("the same words twice in one session are two messages", async (t) => {
  const { w, mei, conversation } = await served(t);
  await say(w, "hello?");
  await say(w, "hello?");
  await mei.wait("both", () => times(mei.texts(conversation), "hello?") === 2);
});

for (const [what, faults] of [
  ["throttles", { throttlePerSecond: 0 }],
  ["has a full queue", { queueFull: true }],
]) {
  test(`an SMSC that ${what} gets the reply later, once`, async (t) => {
    const { w, mei, conversation } = await served(t);
    w.smsc.faults.set(faults);
    const ack = await mei.say(conversation, "patience");
    await w.smsc.events.wait("submit.refused");
    w.smsc.faults.clear();
    await arrives(w, "patience");
    await status(mei, conversation, ack, "delivered");
    assert.deepEqual(w.smsc.doubles(), []);
  });
}

test("a permanent refusal is seen as failed, with the reason", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.smsc.faults.set({ submitStatusOf: { [PHONE]: 0x0b } });
  const ack = await mei.say(conversation, "nobody there");
  await status(mei, conversation, ack, "failed");
  w.smsc.faults.clear();
  await mei.say(conversation, "somebody there");
  await arrives(w, "somebody there");
});

test("a submit whose response never came is unknown, and a call's text is not sent twice", async (t) => {
  const w = await world(t, { channels: ["sms"], smppExtra: FAST });
  w.smsc.receipts.set({ enabled: false });
  w.smsc.faults.set({ dropNext: 1 });
  const posted = await w.api("POST", "/v1/messages", { to: PHONE, channel: "sms-main", text: "only once" });
  await arrives(w, "only once");
  await until(
    "the status to be unknown",
    async () => (await w.api("GET", `/v1/messages/${posted.body.id}`)).body.status === "unknown",
  );
  await until("the bind to be back", () => w.smsc.links().some((l) => l.state !== "open"));
  await w.api("POST", "/v1/messages", { to: PHONE, channel: "sms-main", text: "after it" });
  await arrives(w, "after it");
  assert.deepEqual(w.smsc.doubles(), []);
});

test("a response that comes after its timer settles what was unknown, and nothing is sent twice", async (t) => {
  const w = await world(t, { channels: ["sms"], smppExtra: "\n    response_timeout: 500 ms" });
  w.smsc.receipts.set({ enabled: false });
  w.smsc.faults.set({ latencyMs: 1500 });
  const posted = await w.api("POST", "/v1/messages", { to: PHONE, channel: "sms-main", text: "hear me" });
  await arrives(w, "hear me");
  const state = async () => (await w.api("GET", `/v1/messages/${posted.body.id}`)).body.status;
  await until("unknown", async () => (await state()) === "unknown");
  await until("sent after all", async () => (await state()) === "sent");
  assert.deepEqual(w.smsc.doubles(), []);
});

test("parts that come over two binds are one message", async (t) => {
  const { w, mei, conversation } = await served(t, { smppExtra: "\n    binds: 2" });
  await until("two binds", () => w.smsc.links().filter((l) => l.state === "trx").length === 2);
  const text = "spread over both ".repeat(30).trim();
  await say(w, text);
  await mei.wait("the text", () => mei.texts(conversation).includes(text));
  assert.equal(new Set(w.smsc.events.list("deliver.sent").map((e) => e.link)).size, 2);
});

test("an SMSC without transceivers is bound as transmitter and receiver", async (t) => {
  const { w, mei, conversation } = await served(t, { smsc: { faults: { refuseTransceiver: true } } });
  assert.deepEqual(
    w.smsc
      .links()
      .map((l) => l.state)
      .sort(),
    ["rx", "tx"],
  );
  const ack = await mei.say(conversation, "over two links");
  await arrives(w, "over two links");
  await status(mei, conversation, ack, "delivered");
});

test("PDUs in single octets and with a vendor's TLVs change nothing", async (t) => {
  const { w, mei, conversation } = await served(t, {
    smsc: { faults: { dribble: 1, vendorTlvs: true, duplicateResponses: true } },
  });
  await say(w, "slowly");
  await mei.wait("the text", () => mei.texts(conversation).includes("slowly"));
  const ack = await mei.say(conversation, "so do we");
  await status(mei, conversation, ack, "delivered");
  assert.deepEqual(w.smsc.doubles(), []);
});

test("an unknown PDU is nacked and the link survives; garbage ends it and we come back", async (t) => {
  const { w, mei, conversation } = await served(t, { smppExtra: FAST });
  const [before] = w.smsc.links();
  w.smsc.raw(Buffer.from("0000001000001234000000000000004d", "hex"));
  const nack = await w.smsc.events.wait("nack");
  assert.deepEqual([nack.status, nack.sequence], [0x03, 0x4d]);
  assert.equal((await w.smsc.enquire())[0].status, 0);
  assert.equal(w.smsc.links()[0].id, before.id);
  const mark = w.smsc.events.mark;
  w.smsc.raw(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"));
  await w.smsc.events.wait("disconnect", { since: mark });
  await w.smsc.events.wait("bind", { since: mark });
  await mei.say(conversation, "back again");
  await arrives(w, "back again");
});

test("without Redis nothing is acknowledged; with it everything resumes by itself", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.smsc.delivery.set({ retryMs: 100 });
  await w.redis.stop("SIGKILL");
  const waiting = say(w, "is anyone there?");
  const refused = await w.smsc.events.wait("deliver.refused");
  assert.equal(refused.again, true);
  const ready = await fetch(`${w.gateway.internalUrl}/readyz`);
  assert.equal(ready.status, 503);
  await w.redis.start();
  assert.ok((await waiting).ok);
  await mei.wait("the text", () => mei.texts(conversation).includes("is anyone there?"));
  assert.equal(times(mei.texts(conversation), "is anyone there?"), 1);
});

test("a node that is killed while it answers leaves one message and one reply", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  w.smsc.delivery.set({ retryMs: 100 });
  let killed;
  w.smsc.events.on("event", (e) => {
    if (e.type === "deliver.sent" && !killed) killed = w.gateway.kill();
  });
  const waiting = say(w, "我的银行卡丢了怎么办");
  await w.smsc.events.wait("deliver.sent");
  await killed;
  await w.gateway.start();
  assert.ok((await waiting).ok);
  await arrives(w, "挂失");
  assert.deepEqual(w.smsc.doubles(), []);
});

test("the gateway unbinds when it stops", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  await w.gateway.stop();
  await w.smsc.events.wait("unbind");
  assert.equal(w.smsc.links().length, 0);
});
