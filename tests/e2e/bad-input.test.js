// What no customer should send and somebody will: over the web chat and SMS, to a catalogue of some answers, of one, of none.
// Each has a defined end: it is refused by name, or a person is fetched with one word about it. The node stays well.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answerYaml, small } from "./small-catalogue.js";
import { until } from "./world.js";

const LINES = "a\n".repeat(1000);
const HUGE = "word ".repeat(13107); // 64 KiB

/** What the web chat makes of each: the code of its error frame, or "reply", or the socket's close code. */
const web = [
  ["empty", "", "field_too_short"],
  ["blanks", " \n\t ", "field_too_short"],
  ["a NUL", "a\0b", 4002],
  ["control characters", "\x01\x02\x07\x1b[2J\x7f", "reply"],
  ["one character", "?", "reply"],
  ["one Chinese character", "卡", "reply"],
  ["emoji only", "😀👍🏽👩‍👩‍👧", "reply"],
  ["1,000 lines", LINES, "reply"],
  ["a lone surrogate", { raw: (cid) => `{"type":"msg","cid":"${cid}","text":"\\ud800"}` }, 4002],
  ["more than a message holds", "x".repeat(2001), "field_too_long"],
  ["64 KiB", HUGE, 1009],
  ["octets that are no UTF-8", { raw: (cid) => Buffer.from(`{"type":"msg","cid":"${cid}","text":"\xff\xc0\x80"}`, "latin1") }, 1007],
];

/** How many times the bot spoke to a customer by the time it has heard what was said last. */
async function spoken(w, to, last) {
  const { body } = await w.api("DELETE", "/v1/verifications", { to });
  const messages = await until(`"${last}" to be heard`, async () => {
    const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=200`)).body;
    return items?.some((e) => e.direction === "in" && e.text === last) && items.filter((e) => e.type === "message");
  });
  return messages.filter((e) => e.direction === "out").length;
}

async function onWeb(w, [what, text, wanted]) {
  const visitor = await w.visitor();
  const cid = "bad-1";
  if (text.raw) visitor.socket.send(text.raw(cid), { binary: false });
  else visitor.send({ type: "msg", cid, text });
  const got = await visitor.wait(what, () => {
    if (visitor.closed) return visitor.closed.code;
    const error = visitor.frames.find((f) => f.type === "error");
    return error ? error.code : visitor.texts("out").length ? "reply" : undefined;
  });
  assert.equal(got, wanted, `${what}: ${JSON.stringify(visitor.frames.slice(-2))}`);
  if (got === "reply") {
    await visitor.say("and this"); // heard after all that the first one caused
    assert.equal(await spoken(w, `web:${visitor.visitor}`, "and this"), 1, what);
  }
  visitor.close();
}

/** The same over SMS, as an operator's SMSC would hand over. */
const sms = [
  ["empty", { text: "" }],
  ["control characters", { text: "\x01\x02\x07\x1b[2J", encoding: "ucs2" }],
  ["one character", { text: "?" }],
  ["emoji only", { text: "😀👍🏽" }],
  ["half an emoji", { text: "\ud83d", encoding: "ucs2" }],
  ["octets of no alphabet", { text: "\xff\xfe\xc0\x80", encoding: "latin1", fields: { data_coding: 4 } }],
  ["1,000 lines", { text: LINES }],
  ["64 KB", { text: HUGE.slice(0, 64000), split: "payload" }],
];

let phones = 13800200000;
async function onSms(w, [what, how]) {
  const from = `+86${++phones}`;
  const { statuses } = await w.smsc.deliver({ from, to: "95500", ...how });
  const replies = () => w.smsc.messages(from).filter((m) => m.dir === "mt");
  assert.ok(statuses.every((s) => s === 0), `${what}: ${statuses}`);
  await until(`a word about ${what}`, () => replies().length);
  await w.smsc.deliver({ from, to: "95500", text: "and this" });
  assert.equal(await spoken(w, from, "and this"), 1, what);
}

const catalogues = [
  ["none", "answers: []\n", /colleague|person|agent|人工/i],
  ["one answer", `answers:\n${answerYaml("hours", 0)}`, /Answer hours/],
  ["two answers", `answers:\n${answerYaml("hours", 0)}${answerYaml("fees", 1)}`, /Answer hours/],
];

for (const [name, yaml, known] of catalogues) {
  test(`a catalogue of ${name}: bad input has a defined end, and the node stays well`, async (t) => {
    const { w } = await small(t, { channels: ["web", "sms"], more: { "answers.yaml": yaml } });
    const { pid } = w.gateway.program;
    for (const one of web) await onWeb(w, one);
    for (const one of sms) await onSms(w, one);
    const visitor = await w.visitor();
    await visitor.say("hours alpha 0");
    await visitor.reply(known);
    assert.equal((await w.channel("sms-main")).state, "up");
    assert.equal((await fetch(`${w.gateway.internalUrl}/readyz`)).status, 200);
    assert.deepEqual([w.gateway.program.ended, w.gateway.program.pid], [false, pid]);
  });
}
