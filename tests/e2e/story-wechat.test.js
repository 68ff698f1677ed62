// Stories over WeChat: a user writes to the account, the platform calls the gateway as the real one does
// (signed, encrypted, three tries of five seconds), the gateway answers passively or by the API.

import assert from "node:assert/strict";
import { test } from "node:test";
import { USER, account, served } from "./wechat-account.js";
import { until } from "./world.js";

const HOUR = 3600 * 1000;

const out = (w) => w.wechat.messages(USER).filter((m) => m.dir === "out");
const seen = (mei, conversation, text) => mei.wait(`"${text}"`, () => mei.texts(conversation).includes(text));

function status(mei, conversation, { seq }, ...wanted) {
  return mei.wait(`status ${wanted}`, () => wanted.includes(mei.status(conversation, seq)));
}

for (const wechatMode of ["plain", "compatible", "safe"]) {
  test(`a question that a template knows is answered passively, in ${wechatMode} mode`, async (t) => {
    const w = await account(t, { wechatMode });
    assert.equal((await w.wechat.verify()).ok, true);
    const { ok, tries, reply } = await w.wechat.say(USER, "我的银行卡丢了怎么办");
    assert.ok(ok);
    assert.equal(tries, 1);
    assert.match(reply.text, /挂失/);
    assert.equal(out(w).length, 1);
  });
}

test("the URL is verified as text, and only with the right signature", async (t) => {
  const w = await account(t);
  const proof = await w.wechat.verify();
  assert.equal(proof.ok, true);
  assert.match(proof.contentType, /^text\/plain/);
  const forged = await w.wechat.raw({
    method: "GET",
    query: { signature: "0".repeat(40), timestamp: "1", nonce: "2", echostr: "<script>" },
  });
  assert.ok(forged.status >= 400, `${forged.status}`);
  assert.ok(!forged.body.toString().includes("<script>"));
});

test("what no template knows goes to an agent, whose reply comes by the API", async (t) => {
  const { w, mei, conversation } = await served(t);
  const ack = await mei.say(conversation, '您好，我是小梅 <b>&</b> "引号" \\u4f60 👩‍👩‍👧');
  const bubble = await w.wechat.waitForReply(USER, "我是小梅");
  assert.equal(bubble.via, "api");
  assert.equal(bubble.text, '您好，我是小梅 <b>&</b> "引号" \\u4f60 👩‍👩‍👧');
  await status(mei, conversation, ack, "sent", "delivered");
  await w.wechat.say(USER, "谢谢 ]]> & <再见>");
  await seen(mei, conversation, "谢谢 ]]> & <再见>");
});

test("what is said in one breath arrives in its order", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.wechat.faults.set({ apiLatencyMs: 60 });
  for (let n = 1; n <= 4; n++) await mei.say(conversation, `line ${n}`);
  await w.wechat.waitForReply(USER, "line 4");
  assert.deepEqual(
    out(w)
      .map((m) => m.text)
      .filter((x) => x.startsWith("line")),
    ["line 1", "line 2", "line 3", "line 4"],
  );
});

test("every type of message reaches the agent as something to read", async (t) => {
  const { w, mei, conversation } = await served(t);
  for (const type of ["image", "voice", "video", "shortvideo", "location", "link", "miniprogrampage", "file"]) {
    const before = mei.messages(conversation).length;
    const { ok, reply } = await w.wechat.say(USER, type, { title: "A title", recognition: "我说的话" });
    assert.ok(ok, type);
    await mei.wait(`the ${type}`, () => mei.messages(conversation).length > before);
    assert.ok(reply === null || reply.text, type);
  }
});

test("every event is taken, and none becomes a question to an agent", async (t) => {
  const w = await account(t);
  const { events } = await (await fetch(`${w.wechat.httpUrl}/api/types`)).json();
  for (const type of events) assert.ok((await w.wechat.event(USER, type)).ok, type);
  assert.deepEqual(w.wechat.events.list("callback.lost"), []);
});

test("the account may answer five times, and a sixth waits for the user", async (t) => {
  const { w, mei, conversation } = await served(t);
  await w.wechat.say(USER, "and now?");
  await seen(mei, conversation, "and now?");
  for (let n = 1; n <= 5; n++) {
    const ack = await mei.say(conversation, `reply ${n}`);
    await status(mei, conversation, ack, "sent", "delivered");
  }
  const refusal = await mei.say(conversation, "one too many").catch((err) => err);
  if (refusal instanceof Error) assert.equal(refusal.code, "reply_window");
  else await status(mei, conversation, refusal, "failed", "queued");
  assert.equal(out(w).filter((m) => m.text === "one too many").length, 0);
  await w.wechat.say(USER, "go on");
  await seen(mei, conversation, "go on");
  await mei.say(conversation, "gladly");
  await w.wechat.waitForReply(USER, "gladly");
});

test("after 48 hours the window is closed and the agent is told", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.wechat.advance(48 * HOUR + 1000);
  const ack = await mei.say(conversation, "too late");
  await status(mei, conversation, ack, "failed");
  assert.equal(out(w).filter((m) => m.text === "too late").length, 0);
});

test("two nodes use one access token", async (t) => {
  const { w, mei, conversation } = await served(t);
  await mei.say(conversation, "one");
  await w.wechat.waitForReply(USER, "one");
  await w.addNode("node-2");
  const calls = w.wechat.tokens.calls;
  await w.wechat.say(USER, "again");
  await mei.say(conversation, "two");
  await w.wechat.waitForReply(USER, "two");
  assert.equal(w.wechat.tokens.calls, calls);
  assert.equal(w.wechat.tokens.forcedCalls, 0);
});

test("a token that ended early is fetched anew and the message goes out once", async (t) => {
  const { w, mei, conversation } = await served(t);
  await mei.say(conversation, "first");
  await w.wechat.waitForReply(USER, "first");
  w.wechat.tokens.expireAll();
  const ack = await mei.say(conversation, "second");
  // The lock of the fetch that the node began with may still stand for a while.
  await w.wechat.waitForReply(USER, "second");
  await status(mei, conversation, ack, "sent", "delivered");
  assert.deepEqual(w.wechat.doubles(), []);
});

test("a picture comes with something to fetch it by", async (t) => {
  const { w, mei, conversation } = await served(t);
  await w.wechat.say(USER, "image", {});
  const message = await mei.wait("the image", () => mei.messages(conversation).find((m) => m.kind === "image"));
  assert.ok(message.media, JSON.stringify(message));
});

test("a user who leaves is left alone, and heard again when back", async (t) => {
  const { w, mei, conversation } = await served(t);
  await w.wechat.unfollow(USER);
  const ack = await mei.say(conversation, "are you there?").catch((err) => err);
  if (!(ack instanceof Error)) await status(mei, conversation, ack, "failed");
  assert.equal(out(w).filter((m) => m.text === "are you there?").length, 0);
  await w.wechat.follow(USER);
  await w.wechat.say(USER, "back");
  await seen(mei, conversation, "back");
  await mei.say(conversation, "welcome");
  await w.wechat.waitForReply(USER, "welcome");
  await until("no doubles", () => w.wechat.doubles().length === 0);
});
