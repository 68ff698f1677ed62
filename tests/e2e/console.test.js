// The agents' console in a real Chromium against the scripted peer: what an agent does on a busy desk, and
// what the network does to it. Pictures go to out/screenshots.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { startConsoleServer } from "../peers/console-server/server.js";
import { busyDesk, CATALOGUE, USERS } from "../peers/console-server/scenario.js";
import { openConsole, startBrowser } from "./console-page.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIR = path.join(ROOT, "out/console-e2e");
const BUDGET = 45 * 1024;

let browser;
before(async () => {
  const built = spawnSync(process.execPath, [path.join(ROOT, "console/build.mjs"), "--out", DIR], { encoding: "utf8" });
  assert.equal(built.status, 0, built.stderr);
  browser = await startBrowser();
});
after(() => browser?.close());

/** A desk, its server and a console on it; `in` is false for the log-in page. */
async function desk(t, { user = "mei", loggedIn = true, url = "", onPage, ...look } = {}) {
  const model = busyDesk();
  // The language of the agent's account is the console's until they choose another.
  const users = structuredClone(USERS);
  users[user].user.lang = look.lang ?? "zh";
  const server = await startConsoleServer({ dir: DIR, desk: model, users, catalogue: CATALOGUE });
  t.after(() => server.close());
  const agent = await openConsole(t, browser, server.url + url, { ...look, onPage });
  await agent.page.waitForSelector("form");
  if (loggedIn) await agent.login(user, USERS[user].password);
  return { model, server, agent, page: agent.page };
}

/** What the desk's log holds of this agent's words. */
const logged = (model, id) => model.get(id).log.filter((e) => e.cid).map((e) => e.text);
const clientText = (page) => page.evaluate(() => document.body.innerText);

test("script and style of the desk stay under 45 KB gzipped, and what comes later under its own budgets", async (t) => {
  const sizes = JSON.parse(readFileSync(path.join(DIR, "sizes.json"), "utf8"));
  assert.ok(sizes.desk < BUDGET, `${sizes.desk} bytes`);
  for (const [part, most] of Object.entries({ login: 1.5, dialogs: 3.5, answers: 14 })) assert.ok(sizes[part] < most * 1024, `${part}: ${sizes[part]} bytes`);
  // What a browser really loads for the desk is what was counted.
  const loaded = [];
  const { agent } = await desk(t, { loggedIn: false, onPage: (page) => page.on("response", (r) => /\.(js|css)$/.test(r.url()) && loaded.push(path.basename(r.url()))) });
  await agent.login("mei", "correct horse");
  const total = loaded.reduce((n, file) => n + gzipSync(readFileSync(path.join(DIR, file)), { level: 9 }).length, 0);
  assert.ok(total <= sizes.desk + sizes.login + sizes.dialogs, `${loaded}: ${total} bytes`);
});

test("a wrong password is said, the fourth is told to wait, and the right one opens the desk", async (t) => {
  const { agent, page } = await desk(t, { loggedIn: false, lang: "en" });
  const attempt = async () => {
    await page.fill("[name=username]", "mei");
    await page.fill("[name=password]", "wrong");
    await page.click("[type=submit]");
  };
  await attempt();
  await page.getByText("do not match").waitFor();
  await attempt();
  await attempt();
  await page.waitForFunction(() => !document.querySelector("[type=submit]").disabled);
  await attempt();
  await page.getByText(/Try again in \d s/).waitFor();
  assert.equal(await page.isDisabled("[type=submit]"), true);
  await page.waitForFunction(() => !document.querySelector("[type=submit]").disabled);
  await agent.login("mei", "correct horse");
  assert.deepEqual(await page.evaluate(() => Object.keys(sessionStorage).concat(Object.keys(localStorage)).filter((k) => /token|session/i.test(k))), []);
});

