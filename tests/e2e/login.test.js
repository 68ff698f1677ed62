// Log-in: who gets a token, who waits, and what ends one.

import assert from "node:assert/strict";
import { test } from "node:test";
import WebSocket from "ws";
import { until, world } from "./world.js";

const plain = { channels: ["sms"] };

async function login(w, user, password, headers = {}) {
  const response = await fetch(`${w.gateway.url}/console/api/login`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify({ user, password }),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

const me = (w, headers) => fetch(`${w.gateway.url}/console/api/me`, { headers });

function closeCode(w, headers) {
  const socket = new WebSocket(`${w.gateway.url.replace("http", "ws")}/console/ws`, "posthouse.console.v1", { headers });
  return new Promise((resolve) => {
    socket.on("unexpected-response", (_, response) => resolve(response.statusCode));
    socket.on("close", (code) => resolve(code));
    socket.on("error", () => {});
  });
}

test("a log-in gives a cookie that scripts cannot read and a token that every node knows", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei"] });
  const answer = await login(w, "mei", "relay-station");
  assert.equal(answer.status, 200);
  assert.deepEqual(Object.keys(answer.body.user).sort(), ["capacity", "id", "lang", "name", "role", "skills"]);
  const cookie = answer.headers.get("set-cookie");
  assert.match(cookie, /^posthouse_session=[\w-]{43}; Path=\/console; HttpOnly; SameSite=Strict/);
  assert.doesNotMatch(cookie, /Secure/); // loopback is plain
  const other = await w.addNode("node-2");
  for (const node of [w.gateway, other]) {
    const response = await fetch(`${node.url}/console/api/me`, { headers: { cookie: cookie.split(";")[0] } });
    assert.equal(response.status, 200);
    assert.equal((await response.json()).user.id, "mei");
  }
  const keys = await w.redis.command("--scan", "--pattern", "*login*");
  assert.ok(keys.length > 0 && !keys.includes(answer.body.token), "only the token's hash is kept");
});

test("a wrong password and a name that nobody has get the same answer; too many wait", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei", "bo"] });
  const wrong = await login(w, "mei", "wrong");
  const nobody = await login(w, "nobody", "wrong");
  assert.equal(wrong.status, 401);
  assert.deepEqual(nobody.body, wrong.body);
  assert.equal(wrong.body.code, "login_failed");
  for (let i = 0; i < 7; i++) await login(w, "mei", "wrong");
  const late = await login(w, "mei", "relay-station");
  assert.equal(late.status, 429);
  assert.equal(late.body.code, "login_throttled");
  assert.ok(Number(late.headers.get("retry-after")) > 0);
  assert.equal((await login(w, "bo", "relay-station")).status, 200, "others still can");
});

test("a token ends with log-out, with a new password and with the user", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei"] });
  const bearer = async () => ({ authorization: `Bearer ${(await login(w, "mei", "relay-station")).body.token}` });
  const first = await bearer();
  assert.equal((await fetch(`${w.gateway.url}/console/api/logout`, { method: "POST", headers: first })).status, 204);
  assert.equal((await me(w, first)).status, 401);
  assert.equal(await closeCode(w, first), 4001);

  const second = await bearer();
  assert.equal((await w.posthouse(["user", "passwd", w.gateway.configFile, "mei"], "relay-station\n")).code, 0);
  assert.equal((await me(w, second)).status, 401);

  const third = await bearer();
  assert.equal((await w.posthouse(["user", "disable", w.gateway.configFile, "mei"])).code, 0);
  assert.equal((await me(w, third)).status, 401);
  assert.equal((await login(w, "mei", "relay-station")).status, 401);
});

test("another site's page can neither log in nor open the socket by the cookie", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei"] });
  assert.equal((await login(w, "mei", "relay-station", { origin: "http://evil.example" })).status, 403);
  const { headers } = await login(w, "mei", "relay-station");
  const cookie = headers.get("set-cookie").split(";")[0];
  assert.equal(await closeCode(w, { cookie, origin: "http://evil.example" }), 403);
  assert.equal(await closeCode(w, { cookie }), 403, "a browser always says its origin");
  assert.equal(await closeCode(w, {}), 401);
});

test("Redis gone: nobody logs in, and the next try works once it is back", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei"] });
  await w.redis.stop("SIGKILL");
  await until("the node to notice", async () => (await fetch(`${w.gateway.internalUrl}/readyz`)).status === 503);
  const ready = await (await fetch(`${w.gateway.internalUrl}/readyz`)).json();
  assert.match(ready.reasons.join(), /redis/);
  const answer = await login(w, "mei", "relay-station");
  assert.equal(answer.status, 503);
  assert.equal(answer.body.code, "unavailable");
  await w.redis.start();
  await until("the node to be ready", async () => (await fetch(`${w.gateway.internalUrl}/readyz`)).status === 200);
  assert.equal((await login(w, "mei", "relay-station")).status, 200);
});

test("posthouse user says what is wrong and never takes a password as an argument", async (t) => {
  const w = await world(t, { ...plain, agents: ["mei"] });
  const file = w.gateway.configFile;
  const run = (args, input) => w.posthouse(["user", ...args], input);
  assert.equal((await run(["add", file, "mei"], "relay-station\n")).code, 3);
  assert.equal((await run(["add", file, "Mei"], "relay-station\n")).code, 2);
  assert.equal((await run(["add", file, "bo", "--password", "x"], "")).code, 2);
  assert.match((await run(["add", file, "bo"], "short\n")).output, /shorter than 8/);
  assert.equal((await run(["passwd", file, "nobody"], "relay-station\n")).code, 3);
  const list = await run(["list", file]);
  assert.match(list.output, /^mei +agent +enabled/m);
  assert.doesNotMatch(list.output, /scrypt/);
});
