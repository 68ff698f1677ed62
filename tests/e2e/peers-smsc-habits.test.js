// The simulated SMSC with habits of real operators, seen by a third party's ESME (npm smpp).

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { client, smpp, smsc, submit } from "./esme.js";

const RECEIPT = { short_message: Buffer.from("hello"), data_coding: 0, registered_delivery: 1 };
const receiptOf = (pdu) => (pdu.short_message.message ?? "").toString("latin1");
const idIn = (pdu) => /^id:(\S+)/.exec(receiptOf(pdu))[1];

function part(number) {
  const udh = Buffer.from([5, 0, 3, 7, 3, number]);
  return { esm_class: 0x40, short_message: { udh, message: Buffer.from(`part ${number}`) }, data_coding: 0 };
}

test("a limiter may count a long text as one message, or by its parts", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ throttlePerSecond: 0, throttleCounts: "messages" });
  const later = [await submit(c, part(2)), await submit(c, part(3))];
  assert.deepEqual(later.map((r) => r.command_status), [0, 0]);
  assert.equal((await submit(c, part(1))).command_status, smpp.ESME_RTHROTTLED);
  peer.faults.set({ throttleCounts: "parts" });
  assert.equal((await submit(c, part(2))).command_status, smpp.ESME_RTHROTTLED);
});

test("a silent link is cut, one that speaks is not", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ idleCutMs: 1500 });
  const closed = once(c.session, "close").then(() => Date.now());
  let last = Date.now();
  for (let i = 0; i < 5; i++) {
    await new Promise((resolve) => setTimeout(resolve, 400));
    assert.equal((await c.request("enquire_link")).command_status, 0);
    last = Date.now();
  }
  assert.ok((await closed) - last >= 1495);
});

test("an SMSC that reads slowly answers slowly", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ readPerSecond: 160 }); // an enquire_link of 16 octets takes a tenth of a second
  const begun = Date.now();
  await Promise.all(Array.from({ length: 4 }, () => c.request("enquire_link")));
  assert.ok(Date.now() - begun >= 295);
});

test("receipts may wait for the next bind, the oldest first", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.receipts.set({ timing: "on-bind" });
  const ids = [(await submit(c, RECEIPT)).message_id, (await submit(c, RECEIPT)).message_id];
  await c.request("enquire_link");
  assert.equal(c.got.length, 0);
  const gone = peer.events.wait("disconnect");
  c.session.destroy();
  await gone;
  const next = await client(t, peer, { mode: "receiver" });
  assert.deepEqual((await next.arrived(2)).map(idIn), ids);
});

test("receipts may come over another bind than the submit", async (t) => {
  const peer = await smsc(t);
  const [sender, other] = [await client(t, peer), await client(t, peer)];
  peer.receipts.set({ over: "other" });
  for (let i = 0; i < 4; i++) await submit(sender, RECEIPT);
  await other.arrived(4);
  assert.equal(sender.got.length, 0);
});

test("ACCEPTD may come before the final state", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.receipts.set({ accepted: true });
  await submit(c, RECEIPT);
  const states = (await c.arrived(2)).map((pdu) => /stat:(\w+)/.exec(receiptOf(pdu))[1]);
  assert.deepEqual(states, ["ACCEPTD", "DELIVRD"]);
});

test("ids may lose their leading zeros on the way to the receipt", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.receipts.set({ idStyle: "padded", receiptIdStyle: "decimal" });
  const { message_id } = await submit(c, RECEIPT);
  assert.match(message_id, /^0+[1-9]\d+$/);
  const [receipt] = await c.arrived(1);
  assert.equal(idIn(receipt), message_id.replace(/^0+/, ""));
});
