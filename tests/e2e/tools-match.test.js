// posthouse match and posthouse evaluate as somebody at a terminal uses them.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { answerYaml } from "./small-catalogue.js";

const bin = path.join(process.env.BUILD ?? "build", "bin", "posthouse");

/** Resolves to what the program did, whatever its exit status; input is what it reads. */
function posthouseReading(input, ...args) {
  return new Promise((resolve) => {
    const child = execFile(bin, args, { timeout: 60_000, maxBuffer: 1 << 24 }, (err, stdout, stderr) =>
      resolve({ status: err ? err.code : 0, stdout, stderr }),
    );
    child.stdin.on("error", () => {}); // it reads no more than it needs
    child.stdin.end(input);
  });
}

const posthouse = (...args) => posthouseReading("", ...args);

async function directory(t, files) {
  const dir = await mkdtemp(path.join(tmpdir(), "posthouse-match-"));
  t.after(() => rm(dir, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(dir, name), text);
  return (name) => path.join(dir, name);
}

/** Six matters of fifteen samples each, said like nothing else; every tenth line is out of scope. */
function labelled(shift) {
  const matters = ["card lost", "loan rate", "branch hours", "transfer fee", "app login", "exchange euro"];
  const frames = ["what about", "tell me of", "help with", "question on", "i need", "please explain", "any news of"];
  const lines = matters.flatMap((matter, m) =>
    frames.map((frame, f) => `${matter.replace(" ", "_")}\t${frame} ${matter} number ${"abcdefghij"[(m + f + shift) % 10]}`),
  );
  return `${lines.join("\n")}\noos\tsing me a song\noos\twho won the match\n`;
}

test("match says zone, confidence, the three best and what speaks for them", async () => {
  const said = await posthouse("match", "我的银行卡丢了怎么办");
  assert.equal(said.status, 0, said.stderr);
  assert.match(said.stdout, /^zone +answer \(a sample, word for word\)/m);
  assert.match(said.stdout, /card\.lost/);
  assert.match(said.stdout, /^ +for .*丢.* \+0\./m);
});

test("match as JSON has everything a record needs", async () => {
  const said = await posthouse("match", "--json", "--lang", "en", "--directory", "templates/content", "--", "I lost my crad on the bus");
  const got = JSON.parse(said.stdout);
  assert.ok(["answer", "menu", "human"].includes(got.zone));
  assert.equal(got.best.length, 3);
  assert.equal(got.best[0].id, "card.lost");
  assert.ok(got.best[0].for.length > 0 && got.best[0].for.every((r) => r.weight > 0));
  assert.ok(got.best.every((b) => b.against.every((r) => r.weight < 0)));
  assert.deepEqual(Object.keys(got.signals), ["top", "margin", "entropy", "peak", "known", "length", "top_known"]);
  assert.ok(got.confidence > 0 && got.confidence <= 1 && got.zones.answer <= 1);
});

test("match knows who wants a person and who has had enough", async () => {
  const human = JSON.parse((await posthouse("match", "--json", "转人工")).stdout);
  assert.equal(human.intent, "wants_human");
  assert.equal(human.zone, "human");
  assert.equal(JSON.parse((await posthouse("match", "--json", "什么垃圾银行")).stdout).unhappy, true);
});

test("match has an answer to anything, as an argument and as input, of a catalogue of none and of one answer", async (t) => {
  const answers = `answers:\n${answerYaml("hours", 0)}`;
  const bad = ["", "?", "卡", "😀👍🏽", "\x01\x07\x1b[2J\x7f", "a\n".repeat(1000), "word ".repeat(13107)];
  for (const [yaml, known] of [["answers: []\n", "human"], [answers, "answer"]]) {
    const at = await directory(t, { "a.yaml": yaml });
    const match = async (input, ...args) => {
      const said = await posthouseReading(input, "match", "--json", "--directory", at(""), ...args);
      assert.equal(said.status, 0, said.stderr);
      return JSON.parse(said.stdout);
    };
    for (const text of bad) {
      const got = await match("", "--", text);
      assert.equal(got.zone, "human", JSON.stringify(text.slice(0, 20)));
      assert.equal(got.cut, text.length > 1024);
      assert.deepEqual(await match(text, "-"), got);
    }
    for (const octets of [Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0]), Buffer.alloc(1 << 20, 0x80), Buffer.from("a\0b")])
      assert.equal((await match(octets, "-")).zone, "human");
    assert.equal((await match("", "hours alpha 0")).zone, known);
    assert.equal((await match("hours alpha 0\n", "-")).zone, known);
    assert.equal((await match("hours alpha 0", "--", "-")).zone, "human", "behind -- it is a dash");
  }
});

