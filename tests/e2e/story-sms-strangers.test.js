// The gateway against SMSCs whose stacks we did not write: npm smpp's server and Debian's Net::SMPP (Perl). Each as a
// transceiver, and as a transmitter and a receiver after it refused the transceiver.

import assert from "node:assert/strict";
import { test } from "node:test";
import { strangers } from "../peers/strangers/stranger.js";
import { until, world } from "./world.js";

const PHONE = "8613800138000";
const BANK = "95500";
const FORM = { source_addr_ton: 1, source_addr_npi: 1, source_addr: PHONE, destination_addr: BANK };
const ucs2 = (text) => Buffer.from(text, "utf16le").swap16();

/** A long text as deliver_sm of 134 octets each behind an 8-bit reference. */
function parts(text, ref) {
  const octets = ucs2(text);
  const count = Math.ceil(octets.length / 134);
  return Array.from({ length: count }, (_, i) =>
    Buffer.concat([Buffer.from([5, 0, 3, ref, count, i + 1]), octets.subarray(i * 134, (i + 1) * 134)]),
  );
}

const receiptText = (id, stat = "DELIVRD") =>
  Buffer.from(`id:${id} sub:001 dlvrd:001 submit date:2611220500 done date:2611220501 stat:${stat} err:000 text:`);

/** The texts of a message in parts, joined in their order; undefined while one is missing. */
function joined(submits) {
  const numbered = submits.map((s) => ({ ...s, total: s.udh.at(-2), number: s.udh.at(-1) })).sort((a, b) => a.number - b.number);
  if (!numbered.length || numbered.length !== numbered[0].total) return undefined;
  return numbered.map((s) => s.text).join("");
}

for (const [name, start] of Object.entries(strangers)) {
  for (const refuse of [[], ["bind_transceiver"]]) {
    const how = refuse.length ? "a transmitter and a receiver" : "a transceiver";
    test(`${name}, over ${how}`, async (t) => {
      const smsc = await start(t, { refuse });
      const w = await world(t, { channels: ["sms"], agents: ["mei"], smscPort: smsc.port, smppExtra: "\n    enquire_link: 1 s\n    reconnect_least: 100 ms" });

      await t.test("is bound to as it must be", () => {
        const modes = refuse.length ? ["transmitter", "receiver"] : ["transceiver"];
        for (const mode of modes) {
          const bind = smsc.pdus.find((p) => p.command === `bind_${mode}`);
          assert.equal(bind.fields.system_id, "posthouse");
          assert.equal(bind.fields.password, "secret");
          assert.equal(bind.fields.interface_version, 0x34);
        }
      });

      await t.test("a question is acknowledged and answered, in both alphabets", async () => {
        const asked = await smsc.request("deliver_sm", { ...FORM, short_message: Buffer.from("I lost my card") });
        assert.equal(asked.status, 0);
        const answer = await smsc.wait("the answer", (p) => p.command === "submit_sm" && /[Bb]lock it now/.test(p.text));
        assert.equal(answer.fields.source_addr, BANK);
        assert.equal(answer.fields.destination_addr, PHONE);
        assert.equal(answer.fields.registered_delivery, 1);
        assert.equal(answer.link, smsc.bound("transceiver", "transmitter"));
        await smsc.request("deliver_sm", { ...FORM, source_addr: "8613800138001", data_coding: 8, short_message: ucs2("我的银行卡丢了怎么办") });
        const chinese = await smsc.wait("the Chinese answer", (p) => p.command === "submit_sm" && /挂失/.test(p.text));
        assert.equal(chinese.fields.data_coding, 8);
      });

      await t.test("long texts arrive whole both ways, and receipts of all parts make it delivered", async () => {
        const mei = await w.agent("mei");
        const from = "8613800138002";
        const question = `人工 ${"您好，请问我的花园小矮人能存进保险箱吗？👩‍👩‍👧".repeat(9)}`;
        for (const [i, part] of parts(question, 0x5a).reverse().entries()) {
          const { status } = await smsc.request("deliver_sm", { ...FORM, source_addr: from, esm_class: 0x40, data_coding: 8, short_message: part });
          assert.equal(status, 0, `part ${i}`);
        }
        const conversation = await mei.conversationWith(question);
        const reply = `${"可以的，小矮人先生👩‍👩‍👧，请带身份证。".repeat(12)}完`;
        const { seq } = await mei.say(conversation, reply);
        const all = await until("all parts of the reply", () => {
          const submits = smsc.submits(from).filter((s) => s.udh.length);
          return joined(submits)?.endsWith(reply) && submits;
        });
        for (const { fields } of all) {
          const { status } = await smsc.request("deliver_sm", { ...FORM, source_addr: from, esm_class: 4, short_message: receiptText(fields.given_id) });
          assert.equal(status, 0);
        }
        await mei.wait("delivered", () => mei.status(conversation, seq) === "delivered");
      });

      await t.test("enquire_link is answered and sent", async () => {
        assert.equal((await smsc.request("enquire_link")).status, 0);
        await smsc.wait("ours", (p) => p.command === "enquire_link");
      });

      await t.test("after its unbind the gateway answers it and binds again", async () => {
        const old = smsc.bound("transceiver", "receiver");
        assert.equal((await smsc.request("unbind")).status, 0);
        await until("another bind", () => smsc.bound("transceiver", "receiver") > old);
        await until("the channel is up again", async () => (await w.channel("sms-main"))?.state === "up");
        const since = smsc.pdus.length;
        await smsc.request("deliver_sm", { ...FORM, source_addr: "8613800138003", short_message: Buffer.from("I lost my card") });
        await smsc.wait("an answer", (p) => p.command === "submit_sm" && p.fields.destination_addr === "8613800138003", { since });
      });

      await t.test("when the gateway stops it unbinds", async () => {
        const since = smsc.pdus.length;
        await w.gateway.stop();
        await smsc.wait("its unbind", (p) => p.command === "unbind", { since });
      });
    });
  }
}
