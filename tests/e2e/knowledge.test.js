// Who may do what with the catalogue, by key and by log-in, and one step from what customers ask in vain to an answer.

import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, ask, small } from "./small-catalogue.js";
import { until, world } from "./world.js";

const KEYS = ["read", "edit", "publish"].map((what) => ({ name: what, key: `${what}-key-0123456789`, scopes: `templates.${what}` }));
const PASSWORD = "relay-station";

/** Calls of somebody: a program with its key, or a person who logged in (their cookie, from the console's own page). */
async function as(w, who) {
  const key = KEYS.find((k) => k.name === who)?.key;
  if (key) return (method, route, body, headers) => w.api(method, `/v1${route}`, body, { authorization: `Bearer ${key}`, ...headers });
  const login = await fetch(`${w.gateway.url}/console/api/login`, {
    method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ user: who, password: PASSWORD }),
  });
  const [cookie] = login.headers.get("set-cookie").split(";");
  return (method, route, body, headers) =>
    w.api(method, `/console/api${route}`, body, { authorization: "", cookie, origin: w.gateway.url, ...headers });
}

const said = ({ status, body }) => [status, body.code ?? (body.version !== undefined ? "ok" : body.id)];

test("agents propose, editors edit, supervisors publish; keys may what their scopes say; who did what is kept", async (t) => {
  const { w } = await small(t, { keys: KEYS, templatesExtra: "\n  four_eyes: true" });
  for (const [id, role] of [["mei", "agent"], ["lan", "agent"], ["ed", "editor"], ["sue", "supervisor"]]) await w.addUser(id, { role });
  const [mei, lan, ed, sue] = await Promise.all(["mei", "lan", "ed", "sue"].map((id) => as(w, id)));
  const [read, edit, publish] = await Promise.all(KEYS.map((k) => as(w, k.name)));

  assert.deepEqual((await mei("GET", "/templates")).body.may, ["read", "propose"]);
  assert.deepEqual((await publish("GET", "/templates")).body.may, ["read", "publish"]);
  assert.deepEqual(said(await read("POST", "/templates", { template: answer("parking") })), [403, "scope_missing"]);
  assert.deepEqual(said(await mei("POST", "/templates", { template: answer("parking") })), [201, "parking"]);
  assert.deepEqual(said(await lan("PUT", "/templates/parking", { template: answer("parking", { one_sms: true }) })), [403, "draft_of_others"]);
  assert.deepEqual(said(await lan("DELETE", "/templates/parking/draft")), [403, "draft_of_others"]);
  assert.deepEqual(said(await lan("POST", "/templates/validate", {})), [200, "ok"]);
  assert.deepEqual(said(await lan("GET", "/unanswered")), [403, "role_forbidden"]);
  assert.deepEqual(said(await mei("POST", "/templates/publish", { ids: ["parking"] })), [403, "role_forbidden"]);
  assert.deepEqual(said(await ed("POST", "/templates/publish", {})), [403, "role_forbidden"]);
  assert.deepEqual(said(await edit("POST", "/templates/rollback", { version: 1 })), [403, "scope_missing"]);
  const rewritten = { template: answer("parking", { one_sms: true }) };
  const hers = (await ed("GET", "/templates/parking")).headers.get("etag");
  assert.deepEqual(said(await ed("PUT", "/templates/parking", rewritten)), [428, "match_required"]);
  assert.deepEqual(said(await ed("PUT", "/templates/parking", rewritten, { "if-match": hers })), [200, "parking"]);
  assert.deepEqual(said(await edit("PUT", "/templates/parking", rewritten, { "if-match": hers })), [412, "template_changed"]);
  assert.deepEqual(said(await edit("DELETE", "/templates/parking/draft", undefined, { "if-match": hers })), [412, "template_changed"]);

  // Whoever wrote it last is not who publishes it.
  await sue("PUT", "/templates/fees", { template: answer("fees") });
  const own = await sue("POST", "/templates/publish", {});
  assert.deepEqual([...said(own), own.body.conflicts], [403, "four_eyes", ["fees"]]);
  assert.deepEqual(said(await sue("POST", "/templates/publish", { ids: ["parking"], note: "opened" })), [200, "ok"]);
  assert.deepEqual(said(await publish("POST", "/templates/publish", {})), [200, "ok"]);
  assert.deepEqual(said(await sue("POST", "/templates/import", { files: [{ name: "a.yaml", text: "answers: []" }] })), [403, "four_eyes"]);
  assert.deepEqual(said(await sue("POST", "/templates/rollback", { version: 2 })), [200, "ok"]);

  const { items } = (await read("GET", "/templates/versions")).body;
  assert.deepEqual(items.map((v) => [v.version, v.by, v.authors]), [[4, "user:sue", []], [3, "api:publish", ["user:sue"]], [2, "user:sue", ["user:ed"]], [1, "files", []]]);
  const audit = (await read("GET", "/templates/audit")).body;
  assert.deepEqual(audit.items.map((e) => [e.act, e.by, e.id ?? e.version]).reverse(), [
    ["files", "files", 1], ["draft", "user:mei", "parking"], ["draft", "user:ed", "parking"], ["draft", "user:sue", "fees"],
    ["publish", "user:sue", 2], ["publish", "api:publish", 3], ["rollback", "user:sue", 4],
  ]);
  const page = (await read("GET", "/templates/audit?limit=3")).body;
  assert.equal((await read("GET", `/templates/audit?after=${page.next}`)).body.items.length, 4);

  // A cookie changes nothing for a page of another site, and nobody is nobody.
  const draft = { template: answer("trams") };
  assert.deepEqual(said(await ed("POST", "/templates", draft, { origin: "https://evil.example" })), [403, "origin_refused"]);
  assert.deepEqual(said(await ed("POST", "/templates", draft, { origin: "" })), [403, "origin_refused"]);
  assert.deepEqual(said(await ed("GET", "/templates", undefined, { cookie: "" })), [401, "not_logged_in"]);
});

