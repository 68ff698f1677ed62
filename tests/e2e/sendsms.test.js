// /cgi-bin/sendsms beside the real kannel: the same requests to both, the same simulated SMSC behind them, and every
// answer compared; what is different on purpose is listed with its reason.

import assert from "node:assert/strict";
import { test } from "node:test";
import { startKannel, kannelInstalled, smppGroup } from "../peers/kannel/main.js";
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
