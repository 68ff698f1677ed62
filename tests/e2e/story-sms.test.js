// Stories over SMS: a customer with a phone, the gateway over real SMPP, an agent at a console. The SMSC is
// a third party's stack with the habits of real operators (tests/peers/smsc).

import assert from "node:assert/strict";
import { test } from "node:test";
import { until, world } from "./world.js";

const PHONE = "+8613800138000";
const BANK = "95500";
const ODD = "Would your manager like to buy my collection of garden gnomes?"; // no template knows this

/** A world with one customer whose conversation mei has. */
async function served(t, options = {}) {
  const w = await world(t, { channels: ["sms"], agents: ["mei"], ...options });
  w.smsc.receipts.set({ delayMs: 0, ...options.smsc?.receipts });
  const mei = await w.agent("mei");
  assert.ok((await say(w, "人工")).ok);
  const conversation = await mei.conversationWith("人工");
  return { w, mei, conversation };
}

const say = (w, text, how = {}) => w.smsc.deliver({ from: PHONE, to: BANK, text, ...how });
const arrives = (w, text) => w.smsc.waitForText({ to: PHONE, from: BANK, text });

/** Waits until the agent sees a status of what was sent with this ack. */
function status(mei, conversation, { seq }, wanted) {
  return mei.wait(`status ${wanted}`, () => mei.status(conversation, seq) === wanted);
}

for (const [lang, question, answer] of [
  ["Chinese", "我的银行卡丢了怎么办", /挂失/],
  ["English", "I lost my card", /[Bb]lock it now/],
]) {
  test(`a question that a template knows is answered on the phone, in ${lang}`, async (t) => {
    const w = await world(t, { channels: ["sms"] });
    assert.ok((await say(w, question)).ok);
    const message = await arrives(w, answer);
    assert.equal(message.peer, BANK);
    assert.equal(message.total, 1);
    assert.equal(w.smsc.counts().length, 1);
    assert.deepEqual(w.smsc.doubles(), []);
  });
}

test("what no template knows goes to an agent, whose reply is delivered on the phone", async (t) => {
  const w = await world(t, { channels: ["sms"], agents: ["mei"] });
  w.smsc.receipts.set({ delayMs: 0 });
  const mei = await w.agent("mei");
  await say(w, ODD);
  const conversation = await mei.conversationWith(ODD);
  const ack = await mei.say(conversation, "Thank you, but our vault is full of gnomes.");
  const message = await arrives(w, "full of gnomes");
  assert.match(message.text, /vault is full of gnomes/);
  await status(mei, conversation, ack, "delivered");
});

test("some words always bring a person", async (t) => {
  const w = await world(t, { channels: ["sms"], agents: ["mei"] });
  const mei = await w.agent("mei");
  for (const [n, word] of ["人工", "转人工", "agent", "human", "0"].entries()) {
    await t.test(`"${word}"`, async () => {
      await say(w, word, { from: `+861380013900${n}` });
      assert.ok(await mei.conversationWith(word));
    });
  }
});

test("the bot is silent once a person answers", async (t) => {
  const { w, mei, conversation } = await served(t);
  await mei.say(conversation, "Good morning, this is Mei.");
  await arrives(w, "this is Mei");
  const before = w.smsc.messages(PHONE).filter((m) => m.dir === "mt").length;
  await say(w, "我的银行卡丢了怎么办");
  await mei.wait("the question", () => mei.texts(conversation).includes("我的银行卡丢了怎么办"));
  await mei.say(conversation, "I block it for you.");
  await arrives(w, "I block it");
  assert.equal(w.smsc.messages(PHONE).filter((m) => m.dir === "mt").length, before + 1);
});

