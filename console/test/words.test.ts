import assert from "node:assert/strict";
import { test } from "node:test";
import { fill, nextBlank } from "../src/model/blanks";
import { indexCanned, oneSlip, slashAt, tokens } from "../src/model/canned";
import { safeUrl, segments } from "../src/model/links";
import { cardOf } from "../src/model/media";
import { countSms } from "../src/model/sms";
import { LATE } from "../src/text/late";
import { LOGIN } from "../src/text/login";
import { say, STRINGS, type Key } from "../src/text/strings";
import type { Canned } from "../src/protocol";

// 3GPP TS 23.038 and 23.040: one message of 160 septets or 70 units, parts of 153 or 67.
const SMS: [what: string, text: string, encoding: string, parts: number, left: number, culprit: string][] = [
  ["nothing", "", "GSM-7", 0, 160, ""],
  ["a full one", "a".repeat(160), "GSM-7", 1, 0, ""],
  ["one more", "a".repeat(161), "GSM-7", 2, 145, ""],
  ["two full parts", "a".repeat(306), "GSM-7", 2, 0, ""],
  ["an extension character counts twice", "€".repeat(80), "GSM-7", 1, 0, ""],
  ["no escape pair is cut in two", "a".repeat(152) + "€" + "a".repeat(20), "GSM-7", 2, 131, ""],
  ["Greek capitals and accents of the basic table", "ΔΦΓΛΩΠΨΣΘΞ àéèùìòÇ", "GSM-7", 1, 142, ""],
  ["a Chinese text", "您好", "UCS-2", 1, 68, "您"],
  ["seventy characters", "好".repeat(70), "UCS-2", 1, 0, "好"],
  ["seventy-one", "好".repeat(71), "UCS-2", 2, 63, "好"],
  ["one curly quote costs the alphabet", "it’s fine", "UCS-2", 1, 61, "’"],
  ["an emoji is two units", "😀", "UCS-2", 1, 68, "😀"],
  ["no surrogate pair is cut in two", "好".repeat(66) + "😀" + "好".repeat(5), "UCS-2", 2, 60, "好"],
  ["a line end counts one", "a\r\nb", "GSM-7", 1, 157, ""],
];
for (const [what, text, encoding, parts, left, culprit] of SMS)
  test(`SMS: ${what}`, () => {
    const c = countSms(text);
    assert.deepEqual([c.encoding, c.parts, c.left, c.culprit], [encoding, parts, left, culprit]);
  });

test("SMS: says how many characters are outside GSM-7", () => {
  assert.equal(countSms("naïve café – “ok”").culprits, 4);
});

const both = (zh: string, en: string) => ({ zh, en });
const LIST: Canned[] = [
  { id: "transfer-time", title: both("转账到账时间", "Transfer time"), text: both("两小时内到账。", "Within two hours.") },
  { id: "transfer-limit", title: both("转账限额", "Transfer limit"), text: both("单日限额五万。", "Fifty thousand a day.") },
  { id: "fee", title: both("手续费说明", "Fees"), text: both("跨行转账免费。", "Transfers to other banks are free.") },
];
const found = (q: string, uses = {}): string[] => indexCanned(LIST).search(q, uses).map((c) => c.id);

test("Chinese is found by character, in any order, the phrase first", () => {
  assert.deepEqual(tokens("转账limit 限额"), ["转", "账", "limit", "限", "额"]);
  assert.deepEqual(found("限额"), ["transfer-limit"]);
  assert.deepEqual(found("额转"), ["transfer-limit"]);
  assert.deepEqual(found("转账").slice(-1), ["fee"]);
});

test("English is found by the beginning of a word and with one slip", () => {
  assert.deepEqual(found("tran lim"), ["transfer-limit"]);
  assert.ok(found("tranfser").includes("transfer-time"));
  assert.deepEqual(found("fees"), ["fee"]);
  assert.deepEqual(found("mortgage"), []);
});

