import assert from "node:assert/strict";
import { test } from "node:test";
import { append, EMPTY, prepend, statusOf, type Thread } from "../src/model/thread";
import { rowsOf } from "../src/model/rows";
import type { LogEvent, MessageEvent, Status, User } from "../src/protocol";

const msg = (seq: number, more: Partial<MessageEvent> = {}): MessageEvent => ({
  seq, ts: seq * 1000, type: "message", direction: "in", kind: "text", text: `m${seq}`, ...more,
});
const range = (from: number, to: number): LogEvent[] =>
  Array.from({ length: to - from + 1 }, (_, i) => msg(from + i));
const seqs = (t: Thread): number[] => t.items.map((i) => i.seq);
const opened = (from: number, to: number): Thread => append(EMPTY, range(from, to), from > 1, true).thread;

test("the newest fifty begin a thread that has older ones before it", () => {
  const t = opened(51, 100);
  assert.deepEqual([t.low, t.high, t.more, t.items.length], [51, 100, true, 50]);
});

const edit = (seq: number, of: number, text: string, marks?: string[]): LogEvent => ({
  seq, ts: seq * 1000, type: "edit", of, kind: "text", text, ...(marks && { marks }),
});
const textOf = (t: Thread, seq: number): [string | undefined, readonly string[] | undefined] => {
  const m = t.items.find((i) => i.seq === seq) as MessageEvent;
  return [m.text, m.marks];
};

test("an edit completes its message where it stands, and is no item of its own", () => {
  const before = append(EMPTY, [msg(1, { text: "a…", marks: ["incomplete"] }), msg(2)], false, true).thread;
  const after = append(before, [edit(3, 1, "ab")], true).thread;
  assert.deepEqual([seqs(after), after.high, textOf(after, 1)], [[1, 2], 3, ["ab", []]]);
  const later = append(after, [msg(4)], true).thread;
  assert.equal(later.items[0], after.items[0], "what did not change is the same object");
});

test("an edit is known before the message that it completes", () => {
  const t = append(EMPTY, [msg(5), edit(6, 3, "abc"), edit(7, 2, "x", ["incomplete"])], true, true).thread;
  const whole = prepend(t, 5, [msg(2), msg(3, { marks: ["incomplete"] }), edit(4, 3, "ab")], false);
  assert.deepEqual([seqs(whole), textOf(whole, 3), textOf(whole, 2)], [[2, 3, 5], ["abc", []], ["x", ["incomplete"]]]);
});

test("what was sent first is shown beside what took its place at the operator", () => {
  const marks = ["replaced"];
  const t = append(EMPTY, [msg(1, { text: "a" }), edit(2, 1, "b", marks)], false, true).thread;
  const twice = append(t, [edit(3, 1, "c", marks)], true).thread;
  const first = (of: Thread) => (of.items[0] as MessageEvent).first;
  assert.deepEqual([textOf(t, 1), first(t)], [["b", marks], "a"]);
  assert.deepEqual([textOf(twice, 1), first(twice)], [["c", marks], "a"]);
});

test("an event that follows is appended, one that is known is not", () => {
  const { thread, added } = append(opened(1, 3), range(2, 5), true);
  assert.deepEqual(seqs(thread), [1, 2, 3, 4, 5]);
  assert.deepEqual(added.map((e) => e.seq), [4, 5]);
});

test("events out of order within a frame are put in order", () => {
  assert.deepEqual(seqs(append(opened(1, 1), range(2, 4).reverse(), true).thread), [1, 2, 3, 4]);
});

test("a push after a hole is refused and changes nothing", () => {
  const before = opened(1, 3);
  const { thread, gap, added } = append(before, range(5, 6), true);
  assert.equal(gap, true);
  assert.equal(thread, before);
  assert.deepEqual(added, []);
});