for (const lang of ["zh", "en"])
  for (const scheme of ["light", "dark"])
    test(`no finding of axe, no broken policy: ${lang}, ${scheme}`, async (t) => {
      const { agent, page } = await desk(t, { loggedIn: false, lang, scheme });
      await agent.check();
      await agent.picture(`console-login-${lang}-${scheme}`);
      await agent.login("mei", "correct horse");
      await agent.check();
      await agent.picture(`console-list-${lang}-${scheme}`);
      await agent.open("long");
      await page.waitForSelector(".ideas button");
      await page.waitForSelector(".sessions");
      await agent.check();
      await agent.picture(`console-thread-${lang}-${scheme}`);
      await page.fill("#reply", lang === "zh" ? "/转账" : "/trans");
      await page.waitForSelector("[role=option]");
      await agent.check();
      await agent.picture(`console-canned-${lang}-${scheme}`);
      await page.fill("#reply", "");
      await agent.open("wechat");
      await page.waitForSelector(".card");
      await agent.check();
      await agent.picture(`console-media-${lang}-${scheme}`);
      for (const [key, name] of [["Alt+X", "close"], ["Alt+R", "requeue"], ["Alt+/", "help"]]) {
        await page.keyboard.press(key);
        await page.waitForSelector("dialog[open]");
        await agent.check();
        await agent.picture(`console-${name}-${lang}-${scheme}`);
        await page.keyboard.press("Escape");
        await page.waitForSelector("dialog", { state: "detached" });
      }
    });

test("the page follows the choice of language and appearance, and remembers it", async (t) => {
  const { page } = await desk(t, { lang: "zh", scheme: "light" });
  await page.click("button.lang");
  assert.match(await clientText(page), /Take the next/);
  await page.click(".theme-auto");
  await page.click(".theme-light");
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  await page.reload();
  await page.waitForSelector(".rows");
  assert.equal(await page.evaluate(() => `${document.documentElement.lang} ${document.documentElement.dataset.theme}`), "en dark");
});

test("a reply stands there at once and goes from kept to delivered", async (t) => {
  const { server, model, agent, page } = await desk(t);
  server.faults.ackDelayMs = 3000;
  await agent.open("web");
  await page.waitForSelector(".composer");
  await agent.reply("Let me check that for you.");
  await page.waitForSelector(".msg.is-pending", { timeout: 2500 });
  await agent.waitForReply("Let me check that for you.", "delivered");
  assert.deepEqual(logged(model, "web"), ["Let me check that for you."]);
  assert.equal(await page.inputValue("#reply"), "");
});

test("what a customer writes is text, never markup", async (t) => {
  const { agent, page } = await desk(t);
  await agent.open("web");
  await page.getByText("<script>alert(1)</script>").last().waitFor();
  assert.equal(await page.$(".bubble b, .bubble script"), null);
  assert.deepEqual(await page.$$eval(".bubble a", (all) => all.map((a) => [a.href, a.rel.includes("noopener"), a.target])), [["http://evil.example/", true, "_blank"]]);
});

test("a connection lost before the message arrived: nothing is lost or doubled", async (t) => {
  const { server, model, agent, page } = await desk(t);
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.faults.dropOnSend = 2;
  await agent.reply("first");
  await agent.reply("second");
  await agent.waitForReply("first", "delivered");
  await agent.waitForReply("second", "delivered");
  assert.deepEqual(logged(model, "web"), ["first", "second"]);
  assert.deepEqual((await agent.bubbles(".by-me")).slice(-2), ["first", "second"]);
});

test("a connection lost after the message arrived but before its ack: it is there once", async (t) => {
  const { server, model, agent, page } = await desk(t);
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.faults.dropBeforeAck = 1;
  await agent.reply("once only");
  await agent.waitForReply("once only", "delivered");
  assert.deepEqual(logged(model, "web"), ["once only"]);
  assert.equal((await agent.bubbles(".by-me")).filter((x) => x === "once only").length, 1);
});

test("messages that came while the console was away, or whose push was lost, are shown once and in order", async (t) => {
  const { server, model, agent, page } = await desk(t);
  const web = model.get("web");
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.faults.down = true;
  server.dropAll();
  await page.waitForSelector(".banner");
  await agent.picture("console-reconnecting");
  for (let i = 1; i <= 120; i++) model.customerSays(web, `away ${i}`);
  server.faults.down = false;
  await page.getByText("away 120").last().waitFor();
  server.faults.losePushes = 1;
  model.customerSays(web, "lost push");
  server.faults.duplicate = true;
  model.customerSays(web, "after it");
  await page.getByText("after it").last().waitFor();
  assert.deepEqual((await agent.bubbles()).slice(-3), ["away 120", "lost push", "after it"]);
});

