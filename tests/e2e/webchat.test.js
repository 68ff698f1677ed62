/**
 * The web chat of a real node, spoken to by npm ws: tokens, frames, limits, resume, and what happens when the store or
 * the node goes. docs/protocols/webchat.md is what it is held against.
 */

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { once } from "node:events";
import { test } from "node:test";

import WebSocket from "ws";

import { SITE, until, world } from "./world.js";

const CHANNEL = "bank-web";
const IDENTITY_SECRET = "fedcba9876543210fedcba9876543210";

const ask = (w, body, origin = SITE) =>
	fetch(`${w.gateway.url}/webchat/${CHANNEL}/token`, {
		method: "POST",
		headers: { "content-type": "application/json", ...(origin && { origin }) },
		body: typeof body === "string" ? body : JSON.stringify(body),
	});

const refusal = async (w, body, origin) => {
	const response = await ask(w, body, origin);
	return [response.status, (await response.json()).code];
};

/** A socket that has said nothing yet; `raw(x)` sends, `ended` resolves to the close code. */
const socketTo = async (w, { origin = SITE, protocol = "posthouse.webchat.v1" } = {}) => {
	const socket = new WebSocket(`${w.gateway.url.replace("http", "ws")}/webchat/${CHANNEL}/ws`, protocol, {
		headers: { origin },
	});
	const frames = [];
	const ended = once(socket, "close").then(([code, reason]) => [code, String(reason)]);

	socket.on("message", (data) => frames.push(JSON.parse(data)));
	socket.on("error", () => {});
	await once(socket, "open");
	return { socket, frames, ended, send: (frame) => socket.send(typeof frame === "string" ? frame : JSON.stringify(frame)) };
};

const next = (frames, wanted, what) => until(what, () => frames.find(wanted));

test("a visitor's message is answered from a template and acknowledged with its seq", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const visitor = await w.visitor();
	const ack = await visitor.say("I lost my card");

	await visitor.reply(/Block it now/);
	const [mine, answer] = visitor.events;
	assert.equal(mine.seq, ack.seq);
	assert.equal(mine.direction, "in");
	assert.deepEqual(mine.author, { type: "customer" });
	assert.equal(answer.author.type, "bot");
	assert.ok(answer.seq > mine.seq);
	assert.equal(visitor.ready.state, "bot");
	assert.deepEqual(visitor.ready.limits, { text_max: 2000, rate_per_10s: 20 });
});

test("the same cid again is the same message, acknowledged with the same seq", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const visitor = await w.visitor();
	const first = await visitor.say("I lost my card", "one");

	visitor.frames.length = 0;
	const second = await visitor.say("I lost my card", "one");
	assert.equal(second.seq, first.seq);
	await visitor.say("marker", "two");
	await visitor.reply(/Block it now/);
	assert.equal(visitor.texts("in").filter((text) => /lost my card/.test(text)).length, 1);
	assert.equal(new Set(visitor.events.map(({ cid, seq }) => cid ?? seq)).size, visitor.events.length);
});

test("a visitor who comes back gets what was missed, once, on any node", async (t) => {
	const w = await world(t, { channels: ["web"], agents: ["mei"] });
	const visitor = await w.visitor();
	const mei = await w.agent("mei");

	await visitor.say("I want to talk to a human");
	const conversation = await mei.conversationWith(/human/);
	const since = Math.max(...visitor.log.keys());
	visitor.close();
	await mei.say(conversation, "Good morning!");
	await mei.say(conversation, "Are you there?");
	const node = await w.addNode("node-2");
	visitor.url = () => node.url;
	visitor.frames.length = 0;
	await visitor.connect();
	await visitor.reply(/Are you there/);
	const events = visitor.frames.filter(({ type }) => type === "events").flatMap((frame) => frame.events);
	assert.ok(events.every(({ seq }) => seq > since || since === Math.max(...visitor.log.keys())));
	assert.equal(events.filter(({ text }) => text === "Good morning!").length, 1);
	assert.equal(visitor.ready.state, "assigned");
	assert.equal(visitor.ready.agent.name, "Mei");
	assert.ok(!visitor.frames.some(({ type }) => type === "reset"));
});

