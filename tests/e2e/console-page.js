// The agents' console in a real browser, for stories: one page that fails its test on a script error, a
// broken content security policy or a finding of axe, and the few things an agent does on it.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { PATIENCE_MS } from "../peers/shared/patience.js";

const SHOTS = fileURLToPath(new URL("../../out/screenshots/", import.meta.url));
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const QUIET = ["--headless=new", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
// The log-in page asks who is logged in and is told: nobody; a test breaks connections on purpose.
const EXPECTED = [/status of 401/, /status of 412/, /status of 429/, /WebSocket connection to/, /ERR_/];

export async function startBrowser() {
  await mkdir(SHOTS, { recursive: true });
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    timeout: PATIENCE_MS,
    args: [...QUIET, ...(process.getuid() === 0 ? ["--no-sandbox"] : [])],
  });
}

/** Opens the console; `check` afterwards that nothing was wrong with it. */
export async function openConsole(t, browser, url, { lang = "zh", scheme = "light", width = 1440, height = 900, onPage } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, locale: lang === "zh" ? "zh-CN" : "en-GB", colorScheme: scheme });
  const page = await context.newPage();
  const agent = new ConsolePage(page);
  page.setDefaultTimeout(PATIENCE_MS);
  page.on("pageerror", (err) => agent.errors.push(err.message));
  page.on("console", (line) => {
    if (line.type() === "error" && !EXPECTED.some((e) => e.test(line.text()))) agent.errors.push(line.text());
  });
  await page.addInitScript(() => {
    window.cspViolations = [];
    document.addEventListener("securitypolicyviolation", (e) => window.cspViolations.push(`${e.violatedDirective} ${e.blockedURI}`));
  });
  onPage?.(page);
  await page.goto(url);
  t.after(async () => {
    await context.close();
    assert.deepEqual(agent.errors, []);
  });
  return agent;
}

export class ConsolePage {
  errors = [];

  constructor(page) {
    this.page = page;
  }

  async login(user, password) {
    await this.page.fill("[name=username]", user);
    await this.page.fill("[name=password]", password);
    await this.page.keyboard.press("Enter");
    await this.page.waitForSelector(".rows");
    await this.page.waitForFunction(() => !document.querySelector(".banner"));
  }

  open(conversation) {
    return this.page.click(`[data-conversation="${conversation}"]`);
  }

  /** Types into the composer as a person does, and sends. */
  async reply(text) {
    await this.page.fill("#reply", text);
    await this.page.press("#reply", "Enter");
  }

  /** The texts of the bubbles in sight, oldest first. */
  bubbles(selector = ".msg") {
    return this.page.$$eval(`${selector} .text`, (all) => all.map((e) => e.textContent));
  }

  /** Waits until exactly these of one's own replies stand there, each in this state. */
  async waitForReply(text, state) {
    await this.page.waitForFunction(
      ([want, tick]) => [...document.querySelectorAll(".msg.by-me")].filter((m) => m.querySelector(".text")?.textContent === want && m.querySelector(`.tick-${tick}`)).length === 1,
      [text, state],
    );
  }

  async picture(name) {
    await this.page.screenshot({ path: `${SHOTS}${name}.png`, animations: "disabled" });
  }

  async check() {
    const findings = await this.page.evaluate(`${AXE}; axe.run().then((r) => r.violations.flatMap((v) => v.nodes.map((n) => v.id + ": " + n.html)))`);
    assert.deepEqual(findings, []);
    assert.deepEqual(await this.page.evaluate(() => window.cspViolations), []);
    assert.deepEqual(this.errors, []);
  }
}
