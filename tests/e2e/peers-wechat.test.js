// The simulated WeChat platform is held against a second implementation of its cryptography (node:crypto,
// written here) and Tencent's own sample data, so that what it says of the gateway can be believed.

import assert from "node:assert/strict";
import { createCipheriv, createDecipheriv, createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http from "node:http";
import { test } from "node:test";
import { XMLParser } from "fast-xml-parser";
import { open, seal } from "../peers/wechat/envelope.js";
import { startWechat } from "../peers/wechat/main.js";
import { EVENTS, MESSAGES, bare } from "../peers/wechat/types.js";

const USER = "oPosthouse_xiaoming_0000001";

// --- a second implementation ---------------------------------------------------------------------

const sign = (...words) =>
  createHash("sha1")
    .update([...words].sort().join(""))
    .digest("hex");

function unseal(aesKey, encrypted) {
  const key = Buffer.from(`${aesKey}=`, "base64");
  const decipher = createDecipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
  const plain = Buffer.concat([decipher.update(encrypted, "base64"), decipher.final()]);
  assert.equal(plain.length % 32, 0);
  const pad = plain.at(-1);
  assert.ok(plain.subarray(-pad).every((octet) => octet === pad));
  const length = plain.readUInt32BE(16);
  return {
    xml: plain.subarray(20, 20 + length).toString(),
    appid: plain.subarray(20 + length, plain.length - pad).toString(),
  };
}

function reseal(aesKey, xml, appid, random = randomBytes(16)) {
  const key = Buffer.from(`${aesKey}=`, "base64");
  const head = Buffer.alloc(4);
  head.writeUInt32BE(Buffer.byteLength(xml));
  const plain = Buffer.concat([random, head, Buffer.from(xml), Buffer.from(appid)]);
  const pad = 32 - (plain.length % 32);
  const cipher = createCipheriv("aes-256-cbc", key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([
    cipher.update(Buffer.concat([plain, Buffer.alloc(pad, pad)])),
    cipher.final(),
  ]).toString("base64");
}

const read = (xml) => new XMLParser({ parseTagValue: false }).parse(xml).xml;

function reply(account, text, { appid = account.appid, token = account.token, to = USER } = {}) {
  const xml = `<xml><ToUserName><![CDATA[${to}]]></ToUserName><FromUserName><![CDATA[${account.id}]]></FromUserName><CreateTime>1348831860</CreateTime><MsgType><![CDATA[text]]></MsgType><Content><![CDATA[${text}]]></Content></xml>`;
  if (account.mode === "plain") return xml;
  const encrypted = reseal(account.aesKey, xml, appid);
  return `<xml><Encrypt><![CDATA[${encrypted}]]></Encrypt><MsgSignature><![CDATA[${sign(token, "1409735669", "77", encrypted)}]]></MsgSignature><TimeStamp>1409735669</TimeStamp><Nonce><![CDATA[77]]></Nonce></xml>`;
}

// Tencent's sample data for WXBizMsgCrypt: the Java unit test and the sample of every other language.
const SAMPLE = {
  aesKey: "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG",
  appid: "wxb11529c136998cb6",
  random: "aaaabbbbccccdddd",
  text: "我是中文abcd123",
  encrypted: "jn1L23DB+6ELqJ+6bruv21Y6MD7KeIfP82D6gU39rmkgczbWwt5+3bnyg5K55bgVtVzd832WzZGMhkP72vVOfg==",
};
const PUSH = {
  token: "QDG6eK",
  appid: "wx5823bf96d3bd56c7",
  aesKey: "jWmYm7qr5nMoAUwZRjGtBxmz3KA1tkAj3ykkR6q2B2C",
  signature: "477715d11cdb4164915debcba66cb864d751f3e6",
  timestamp: "1409659813",
  nonce: "1372623149",
  encrypted:
    "RypEvHKD8QQKFhvQ6QleEB4J58tiPdvo+rtK1I9qca6aM/wvqnLSV5zEPeusUiX5L5X/0lWfrf0QADHHhGd3QczcdCUpj911L3vg3W/sYYvuJTs3TUUkSUXxaccAS0qhxchrRYt66wiSpGLYL42aM6A8dTT+6k4aSknmPj48kzJs8qLjvd4Xgpue06DOdnLxAUHzM6+kDZ+HMZfJYuR+LtwGc2hgf5gsijff0ekUNXZiqATP7PF5mZxZ3Izoun1s4zG4LUMnvw2r+KqCKIw+3IQH03v+BCA9nMELNqbSf6tiWSrXJB3LAVGUcallcrw8V2t9EL4EhzJWrQUax5wLVMNS0+rUPA3k22Ncx4XXZS9o0MBH27Bo6BpNelZpS+/uh9KsNlY6bHCmJU9p8g7m3fVKn28H3KDYA5Pl/T8Z1ptDAVe0lXdQ2YoyyH2uyPIGHBZZIs2pDBS8R07+qN+E7Q==",
};

test("Tencent's sample text seals to Tencent's sample octets", () => {
  assert.equal(reseal(SAMPLE.aesKey, SAMPLE.text, SAMPLE.appid, Buffer.from(SAMPLE.random)), SAMPLE.encrypted);
  assert.deepEqual(unseal(SAMPLE.aesKey, SAMPLE.encrypted), { xml: SAMPLE.text, appid: SAMPLE.appid });
});

test("Tencent's sample push opens through the platform's own cryptography", () => {
  const xml = `<xml><Encrypt><![CDATA[${PUSH.encrypted}]]></Encrypt><MsgSignature><![CDATA[${PUSH.signature}]]></MsgSignature><TimeStamp>${PUSH.timestamp}</TimeStamp><Nonce>${PUSH.nonce}</Nonce></xml>`;
  const fields = open({ ...PUSH, mode: "safe" }, Buffer.from(xml));
  assert.equal(fields.Content, "hello");
  assert.equal(fields.MsgId, "4561255354251345929"); // beyond 2^53, kept as text
  assert.equal(unseal(PUSH.aesKey, PUSH.encrypted).appid, PUSH.appid);
  assert.throws(() => open({ ...PUSH, mode: "safe", token: "other" }, Buffer.from(xml)), /MsgSignature/);
  assert.throws(() => open({ ...PUSH, mode: "safe", appid: "other" }, Buffer.from(xml)), /another appid/);
});

// --- a gateway for the platform to call -----------------------------------------------------------

/** A platform and a gateway whose answers `answer(call)` makes; `calls` are what it was asked. */
async function world(t, { mode = "safe", answer = () => "success", ...options } = {}) {
  const calls = [];
  const gateway = http.createServer((req, res) => {
    const chunks = [];
    req.on("data", (chunk) => chunks.push(chunk));
    req.on("end", async () => {
      const call = {
        method: req.method,
        query: Object.fromEntries(new URL(req.url, "http://x").searchParams),
        body: Buffer.concat(chunks).toString(),
      };
      calls.push(call);
      const made = await answer(call, calls.length);
      if (made === null) return;
      if (typeof made === "number") res.writeHead(made).end();
      else res.end(made);
    });
  });
  await once(gateway.listen(0, "127.0.0.1"), "listening");
  const wechat = await startWechat({
    mode,
    callback: `http://127.0.0.1:${gateway.address().port}/wechat/bank`,
    ...options,
  });
  wechat.callbacks.set({ gapMs: 1 });
  t.after(async () => {
    await wechat.close();
    gateway.closeAllConnections();
    await new Promise((done) => gateway.close(done));
  });
  return { wechat, calls, account: wechat.account };
}

/** The fields of a callback after everything that the account's mode promises was checked. */
function checked(account, call) {
  const { signature, timestamp, nonce, msg_signature: own, encrypt_type: type } = call.query;
  assert.equal(signature, sign(account.token, timestamp, nonce));
  assert.equal(call.query.openid, USER);
  const outer = read(call.body);
  if (account.mode === "plain") {
    assert.equal(type, undefined);
    return outer;
  }
  assert.equal(type, "aes");
  assert.equal(own, sign(account.token, timestamp, nonce, outer.Encrypt));
  const { xml, appid } = unseal(account.aesKey, outer.Encrypt);
  assert.equal(appid, account.appid);
  const inner = read(xml);
  const { Encrypt, ...plain } = outer;
  assert.deepEqual(plain, account.mode === "safe" ? { ToUserName: account.id } : inner);
  return inner;
}

for (const mode of ["plain", "compatible", "safe"]) {
  test(`a text is called back in ${mode} mode and the passive reply is read`, async (t) => {
    const w = await world(t, { mode, answer: () => reply(w.account, "您好 ]]&gt; <b>") });
    const { ok, tries, msgId } = await w.wechat.say(USER, "卡丢了 ]]> & <怎么办>?");
    assert.ok(ok);
    assert.equal(tries, 1);
    const fields = checked(w.account, w.calls[0]);
    assert.equal(fields.Content, "卡丢了 ]]> & <怎么办>?");
    assert.equal(fields.MsgId, msgId);
    assert.ok(BigInt(msgId) > 2n ** 53n);
    assert.equal((await w.wechat.waitForReply(USER, "您好")).via, "passive");
  });
}

for (const [type, make] of [...Object.entries(MESSAGES), ...Object.entries(EVENTS)]) {
  const kind = MESSAGES[type] ? "message" : "event";
  test(`${kind} ${type} is well-formed XML with its elements in order`, async (t) => {
    const w = await world(t);
    const act = kind === "message" ? w.wechat.say(USER, type, {}) : w.wechat.event(USER, type);
    assert.ok((await act).ok);
    const fields = checked(w.account, w.calls[0]);
    assert.equal(fields.MsgType, kind === "message" ? type : "event");
    if (kind === "event") assert.equal(fields.Event, type);
    assert.match(fields.CreateTime, /^\d{10}$/);
    for (const element of Object.keys(make({}))) assert.ok(element in fields, element);
  });
}

test("an unanswered callback comes three times under fresh signatures, with one MsgId", async (t) => {
  const w = await world(t, { answer: () => 503 });
  const { ok, tries } = await w.wechat.say(USER, "hello");
  assert.equal(ok, false);
  assert.equal(tries, 3);
  assert.equal(new Set(w.calls.map((c) => checked(w.account, c).MsgId)).size, 1);
  assert.equal(new Set(w.calls.map((c) => c.query.nonce)).size, 3);
  assert.equal(w.wechat.messages(USER).at(-1).kind, "unavailable");
});

test("a late answer is a lost answer; the next try counts", async (t) => {
  const w = await world(t, { answer: (_, n) => (n === 1 ? null : reply(w.account, "second")) });
  w.wechat.callbacks.set({ timeoutMs: 400 });
  const { ok, tries, reply: got } = await w.wechat.say(USER, "hello");
  assert.deepEqual([ok, tries, got.text], [true, 2, "second"]);
});

const WRONG = {
  "sealed for another appid": (a) => reply(a, "x", { appid: "wxother" }),
  "signed with another token": (a) => reply(a, "x", { token: "other" }),
  "for another user": (a) => reply(a, "x", { to: "oSomebodyElse" }),
  "plain in safe mode": (a) => reply({ ...a, mode: "plain" }, "x"),
  JSON: () => '{"errcode":0}',
  "over 2048 bytes": (a) => reply(a, "长".repeat(683)),
};

for (const [what, make] of Object.entries(WRONG)) {
  test(`a passive reply ${what} shows the user that the service is unavailable`, async (t) => {
    const w = await world(t, { answer: () => make(w.account) });
    assert.equal((await w.wechat.say(USER, "hello")).ok, false);
    assert.equal(w.wechat.messages(USER).at(-1).kind, "unavailable");
    assert.equal(w.wechat.counts().length, 0);
  });
}

test("callbacks may come twice at the same time", async (t) => {
  const w = await world(t);
  w.wechat.faults.set({ doubleCallbacks: true });
  await w.wechat.say(USER, "hello");
  assert.equal(w.calls.length, 2);
  assert.equal(checked(w.account, w.calls[0]).MsgId, checked(w.account, w.calls[1]).MsgId);
});

test("the URL is verified by the echostr", async (t) => {
  const w = await world(t, { answer: (call) => call.query.echostr ?? "success" });
  assert.equal((await w.wechat.verify()).ok, true);
  const { signature, timestamp, nonce } = w.calls[0].query;
  assert.equal(signature, sign(w.account.token, timestamp, nonce));
  w.wechat.setCallback("http://127.0.0.1:1/");
  assert.equal((await w.wechat.verify()).ok, false);
});

test("a genuine callback can be tampered with", async (t) => {
  const w = await world(t);
  const forged = w.wechat.sealed(
    USER,
    { MsgType: "text", Content: "x", MsgId: bare(1) },
    { cipherAppid: "wxother", timestamp: "1", nonce: "2" },
  );
  const answer = await w.wechat.raw(forged);
  assert.equal(answer.status, 200);
  assert.equal(unseal(w.account.aesKey, read(w.calls[0].body).Encrypt).appid, "wxother");
  assert.equal(w.calls[0].query.timestamp, "1");
});

test("sealing is what the second implementation opens, whatever the length", () => {
  const account = { token: "t", appid: "wx1", aesKey: SAMPLE.aesKey, mode: "safe" };
  for (let n = 0; n < 70; n++) {
    const { body, query, plain } = seal(
      account,
      { ToUserName: "gh", Content: "驿".repeat(n) },
      { openid: USER },
    );
    const { Encrypt } = read(body);
    assert.equal(query.msg_signature, sign("t", query.timestamp, query.nonce, Encrypt));
    assert.deepEqual(unseal(account.aesKey, Encrypt), { xml: plain, appid: "wx1" });
  }
});
