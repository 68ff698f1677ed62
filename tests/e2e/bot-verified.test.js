// Answers for customers who proved who they are: to them, until the end of it, on any node; to all others a person.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { answer, published, texter } from "./small-catalogue.js";
import { until } from "./world.js";

const PHONE = "+8613900139001";
const IDENTITY_SECRET = "fedcba9876543210fedcba9876543210"; // as world.js configures it
const SAID = /Answer statement/;
const PERSON = /agent/;

const STATEMENT = answer("statement", { needs: "verified" });
const sms = texter(PHONE);

test("SMS: by the word of the bank's systems, on every node, until they take it back; agents see it, log lines do not", async (t) => {
  const w = await published(t, [STATEMENT], { agents: ["mei"] });
  const to = { to: PHONE };
  const { body } = await w.api("POST", "/v1/verifications", { ...to, how: "app", seconds: 600 });
  assert.match(await sms(w, "statement alpha please"), SAID);
  assert.match(await sms(w, "fees alpha 1"), /Answer fees/);
  await w.addNode("node-2");
  await w.gateway.restart("SIGKILL"); // whoever goes on knows it from Redis
  await until("the bind", async () => (await w.channel("sms-main"))?.state === "up");
  assert.match(await sms(w, "statement bravo please"), SAID);
  await w.api("DELETE", "/v1/verifications", to);
  assert.match(await sms(w, "statement charlie please"), PERSON);
  const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events?limit=100`)).body;
  assert.deepEqual(items.filter((e) => e.answer).map((e) => [e.answer.did, e.answer.why]), [["answer"], ["answer"], ["answer"], ["human", "verify"]].map(([a, b]) => [a, b]));
  assert.deepEqual(items.filter((e) => e.type === "verified").map((e) => [e.how, e.by, e.until_ts]), [["app", "api:story", body.until_ts], ["ended", "api:story", null]]);

  const mei = await w.agent("mei");
  const conversation = await mei.conversationWith("statement charlie please");
  await w.api("POST", "/v1/verifications", { ...to, how: "otp", seconds: 60 });
  await mei.wait("the verification", () => mei.summaries.get(conversation)?.verified?.how === "otp");
  assert.doesNotMatch(w.gateway.log, /otp|139001/);
});

test("web chat: by the page's signed word that its visitor has logged in, and only as long as that holds", async (t) => {
  const w = await published(t, [STATEMENT], { channels: ["web", "sms"], webExtra: "\n    verified_longest: 30 s" });
  const sign = (identity, until_s) => `${until_s}.${createHmac("sha256", IDENTITY_SECRET).update(`${identity} ${until_s}`).digest("hex")}`;
  const now = Math.floor(Date.now() / 1000);
  const visitor = await w.visitor();
  const token = (identity, proof) => visitor.fetchToken({ identity, identity_hash: proof });
  await assert.rejects(token("customer-17", sign("customer-17", now - 1)), /identity_refused/);
  await assert.rejects(token("customer-17", sign("customer-18", now + 60)), /identity_refused/);
  await assert.rejects(token("customer-17", sign("customer-17", now + 60).replace(/^\d+/, String(now + 6000))), /identity_refused/);
  await token("customer-17", sign("customer-17", now + 3600));
  const known = await w.visitor({ token: visitor.token, visitor: visitor.visitor });
  await known.say("statement alpha please");
  await known.reply(SAID);
  const to = { to: `web:${known.visitor}` };
  const { body } = await w.api("DELETE", "/v1/verifications", to);
  const { items } = (await w.api("GET", `/v1/conversations/${body.conversation}/events`)).body;
  const [word] = items.filter((e) => e.type === "verified");
  assert.deepEqual([word.how, word.by], ["webchat", "channel:bank-web"]);
  assert.ok(word.until_ts <= Date.now() + 30_000, "the channel's own limit holds");
  await known.say("statement bravo please");
  await known.reply(PERSON);

  const unproved = createHmac("sha256", IDENTITY_SECRET).update("customer-19").digest("hex");
  await token("customer-19", unproved);
  const named = await w.visitor({ token: visitor.token, visitor: visitor.visitor });
  await named.say("statement alpha please");
  await named.reply(PERSON);
});
