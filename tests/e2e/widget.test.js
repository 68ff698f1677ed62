/**
 * The web chat widget in a real browser, embedded in a page of another origin under a strict content security policy,
 * against a scripted gateway (tests/peers/webchat-server). Screenshots go to out/screenshots/.
 */

import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { after, before, beforeEach, afterEach, describe, test } from "node:test";
import { gzipSync } from "node:zlib";

import { chromium } from "playwright-core";
import { PATIENCE_MS } from "../peers/shared/patience.js";

import { widget } from "../../connectors/webchat/widget/build.mjs";
import { WebchatServer } from "../peers/webchat-server/server.js";

const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";
const SCREENSHOTS = "out/screenshots";
const SIZE_MAX = 6 * 1024;
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

let browser, script, server, site, siteUrl, context;
let siteHeaders = {};
let siteScript = {};

/** A bank's page: nothing inline, nothing evaluated, nothing from anywhere but itself and the gateway. */
const policy = () =>
	`default-src 'none'; style-src 'self'; script-src ${server.url}; connect-src ${server.url} ${server.url.replace("http", "ws")}; ` +
	"base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'";

const attributes = (values) =>
	Object.entries(values)
		.map(([name, value]) => ` ${name}="${value}"`)
		.join("");

const bankPage = () => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Bank</title><link rel="stylesheet" href="/bank.css">
<script src="${server.url}/webchat/widget.js"${attributes({ "data-channel": "bank-web", "data-lang": "en", ...siteScript })} async></script>
</head><body><main><h1>Your bank</h1><p>Cards, transfers, loans.</p><a href="/other">Another page</a></main></body></html>`;

/* What a careless page does to every element must not reach into the widget. */
const BANK_CSS = `body { font: 18px/1.8 Georgia, serif; margin: 48px; background: #eef2f7; color: #223 }
button { background: hotpink !important; text-transform: uppercase } p { margin: 40px } textarea { display: none }
@media (prefers-color-scheme: dark) { body { background: #0d1117; color: #dde } a { color: #8ab4ff } }`;

before(async () => {
	await mkdir(SCREENSHOTS, { recursive: true });
	script = await widget();
	browser = await chromium.launch({ executablePath: CHROMIUM, timeout: PATIENCE_MS, args: ["--no-sandbox", "--disable-gpu"] });
	site = createServer((request, response) => {
		const css = request.url === "/bank.css";
		response.writeHead(200, {
			"content-type": css ? "text/css" : "text/html; charset=utf-8",
			"content-security-policy": policy(),
			...siteHeaders,
		});
		response.end(css ? BANK_CSS : bankPage());
	});
	await new Promise((done) => site.listen(0, "127.0.0.1", done));
	siteUrl = `http://localhost:${site.address().port}/`;
});

after(async () => {
	await browser?.close();
	site?.close();
});

beforeEach(async () => {
	siteScript = {};
	server = await new WebchatServer({
		"/webchat/widget.js": ["text/javascript; charset=utf-8", script, { "cache-control": "no-store" }],
	}).listen();
	context = await browser.newContext({ viewport: { width: 1100, height: 760 }, locale: "en-GB" });
});

afterEach(async () => {
	await context.close();
	await server.close();
});

const visit = async (where = context) => {
	const page = await where.newPage();

	page.problems = [];
	page.on("console", (message) => {
		if (/Content Security Policy|Trusted Type/i.test(message.text())) page.problems.push(message.text());
	});
	page.on("pageerror", (error) => page.problems.push(String(error)));
	await page.goto(siteUrl);
	await page.waitForFunction(() => window.posthouse);
	return page;
};

const panel = (page) => page.getByRole("dialog");
const field = (page) => panel(page).getByRole("textbox");
const bubbles = (page) => page.locator("posthouse-chat .line:not([hidden])").locator(".text");
const texts = (page) => bubbles(page).allTextContents();
const open = async (page) => {
	await page.getByRole("button", { name: /^Chat with us|^在线客服/ }).click();
	await panel(page).waitFor();
	await server.frame(({ type }) => type === "hello");
};
const write = async (page, text) => {
	await field(page).fill(text);
	await field(page).press("Enter");
};

/** Waits for the page to come to this, and says what it was instead. */
const until = async (look, wanted, ms = PATIENCE_MS) => {
	const deadline = Date.now() + ms;
	for (;;) {
		const got = await look();
		try {
			assert.deepEqual(got, wanted);
			return;
		} catch (error) {
			if (Date.now() > deadline) throw error;
		}
		await new Promise((done) => setTimeout(done, 50));
	}
};

/** Messages from..to of a conversation, each side in turn. */
const chatter = (conversation, from, to) => {
	for (let i = from; i <= to; i++)
		conversation.append({ direction: i % 2 ? "in" : "out", text: `message ${i}`, author: { type: i % 2 ? "customer" : "bot" } });
};

const shot = (page, name) => page.screenshot({ path: `${SCREENSHOTS}/widget-${name}.png` });

const axe = async (page) => {
	const findings = await page.evaluate(async () => {
		const { violations } = await window.axe.run();
		return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
	});
	assert.deepEqual(findings, []);
};

/** axe is put into the page by the browser's debugger, which no policy of the page's forbids. */
const withAxe = async (page) => page.addInitScript(await readFile(AXE, "utf8"));

describe("the widget", () => {
	test("is under 6 KB gzipped", () => {
		const size = gzipSync(script, { level: 9 }).length;

		assert.ok(size < SIZE_MAX, `${size} octets`);
	});

	test("opens a chat on a page with a strict content security policy", async () => {
		const page = await visit();

		server.answer = () => ({ text: "Your card is on its way. See https://bank.example/cards." });
		await open(page);
		await write(page, "Where is my <b>card</b>?");
		await until(() => texts(page), ["Where is my <b>card</b>?", "Your card is on its way. See https://bank.example/cards."]);
		assert.equal(await panel(page).locator("a").getAttribute("href"), "https://bank.example/cards");
		assert.equal(await panel(page).locator("b").count(), 0);
		assert.deepEqual(page.problems, []);
		assert.equal(await page.locator("posthouse-chat").evaluate((host) => [...host.shadowRoot.querySelectorAll("[style], style")].length), 0);
		await shot(page, "answered");
	});

	test("does not connect before somebody opens it", async () => {
		await visit();
		assert.equal(server.conversations.size, 0);
		assert.equal(server.tokens.size, 0);
	});

	test("shows how far a message has come", async () => {
		const page = await visit();
		const marks = () => page.locator("posthouse-chat .mine .mark").allTextContents();
		const last = async () => (await marks()).at(-1)?.split(" · ")[1];

		server.holdAcks = true;
		server.trouble = true;
		await open(page);
		await write(page, "hello");
		await until(last, "Sending");
		server.holdAcks = false;
		server.setTrouble(false);
		await until(last, "Sent");
		server.only.say({ type: "read", seq: server.only.seq });
		await until(last, "Read");
	});

	test("keeps what was typed through a reload", async () => {
		const page = await visit();

		await open(page);
		await field(page).fill("half a sent");
		await page.reload();
		assert.equal(await field(page).inputValue(), "half a sent");
	});

	test("keeps an unacknowledged message through a reload and sends it again with the same cid", async () => {
		const page = await visit();

		await open(page);
		server.setTrouble(true);
		await write(page, "do not lose me");
		await page.reload();
		await until(() => texts(page), ["do not lose me"]);
		server.setTrouble(false);
		await until(() => server.only.log.map(({ text }) => text), ["do not lose me"]);
		const said = server.heard.filter(({ frame }) => frame.type === "msg").map(({ frame }) => frame.cid);
		assert.equal(new Set(said).size, 1);
		await until(() => texts(page), ["do not lose me"]);
	});

	test("neither loses nor doubles a message whose acknowledgement was lost with the network", async () => {
		const page = await visit();

		await open(page);
		server.holdAcks = true;
		await write(page, "once");
		await until(() => server.only.log.length, 1);
		server.goOffline();
		server.holdAcks = false;
		await until(() => panel(page).locator(".notice").textContent(), "Reconnecting…");
		await write(page, "twice");
		await write(page, "thrice");
		await shot(page, "reconnecting");
		server.only.append({ direction: "out", text: "said while you were away", author: { type: "agent", name: "Mei" } });
		server.goOnline();
		await until(() => texts(page), ["once", "said while you were away", "twice", "thrice"]);
		assert.deepEqual(server.only.log.map(({ text }) => text), ["once", "said while you were away", "twice", "thrice"]);
		await until(() => panel(page).locator(".notice").textContent(), "");
	});

	test("resumes from the last event it was shown, not from an acknowledgement that ran ahead", async () => {
		const page = await visit();

		await open(page);
		await write(page, "first");
		await until(() => texts(page), ["first"]);
		const shown = server.only.seq;
		for (const socket of server.only.sockets) socket.shown = Number.MAX_SAFE_INTEGER;
		server.only.append({ direction: "out", text: "never pushed", author: { type: "bot" } });
		await write(page, "second");
		await until(() => texts(page), ["first", "second"]);
		server.goOffline();
		server.heard.length = 0;
		server.goOnline();
		assert.equal((await server.frame(({ type }) => type === "hello")).since, shown);
		await until(() => texts(page), ["first", "never pushed", "second"]);
	});

	test("waits the time that a draining node asks for", async () => {
		const page = await visit();

		await open(page);
		server.heard.length = 0;
		server.only.say({ type: "bye", retry_after_ms: 2500 });
		const from = Date.now();
		for (const socket of server.only.sockets) socket.close(1012);
		await server.frame(({ type }) => type === "hello");
		assert.ok(Date.now() - from >= 2500, `${Date.now() - from} ms`);
	});

	test("renews a token that the server does not take any more, and stays the same visitor", async () => {
		const page = await visit();

		await open(page);
		await write(page, "before");
		await until(() => server.only.log.length, 1);
		for (const token of server.tokens.values()) token.expires_ts = 0;
		for (const socket of server.only.sockets) socket.close(4001);
		await write(page, "after");
		await until(() => texts(page), ["before", "after"]);
		await until(() => server.only.log.length, 2);
		assert.equal(server.conversations.size, 1);
	});

	test("keeps a new token that the server pushes", async () => {
		const page = await visit();

		await open(page);
		const fresh = server.issue([...server.conversations.keys()][0]);
		server.only.say({ type: "token", token: fresh.token, expires_ts: fresh.expires_ts });
		await until(
			() => page.evaluate(() => JSON.parse(localStorage.getItem("posthouse:bank-web:session")).token),
			fresh.token,
		);
	});

	test("says that the page's origin is refused and does not try again", async () => {
		const page = await visit();

		server.refuseOrigin = true;
		await page.getByRole("button", { name: "Chat with us" }).click();
		await until(() => panel(page).locator(".notice").textContent(), "Not available on this page");
	});

	test("lets two tabs agree about visitor, messages, draft and what is unread", async () => {
		const [one, two] = [await visit(), await visit()];
		const badge = (page) => page.locator("posthouse-chat .badge:visible").allTextContents();

		await open(one);
		await write(one, "from one");
		await until(() => texts(two), ["from one"]);
		assert.equal(server.conversations.size, 1);
		await two.bringToFront();
		await open(two);
		await write(two, "from two");
		await until(() => texts(one), ["from one", "from two"]);
		await field(one).fill("a draft");
		await until(() => field(two).inputValue(), "a draft");
		await panel(one).getByRole("button", { name: "Close" }).click();
		await panel(two).getByRole("button", { name: "Close" }).click();
		server.only.append({ direction: "out", text: "news", author: { type: "agent", name: "Mei" } });
		await until(() => badge(one), ["1"]);
		await until(() => badge(two), ["1"]);
		await shot(two, "unread");
		await two.getByRole("button", { name: "Chat with us 1" }).click();
		await until(() => badge(one), []);
		assert.equal(server.only.log.filter(({ direction }) => direction === "in").length, 2);
	});

	test("sends for a tab that went away before its message was acknowledged", async () => {
		const [one, two] = [await visit(), await visit()];

		await open(one);
		await write(one, "hello");
		await until(() => texts(two), ["hello"]);
		server.setTrouble(true);
		await write(one, "left behind");
		await one.close();
		server.setTrouble(false);
		await until(() => server.only.log.map(({ text }) => text), ["hello", "left behind"]);
	});

	test("offers a menu's options as buttons, of the last message only", async () => {
		const page = await visit();
		const options = () => panel(page).locator(".options button:visible").allTextContents();

		server.answer = (text) =>
			text === "hi" ? { text: "What is it about?", options: ["My card", "A transfer", "Something else"] } : { text: "Fine." };
		await open(page);
		await write(page, "hi");
		await until(options, ["My card", "A transfer", "Something else"]);
		await shot(page, "menu");
		await panel(page).getByRole("button", { name: "A transfer" }).click();
		await until(() => texts(page), ["hi", "What is it about?", "A transfer", "Fine."]);
		assert.deepEqual(await options(), []);
		assert.ok(await field(page).evaluate((node) => node.getRootNode().activeElement === node));
	});

	test("says who is at the other end and that they type", async () => {
		const page = await visit();
		const who = () => panel(page).locator("h2 + p").textContent();

		await open(page);
		await until(who, "Assistant");
		server.only.say({ type: "state", state: "queued" });
		await until(who, "Finding a person for you…");
		server.only.say({ type: "state", state: "assigned", agent: { name: "Mei Lin" } });
		await until(who, "You are talking to Mei Lin");
		server.only.append({ direction: "out", text: "Good morning!", author: { type: "agent", name: "Mei Lin" } });
		server.only.say({ type: "typing", on: true, name: "Mei Lin" });
		await panel(page).getByText("Mei Lin is typing").waitFor();
		await shot(page, "typing");
		server.only.append({ direction: "out", text: "How can I help?", author: { type: "agent", name: "Mei Lin" } });
		await panel(page).getByText("Mei Lin is typing").waitFor({ state: "hidden" });
		await field(page).fill("h");
		assert.deepEqual(await server.frame(({ type }) => type === "typing"), { type: "typing", on: true });
	});

	test("leaves the Enter that ends a composition to the input method", async () => {
		const page = await visit();
		const cdp = await context.newCDPSession(page);

		await open(page);
		await field(page).focus();
		await cdp.send("Input.imeSetComposition", { text: "nihao", selectionStart: 5, selectionEnd: 5 });
		await cdp.send("Input.dispatchKeyEvent", { type: "rawKeyDown", key: "Process", code: "Enter", windowsVirtualKeyCode: 229 });
		await cdp.send("Input.insertText", { text: "你好" });
		assert.equal(await field(page).inputValue(), "你好");
		assert.deepEqual(server.heard.filter(({ frame }) => frame.type === "msg"), []);
		await field(page).press("Shift+Enter");
		assert.equal(await field(page).inputValue(), "你好\n");
		await field(page).press("Enter");
		assert.equal((await server.frame(({ type }) => type === "msg")).text, "你好");
	});

	test("gives a refused message back to be edited", async () => {
		const page = await visit();

		await open(page);
		await write(page, "refuse me");
		await panel(page).getByRole("button", { name: "Not sent. Edit" }).click();
		assert.equal(await field(page).inputValue(), "refuse me");
		await until(() => texts(page), ["Hello! How can we help?"]);
	});

	test("shows the newest page and older ones on demand, where the reader is", async () => {
		const page = await visit();

		await open(page);
		chatter(server.only, 1, 230);
		await until(async () => (await texts(page)).length, 230);
		await page.reload();
		await until(async () => (await texts(page)).length, 50);
		assert.equal((await texts(page))[0], "message 181");
		await panel(page).getByRole("button", { name: "Earlier messages" }).click();
		await until(async () => (await texts(page)).length, 100);
		assert.equal((await texts(page))[0], "message 131");
		const top = await bubbles(page).nth(50).boundingBox();
		assert.ok(top.y > 0 && top.y < 760, `message 181 is at ${top.y}`);
	});

	test("forgets what it showed when it missed too much, but not what is unsent", async () => {
		const page = await visit();

		await open(page);
		chatter(server.only, 1, 10);
		await until(async () => (await texts(page)).length, 10);
		server.goOffline();
		await write(page, "still mine");
		chatter(server.only, 11, 300);
		server.goOnline();
		await until(async () => (await texts(page)).length, 51);
		assert.equal((await texts(page))[0], "message 251");
		assert.equal((await texts(page)).at(-1), "still mine");
	});

	test("is the visitor that the site says, and nobody after a logout", async () => {
		siteScript = { "data-identity": "customer-17", "data-identity-hash": "right" };
		const page = await visit();

		await open(page);
		await write(page, "it is me");
		await until(() => texts(page), ["it is me"]);
		assert.deepEqual([...server.conversations.keys()], ["customer-17"]);
		await page.evaluate(() => window.posthouse.identify());
		await until(() => page.evaluate(() => Object.keys(localStorage)), []);
		assert.ok(await panel(page).isHidden());
		await page.evaluate(() => window.posthouse.identify("customer-18", "right"));
		await page.evaluate(() => window.posthouse.open());
		await until(() => [...server.conversations.keys()], ["customer-17", "customer-18"]);
		await until(() => texts(page), ["Hello! How can we help?"]);
	});

	test("tells that its visitor has logged in, whatever digits the proof without an end began with", async () => {
		const tokens = () => [...server.tokens.values()].filter(({ visitor }) => visitor === "customer-17").length;

		server.identityHash = "99999999999ab";
		siteScript = { "data-identity": "customer-17", "data-identity-hash": server.identityHash };
		const page = await visit();

		await open(page);
		await until(tokens, 1);
		server.identityHash = "1800000000.ab";
		await page.evaluate(() => window.posthouse.identify("customer-17", "1800000000.ab"));
		await until(tokens, 2);
	});

	test("takes a wrong proof of identity for no identity", async () => {
		siteScript = { "data-identity": "customer-17", "data-identity-hash": "forged" };
		const page = await visit();

		await open(page);
		assert.equal([...server.conversations.keys()].includes("customer-17"), false);
		assert.equal(server.conversations.size, 1);
	});

	test("is used by keyboard and has nothing for axe to find, open and closed, light and dark", async () => {
		for (const colorScheme of ["light", "dark"]) {
			const themed = await browser.newContext({ viewport: { width: 1100, height: 760 }, colorScheme, locale: "en-GB" });
			await themed.addInitScript(await readFile(AXE, "utf8"));
			const page = await visit(themed);

			server.answer = () => ({ text: "What is it about? https://bank.example/help", options: ["My card", "A transfer"] });
			await axe(page);
			await page.getByRole("button", { name: "Chat with us" }).focus();
			await page.keyboard.press("Enter");
			await page.keyboard.type("hello");
			await page.keyboard.press("Enter");
			await panel(page).getByRole("button", { name: "My card" }).waitFor();
			[...server.conversations.values()].at(-1).say({ type: "typing", on: true });
			await page.waitForTimeout(300);
			await axe(page);
			await shot(page, colorScheme);
			await page.keyboard.press("Escape");
			assert.ok(await panel(page).isHidden());
			assert.ok(await page.getByRole("button", { name: "Chat with us" }).evaluate((node) => node.getRootNode().activeElement === node));
			await themed.close();
		}
	});

	test("keeps the page's shortcuts and styles out", async () => {
		const page = await visit();

		await page.evaluate(() => {
			window.keys = 0;
			document.addEventListener("keydown", () => window.keys++);
		});
		await open(page);
		await field(page).pressSequentially("s/j");
		assert.equal(await page.evaluate(() => window.keys), 0);
		const send = await panel(page).getByRole("button", { name: "Send" }).evaluate((node) => getComputedStyle(node).backgroundColor);
		assert.equal(send, "rgb(29, 78, 216)");
	});

	test("fills a telephone's screen and speaks Chinese", async () => {
		siteScript = { "data-lang": "zh" };
		const phone = await browser.newContext({ viewport: { width: 390, height: 780 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2, locale: "zh-CN" });
		const page = await visit(phone);

		server.answer = (text) => (/人工/.test(text) ? undefined : { text: "您的新卡已于昨日寄出，预计三个工作日内送达。详情见https://bank.example/card，谢谢。" });
		await shot(page, "phone-closed");
		await open(page);
		await write(page, "我的卡什么时候到？");
		await until(async () => (await texts(page)).length, 2);
		assert.equal(await panel(page).locator("a").getAttribute("href"), "https://bank.example/card");
		await write(page, "转人工");
		server.only.say({ type: "state", state: "queued" });
		await until(() => panel(page).locator("h2 + p").textContent(), "正在为您转接人工客服…");
		const box = await panel(page).boundingBox();
		assert.deepEqual([box.x, box.y, box.width, box.height], [0, 0, 390, 780]);
		await shot(page, "phone");
		await phone.close();
	});

	test("does not move where less motion is asked for", async () => {
		const still = await browser.newContext({ reducedMotion: "reduce", locale: "en-GB" });
		const page = await visit(still);

		await open(page);
		assert.equal(await panel(page).evaluate((node) => getComputedStyle(node).animationName), "none");
		await still.close();
	});
});
