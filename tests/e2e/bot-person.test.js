// A person is reached from anywhere: in a menu, while a value is asked for, after a session was closed; however it is typed,
// over SMS, the web chat and WeChat.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, published, texter } from "./small-catalogue.js";
import { until } from "./world.js";

const loans = answer("loans", { suggest_only: true, title: { zh: "贷款", en: "Loans" } });
const parcel = answer("parcel", {
  variables: { code: { type: "code", example: "A1", about: "包裹单号 (parcel number)" } },
  text: { zh: "包裹{{code}}已发", en: "Parcel {{code}} has left" },
});

const WANTED = ["０", "0。", "人工!", "转 人工", "agent please", "“人工”", "都不是，转人工", "能不能转人工", "none of these, agent", "零"];
const UNHAPPY = ["我要投诉", "complaint", "没用的机器人！"];
const BEFORE = [[], ["loans alpha please"], ["parcel alpha please"], ["parcel alpha please", "what number"]];
const NOTICE = /客服|agent/i;

/** Each text at each place by somebody new; whom(n) gives what says a text and resolves to what comes back. */
async function everywhere(w, whom) {
  let n = 0;
  for (const [why, texts] of [["wanted", WANTED], ["unhappy", UNHAPPY]])
    for (const text of texts) {
      const before = BEFORE[n % BEFORE.length];
      const { say, address } = await whom(n++);
      for (const earlier of before) await say(earlier);
      const where = `${text} after ${before.join(", ") || "nothing"}`;
      assert.match(await say(text), NOTICE, where);
      const { body } = await w.api("DELETE", "/v1/verifications", { to: address });
      const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=50`)).body;
      assert.deepEqual(items.filter((e) => e.answer).map((e) => [e.answer.did, e.answer.why]).at(-1), ["human", why], where);
      assert.ok(items.some((e) => e.type === "session" && e.state === "queued"), where);
    }
}

test("SMS: a person comes from anywhere", async (t) => {
  const w = await published(t, [loans, parcel]);
  await everywhere(w, (n) => {
    const phone = `+86135${String(n).padStart(8, "0")}`;
    const send = texter(phone);
    return { address: `sms:${phone}`, say: (text) => send(w, text) };
  });
});

test("web chat: a person comes from anywhere", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["web", "sms"] });
  await everywhere(w, async () => {
    const visitor = await w.visitor();
    let heard = 0;
    const say = async (text) => {
      await visitor.say(text);
      heard++;
      return visitor.wait(`an answer to ${text}`, () => visitor.texts("out")[heard - 1]);
    };
    return { address: `web:${visitor.visitor}`, say };
  });
});

test("WeChat: a person comes from anywhere", async (t) => {
  const w = await published(t, [loans, parcel], { channels: ["wechat", "sms"], wechatExtra: "\n    menus: lines" });
  await until("the account to be up", async () => (await w.channel("bank-wechat"))?.state === "up");
  await everywhere(w, (n) => {
    const openid = `oPosthouse_${n}`;
    return { address: `wechat:${w.wechat.account.appid}:${openid}`, say: async (text) => (await w.wechat.say(openid, text)).reply.text };
  });
});

test("whose session was closed reaches a person again with the next text", async (t) => {
  const w = await published(t, [loans, parcel], { agents: ["mei"] });
  const mei = await w.agent("mei");
  const send = texter("+8613500139999");
  await send(w, "转人工");
  const conversation = await mei.conversationWith("转人工");
  await mei.request({ type: "close", conversation, disposition: "solved" });
  assert.match(await send(w, "0。"), NOTICE);
  await mei.wait("the second session", () => mei.texts(conversation).includes("0。"));
});
