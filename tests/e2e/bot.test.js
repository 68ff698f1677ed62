// What the bot does when it is not sure: a menu, a choice, a question back, a person. Over SMS and the web chat.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, published, texter } from "./small-catalogue.js";
import { until } from "./world.js";

const PHONE = "+8613900139000";
const loans = answer("loans", { suggest_only: true, title: { zh: "贷款", en: "Loans" } });
const parcel = answer("parcel", {
  variables: { code: { type: "code", example: "A1", about: "包裹单号 (parcel number)" } },
  text: { zh: "包裹{{code}}已发", en: "Parcel {{code}} has left" },
  samples: { zh: ["包裹000000到了吗", "问题包裹甲", "问题包裹乙"], en: ["parcel 000000 please", "parcel alpha please", "parcel bravo please"] },
});

const sms = texter(PHONE);

test("SMS: a menu with numbers, a choice after a restart, what an answer lacks, two misses, and who comes back is counted", async (t) => {
  const w = await published(t, [loans, parcel]);
  const menu = await sms(w, "loans alpha please");
  assert.match(menu, /Did you mean:\n1 .*\n2 .*(\n3 .*)?\nReply with the number/s);
  const line = menu.split("\n").find((l) => l.endsWith("Loans"))[0];
  await w.gateway.restart("SIGKILL"); // the menu is known to whoever gets the next message
  await until("the bind", async () => (await w.channel("sms-main"))?.state === "up");
  assert.match(await sms(w, line === "1" ? "第一个" : `the ${["first", "second", "third"][line - 1]}`), /Answer loans/);
  assert.match(await sms(w, "parcel bravo please"), /tell us: 包裹单号 \(parcel number\)/);
  assert.match(await sms(w, "AB-12"), /Parcel AB-12 has left/);
  assert.match(await sms(w, "fees alpha 1"), /Answer fees/);
  assert.match(await sms(w, "fees bravo 1"), /Answer fees/);
  assert.match(await sms(w, "loans bravo please"), /Did you mean/);
  assert.doesNotMatch(await sms(w, "loans charlie please"), /Did you mean|Answer/);

  const { body } = await w.api("POST", "/v1/messages", { to: PHONE, text: "x" });
  const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=100`)).body;
  const did = items.filter((e) => e.answer).map((e) => [e.answer.did, e.answer.why]);
  assert.deepEqual(did, [["menu"], ["chosen"], ["ask"], ["answer"], ["answer"], ["answer"], ["menu"], ["human", "twice"]].map(([a, b]) => [a, b]));
  const next = items.filter((e) => e.answer).map((e) => e.answer.next);
  assert.deepEqual(next, ["chose", "other", "value", "other", "same", "other", "other", undefined]);
  const after = items.filter((e) => e.after);
  assert.ok(after.every((e) => e.direction === "in" && items.find((x) => x.seq === e.after.seq).answer.next === e.after.did));
  const sure = items.filter((e) => e.answer?.did === "answer")[1].answer;
  assert.match(sure.version, /^2 [0-9a-f]{16}$/);
  assert.equal(sure.confidence, 1);
  assert.equal(sure.signals.length, 7);
  assert.ok(items.some((e) => e.type === "session" && e.state === "queued"));
  const metrics = await w.gateway.metrics();
  for (const [name, value] of [["answered", 3], ["chosen", 1], ["menus", 1], ["asked", 1], ["returned", 1], ["handed_over", 1]])
    assert.match(metrics, new RegExp(`posthouse_${name}_total\\{channel="sms-main"\\} ${value}\\b`), name);
  assert.match(metrics, /posthouse_after_answer_total\{did="same"\} 1/);
  assert.match(metrics, /posthouse_after_menu_total\{did="value"\} 1/);
});

test("web chat: a menu has buttons, whose text chooses; a person comes for whoever has had enough", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"] });
  const visitor = await w.visitor();
  await visitor.say("loans alpha please");
  const menu = await visitor.reply(/Did you mean/);
  assert.ok(menu.options.includes("Loans"), JSON.stringify(menu));
  await visitor.say("Loans");
  await visitor.reply(/Answer loans/);
  await visitor.say("your service is useless, I am sick of this");
  await visitor.reply(/person|colleague|agent|human/i);
});

test("what the first question says is not asked for, over SMS and the web chat, in both languages", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"] });
  assert.match(await texter("+8613900139009")(w, "包裹123456到了吗"), /包裹123456已发/);
  const visitor = await w.visitor();
  await visitor.say("parcel 123456 please");
  await visitor.reply(/Parcel 123456 has left/);
  const { body } = await w.api("DELETE", "/v1/verifications", { to: `web:${visitor.visitor}` });
  const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=10`)).body;
  assert.deepEqual(items.filter((e) => e.answer).map((e) => [e.answer.did, e.answer.taken]), [["answer", ["code"]]]);
  assert.doesNotMatch(w.gateway.log, /123456/);
});