test("while the service is degraded replies are kept, and go out when it recovers", async (t) => {
  const { server, model, agent, page } = await desk(t);
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.service("degraded");
  await page.waitForSelector(".banner.is-degraded");
  await agent.reply("kept");
  await page.waitForSelector(".is-pending .tick-waiting");
  assert.deepEqual(logged(model, "web"), []);
  await agent.check();
  server.service("ok");
  await agent.waitForReply("kept", "delivered");
  assert.deepEqual(logged(model, "web"), ["kept"]);
});

test("unsent words and drafts survive a reload", async (t) => {
  const { server, model, agent, page } = await desk(t);
  page.on("dialog", (d) => d.accept());
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.service("degraded");
  await page.waitForSelector(".banner.is-degraded");
  await agent.reply("before the reload");
  await agent.open("wechat");
  await page.fill("#reply", "half a sentence");
  await page.reload();
  await page.waitForSelector(".banner.is-degraded");
  assert.deepEqual(logged(model, "web"), []);
  server.service("ok");
  await agent.open("web");
  await agent.waitForReply("before the reload", "delivered");
  await agent.open("wechat");
  assert.equal(await page.inputValue("#reply"), "half a sentence");
  assert.deepEqual(logged(model, "web"), ["before the reload"]);
});

test("a refused reply says why, and can be tried again or discarded", async (t) => {
  const { server, model, agent, page } = await desk(t, { lang: "en" });
  await agent.open("web");
  await page.waitForSelector(".composer");
  server.faults.refuse = "reply_window";
  await agent.reply("too late");
  await agent.reply("away with it");
  await page.getByText("The channel takes no reply now").nth(1).waitFor();
  server.faults.refuse = null;
  await page.getByRole("button", { name: "Discard" }).last().click();
  await page.getByRole("button", { name: "Try again" }).click();
  await agent.waitForReply("too late", "delivered");
  assert.deepEqual(logged(model, "web"), ["too late"]);
});

test("a canned reply comes by slash, its known variable filled and its blank not sent by accident", async (t) => {
  const { model, agent, page } = await desk(t);
  await agent.open("long");
  await page.waitForSelector(".composer");
  await page.locator("#reply").pressSequentially("您好/挂失");
  await page.waitForSelector("[role=option]");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector("#reply").value.includes("{{card_tail}}"));
  await page.keyboard.press("Enter");
  await page.getByText("请填写 card_tail").waitFor();
  assert.deepEqual(logged(model, "long"), []);
  await page.keyboard.insertText("6218");
  await page.keyboard.press("Enter");
  const text = "您好已为您登记尾号6218的银行卡挂失，预计两分钟内生效。";
  await agent.waitForReply(text, "delivered");
  assert.deepEqual(logged(model, "long"), [text]);
});

test("Enter of an input method that is composing sends nothing", async (t) => {
  const { model, agent, page } = await desk(t);
  await agent.open("web");
  await page.waitForSelector(".composer");
  const cdp = await page.context().newCDPSession(page);
  await page.focus("#reply");
  await cdp.send("Input.imeSetComposition", { text: "nihao", selectionStart: 5, selectionEnd: 5 });
  await page.evaluate(() => document.querySelector("#reply").dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true, isComposing: true })));
  await cdp.send("Input.insertText", { text: "你好" });
  assert.equal(await page.inputValue("#reply"), "你好");
  assert.deepEqual(logged(model, "web"), []);
  await page.keyboard.press("Enter");
  await agent.waitForReply("你好", "delivered");
});

