// The pages that play the phones, the WeChat users and the bank, in a real browser: a person types, the
// answer comes back as a bubble, what is behind it can be read. Screenshots go to out/screenshots.

import assert from "node:assert/strict";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { startSite } from "../peers/site/main.js";
import { PHONE, client, smsc } from "./esme.js";
import { wechatAlone } from "./wechat-alone.js";

const SHOTS = fileURLToPath(new URL("../../out/screenshots/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const USER = "oPosthouse_xiaoming_0000001";

let browser;
before(async () => {
  await mkdir(SHOTS, { recursive: true });
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    timeout: PATIENCE_MS,
    args: ["--no-sandbox"],
  });
});
after(() => browser?.close());

/** A page that fails the test on any console error; done(name) takes the picture and asks axe. */
async function visit(t, url, { lang = "en", scheme = "light", expected = [] } = {}) {
  const context = await browser.newContext({
    viewport: { width: 1360, height: 860 },
    locale: lang === "zh" ? "zh-CN" : "en-GB",
    colorScheme: scheme,
  });
  t.after(() => context.close());
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  const errors = [];
  page.on("pageerror", (err) => errors.push(err.message));
  page.on(
    "console",
    (line) =>
      line.type() === "error" && !expected.some((e) => line.text().includes(e)) && errors.push(line.text()),
  );
  await page.goto(url);
  const done = async (name) => {
    await page.screenshot({ path: `${SHOTS}${name}.png` });
    const findings = await page.evaluate(
      `${AXE}; axe.run().then((r) => r.violations.map((v) => v.id + ": " + v.nodes[0].html))`,
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(errors, []);
  };
  return { page, done };
}

for (const [lang, scheme] of [
  ["en", "light"],
  ["zh", "dark"],
]) {
  test(`a person texts, reads the answer and looks behind it (${lang}, ${scheme})`, async (t) => {
    const peer = await smsc(t);
    const c = await client(t, peer);
    c.session.on("deliver_sm", (pdu) => {
      if (pdu.esm_class & 0x3c) return;
      const text = "您的问题已收到 👍 ".repeat(8);
      const raw = Buffer.from(text, "utf16le").swap16();
      [raw.subarray(0, 134), raw.subarray(134)].forEach((part, i) =>
        c.session.submit_sm({
          source_addr: "95500",
          destination_addr: pdu.source_addr,
          data_coding: 8,
          esm_class: 0x40,
          registered_delivery: 1,
          short_message: Buffer.concat([Buffer.from([5, 0, 3, 1, 2, i + 1]), part]),
        }),
      );
    });
    const { page, done } = await visit(t, peer.httpUrl, { lang, scheme });
    const phone = page.locator("article.phone").first();
    await phone.locator("textarea").fill("Where is my card? 卡在哪里?");
    assert.match(await phone.locator(".counter").textContent(), /UCS-2 \d+\/70 ×1/);
    await phone.locator("textarea").press("Enter");
    await phone.locator(".mine .good").waitFor();
    await phone.locator(".theirs .good").waitFor();
    assert.equal(await phone.locator(".theirs .bubble").textContent(), "您的问题已收到 👍 ".repeat(8));
    await phone.locator(".theirs .bubble").click();
    const facts = await phone.locator(".facts").textContent();
    for (const word of ["UCS-2", "0x08", "udh8", "2/2", "esm_class", "0x40", "050003010202", "DELIVRD"])
      assert.ok(facts.includes(word), `${word} in ${facts}`);
    await done(`phones-${lang}-${scheme}`);
  });
}

test("the network's side shows the binds, sets faults and survives the simulator's end", async (t) => {
  const peer = await smsc(t);
  const { page } = await visit(t, peer.httpUrl, { expected: ["ERR_"] });
  await page.locator(".top .chip.bad").waitFor();
  await client(t, peer);
  await page.locator(".top .chip.good").waitFor();
  await page.getByRole("switch", { name: /queue full/ }).check();
  await page.waitForFunction(() => document.querySelector(".row.on")?.textContent.includes("0x14"));
  assert.equal(peer.faults.values.queueFull, true);
  await page.getByLabel("Ids in responses").selectOption("hex");
  await page.waitForFunction(() => document.querySelector('[aria-label="Ids in responses"]').value === "hex");
  assert.equal(peer.receipts.values.idStyle, "hex");
  await page.getByRole("button", { name: "Drop" }).click();
  await page.locator(".top .chip.bad").waitFor();
  await peer.close();
  await page.getByText("reconnecting").waitFor();
});

test("several phones stand side by side, and a text to a new number brings its phone", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  const { page } = await visit(t, peer.httpUrl);
  await page.getByLabel("Phone number").fill("+49 1511 2345678");
  await page.getByRole("button", { name: "Add phone" }).click();
  await page.getByRole("article", { name: "+4915112345678" }).waitFor();
  await c.request("submit_sm", {
    source_addr: "95500",
    destination_addr: "33612345678",
    short_message: Buffer.from("Bonjour"),
    data_coding: 0,
  });
  await page.getByRole("article", { name: "+33612345678" }).getByText("Bonjour").waitFor();
  assert.equal(await page.locator("article.phone").count(), 3);
  await page.getByRole("article", { name: PHONE.slice() }).getByLabel("Switch off").click();
  await page.locator(".is-off").waitFor();
  assert.equal(peer.smsc.handsets.phone(PHONE).power, false);
});

