// /cgi-bin/sendsms beside the real kannel: the same requests to both, the same simulated SMSC behind them, and every
// answer compared; what is different on purpose is listed with its reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startKannel, kannelInstalled, smppGroup } from "../peers/kannel/main.js";
import { startSmsc } from "../peers/smsc/main.js";
import { Receiver } from "./receiver.js";
import { until, world } from "./world.js";

const PASSWORD = "kannel-password";
const PHONE = "+8613800138000";
const credentials = `username=shop&password=${PASSWORD}`;
const basic = `${credentials}&to=${encodeURIComponent(PHONE)}&text=hi`;
const headers = (more = {}) => ({
  "x-kannel-username": "shop",
  "x-kannel-password": PASSWORD,
  "x-kannel-to": PHONE,
  "content-type": "text/plain",
  ...more,
});

export const section = (more = "", user = "") => {
  process.env.SENDSMS_PASSWORD = PASSWORD;
  return `sendsms:\n  password_in_query: true\n  allow_private: true${more}\n  users:\n    - name: shop\n      password: {env: SENDSMS_PASSWORD}\n      from: "95500"${user}\n    - name: nosender\n      password: {env: SENDSMS_PASSWORD}\n    - name: far\n      password: {env: SENDSMS_PASSWORD}\n      from: "95500"\n      allow: ["192.0.2.0/24"]`;
};

const get = (name, query) => ({ name, query });
const withValue = (field, ...values) => values.map((v) => get(`${field}=${v.slice(0, 12)}`, `${basic}&${field}=${v}`));

// What both are asked. `ours` says where we answer otherwise, and why.
const REQUESTS = [
  get("plain", basic),
  get("user and pass", `user=shop&pass=${PASSWORD}&to=123&text=hi`),
  get("wrong password", "username=shop&password=wrong&to=123&text=hi"),
  get("unknown user", "username=nobody&password=wrong&to=123&text=hi"),
  get("no credentials", "to=123&text=hi"),
  get("a user from elsewhere", `username=far&password=${PASSWORD}&to=123&text=hi`),
  get("no receiver", `${credentials}&text=hi`),
  get("an empty receiver", `${credentials}&text=hi&to=`),
  get("a blank receiver", `${credentials}&text=hi&to=+`),
  get("letters", `${credentials}&to=abc&text=hi`),
  get("letters among numbers", `${credentials}&to=13800138001+abc&text=hi`),
  get("two receivers", `${credentials}&to=13800138002+13800138003&text=hi`),
  get("one receiver twice", `${credentials}&to=13800138004+13800138004&text=hi`),
  get("no sender", `username=nosender&password=${PASSWORD}&to=123&text=hi`),
  get("an empty text", `${credentials}&to=13800138005&text=`),
  get("no text", `${credentials}&to=13800138005`),
  get("a text of several parts", `${basic}${"x".repeat(400)}`),
  get("a text that is badly encoded", `${credentials}&to=13800138006&text=a%zzb`),
  get("a text twice", `${basic}&text=other`),
  ...withValue("mclass", "0", "3", "4", "-2", "x", ""),
  ...withValue("mwi", "7", "8"),
  ...withValue("coding", "0", "1", "3", "-2"),
  get("coding=2", `${credentials}&to=13800138007&coding=2&text=%4E%2D%65%87`),
  get("coding=2 with charset", `${credentials}&to=13800138007&coding=2&charset=UTF-8&text=%E4%B8%AD`),
  ...withValue("compress", "2"),
  ...withValue("validity", "10", "12abc", "-2"),
  ...withValue("deferred", "0", "-2"),
  ...withValue("priority", "3", "4", "-1", "-2"),
  ...withValue("pid", "255", "256"),
  ...withValue("rpi", "1", "3"),
  ...withValue("alt-dcs", "1", "2"),
  ...withValue("dlr-mask", "63", "-2"),
  ...withValue("dlr-url", "x", "ftp://example.com/", "http://x"),
  ...withValue("account", "shop-1", "a[b", "x".repeat(65)),
  ...withValue("charset", "nope", "ISO-8859-1"),
  get("latin-1", `${credentials}&to=13800138008&charset=ISO-8859-1&text=%E9`),
  ...withValue("smsc", "sms-main", "elsewhere"),
  ...withValue("udh", "%06%05%04%0B%84%23%F0", "%05%00%03%01%02", "zz"),
  { name: "a body of text", headers: headers(), body: "hello" },
  { name: "a body of octets", headers: headers({ "content-type": "application/octet-stream" }), body: "\x01\x02" },
  { name: "a body of HTML", headers: headers({ "content-type": "text/html" }), body: "<b>hello</b>" },
  { name: "a body of JSON", headers: headers({ "content-type": "application/json" }), body: "{}" },
  { name: "a body without a receiver", headers: (({ "x-kannel-to": _, ...h }) => h)(headers()), body: "x" },
  { name: "a body with an empty receiver", headers: headers({ "x-kannel-to": "" }), body: "x" },
  { name: "a body with a wrong password", headers: headers({ "x-kannel-password": "wrong" }), body: "x" },
  { name: "a body with a user data header", headers: headers({ "content-type": "application/octet-stream", "x-kannel-udh": "06050415811581" }), body: "x" },
  { name: "a body with half an octet of it", headers: headers({ "content-type": "application/octet-stream", "x-kannel-udh": "06050" }), body: "x" },
];

