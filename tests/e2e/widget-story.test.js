/**
 * The widget against a real node: the script that the node serves, in a bank's page of another origin, through a bot's
 * answer, an agent, the store's absence, a node's restart and a reload. Nothing is lost and nothing comes twice.
 */

import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";
import { PATIENCE_MS } from "../peers/shared/patience.js";

import { until, world } from "./world.js";

const SCREENSHOTS = "out/screenshots";

let browser;

before(async () => {
  await mkdir(SCREENSHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    timeout: PATIENCE_MS,
    args: ["--no-sandbox", "--disable-gpu"],
  });
});

after(() => browser?.close());

/** A page of the bank's, on a port of its own: the origin that the channel allows. */
const bankSite = async (t) => {
  const site = { gateway: "", lang: "en" };
  const server = createServer((request, response) => {
    const socket = site.gateway.replace("http", "ws");
    response.writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": `default-src 'none'; script-src ${site.gateway}; connect-src ${site.gateway} ${socket}; require-trusted-types-for 'script'`,
    });
    response.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Bank</title>
<script src="${site.gateway}/webchat/widget.js" data-channel="bank-web" data-lang="${site.lang}" async></script>
<main><h1>Your bank</h1></main></html>`);
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  site.url = `http://127.0.0.1:${server.address().port}`;
  return site;
};

const visit = async (t, site) => {
  const context = await browser.newContext({ viewport: { width: 1100, height: 760 }, locale: "en-GB" });
  t.after(() => context.close());
  const page = await context.newPage();
  page.problems = [];
  page.on("pageerror", (error) => page.problems.push(String(error)));
  await page.goto(site.url);
  await page.getByRole("button", { name: site.lang === "zh" ? "在线客服" : "Chat with us" }).click();
  return page;
};

const texts = (page) => page.locator("posthouse-chat .line:not([hidden]) .text").allTextContents();
const write = async (page, text) => {
  await page.getByRole("textbox").fill(text);
  await page.getByRole("textbox").press("Enter");
};
const shows = (page, wanted, ms = 30_000) =>
  until(`the page to show ${wanted}`, async () => (await texts(page)).some((text) => wanted.test(text)), ms);
const counts = async (page, text) => (await texts(page)).filter((shown) => shown === text).length;

test("a visitor is answered by the bot, then by an agent, and sees both to the end", async (t) => {
  const site = await bankSite(t);
  const w = await world(t, { channels: ["web"], agents: ["mei"], origins: [site.url] });
  site.gateway = w.gateway.url;
  const page = await visit(t, site);
  const who = page.locator("posthouse-chat h2 + p");
  const marks = page.locator("posthouse-chat .mine .mark");

  await write(page, "I lost my card");
  await shows(page, /Block it now/);
  await write(page, "I want to talk to a human");
  await who.getByText("Finding a person for you…").waitFor();
  const mei = await w.agent("mei");
  const conversation = await mei.conversationWith(/human/);
  await who.getByText("You are talking to Mei").waitFor();
  mei.send({ type: "typing", conversation, on: true });
  await page.getByText("Mei is typing").waitFor();
  const { seq } = await mei.say(conversation, "Good morning, this is Mei. How can I help?");
  await shows(page, /this is Mei/);
  await mei.wait("the message to be read", () => mei.status(conversation, seq) === "read");
  await write(page, "Can you block it for me?");
  await mei.wait("the question", () => mei.texts(conversation).includes("Can you block it for me?"));
  await until("Sent", async () => /Sent/.test((await marks.allTextContents()).at(-1)));
  const last = Math.max(...mei.logs.get(conversation).keys());
  mei.send({ type: "read", conversation, seq: last });
  await until("Read", async () => /Read/.test((await marks.allTextContents()).at(-1)));
  await page.screenshot({ path: `${SCREENSHOTS}/widget-real.png` });
  await mei.request({ type: "close", conversation, disposition: "solved", note: "" });
  await who.getByText("This chat has ended").waitFor();
  assert.deepEqual(page.problems, []);
});

test("what is written while the store is away, the node restarts and the page is reloaded arrives once", { timeout: 300_000 }, async (t) => {
  const site = await bankSite(t);
  const w = await world(t, { channels: ["web"], agents: ["mei"], origins: [site.url] });
  site.gateway = w.gateway.url;
  const page = await visit(t, site);
  const mei = await w.agent("mei");

  await write(page, "human");
  const conversation = await mei.conversationWith("human");
  await w.redis.stop();
  await page.getByText("Reconnecting…").waitFor();
  await write(page, "written without a store");
  await page.reload();
  await until("the message after the reload", async () => (await counts(page, "written without a store")) === 1);
  await w.redis.start();
  await mei.wait("the message", () => mei.texts(conversation).includes("written without a store"));

  await w.gateway.kill();
  await write(page, "written without a node");
  await w.gateway.start();
  await mei.connect();
  await mei.request({ type: "presence", state: "available" });
  await mei.wait("the message", () => mei.texts(conversation).includes("written without a node"));
  await mei.say(conversation, "I am still here");
  await shows(page, /I am still here/);

  for (const text of ["human", "written without a store", "written without a node"]) {
    assert.equal(await counts(page, text), 1, text);
    assert.equal(mei.texts(conversation).filter((shown) => shown === text).length, 1, text);
  }
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage).filter((key) => key.includes(":out:"))), []);
});

test("a visitor is served in Chinese", async (t) => {
  const site = await bankSite(t);
  const w = await world(t, { channels: ["web"], origins: [site.url] });
  Object.assign(site, { gateway: w.gateway.url, lang: "zh" });
  const page = await visit(t, site);

  await write(page, "我的银行卡丢了怎么办");
  await shows(page, /请立即挂失/);
  await write(page, "转人工");
  await page.getByText("正在为您转接人工客服…").waitFor();
  await page.screenshot({ path: `${SCREENSHOTS}/widget-real-zh.png` });
});
