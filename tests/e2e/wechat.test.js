/**
 * WeChat through a real node: the simulated platform (a third party's cryptography) on one side, an agent's console on
 * the other. What reaches the customer, by which way, how often; and what a forged or repeated callback does.
 */

import assert from "node:assert/strict";
import { test } from "node:test";

import { EVENTS, MESSAGES } from "../peers/wechat/types.js";
import { until, world } from "./world.js";

const CUSTOMER = "oPosthouse_xiaoming_0000001";
const LOST_CARD = "我的卡丢了";
const UNKNOWN = "上次那件事办得怎么样了呀";

const only = (t, options) => world(t, { channels: ["wechat"], ...options });
const outTo = (w, openid = CUSTOMER) => w.wechat.messages(openid).filter((m) => m.dir === "out");
const up = (w) => until("the channel to be up", async () => (await w.channel("bank-wechat"))?.state === "up");

for (const wechatMode of ["safe", "compatible", "plain"]) {
	test(`a known question is answered in the callback itself, in ${wechatMode} mode`, async (t) => {
		const w = await only(t, { wechatMode });

		await up(w);
		assert.equal((await w.wechat.verify()).ok, true);
		const told = await w.wechat.say(CUSTOMER, LOST_CARD);

		assert.equal(told.ok, true);
		assert.equal(told.tries, 1);
		assert.match(told.reply.text, /挂失|95500|卡/);
		assert.deepEqual(outTo(w).map((m) => m.via), ["passive"]);
	});
}

test("what no template knows reaches an agent, and the agent's words come back by the API", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	const mei = await w.agent("mei");
	assert.equal((await w.wechat.say(CUSTOMER, UNKNOWN)).ok, true);
	const conversation = await mei.conversationWith(UNKNOWN);
	const ack = await mei.say(conversation, "您好！我是小梅 😀\n请问是哪件事？");
	const bubble = await w.wechat.waitForReply(CUSTOMER, "我是小梅");

	assert.equal(bubble.via, "api");
	assert.equal(bubble.text, "您好！我是小梅 😀\n请问是哪件事？");
	await mei.wait("sent", () => mei.status(conversation, ack.seq) === "sent");
	assert.deepEqual(w.wechat.doubles(), []);
	assert.equal(w.wechat.platform.tokens.calls, 1);
});

test("two callbacks of one message at once make one message and one reply", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	const mei = await w.agent("mei");
	w.wechat.faults.set({ doubleCallbacks: true });
	const told = await w.wechat.say(CUSTOMER, UNKNOWN);
	const conversation = await mei.conversationWith(UNKNOWN);

	assert.equal(told.ok, true);
	assert.equal(mei.texts(conversation).filter((text) => text === UNKNOWN).length, 1);
	assert.equal(outTo(w).length, 1);
});

test("a token that ended is replaced, and the agent's words arrive once", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	const mei = await w.agent("mei");
	await w.wechat.say(CUSTOMER, UNKNOWN);
	const conversation = await mei.conversationWith(UNKNOWN);
	w.wechat.tokens.expireAll();
	await mei.say(conversation, "还在吗？");
	await w.wechat.waitForReply(CUSTOMER, "还在吗");
	assert.equal(w.wechat.platform.tokens.calls, 2);
	assert.equal(w.wechat.platform.tokens.forcedCalls, 0);
	assert.deepEqual(w.wechat.doubles(), []);
});

test("a send whose answer was lost is not sent again", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	const mei = await w.agent("mei");
	await w.wechat.say(CUSTOMER, UNKNOWN);
	const conversation = await mei.conversationWith(UNKNOWN);
	w.wechat.faults.set({ dropNext: 1 });
	const ack = await mei.say(conversation, "只说一次");
	await mei.wait("unknown", () => mei.status(conversation, ack.seq) === "unknown");
	assert.equal(outTo(w).filter((m) => m.text === "只说一次").length, 1);
});

