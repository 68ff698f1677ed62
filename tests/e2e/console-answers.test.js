// The page of those who write answers, in a real Chromium against a real gateway: from what customers ask in vain to a published
// answer, by keyboard, in both languages. What it looked like is in out/screenshots/answers-*.png.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { openConsole, startBrowser } from "./console-page.js";
import { answer, ask, small } from "./small-catalogue.js";
import { until } from "./world.js";

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

const WORDS = {
  zh: { draft: "生成草稿", publish: "发布", asked: "未答问题", versions: "版本", published: "已发布为版本 2", wrong: "处需要修改", back: "退回此版本: 版本 1", yes: "确定" },
  en: { draft: "Make a draft", publish: "Publish", asked: "Asked in vain", versions: "Versions", published: "Published as version 2", wrong: "to be mended", back: "Go back to it: Version 1", yes: "Yes" },
};

/** Presses Tab until what has the focus matches; so everything is reached by keyboard. */
async function tabTo(page, what, probe) {
  for (let i = 0; i < 60; i++) {
    if (await page.evaluate(probe)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`Tab never comes to ${what}`);
}

for (const lang of ["zh", "en"])
  test(`a group of questions becomes an answer that is given, by keyboard: ${lang}`, { timeout: 90_000 }, async (t) => {
    const { w } = await small(t);
    await w.addUser("sue", { role: "supervisor", lang });
    let phone = 13700000000;
    for (const text of ["can I rent a boat here", "can I rent boats here, card 6222 0200 1234 5678", "can i rent a small boat here", "what colour is the sky on mars"])
      await w.smsc.deliver({ from: `+86${++phone}`, to: "95500", text });
    await until("the questions", async () => (await w.api("GET", "/v1/unanswered")).body.questions === 4);

    const say = WORDS[lang];
    const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang, scheme: lang === "zh" ? "light" : "dark" });
    const { page } = agent;
    await agent.login("sue", "relay-station");
    await page.keyboard.press("Alt+K");
    await page.locator(".answers-nav [aria-current=page]", { hasText: say.asked }).waitFor();
    await page.locator(".picks button", { hasText: "boat" }).first().waitFor();
    await tabTo(page, "the group", () => !!document.activeElement.closest(".picks"));
    await page.keyboard.press("Enter");
    await page.locator(".said q", { hasText: "0000 0000 0000 0000" }).waitFor();
    await agent.check();
    await agent.picture(`answers-asked-${lang}`);
    await tabTo(page, "the id", () => document.activeElement.matches("form.line-row input"));
    await page.keyboard.press("Control+A");
    await page.keyboard.type("boats");
    await page.keyboard.press("Enter");

    // What is missing stands under its field; it is mended, saved and published.
    await page.locator(".verdict .bad", { hasText: say.wrong }).waitFor();
    await agent.check();
    await agent.picture(`answers-wrong-${lang}`);
    const type = async (id, text) => {
      await tabTo(page, id, `document.activeElement.id === ${JSON.stringify(id)}`);
      await page.keyboard.press("Control+A");
      await page.keyboard.type(text);
    };
    await tabTo(page, "the title", () => document.activeElement.id === "title.zh");
    for (const [id, text] of [["title.zh", "租船"], ["title.en", "Boats"], ["text.zh", "我们不租船。"], ["text.en", "We rent no boats."], ["samples.zh", "可以租船吗\n租船\n有没有船租"]]) await type(id, text);
    await page.keyboard.press("Control+S");
    await page.locator(".verdict .good").waitFor();
    await agent.picture(`answers-right-${lang}`);
    await tabTo(page, "publishing", () => document.activeElement.matches(".acts .primary"));
    await page.keyboard.press("Enter");
    await page.locator(".toast", { hasText: say.published }).waitFor();
    assert.match(await ask(w, "can I rent a boat here"), /我们不租船|We rent no boats/);

    // Who and when; and back.
    await page.keyboard.press("Alt+L");
    await page.locator(".answers-nav [aria-current=page]", { hasText: say.versions }).waitFor();
    await page.locator(".versions li", { hasText: "sue" }).first().waitFor();
    await agent.check();
    await agent.picture(`answers-versions-${lang}`);
    await page.getByRole("button", { name: say.back }).focus();
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: say.yes, exact: true }).waitFor();
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter"); // no: the button that asked has the focus again
    await page.getByRole("button", { name: say.yes, exact: true }).waitFor({ state: "detached" });
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: say.yes, exact: true }).waitFor();
    await page.keyboard.press("Enter");
    await until("the rollback", async () => (await w.api("GET", "/v1/templates")).body.version === 3);
    await page.keyboard.press("Alt+K");
    await page.locator(".rows").waitFor();
  });