// Ours, where it is not kannel's, with the reason.
const DIFFERENT = {
  "a form": { kannel: [400, "Invalid content-type"], ours: [202, "0: Accepted for delivery"], why: "a password belongs into a body" },
  "a text that is no UTF-8": { kannel: [202, "0: Accepted for delivery"], ours: [400, "Charset or body misformed, rejected"], why: "nobody could read it" },
};
const DIFFERENT_REQUESTS = [
  { name: "a form", headers: { "content-type": "application/x-www-form-urlencoded" }, body: basic },
  get("a text that is no UTF-8", `${credentials}&to=13800138006&text=%E9`),
];

export async function ask(url, { query, headers: fields, body }) {
  const response = await fetch(`${url}${query ? `?${query}` : ""}`, { method: body === undefined ? "GET" : "POST", headers: fields, body });
  const { headers: h } = response;
  return { status: response.status, text: await response.text(), cache: h.get("cache-control"), pragma: h.get("pragma"), type: h.get("content-type") };
}

test("every answer is the one of Debian's kannel, line by line", { skip: !kannelInstalled() && "no kannel here" }, async (t) => {
  const w = await world(t, { channels: ["sms"], extra: section() });
  const user = { "default-smsc": "sms-main", concatenation: "true", "max-messages": 10, password: PASSWORD };
  const kannel = await startKannel({
    smscs: [smppGroup(w.smsc.smppPort, { "allowed-smsc-id": "sms-main" })],
    users: [
      { ...user, username: "shop", "default-sender": "95500" },
      { ...user, username: "nosender" },
      { ...user, username: "far", "default-sender": "95500", "user-deny-ip": '"*.*.*.*"' },
    ],
  });
  t.after(() => kannel.close());
  await until("kannel's bind", async () => /online/.test(await kannel.status()));
  const url = `${w.gateway.url}/cgi-bin/sendsms`;
  for (const request of REQUESTS) assert.deepEqual(await ask(url, request), await ask(kannel.url, request), request.name);
  for (const request of DIFFERENT_REQUESTS) {
    const { kannel: theirs, ours, why } = DIFFERENT[request.name];
    const [a, b] = [await ask(url, request), await ask(kannel.url, request)];
    assert.deepEqual([b.status, b.text], theirs, request.name);
    assert.deepEqual([a.status, a.text], ours, `${request.name}: ${why}`);
  }
});

// --- Reports ---------------------------------------------------------------------------------------------------------------