test("the reply that WeChat refuses is told to the agent with its reason", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	const mei = await w.agent("mei");
	await w.wechat.say(CUSTOMER, UNKNOWN);
	const conversation = await mei.conversationWith(UNKNOWN);
	w.wechat.faults.set({ errorNext: { status: 45015, count: 1, to: "custom/send" } });
	const ack = await mei.say(conversation, "太晚了");
	await mei.wait("failed", () => mei.status(conversation, ack.seq) === "failed");
	const log = [...mei.logs.get(conversation).values()];
	assert.equal(log.find((e) => e.type === "status" && e.of === ack.seq && e.status === "failed").code, "wechat.45015");
});

test("forged, replayed and downgraded callbacks have no effect", async (t) => {
	const w = await only(t, { agents: ["mei"] });
	const text = (content, id) => ({ MsgType: "text", Content: content, MsgId: { bare: id } });

	await up(w);
	const mei = await w.agent("mei");
	const genuine = w.wechat.sealed(CUSTOMER, text(UNKNOWN, "24000000000000001"));
	const foreign = w.wechat.sealed(CUSTOMER, text("forged", "2"), { cipherAppid: "wxffffffffffffffff" });
	const spoiled = { ...genuine, query: { ...genuine.query, msg_signature: "0".repeat(40) } };
	const plain = { query: { ...genuine.query, encrypt_type: undefined, msg_signature: undefined }, body: genuine.plain };

	for (const forged of [foreign, spoiled, plain, { query: {}, body: genuine.body }]) {
		const answer = await w.wechat.raw(forged);
		assert.ok([400, 403].includes(answer.status), String(answer.status));
		assert.equal(String(answer.body), "");
	}
	for (let i = 0; i < 3; i++) assert.equal((await w.wechat.raw(genuine)).status, 200);
	const conversation = await mei.conversationWith(UNKNOWN);
	assert.deepEqual(mei.messages(conversation).filter((m) => m.direction === "in").map((m) => m.text), [UNKNOWN]);
	const metrics = await w.gateway.metrics();
	assert.match(metrics, /posthouse_wechat_refused_total\{.*why="signature"\} 2/);
	assert.match(metrics, /posthouse_wechat_refused_total\{.*why="mode"\} 1/);
});

test("every type of message and event is taken", async (t) => {
	const w = await only(t);

	await up(w);
	for (const type of Object.keys(MESSAGES)) {
		const told = await w.wechat.say(`oUser_${type}`, type, {});
		assert.equal(told.ok, true, `${type}: ${told.why}`);
	}
	for (const type of Object.keys(EVENTS)) {
		const told = await w.wechat.event(`oUser_${type}`, type, {});
		assert.equal(told.ok, true, `${type}: ${told.why}`);
	}
});

test("while Redis is away WeChat is asked to try again, and one try is enough when it is back", async (t) => {
	const w = await only(t, { agents: ["mei"] });

	await up(w);
	w.wechat.callbacks.set({ gapMs: 500, tries: 20 });
	await w.redis.stop("SIGKILL");
	const told = w.wechat.say(CUSTOMER, UNKNOWN);
	await until("a refused try", () => w.wechat.events.list("callback.try").length >= 2);
	await w.redis.start();
	assert.equal((await told).ok, true);
	const mei = await w.agent("mei");
	const conversation = await mei.conversationWith(UNKNOWN);
	assert.equal(mei.texts(conversation).filter((text) => text === UNKNOWN).length, 1);
});

test("two nodes share one token", async (t) => {
	const w = await only(t);

	await up(w);
	const second = await w.addNode("node-2");
	await until("the second node's channel", async () => {
		const body = await (await fetch(`${second.internalUrl}/readyz`)).json();
		return body.channels?.find((c) => c.name === "bank-wechat")?.state === "up";
	});
	assert.equal(w.wechat.platform.tokens.calls, 1);
});