test("visitor and agent see each other's state, typing, and what was read", async (t) => {
	const w = await world(t, { channels: ["web"], agents: ["mei"] });
	const visitor = await w.visitor();

	await visitor.say("human");
	await visitor.frame("queued", ({ type, state }) => type === "state" && state === "queued");
	const mei = await w.agent("mei");
	const conversation = await mei.conversationWith("human");
	const assigned = await visitor.frame("assigned", ({ type, state }) => type === "state" && state === "assigned");
	assert.equal(assigned.agent.name, "Mei");
	mei.send({ type: "typing", conversation, on: true });
	const typing = await visitor.frame("typing", ({ type, on }) => type === "typing" && on);
	assert.equal(typing.name, "Mei");
	visitor.send({ type: "typing", on: true });
	await mei.frame("the visitor to type", ({ type, on }) => type === "typing" && on);
	const { seq } = await mei.say(conversation, "Hello, this is Mei.");
	const said = await visitor.reply(/this is Mei/);
	assert.deepEqual(said.author, { type: "agent", name: "Mei" });
	await mei.wait("delivered", () => mei.status(conversation, seq) === "delivered");
	visitor.send({ type: "read", seq: said.seq });
	await mei.wait("read", () => mei.status(conversation, seq) === "read");
	const { seq: last } = await visitor.say("Thank you");
	await mei.wait("the thanks", () => mei.logs.get(conversation).has(last));
	mei.send({ type: "read", conversation, seq: last });
	await visitor.frame("read", ({ type, seq: upTo }) => type === "read" && upTo === last);
	await mei.request({ type: "close", conversation, disposition: "solved", note: "" });
	await visitor.frame("closed", ({ type, state }) => type === "state" && state === "closed");
});

test("two tabs of a visitor get the same events", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const one = await w.visitor();
	const two = await w.visitor({ token: one.token });

	await one.say("I lost my card");
	await one.reply(/Block it now/);
	await two.reply(/Block it now/);
	assert.deepEqual(two.texts(), one.texts());
	assert.equal(two.ready.visitor, one.visitor);
});

test("older messages come page by page, and none is left out between", async (t) => {
	const w = await world(t, { channels: ["web"], agents: ["mei"] });
	const visitor = await w.visitor();
	const mei = await w.agent("mei");

	await visitor.say("human");
	const conversation = await mei.conversationWith("human");
	for (let i = 1; i <= 210; i++) await mei.say(conversation, `line ${i}`);
	await visitor.reply(/line 210$/);
	const all = visitor.events;

	const fresh = await w.visitor({ token: visitor.token });
	await fresh.reply(/line 210$/);
	const first = fresh.frames.find(({ type }) => type === "events");
	assert.equal(first.more, true);
	assert.ok(fresh.events.length >= 50 && fresh.events.length < 60, `${fresh.events.length}`);
	for (let more = true; more; ) {
		fresh.frames.length = 0;
		fresh.send({ type: "history", before: fresh.events[0].seq, limit: 30 });
		const page = await fresh.frame("a page", ({ type }) => type === "events");
		assert.ok(page.events.length <= 30);
		({ more } = page);
	}
	assert.deepEqual(fresh.events.map(({ seq, text }) => [seq, text]), all.map(({ seq, text }) => [seq, text]));

	const late = await w.visitor({ token: visitor.token });
	late.close();
	late.log = new Map([[1, all[0]]]);
	late.frames.length = 0;
	await late.connect();
	await late.frame("reset", ({ type }) => type === "reset");
	await late.reply(/line 210$/);
});