/** What a script's own server is called with. */
class Script extends Receiver {
  constructor(answer = () => 200) {
    super(({ url }) => {
      this.calls.push({ url, fields: Object.fromEntries(new URL(url, "http://x").searchParams), at: Date.now() });
      return this.answer(this.calls.length, url);
    });
    this.calls = [];
    this.answer = answer;
  }

  types(id) {
    return this.calls.filter((c) => c.fields.id === id).map((c) => c.fields.type);
  }
}

const scriptFor = async (t, answer) => {
  const script = await new Script(answer).start();
  t.after(() => script.stop().catch(() => {}));
  return script;
};

const ESCAPES =
  "type=%d&foreign=%F&answer=%A&b=%b&hex=%e&word=%k&rest=%r&to=%p&from=%P&q=%q&Q=%Q&service=%n&smsc=%i&coding=%c&charset=%C&class=%m&mwi=%M&dcs=%O&udh=%u&percent=%%&unknown=%x&binfo=%B";

const order = (script, id, more = "", escapes = ESCAPES) =>
  `${credentials}&to=${encodeURIComponent(PHONE)}&text=hi&dlr-mask=31&dlr-url=${encodeURIComponent(`http://127.0.0.1:${script.port}/${id}?id=${id}&${escapes}`)}${more}`;

// What cannot be the same: ids, dates, the text that some SMSCs put into a receipt; and how the words of a status begin.
const comparable = ({ fields: { id, hex, ...rest } }) =>
  Object.fromEntries(Object.entries(rest).map(([k, v]) => [k, v.replace(/id:\d+/, "id:").replace(/^\d{9}$/, "ID").replace(/date:\d+/g, "date:").replace(/text:.*/, "text:").toLowerCase()]));

test("reports come as kannel sends them", { skip: !kannelInstalled() && "no kannel here" }, async (t) => {
  const script = await scriptFor(t);
  const w = await world(t, { channels: ["sms"], extra: section() });
  const other = await startSmsc(); // an account's receipts come over any of its binds
  for (const smsc of [w.smsc, other]) smsc.receipts.set({ intermediate: true, delayMs: 400 });
  t.after(() => other.close());
  const kannel = await startKannel({
    smscs: [smppGroup(other.smppPort)],
    users: [{ username: "shop", password: PASSWORD, "default-sender": "95500", "default-smsc": "sms-main" }],
  });
  t.after(() => kannel.close());
  await until("kannel's bind", async () => /online/.test(await kannel.status()));
  const both = async (name, more = "") => {
    await ask(`${w.gateway.url}/cgi-bin/sendsms`, { query: order(script, `ours-${name}`, more) });
    await ask(kannel.url, { query: order(script, `theirs-${name}`, more) });
  };
  const of = (id, type) => script.calls.find((c) => c.fields.id === id && c.fields.type === type);
  const same = async (name, types) => {
    const missing = () => types.flatMap((type) => [`ours-${name}`, `theirs-${name}`].filter((id) => !of(id, type)).map((id) => `${type} of ${id}`));
    await until(`reports of ${name}`, () => !missing().length).catch((err) => assert.deepEqual(missing(), [], err.message));
    for (const type of types) assert.deepEqual(comparable(of(`ours-${name}`, type)), comparable(of(`theirs-${name}`, type)), `${name}, ${type}`);
  };
  await both("delivered");
  await same("delivered", ["8", "4", "1"]);
  for (const smsc of [w.smsc, other]) smsc.fate(PHONE, "fail");
  await both("failed");
  await same("failed", ["8", "4", "2"]);
  for (const smsc of [w.smsc, other]) {
    smsc.fate(PHONE, "deliver");
    smsc.faults.set({ submitStatusOf: { [PHONE]: 0x0b } });
  }
  await both("rejected");
  await same("rejected", ["16"]);
});