for (const split of ["udh8", "udh16", "sar", "payload"]) {
  test(`long texts arrive whole in both directions (${split})`, async (t) => {
    const long = { payload: "payload", sar: "sar", udh8: "udh8", udh16: "udh16" }[split];
    const { w, mei, conversation } = await served(t, { smppExtra: `\n    long_messages: ${long}` });
    const question = `${split}: 👩‍👩‍👧 ${"余额不足，怎么办？🇨🇳".repeat(14)}`;
    assert.ok((await say(w, question, { split, order: "reverse", cut: "anywhere" })).ok);
    await mei.wait("the long text", () => mei.texts(conversation).includes(question));
    const reply = `${"您好👩‍👩‍👧，请放心。".repeat(16)}完`;
    await mei.say(conversation, reply);
    const message = await arrives(w, /完$/);
    assert.ok(message.text.endsWith(reply), message.text);
    assert.equal(message.split, split);
    assert.equal(mei.texts(conversation).filter((x) => x === question).length, 1);
  });
}

const WRITTEN = {
  gsm7: "Is {my} account [open]? It costs 5€ ~ £3 | ^",
  latin1: "¿Dónde está mi tarjeta? ±½",
  ucs2: "卡👩‍👩‍👧在哪里",
};

test("what the customer writes is what the agent reads, in any alphabet", async (t) => {
  const { w, mei, conversation } = await served(t);
  for (const [encoding, text] of Object.entries(WRITTEN)) {
    await t.test(encoding, async () => {
      await say(w, text, { encoding });
      await mei.wait("the text", () => mei.texts(conversation).includes(text));
    });
  }
});

test("an agent's euro sign and brackets stay GSM 7, and a Chinese character makes it UCS-2", async (t) => {
  const { w, mei, conversation } = await served(t);
  await mei.say(conversation, "It costs 5€ [incl. VAT]");
  assert.equal((await arrives(w, "5€ [incl")).dataCoding, 0);
  await mei.say(conversation, "一共五元");
  assert.equal((await arrives(w, "一共五元")).dataCoding, 8);
});

const FORMS = {
  "as the response had it": {},
  "hexadecimal in the response, decimal in the receipt": { idStyle: "hex", receiptIdStyle: "decimal" },
  "in lower case": { idStyle: "hex", receiptIdStyle: "hex-lower" },
  "padded with zeros": { receiptIdStyle: "padded" },
  "as UUID": { idStyle: "uuid" },
  "in TLVs only": { form: "tlvs" },
  "in text only, with long dates": { form: "text", dateDigits: 14 },
  "before the response": { timing: "before-response" },
  "twice, after an intermediate one": { copies: 2, intermediate: true },
};

test("a reply is seen delivered, whatever form the receipt has", async (t) => {
  const { w, mei, conversation } = await served(t);
  for (const [what, receipts] of Object.entries(FORMS)) {
    await t.test(what, async () => {
      w.smsc.receipts.clear();
      w.smsc.receipts.set({ delayMs: 0, ...receipts });
      const text = `The receipt names it ${what}.`;
      const ack = await mei.say(conversation, text);
      await arrives(w, text);
      await status(mei, conversation, ack, "delivered");
      const [message] = w.smsc.messages(PHONE).filter((m) => m.text?.includes(text));
      await until("all receipts to be acknowledged", () =>
        message.receipts.every((r) => r.status === "acknowledged"),
      );
      assert.ok(message.receipts.length > 0);
    });
  }
});

test("a text that the phone never gets is seen undelivered", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.smsc.fate(PHONE, "fail");
  const ack = await mei.say(conversation, "Hello?");
  await status(mei, conversation, ack, "undelivered");
});

for (const [end, wanted] of [
  ["DELIVRD", "delivered"],
  ["EXPIRED", "partially_delivered, and why"],
]) {
  test(`one of two parts arrives, the other ends ${end}: partially delivered, then ${wanted}`, async (t) => {
    const { w, mei, conversation } = await served(t, { smsc: { receipts: { enabled: false } } });
    const ack = await mei.say(conversation, "两部分".repeat(30));
    const { parts } = await arrives(w, "两部分");
    assert.equal(parts.length, 2);
    w.smsc.receipt({ messageId: parts[0].messageId, state: "DELIVRD" });
    await status(mei, conversation, ack, "partially_delivered");
    w.smsc.receipt({ messageId: parts[1].messageId, state: end });
    if (end === "DELIVRD") return status(mei, conversation, ack, wanted);
    const told = await until("why", async () => {
      const { body } = await w.api("GET", `/v1/messages/${conversation}-${ack.seq}`);
      return body.code && body;
    });
    assert.equal(told.status, "partially_delivered");
    assert.match(told.code, /^smpp\.dlr\./);
    assert.deepEqual(told.parts, ["delivered", "undelivered"]);
  });
}

