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
  await w.smsc.deliver({ from: "+8613800138000", to: "95500", text: "would you finance a castle" });

  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang: "en" });
  await agent.login("mei", "relay-station");
  await agent.page.keyboard.press("Alt+P");
  await agent.page.locator(".row", { hasText: "castle" }).first().click();
  await agent.page.locator(".bubble", { hasText: "castle" }).first().waitFor();
  const reply = agent.page.locator("#reply");
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
