// The simulated SMSC is held against a third party's SMPP client (npm smpp) and raw sockets, so that what
// it says of the gateway can be believed.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { BANK, PHONE, client, smpp, smsc, submit } from "./esme.js";

const EMOJI = "👩‍👩‍👧 余额不足? 🇨🇳 ";

const octets = (text, encoding) => smpp.encodings[encoding].encode(text);

/** What a client joins from deliver_sm: octets by part number, the header cut off. */
function join(pdus) {
  const parts = pdus.map((pdu) => {
    const udh = pdu.short_message.udh?.[0];
    if (!udh) return { part: pdu.sar_segment_seqnum ?? 1, raw: rawOf(pdu) };
    return { part: udh.at(-1), raw: rawOf(pdu) };
  });
  return Buffer.concat(parts.sort((a, b) => a.part - b.part).map((p) => p.raw));
}

function rawOf(pdu) {
  const text = pdu.message_payload?.message ?? pdu.short_message.message;
  if (Buffer.isBuffer(text)) return text;
  return octets(text, { 0: "ASCII", 3: "LATIN1", 8: "UCS2" }[pdu.data_coding]);
}

test("binds are taken by password, in three modes, and their states are kept", async (t) => {
  const peer = await smsc(t);
  for (const mode of ["transceiver", "transmitter", "receiver"]) {
    const c = await client(t, peer, { mode });
    assert.equal(c.bound.command_status, 0);
    assert.equal(c.bound.sc_interface_version, 0x34);
    const sent = await submit(c, { short_message: Buffer.from("x"), data_coding: 0 });
    assert.equal(sent.command_status, mode === "receiver" ? smpp.ESME_RINVBNDSTS : 0);
    const again = await c.request("bind_transceiver", { system_id: "posthouse", password: "secret" });
    assert.equal(again.command_status, smpp.ESME_RALYBND);
    assert.equal((await c.request("unbind")).command_status, 0);
  }
  assert.equal((await client(t, peer, { password: "wrong" })).bound.command_status, smpp.ESME_RINVPASWD);
  assert.equal((await client(t, peer, { systemId: "stranger" })).bound.command_status, smpp.ESME_RINVSYSID);
});

const SINGLE = [
  ["GSM 7 with its extension table", 0x00, "ASCII", "gsm7", "Fee: 5€ [VIP] {x} ~ @£Δ_ äÖñ"],
  ["Latin-1", 0x03, "LATIN1", "latin1", "Übergröße, señor ¿qué? ±½"],
  ["UTF-16 with surrogate pairs", 0x08, "UCS2", "ucs2", "您的卡👩‍👩‍👧已寄出🇨🇳"],
];

for (const [what, dataCoding, encoder, name, text] of SINGLE) {
  test(`a submitted text in ${what} is on the phone as it was sent`, async (t) => {
    const peer = await smsc(t);
    const c = await client(t, peer);
    const sent = await submit(c, {
      short_message: octets(text, encoder),
      data_coding: dataCoding,
      user_message_reference: 77,
    });
    assert.equal(sent.command_status, 0);
    const message = await peer.waitForText({ to: PHONE });
    assert.equal(message.text, text);
    assert.equal(message.encoding, name);
    assert.equal(message.umr, 77);
    assert.equal(message.parts[0].messageId, sent.message_id);
  });
}

/** Parts of octets that are cut every `size`, whatever stands there. */
function pieces(all, size) {
  return Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.subarray(i * size, (i + 1) * size));
}

const WAYS = {
  udh8: (raw, total, part) => ({
    esm_class: 0x40,
    short_message: Buffer.concat([Buffer.from([5, 0, 3, 9, total, part]), raw]),
  }),
  udh16: (raw, total, part) => ({
    esm_class: 0x40,
    short_message: Buffer.concat([Buffer.from([6, 8, 4, 1, 9, total, part]), raw]),
  }),
  "udh8 behind another element": (raw, total, part) => ({
    esm_class: 0x40,
    short_message: Buffer.concat([Buffer.from([9, 0x70, 2, 0, 0, 0x00, 3, 9, total, part]), raw]),
  }),
  sar: (raw, total, part) => ({
    short_message: raw,
    sar_msg_ref_num: 300,
    sar_total_segments: total,
    sar_segment_seqnum: part,
  }),
};

for (const [way, make] of Object.entries(WAYS)) {
  test(`a long text cut through characters and sent backwards is joined (${way})`, async (t) => {
    const peer = await smsc(t);
    const c = await client(t, peer);
    const text = EMOJI.repeat(12);
    const cut = pieces(octets(text, "UCS2"), 130); // an odd number of units: pairs are cut
    for (let i = cut.length; i > 0; i--)
      await submit(c, { data_coding: 8, ...make(cut[i - 1], cut.length, i) });
    const message = await peer.waitForText({ to: PHONE, text: "余额" });
    assert.equal(message.text, text);
    assert.equal(message.parts.length, cut.length);
    assert.equal(peer.counts().length, 1);
  });
}