for (const [lang, scheme] of [
  ["zh", "light"],
  ["en", "dark"],
]) {
  test(`a WeChat user writes, sends a photo, uses the menu (${lang}, ${scheme})`, async (t) => {
    const wechat = await wechatAlone(t);
    const { page, done } = await visit(t, wechat.httpUrl, { lang, scheme });
    const phone = page.locator("article.phone").first();
    await phone.locator("textarea").fill("信用卡年费多少？");
    await phone.locator("textarea").press("Enter");
    await phone.locator(".mine .bubble.text").waitFor();
    await phone.locator(".round").nth(1).click();
    await phone.locator(".tile").nth(0).click();
    await phone.locator(".mine .bubble.image img").waitFor();
    await phone.locator(".tile").nth(1).click();
    await phone.locator(".mine .bubble.location").waitFor();
    wechat.platform.arrive(USER, {
      kind: "msgmenu",
      text: "?",
      tail: "",
      choices: [{ id: "7", content: "满意" }],
    });
    await phone.locator(".choice").click();
    const picked = await wechat.events.wait(
      (e) => e.type === "callback.answered" && wechat.messages(USER).some((m) => m.text === "满意"),
    );
    assert.ok(picked);
    await phone.locator(".swap").click();
    await phone.locator(".menu").last().click();
    await phone.locator(".system").waitFor();
    await phone.locator(".behind").first().click();
    assert.match(await phone.locator(".facts").textContent(), /MsgId\d{17}/);
    await done(`wechat-${lang}-${scheme}`);
  });
}

for (const [path, lang, scheme] of [
  ["/", "en", "light"],
  ["/", "zh", "dark"],
  ["/bank.html", "zh", "light"],
  ["/bank.html", "en", "dark"],
]) {
  test(`the bank's ${path} in ${lang} carries the widget's one script tag (${scheme})`, async (t) => {
    const gateway = http.createServer((req, res) =>
      res
        .setHeader("content-type", "text/javascript")
        .end(
          "document.body.dataset.channel = document.currentScript.dataset.channel + ' ' + document.currentScript.dataset.lang;",
        ),
    );
    await once(gateway.listen(0, "127.0.0.1"), "listening");
    const site = await startSite({
      gateway: `http://127.0.0.1:${gateway.address().port}`,
      password: "<secret>",
    });
    t.after(async () => {
      await site.close();
      gateway.closeAllConnections();
      gateway.close();
    });
    const { page, done } = await visit(t, `${site.httpUrl}${path}?lang=${lang}`, { scheme });
    await page.waitForFunction(() => document.body.dataset.channel);
    assert.equal(await page.evaluate(() => document.body.dataset.channel), `bank-web ${lang}`);
    const text = await page.locator("main").innerText();
    assert.equal(/[\u4e00-\u9fff]/.test(text.replace("远港银行", "")), lang === "zh");
    await done(`site-${path === "/" ? "start" : "bank"}-${lang}-${scheme}`);
  });
}