test("a whole case by the keyboard alone: take, suggest, reply, requeue, close", async (t) => {
  const { server, model, agent, page } = await desk(t, { loggedIn: false, lang: "en" });
  await page.keyboard.type("mei");
  await page.keyboard.press("Tab");
  await page.keyboard.type("correct horse");
  await page.keyboard.press("Enter");
  await page.waitForSelector(".row");
  await page.waitForFunction(() => !document.querySelector(".banner"));

  const first = [...model.conversations.values()].filter((c) => c.state === "queued").sort((a, b) => model.summary(a).waiting_since - model.summary(b).waiting_since)[0];
  await page.keyboard.press("Alt+N");
  await page.waitForSelector(".ideas button");
  await page.waitForFunction(() => document.activeElement?.id === "reply");
  assert.equal(first.agent, "mei");
  await page.keyboard.press("Alt+2");
  await page.waitForFunction(() => document.querySelector("#reply").value !== "");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("Mei");
  const text = await page.inputValue("#reply");
  assert.match(text, /\nMei$/);
  await page.keyboard.press("Enter");
  await agent.waitForReply(text, "delivered");

  await page.keyboard.press("Alt+R");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.type("needs the card team");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForFunction((id) => document.querySelector("[aria-current]")?.dataset.conversation !== id, first.id);
  assert.deepEqual([first.state, first.log.at(-1).note], ["queued", "needs the card team"]);

  const mine = () => page.$eval(".row[aria-current]", (row) => row.dataset.conversation);
  const open = await mine();
  await page.keyboard.press("Alt+ArrowDown");
  await page.waitForFunction((id) => document.querySelector("[aria-current]")?.dataset.conversation !== id, open);
  await page.keyboard.press("Alt+ArrowUp");
  await page.waitForFunction((id) => document.querySelector("[aria-current]")?.dataset.conversation === id, open);

  await page.waitForFunction(() => document.activeElement?.id === "reply");
  await page.keyboard.press("Alt+X");
  await page.waitForSelector("dialog[open]");
  await page.keyboard.press("2");
  await page.keyboard.press("Tab");
  await page.keyboard.type("ticket 17");
  await page.keyboard.press("Enter");
  await page.waitForSelector("dialog", { state: "detached" });
  await page.waitForFunction((id) => !document.querySelector(`.row[data-conversation="${id}"]`), open);
  const closed = model.get(open).log.at(-1);
  assert.deepEqual([closed.state, closed.disposition, closed.note], ["closed", "forwarded", "ticket 17"]);

  await page.keyboard.press("Alt+P");
  await page.getByRole("button", { name: /Away$/ }).waitFor();
  assert.equal(server.presence.get("mei"), "away");
  await page.keyboard.press("Alt+H");
  await page.keyboard.press("?");
  await page.getByRole("heading", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
});

test("the help shows what docs/console.md says of the keyboard, all of it", async (t) => {
  const { page } = await desk(t, { lang: "en" });
  await page.keyboard.press("Alt+/");
  await page.waitForSelector("dialog[open]");
  const shown = await page.$$eval(".help dl > div", (rows) =>
    rows.map((r) => `| ${[...r.querySelectorAll(".keys > span")].map((k) => [...k.children].map((x) => x.textContent).join(" ")).join(", ")} | ${r.querySelector("dt").textContent} |`),
  );
  const told = readFileSync(path.join(ROOT, "docs/console.md"), "utf8").split("\n").filter((l) => l.startsWith("| ") && /^\| (Alt|Ctrl|Shift|Enter|\/|\?)/.test(l));
  assert.deepEqual(shown, told);
});

test("history comes as one scrolls up, and what is being read stays where it is", async (t) => {
  const { agent, page, server } = await desk(t);
  await agent.open("long");
  await page.waitForSelector(".msg");
  const place = () => page.evaluate(() => {
    const box = document.querySelector("#thread").getBoundingClientRect();
    const top = [...document.querySelectorAll(".msg")].find((m) => m.getBoundingClientRect().bottom > box.top + 40);
    return { seq: Number(top.dataset.seq), y: Math.round(top.getBoundingClientRect().top - box.top) };
  });
  const asked = () => server.frames.filter((f) => f.type === "history").length;
  let worst = 0;
  for (let i = 0; i < 250; i++) {
    const before = await place();
    const n = asked();
    await page.evaluate(() => (document.querySelector("#thread").scrollTop -= 300));
    const moved = await place();
    await page.waitForFunction((k) => !document.querySelector(".loading") || k < 0, n);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    const y = await page.evaluate((seq) => {
      const box = document.querySelector("#thread").getBoundingClientRect();
      const m = document.querySelector(`.msg[data-seq="${seq}"]`);
      return m ? Math.round(m.getBoundingClientRect().top - box.top) : null;
    }, moved.seq);
    if (y !== null) worst = Math.max(worst, Math.abs(y - moved.y));
    if (before.seq === 1) break;
  }
  assert.equal((await place()).seq, 1);
  assert.ok(asked() >= 5, `${asked()} pages`);
  assert.ok(worst <= 60, `what was read moved by ${worst} px`);
  assert.ok((await page.$$(".msg")).length < 60, "only what is in sight is rendered");
  await page.getByText("对话从这里开始").waitFor();
});

test("reading older messages is not disturbed by new ones; a button counts them and leads there", async (t) => {
  const { model, agent, page } = await desk(t);
  await agent.open("long");
  await page.waitForSelector(".msg");
  await page.evaluate(() => (document.querySelector("#thread").scrollTop -= 900));
  await page.waitForSelector(".newest");
  const top = () => page.evaluate(() => document.querySelector("#thread").scrollTop);
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const before = await top();
  model.customerSays(model.get("long"), "第一条新消息");
  model.customerSays(model.get("long"), "第二条新消息");
  await page.getByRole("button", { name: "2 条新消息" }).waitFor();
  assert.ok(Math.abs((await top()) - before) < 3);
  await agent.picture("console-jump");
  await page.keyboard.press("Alt+End");
  await page.waitForSelector(".newest", { state: "detached" });
  await page.locator(".msg").getByText("第二条新消息").waitFor();
});

test("a message that comes is announced, counted in the title, and read when it is looked at", async (t) => {
  const { model, agent, page } = await desk(t, { lang: "en" });
  await agent.open("long");
  await page.waitForSelector(".msg");
  const web = model.get("web");
  web.read_seq = web.log.length;
  model.customerSays(web, "Hello? Anybody?");
  await page.locator("[aria-live=polite]").getByText("Visitor 7f31 says: Hello? Anybody?").waitFor();
  await page.waitForFunction(() => /^\(\d+\)/.test(document.title));
  await agent.open("web");
  await page.waitForFunction(() => !document.querySelector('[data-conversation="web"] .badge'));
  assert.equal(web.read_seq, web.log.length);
});

test("an SMS is counted in parts and says which character costs the alphabet; WeChat says what is left", async (t) => {
  const { agent, page } = await desk(t, { lang: "en" });
  await agent.open("long");
  await page.waitForSelector(".composer");
  await page.fill("#reply", "a".repeat(161));
  await page.getByText("2 SMS · GSM-7").waitFor();
  await page.fill("#reply", "It’s on its way to you");
  await page.getByText("UCS-2 because of “’”").waitFor();
  await agent.open("wechat");
  await page.getByText(/Replies left: 2, until/).waitFor();
  await agent.reply("one");
  await page.getByText(/Replies left: 1, until/).waitFor();
});

test("the list is found by words of a conversation and by digits of a number", async (t) => {
  const { page } = await desk(t);
  await page.keyboard.press("Control+K");
  await page.keyboard.type("8000");
  await page.waitForFunction(() => document.querySelectorAll(".row").length === 1);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".composer");
  assert.equal(await page.inputValue("#search"), "");
});