test("only what dlr-mask asks for is told, once", async (t) => {
  const script = await scriptFor(t);
  const w = await world(t, { channels: ["sms"], extra: section() });
  const url = `${w.gateway.url}/cgi-bin/sendsms`;
  const masked = (id, mask) => order(script, id, "", "type=%d").replace("dlr-mask=31", `dlr-mask=${mask}`);
  await ask(url, { query: masked("one", 1) });
  await ask(url, { query: masked("eight", 8) });
  await ask(url, { query: masked("none", 16) });
  await ask(url, { query: masked("last", 9) });
  await until("the last", () => script.types("last").includes("1"));
  assert.deepEqual(script.types("one"), ["1"]);
  assert.deepEqual(script.types("eight"), ["8"]);
  assert.deepEqual(script.types("none"), []);
  assert.deepEqual(script.types("last").sort(), ["1", "8"]);
});

test("reports outlive a node that is killed and a script that is down", async (t) => {
  let open = false;
  const script = await scriptFor(t, () => (open ? 200 : 503));
  const w = await world(t, { channels: ["sms"], extra: section() });
  const ids = Array.from({ length: 10 }, (_, i) => `r${i}`);
  for (const id of ids) await ask(`${w.gateway.url}/cgi-bin/sendsms`, { query: order(script, id, "", "type=%d") });
  await until("a try", () => script.calls.length > 3);
  // Taken by the operator and delivered, each: what a kill makes unknown on its way is another story.
  await until("two reports of each", async () => Number(await w.redis.command("XLEN", "ph:hook:sendsms:shop")) >= 2 * ids.length);
  await w.gateway.kill();
  open = true;
  script.calls = [];
  await w.gateway.start();
  await until("all of them", () => ids.every((id) => script.types(id).includes("1")));
  await until("nothing waits", async () => (await w.redis.command("XLEN", "ph:hook:sendsms:shop")) === "0");
});

