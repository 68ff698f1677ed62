// Messages that finally failed: listed, sent again and dropped, by API and by the command; and messages taken back.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until, world } from "./world.js";

const PHONE = "+8613900000001";
const failing = { 0: 0x0b };

const send = async (w, text, more = {}) => {
  const { status, body } = await w.api("POST", "/v1/messages", { to: PHONE, channel: "sms-main", text, ...more });
  assert.equal(status, 202, JSON.stringify(body));
  return body.id;
};
const message = async (w, id) => (await w.api("GET", `/v1/messages/${id}`)).body;
const letters = async (w, query = "channel=sms-main") => (await w.api("GET", `/v1/dead-letters?${query}`)).body;
const texts = (w) => w.smsc.messages(PHONE).filter((m) => m.dir === "mt" && m.complete).map((m) => m.text);

/** Sends texts that all fail. */
async function fail(w, wanted) {
  w.smsc.faults.set({ submitStatusOf: { [PHONE]: failing[0] } });
  const ids = [];
  for (const text of wanted) ids.push(await send(w, text));
  await until("failures", async () => (await letters(w)).items.length === wanted.length);
  w.smsc.faults.clear();
  return ids;
}

test("a message that failed is listed with its reason, and a replay sends it once", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  const [id] = await fail(w, ["your code is 1"]);
  const { items, next } = await letters(w, "");
  assert.equal(next, null);
  assert.equal(items.length, 1);
  const { failed_ts, created_ts, reason, attempts, ...rest } = items[0];
  assert.deepEqual(rest, { id, conversation: id.split("-")[0], channel: "sms-main", code: "smpp.0x0000000b", text: "your code is 1", author: { type: "api", id: "story" }, lane: "confirmation" });
  assert.ok(failed_ts >= created_ts && reason && attempts >= 0, JSON.stringify(items[0]));
  const listed = await w.posthouse(["dead-letters", "list", w.gateway.configFile]);
  assert.match(listed.output, new RegExp(`^${id}\\t[^\\t]+Z\\tsms-main\\tsmpp\\.0x0000000b\\t\\d+\\t`, "m"));
  assert.doesNotMatch(listed.output, /your code/);
  const replayed = await w.api("POST", `/v1/dead-letters/${id}/replay`);
  assert.deepEqual([replayed.status, replayed.body], [202, { id, status: "queued" }]);
  await until("the text", () => texts(w).length === 1);
  await until("its receipt", async () => (await message(w, id)).status === "delivered");
  assert.deepEqual((await letters(w)).items, []);
  const again = await w.api("POST", `/v1/dead-letters/${id}/replay`);
  assert.deepEqual([again.status, again.body.code], [404, "message_unknown"]);
  assert.deepEqual(texts(w), ["your code is 1"]);
});

test("many are replayed and dropped at once, by page, by code and by command", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  const wanted = Array.from({ length: 8 }, (_, i) => `text ${i}`);
  const ids = await fail(w, wanted);
  const first = await letters(w, "channel=sms-main&limit=5");
  assert.equal(first.items.length, 5);
  const rest = await letters(w, `channel=sms-main&limit=5&cursor=${encodeURIComponent(first.next)}`);
  assert.deepEqual([...first.items, ...rest.items].map((l) => l.id).sort(), [...ids].sort(), "each once");
  const act = (what, body) => w.api("POST", `/v1/dead-letters/${what}`, { channel: "sms-main", ...body });
  assert.deepEqual((await act("replay", { code: "smpp.0x00000058" })).body, { done: 0, failed: 0, more: false });
  assert.equal((await act("replay", { limit: 3 })).body.done, 3);
  await until("three texts", () => texts(w).length === 3);
  assert.equal((await act("bury", {})).status, 404);
  const [dropped] = (await letters(w)).items;
  for (const time of ["first", "second"]) assert.equal((await w.api("DELETE", `/v1/dead-letters/${dropped.id}`)).status, 204, `the ${time} time`);
  const [one] = (await letters(w)).items;
  assert.deepEqual(await w.posthouse(["dead-letters", "replay", w.gateway.configFile, one.id]), { code: 0, output: "1\n" });
  await until("the fourth", () => texts(w).length === 4);
  assert.equal((await w.posthouse(["dead-letters", "drop", w.gateway.configFile, one.id])).code, 3);
  assert.deepEqual(await w.posthouse(["dead-letters", "drop", w.gateway.configFile, "--all", "--channel", "sms-main"]), { code: 0, output: "3\n" });
  assert.deepEqual((await letters(w)).items, []);
  assert.equal(texts(w).length, 4);
  await until("the gauge", async () => /posthouse_dead_letters\{channel="sms-main"\} 0/.test(await w.gateway.metrics()));
});

test("a message that waits is taken back; one that left only where its operator allows it", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  const later = new Date(Date.now() + 3_600_000).toISOString();
  const id = await send(w, "tomorrow", { send_at: later });
  assert.equal((await message(w, id)).status, "scheduled");
  const act = (what, of, body) => w.api("POST", `/v1/messages/${of}/${what}`, body);
  const canceled = await act("cancel", id);
  assert.deepEqual([canceled.status, canceled.body], [200, { id, status: "canceled", by: "queue" }]);
  assert.equal((await message(w, id)).status, "canceled");
  assert.equal((await act("cancel", id)).status, 200, "again, told the same");
  const sent = await send(w, "now");
  await until("it", async () => (await message(w, sent)).status === "delivered");
  const late = await act("cancel", sent);
  assert.deepEqual([late.status, late.body.code], [409, "too_late"]);
  const unasked = await act("query", sent);
  assert.equal(unasked.status, 409);
  assert.match(unasked.body.code, /^(no_peer_id|not_supported)$/);
  assert.equal((await act("forget", sent)).status, 404);
  assert.equal((await act("cancel", "0-1")).status, 404);
  assert.equal((await act("replace", sent, {})).status, 422);
  assert.deepEqual(texts(w), ["now"]);
});

test("a long message of which a part arrived says what became of each", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  w.smsc.receipts.set({ delayMs: 20_000 });
  const id = await send(w, "x".repeat(400));
  await until("its parts", () => w.smsc.messages(PHONE).find((m) => m.complete)?.parts.length === 3);
  w.smsc.receipt({ messageId: w.smsc.messages(PHONE)[0].parts[1].messageId, state: "DELIVRD" });
  const told = await until("them", async () => {
    const m = await message(w, id);
    return m.parts && m;
  });
  assert.deepEqual(told.parts, ["sent", "delivered", "sent"]);
  assert.equal(told.status, "partially_delivered");
  const { items } = (await w.api("GET", `/v1/conversations/${told.conversation}/events`)).body;
  assert.deepEqual(items.filter((e) => e.type === "status").at(-1).parts, told.parts, "its event says so, too");
});
