// The console's WebSocket as docs/protocols/console.md has it, spoken by an independent client: what is pushed, what is
// refused and with which code, what a lost connection and a lost Redis do not lose.

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { until, world } from "./world.js";

const sms = { channels: ["sms"] };
const ask = (w, text, from = "+8613900000001") => w.smsc.deliver({ from, to: "95500", text });
const code = (want) => (err) => err.code === want || assert.fail(`${err.code ?? err}, not ${want}`);

/** A logged-in socket that says what the test wants; frames are kept. */
async function raw(w, id) {
  const answer = await fetch(`${w.gateway.url}/console/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ user: id, password: "relay-station" }),
  });
  const { token } = await answer.json();
  const socket = new WebSocket(`${w.gateway.url.replace("http", "ws")}/console/ws`, "posthouse.console.v1", { headers: { authorization: `Bearer ${token}` } });
  const frames = [];
  socket.on("message", (data) => frames.push(JSON.parse(data)));
  const closed = new Promise((resolve) => socket.on("close", (close, reason) => resolve({ code: close, reason: String(reason) })));
  await new Promise((resolve, reject) => socket.on("open", resolve).on("error", reject));
  return { socket, frames, closed, say: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)) };
}

test("a question waits, is assigned, answered and closed; each step is pushed in order", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const mei = await w.agent("mei", { available: false });
  const welcome = mei.frames.find((f) => f.type === "welcome");
  assert.equal(welcome.presence, "away");
  assert.ok(welcome.dispositions.some((d) => d.id === "solved" && d.zh && d.en));
  assert.ok(welcome.canned.some((c) => c.id === "canned.hello" && c.text.en.includes("{{agent}}") && c.title.zh));

  await ask(w, "转人工 lost my card");
  const waiting = await mei.wait("a waiting conversation", () => [...mei.summaries.values()].find((s) => s.state === "queued"));
  assert.equal(waiting.title, "+86 139****0001");
  assert.equal(waiting.connector, "sms");
  assert.ok(waiting.waiting_since > 0);
  await mei.frame("the queue's length", (f) => f.type === "queues" && f.queues.some((q) => q.name === "general" && q.waiting === 1));

  await mei.request({ type: "presence", state: "available" });
  const conversation = await mei.conversationWith("转人工 lost my card");
  assert.equal(conversation, waiting.conversation);
  const ack = await mei.say(conversation, "I block it now.");
  assert.equal(ack.id, `${conversation}-${ack.seq}`);
  await mei.wait("delivered", () => mei.status(conversation, ack.seq) === "delivered");
  assert.equal((await w.smsc.waitForText({ to: "+8613900000001", text: "I block it now." })).text, "I block it now.");

  const again = await mei.say(conversation, "I block it now.", ack.cid);
  assert.equal(again.seq, ack.seq, "the same cid is the same message");

  mei.send({ type: "read", conversation, seq: ack.seq });
  await mei.wait("nothing unread", () => mei.summaries.get(conversation).unread === 0);
  const customer = await mei.request({ type: "customer", conversation });
  assert.deepEqual(customer.addresses, [{ address: "+86 139****0001", channel: "sms-main", connector: "sms" }]);
  assert.equal(customer.sessions.at(-1).state, "assigned");

  await mei.request({ type: "close", conversation, disposition: "solved", note: "done" });
  await mei.wait("closed", () => mei.summaries.get(conversation)?.state === "closed");
  const lastSession = () => [...mei.logs.get(conversation).values()].filter((e) => e.type === "session").at(-1);
  await mei.wait("the end in the log", () => lastSession().state === "closed");
  const last = lastSession();
  const seqs = [...mei.logs.get(conversation).keys()].sort((a, b) => a - b);
  assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, i) => i + 1), "no event is missing");
  assert.deepEqual([last.state, last.disposition, last.note], ["closed", "solved", "done"]);
  assert.equal(JSON.stringify(mei.frames).includes("13900000001"), false, "the number is masked everywhere");
});

test("two agents: one takes, the other is told; what is another's cannot be seen or answered", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei", "bo"] });
  const [mei, bo] = [await w.agent("mei", { available: false }), await w.agent("bo", { available: false })];
  await ask(w, "转人工");
  const find = (agent) => agent.wait("it waits", () => [...agent.summaries.values()].find((s) => s.state === "queued")?.conversation);
  const conversation = await find(mei);
  await find(bo);
  const takes = await Promise.allSettled([mei, bo].map((a) => a.request({ type: "take", conversation })));
  assert.deepEqual(takes.map((p) => p.status).sort(), ["fulfilled", "rejected"]);
  assert.equal(takes.find((p) => p.status === "rejected").reason.code, "not_waiting");
  const [owner, other] = takes[0].status === "fulfilled" ? [mei, bo] : [bo, mei];
  await other.frame("that it is gone", (f) => f.type === "gone" && f.conversation === conversation);
  await assert.rejects(other.request({ type: "open", conversation, since: 0 }), code("not_found"));
  await assert.rejects(other.request({ type: "history", conversation, before: 10 }), code("not_found"));
  await assert.rejects(other.request({ type: "customer", conversation }), code("not_found"));
  await assert.rejects(other.say(conversation, "mine!"), code("not_yours"));
  await assert.rejects(other.request({ type: "close", conversation, disposition: "solved" }), code("not_yours"));
  await owner.request({ type: "requeue", conversation, note: "bo knows better" });
  await other.wait("it waits again", () => other.summaries.get(conversation)?.state === "queued");
  await other.request({ type: "take", conversation });
  await other.conversationWith("转人工");
  await other.say(conversation, "now it is");
});

test("skills: an agent sees only the queues they serve, a supervisor sees all", async (t) => {
  const w = await world(t, sms);
  await w.addUser("cai", { skills: "cards" });
  await w.addUser("sun", { role: "supervisor" });
  await w.addUser("max", { role: "marketer" });
  const cai = await w.agent("cai");
  const sun = await w.agent("sun", { available: false });
  await ask(w, "转人工");
  const { conversation } = await sun.wait("it waits", () => [...sun.summaries.values()].find((s) => s.state === "queued"));
  await sun.request({ type: "open", conversation, since: 0 });
  await assert.rejects(cai.request({ type: "open", conversation, since: 0 }), code("not_found"));
  assert.equal(cai.summaries.size, 0);
  const max = await raw(w, "max");
  assert.equal((await max.closed).code, 1008);
});

test("a console that was away continues where it stood, and after a long absence begins anew", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  mei.close();
  for (let i = 0; i < 5; i++) await ask(w, `while away ${i}`);
  await mei.connect();
  await mei.wait("what was missed", () => mei.texts(conversation).filter((x) => x.startsWith("while away")).length === 5);
  const seqs = [...mei.logs.get(conversation).keys()].sort((a, b) => a - b);
  assert.deepEqual(seqs, Array.from({ length: seqs.length }, (_, i) => i + 1));

  const page = await mei.request({ type: "history", conversation, before: 4, limit: 2 });
  assert.deepEqual([page.events.map((e) => e.seq), page.more], [[2, 3], true]);
  const start = await mei.request({ type: "history", conversation, before: 2, limit: 2 });
  assert.deepEqual([start.events.map((e) => e.seq), start.more], [[1], false]);

  mei.close();
  mei.logs.clear();
  for (let i = 0; i < 60; i++) await ask(w, `many ${i}`);
  await mei.connect();
  const first = await mei.frame("the newest", (f) => f.type === "events" && f.events.some((e) => e.text === "many 59"));
  assert.deepEqual([first.events.length, first.more], [50, true]);
});

test("the same agent's newer console replaces the older one", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const first = await raw(w, "mei");
  first.say({ type: "hello", v: 1 });
  await until("welcome", () => first.frames.some((f) => f.type === "welcome"));
  const second = await raw(w, "mei");
  assert.equal((await first.closed).code, 4010);
  second.say({ type: "hello", v: 1 });
  await until("welcome", () => second.frames.some((f) => f.type === "welcome"));
  second.socket.terminate();
});

test("frames that are wrong are refused by code and field, or close the socket", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  const refused = async (frame, want, field) => {
    const error = await mei.request(frame).then(() => assert.fail(`${JSON.stringify(frame)} was taken`), (e) => e);
    assert.deepEqual([error.code, error.field], [want, field]);
  };
  await refused({ type: "open", conversation: 7 }, "invalid", "conversation");
  await refused({ type: "open", conversation: "x" }, "not_found", "conversation");
  await refused({ type: "open", conversation: "0".repeat(32) }, "not_found", undefined);
  await refused({ type: "open", conversation, sinse: 1 }, "invalid", "sinse");
  await refused({ type: "history", conversation, before: 9, limit: 201 }, "invalid", "limit");
  await refused({ type: "presence", state: "asleep" }, "invalid", "state");
  await refused({ type: "close", conversation, disposition: "no.such" }, "invalid", "disposition");
  await refused({ type: "close", conversation, disposition: "solved", note: "x".repeat(2001) }, "too_long", "note");
  await refused({ type: "send", conversation, text: "x" }, "invalid", "cid");
  await refused({ type: "send", conversation, cid: "c1" }, "invalid", "text");
  await refused({ type: "send", conversation, cid: "c1", text: "x".repeat(8001) }, "too_long", "text");
  await refused({ type: "send", conversation, cid: "c1", template: "no.such" }, "invalid", "template");
  await refused({ type: "send", conversation, cid: "c1", template: "canned.hello" }, "invalid", "variables.agent");
  await refused({ type: "hello", v: 1 }, "invalid", undefined);
  const sent = await mei.request({ type: "send", conversation, cid: "c2", template: "canned.hello", variables: { agent: "Mei" } });
  assert.equal(sent.type, "ack");
  await mei.wait("it in the log", () => mei.messages(conversation).some((m) => m.template === "canned.hello" && m.text.includes("Mei")));

  for (const wrong of ["{", "[]", '{"type":"nonsense"}', "{}"]) {
    const socket = await raw(w, "mei");
    socket.say(wrong);
    assert.equal((await socket.closed).code, 4002, wrong);
  }
  const early = await raw(w, "mei");
  early.say({ type: "take", conversation, rid: "r" });
  await until("the refusal", () => early.frames.some((f) => f.type === "error" && f.code === "invalid" && f.rid === "r"));
  early.say({ type: "hello", v: 2 });
  assert.equal((await early.closed).code, 4002);
  const big = await raw(w, "mei");
  big.say(JSON.stringify({ type: "ping", rid: "x".repeat(70_000) }));
  assert.equal((await big.closed).code, 1009);
  const flood = await raw(w, "mei");
  for (let i = 0; i < 1000; i++) flood.say({ type: "ping" });
  assert.equal((await flood.closed).code, 4008);
});

test("suggestions answer the customer's last question", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  await ask(w, "How do I block a lost card?");
  await mei.wait("the question", () => mei.texts(conversation).includes("How do I block a lost card?"));
  const { items } = await mei.request({ type: "suggest", conversation, q: "" });
  assert.ok(items.length > 0 && items.length <= 5);
  assert.deepEqual(Object.keys(items[0]).sort(), ["id", "score", "text", "title"]);
  assert.match(items[0].id, /card|lost/);
  assert.deepEqual(items.map((i) => i.score), items.map((i) => i.score).sort((a, b) => b - a));
  const other = await mei.request({ type: "suggest", conversation, q: "exchange rate of the euro" });
  assert.notEqual(other.items[0]?.id, items[0].id);
  // Asking for a person, a number and thanks are no questions: the one before them is still open.
  for (const text of ["人工", "2", "谢谢"]) {
    await ask(w, text);
    await mei.wait(text, () => mei.texts(conversation).at(-1) === text);
    const still = await mei.request({ type: "suggest", conversation, q: "" });
    assert.deepEqual(still.items.map((i) => i.id), items.map((i) => i.id), text);
  }
  await mei.say(conversation, "Done.");
  await ask(w, "exchange rate of the euro");
  await mei.wait("the next question", () => mei.texts(conversation).at(-1) === "exchange rate of the euro");
  const next = await mei.request({ type: "suggest", conversation, q: "" });
  assert.deepEqual(next.items, other.items);
  await mei.say(conversation, "7.8");
  await ask(w, "人工");
  await mei.wait("a person wanted", () => mei.texts(conversation).at(-1) === "人工");
  const answered = await mei.request({ type: "suggest", conversation, q: "" });
  assert.notEqual(answered.items[0]?.id, other.items[0].id, "what was answered is not open any more");
});

test("what a reply takes as SMS is told before it is sent", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"], smppExtra: "\n    signature: {place: front}\n    transliterate: true" });
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  const plain = await mei.request({ type: "measure", conversation, text: "It’s on its way" });
  assert.deepEqual([plain.alphabet, plain.parts, plain.changes], ["gsm7", 1, [{ from: "’", to: "'" }]]);
  assert.match(plain.text, /^\[.+\] It's on its way$/);
  const { alphabet, text, left } = await mei.request({ type: "measure", conversation, text: "好的" });
  assert.deepEqual([alphabet, left], ["ucs2", 70 - text.length]);
  const { seq } = await mei.say(conversation, "It’s on its way");
  const sent = await w.smsc.waitForText({ text: "on its way" });
  assert.equal(sent.text, plain.text);
  assert.deepEqual(mei.logs.get(conversation).get(seq)?.marks ?? (await mei.wait("it", () => mei.logs.get(conversation).get(seq))).marks, ["transliterated"]);
  await assert.rejects(mei.request({ type: "measure", conversation: "0".repeat(32), text: "x" }), code("not_found"));
});

test("Redis gone: the console is told, nothing is acknowledged, and everything resumes by itself", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  await w.redis.stop("SIGKILL");
  await mei.frame("degraded", (f) => f.type === "service" && f.state === "degraded");
  await assert.rejects(mei.say(conversation, "now?", "late"), code("unavailable"));
  await w.redis.start();
  await mei.frame("ok", (f) => f.type === "service" && f.state === "ok");
  const ack = await mei.say(conversation, "now.", "late-2");
  await mei.wait("it in the log", () => mei.logs.get(conversation).get(ack.seq)?.text === "now.");
  await ask(w, "thanks");
  await mei.wait("the answer", () => mei.texts(conversation).includes("thanks"));
});

test("a node that stops says bye, and the agent goes on at another", async (t) => {
  const w = await world(t, { ...sms, agents: ["mei"] });
  const other = await w.addNode("node-2");
  const mei = await w.agent("mei");
  await ask(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  const end = w.gateway.stop();
  const bye = await mei.frame("bye", (f) => f.type === "bye");
  assert.ok(bye.retry_after_ms > 0);
  await mei.wait("the close", () => mei.closed?.code === 1012);
  assert.equal((await end).code, 0);
  mei.url = () => other.url;
  await mei.connect();
  assert.equal(mei.frames.findLast((f) => f.type === "welcome").presence, "available", "a short way is not an absence");
  const ack = await mei.say(conversation, "still here");
  await mei.wait("delivered", () => mei.status(conversation, ack.seq) === "delivered");
});

test("a customer who types is shown to the agent, and the agent to the customer", async (t) => {
  const w = await world(t, { channels: ["web"], agents: ["mei"] });
  const mei = await w.agent("mei");
  const visitor = await w.visitor();
  await visitor.say("human please");
  const conversation = await mei.wait("it", () => [...mei.summaries.values()].find((s) => s.agent === "mei")?.conversation);
  visitor.send({ type: "typing", on: true });
  await mei.frame("typing", (f) => f.type === "typing" && f.conversation === conversation && f.on);
  mei.send({ type: "typing", conversation, on: true });
  await visitor.frame("typing", (f) => f.type === "typing" && f.on);
});
