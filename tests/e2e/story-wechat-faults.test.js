// WeChat when things go wrong: retries, forgeries, a platform in trouble. No second message, no effect of
// what was not WeChat's, and what nobody can know is called unknown.

import assert from "node:assert/strict";
import { test } from "node:test";
import { bare } from "../peers/wechat/types.js";
import { USER, account, served } from "./wechat-account.js";

const seen = (mei, conversation, text) =>
  mei.wait(`"${text}"`, () => mei.texts(conversation).includes(text));
const times = (list, wanted) => list.filter((x) => x === wanted).length;

function status(mei, conversation, { seq }, ...wanted) {
  return mei.wait(`status ${wanted}`, () => wanted.includes(mei.status(conversation, seq)));
}

test("callbacks that come twice at the same time make one message and one reply", async (t) => {
  const w = await account(t);
  w.wechat.faults.set({ doubleCallbacks: true });
  for (let n = 0; n < 5; n++) assert.ok((await w.wechat.say(USER, "我的银行卡丢了怎么办")).ok);
  assert.equal(w.wechat.messages(USER).filter((m) => m.dir === "out").length, 5);
});

test("a node that is killed under a callback answers the retry, once", async (t) => {
  const w = await account(t);
  w.wechat.callbacks.set({ gapMs: 1500 });
  let killed;
  w.wechat.events.on("event", (e) => {
    if (e.type === "callback.try" && !killed) killed = w.gateway.kill();
  });
  const waiting = w.wechat.say(USER, "我的银行卡丢了怎么办");
  await w.wechat.events.wait("callback.try");
  await killed;
  await w.gateway.start();
  const { ok, tries } = await waiting;
  assert.ok(ok);
  assert.ok(tries > 1);
  await w.wechat.waitForReply(USER, "挂失");
  assert.deepEqual(w.wechat.doubles(), []);
});

test("without Redis a callback is not acknowledged, and the retry finds it back", async (t) => {
  const { w, mei, conversation } = await served(t);
  w.wechat.callbacks.set({ gapMs: 1000, tries: 20 });
  await w.redis.stop("SIGKILL");
  const mark = w.wechat.events.mark;
  const waiting = w.wechat.say(USER, "is anyone there?");
  await w.wechat.events.wait((e) => e.type === "callback.try" && e.n === 2, { since: mark });
  await w.redis.start();
  const { ok, message } = await waiting;
  assert.ok(ok);
  assert.ok(message.tries[0].status === 503 || message.tries[0].error, JSON.stringify(message.tries));
  await seen(mei, conversation, "is anyone there?");
  assert.equal(times(mei.texts(conversation), "is anyone there?"), 1);
});

const TEXT = (content) => ({ MsgType: "text", Content: content, MsgId: bare("24000000000000001") });
const without = (query, ...names) =>
  Object.fromEntries(Object.entries(query).filter(([n]) => !names.includes(n)));