test("who writes fast, from two nodes at once, gets every answer once; whom a person has, the bot does not speak to", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"], agents: ["mei"] });
  const other = await w.addNode("node-2");
  const one = await w.visitor();
  const two = await w.visitor({ node: other, token: one.token, visitor: one.visitor });
  await one.say("loans alpha please");
  await two.say("Loans"); // the menu of the other node
  await two.reply(/Answer loans/);
  const texts = ["fees alpha 1", "hours bravo 0", "fees charlie 1", "hours alpha 0", "fees bravo 1", "hours charlie 0"];
  const acks = await Promise.all(texts.map((text, i) => (i % 2 ? one : two).say(text)));
  const { body } = await w.api("DELETE", "/v1/verifications", { to: `web:${one.visitor}` });
  const log = async () => (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=200`)).body.items.filter((e) => e.type === "message");
  const said = await log();
  assert.equal(new Set(acks.map((a) => a.seq)).size, texts.length);
  for (const { seq } of acks) {
    const at = said.findIndex((e) => e.seq === seq);
    assert.equal(said[at + 1].text, `Answer ${said[at].text.split(" ")[0]}`, "each is answered before the next is heard");
  }
  assert.equal(said.filter((e) => e.direction === "out").length, 2 + texts.length);

  // Two near misses at once: one menu, and the other is the second miss, whichever came first.
  await Promise.all([one.say("loans bravo please"), two.say("loans charlie please")]);
  const now = (await log()).slice(said.length).filter((e) => e.direction === "out");
  assert.deepEqual(now.map((e) => [e.answer.did, e.answer.why]), [["menu", undefined], ["human", "twice"]]);
  const mei = await w.agent("mei");
  await mei.conversationWith(/loans/);
  const before = (await log()).length;
  await one.say("fees alpha 1");
  await two.say("1");
  assert.deepEqual((await log()).slice(before).map((e) => e.direction), ["in", "in"]);
});

test("outside the desk's hours who wants a person is told so, and waits in the queue all the same", async (t) => {
  const hour = new Date().getHours();
  const two = (n) => String((n + 24) % 24).padStart(2, "0");
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"], desk: `\n  hours: ${two(hour + 2)}:00-${two(hour + 4)}:00` });
  const visitor = await w.visitor();
  await visitor.say("human please, agent");
  await visitor.reply(new RegExp(`from ${two(hour + 2)}:00 to ${two(hour + 4)}:00`));
  await until("the queue", async () => visitor.frames.some((f) => f.state === "queued"));
});

test("who wants a person is told once how the desk stands: nobody there, somebody free, all busy and the place", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"], agents: ["mei"] });
  const seen = (metric, value) => until(`${metric} ${value}`, async () => new RegExp(`posthouse_queue_${metric}\\{queue="general"\\} ${value}\\b`).test(await w.gateway.metrics()));
  let phone = 13600000000;
  const ask = () => texter(`+86${++phone}`)(w, "转人工");
  const visitor = await w.visitor();
  await visitor.say("human please, agent");
  await visitor.reply(/No agent is here just now/);
  const mei = await w.agent("mei"); // has six places
  const conversation = await mei.conversationWith(/human please/);
  for (let free = 5; free > 0; free--) {
    await seen("free", free);
    assert.match(await ask(), /正在为您转接/);
  }
  await seen("free", 0);
  assert.match(await ask(), /您排在第1位，轮到您/);
  await seen("waiting", 1);
  assert.match(await ask(), /您排在第2位，轮到您/);
  await visitor.say("are you there");
  await mei.wait("the text", () => mei.texts(conversation).includes("are you there"));
  const { body } = await w.api("DELETE", "/v1/verifications", { to: `web:${visitor.visitor}` });
  const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=20`)).body;
  assert.equal(items.filter((e) => e.answer).length, 1, "never more than once a session");
});

test("questions without an answer are grouped for those who write answers, and agents teach what a text was about", async (t) => {
  const w = await published(t, [loans, parcel], { agents: ["mei"] });
  const mei = await w.agent("mei");
  let phone = 13700000000;
  for (const text of ["can I rent a boat here", "can I rent boats here", "can i rent a small boat here", "what colour is the sky on mars"])
    await w.smsc.deliver({ from: `+86${++phone}`, to: "95500", text });
  const groups = await until("the groups", async () => {
    const { body } = await w.api("GET", "/v1/unanswered");
    return body.questions === 4 && body.groups;
  });
  assert.deepEqual(groups.map((g) => g.count), [3, 1]);
  assert.match(groups[0].text, /rent .*boat/);
  assert.equal(groups[0].draft.samples.en.length, 3);
  assert.doesNotMatch(JSON.stringify(groups), /1370000000/);
  assert.doesNotMatch(w.gateway.log, /boat/);
  const draft = { ...groups[0].draft, id: "boats", title: { zh: "租船", en: "Boats" }, text: { zh: "不租", en: "No boats" } };
  draft.samples.zh = ["可以租船吗", "租船", "有没有船租"];
  assert.equal((await w.api("POST", "/v1/templates", { template: draft })).status, 201);
  assert.equal((await w.api("POST", "/v1/templates/publish", { ids: ["boats"] })).status, 200);
  assert.equal((await w.api("DELETE", "/v1/unanswered", { ids: groups[0].ids })).body.removed, 3);
  assert.deepEqual((await w.api("GET", "/v1/unanswered")).body.groups.map((g) => g.count), [1]);

  const conversation = await mei.conversationWith(/mars/);
  const found = await mei.request({ type: "search", q: "boatz", conversation });
  assert.equal(found.items[0].id, "boats");
  assert.equal(found.items[0].text, "No boats");
  const { seq } = mei.messages(conversation).find((m) => /mars/.test(m.text));
  await mei.request({ type: "about", conversation, seq, template: "boats" });
  await assert.rejects(mei.request({ type: "about", conversation, seq, template: "nothing" }), /invalid/);
  await until("the refit", () => /event=templates.refitted corrections=1/.test(w.gateway.log));
  assert.match(await w.gateway.metrics(), /posthouse_corrections_total 1/);
});