test("a group of questions becomes a draft in one step, masked, and leaves the list when it is published", async (t) => {
  const { w } = await small(t);
  await w.addUser("ed", { role: "editor" });
  const ed = await as(w, "ed");
  let phone = 13700000000;
  const groups = async (questions) => until(`${questions} questions`, async () => {
    const { body } = await ed("GET", "/unanswered");
    return body.questions === questions && body.groups;
  });
  for (const text of ["can I rent a boat here", "can I rent boats here, card 6222 0200 1234 5678", "can i rent a small boat here", "what colour is the sky on mars"])
    await w.smsc.deliver({ from: `+86${++phone}`, to: "95500", text });
  const [boats, mars] = await groups(4);
  const made = await ed("POST", `/unanswered/${boats.id}/draft`, { id: "boats" }, { "idempotency-key": "d" });
  assert.deepEqual([made.status, made.body.questions], [201, 3]);
  assert.deepEqual(made.body.template.samples.en.sort(), ["can I rent a boat here", "can I rent boats here, card 0000 0000 0000 0000", "can i rent a small boat here"]);
  assert.deepEqual((await ed("POST", `/unanswered/${boats.id}/draft`, { id: "boats" }, { "idempotency-key": "d" })).body, { result: "boats", repeated: true });
  const repeated = await ed("POST", `/unanswered/${boats.id}/draft`, { id: "boats" }); // an answer that was lost is asked for again
  assert.deepEqual([repeated.status, repeated.body.hash, repeated.body.repeated], [200, made.body.hash, true]);
  assert.deepEqual(said(await w.api("POST", `/v1/unanswered/${boats.id}/draft`, { id: "boats" })), [409, "template_exists"]); // not theirs
  assert.deepEqual(said(await ed("POST", "/unanswered/1-1/draft", {})), [404, "group_unknown"]);
  assert.deepEqual(said(await ed("POST", `/unanswered/${mars.id}/draft`, { into: "nothing" })), [404, "template_unknown"]);
  assert.deepEqual((await groups(4)).map((g) => g.drafted), [["boats"], []]);

  // What is missing is told by its field.
  const verdict = (await ed("POST", "/templates/validate", { ids: ["boats"] })).body;
  assert.equal(verdict.valid, false);
  assert.deepEqual(["text.zh", "text.en", "title.zh", "samples.zh"].filter((f) => !verdict.errors.some((e) => e.field?.startsWith(f))), [], JSON.stringify(verdict.errors));

  // Discarded, they are asked anew; published, they are answered and gone.
  await ed("DELETE", "/templates/boats/draft");
  assert.deepEqual((await groups(4)).map((g) => g.drafted), [[], []]);
  await ed("POST", `/unanswered/${boats.id}/draft`, { id: "boats" });
  await ed("PUT", "/templates/boats", { template: answer("boats", { samples: { ...made.body.template.samples, zh: ["可以租船吗", "租船", "有没有船租"] } }) });
  await w.api("POST", "/v1/templates/publish", { ids: ["boats"] });
  assert.deepEqual((await groups(1)).map((g) => g.text), ["what colour is the sky on mars"]);
  assert.match(await ask(w, "can I rent a boat here"), /Answer boats/);

  // More samples for an answer that there is.
  assert.deepEqual(said(await ed("POST", `/unanswered/${mars.id}/draft`, { into: "hours" })), [201, "hours"]);
  const hours = (await ed("GET", "/templates/hours")).body;
  assert.equal(hours.state, "changed");
  assert.equal(hours.draft.template.samples.en.at(-1), "what colour is the sky on mars");
  assert.equal(hours.draft.template.samples.en.length, hours.published.template.samples.en.length + 1);

  // Discarded, and then something else is published under its name: nobody has answered them.
  await ed("DELETE", "/templates/hours/draft");
  await ed("PUT", "/templates/hours", { template: { ...hours.published.template, title: { zh: "营业到几点", en: "Until when we are open" } } });
  assert.equal((await w.api("POST", "/v1/templates/publish", { ids: ["hours"] })).status, 200);
  assert.deepEqual((await groups(1)).map((g) => [g.text, g.drafted]), [["what colour is the sky on mars", []]]);
  assert.doesNotMatch(await w.redis.command("XRANGE", "ph:{tpl}:asked", "-", "+"), /6222|1370000/);
});