/** Name: the request made from a genuine one. */
const FORGED = {
  "a wrong signature over the ciphertext": ({ query, body }) => ({
    query: { ...query, msg_signature: "0".repeat(40) },
    body,
  }),
  "no signature over the ciphertext": ({ query, body }) => ({ query: without(query, "msg_signature"), body }),
  "another timestamp than was signed": ({ query, body }) => ({ query: { ...query, timestamp: "1" }, body }),
  "a ciphertext that was changed": ({ query, body }) => ({
    query,
    body: body.replace(/\[CDATA\[([A-Za-z0-9+/]{40})/, (_, x) => `[CDATA[${[...x].reverse().join("")}`),
  }),
  "plaintext in safe mode": ({ query, plain }) => ({
    query: without(query, "msg_signature", "encrypt_type"),
    body: plain,
  }),
  "plaintext beside the signature of a ciphertext": ({ query, plain }) => ({ query, body: plain }),
  "an entity that would be expanded": ({ query, body }) => ({
    query,
    body: `<!DOCTYPE xml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>${body.replace("<xml>", "<xml><X>&b;</X>")}`,
  }),
  "an external entity": ({ query, body }) => ({
    query,
    body: `<?xml version="1.0"?><!DOCTYPE xml [<!ENTITY x SYSTEM "file:///etc/passwd">]>${body.replace("<xml>", "<xml><X>&x;</X>")}`,
  }),
  "a body over the limit": ({ query, body }) => ({
    query,
    body: body.replace("</xml>", `<X>${"x".repeat(2 * 1024 * 1024)}</X></xml>`),
  }),
  "no XML at all": ({ query }) => ({ query, body: '{"MsgType":"text"}' }),
  "an empty body": ({ query }) => ({ query, body: "" }),
  "XML that ends early": ({ query, body }) => ({ query, body: body.slice(0, -10) }),
};

test("what is not WeChat's is refused, counted, and has no effect", async (t) => {
  const { w, mei, conversation } = await served(t);
  for (const [what, forge] of Object.entries(FORGED)) {
    const text = `forged by ${what}`;
    const answer = await w.wechat.raw(forge(w.wechat.sealed(USER, TEXT(text))));
    assert.ok(answer.error || answer.status >= 400, `${what}: ${answer.status} ${answer.body}`);
    assert.ok(!String(answer.body ?? "").includes("root:"));
  }
  const foreign = await w.wechat.raw(
    w.wechat.sealed(USER, TEXT("forged for another appid"), { cipherAppid: "wxsomebodyelse" }),
  );
  assert.ok(foreign.status >= 400, `${foreign.status}`);
  await w.wechat.say(USER, "genuine");
  await seen(mei, conversation, "genuine");
  assert.deepEqual(
    mei.texts(conversation).filter((x) => x?.includes("forged")),
    [],
  );
  assert.match(await w.gateway.metrics(), /wechat\S*(refused|rejected)\S* [1-9]/);
});

test("a replayed callback has no second effect", async (t) => {
  const { w, mei, conversation } = await served(t);
  const genuine = w.wechat.sealed(USER, TEXT("say it once"));
  for (let n = 0; n < 3; n++) await w.wechat.raw(genuine);
  await seen(mei, conversation, "say it once");
  await w.wechat.say(USER, "something else");
  await seen(mei, conversation, "something else");
  assert.equal(times(mei.texts(conversation), "say it once"), 1);
});

test("plain callbacks are taken in plain mode only when their signature is right", async (t) => {
  const w = await account(t, { wechatMode: "plain" });
  const genuine = w.wechat.sealed(USER, TEXT("hello"));
  assert.ok(
    (await w.wechat.raw({ ...genuine, query: { ...genuine.query, signature: "0".repeat(40) } })).status >= 400,
  );
  assert.equal((await w.wechat.raw(genuine)).status, 200);
});

test("a send that was taken but never answered is unknown and not repeated", async (t) => {
  const { w, mei, conversation } = await served(t);
  await mei.say(conversation, "first");
  await w.wechat.waitForReply(USER, "first");
  w.wechat.faults.set({ dropNext: 1 });
  const ack = await mei.say(conversation, "heard or not");
  await w.wechat.waitForReply(USER, "heard or not");
  await status(mei, conversation, ack, "unknown");
  await mei.say(conversation, "after it");
  await w.wechat.waitForReply(USER, "after it");
  assert.deepEqual(w.wechat.doubles(), []);
});

const CODES = [
  [-1, ["sent", "delivered"]],
  [45015, ["failed"]],
  [45047, ["failed"]],
  [48002, ["failed"]],
  [40003, ["failed"]],
];

for (const [code, wanted] of CODES) {
  test(`errcode ${code} leads to ${wanted[0]}`, async (t) => {
    const { w, mei, conversation } = await served(t);
    w.wechat.faults.set({ errorNext: { status: code, count: 1, to: "custom/send" } });
    const ack = await mei.say(conversation, `with ${code}`);
    await status(mei, conversation, ack, ...wanted);
    assert.equal(
      w.wechat.messages(USER).filter((m) => m.text === `with ${code}`).length,
      wanted[0] === "failed" ? 0 : 1,
    );
  });
}
