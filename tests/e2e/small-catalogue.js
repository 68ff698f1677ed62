// A small catalogue of its own for stories about templates: a few answers, so that nothing takes long, in a directory that
// the story may change.

import assert from "node:assert/strict";
import { cp, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { ROOT, until, world } from "./world.js";

const SMALL = ["catalogue.yaml", "system.yaml", "confirmations.yaml"];

/** A world with it; its files are in Redis as version 1. */
export async function small(t, { more = {}, awaitVersion = true, ...options } = {}) {
  const dir = await mkdtemp(path.join(tmpdir(), "posthouse-templates-"));
  t.after(() => rm(dir, { recursive: true, force: true }));
  for (const file of SMALL) await cp(path.join(ROOT, "templates/content", file), path.join(dir, file));
  await writeFile(path.join(dir, "answers.yaml"), ["hours", "fees"].map((id, i) => answerYaml(id, i)).join("").replace(/^/, "answers:\n"));
  for (const [name, text] of Object.entries(more)) await writeFile(path.join(dir, name), text);
  const w = await world(t, { channels: ["sms"], templates: dir, ...options });
  if (awaitVersion) await until("the files in Redis", async () => (await w.api("GET", "/v1/templates")).body.version === 1);
  return { w, dir };
}

const words = ["alpha", "bravo", "charlie"];
export const answerYaml = (id, i, text = `Answer ${id}`) =>
  `  - id: ${id}\n    title: {zh: 甲${id}, en: "${id}"}\n    text: {zh: "回答${id}", en: "${text}"}\n    samples:\n      zh: [${words.map((x) => `问题${id}${x}`).join(", ")}]\n      en: [${words.map((x) => `${id} ${x} ${i}`).join(", ")}]\n`;

export const answer = (id, over = {}) => ({
  kind: "answer", id, title: { zh: `甲${id}`, en: id }, text: { zh: `回答${id}`, en: `Answer ${id}` },
  samples: { zh: words.map((x) => `问题${id}${x}`), en: words.map((x) => `${id} ${x} please`) }, ...over,
});

let phones = 13900000000;
/** What the bank answers by SMS to a text of a new customer. */
export async function ask(w, text) {
  const from = `+86${++phones}`;
  await w.smsc.deliver({ from, to: "95500", text });
  const got = await until(`an answer to "${text}"`, () => w.smsc.messages(from).find((m) => m.dir === "mt"));
  return got.text;
}

/** The small catalogue's world with these templates published as its version 2. */
export async function published(t, templates, options) {
  const { w } = await small(t, options);
  for (const template of templates) await w.api("POST", "/v1/templates", { template });
  assert.equal((await w.api("POST", "/v1/templates/publish", {})).body.version, 2);
  return w;
}

/** One customer's phone: texts the bank and waits for what comes back, the first to the first text, and so on. */
export function texter(from) {
  let said = 0;
  return async (w, text) => {
    await w.smsc.deliver({ from, to: "95500", text });
    said++;
    const got = await until(`an answer to "${text}"`, () => w.smsc.messages(from).filter((m) => m.dir === "mt")[said - 1]);
    return got.text;
  };
}
