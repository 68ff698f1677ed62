import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsOf, fromForm, idFor, readUnsaved, toForm, type Template } from "../src/knowledge/form";

const card: Template = {
  id: "card.lost", title: { zh: "挂失", en: "Lost" }, one_sms: true, text: { zh: "请{{hotline}}", en: "Call" }, web: { zh: "网页" },
  samples: { zh: ["卡丢了"], en: ["lost it", "gone"] }, needs: "verified", kind: "answer",
};

test("a template that nobody changed comes back as it was, to the order of its fields", () => {
  assert.equal(JSON.stringify(fromForm(card, toForm(card))), JSON.stringify(card));
  const handover: Template = { id: "h", title: { zh: "甲", en: "A" }, samples: { zh: ["一"], en: [] }, kind: "handover" };
  assert.deepEqual(fromForm(handover, toForm(handover)), handover);
  const settings: Template = { constants: { bank: "x" }, kind: "settings", id: "settings" };
  assert.deepEqual(fromForm(settings, toForm(settings)), settings);
});

test("what is written takes its field's place; blank lines and ticks that go leave nothing behind", () => {
  const f = toForm(card);
  f.samples.zh = " 卡丢了 \n\n卡掉了\n";
  f.verified = f.one_sms = false;
  f.rest = '{"sms": {"zh": "短"}}';
  const t = fromForm(card, f);
  assert.deepEqual(t?.samples, { zh: ["卡丢了", "卡掉了"], en: ["lost it", "gone"] });
  assert.deepEqual(Object.keys(t ?? {}).sort(), ["id", "kind", "samples", "sms", "text", "title"]);
  assert.equal(fromForm(card, { ...f, rest: "[1]" }), null);
  assert.equal(fromForm(card, { ...f, rest: "{" }), null);
  assert.equal(fromForm(card, { ...f, rest: '{"kind": "system", "id": "x"}' })?.id, "card.lost");
});

test("a fault stands under its field, and what has none on top", () => {
  const shown = ["title.zh", "text.zh", "samples.zh", "samples.en"];
  const faults = [{ field: "samples.en[3]", detail: "a" }, { field: "samples", detail: "b" }, { field: "variables.n", detail: "c" }, { detail: "d" }, { field: "text.zh", detail: "e" }];
  const at = (field: string): string => faultsOf(faults, field, shown).map((f) => f.detail).join("");
  assert.deepEqual([at("samples.en"), at("samples.zh"), at("text.zh"), at("title.zh"), at("")], ["a", "b", "e", "", "cd"]);
});

test("a new answer is called by the first words of its question", () => {
  assert.equal(idFor("Can I rent a boat here, card 0000?", "asked.1"), "can_rent_boat_here");
  assert.equal(idFor("能租船吗", "asked.1"), "asked.1");
  assert.equal(idFor("boat?", "asked.1"), "asked.1");
  assert.ok(idFor("x".repeat(90) + " " + "y".repeat(90), "asked.1").length <= 40);
});

test("what a tab kept is read again, and what is no form is left out", () => {
  const kept = { "card.lost": { form: toForm(card), etag: '"1"' } };
  assert.deepEqual(readUnsaved(JSON.stringify(kept)), kept);
  for (const bad of [null, "", "{", "[]", "null", "1", '{"a": 1}', '{"a": null}', '{"a": {"form": {}, "etag": "x"}}', '{"a": {"form": null, "etag": "x"}}'])
    assert.deepEqual(readUnsaved(bad), {}, String(bad));
  const { etag: _, ...without } = kept["card.lost"];
  assert.deepEqual(readUnsaved(JSON.stringify({ ...kept, other: without })), kept);
});