test("an editor has no desk, writes and does not publish; an agent proposes; two who edit the same hear of it", { timeout: 90_000 }, async (t) => {
  const { w } = await small(t);
  await w.addUser("ed", { role: "editor", lang: "en" });
  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`, { lang: "en" });
  const { page } = agent;
  await page.fill("[name=username]", "ed");
  await page.fill("[name=password]", "relay-station");
  await page.keyboard.press("Enter");
  await page.locator(".answers-nav").waitFor();
  assert.equal(await page.locator(".presence").count(), 0);
  await page.getByRole("button", { name: "Answers", exact: true }).click();
  await page.locator(".pick-head input").fill("hours");
  await page.locator(".picks button", { hasText: "hours" }).first().click();
  await page.locator("[id='text.en']").fill("From ten");
  await w.api("PUT", "/v1/templates/hours", { template: answer("hours", { text: { zh: "九点", en: "From nine" } }) });
  await page.keyboard.press("Control+S");
  await page.locator(".toast", { hasText: "Somebody else changed it" }).waitFor();
  await page.locator(".published", { hasText: "From nine" }).waitFor();
  assert.equal(await page.locator("[id='text.en']").inputValue(), "From ten");
  await agent.check();
  await agent.picture("answers-moved-en");
  await page.getByRole("button", { name: "Keep mine" }).focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Keep mine" }).waitFor({ state: "detached" });
  await page.keyboard.press("Control+S");
  await page.locator(".toast", { hasText: "The draft is saved" }).waitFor();
  assert.equal((await w.api("GET", "/v1/templates/hours")).body.draft.template.text.en, "From ten");
  assert.equal(await page.locator(".acts .primary").count(), 0);
  await page.locator(".acts", { hasText: "A supervisor publishes it." }).waitFor();
  await agent.check();
  await agent.picture("answers-editor-en");
});

test("what is not saved is still there after another answer, the desk, a reload; leaving asks", { timeout: 90_000 }, async (t) => {
  const { w } = await small(t);
  await w.addUser("sue", { role: "supervisor", lang: "zh" });
  const agent = await openConsole(t, browser, `${w.gateway.url}/console/`);
  const { page } = agent;
  const open = async (id) => {
    await page.locator(".answers-nav button", { hasText: "答案" }).click();
    await page.locator(".picks button", { hasText: id }).first().click();
    await page.locator("#sheet-title", { hasText: id }).waitFor();
  };
  const field = page.locator("[id='text.zh']");
  const still = (text) => until(`"${text}" in the form`, async () => (await field.inputValue().catch(() => "")) === text);
  await agent.login("sue", "relay-station");
  await page.keyboard.press("Alt+K");
  await open("hours");
  await field.fill("早上十点开门");
  await page.locator(".acts [role=status]", { hasText: "未保存" }).waitFor();
  await open("fees");
  assert.notEqual(await field.inputValue(), "早上十点开门");
  await page.locator(".picks button", { hasText: "hours" }).locator(".is-unsaved", { hasText: "未保存" }).waitFor();
  await open("hours");
  await still("早上十点开门");
  await agent.check();
  await agent.picture("answers-unsaved-zh");
  await page.keyboard.press("Alt+K");
  await page.locator(".rows").waitFor();
  await page.keyboard.press("Alt+K");
  await still("早上十点开门");

  // A reload asks; kept through it, and before the page of answers is opened again logging out asks, too.
  const asked = [];
  page.on("dialog", (d) => (asked.push(d.type()), d.accept()));
  await page.reload();
  assert.deepEqual(asked, ["beforeunload"]);
  await page.locator(".rows").waitFor();
  await page.getByRole("button", { name: "退出登录" }).click();
  await page.locator("dialog,[role=dialog]").filter({ hasText: "1 条答案的修改没有保存" }).waitFor();
  await agent.check();
  await agent.picture("answers-logout-zh");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Alt+K");
  await open("hours");
  await still("早上十点开门");

  // Given up on purpose, and saved, it is kept no more.
  const published = (await w.api("GET", "/v1/templates/hours")).body.published.template.text.zh;
  await page.getByRole("button", { name: "撤销修改" }).click();
  await still(published);
  await field.fill("早上十一点开门");
  await page.keyboard.press("Control+S");
  await page.locator(".toast", { hasText: "草稿已保存" }).waitFor();
  assert.equal(await page.locator(".is-unsaved").count(), 0);

  // What is typed while it is being saved is not lost, and is a change of what was saved.
  const draft = (text) => until(`"${text}" in the draft`, async () => (await w.api("GET", "/v1/templates/hours")).body.draft?.template.text.zh === text);
  let release;
  const held = new Promise((done) => (release = done));
  await page.route(/templates\/hours$/, async (route) => {
    if (route.request().method() === "PUT") await held;
    await route.continue();
  });
  await field.fill("中午十二点开门");
  const put = page.waitForRequest((r) => r.method() === "PUT");
  await page.keyboard.press("Control+S");
  await put;
  await field.fill("下午一点开门");
  const seen = page.waitForResponse((r) => r.request().method() === "GET" && /templates\/hours$/.test(r.url()));
  release();
  await draft("中午十二点开门");
  await seen;
  await page.keyboard.press("Control+S");
  await draft("下午一点开门");
  await until("nothing unsaved", async () => (await page.locator(".is-unsaved").count()) === 0);
  assert.equal(await page.locator(".trouble").count(), 0);
  asked.length = 0;
  await page.reload();
  await page.locator(".rows").waitFor();
  assert.deepEqual(asked, []);
});