test("one slip is one, not two", () => {
  for (const [a, b] of [["fees", "fes"], ["fees", "feeds"], ["fees", "feet"], ["fees", "efes"]] as const) assert.ok(oneSlip(a, b), b);
  for (const [a, b] of [["fees", "fit"], ["fees", "sefe"], ["fees", "feesxx"]] as const) assert.ok(!oneSlip(a, b), b);
});

test("without a query the most used come first", () => {
  assert.deepEqual(found("", { fee: 9, "transfer-limit": 2 }), ["fee", "transfer-limit", "transfer-time"]);
});

test("a slash opens the canned replies only where one begins", () => {
  assert.deepEqual(slashAt("/", 1), { start: 0, query: "" });
  assert.deepEqual(slashAt("好的 /转账", 6), { start: 3, query: "转账" });
  assert.deepEqual(slashAt("您好/limit", 8), { start: 2, query: "limit" });
  assert.deepEqual(slashAt("／挂失", 3), { start: 0, query: "挂失" });
  for (const text of ["3/4", "https://a", "and/or", "/ x", "/a\nb"]) assert.equal(slashAt(text, text.length), null, text);
});

test("known variables are filled, unknown ones stay as blanks", () => {
  const text = fill("我是{{agent}}，尾号{{ card_tail }}", { agent: "林梅" });
  assert.equal(text, "我是林梅，尾号{{ card_tail }}");
  assert.deepEqual(nextBlank(text), { start: 7, end: 22, name: "card_tail" });
  assert.deepEqual(nextBlank(text, 10), nextBlank(text));
  assert.equal(nextBlank("none {x} {{}}"), null);
});

test("a customer's variable value is not taken for a pattern", () => {
  assert.equal(fill("{{address}}", { address: "$& $1" }), "$& $1");
});

test("links are made of http and https only, without the punctuation around them", () => {
  const hrefs = (text: string): (string | undefined)[] => segments(text).map((s) => s.href).filter(Boolean);
  assert.deepEqual(hrefs("看https://a.example/x?y=1，谢谢。"), ["https://a.example/x?y=1"]);
  assert.deepEqual(hrefs("(see http://a.example)."), ["http://a.example/"]);
  for (const text of ["javascript:alert(1)", "data:text/html,x", "ftp://a.example", "https://", "http://user:pw@a.example"])
    assert.deepEqual(hrefs(text), [], text);
  assert.equal(segments("a https://b.example c").map((s) => s.text).join(""), "a https://b.example c");
});

test("an address that is not text is none", () => {
  for (const raw of [undefined, null, 1, {}, "javascript:x", "/relative"]) assert.equal(safeUrl(raw), null);
});

test("every string exists in both languages and with the same places", () => {
  for (const [key, [zh, en]] of Object.entries({ ...STRINGS, ...LATE, ...LOGIN })) {
    const places = (s: string): string => (s.match(/\{\d\}/g) ?? []).sort().join();
    assert.ok(zh && en, key);
    assert.equal(places(zh), places(en), key);
  }
  assert.equal(say("en", "in_queue" satisfies Key, 3), "3 waiting");
});

test("a card has the words of the thing once, and no label of it as text", () => {
  assert.deepEqual(cardOf({ pic_url: "http://mmbiz.example/a", media_id: "m" }, "[图片]"), { label: "图片", lines: [], href: "http://mmbiz.example/a" });
  assert.deepEqual(cardOf({ latitude: "31.2", longitude: "121.4", label: "人民大道200号" }, "人民大道200号").lines, ["人民大道200号", "31.2, 121.4"]);
  assert.deepEqual(cardOf({ recognition: "附近有网点吗" }, "附近有网点吗").lines, ["附近有网点吗"]);
  assert.deepEqual(cardOf({ title: "标题", description: "说明", url: "javascript:alert(1)" }, "标题"), { label: "", lines: ["标题", "说明"], href: null });
  assert.deepEqual(cardOf(undefined, "just text").lines, ["just text"]);
});
