// The catalogue at an agent's side, in a real Chromium, by keyboard: looked up beside the reply, inserted with what is known
// filled in, and taught what a question was about. What it looked like is in out/screenshots/catalogue-*.png.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { openConsole, startBrowser } from "./console-page.js";
import { answer, small } from "./small-catalogue.js";
import { until } from "./world.js";

const SHOTS = fileURLToPath(new URL("../../out/screenshots/", import.meta.url));

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

test("an agent looks an answer up behind the slash, and says what the question was about", { timeout: 300_000 }, async (t) => {
  const { w } = await small(t, { agents: ["mei"] });
  const mortgage = answer("mortgage", {
    title: { zh: "房贷", en: "Mortgages" },
    variables: { agent: { type: "name", example: "Mei" }, rate: { type: "amount", example: "3.1", about: "rate" } },
    text: { zh: "我是{{agent}}，利率{{rate}}", en: "{{agent}} here, the rate is {{rate}}" },
  });
  await w.api("POST", "/v1/templates", { template: mortgage });
  await w.api("POST", "/v1/templates/publish", {});
  await w.smsc.deliver({ from: "+8613800138000", to: "95500", text: "would you please finance a castle" });

  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang: "en" });
  await agent.login("mei", "relay-station");
  await agent.page.keyboard.press("Alt+P");
  await agent.page.locator(".row", { hasText: "castle" }).first().click();
  await agent.page.locator(".bubble", { hasText: "castle" }).first().waitFor();
  const reply = agent.page.locator("#reply");
  // The bot's "an agent will be with you" has answered nothing: what might is offered at once.
  await agent.page.locator(".ideas button", { hasText: /rate is|Answer/ }).first().waitFor();
  await reply.focus();
  await agent.page.keyboard.type("/mortgaeg");
  await agent.page.locator("#canned li", { hasText: "Mortgages" }).waitFor();
  await agent.page.screenshot({ path: `${SHOTS}catalogue-search.png` });
  await agent.page.keyboard.press("Enter");
  await until("the text", async () => /^Mei here, the rate is \{\{rate\}\}$/.test(await reply.inputValue()));
  await agent.page.keyboard.press("Alt+A");
  await agent.page.locator("#about-find").fill("mortgage");
  await agent.page.getByRole("radio", { name: "Mortgages" }).focus();
  await agent.page.keyboard.press("Space");
  await agent.page.screenshot({ path: `${SHOTS}catalogue-about.png` });
  await agent.page.keyboard.press("Enter");
  await until("the correction", () => w.redis.command("XLEN", "ph:{tpl}:about_text").then((n) => n === "1"));
  assert.match(await w.redis.command("XRANGE", "ph:{tpl}:about_text", "-", "+"), /mortgage/);
  assert.deepEqual(agent.errors, []);
});

test("客服：按键取用建议、用中文查找、说出问的是什么、结束时也能说", { timeout: 60_000 }, async (t) => {
  const { w } = await small(t, { agents: ["mei"] });
  const mortgage = answer("mortgage", {
    title: { zh: "房贷利率", en: "Mortgages" },
    variables: { agent: { type: "name", example: "Mei" }, rate: { type: "amount", example: "3.1", about: "rate" } },
    text: { zh: "我是{{agent}}，房贷利率是{{rate}}", en: "{{agent}} here, the rate is {{rate}}" },
    samples: { zh: ["房贷利率是多少", "按揭利息多高", "买房贷款要付多少利息"], en: ["mortgage rate", "home loan interest", "what does a mortgage cost"] },
  });
  await w.api("POST", "/v1/templates", { template: mortgage });
  await w.api("POST", "/v1/templates/publish", {});
  const from = "+8613800138000";
  await w.smsc.deliver({ from, to: "95500", text: "人工" });
  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { scheme: "dark" });
  const { page } = agent;
  await agent.login("mei", "relay-station");
  await page.keyboard.press("Alt+N");
  const reply = page.locator("textarea#reply");
  await reply.waitFor();
  await w.smsc.deliver({ from, to: "95500", text: "你们买房子的贷款利息多少啊" });
  await page.locator(".ideas button", { hasText: "房贷利率" }).first().waitFor();
  await page.screenshot({ path: `${SHOTS}catalogue-ideas-zh.png` });
  await page.keyboard.press("Alt+M");
  await page.keyboard.press("Alt+1");
  await until("the suggestion with what is known filled in", async () => /^我是Mei，房贷利率是\{\{rate\}\}$/.test(await reply.inputValue()));
  await page.keyboard.press("Control+A");
  await page.keyboard.type("/利率");
  await page.locator("#canned li", { hasText: "房贷利率" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+A");
  await page.keyboard.press("Delete");

  // Of a message that is pointed at, and of the last one while closing.
  const corrections = () => w.redis.command("XLEN", "ph:{tpl}:about_text");
  await page.locator(".msg", { hasText: "贷款利息" }).first().hover();
  await page.locator(".msg", { hasText: "贷款利息" }).first().getByRole("button", { name: "这句话问的是…" }).click();
  await page.getByRole("radio", { name: "房贷利率" }).check();
  await agent.check();
  await page.screenshot({ path: `${SHOTS}catalogue-about-zh.png` });
  await page.keyboard.press("Enter");
  await until("the correction", async () => (await corrections()) === "1");
  await page.keyboard.press("Alt+X");
  await page.keyboard.press("1");
  await page.locator(".about-more summary").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("radio", { name: "目录里都没有" }).check();
  await agent.check();
  await page.screenshot({ path: `${SHOTS}catalogue-close-zh.png` });
  await page.getByRole("button", { name: "结束会话" }).last().click();
  await until("the second", async () => (await corrections()) === "2");
  await page.locator(".line", { hasText: "会话结束" }).first().waitFor();
});
