// The agents' console in a real Chromium on the real gateway with a real Redis: what a customer says on the
// web reaches the agent, the reply reaches the customer, and a node that dies in between loses nothing.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openConsole, startBrowser } from "./console-page.js";
import { until, world } from "./world.js";

const PASSWORD = "relay-station";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A world with an agent at a console in the browser, available. */
async function story(t, options = {}) {
  const w = await world(t, { agents: ["mei"], channels: ["web"], ...options });
  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang: "en" });
  await agent.page.waitForSelector("form");
  // English by choice: an account without a language of its own is Chinese.
  await agent.page.click("button.lang");
  await agent.page.click("button.lang");
  await agent.login("mei", PASSWORD);
  await agent.page.keyboard.press("Alt+P");
  await agent.page.getByRole("button", { name: /Available$/ }).waitFor();
  return { w, agent, page: agent.page };
}

/** A visitor who asked for a person and whom the agent has open. */
async function served(t, s, words = "human") {
  const visitor = await s.w.visitor();
  await visitor.say(words);
  await s.page.waitForSelector(".row");
  await s.page.click(".row");
  await s.page.waitForSelector(".composer");
  return visitor;
}

const count = (list, text) => list.filter((x) => x === text).length;

test("a visitor asks for a person, the agent answers, the session is closed", async (t) => {
  const s = await story(t);
  const visitor = await served(t, s);
  await s.page.waitForSelector(".msg");
  await s.agent.reply("Good evening, this is Mei.");
  await visitor.reply(/this is Mei/);
  await s.agent.waitForReply("Good evening, this is Mei.", "delivered").catch(() => s.agent.waitForReply("Good evening, this is Mei.", "sent"));
  await visitor.say("My card is lost");
  await s.page.locator(".bubble").getByText("My card is lost").waitFor();
  await s.page.waitForSelector(".customer .sessions li");
  await s.agent.check();
  await s.agent.picture("console-gateway");
  await s.page.keyboard.press("Alt+X");
  await s.page.waitForSelector("dialog[open]");
  await s.page.keyboard.press("1");
  await s.page.keyboard.press("Enter");
  await s.page.waitForSelector("dialog", { state: "detached" });
  await s.page.getByText("This session is closed.").waitFor();
  assert.equal(count(visitor.texts("out"), "Good evening, this is Mei."), 1);
});

test("back to the queue with a note, taken again, the note is in the thread", async (t) => {
  const s = await story(t);
  await served(t, s);
  await s.page.keyboard.press("Alt+P");
  await s.page.getByRole("button", { name: /Away$/ }).waitFor();
  await s.page.keyboard.press("Alt+R");
  await s.page.waitForSelector("dialog[open]");
  await s.page.keyboard.type("speaks English");
  await s.page.keyboard.press("Enter");
  await s.page.getByText("1 waiting").first().waitFor();
  await s.page.keyboard.press("Alt+N");
  await s.page.waitForSelector(".composer");
  await s.page.locator(".line q").getByText("speaks English").waitFor();
});

test("the node is killed while the agent writes: every reply arrives once", async (t) => {
  const s = await story(t);
  const visitor = await served(t, s);
  await s.agent.reply("before");
  await visitor.reply(/^before$/);
  await s.w.gateway.kill();
  await s.page.waitForSelector(".banner");
  await s.agent.reply("during one");
  await s.agent.reply("during two");
  await s.w.gateway.start();
  await s.page.waitForFunction(() => !document.querySelector(".banner"));
  await visitor.connect();
  await visitor.reply(/^during two$/);
  const said = visitor.texts("out").filter((x) => /^(before|during)/.test(x));
  assert.deepEqual(said, ["before", "during one", "during two"]);
  await until("the bubbles", async () => (await s.agent.bubbles(".by-me:not(.is-pending)")).length === 3);
  assert.deepEqual(await s.agent.bubbles(".by-me"), ["before", "during one", "during two"]);
});

test("a long conversation is paged back to its beginning, without a hole", async (t) => {
  const s = await story(t, { channels: ["sms"] });
  const many = 130;
  const from = "+8613800138000";
  await s.w.smsc.deliver({ from, to: "95500", text: "人工" });
  await s.page.waitForSelector(".row");
  // Long enough that a page of them is more than a frame holds.
  for (let i = 1; i <= many; i++) await s.w.smsc.deliver({ from, to: "95500", text: `${i} ${"账单在哪里".repeat(20)}` });
  await s.page.click(".row");
  await s.page.locator(".bubble").getByText(`${many} 账单`).waitFor();
  const seen = new Set();
  for (let i = 0; i < 400; i++) {
    for (const text of await s.agent.bubbles()) if (/^\d+ 账/.test(text)) seen.add(parseInt(text, 10));
    if (await s.page.getByText("The conversation begins here").count()) break;
    await s.page.evaluate(() => (document.querySelector("#thread").scrollTop -= 300));
    await s.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await s.page.waitForFunction(() => !document.querySelector(".loading"));
  }
  assert.deepEqual([...seen].sort((a, b) => a - b), Array.from({ length: many }, (_, i) => i + 1));
});

test("an SMS is answered, and its receipt is seen", async (t) => {
  const s = await story(t, { channels: ["sms"] });
  await s.w.smsc.deliver({ from: "+8613900139000", to: "95500", text: "转人工" });
  await s.page.waitForSelector(".row");
  await s.page.click(".row");
  await s.page.waitForSelector(".composer");
  await s.agent.reply("您好，我是客服小美。");
  await s.w.smsc.waitForText({ to: "+8613900139000", text: "我是客服小美" });
  await s.agent.waitForReply("您好，我是客服小美。", "delivered");
});