test("message_payload is one part", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  await submit(c, {
    data_coding: 8,
    short_message: Buffer.alloc(0),
    message_payload: octets(EMOJI.repeat(20), "UCS2"),
  });
  const message = await peer.waitForText({ to: PHONE });
  assert.equal(message.text, EMOJI.repeat(20));
  assert.equal(message.split, "payload");
});

test("a text that came twice is a double; one part that came twice is not", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  const parts = pieces(octets("long ".repeat(60), "ASCII"), 153);
  const send = (i) => submit(c, { data_coding: 0, ...WAYS.udh8(parts[i], parts.length, i + 1) });
  await send(0);
  await send(0);
  await send(1);
  await send(1);
  assert.deepEqual(peer.doubles(), []);
  assert.equal(peer.smsc.handsets.duplicateParts, 2);
  await send(0);
  assert.equal(peer.doubles().length, 1);
  assert.equal(peer.doubles()[0].count, 2);
});

for (const split of ["udh8", "udh16", "sar", "payload"]) {
  for (const [encoding, text] of [
    ["gsm7", "{fee} of 5€? ".repeat(40)],
    ["latin1", "Überweisung ±½ ".repeat(30)],
    ["ucs2", EMOJI.repeat(12)],
  ]) {
    test(`what a person types arrives whole: ${encoding}, ${split}`, async (t) => {
      const peer = await smsc(t);
      const c = await client(t, peer);
      const { ok, message } = await peer.deliver({ from: PHONE, to: BANK, text, encoding, split });
      assert.ok(ok);
      assert.equal(c.got.length, message.parts.length);
      const coder = { gsm7: "ASCII", latin1: "LATIN1", ucs2: "UCS2" }[encoding];
      assert.equal(smpp.encodings[coder].decode(join(c.got)), text);
      for (const pdu of c.got) {
        assert.equal(`+${pdu.source_addr}`, PHONE);
        assert.equal(pdu.esm_class & 0x3c, 0);
        if (split !== "payload") assert.ok(rawOf(pdu).length <= (encoding === "gsm7" ? 160 : 140));
      }
    });
  }
}

test("parts never end inside a pair, unless asked for", async (t) => {
  const peer = await smsc(t);
  const text = `a${"𝄞".repeat(100)}`; // one unit, then pairs: 67 units would cut one
  const ends = (cut) =>
    peer.smsc
      .partsOf({ from: PHONE, to: BANK, text, cut })
      .map((p) => Buffer.from(p.row.octets, "hex").readUInt16BE(p.row.size - 2));
  assert.ok(ends("clean").every((unit) => unit < 0xd800 || unit >= 0xdc00));
  assert.ok(ends("anywhere").some((unit) => unit >= 0xd800 && unit < 0xdc00));
  const escapes = peer.smsc.partsOf({ from: PHONE, to: BANK, text: `${"a".repeat(152)}€${"b".repeat(40)}` });
  assert.equal(escapes[0].row.size, 152);
});

test("a real number and its spellings are one phone", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  for (const to of ["8613800138000", "+8613800138000", "008613800138000"])
    await submit(c, { destination_addr: to, short_message: Buffer.from("hi"), data_coding: 0 });
  assert.equal(peer.messages(PHONE).length, 3);
});

const FORMS = [
  ["decimal", { idStyle: "decimal" }, (id) => id, /^\d+$/],
  [
    "hexadecimal in the response, decimal in the receipt",
    { idStyle: "hex", receiptIdStyle: "decimal" },
    (id) => String(Number.parseInt(id, 16)),
    /^[0-9A-F]+$/,
  ],
  ["padded decimal in the receipt", { receiptIdStyle: "padded" }, (id) => id.padStart(20, "0"), /^\d+$/],
  ["UUID", { idStyle: "uuid" }, (id) => id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
];

for (const [what, options, expected, pattern] of FORMS) {
  test(`receipts name the message: ${what}`, async (t) => {
    const peer = await smsc(t);
    peer.receipts.set(options);
    const c = await client(t, peer);
    const { message_id: id } = await submit(c, {
      short_message: Buffer.from("hello"),
      data_coding: 0,
      registered_delivery: 1,
    });
    const [receipt] = await c.arrived(1);
    assert.match(id, pattern);
    assert.equal(receipt.receipted_message_id, expected(id));
    assert.match(
      receipt.short_message.message,
      new RegExp(
        `^id:${expected(id)} sub:001 dlvrd:001 submit date:\\d{10} done date:\\d{10} stat:DELIVRD err:000 text:hello$`,
      ),
    );
    assert.equal(receipt.message_state, 2);
    assert.equal(receipt.esm_class, 0x04);
    assert.equal(receipt.source_addr, PHONE);
    assert.equal(receipt.destination_addr, BANK);
  });
}

test("a receipt comes before the response, twice, after an intermediate one, or as TLVs only", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  const order = [];
  c.session.on("pdu", (pdu) => order.push(pdu.command));
  peer.receipts.set({ timing: "before-response", copies: 2, intermediate: true, form: "tlvs", dateDigits: 14 });
  await submit(c, { short_message: Buffer.from("x"), data_coding: 0, registered_delivery: 1 });
  const got = await c.arrived(3);
  assert.equal(order.at(-1), "submit_sm_resp");
  assert.deepEqual(
    got.map((p) => p.message_state),
    [1, 2, 2],
  );
  assert.deepEqual(
    got.map((p) => p.esm_class),
    [0x20, 0x04, 0x04],
  );
  assert.equal(got[1].short_message.message, "");
});

