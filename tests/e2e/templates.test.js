// The catalogue while it is in use: edited, checked, published, taken back, on all nodes, without a restart; the files and
// what people published meanwhile brought together.

import assert from "node:assert/strict";
import { appendFile, readFile, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { answer, answerYaml, ask, small } from "./small-catalogue.js";
import { ROOT, until, world } from "./world.js";

test("a template is drafted, checked, published, used at once, and taken back", async (t) => {
  const { w } = await small(t);
  const posted = answer("parking");
  const made = await w.api("POST", "/v1/templates", { template: posted });
  assert.equal(made.status, 201);
  // Whoever got no answer asks again, and is told what the first try left; another wording is no repetition.
  const again = await w.api("POST", "/v1/templates", { template: posted });
  assert.deepEqual([again.status, again.body], [200, { id: "parking", hash: made.body.hash, repeated: true }]);
  assert.equal((await w.api("POST", "/v1/templates", { template: answer("parking", { one_sms: true }) })).body.code, "template_exists");
  for (const id of [".", "..", "a..b", ".a", "export"])
    assert.deepEqual([(await w.api("POST", "/v1/templates", { template: answer(id) })).body].map((b) => [b.code, b.field]), [["field_range", "template.id"]], id);
  const seen = await w.api("GET", "/v1/templates/parking");
  assert.equal(seen.body.state, "draft");
  assert.deepEqual(seen.body.draft.template, posted);
  assert.equal(seen.headers.get("etag"), `"${made.body.hash}"`);

  const valid = await w.api("POST", "/v1/templates/validate", {});
  assert.deepEqual({ valid: valid.body.valid, changed: valid.body.changed }, { valid: true, changed: ["parking"] });
  const published = await w.api("POST", "/v1/templates/publish", { note: "parking opened" }, { "idempotency-key": "p1" });
  assert.deepEqual(published.body, { version: 2, published: true, changed: ["parking"], conflicts: [], repeated: false });
  const repeated = await w.api("POST", "/v1/templates/publish", { note: "parking opened" }, { "idempotency-key": "p1" });
  assert.deepEqual(repeated.body, { result: "2", repeated: true });
  assert.equal((await w.api("POST", "/v1/templates/publish", {})).body.code, "draft_unknown");
  assert.match(await ask(w, "parking alpha please"), /Answer parking/);

  const back = await w.api("POST", "/v1/templates/rollback", { version: 1, note: "closed again" });
  assert.equal(back.body.version, 3);
  assert.doesNotMatch(await ask(w, "parking alpha please"), /Answer parking/);
  const { items } = (await w.api("GET", "/v1/templates/versions")).body;
  assert.deepEqual(items.map((v) => [v.version, v.by, v.origin, v.from, v.current]), [
    [3, "api:story", "rollback", 1, true],
    [2, "api:story", "publish", 1, false],
    [1, "files", "files", 0, false],
  ]);
  assert.equal(items[1].note, "parking opened");
  assert.equal((await w.api("GET", "/v1/templates/versions/2")).body.templates.at(-1).id, "parking");
  assert.equal((await w.api("POST", "/v1/templates/rollback", { version: 77 })).status, 404);
});

test("everything that is wrong is told with its template, field and line, and nothing is published", async (t) => {
  const { w } = await small(t);
  const bad = answer("bad", {
    one_sms: true, text: { zh: "很".repeat(80), en: "hello {{name}}" }, variables: { n: { type: "number", example: "1" } },
    samples: { zh: ["问题hoursalpha", "乙", "丙"], en: ["one", "two"] },
  });
  await w.api("POST", "/v1/templates", { template: bad });
  const { body, status } = await w.api("POST", "/v1/templates/publish", {});
  assert.deepEqual([status, body.code], [422, "template_invalid"]);
  const find = (re) => body.errors.find((e) => re.test(e.detail));
  const text = (await w.api("GET", "/v1/templates/bad")).body.draft.text.split("\n");
  for (const [re, field, line] of [
    [/takes 8\d UCS-2 units as SMS/, "text.zh", /很很/],
    [/\{\{name\}\}|name/, "text.en", /hello/],
    [/variable "n" is not used/, "variables.n", /n"?:/],
    [/near-identical to a sample of hours/, "samples.zh[0]", /问题hoursalpha/],
    [/least 3|3 samples|fewer/, "samples.en", /one|en:/],
  ]) {
    const error = find(re);
    assert.ok(error, `${re} in ${JSON.stringify(body.errors)}`);
    assert.equal(error.template, "bad");
    assert.ok(error.field.startsWith(field), `${error.field}: ${error.detail}`);
    assert.match(text[error.line - 1] + text[error.line - 2], line);
  }
  assert.equal((await w.api("GET", "/v1/templates")).body.version, 1);
  const alone = await w.api("POST", "/v1/templates/validate", { ids: ["bad"], template: answer("bad") });
  assert.equal(alone.body.valid, true, JSON.stringify(alone.body));
  assert.equal((await w.api("DELETE", "/v1/templates/bad/draft")).status, 200);
  assert.equal((await w.api("GET", "/v1/templates/bad")).status, 404);

  // Of files that are posted each fault has its place in them, beside what is published already.
  const post = (name, text) => w.api("POST", "/v1/templates/import", { files: [{ name, text }] });
  const file = `answers:\n${answerYaml("fine", 3)}${answerYaml("wrong", 4, "hello {{name}}")}${answerYaml("hours", 0).replace("id: hours", "id: twin")}`;
  const lines = file.split("\n");
  const refused = (await post("more.yaml", file)).body;
  assert.equal(refused.code, "template_invalid");
  for (const [re, template, at] of [[/\{\{name\}\}/, "wrong", /hello/], [/near-identical to a sample of hours/, "twin", /问题hoursalpha/]]) {
    const error = refused.errors.find((e) => re.test(e.detail));
    assert.deepEqual([error?.file, error?.template], ["more.yaml", template], JSON.stringify(refused.errors));
    assert.match(lines[error.line - 1], at);
  }
  for (const name of ["../a.yaml", "/a.yaml", "b/a.yaml", ".yaml", ".a.yaml", "a.txt", "a\nb.yaml"])
    assert.deepEqual((({ status, body }) => [status, body.code, body.field])(await post(name, "answers: []")), [422, "field_range", "files.name"], name);
});

test("all nodes follow, one that starts loads what is published, and two who edit the same hear of it", async (t) => {
  const { w } = await small(t);
  const second = await w.addNode("node-2");
  const onSecond = (method, route, body, headers) => w.api.call({ gateway: second }, method, route, body, headers);
  const seen = (await w.api("GET", "/v1/templates/hours")).headers.get("etag");
  const mine = await w.api("PUT", "/v1/templates/hours", { template: answer("hours", { text: { zh: "九点", en: "From nine" } }) }, { "if-match": seen });
  assert.equal(mine.status, 200);
  const late = await onSecond("PUT", "/v1/templates/hours", { template: answer("hours") }, { "if-match": seen });
  assert.deepEqual([late.status, late.body.code], [412, "template_changed"]);
  await w.api("POST", "/v1/templates/publish", { ids: ["hours"] });
  await until("node-2 to follow", async () => (await onSecond("GET", "/v1/templates")).body.version === 2);
  const [a, b] = [(await w.api("GET", "/v1/templates")).body.catalogue, (await onSecond("GET", "/v1/templates")).body.catalogue];
  assert.equal(a, b);
  await second.stop();
  await w.gateway.restart();
  assert.equal((await w.api("GET", "/v1/templates")).body.catalogue, a);
  await until("the bind", async () => (await w.channel("sms-main"))?.state === "up");
  assert.match(await ask(w, "hours alpha please"), /From nine/);
});

test("nobody publishes or goes back over what they have not seen", async (t) => {
  const { w } = await small(t);
  const post = async (route, body, match) => {
    const a = await w.api("POST", `/v1/templates/${route}`, body, match && { "if-match": match });
    return [a.status, a.body.code ?? a.body.version, a.body.conflicts];
  };
  const seen = (await w.api("GET", "/v1/templates/versions")).headers.get("etag");
  assert.equal(seen, '"1"');
  assert.equal((await w.api("GET", "/v1/templates")).headers.get("etag"), seen);
  const first = (await w.api("POST", "/v1/templates", { template: answer("parking") })).body.hash;
  const second = (await w.api("PUT", "/v1/templates/parking", { template: answer("parking", { one_sms: true }) })).body.hash;
  assert.deepEqual(await post("publish", { drafts: { parking: first } }), [412, "template_changed", ["parking"]]);
  assert.deepEqual(await post("publish", { drafts: { trams: first } }), [404, "draft_unknown", undefined]);
  assert.deepEqual(await post("publish", { drafts: {} }), [422, "field_range", undefined]);
  assert.deepEqual(await post("publish", { drafts: { parking: second }, ids: ["parking"] }), [422, "field_range", undefined]);
  assert.deepEqual(await post("publish", { drafts: { parking: second } }, seen), [200, 2, []]);
  await w.api("DELETE", "/v1/templates/fees");
  const { files } = (await w.api("GET", "/v1/templates/export?version=1")).body;
  for (const match of [seen, '"0"', '"x"', "1"]) {
    assert.deepEqual(await post("rollback", { version: 1 }, match), [412, "version_changed", undefined]);
    assert.deepEqual(await post("import", { files }, match), [412, "version_changed", undefined]);
    assert.deepEqual(await post("publish", {}, match), [412, "version_changed", undefined]);
  }
  assert.deepEqual(await post("rollback", { version: 1 }, '"2"'), [200, 3, []]);
  assert.deepEqual(await post("publish", {}, "*"), [200, 4, []]);
});

test("a start that finds nothing kept answers from what is published by a quick matcher, and learns the whole one after", async (t) => {
  const w = await world(t, { channels: ["web"], templates: path.join(ROOT, "templates/content") });
  const matchers = () => [...w.programs.at(-1).output.matchAll(/event=(?:templates\.cache matcher="?([a-z ,]+)"?|(node\.ready))/g)].map((m) => (m[1] ?? m[2]).trim());
  const quickly = "trained quickly, to be refined";
  await until("the files in Redis", async () => (await w.api("GET", "/v1/templates")).body.version === 1);
  assert.equal((await w.api("POST", "/v1/templates", { template: answer("parking") })).status, 201);
  assert.equal((await w.api("POST", "/v1/templates/publish", {})).body.version, 2);
  await w.gateway.stop();
  await rm(path.join(w.dir, "cache"), { recursive: true });
  await w.gateway.start();
  assert.deepEqual(matchers().slice(0, 3), [quickly, quickly, "node.ready"]); // its files, then what is published instead
  assert.equal((await w.api("GET", "/v1/templates")).body.version, 2);
  await until("the whole matcher", () => matchers().includes("written"));
  await w.gateway.restart();
  assert.deepEqual(matchers().slice(0, 3), [quickly, "used", "node.ready"]);
});

test("files and what was published meanwhile are brought together, and conflicts are told", async (t) => {
  const { w, dir } = await small(t);
  await w.api("PUT", "/v1/templates/hours", { template: answer("hours", { text: { zh: "九点", en: "From nine" } }) });
  await w.api("POST", "/v1/templates/publish", {});
  const file = path.join(dir, "answers.yaml");
  await appendFile(file, answerYaml("trams", 7));
  w.gateway.program.child.kill("SIGHUP");
  await until("the import", async () => (await w.api("GET", "/v1/templates")).body.version === 3);
  assert.match(await ask(w, "hours alpha please"), /From nine/);
  assert.match(await ask(w, "trams bravo 7"), /Answer trams/);
  assert.doesNotMatch(w.gateway.log, /templates.conflict/);

  await writeFile(file, (await readFile(file, "utf8")).replace("Answer hours", "Hours of the files").replace("Answer fees", "No fees"));
  w.gateway.program.child.kill("SIGHUP");
  await until("the conflict", () => /event=templates.conflict template=hours/.test(w.gateway.log));
  await until("the import", async () => (await w.api("GET", "/v1/templates")).body.version === 4);
  assert.match(await ask(w, "hours alpha please"), /From nine/);
  assert.match(await ask(w, "fees charlie 1"), /No fees/);
  const [latest] = (await w.api("GET", "/v1/templates/versions")).body.items;
  assert.deepEqual([latest.by, latest.conflicts, latest.changed], ["files", ["hours"], ["fees"]]);

  await writeFile(file, "answers:\n  - id: hours\n    nonsense: 1\n");
  w.gateway.program.child.kill("SIGHUP");
  await until("the refusal", () => /event=templates.refused file=answers.yaml template=hours line=3/.test(w.gateway.log));
  assert.equal((await w.api("GET", "/v1/templates")).body.version, 4);
});

test("the command line lists, shows, imports, exports, publishes and rolls back, and the node follows", async (t) => {
  const { w, dir } = await small(t);
  const run = async (...args) => {
    const { code, output } = await w.posthouse(["templates", args[0], w.gateway.configFile, ...args.slice(1)]);
    return { code, output };
  };
  assert.match((await run("list")).output, /^hours\tanswers\tanswers.yaml$/m);
  assert.match((await run("show", "hours")).output, /^answers:\n  - id: hours\n    title:\n/);
  assert.equal((await run("show", "nothing")).code, 3);
  await w.api("POST", "/v1/templates", { template: answer("parking") });
  assert.match((await run("publish", "--note", "by hand", "parking")).output, /^version 2\n  parking$/m);
  await until("the node to follow", async () => (await w.api("GET", "/v1/templates")).body.version === 2);
  const out = path.join(dir, "out");
  assert.match((await run("export", out)).output, /version 2/);
  assert.match(await readFile(path.join(out, "api.yaml"), "utf8"), /id: parking/);
  assert.match((await run("import", out)).output, /version 2, nothing changed/);
  await writeFile(path.join(out, "api.yaml"), "answers:\n  - id: parking\n    nonsense: 1\n");
  const bad = await run("import", out);
  assert.equal(bad.code, 3);
  assert.match(bad.output, /api.yaml parking:3: .*nonsense/);
  assert.match((await run("rollback", "1")).output, /version 3/);
  assert.match((await run("versions")).output, /^3\*\t.*\tcli:\w+\trollback\t1 changed/m);
});

const canned = (count, text) => `canned:\n${Array.from({ length: count }, (_, i) => `  - {id: c.n${i}, shortcut: n${i}, title: {zh: 甲${i}, en: n${i}}, text: {zh: 好, en: ${text}}}`).join("\n")}\n`;

test("a catalogue of thousands: published in steps, edited, read by pages, exported, taken back; what nothing names is swept", async (t) => {
  const { w, dir } = await small(t, { more: { "canned.yaml": canned(6000, "first") } });
  const get = async (route) => (await w.api("GET", `/v1/templates${route}`)).body;
  const kept = (what) => w.redis.command("HLEN", `ph:{tpl}:${what}`).then(Number);
  const pages = await kept("page");
  assert.equal((await get("/c.n5999")).published.template.shortcut, "n5999");

  const { hash } = (await w.api("POST", "/v1/templates", { template: answer("dropped") })).body;
  await w.api("DELETE", "/v1/templates/dropped/draft");
  await w.api("POST", "/v1/templates", { template: answer("parking") });
  assert.deepEqual((await w.api("POST", "/v1/templates/publish", {})).body.changed, ["parking"]);
  assert.match(await ask(w, "parking alpha please"), /Answer parking/);
  assert.ok((await kept("page")) <= pages + 3, "one change makes few pages");
  await until("the discarded draft to be swept", async () => (await w.redis.command("HEXISTS", "ph:{tpl}:sheet", hash)) === "0");

  const ids = [];
  for (let after = 0; after !== null; ) {
    const page = await get(`/versions/2?after=${after}`);
    ids.push(...page.templates.map((x) => x.id));
    after = page.next;
  }
  assert.equal(new Set(ids).size, ids.length);
  assert.deepEqual([ids.filter((id) => id.startsWith("c.n")).length, ids.at(-1)], [6000, "parking"]);
  assert.equal((await w.api("GET", "/v1/templates/versions/2?after=99999")).status, 400);

  // Much at once, by the files; and back.
  await writeFile(path.join(dir, "canned.yaml"), canned(5000, "second"));
  assert.match((await w.posthouse(["templates", "import", w.gateway.configFile])).output, /^version 3/);
  await until("the new files", async () => (await get("?limit=1")).version === 3);
  assert.match((await get("/c.n4999")).published.text, /second/);
  assert.equal((await w.api("GET", "/v1/templates/c.n5000")).status, 404);
  assert.equal((await w.api("POST", "/v1/templates/rollback", { version: 2 })).body.version, 4);
  assert.match((await get("/c.n5999")).published.text, /first/);
  const sizes = (await get("/export")).files.filter((f) => /^canned/.test(f.name)).map((f) => f.text.length);
  assert.ok(sizes.length >= 1 && sizes.every((n) => n <= 1 << 20), `${sizes}`);
  const versions = (await get("/versions")).items.map((v) => [v.version, v.count - ids.length]);
  assert.deepEqual(versions, [[4, 0], [3, -1000], [2, 0], [1, -1]]);
});

test("where files are a new beginning, all of them are published, and no name of before is left", async (t) => {
  const { w } = await small(t, { more: { "canned.yaml": canned(300, "first") } });
  const published = () => w.redis.command("HLEN", "ph:{tpl}:in").then(Number);
  const before = await published();
  // A version that cannot be read, as one of an earlier build is.
  await w.redis.command("DEL", "ph:{tpl}:root:1");
  await w.redis.command("HSET", "ph:{tpl}:in", "ghost", `${"0".repeat(40)} api.yaml`);
  for (const version of [2, 2]) {
    assert.match((await w.posthouse(["templates", "import", w.gateway.configFile])).output, new RegExp(`^version ${version}`));
    assert.equal(await published(), before);
  }
  await until("the node to follow", async () => (await w.api("GET", "/v1/templates")).body.version === 2);
  assert.equal((await w.api("GET", "/v1/templates/ghost")).status, 404);
  assert.match(await ask(w, "hours alpha 0"), /Answer hours/);

  const nothing = { files: [{ name: "a.yaml", text: "answers: []" }], whole: true, force: true };
  assert.equal((await w.api("POST", "/v1/templates/import", nothing)).body.version, 3);
  assert.equal(await published(), 0);
  assert.deepEqual((await w.api("GET", "/v1/templates/versions/3")).body.templates, []);
  assert.deepEqual((await w.api("GET", "/v1/templates/export")).body, { version: 3, files: [], next: null });
  assert.equal((await w.api("POST", "/v1/templates/rollback", { version: 2 })).body.version, 4);
  assert.equal(await published(), before);

  // A node that cannot have it says so, and does not ask for it again and again.
  await w.redis.command("DEL", "ph:{tpl}:root:4");
  const other = await w.addNode("node-2");
  await until("the refusal", async () => /^posthouse_templates_refused 4$/m.test(await other.metrics()));
});