test("a dlr-url never leads into a private network unless the configuration says so", async (t) => {
  const script = await scriptFor(t);
  const w = await world(t, { channels: ["sms"], extra: section().replace("allow_private: true", "allow_private: false") });
  for (const host of ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"])
    await ask(`${w.gateway.url}/cgi-bin/sendsms`, { query: order(script, "private", "", "type=%d").replaceAll("127.0.0.1", encodeURIComponent(host)) });
  await until("refusals", async () => /posthouse_webhook_failed_total\{webhook="sendsms:shop"\} ([4-9]|\d\d)/.test(await w.gateway.metrics()));
  assert.deepEqual(script.calls, []);
  assert.match(w.gateway.log, /event=webhook.failed webhook=sendsms:shop err=EPERM/);
});

// --- Who may -----------------------------------------------------------------------------------------------------------------

test("a password in a URL is refused unless it is allowed, and too many wrong ones are not looked at", async (t) => {
  const w = await world(t, { channels: ["sms"], extra: section().replace("password_in_query: true", "password_in_query: false") });
  const url = `${w.gateway.url}/cgi-bin/sendsms`;
  const form = (password) => ({ headers: { "content-type": "application/x-www-form-urlencoded" }, body: basic.replace(PASSWORD, password) });
  const status = async (request) => (await ask(url, request)).status;
  assert.equal(await status({ query: basic }), 403);
  assert.equal(await status({ ...form("wrong"), query: `password=${PASSWORD}` }), 403);
  assert.equal(await status(form(PASSWORD)), 202);
  assert.equal(await status({ headers: headers(), body: "hello" }), 202);
  for (let i = 0; i < 10; i++) assert.equal(await status(form(`wrong-${i}`)), 403);
  assert.equal(await status(form(PASSWORD)), 403, "the right one too, from there, for a minute");
  assert.doesNotMatch(w.gateway.log, new RegExp(PASSWORD));
});

test("without users there is no such page", async (t) => {
  const w = await world(t, { channels: ["sms"] });
  assert.equal((await ask(`${w.gateway.url}/cgi-bin/sendsms`, { query: basic })).status, 404);
});

test("what is accepted while the operator is away is queued, and sent when he is back; what is not durable is not accepted", async (t) => {
  const w = await world(t, { channels: ["sms"], extra: section("", "\n      rate: 2"), smppExtra: "\n    reconnect_least: 100 ms" });
  const url = `${w.gateway.url}/cgi-bin/sendsms`;
  w.smsc.faults.set({ refuseBind: 0x0d });
  w.smsc.drop();
  await until("the loss", async () => (await w.channel("sms-main")).state !== "up");
  const queued = await ask(url, { query: `${credentials}&to=${encodeURIComponent(PHONE)}&text=later` });
  assert.deepEqual([queued.status, queued.text], [202, "3: Queued for later delivery"]);
  const many = await Promise.all(Array.from({ length: 6 }, () => ask(url, { query: basic })));
  assert.ok(many.some((a) => a.status === 503 && a.text === "Temporal failure, try again later."), "over the rate");
  await w.redis.stop("SIGKILL");
  await until("nothing is durable", async () => !(await fetch(`${w.gateway.internalUrl}/readyz`)).ok);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // the rate's second
  const refused = await ask(url, { query: basic });
  assert.deepEqual([refused.status, refused.text], [503, "Temporal failure, try again later."]);
});

// --- What the operator gets ----------------------------------------------------------------------------------------------

// Octets, headers and the fields of 23.040, in what kannel writes; only the reference of several parts is each one's own.
const ON_THE_WIRE = {
  octets: "text=%01%02&coding=1",
  "octets with a header": "text=%01%02&coding=1&udh=%06%05%04%0B%84%23%F0",
  "a header makes octets of a text": "text=abc&udh=%06%05%04%0B%84%23%F0",
  "a text with a header": "text=abc&coding=0&udh=%06%05%04%0B%84%23%F0",
  "UCS-2 although it fits GSM": "text=%00a%00b&coding=2",
  "many octets": `coding=1&text=${"%41".repeat(300)}`,
  "many octets with a header": `coding=1&udh=%06%05%04%0B%84%23%F0&text=${"%41".repeat(300)}`,
  "a class in its own group": "text=abc&mclass=1&alt-dcs=1",
  "flash in UCS-2": "text=%4e%2d&coding=2&mclass=0",
  "octets for the SIM, compressed": "text=ab&coding=1&mclass=2&compress=1&alt-dcs=1",
  "voice mail waits": "text=abc&mwi=0",
  "voice mail no longer waits": "text=abc&mwi=4",
  "fax waits, in UCS-2": "text=%4e%2d&coding=2&mwi=1",
  "protocol, reply path, priority, service type": "text=abc&pid=64&rpi=1&priority=2&binfo=bi",
};

const wire = (message) =>
  message.parts.map((p) => ({
    octets: p.octets,
    udh: p.udh?.replace(/^(0.)(.*)0003..(....)/, "$1$20003--$3").replace(/0003..(0[1-9]0[1-9])/, "0003--$1"),
    dataCoding: p.dataCoding,
    esmClass: p.esmClass & 0xfc, // kannel asks for store and forward, which every SMSC does
    priority: p.priority,
    serviceType: p.serviceType,
  }));

test("octets, headers and classes reach the operator as kannel writes them", { skip: !kannelInstalled() && "no kannel here" }, async (t) => {
  const w = await world(t, { channels: ["sms"], extra: section() });
  const other = await startSmsc();
  t.after(() => other.close());
  const kannel = await startKannel({
    smscs: [smppGroup(other.smppPort)],
    users: [{ username: "shop", password: PASSWORD, "default-sender": "95500", concatenation: "true", "max-messages": 10 }],
  });
  t.after(() => kannel.close());
  await until("kannel's bind", async () => /online/.test(await kannel.status()));
  let phone = 13800139000;
  for (const [name, fields] of Object.entries(ON_THE_WIRE)) {
    const query = `${credentials}&to=%2B86${++phone}&${fields}`;
    for (const url of [`${w.gateway.url}/cgi-bin/sendsms`, kannel.url]) assert.equal((await ask(url, { query })).status, 202, name);
    const got = await until(name, () => {
      const both = [w.smsc, other].map((smsc) => smsc.messages(`+86${phone}`).find((m) => m.complete));
      return both.every(Boolean) && both;
    });
    assert.deepEqual(...got.map(wire), name);
  }
});