test("what agents say a text was about changes how sure the next like it is", async (t) => {
  const w = await world(t, { channels: ["sms"], agents: ["mei"] });
  const mei = await w.agent("mei");
  let phone = 13600000000;
  /** The confidence with which a new customer's text was answered. */
  const confidence = async (text) => {
    const to = `+86${++phone}`;
    await w.smsc.deliver({ from: to, to: "95500", text });
    await until("an answer", () => w.smsc.messages(to).some((m) => m.dir === "mt"));
    const { conversation } = (await w.api("POST", "/v1/messages", { to, text: "thank you" })).body;
    const { body } = await w.api("GET", `/v1/conversations/${conversation}/events`);
    return (body.items ?? body.events).find((e) => e.answer)?.answer.confidence;
  };
  const before = await confidence("please stop the card i lost");
  assert.ok(before > 0.9, `${before}`);

  // One customer is with Mei, and none of what they ask is what the catalogue takes it for.
  const from = "+8613500000000";
  await w.smsc.deliver({ from, to: "95500", text: "agent please" });
  const conversation = await mei.conversationWith(/agent please/);
  const ways = ["stop", "freeze", "block", "cancel"];
  const things = ["the card i lost", "a card that went missing", "my stolen card", "the missing bank card"];
  const texts = ways.flatMap((way) => things.map((thing) => `please ${way} ${thing} now`));
  for (const text of texts) await w.smsc.deliver({ from, to: "95500", text });
  await until("their texts", () => texts.every((text) => mei.messages(conversation).some((m) => m.text === text)));
  for (const m of mei.messages(conversation).filter((m) => texts.includes(m.text))) await mei.request({ type: "about", conversation, seq: m.seq });
  await until("the refit", () => w.gateway.log.includes(`event=templates.refitted corrections=${texts.length}`));
  const after = await confidence("please stop the card i lost");
  assert.ok(after < before - 0.01, `${before} became ${after}`);

  // Said again, and last: it was about the lost card. Each text counts once, as it was said last.
  for (const m of mei.messages(conversation).filter((m) => texts.includes(m.text))) await mei.request({ type: "about", conversation, seq: m.seq, template: "card.lost" });
  const refits = () => w.gateway.log.split(`event=templates.refitted corrections=${texts.length}\n`).length - 1;
  await until("the last of them", async () => (await w.redis.command("XLEN", "ph:{tpl}:about_text")) === String(2 * texts.length));
  const seen = refits();
  await w.redis.command("PUBLISH", "ph:lessons", "about");
  await until("a refit with all of them", () => refits() > seen);
  const again = await confidence("please stop the card i lost");
  assert.ok(again > after, `${after} became ${again}`);
});
