// The API side of the simulated WeChat platform: tokens, quota, error codes, templates, media.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { wechatAlone } from "./wechat-alone.js";

const USER = "oPosthouse_xiaoming_0000001";
const OTHER = "oPosthouse_alice_0000000002";
const MINUTE = 60 * 1000;
const HOUR = 60 * MINUTE;

/** A platform whose callbacks are taken by a gateway that says "success"; api(path, body) calls it. */
async function world(t, options = {}) {
  const wechat = await wechatAlone(t, options);
  const { appid, secret } = wechat.account;
  const post = async (path, body) => {
    const response = await fetch(`${wechat.httpUrl}/cgi-bin/${path}`, {
      method: "POST",
      body: typeof body === "string" || body instanceof Uint8Array ? body : JSON.stringify(body),
    });
    return JSON.parse(await response.text());
  };
  const stable = (more = {}) =>
    post("stable_token", { grant_type: "client_credential", appid, secret, ...more });
  const token = (await stable()).access_token;
  const api = (path, body) => post(`${path}?access_token=${token}`, body);
  const text = (content, touser = USER) =>
    api("message/custom/send", { touser, msgtype: "text", text: { content } });
  return { wechat, post, stable, token, api, text };
}

const code = async (answer) => (await answer).errcode;

test("stable_token gives one token to all, renews it in its last five minutes, and both live on", async (t) => {
  const w = await world(t);
  const first = await w.stable();
  assert.equal(first.access_token, w.token);
  assert.ok([7199, 7200].includes(first.expires_in), "two hours, to the second in which it is asked");
  w.wechat.advance(7200 * 1000 - 299 * 1000);
  const second = await w.stable();
  assert.notEqual(second.access_token, first.access_token);
  assert.equal((await w.stable()).access_token, second.access_token);
  await w.wechat.say(USER, "hi");
  assert.equal(await code(w.text("with the old one")), 0);
  w.wechat.advance(300 * 1000);
  assert.equal(await code(w.text("with the old one")), 42001);
});

test("force_refresh kills the old token, not within thirty seconds, and twenty times a day", async (t) => {
  const w = await world(t);
  await w.wechat.say(USER, "hi");
  const forced = await w.stable({ force_refresh: true });
  assert.notEqual(forced.access_token, w.token);
  assert.equal(await code(w.text("x")), 40001);
  assert.equal(await code(w.stable({ force_refresh: true })), 45011);
  for (let n = 1; n < 20; n++) {
    w.wechat.advance(31 * 1000);
    assert.ok((await w.stable({ force_refresh: true })).access_token);
  }
  w.wechat.advance(31 * 1000);
  assert.equal(await code(w.stable({ force_refresh: true })), 45009);
});

test("wrong credentials and tokens have their codes", async (t) => {
  const w = await world(t);
  assert.equal(await code(w.stable({ appid: "wxother" })), 40013);
  assert.equal(await code(w.stable({ secret: "other" })), 40125);
  const send = { touser: USER, msgtype: "text", text: { content: "x" } };
  assert.equal(await code(w.post("message/custom/send", send)), 41001);
  assert.equal(await code(w.post("message/custom/send?access_token=nonsense", send)), 40001);
  w.wechat.tokens.expireAll();
  assert.equal(await code(w.text("x")), 42001);
});

test("classic tokens replace each other and leave the stable one alone", async (t) => {
  const w = await world(t);
  const { appid, secret } = w.wechat.account;
  const classic = async () =>
    (
      await fetch(
        `${w.wechat.httpUrl}/cgi-bin/token?grant_type=client_credential&appid=${appid}&secret=${secret}`,
      )
    ).json();
  const [a, b] = [await classic(), await classic()];
  assert.notEqual(a.access_token, b.access_token);
  assert.equal((await w.stable()).access_token, w.token);
});

