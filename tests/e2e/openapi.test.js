// openapi.yaml held against real answers by a third party's validator: every answer's status, media type and body must
// be described, every described status must have been seen, and what the schemas of the bodies say the gateway does too.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { after, before, test } from "node:test";
import Ajv from "ajv/dist/2020.js";
import { parse } from "yaml";
import { POWERLESS_KEY, ROOT, until, world } from "./world.js";

const document = parse(await readFile(path.join(ROOT, "openapi.yaml"), "utf8"));
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, strictRequired: false, strictTypes: false });
ajv.addFormat("date-time", /^\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$/);
ajv.addVocabulary(["openapi", "info", "servers", "security", "tags", "paths", "components"]);
ajv.addSchema({ $id: "openapi", ...document });

const resolve = (node) => (node.$ref ? node.$ref.slice(2).split("/").reduce((at, key) => at[key], document) : node);
const compiled = new Map();
const seen = new Set();

/** A schema may stand anywhere in the document; its own references are the document's. */
function validator(schema) {
  const rooted = JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"openapi#/'));
  const key = JSON.stringify(rooted);
  if (!compiled.has(key)) compiled.set(key, ajv.compile(rooted));
  return compiled.get(key);
}

function describedBy(method, route) {
  for (const [template, item] of Object.entries(document.paths)) {
    const pattern = new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`);
    if (pattern.test(route.split("?")[0])) return { template, operation: item[method.toLowerCase()] };
  }
  throw new Error(`${route} is not described`);
}

let w;
const hooks = [];
before(async () => {
  w = await world({ after: (fn) => hooks.push(fn) }, { channels: ["sms"], smppExtra: "\n    query: true\n    response_timeout: 3 s" });
});
after(async () => {
  for (const fn of hooks) await fn();
});

async function call(method, route, body, headers) {
  const answer = await w.api(method, route, body, headers);
  const { template, operation } = describedBy(method, route);
  const response = operation.responses[String(answer.status)];
  assert.ok(response, `${method} ${template}: ${answer.status} is not described: ${JSON.stringify(answer.body)}`);
  seen.add(`${method} ${template} ${answer.status}`);
  if (!resolve(response).content) {
    assert.equal(answer.body, undefined);
    return answer;
  }
  const type = answer.headers.get("content-type").split(";")[0];
  const content = resolve(response).content[type];
  assert.ok(content, `${method} ${template} ${answer.status}: ${type} is not described`);
  const validate = validator(content.schema);
  assert.ok(validate(answer.body), `${method} ${template} ${answer.status}: ${JSON.stringify(answer.body)}: ${ajv.errorsText(validate.errors)}`);
  for (const name of Object.keys(resolve(response).headers ?? {})) assert.ok(answer.headers.get(name), `${name} is missing`);
  return answer;
}

const problem = async (want, method, route, body, headers) => {
  const answer = await call(method, route, body, headers);
  assert.deepEqual({ status: answer.status, code: answer.body.code, field: answer.body.field }, { field: undefined, ...want });
};

const ended = (over) => ({ call_id: "c-1", caller: "13800138000", agent: "Mei", disposition: "resolved", ...over });

test("a call is confirmed once, however often it is posted", async () => {
  const first = await call("POST", "/v1/calls", ended());
  assert.equal(first.status, 202);
  assert.equal(first.body.repeated, false);
  const again = await Promise.all([1, 2, 3].map(() => call("POST", "/v1/calls", ended())));
  for (const answer of again) {
    assert.equal(answer.body.message_id, first.body.message_id);
    assert.equal(answer.body.repeated, true);
  }
  const message = await call("GET", `/v1/messages/${first.body.message_id}`);
  assert.equal(message.body.author.type, "api");
  await problem({ status: 409, code: "call_conflict", field: "call_id" }, "POST", "/v1/calls", ended({ agent: "Bo" }));
});

test("calls posted at the same time make one message", async () => {
  const answers = await Promise.all(Array.from({ length: 20 }, () => call("POST", "/v1/calls", ended({ call_id: "burst", caller: "13800138009" }))));
  assert.deepEqual([...new Set(answers.map((a) => a.body.message_id))].length, 1);
  assert.equal(answers.filter((a) => !a.body.repeated).length, 1);
});

test("a message is told up to delivered, and its conversation can be read", async () => {
  const made = await call("POST", "/v1/messages", { to: "+86 138 0013 8001", text: "Your card is ready. 您的卡已制好。" });
  assert.equal(made.status, 202);
  const message = await until("delivered", async () => {
    const { body } = await call("GET", `/v1/messages/${made.body.id}`);
    return body.status === "delivered" && body;
  });
  assert.equal(message.address, "sms:+8613800138001");
  assert.equal(message.text, "Your card is ready. 您的卡已制好。");
  const conversation = await call("GET", `/v1/conversations/${made.body.conversation}`);
  assert.equal(conversation.body.address, "sms:+8613800138001");
  const all = [];
  for (let after = 0; after !== null; ) {
    const page = await call("GET", `/v1/conversations/${made.body.conversation}/events?after=${after}&limit=1`);
    all.push(...page.body.items);
    after = page.body.next;
  }
  assert.deepEqual(all.map((e) => e.seq), all.map((_, i) => i + 1));
  assert.equal(all.filter((e) => e.type === "status").at(-1).status, "delivered");
});

test("the disposition picks the template, and its variables are filled in", async () => {
  const variables = { tail: "4321", days: "3" };
  const card = ended({ call_id: "card", caller: "13800138010", disposition: "card_reissue", variables, lang: "en" });
  const made = await call("POST", "/v1/calls", card);
  assert.equal(made.body.template, "call.card_reissue");
  const { body } = await call("GET", `/v1/messages/${made.body.message_id}`);
  assert.match(body.text, /card ending 4321 .* 3 working days/);
  await problem({ status: 422, code: "variable_missing", field: "variables.tail" }, "POST", "/v1/calls", { ...card, call_id: "card-2", variables: {} });
});

test("a confirmation is in the caller's own language, unless the call says which", async () => {
  const from = "+8613800138020";
  await w.smsc.deliver({ from, to: "95500", text: "What are the opening hours of the branch?" });
  await w.smsc.waitForText({ to: from });
  const text = async (over) => {
    const made = await call("POST", "/v1/calls", ended({ caller: from, ...over }));
    return (await call("GET", `/v1/messages/${made.body.message_id}`)).body.text;
  };
  assert.match(await text({ call_id: "en" }), /^Thank you/);
  assert.match(await text({ call_id: "zh", lang: "zh" }), /^感谢/);
  assert.match(await text({ call_id: "new", caller: "13800138021" }), /^感谢/);
});

test("an idempotency key is one message, and another body with it is refused", async () => {
  const body = { to: "13800138002", text: "once" };
  const key = { "idempotency-key": "k-1" };
  const answers = await Promise.all([1, 2, 3].map(() => call("POST", "/v1/messages", body, key)));
  assert.equal(new Set(answers.map((a) => a.body.id)).size, 1);
  await problem({ status: 409, code: "idempotency_conflict" }, "POST", "/v1/messages", { ...body, text: "twice" }, key);
  const without = await call("POST", "/v1/messages", body);
  assert.notEqual(without.body.id, answers[0].body.id);
  await problem({ status: 400, code: "idempotency_key_invalid" }, "POST", "/v1/messages", body, { "idempotency-key": "k".repeat(129) });
});

test("what is wrong is told by code and field", async () => {
  const post = (want, body, headers) => problem(want, "POST", "/v1/messages", body, headers);
  const good = { to: "13800138003", text: "x" };
  await post({ status: 400, code: "json_invalid" }, "{");
  await post({ status: 400, code: "json_invalid" }, "[]");
  await post({ status: 400, code: "json_invalid" }, '{"to":"1","to":"2"}');
  await post({ status: 422, code: "field_unknown", field: "form" }, { ...good, form: 1 });
  await post({ status: 422, code: "field_missing", field: "to" }, { text: "x" });
  await post({ status: 422, code: "field_missing", field: "text" }, { to: "13800138003" });
  await post({ status: 422, code: "field_type", field: "text" }, { ...good, text: 1 });
  await post({ status: 422, code: "field_too_long", field: "text" }, { ...good, text: "x".repeat(8001) });
  await post({ status: 422, code: "field_too_short", field: "text" }, { ...good, text: "" });
  await post({ status: 422, code: "field_range", field: "validity" }, { ...good, validity: 0 });
  await post({ status: 422, code: "field_range", field: "lane" }, { ...good, lane: "fast" });
  await post({ status: 422, code: "channel_unknown", field: "channel" }, { ...good, channel: "cmpp" });
  await post({ status: 422, code: "address_invalid", field: "to" }, { ...good, to: "mei" });
  await post({ status: 422, code: "template_unknown", field: "template" }, { to: good.to, template: "no.such" });
  const card = { to: good.to, template: "call.card_reissue" };
  await post({ status: 422, code: "variable_missing", field: "variables.tail" }, { ...card, variables: { days: "5" } });
  await post({ status: 422, code: "variable_invalid", field: "variables.tail" }, { ...card, variables: { days: "5", tail: "12345" } });
  await post({ status: 422, code: "field_type", field: "variables.days" }, { ...card, variables: { days: 5, tail: "1234" } });
  await post({ status: 415, code: "media_type" }, "x=1", { "content-type": "application/x-www-form-urlencoded" });
  await problem({ status: 415, code: "media_type" }, "POST", "/v1/calls", "x=1", { "content-type": "text/plain" });
  await problem({ status: 400, code: "json_invalid" }, "POST", "/v1/calls", "");
  await problem({ status: 422, code: "address_invalid", field: "caller" }, "POST", "/v1/calls", ended({ call_id: "c-2", caller: "nobody" }));
  assert.equal((await call("POST", "/v1/calls", ended({ call_id: "c-2" }))).status, 202, "a refused call did not use up its id");
});

test("a message says how it is to be sent, and what was ordered can be read again", async () => {
  const due = new Date(Date.now() + 3_600_000);
  const order = { to: "13800138007", text: "later", from: "9550088", class: 0, priority: 3, receipt: false, send_at: due.toISOString(), validity: 600 };
  const { body } = await call("POST", "/v1/messages", order);
  const { body: message } = await call("GET", `/v1/messages/${body.id}`);
  assert.deepEqual(
    { from: message.from, class: message.class, priority: message.priority, receipt: message.receipt, send_ts: message.send_ts },
    { from: "9550088", class: 0, priority: 3, receipt: false, send_ts: due.getTime() },
  );
  const { body: plain } = await call("POST", "/v1/messages", { to: "13800138007", text: "now", send_at: "2020-01-01T00:00:00Z" });
  const { body: sent } = await call("GET", `/v1/messages/${plain.id}`);
  for (const key of ["from", "class", "priority", "receipt", "send_ts"]) assert.ok(!(key in sent), `${key}: nobody asked for it`);
  const refused = (want, more) => problem({ status: 422, ...want }, "POST", "/v1/messages", { to: "13800138007", text: "x", ...more });
  await refused({ code: "sender_unknown", field: "from" }, { from: "10086" });
  await refused({ code: "field_range", field: "send_at" }, { send_at: "tomorrow" });
  await refused({ code: "field_range", field: "send_at" }, { send_at: "2999-01-01T00:00:00Z" });
  await refused({ code: "field_range", field: "class" }, { class: 4 });
  await refused({ code: "field_type", field: "receipt" }, { receipt: 1 });
});

test("what a text would take is told without sending it", async () => {
  const { status, body } = await call("POST", "/v1/segments", { text: "Your card, “Mei”" });
  assert.deepEqual([status, body.alphabet, body.parts, body.left, body.too_long], [200, "ucs2", 1, 54, false]);
  assert.deepEqual([body.forced, body.changes, body.text, body.channel], [["“", "”"], [], "Your card, “Mei”", "sms-main"]);
  const long = await call("POST", "/v1/segments", { text: "x".repeat(2000), lane: "campaign", class: 0 });
  assert.deepEqual([long.body.parts, long.body.too_long], [14, true]);
  await problem({ status: 422, code: "channel_unknown", field: "channel" }, "POST", "/v1/segments", { text: "x", channel: "nope" });
  await problem({ status: 422, code: "field_range", field: "lane" }, "POST", "/v1/segments", { text: "x", lane: "fast" });
  await problem({ status: 400, code: "json_invalid" }, "POST", "/v1/segments", "{");
  await problem({ status: 415, code: "media_type" }, "POST", "/v1/segments", "x", { "content-type": "text/plain" });
  assert.equal((await call("POST", "/v1/segments", "x".repeat(70_000))).status, 413);
});

test("octets that are not UTF-8 are refused", async () => {
  const body = Buffer.concat([Buffer.from('{"to":"13800138004","text":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]);
  const response = await fetch(`${w.gateway.url}/v1/messages`, {
    method: "POST",
    headers: { authorization: "Bearer story-key-0123456789abcdef", "content-type": "application/json" },
    body,
  });
  assert.equal(response.status, 400);
  assert.equal((await response.json()).code, "utf8_invalid");
});

const draft = (id, over = {}) => ({ kind: "answer", id, title: { zh: "甲", en: id }, text: { zh: "好", en: "Fine" }, samples: { zh: [`${id}甲甲`, `${id}乙乙`, `${id}丙丙`], en: [`${id} kilo`, `${id} lima`, `${id} mike`] }, ...over });
// Every operation on templates, as a call that is understood.
const TEMPLATE_CALLS = [
  ["GET", "/v1/templates"],
  ["POST", "/v1/templates", { template: draft("zulu") }],
  ["POST", "/v1/templates/validate", {}],
  ["POST", "/v1/templates/publish", {}],
  ["POST", "/v1/templates/rollback", { version: 1 }],
  ["POST", "/v1/templates/import", { files: [{ name: "a.yaml", text: "answers: []" }] }],
  ["GET", "/v1/templates/export"],
  ["GET", "/v1/templates/versions"],
  ["GET", "/v1/templates/versions/1"],
  ["DELETE", "/v1/templates/zulu/draft"],
  ["GET", "/v1/templates/zulu"],
  ["PUT", "/v1/templates/zulu", { template: draft("zulu") }],
  ["DELETE", "/v1/templates/zulu"],
  ["GET", "/v1/unanswered"],
  ["DELETE", "/v1/unanswered", { ids: ["1-0"] }],
  ["POST", "/v1/unanswered/1-0/draft", {}],
  ["GET", "/v1/templates/audit"],
];

test("bodies that are too large, keys and scopes that lack, ids that nobody has", async () => {
  const none = "0".repeat(32);
  const routes = [
    ["POST", "/v1/calls", ended()],
    ["POST", "/v1/messages", { to: "1", text: "x" }],
    ["POST", "/v1/segments", { text: "x" }],
    ["GET", `/v1/messages/${none}-1`],
    ["GET", `/v1/conversations/${none}`],
    ["GET", `/v1/conversations/${none}/events`],
    ["GET", "/v1/channels"],
    ["GET", "/v1/channels/sms-main"],
    ["POST", "/v1/channels/sms-main/start"],
    ["POST", `/v1/messages/${none}-1/cancel`],
    ["GET", "/v1/dead-letters"],
    ["POST", "/v1/dead-letters/replay", { channel: "sms-main" }],
    ["DELETE", `/v1/dead-letters/${none}-1`],
    ["POST", `/v1/dead-letters/${none}-1/replay`],
    ["GET", "/v1/route?to=13800138000"],
    ["GET", "/v1/lists"],
    ["POST", "/v1/lists", { list: "block", number: "+8613800138099" }],
    ["DELETE", "/v1/lists", { list: "block", number: "+8613800138099" }],
    ["POST", "/v1/verifications", { to: "+8613800138098", how: "app", seconds: 60 }],
    ["DELETE", "/v1/verifications", { to: "+8613800138098" }],
    ...TEMPLATE_CALLS,
  ];
  for (const [method, route, body] of routes) {
    await problem({ status: 401, code: "key_invalid" }, method, route, body, { authorization: "Bearer no-such-key" });
    await problem({ status: 401, code: "key_missing" }, method, route, body, { authorization: "" });
    await problem({ status: 403, code: "scope_missing" }, method, route, body, { authorization: `Bearer ${POWERLESS_KEY}` });
  }
  for (const method of ["POST", "DELETE"]) assert.equal((await call(method, "/v1/lists", "x".repeat(70_000))).status, 413);
  for (const route of ["/v1/calls", "/v1/messages"]) assert.equal((await call("POST", route, "x".repeat(70_000))).status, 413);
  await problem({ status: 404, code: "message_unknown" }, "GET", `/v1/messages/${none}-1`);
  await problem({ status: 404, code: "message_unknown" }, "GET", "/v1/messages/nonsense");
  await problem({ status: 404, code: "conversation_unknown" }, "GET", `/v1/conversations/${none}`);
  await problem({ status: 404, code: "conversation_unknown" }, "GET", `/v1/conversations/${none}/events`);
  await problem({ status: 400, code: "query_invalid", field: "limit" }, "GET", `/v1/conversations/${none}/events?limit=many`);
});

test("messages are taken back, asked for and exchanged; what failed is sent again or dropped", async () => {
  const send = async (text, more) => (await call("POST", "/v1/messages", { to: "13800138066", text, ...more })).body.id;
  const act = (want, id, what, body, headers) => problem(want, "POST", `/v1/messages/${id}/${what}`, body, headers);
  const waiting = await send("later", { send_at: new Date(Date.now() + 3_600_000).toISOString() });
  assert.deepEqual((await call("POST", `/v1/messages/${waiting}/cancel`)).body, { id: waiting, status: "canceled", by: "queue" });
  const sent = await send("now");
  await until("it", async () => (await call("GET", `/v1/messages/${sent}`)).body.status === "delivered");
  assert.equal((await call("POST", `/v1/messages/${sent}/query`)).body.by, "peer");
  await act({ status: 409, code: "too_late" }, sent, "cancel");
  await act({ status: 404, code: "not_found" }, sent, "forget");
  await act({ status: 404, code: "message_unknown" }, "nonsense", "cancel");
  await act({ status: 409, code: "not_supported" }, sent, "replace", { text: "x" });
  await act({ status: 400, code: "json_invalid" }, sent, "replace", "{");
  await act({ status: 415, code: "media_type" }, sent, "replace", "x", { "content-type": "text/plain" });
  await act({ status: 422, code: "field_missing", field: "text" }, sent, "replace", {});
  assert.equal((await call("POST", `/v1/messages/${sent}/replace`, "x".repeat(70_000))).status, 413);
  w.smsc.faults.set({ mute: "all" });
  await act({ status: 504, code: "peer_silent" }, sent, "query");
  w.smsc.faults.clear();
  await until("the bind", async () => (await w.channel("sms-main"))?.state === "up");
  w.smsc.faults.set({ submitStatusOf: { "+8613800138066": 0x0b } });
  const failed = [await send("one"), await send("two"), await send("three")];
  const page = await until("failures", async () => {
    const { body } = await call("GET", "/v1/dead-letters?channel=sms-main&limit=2");
    return body.next && body;
  });
  assert.equal(page.items.length, 2);
  w.smsc.faults.clear();
  const rest = await call("GET", `/v1/dead-letters?channel=sms-main&cursor=${encodeURIComponent(page.next)}`);
  assert.deepEqual([...page.items, ...rest.body.items].map((l) => l.id).sort(), [...failed].sort());
  assert.equal((await call("POST", `/v1/dead-letters/${failed[0]}/replay`)).status, 202);
  await problem({ status: 404, code: "message_unknown" }, "POST", `/v1/dead-letters/${failed[0]}/replay`);
  assert.equal((await call("DELETE", `/v1/dead-letters/${failed[1]}`)).status, 204);
  assert.equal((await call("DELETE", `/v1/dead-letters/${failed[1]}`)).status, 204, "again, for its answer may have been lost");
  await problem({ status: 404, code: "message_unknown" }, "DELETE", `/v1/dead-letters/${failed[0]}`);
  const many = (want, body, headers) => problem(want, "POST", "/v1/dead-letters/drop", body, headers);
  await many({ status: 400, code: "json_invalid" }, "{");
  await many({ status: 415, code: "media_type" }, "x", { "content-type": "text/plain" });
  await many({ status: 422, code: "field_missing", field: "channel" }, {});
  await many({ status: 422, code: "field_range", field: "limit" }, { channel: "sms-main", limit: 1001 });
  await problem({ status: 404, code: "not_found" }, "POST", "/v1/dead-letters/bury", { channel: "sms-main" });
  assert.equal((await call("POST", "/v1/dead-letters/drop", "x".repeat(70_000))).status, 413);
  assert.deepEqual((await call("POST", "/v1/dead-letters/drop", { channel: "sms-main" })).body, { done: 1, failed: 0, more: false });
  await problem({ status: 400, code: "query_invalid", field: "limit" }, "GET", "/v1/dead-letters?limit=101");
  await problem({ status: 400, code: "query_invalid", field: "cursor" }, "GET", "/v1/dead-letters?cursor=sms-main%20x");
});

test("what customers asked in vain becomes a draft", async () => {
  assert.equal((await call("GET", "/v1/unanswered")).status, 200);
  assert.equal((await call("DELETE", "/v1/unanswered", { ids: ["1-0"] })).body.removed, 0);
  await w.smsc.deliver({ from: "+8613700138077", to: "95500", text: "xylophone repairs in timbuktu" });
  const group = await until("the question", async () => (await call("GET", "/v1/unanswered")).body.groups.at(-1));
  const route = `/v1/unanswered/${group.id}/draft`;
  assert.equal((await call("POST", route, { id: "saturn" }, { "idempotency-key": "u" })).status, 201);
  assert.equal((await call("POST", route, { id: "saturn" }, { "idempotency-key": "u" })).status, 200);
  const again = await call("POST", route, { id: "saturn" });
  assert.deepEqual([again.status, again.body.repeated], [200, true]);
  await call("PUT", "/v1/templates/saturn", { template: { ...again.body.template, suggest_only: true } });
  await problem({ status: 409, code: "template_exists", field: "id" }, "POST", route, { id: "saturn" });
  await problem({ status: 404, code: "group_unknown" }, "POST", "/v1/unanswered/9-9/draft", {});
  await problem({ status: 422, code: "field_range", field: "into" }, "POST", route, { id: "a", into: "b" });
  await call("DELETE", "/v1/templates/saturn/draft");
});

test("who is verified is told, seen and ended", async () => {
  const to = { to: "13800138098", channel: "sms-main" };
  const good = { ...to, how: "app", seconds: 60 };
  const { body: begun } = await call("POST", "/v1/verifications", good);
  assert.ok(begun.until_ts > Date.now() && begun.until_ts <= Date.now() + 60_000);
  const { verified, channel } = (await call("GET", `/v1/conversations/${begun.conversation}`)).body;
  assert.deepEqual([verified, channel], [{ until_ts: begun.until_ts, how: "app", by: "api:story" }, "sms-main"]);
  const { body: ended } = await call("DELETE", "/v1/verifications", to);
  assert.deepEqual(ended, { conversation: begun.conversation, until_ts: null });
  await call("DELETE", "/v1/verifications", to);
  assert.equal((await call("GET", `/v1/conversations/${begun.conversation}`)).body.verified, undefined);
  const { items } = (await call("GET", `/v1/conversations/${begun.conversation}/events`)).body;
  assert.deepEqual(items.map((e) => [e.type, e.until_ts, e.how, e.by]), [["verified", begun.until_ts, "app", "api:story"], ["verified", null, "ended", "api:story"]]);
  const refused = (want, more) => problem({ status: 422, ...want }, "POST", "/v1/verifications", { ...good, ...more });
  await refused({ code: "address_invalid", field: "to" }, { to: "mei" });
  await refused({ code: "channel_unknown", field: "channel" }, { channel: "nope" });
  await refused({ code: "field_range", field: "seconds" }, { seconds: 12 * 3600 + 1 });
  await refused({ code: "field_range", field: "how" }, { how: "the app" });
  await problem({ status: 422, code: "field_missing", field: "to" }, "DELETE", "/v1/verifications", {});
  for (const method of ["POST", "DELETE"]) {
    await problem({ status: 400, code: "json_invalid" }, method, "/v1/verifications", "{");
    await problem({ status: 415, code: "media_type" }, method, "/v1/verifications", "x", { "content-type": "text/plain" });
    assert.equal((await call(method, "/v1/verifications", "x".repeat(70_000))).status, 413);
  }
});

test("channels, routes and lists", async () => {
  const { body: all } = await call("GET", "/v1/channels");
  assert.deepEqual(all.items.map((c) => c.name), ["sms-main"]);
  const { body: one } = await call("GET", "/v1/channels/sms-main");
  assert.deepEqual([one.holder, one.want, one.nodes.length], ["node-1", "start", 1]);
  assert.equal((await call("POST", "/v1/channels/sms-main/start")).status, 202);
  await problem({ status: 404, code: "channel_unknown" }, "GET", "/v1/channels/nope");
  await problem({ status: 404, code: "channel_unknown" }, "POST", "/v1/channels/nope/stop");
  assert.equal((await call("GET", "/v1/route?to=13800138000&class=flash")).body.channel, "sms-main");
  await problem({ status: 400, code: "query_invalid", field: "to" }, "GET", "/v1/route");
  await problem({ status: 422, code: "field_range", field: "class" }, "GET", "/v1/route?to=13800138000&class=x");
  const entry = { list: "block", number: "+8613800138*", channel: "sms-main", note: "spam" };
  const edit = (want, method, body) => problem(want, method, "/v1/lists", body);
  for (const method of ["POST", "DELETE"]) {
    await edit({ status: 400, code: "json_invalid" }, method, "{");
    await edit({ status: 422, code: "field_range", field: "list" }, method, { ...entry, list: "every" });
    await edit({ status: 422, code: "field_range", field: "number" }, method, { ...entry, number: "+86*1" });
    await edit({ status: 422, code: "channel_unknown", field: "channel" }, method, { ...entry, channel: "nope" });
    await problem({ status: 415, code: "media_type" }, method, "/v1/lists", "x", { "content-type": "text/plain" });
  }
  await edit({ status: 404, code: "entry_unknown" }, "DELETE", entry);
  await call("POST", "/v1/lists", entry);
  const { body: page } = await call("GET", "/v1/lists");
  assert.deepEqual(page.items.map(({ ts, ...rest }) => rest), [{ ...entry, by: "api:story" }]);
  await problem({ status: 400, code: "query_invalid", field: "after" }, "GET", "/v1/lists?after=x");
  await until("the block", async () => (await call("POST", "/v1/messages", { to: "13800138055", text: "x" })).status === 422);
  await problem({ status: 422, code: "recipient_blocked", field: "to" }, "POST", "/v1/messages", { to: "13800138055", text: "x" });
  await call("DELETE", "/v1/lists", entry);
  await until("its end", async () => (await call("POST", "/v1/messages", { to: "13800138055", text: "x" })).status === 202);
  const fill = "for i = ARGV[1] + 1, ARGV[1] + 10000 do redis.call('HSET', KEYS[1], 'block * +49' .. i, '1 test ') end";
  for (let i = 0; i < 200000; i += 10000) await w.redis.command("EVAL", fill, "1", "ph:{ctl}:list", String(i)); // no long silence of Redis
  await edit({ status: 409, code: "list_full" }, "POST", entry);
  const { body: first } = await call("GET", "/v1/lists");
  assert.equal((await call("GET", `/v1/lists?after=${first.next}`)).status, 200);
  await w.redis.command("DEL", "ph:{ctl}:list");
});

test("templates: drafted, validated, published, rolled back, imported, exported; and all that is refused", async () => {
  const at = (want, method, route, body, headers) => problem(want, method, `/v1/templates${route}`, body, headers);
  await until("the files", async () => (await call("GET", "/v1/templates")).body.version === 1);
  for (const [method, route, body] of TEMPLATE_CALLS) {
    if (!body) continue;
    await problem({ status: 400, code: "json_invalid" }, method, route, "{");
    await problem({ status: 415, code: "media_type" }, method, route, "x", { "content-type": "text/plain" });
    await problem({ status: 422, code: "field_unknown", field: "x" }, method, route, { ...body, x: 1 });
  }
  await at({ status: 400, code: "query_invalid", field: "limit" }, "GET", "?limit=0");
  await at({ status: 404, code: "draft_unknown" }, "POST", "/publish", {});
  const once = { "idempotency-key": "draft" };
  assert.equal((await call("POST", "/v1/templates", { template: draft("zulu") }, once)).status, 201);
  assert.equal((await call("POST", "/v1/templates", { template: draft("zulu") }, once)).status, 200);
  const again = await call("POST", "/v1/templates", { template: draft("zulu") });
  assert.deepEqual([again.status, again.body.repeated], [200, true]);
  await at({ status: 409, code: "template_exists", field: "template.id" }, "POST", "", { template: draft("zulu", { suggest_only: true }) });
  assert.equal((await call("GET", "/v1/templates/zulu")).body.state, "draft");
  assert.equal((await call("PUT", "/v1/templates/zulu", { template: draft("zulu", { suggest_only: true }) })).status, 200);
  for (const method of ["PUT", "DELETE"]) {
    const body = method === "PUT" ? { template: draft("zulu") } : undefined;
    await at({ status: 412, code: "template_changed" }, method, "/zulu", body, { "if-match": '"0"' });
    await at({ status: 404, code: "template_unknown" }, method, "/No%20Id", body);
  }
  // Another's draft.
  await w.redis.command("HSET", "ph:{tpl}:draft", "zulu", `- ${"0".repeat(40)} 1 user:ed api.yaml`);
  await at({ status: 428, code: "match_required" }, "PUT", "/zulu", { template: draft("zulu") });
  await at({ status: 428, code: "match_required" }, "DELETE", "/zulu");
  await at({ status: 412, code: "template_changed" }, "DELETE", "/zulu/draft", undefined, { "if-match": '"1"' });
  for (const [route, body] of [["/publish", {}], ["/rollback", { version: 1 }], ["/import", { files: [{ name: "a.yaml", text: "answers: []" }] }]])
    await at({ status: 412, code: "version_changed" }, "POST", route, body, { "if-match": '"77"' });
  await call("PUT", "/v1/templates/zulu", { template: draft("zulu") }, { "if-match": "*" });
  assert.equal((await call("DELETE", "/v1/templates/zulu")).status, 200);
  await at({ status: 404, code: "template_unknown" }, "GET", "/zulu");
  await at({ status: 404, code: "draft_unknown" }, "DELETE", "/zulu/draft");
  await call("POST", "/v1/templates", { template: draft("zulu") });
  assert.equal((await call("DELETE", "/v1/templates/zulu/draft")).status, 200);
  await call("POST", "/v1/templates", { template: draft("zulu", { samples: { zh: ["甲"], en: ["x"] } }) });
  const refused = await call("POST", "/v1/templates/publish", {});
  assert.deepEqual([refused.status, refused.body.code, refused.body.errors[0].template], [422, "template_invalid", "zulu"]);
  assert.equal((await call("POST", "/v1/templates/validate", {})).body.valid, false);
  await call("PUT", "/v1/templates/zulu", { template: draft("zulu") });
  assert.equal((await call("POST", "/v1/templates/publish", { ids: ["zulu"], note: "n" }, { "idempotency-key": "p" })).body.version, 2);
  assert.equal((await call("POST", "/v1/templates/rollback", { version: 1 }, { "idempotency-key": "r" })).body.version, 3);
  await at({ status: 404, code: "version_unknown" }, "POST", "/rollback", { version: 99 });
  for (const [route, body, key] of [["/publish", {}, "p"], ["/rollback", { version: 2 }, "r"]])
    await at({ status: 409, code: "idempotency_conflict" }, "POST", route, body, { "idempotency-key": key });
  const files = (await call("GET", "/v1/templates/export?version=2")).body.files.filter((f) => f.name === "api.yaml");
  assert.equal((await call("POST", "/v1/templates/import", { files }, { "idempotency-key": "i" })).body.version, 4);
  await at({ status: 409, code: "idempotency_conflict" }, "POST", "/import", { files, note: "x" }, { "idempotency-key": "i" });
  await at({ status: 400, code: "query_invalid", field: "version" }, "GET", "/export?version=x");
  await at({ status: 404, code: "version_unknown" }, "GET", "/export?version=99");
  assert.equal((await call("GET", "/v1/templates/versions")).body.items.length, 4);
  assert.equal((await call("GET", "/v1/templates/versions/4")).body.changed[0], "zulu");
  await at({ status: 404, code: "version_unknown" }, "GET", "/versions/99");
  await at({ status: 400, code: "query_invalid", field: "after" }, "GET", "/versions/4?after=x");
  assert.equal((await call("GET", "/v1/templates/export")).body.next, null);
  await at({ status: 400, code: "query_invalid", field: "after" }, "GET", "/export?after=gone.yaml");
  assert.ok((await call("GET", "/v1/templates/audit?limit=2")).body.next);
  await at({ status: 400, code: "query_invalid", field: "after" }, "GET", "/audit?after=x");
});

test("the schemas of the bodies say what the gateway does", async () => {
  const variants = {
    "/v1/messages": [
      { to: "13800138005", text: "x" },
      { to: "13800138005", text: "x", lane: "reply", validity: 60, lang: "en" },
      { to: "13800138005", text: "x", class: 3, priority: 0, receipt: true, from: "95500", send_at: "2026-03-01T09:00:00+08:00" },
      { to: "13800138005", text: "x", priority: 4 },
      { to: "13800138005", text: "x", class: -1 },
      { to: "13800138005", text: "x", send_at: "2026-03-01" },
      { to: "13800138005", text: "x", from: "x".repeat(21) },
      { to: "13800138005" },
      { to: "13800138005", text: "x", template: "call.ended" },
      { to: "13800138005", text: "x", variables: {} },
      { to: "", text: "x" },
      { to: 1, text: "x" },
      { to: "13800138005", text: "x", validity: 604801 },
      { to: "13800138005", text: "x", lane: "bulk" },
      { to: "13800138005", text: "x", extra: true },
      { to: "13800138005", template: "call.ended", variables: { agent: 1 } },
    ],
    "/v1/calls": [ended({ call_id: "v-1" }), ended({ call_id: "" }), ended({ call_id: "x".repeat(65) }), ended({ call_id: "v-2", lang: "fr" }), { call_id: "v-3" }],
  };
  for (const [route, bodies] of Object.entries(variants)) {
    const validate = validator(document.paths[route].post.requestBody.content["application/json"].schema);
    for (const body of bodies) {
      const { status } = await call("POST", route, body);
      assert.equal(status === 202, validate(body), `${route} ${JSON.stringify(body)}: ${status}`);
    }
  }
});

test("Redis gone: 503 with Retry-After; what was not acknowledged can be posted again", async () => {
  const { body } = await call("POST", "/v1/messages", { to: "13800138006", text: "before" });
  await w.redis.stop("SIGKILL");
  await until("the node to notice", async () => (await fetch(`${w.gateway.internalUrl}/readyz`)).status === 503);
  await problem({ status: 503, code: "unavailable" }, "POST", "/v1/calls", ended({ call_id: "late" }));
  for (const what of ["cancel", "query"]) await problem({ status: 503, code: "unavailable" }, "POST", `/v1/messages/${body.id}/${what}`);
  await problem({ status: 503, code: "unavailable" }, "GET", "/v1/dead-letters");
  await problem({ status: 503, code: "unavailable" }, "POST", "/v1/dead-letters/drop", { channel: "sms-main" });
  await problem({ status: 503, code: "unavailable" }, "DELETE", `/v1/dead-letters/${body.id}`);
  await problem({ status: 503, code: "unavailable" }, "POST", `/v1/dead-letters/${body.id}/replay`);
  for (const [method, route] of [["GET", "/v1/channels"], ["GET", "/v1/channels/sms-main"], ["POST", "/v1/channels/sms-main/start"], ["GET", "/v1/lists"]])
    await problem({ status: 503, code: "unavailable" }, method, route);
  for (const method of ["POST", "DELETE"])
    await problem({ status: 503, code: "unavailable" }, method, "/v1/lists", { list: "block", number: "+8613800138099" });
  for (const [method, more] of [["POST", { how: "app", seconds: 60 }], ["DELETE", {}]])
    await problem({ status: 503, code: "unavailable" }, method, "/v1/verifications", { to: "+8613800138098", ...more });
  await problem({ status: 503, code: "unavailable" }, "POST", "/v1/messages", { to: "13800138006", text: "x" });
  await problem({ status: 503, code: "unavailable" }, "GET", `/v1/messages/${body.id}`);
  await problem({ status: 503, code: "unavailable" }, "GET", `/v1/conversations/${body.conversation}`);
  await problem({ status: 503, code: "unavailable" }, "GET", `/v1/conversations/${body.conversation}/events`);
  for (const [method, route, body] of TEMPLATE_CALLS) await problem({ status: 503, code: "unavailable" }, method, route, body);
  await w.redis.start();
  await until("the node to be ready", async () => (await fetch(`${w.gateway.internalUrl}/readyz`)).status === 200);
  assert.equal((await call("POST", "/v1/calls", ended({ call_id: "late" }))).status, 202);
  assert.equal((await call("GET", `/v1/messages/${body.id}`)).status, 200);
});

test("every status that is described was seen", () => {
  const described = Object.entries(document.paths).flatMap(([template, item]) =>
    Object.entries(item).flatMap(([method, operation]) => Object.keys(operation.responses).map((status) => `${method.toUpperCase()} ${template} ${status}`)),
  );
  assert.deepEqual(described.filter((key) => !seen.has(key)), []);
});