test("a receipt for a message that nobody knows is acknowledged and harms nothing", async (t) => {
  const { w, mei, conversation } = await served(t);
  const body = Buffer.from(
    "id:doesnotexist sub:001 dlvrd:001 submit date:2611220218 done date:2611220218 stat:DELIVRD err:000 text:x",
  );
  const outcome = await w.smsc.smsc.outbox.push({
    kind: "receipt",
    fields: {
      source_addr: "8613800138000",
      destination_addr: BANK,
      esm_class: 4,
      data_coding: 0,
      short_message: body,
    },
  });
  assert.equal(outcome.status, 0);
  const ack = await mei.say(conversation, "Still here.");
  await status(mei, conversation, ack, "delivered");
});

test("a call that ended sends exactly one text, however often it is posted", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  w.smsc.receipts.set({ delayMs: 0 });
  const call = { call_id: "call-17", caller: PHONE, agent: "mei", disposition: "anything", variables: {} };
  const posts = await Promise.all([1, 2, 3].map(() => w.api("POST", "/v1/calls", call)));
  const ids = new Set(posts.map((p) => p.body.message_id));
  assert.ok(
    posts.every((p) => p.status >= 200 && p.status < 300),
    JSON.stringify(posts.map((p) => p.body)),
  );
  assert.equal(ids.size, 1);
  const again = await w.api("POST", "/v1/calls", call);
  assert.equal(again.body.message_id, [...ids][0]);
  await w.smsc.waitForText({ to: PHONE });
  const message = await until("the message to be delivered", async () => {
    const answer = await w.api("GET", `/v1/messages/${[...ids][0]}`);
    return answer.body.status === "delivered" && answer.body;
  });
  assert.equal(message.status, "delivered");
  assert.equal(w.smsc.messages(PHONE).length, 1);
});

test("the API sends a text once for an idempotency key", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  const body = { to: PHONE, channel: "sms-main", text: "Your statement is ready." };
  const post = () => w.api("POST", "/v1/messages", body, { "idempotency-key": "statement-9" });
  const [a, b] = await Promise.all([post(), post()]);
  assert.equal(a.body.id, b.body.id, JSON.stringify([a.body, b.body]));
  await w.smsc.waitForText({ to: PHONE, text: "statement is ready" });
  await w.api("POST", "/v1/messages", { ...body, text: "Another." });
  await w.smsc.waitForText({ to: PHONE, text: "Another." });
  assert.deepEqual(
    w.smsc.counts().map((c) => c.count),
    [1, 1],
  );
});

test("a part that comes after its time completes the message where it stands", async (t) => {
  const { w, mei, conversation } = await served(t, { smppExtra: "\n    parts_timeout: 1 s" });
  const part = (n, text) => say(w, text, { fields: { sar_msg_ref_num: 77, sar_total_segments: 2, sar_segment_seqnum: n } });
  assert.ok((await part(2, "and here is the rest")).ok);
  const half = await mei.wait("what there is", () => mei.messages(conversation).find((m) => m.text === "and here is the rest"));
  assert.deepEqual(half.marks, ["incomplete"]);
  assert.ok((await part(1, "My card is gone, ")).ok);
  const edit = await mei.wait("the rest", () => [...mei.logs.get(conversation).values()].find((e) => e.type === "edit"));
  assert.deepEqual([edit.of, edit.text, edit.marks], [half.seq, "My card is gone, and here is the rest", undefined]);
  assert.equal(mei.messages(conversation).filter((m) => m.text.includes("the rest")).length, 1);
  const { body } = await w.api("GET", `/v1/messages/${half.id}`);
  assert.equal(body.text, edit.text);
});