test("tokens are given to the channel's origins, to whom the site proves, and renewed", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const hash = createHmac("sha256", IDENTITY_SECRET).update("customer-17").digest("hex");

	assert.deepEqual(await refusal(w, {}, "https://evil.example"), [403, "origin_refused"]);
	assert.deepEqual(await refusal(w, {}, ""), [403, "origin_refused"]);
	assert.deepEqual(await refusal(w, "{"), [400, "invalid_body"]);
	assert.deepEqual(await refusal(w, { visitor: "me" }), [400, "invalid_body"]);
	assert.deepEqual(await refusal(w, { token: "abc.def" }), [401, "token_refused"]);
	assert.deepEqual(await refusal(w, { identity: "customer-18", identity_hash: hash }), [401, "identity_refused"]);
	assert.deepEqual(await refusal(w, { identity: "customer-17" }), [401, "identity_refused"]);
	assert.equal((await ask(w, "x".repeat(5000))).status, 413);

	const anonymous = await (await ask(w, {})).json();
	const renewed = await (await ask(w, { token: anonymous.token })).json();
	assert.equal(renewed.visitor, anonymous.visitor);
	assert.ok(renewed.expires_ts >= anonymous.expires_ts);
	const known = await (await ask(w, { identity: "customer-17", identity_hash: hash })).json();
	const again = await (await ask(w, { identity: "customer-17", identity_hash: hash })).json();
	assert.equal(known.visitor, again.visitor);
	assert.notEqual(known.visitor, anonymous.visitor);

	const preflight = await fetch(`${w.gateway.url}/webchat/${CHANNEL}/token`, { method: "OPTIONS" });
	assert.equal(preflight.status, 204);
	assert.equal(preflight.headers.get("access-control-allow-headers"), "content-type");
});

test("a token that was changed, or has ended, opens nothing", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const { token } = await (await ask(w, {})).json();
	const [payload, signature] = token.split(".");
	const other = Buffer.from(Buffer.from(payload, "base64url").toString().replace(/a-/, "u-")).toString("base64url");

	for (const forged of [`${other}.${signature}`, `${payload}.${signature.slice(0, -2)}AA`, payload, "x", `${token}.`]) {
		const { send, ended } = await socketTo(w);
		send({ type: "hello", v: 1, token: forged, since: 0, lang: "en" });
		assert.equal((await ended)[0], 4001, forged);
	}
});

test("frames that are not understood are told or end the socket, and change nothing", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const { token } = await (await ask(w, {})).json();
	const hello = { type: "hello", v: 1, token, since: 0, lang: "en" };
	const ends = async (frame, code, greeted = true) => {
		const { send, ended, frames, socket } = await socketTo(w);
		if (greeted) {
			send(hello);
			await next(frames, ({ type }) => type === "ready", "ready");
		}
		if (Buffer.isBuffer(frame)) socket.send(frame);
		else send(frame);
		assert.equal((await ended)[0], code, String(JSON.stringify(frame)).slice(0, 80));
	};
	await ends("{", 4002);
	await ends("[1]", 4002);
	await ends('{"type":"msg","type":"msg"}', 4002);
	await ends({ type: "shout" }, 4002);
	await ends({ type: "ping" }, 4002, false);
	await ends({ ...hello, v: 2 }, 4002, false);
	await ends({ ...hello, extra: 1 }, 4002, false);
	await ends(hello, 4002);
	await ends(Buffer.from("{}"), 1003);
	await ends({ type: "msg", cid: "big", text: "x".repeat(17_000) }, 1009);
	await ends(`${"[".repeat(8000)}${"]".repeat(8000)}`, 4002);

	const { send, frames } = await socketTo(w);
	send(hello);
	const told = async (frame, code, field) => {
		frames.length = 0;
		send(frame);
		const error = await next(frames, ({ type }) => type === "error", `an error for ${JSON.stringify(frame).slice(0, 60)}`);
		assert.deepEqual([error.code, error.field, error.cid], [code, field, frame.cid]);
	};
	await next(frames, ({ type }) => type === "ready", "ready");
	await told({ type: "msg", cid: "a", text: "hi", html: true }, "field_unknown", "html");
	await told({ type: "msg", cid: "a" }, "field_missing", "text");
	await told({ type: "msg", cid: "a", text: 1 }, "field_type", "text");
	await told({ type: "msg", cid: "a", text: " \n " }, "field_too_short", "text");
	await told({ type: "msg", cid: "a", text: "字".repeat(2001) }, "field_too_long", "text");
	await told({ type: "msg", cid: "a b", text: "hi" }, "field_invalid", "cid");
	await told({ type: "history", before: 5, limit: 101 }, "field_range", "limit");
	frames.length = 0;
	send({ type: "msg", cid: "fits", text: "字".repeat(2000) });
	await next(frames, ({ type, cid }) => type === "ack" && cid === "fits", "the ack");
});