test("match says in words what would happen, and shows no control character", async (t) => {
  const at = await directory(t, { "a.yaml": `answers:\n${answerYaml("hours", 0)}` });
  const match = async (text) => (await posthouse("match", "--directory", at(""), "--", text)).stdout;
  assert.match(await match("hours alpha 0"), /^zone +answer \(a sample, word for word\): the first is sent$/m);
  // One line is no menu.
  assert.match(await match("hours\x1b[2J\x07 alpha"), /^zone +menu: a person answers, and sees these as suggestions$/m);
  assert.doesNotMatch(await match("hours\x1b[2J\x07 alpha"), /[\x00-\x09\x0b-\x1f\x7f]/);
  assert.match(await match(""), /^zone +human: a person answers\n.*\n.*\nlanguage +unknown$/m);
});

test("evaluate measures with thresholds from a third file, the same every time", async (t) => {
  const at = await directory(t, { "train.tsv": labelled(0), "dev.tsv": labelled(3), "test.tsv": labelled(5) });
  const args = ["evaluate", at("train.tsv"), at("test.tsv"), "--dev", at("dev.tsv")];
  const first = await posthouse(...args);
  assert.equal(first.status, 0, first.stderr);
  const got = JSON.parse(first.stdout);
  const again = JSON.parse((await posthouse(...args)).stdout);
  for (const key of ["p50_us", "p99_us", "train_s"]) {
    assert.ok(got[key] > 0, key);
    delete got[key], delete again[key];
  }
  assert.deepEqual(again, got);
  assert.equal(got.questions_in_scope, 42);
  assert.ok(got.top1 > 0.9 && got.top3 >= got.top1 && got.model_bytes > 0);
  for (const key of ["in_scope_accuracy", "oos_recall", "coverage_at_95", "coverage_at_98", "precision_at_98"])
    assert.ok(got[key] >= 0 && got[key] <= 1, key);
});

test("evaluate tells each bad line by its number and measures nothing", async (t) => {
  const at = await directory(t, { "good.tsv": labelled(0), "bad.tsv": "a\tfine\nno tab\n\n\tnothing before\n" });
  const said = await posthouse("evaluate", at("good.tsv"), at("bad.tsv"));
  assert.equal(said.status, 1);
  assert.equal(said.stdout, "");
  assert.match(said.stderr, /bad\.tsv:2: .*tab/);
  assert.match(said.stderr, /bad\.tsv:4: .*label/);
  const missing = await posthouse("evaluate", at("good.tsv"), at("nowhere.tsv"));
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /nowhere\.tsv: No such file/);
  assert.equal((await posthouse("evaluate", at("good.tsv"))).status, 2);
});

test("evaluate measures a catalogue, and says what it did wrong", async (t) => {
  const at = await directory(t, {
    "q.tsv": "# remarks are skipped\ncard.lost\t我的银行卡丢了怎么办\nhuman\twhat is the capital of Peru\ncard.found|card.lost\tlost card\n",
    "unknown.tsv": "no.such\twhat\n",
  });
  const got = JSON.parse((await posthouse("evaluate", "templates/content", at("q.tsv"), "--wrong")).stdout);
  assert.equal(got.questions, 3);
  assert.equal(got.answered_right, 1);
  assert.ok(Math.abs(got.settled - 2 / 3) < 0.001);
  const unknown = await posthouse("evaluate", "templates/content", at("unknown.tsv"));
  assert.equal(unknown.status, 1);
  assert.match(unknown.stderr, /"no\.such" is no answer/);
});