test("a user's message opens five replies for 48 hours", async (t) => {
  const w = await world(t);
  assert.equal(await code(w.text("too early")), 45015);
  await w.wechat.say(USER, "hi");
  for (let n = 1; n <= 5; n++) assert.equal(await code(w.text(`reply ${n}`)), 0);
  assert.equal(await code(w.text("one too many")), 45047);
  await w.wechat.say(USER, "hi again");
  assert.equal(await code(w.text("again")), 0);
  w.wechat.advance(48 * HOUR);
  const late = await w.stable();
  assert.equal(
    await code(
      w.post(`message/custom/send?access_token=${late.access_token}`, {
        touser: USER,
        msgtype: "text",
        text: { content: "x" },
      }),
    ),
    45015,
  );
  assert.equal(w.wechat.messages(USER).filter((m) => m.dir === "out").length, 6);
});

for (const [what, act] of [
  ["a menu click", (w) => w.event(USER, "CLICK", { key: "K" })],
  ["a follow", (w) => w.follow(USER)],
  ["a scan", (w) => w.event(USER, "SCAN", { scene: "1" })],
]) {
  test(`${what} opens three replies for a minute`, async (t) => {
    const w = await world(t);
    await act(w.wechat);
    for (let n = 0; n < 3; n++) assert.equal(await code(w.text("x")), 0);
    assert.equal(await code(w.text("x")), 45047);
    await act(w.wechat);
    w.wechat.advance(MINUTE);
    assert.equal(await code(w.text("x")), 45015);
  });
}

test("what the API refuses, and why", async (t) => {
  const w = await world(t);
  await w.wechat.say(USER, "hi");
  const send = (body) => code(w.api("message/custom/send", { touser: USER, ...body }));
  assert.equal(
    await code(
      w.api("message/custom/send", `{"touser":"${USER}","msgtype":"text","text":{"content":"\\u4f60"}}`),
    ),
    40033,
  );
  assert.equal(
    await code(w.api("message/custom/send", Buffer.from(`{"touser":"${USER}","x":"\xff"}`, "latin1"))),
    40033,
  );
  assert.equal(await code(w.api("message/custom/send", "{")), 47001);
  assert.equal(await code(w.api("message/custom/send", "")), 44002);
  assert.equal(await send({ touser: "oNobody", msgtype: "text", text: { content: "x" } }), 40003);
  assert.equal(await send({ msgtype: "poem", poem: {} }), 40008);
  assert.equal(await send({ msgtype: "text", text: { content: "" } }), 44004);
  assert.equal(await send({ msgtype: "text", text: { content: "长".repeat(683) } }), 45002);
  assert.equal(await send({ msgtype: "image", image: { media_id: "none" } }), 40007);
  assert.equal(await send({ msgtype: "news", news: { articles: [{}, {}] } }), 45008);
  w.wechat.faults.set({ msgmenu: false });
  assert.equal(await send({ msgtype: "msgmenu", msgmenu: { list: [{ id: "1", content: "a" }] } }), 40200);
  await w.wechat.unfollow(USER);
  assert.equal(await send({ msgtype: "text", text: { content: "x" } }), 43004);
  assert.equal(w.wechat.counts().length, 0);
});

test("an escaped backslash before a u is no escape", async (t) => {
  const w = await world(t);
  await w.wechat.say(USER, "hi");
  assert.equal(await code(w.text("C:\\users \\u4f60")), 0); // JSON.stringify writes \\u
  assert.equal((await w.wechat.waitForReply(USER, "C:")).text, "C:\\users \\u4f60");
});

test("any error can be ordered for the next calls", async (t) => {
  const w = await world(t);
  await w.wechat.say(USER, "hi");
  w.wechat.faults.set({ errorNext: { status: -1, count: 2, to: "custom/send" } });
  assert.deepEqual([await code(w.text("a")), await code(w.text("a")), await code(w.text("a"))], [-1, -1, 0]);
  w.wechat.faults.set({ dropNext: 1 });
  await assert.rejects(w.text("taken, and nobody will know"));
  assert.equal(w.wechat.messages(USER).at(-1).text, "taken, and nobody will know");
});

