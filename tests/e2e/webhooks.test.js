// Webhooks out, told to a real HTTP receiver that fails, hangs, restarts and is never private by accident.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { test } from "node:test";
import { Receiver } from "./receiver.js";
import { until, world } from "./world.js";

const SECRET = "webhook-secret-0123456789";

/** A receiver of events that keeps what came; answer decides about each request: a status, or undefined to say nothing. */
class Events extends Receiver {
  constructor(answer = () => 204) {
    super((request, body) => {
      const entry = { headers: request.headers, body, at: Date.now(), event: JSON.parse(body) };
      this.requests.push(entry);
      return this.answer(entry, this.requests.length);
    });
    this.answer = answer;
    this.requests = [];
  }

  of(type) {
    return this.requests.filter((r) => r.event.type === type).map((r) => r.event);
  }
}

async function story(t, receiver, over = "") {
  await receiver.start();
  t.after(() => receiver.stop().catch(() => {}));
  process.env.WEBHOOK_SECRET = SECRET;
  const hook = `webhooks:\n  - name: crm\n    url: http://127.0.0.1:${receiver.port}/hook\n    secret: {env: WEBHOOK_SECRET}\n    timeout: 500 ms\n    allow_private: true${over}`;
  return world(t, { channels: ["sms"], extra: hook });
}

const say = (w, text, from = "+8613900000001") => w.smsc.deliver({ from, to: "95500", text });

test("what a customer says and what becomes of our answer is told once, signed, as CloudEvents", async (t) => {
  const receiver = new Events();
  const w = await story(t, receiver);
  await say(w, "转人工 please");
  await until("both kinds of event", () => receiver.of("message.received").length && receiver.of("message.status").some((e) => e.data.status === "delivered"));
  const [received] = receiver.of("message.received");
  assert.equal(received.specversion, "1.0");
  assert.equal(received.source, "/posthouse");
  assert.equal(received.datacontenttype, "application/json");
  assert.match(received.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.equal(received.data.text, "转人工 please");
  assert.equal(received.data.address, "sms:+8613900000001");
  assert.equal(received.data.direction, "in");
  for (const { headers, body } of receiver.requests) {
    assert.equal(headers["content-type"], "application/cloudevents+json");
    const mac = createHmac("sha256", SECRET).update(`${headers["x-posthouse-timestamp"]}.${body}`).digest("hex");
    assert.equal(headers["x-posthouse-signature"], `sha256=${mac}`);
  }
  const ids = receiver.requests.map((r) => r.event.id);
  assert.equal(new Set(ids).size, ids.length, "each was told once");
});

test("a receiver that fails, hangs or is gone gets each event in the end, with the same id", async (t) => {
  let mood = "fail";
  const receiver = new Events(() => (mood === "fail" ? 500 : mood === "hang" ? undefined : 204));
  const w = await story(t, receiver, "\n    events: [message.received]");
  await say(w, "one");
  await until("a failure", () => receiver.requests.length >= 1);
  mood = "hang";
  await until("a second try", () => receiver.requests.length >= 2);
  assert.equal(receiver.requests[1].event.id, receiver.requests[0].event.id);
  assert.ok(receiver.requests[1].at - receiver.requests[0].at >= 900, "not at once");
  await receiver.stop();
  await say(w, "two", "+8613900000002");
  mood = "well";
  receiver.requests = [];
  await receiver.start(receiver.port);
  await until("both", () => new Set(receiver.of("message.received").map((e) => e.data.text)).size === 2);
  assert.match(await w.gateway.metrics(), /posthouse_webhook_failed_total\{webhook="crm"\} [1-9]/);
});

test("a node that is killed leaves what is not told to the next one", async (t) => {
  let open = false;
  const receiver = new Events(() => (open ? 204 : 503));
  const w = await story(t, receiver, "\n    events: [message.received]");
  const texts = Array.from({ length: 20 }, (_, i) => `message ${i}`);
  for (const [i, text] of texts.entries()) await say(w, text, `+86139000001${String(i).padStart(2, "0")}`);
  await until("a try", () => receiver.requests.length >= 3);
  await w.gateway.kill();
  open = true;
  receiver.requests = [];
  await w.gateway.start();
  await until("all", () => new Set(receiver.of("message.received").map((e) => e.data.text)).size === texts.length);
  assert.deepEqual(new Set(receiver.of("message.received").map((e) => e.data.text)), new Set(texts));
  await until("nothing waits", async () => (await w.redis.command("XLEN", "ph:hook:crm")) === "0");
});

test("a private address is refused unless it is allowed", async (t) => {
  const receiver = new Events();
  await receiver.start();
  t.after(() => receiver.stop());
  process.env.WEBHOOK_SECRET = SECRET;
  const hook = `webhooks:\n  - {name: crm, url: "http://localhost:${receiver.port}/", secret: {env: WEBHOOK_SECRET}}`;
  const w = await world(t, { channels: ["sms"], extra: hook });
  await say(w, "hello");
  await until("a refusal", async () => /posthouse_webhook_failed_total\{webhook="crm"\} [1-9]/.test(await w.gateway.metrics()));
  assert.equal(receiver.requests.length, 0);
  assert.match(w.gateway.log, /event=webhook.failed webhook=crm err=EPERM/);
});

test("more than may wait: the oldest are dropped, counted and told to the operator", async (t) => {
  const receiver = new Events(() => 503);
  const w = await story(t, receiver, "\n    events: [message.received]\n    keep: 100");
  for (let i = 0; i < 130; i++) await say(w, `message ${i}`, `+86139000002${String(i % 100).padStart(2, "0")}`);
  await until("the drop", async () => /posthouse_webhook_dropped_total\{webhook="crm"\} 30/.test(await w.gateway.metrics()));
  assert.match(w.gateway.log, /level=error .*event=webhook.dropped/);
});

test("an event that cannot be read holds up nobody: it is counted, and the others are told", async (t) => {
  const receiver = new Events();
  const w = await story(t, receiver, "\n    events: [message.received]");
  // More of them than are read at once, in every partition, each with a log of another type.
  const digits = "0123";
  for (const digit of digits)
    await w.redis.command(
      "EVAL",
      `for i = 1, 70 do
         local c = '${digit}' .. string.rep('0', 28) .. string.format('%03d', i)
         redis.call('SET', 'ph:c:{${digit}}:' .. c, 'x')
         redis.call('XADD', 'ph:w:{${digit}}', '*', 'e', 'received', 'c', c, 's', 1)
       end`,
      "0",
    );
  await say(w, "and yet");
  await until("the message", () => receiver.of("message.received").some((e) => e.data.text === "and yet"));
  await until("the count", async () => /posthouse_webhook_dropped_total\{webhook="crm"\} 280/.test(await w.gateway.metrics()));
  assert.match(w.gateway.log, /level=error .*event=webhook.dropped/);
});