test("who says no hello, comes from elsewhere, or says too much, is shown out", { timeout: 300_000 }, async (t) => {
	const w = await world(t, { channels: ["web"] });
	const silent = await socketTo(w);

	assert.equal((await (await socketTo(w, { origin: "https://evil.example" })).ended)[0], 1008);

	const visitor = await w.visitor();
	for (let i = 0; i < 25; i++) visitor.send({ type: "msg", cid: `m${i}`, text: `message ${i}` });
	const error = await visitor.frame("too_many", ({ code }) => code === "too_many");
	assert.ok(error.cid && error.retry_after_ms > 0 && error.retry_after_ms <= 10_000);
	for (let i = 0; i < 100; i++) visitor.send({ type: "ping" });
	await visitor.wait("the close", () => visitor.closed);
	assert.equal(visitor.closed.code, 4008);
	assert.deepEqual(await silent.ended, [4003, "no hello"]);
});

test("while the store is away nothing is acknowledged, and all goes on by itself after", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const visitor = await w.visitor();

	await visitor.say("I lost my card");
	await visitor.reply(/Block it now/);
	await w.redis.stop();
	await visitor.frame("reconnecting", ({ type, state }) => type === "service" && state === "reconnecting");
	visitor.frames.length = 0;
	visitor.send({ type: "msg", cid: "kept", text: "Are you still there?" });
	const late = await socketTo(w);
	late.send({ type: "hello", v: 1, token: visitor.token, since: 0, lang: "en" });
	await next(late.frames, ({ type }) => type === "service", "the service frame");
	assert.ok(!visitor.frames.some(({ type }) => type === "ack"));
	await w.redis.start();
	await visitor.frame("ok", ({ type, state }) => type === "service" && state === "ok", 20_000);
	await next(late.frames, ({ type }) => type === "ready", "ready");
	await visitor.say("Are you still there?", "kept");
	await until("the message at the other socket", () =>
		late.frames.filter(({ type }) => type === "events").flatMap(({ events }) => events).some(({ cid }) => cid === "kept"),
	);
	assert.equal(visitor.texts("in").filter((text) => text === "Are you still there?").length, 1);
});

test("a node that stops says when to come back, and acknowledges what it was given", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const visitor = await w.visitor();
	const acked = visitor.say("I lost my card");

	const stopped = w.gateway.stop();
	await acked;
	const bye = await visitor.frame("bye", ({ type }) => type === "bye");
	assert.ok(bye.retry_after_ms >= 2000 && bye.retry_after_ms <= 10_000);
	await visitor.wait("the close", () => visitor.closed);
	assert.equal(visitor.closed.code, 1012);
	assert.equal((await stopped).code, 0);
});

test("a token near its end is replaced without being asked for", async (t) => {
	const w = await world(t, { channels: ["web"], webExtra: "\n    token_ttl: 3 s" });
	const visitor = await w.visitor();
	const pushed = await visitor.frame("token", ({ type }) => type === "token");

	assert.notEqual(pushed.token, visitor.token);
	visitor.frames.length = 0;
	visitor.send({ type: "renew" });
	const asked = await visitor.frame("token", ({ type }) => type === "token");
	assert.ok(asked.expires_ts >= pushed.expires_ts);
	assert.equal((await (await ask(w, { token: pushed.token })).json()).visitor, visitor.visitor);
});

test("the script comes with an ETag, compressed, for any page", async (t) => {
	const w = await world(t, { channels: ["web"] });
	const url = `${w.gateway.url}/webchat/widget.js`;
	const response = await fetch(url, { headers: { "accept-encoding": "gzip" } });

	assert.equal(response.status, 200);
	assert.match(response.headers.get("content-type"), /javascript.*utf-8/i);
	assert.equal(response.headers.get("content-encoding"), "gzip");
	assert.equal(response.headers.get("cross-origin-resource-policy"), "cross-origin");
	assert.match(await response.text(), /posthouse/);
	const again = await fetch(url, { headers: { "if-none-match": response.headers.get("etag") } });
	assert.equal(again.status, 304);
});