test("the answer after a hole fills it", () => {
  const { thread, gap } = append(opened(1, 3), range(4, 6), true, true);
  assert.equal(gap, false);
  assert.deepEqual(seqs(thread), [1, 2, 3, 4, 5, 6]);
});

test("an answer that does not follow and has more starts the thread again", () => {
  const { thread } = append(opened(1, 3), range(900, 949), true, true);
  assert.deepEqual([thread.low, thread.high, thread.more], [900, 949, true]);
});

test("an answer that does not follow and has no more is how the log is", () => {
  assert.deepEqual(seqs(append(opened(1, 3), range(7, 8), false, true).thread), [1, 2, 3, 7, 8]);
});

test("an empty answer opens an empty conversation", () => {
  const { thread } = append(EMPTY, [], false, true);
  assert.deepEqual([thread.loaded, thread.more], [true, false]);
});

test("history goes before, without doubling, and says when it is the first", () => {
  const t = prepend(opened(51, 60), 51, range(40, 51), true);
  assert.deepEqual([t.low, t.items.length, t.more], [40, 21, true]);
  assert.equal(prepend(t, 40, range(1, 39), false).more, false);
});

test("history for a place where the thread no longer begins is ignored", () => {
  const t = opened(51, 60);
  assert.equal(prepend(t, 900, range(1, 9), true), t);
});

const said = (seq: number, status: Status, marks?: string[]): LogEvent =>
  ({ seq, ts: 1, type: "status", of: 2, status, reason: "r", ...(marks && { marks }) });

test("what was said last of a message counts, in whatever order the pages come", () => {
  const out = msg(2, { direction: "out", status: "queued" });
  const t = append(EMPTY, [said(4, "delivered")], true, true).thread;
  const whole = prepend(t, 4, [msg(1), out, said(3, "sent", ["maybe_doubled"])], false);
  assert.equal(statusOf(whole, out).status, "delivered");
  assert.deepEqual(statusOf(whole, out).marks, ["maybe_doubled"]);
  assert.equal(whole.high, 4);
  assert.deepEqual(seqs(whole), [1, 2]);
});

test("the router alone decides what follows on what: a failure that is sent again is under way", () => {
  const out = msg(2, { direction: "out", status: "queued" });
  const steps: readonly Status[] = ["failed", "queued", "unknown", "queued", "sent", "partially_delivered", "undelivered", "delivered"];
  let t = append(EMPTY, [msg(1), out], false, true).thread;
  steps.forEach((status, i) => {
    t = append(t, [said(3 + i, status)], undefined).thread;
    assert.equal(statusOf(t, out).status, status);
  });
});

test("a status of a message that is not loaded yet waits for it", () => {
  const t = append(EMPTY, [{ seq: 60, ts: 1, type: "status", of: 3, status: "read" }, msg(61)], true, true).thread;
  const out = msg(3, { direction: "out", status: "queued" });
  const whole = prepend(t, 60, [...range(1, 2), out, ...range(4, 59)], false);
  assert.equal(statusOf(whole, out).status, "read");
});

test("a bot's message shows what the customer did first after it; a verification is a line; what is not known is passed over", () => {
  const events = [
    msg(1),
    msg(2, { direction: "out", author: { type: "bot" }, answer: { did: "answer", confidence: 0.98 } }),
    msg(3, { after: { seq: 2, did: "thanks" } }),
    { seq: 4, ts: 4000, type: "verified", until_ts: 9000, how: "app", by: "api:bank" },
    { seq: 5, ts: 5000, type: "of a newer server" },
    msg(6, { after: { seq: 2, did: "same" } }),
  ] as LogEvent[];
  const rows = rowsOf(append(EMPTY, events, false, true).thread, [], "c", { id: "mei" } as User, 0);
  const shown = rows.flatMap((r) => (r.kind === "message" ? [`${r.message.seq} ${r.next}`] : r.kind === "verified" ? ["verified"] : []));
  assert.deepEqual(shown, ["1 ", "2 thanks", "3 ", "verified", "6 "]);
});
