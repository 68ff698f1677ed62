// The README's three minutes, played in a real Chromium as a newcomer plays them: the phone's page, the agents'
// console, the web chat on the bank's site, the WeChat user's page, and a call that ends. What each looked like is
// in out/screenshots/readme-*.png.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { openConsole, startBrowser } from "./console-page.js";
import { startSite } from "../peers/site/main.js";
import { until, world } from "./world.js";

const PHONE = "+8613800138000";
const SHOTS = fileURLToPath(new URL("../../out/screenshots/", import.meta.url));
const PARROT = "My parrot ate the contract of my house";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A page of a far end, which must raise no error. */
async function open(t, url) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 860 }, locale: "en-GB" });
  const page = await context.newPage();
  const errors = [];
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (error) => errors.push(error.message));
  await page.goto(url);
  t.after(async () => {
    await context.close();
    assert.deepEqual(errors, []);
  });
  return page;
}

const picture = (page, name) => page.screenshot({ path: `${SHOTS}readme-${name}.png` });

/** The bank's site needs the gateway's address, and the gateway the site's origin: its port is found first. */
async function bankWorld(t) {
  const place = await startSite({ gateway: "http://127.0.0.1:9" });
  await place.close();
  const w = await world(t, { agents: ["mei"], origins: [place.httpUrl.replace(/\/$/, "")] });
  const site = await startSite({
    httpPort: place.httpPort,
    gateway: w.gateway.url,
    phone: w.smsc.httpUrl,
    wechat: w.wechat.httpUrl,
  });
  t.after(() => site.close());
  return { w, site };
}

async function select(console, text) {
  await console.page.locator(".row", { hasText: text }).first().click();
  await console.page.locator(".bubble", { hasText: text }).first().waitFor();
}

test("the README's story", { timeout: 300_000 }, async (t) => {
  const { w, site } = await bankWorld(t);

  // 1. The phone: a template's answer.
  const start = await open(t, site.httpUrl);
  await picture(start, "1-start");
  const phone = await open(t, `${w.smsc.httpUrl}?lang=en`);
  await phone.locator("textarea").first().fill("What is the annual fee of a credit card?");
  await phone.keyboard.press("Enter");
  await phone.locator(".theirs .bubble", { hasText: "Platinum" }).first().waitFor();

  // 2. What no template knows.
  await phone.locator("textarea").first().fill(PARROT);
  await phone.keyboard.press("Enter");
  await until("the notice that a person takes over", () => w.smsc.messages(PHONE).filter((m) => m.dir === "mt").length === 2);
  await picture(phone, "2-phone");

  // 3. The console.
  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang: "en" });
  await agent.login("mei", "relay-station");
  await agent.page.keyboard.press("Alt+P");
  await agent.page.locator(".row", { hasText: "parrot" }).first().waitFor();
  await select(agent, PARROT);
  await agent.reply("Good evening, this is Mei. Please bring what is left of it to a branch.");
  await phone.locator(".theirs .bubble", { hasText: "this is Mei" }).first().waitFor();
  await agent.waitForReply("Good evening, this is Mei. Please bring what is left of it to a branch.", "delivered");

  // 4. The web chat on the bank's site, and WeChat.
  const bank = await open(t, `${site.httpUrl}?lang=en`);
  await bank.getByRole("button", { name: /^Chat with us/ }).click();
  await bank.locator("posthouse-chat textarea").fill("人工");
  await bank.keyboard.press("Enter");
  await agent.page.locator(".row", { hasText: "人工" }).first().waitFor();
  await select(agent, "人工");
  await agent.reply("您好，我是小美，请问有什么可以帮您？");
  await bank.getByText("我是小美").first().waitFor();
  await picture(bank, "4-web");

  const wechat = await open(t, `${w.wechat.httpUrl}?lang=en`);
  await wechat.locator("textarea").first().fill("我的合同被鹦鹉吃了");
  await wechat.keyboard.press("Enter");
  await agent.page.locator(".row", { hasText: "鹦鹉" }).first().waitFor();
  await select(agent, "鹦鹉");
  await agent.reply("请带上剩下的部分到任意网点补办。");
  await wechat.getByText("到任意网点补办").first().waitFor();
  await picture(wechat, "5-wechat");
  await picture(agent.page, "3-console");

  // 5. A call ends, and its event is posted twice.
  const call = { call_id: "call-1", caller: PHONE, agent: "mei", disposition: "card_reissue", variables: { tail: "6789", days: "5" } };
  const [first, second] = [await w.api("POST", "/v1/calls", call), await w.api("POST", "/v1/calls", call)];
  assert.equal(first.status, 202);
  assert.equal(second.body.message_id, first.body.message_id);
  await phone.locator(".theirs .bubble", { hasText: "6789" }).first().waitFor();
  await until("the confirmation to be delivered", async () => (await w.api("GET", `/v1/messages/${first.body.message_id}`)).body.status === "delivered");
  assert.equal(w.smsc.messages(PHONE).filter((m) => m.text.includes("6789")).length, 1);
  await picture(phone, "6-call");
});
