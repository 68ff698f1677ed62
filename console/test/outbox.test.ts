import assert from "node:assert/strict";
import { test } from "node:test";
import * as out from "../src/model/outbox";
import type { LogEvent } from "../src/protocol";

const cids = (list: readonly out.Entry[]): string[] => list.map((e) => e.cid);
const two = (): out.Outbox => out.add(out.add([], "a", "1", "one", 1), "a", "2", "two", 2);
const shown = (seq: number, cid?: string, author = "mei"): LogEvent => ({
  seq, ts: 1, type: "message", direction: "out", kind: "text", text: "x", author: { type: "agent", id: author }, ...(cid && { cid }),
});

test("of each conversation only the oldest goes out", () => {
  const box = out.add(two(), "b", "3", "three", 3);
  assert.deepEqual(cids(out.due(box)), ["1", "3"]);
  assert.deepEqual(cids(out.due(out.sent(box, "1"))), ["3"]);
});

test("the next goes out when the one before is acknowledged", () => {
  assert.deepEqual(cids(out.due(out.acked(out.sent(two(), "1"), "1", 7))), ["2"]);
});

test("a refused one does not hold up the next", () => {
  assert.deepEqual(cids(out.due(out.refused(out.sent(two(), "1"), "1", "closed"))), ["2"]);
});

test("a passing error keeps its place in the order", () => {
  assert.deepEqual(cids(out.due(out.refused(out.sent(two(), "1"), "1", "unavailable"))), ["1"]);
});

test("what had no answer when the connection broke is due again, what was acknowledged is not", () => {
  const box = out.add(out.acked(out.sent(two(), "1"), "1", 7), "b", "3", "x", 3);
  const broken = out.interrupted(out.sent(out.sent(box, "2"), "3"));
  assert.deepEqual(cids(out.due(broken)), ["2", "3"]);
});

test("an entry ends when the log shows it, acknowledged or not", () => {
  assert.deepEqual(cids(out.confirmed(out.sent(two(), "1"), "a", "mei", [shown(7, "1")])), ["2"]);
  assert.deepEqual(cids(out.confirmed(out.acked(two(), "1", 7), "a", "mei", [shown(7)])), ["2"]);
});

test("another's cid, or another conversation's, ends nothing", () => {
  const box = two();
  assert.equal(out.confirmed(box, "a", "mei", [shown(7, "1", "tom")]), box);
  assert.equal(out.confirmed(box, "b", "mei", [shown(7, "1")]), box);
});

test("a reload sends again what had no acknowledgement, and only that", () => {
  const box = out.acked(out.sent(out.sent(two(), "1"), "2"), "1", 7);
  assert.deepEqual(out.restore(out.serialise(box)), [{ conversation: "a", cid: "2", text: "two", ts: 2, state: "waiting" }]);
});

test("what storage holds that is not an outbox is nothing", () => {
  for (const json of [null, "", "{", "{}", "[1,null,{}]", '[{"cid":"1"}]']) assert.deepEqual(out.restore(json), []);
});

test("a retried one keeps its cid and loses its error", () => {
  const box = out.retry(out.refused(two(), "1", "closed"), "1");
  assert.deepEqual(box[0], { conversation: "a", cid: "1", text: "one", ts: 1, state: "waiting" });
});