test("a second console of the same agent stops the first, which says so and can come back", async (t) => {
  const { server, agent, page } = await desk(t, { lang: "en" });
  const other = await openConsole(t, browser, server.url, { lang: "en" });
  await other.page.waitForSelector("form");
  await other.login("mei", "correct horse");
  await page.getByText("The console was opened elsewhere").waitFor();
  await agent.check();
  await page.click(".primary");
  await page.waitForSelector(".row");
  await other.page.getByText("The console was opened elsewhere").waitFor();
});

test("a login that ends leads to the log-in page and keeps the words of the agent who comes back", async (t) => {
  const { server, agent, page } = await desk(t, { lang: "en" });
  await agent.open("web");
  await page.waitForSelector(".composer");
  await page.fill("#reply", "half a sentence");
  server.sessions.clear();
  server.closeAll(4001);
  await page.getByText("Your login has ended").waitFor();
  await agent.login("mei", "correct horse");
  await agent.open("web");
  assert.equal(await page.inputValue("#reply"), "half a sentence");
});

test("a node that drains is left and found again", async (t) => {
  const { server, agent, page } = await desk(t);
  server.closeAll(1012, 300);
  await page.waitForSelector(".banner");
  await page.waitForFunction(() => !document.querySelector(".banner"));
  await agent.open("web");
  await page.waitForSelector(".composer");
});

test("on a narrow screen the list and the thread take turns", async (t) => {
  const { agent, page } = await desk(t, { width: 420, height: 820 });
  await agent.picture("console-narrow-list");
  await agent.open("web");
  await page.waitForSelector(".composer");
  assert.equal(await page.isVisible(".list"), false);
  await page.keyboard.press("Alt+I");
  await agent.picture("console-narrow-thread");
  await agent.check();
  await page.click(".back");
  assert.equal(await page.isVisible(".list"), true);
});
