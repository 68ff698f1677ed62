// The bot over WeChat: menus as msgmenu where the account may send them, as links or numbered lines where it may not; a
// press of a choice comes back as text with bizmsgmenuid, of the last menu or an old one.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, small } from "./small-catalogue.js";
import { until } from "./world.js";

const USER = "oPosthouse_xiaoming_0000001";
const loans = answer("loans", { suggest_only: true, title: { zh: "贷款", en: "Loans" } });
const parcel = answer("parcel", {
  variables: { code: { type: "code", example: "A1", about: "包裹单号 (parcel number)" } },
  text: { zh: "包裹{{code}}已发", en: "Parcel {{code}} has left" },
  samples: { zh: ["包裹000000到了吗", "问题包裹甲", "问题包裹乙"], en: ["parcel 000000 please", "parcel alpha please", "parcel bravo please"] },
});

async function account(t, options = {}) {
  const { w } = await small(t, { channels: ["wechat"], ...options });
  for (const template of [loans, parcel]) await w.api("POST", "/v1/templates", { template });
  assert.equal((await w.api("POST", "/v1/templates/publish", {})).body.version, 2);
  await until("the account to be up", async () => (await w.channel("bank-wechat"))?.state === "up");
  return w;
}

const out = (w) => w.wechat.messages(USER).filter((m) => m.dir === "out");
const left = (w) => w.wechat.platform.users.get(USER).quota.state.left;
const menu = (w, n = 1) => until("the menu", () => out(w).filter((m) => m.kind === "msgmenu")[n - 1]);

/** What the bot did, as the conversation's log has it. */
async function log(w) {
  const { body } = await w.api("DELETE", "/v1/verifications", { to: `wechat:${w.wechat.account.appid}:${USER}` });
  return (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=100`)).body.items;
}

test("a menu is a msgmenu by the API; what is pressed is answered within the callback, also when the menu is old", async (t) => {
  const w = await account(t);
  const asked = await w.wechat.say(USER, "loans alpha please");
  assert.ok(asked.ok && !asked.reply, "a menu is no passive reply");
  const shown = await menu(w);
  assert.equal(shown.text, "Did you mean:");
  assert.match(shown.tail, /^Reply with the number, or "agent" for a person\.$/);
  assert.deepEqual(shown.choices.map((c) => c.id), shown.choices.map((_, i) => String(i + 1)));
  assert.ok(shown.choices.some((c) => c.content === "Loans"));
  assert.equal(left(w), 4, "the menu is one of the five replies");
  const pressed = await w.wechat.choose(USER, "Loans");
  assert.equal(pressed.reply.text, "Answer loans");
  assert.equal((await w.wechat.say(USER, "fees alpha 1")).reply.text, "Answer fees");
  assert.equal((await w.wechat.choose(USER, "Loans")).reply.text, "Answer loans");
  const items = await log(w);
  assert.deepEqual(items.filter((e) => e.answer).map((e) => [e.answer.did, e.answer.next]), [["menu", "chose"], ["chosen", "other"], ["answer", "chose"], ["chosen", undefined]]);
  assert.equal(items.filter((e) => e.marks?.includes("choice")).length, 2);
});

test("a number typed, a value asked for, and a person from a menu", async (t) => {
  const w = await account(t, { agents: ["mei"] });
  await w.wechat.say(USER, "loans alpha please");
  const shown = await menu(w);
  const number = shown.choices.find((c) => c.content === "Loans").id;
  assert.equal((await w.wechat.say(USER, `第${number}个`)).reply.text, "Answer loans");
  assert.match((await w.wechat.say(USER, "parcel alpha please")).reply.text, /tell us: 包裹单号/);
  assert.equal((await w.wechat.say(USER, "it is AB-12, thanks")).reply.text, "Parcel AB-12 has left");
  assert.equal((await w.wechat.say(USER, "包裹123456到了吗")).reply.text, "包裹123456已发", "it was said in the question");
  await w.wechat.say(USER, "loans bravo please");
  await menu(w, 2);
  assert.match((await w.wechat.say(USER, "human please, agent")).reply.text, /agent/);
  const mei = await w.agent("mei");
  const conversation = await mei.conversationWith("human please, agent");
  const before = out(w).length;
  assert.equal((await w.wechat.choose(USER, "Loans")).reply, null, "whoever has a person gets no answer of the bot's");
  await mei.wait("the choice", () => mei.texts(conversation).at(-1) === "Loans");
  assert.equal(out(w).length, before);
});

test("an account that may not send msgmenu says the choices as links, which answer alike", async (t) => {
  const w = await account(t, { wechat: { faults: { msgmenu: false } } });
  await w.wechat.say(USER, "loans alpha please");
  await until("the links", () => out(w).some((m) => m.kind === "text" && m.text.includes("weixin://bizmsgmenu")));
  assert.equal((await w.wechat.choose(USER, "Loans")).reply.text, "Answer loans");
});

test("an account that turns out to have no right to the API loses no menu: the first comes as lines within its callback too", async (t) => {
  const w = await account(t, { wechat: { faults: { service: false } } });
  for (const text of ["loans alpha please", "loans bravo please"]) {
    const { reply } = await w.wechat.say(USER, text);
    assert.match(reply.text, /^Did you mean:\n1 .*\n2 .*\nReply with the number/s);
    const line = reply.text.split("\n").find((l) => l.endsWith("Loans"))[0];
    assert.equal((await w.wechat.say(USER, line)).reply.text, "Answer loans");
  }
  const items = await log(w);
  assert.equal(items.filter((e) => e.answer?.did === "menu").length, 2);
  assert.ok(!items.some((e) => e.status === "failed"), JSON.stringify(items));
  assert.equal(w.gateway.log.match(/event=wechat.menus_as_lines/g).length, 1, "the API is asked once an hour");
});

test("an account without the customer-service API says menus as numbered lines within the callback", async (t) => {
  const w = await account(t, { wechat: { faults: { service: false } }, wechatExtra: "\n    menus: lines" });
  const { reply } = await w.wechat.say(USER, "loans alpha please");
  assert.match(reply.text, /^Did you mean:\n1 .*\n2 .*\nReply with the number/s);
  const line = reply.text.split("\n").find((l) => l.endsWith("Loans"))[0];
  assert.equal((await w.wechat.say(USER, line)).reply.text, "Answer loans");
});