test("typing needs a conversation and is said once", async (t) => {
  const w = await world(t);
  const typing = (command, touser = USER) => code(w.api("message/custom/typing", { touser, command }));
  assert.equal(await typing("Typing"), 45080);
  await w.wechat.say(USER, "hi");
  assert.deepEqual(
    [
      await typing("Typing"),
      await typing("Typing"),
      await typing("CancelTyping"),
      await typing("Typing"),
      await typing("Dance"),
    ],
    [0, 45081, 0, 0, 45072],
  );
});

test("a template message has a msgid beyond 2^53 and reports its end once", async (t) => {
  const w = await world(t);
  const body = { touser: OTHER, template_id: "T1", client_msg_id: "c1", data: { amount: { value: "128 元" } } };
  const response = await fetch(`${w.wechat.httpUrl}/cgi-bin/message/template/send?access_token=${w.token}`, {
    method: "POST",
    body: JSON.stringify(body),
  });
  const msgId = /"msgid":(\d+)\}$/.exec(await response.text())[1];
  assert.ok(BigInt(msgId) > 2n ** 53n);
  await w.wechat.events.wait((e) => e.type === "callback.try" && e.event === "TEMPLATESENDJOBFINISH");
  assert.equal((await w.wechat.waitForReply(OTHER, "128")).via, "template");
  assert.equal(await code(w.api("message/template/send", body)), 43116);
  assert.equal(await code(w.api("message/template/send", { touser: OTHER })), 40037);
});

test("media go up and down, end after three days, and errors are JSON", async (t) => {
  const w = await world(t);
  const form = new FormData();
  form.set("media", new Blob([Buffer.from("89504e470d0a1a0a00ff00", "hex")], { type: "image/png" }), "a.png");
  const up = await (
    await fetch(`${w.wechat.httpUrl}/cgi-bin/media/upload?access_token=${w.token}&type=image`, {
      method: "POST",
      body: form,
    })
  ).json();
  assert.equal(up.type, "image");
  const down = () =>
    fetch(`${w.wechat.httpUrl}/cgi-bin/media/get?access_token=${w.token}&media_id=${up.media_id}`);
  const got = await down();
  assert.equal(got.headers.get("content-type"), "image/png");
  assert.equal(Buffer.from(await got.arrayBuffer()).toString("hex"), "89504e470d0a1a0a00ff00");
  await w.wechat.say(USER, "hi");
  assert.equal(
    await code(
      w.api("message/custom/send", { touser: USER, msgtype: "image", image: { media_id: up.media_id } }),
    ),
    0,
  );
  w.wechat.advance(73 * HOUR);
  const { access_token: fresh } = await w.stable();
  const gone = await fetch(
    `${w.wechat.httpUrl}/cgi-bin/media/get?access_token=${fresh}&media_id=${up.media_id}`,
  );
  assert.equal((await gone.json()).errcode, 40007);
});

test("a photo that a user sends can be fetched by its PicUrl and its MediaId", async (t) => {
  const w = await world(t);
  await w.wechat.say(USER, "image", {});
  const { picUrl } = w.wechat.messages(USER)[0];
  const photo = Buffer.from(await (await fetch(picUrl)).arrayBuffer());
  assert.equal(photo.subarray(0, 8).toString("hex"), "89504e470d0a1a0a");
});

test("the program says where it is, and ends on SIGTERM", async (t) => {
  const main = fileURLToPath(new URL("../peers/wechat/main.js", import.meta.url));
  const child = spawn(process.execPath, [main, "--http-port", "0", "--mode", "compatible"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  const ready = JSON.parse(line);
  assert.equal(ready.mode, "compatible");
  assert.deepEqual(await (await fetch(`${ready.url}/healthz`)).json(), { ok: true });
  const said = await fetch(`${ready.url}/api/users/${USER}/say/poem`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  assert.equal(said.status, 400);
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
});