test("receipts come only as far as they were asked for", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  const send = (registered) =>
    submit(c, { short_message: Buffer.from("x"), data_coding: 0, registered_delivery: registered });
  await send(0);
  await send(2);
  peer.fate(PHONE, "fail");
  const { message_id: failed } = await send(2);
  const [receipt] = await c.arrived(1);
  assert.equal(receipt.receipted_message_id, failed);
  assert.match(receipt.short_message.message, /stat:UNDELIV/);
  assert.equal(c.got.length, 1);
});

test("a phone that is off gets its messages, and we the receipts, when it is switched on", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.power(PHONE, false);
  await submit(c, { short_message: Buffer.from("x"), data_coding: 0, registered_delivery: 1 });
  assert.equal(
    (await c.request("query_sm", { message_id: peer.messages(PHONE)[0].parts[0].messageId })).message_state,
    1,
  );
  assert.equal(c.got.length, 0);
  peer.power(PHONE, true);
  assert.match((await c.arrived(1))[0].short_message.message, /stat:DELIVRD/);
});

test("what is unanswered when the link is lost comes again over the next session", async (t) => {
  const peer = await smsc(t);
  const first = await client(t, peer, { answer: () => null });
  const outcome = peer.deliver({ from: PHONE, to: BANK, text: "Where is my card?" });
  await first.arrived(1);
  first.session.destroy();
  await peer.events.wait("deliver.unanswered");
  const second = await client(t, peer);
  assert.deepEqual((await outcome).statuses, [0]);
  assert.equal(second.got[0].short_message.message, "Where is my card?");
  assert.equal(peer.events.list("deliver.sent").length, 2);
});

test("an ESME that does not answer loses its link after the response timer", async (t) => {
  const peer = await smsc(t);
  peer.delivery.set({ responseTimeoutMs: 50 });
  const mute = await client(t, peer, { answer: () => null });
  const closed = once(mute.session, "close");
  const outcome = peer.deliver({ from: PHONE, to: BANK, text: "hello" });
  await closed;
  peer.delivery.set({ responseTimeoutMs: 10000 });
  await client(t, peer);
  assert.ok((await outcome).ok);
});

test("a temporary error is tried again, a permanent one ends the message", async (t) => {
  const peer = await smsc(t);
  peer.delivery.set({ retryMs: 10 });
  const answers = [smpp.ESME_RX_T_APPN, smpp.ESME_RMSGQFUL, 0, smpp.ESME_RX_R_APPN];
  await client(t, peer, { answer: (_, n) => answers[n - 1] });
  const first = await peer.deliver({ from: PHONE, to: BANK, text: "one" });
  assert.deepEqual(first.statuses, [0]);
  assert.equal(peer.events.list("deliver.sent").length, 3);
  assert.deepEqual((await peer.deliver({ from: PHONE, to: BANK, text: "two" })).statuses, [
    smpp.ESME_RX_R_APPN,
  ]);
});

test("parts and receipts spread over all binds of an account, and go to no transmitter", async (t) => {
  const peer = await smsc(t);
  const a = await client(t, peer, { mode: "receiver" });
  const b = await client(t, peer, { mode: "transceiver" });
  const sender = await client(t, peer, { mode: "transmitter" });
  await peer.deliver({ from: PHONE, to: BANK, text: "x".repeat(600) });
  assert.ok(a.got.length > 0 && b.got.length > 0);
  assert.equal(a.got.length + b.got.length, 4);
  assert.equal(sender.got.length, 0);
});

test("higher priority goes first when a backlog is delivered", async (t) => {
  const peer = await smsc(t);
  const sent = [0, 0, 3].map((priority, i) => peer.deliver({ from: PHONE, to: BANK, text: `m${i}`, priority }));
  const c = await client(t, peer);
  await Promise.all(sent);
  assert.deepEqual(
    c.got.map((p) => p.short_message.message),
    ["m2", "m0", "m1"],
  );
  assert.equal(c.got[0].priority_flag, 3);
});
