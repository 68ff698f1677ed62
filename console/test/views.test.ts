import assert from "node:assert/strict";
import { test } from "node:test";
import { backlog, matches, neighbour, sections } from "../src/model/list";
import { openQuestion, rowsOf } from "../src/model/rows";
import { append, EMPTY } from "../src/model/thread";
import { day, daysAgo, elapsed, short, waitLevel } from "../src/model/time";
import type { LogEvent, MessageEvent, Summary, User } from "../src/protocol";

const MEI: User = { id: "mei", name: "Mei", role: "agent" };
const DAY = 86_400_000;
const NOON = new Date(2026, 5, 17, 12).getTime();
const summary = (conversation: string, more: Partial<Summary> = {}): Summary => ({
  conversation, channel: "sms-main", connector: "sms", title: conversation, state: "assigned", agent: "mei", waiting_since: null, seq: 1, unread: 0, ...more,
});
const said = (seq: number, ts: number, more: Partial<MessageEvent> = {}): MessageEvent => ({
  seq, ts, type: "message", direction: "in", kind: "text", text: "x", ...more,
});
const rows = (events: LogEvent[], more = false, readTo = 0) =>
  rowsOf(append(EMPTY, events, more, true).thread, [], "a", MEI, readTo);
const kinds = (list: ReturnType<typeof rows>): string[] => list.map((r) => r.kind);

test("mine, waiting and recent, each in its order", () => {
  const s = sections([
    summary("answered", { last: { text: "", ts: 9, direction: "out" } }),
    summary("late", { waiting_since: 5 }),
    summary("later", { waiting_since: 3 }),
    summary("wrap", { state: "wrapup", last: { text: "", ts: 1, direction: "out" } }),
    summary("q", { state: "queued", agent: null, waiting_since: 2 }),
    summary("closed", { state: "closed" }),
    summary("toms", { agent: "tom" }),
  ], "mei");
  const names = (list: Summary[]): string[] => list.map((x) => x.conversation);
  assert.deepEqual(names(s.mine), ["later", "late", "answered", "wrap"]);
  assert.deepEqual(names(s.waiting), ["q"]);
  assert.deepEqual(names(s.recent).sort(), ["closed", "toms"]);
});

test("a search finds every word, in any place, in any width or case", () => {
  assert.ok(matches("8000 卡", "+86 138****8000", "我的银行卡"));
  assert.ok(matches("ｌｏｓｔ", "I LOST my card"));
  assert.ok(!matches("8000 贷款", "+86 138****8000", "我的银行卡"));
});

test("the queues are counted together, an empty one has no oldest", () => {
  assert.deepEqual(backlog([{ name: "a", waiting: 2, oldest_ts: 7 }, { name: "b", waiting: 0, oldest_ts: 1 }, { name: "c", waiting: 1, oldest_ts: 5 }]), { waiting: 3, oldest: 5 });
});

test("the next conversation goes round", () => {
  const list = [summary("a"), summary("b")];
  assert.equal(neighbour(list, "b", 1)?.conversation, "a");
  assert.equal(neighbour(list, "a", -1)?.conversation, "b");
  assert.equal(neighbour(list, null, 1)?.conversation, "a");
  assert.equal(neighbour([], "a", 1), null);
});

test("a day has its line, and messages close together one head", () => {
  const list = rows([said(1, NOON - DAY), said(2, NOON), said(3, NOON + 1000), said(4, NOON + 900_000)]);
  assert.deepEqual(kinds(list), ["start", "day", "message", "day", "message", "message", "message"]);
  assert.deepEqual(list.flatMap((r) => (r.kind === "message" ? [r.first] : [])), [true, true, false, true]);
});

test("keys stay when older messages come in above", () => {
  const newer = [said(3, NOON), said(4, NOON + DAY)];
  const before = rows(newer, true).map((r) => r.key);
  const after = rows([said(2, NOON - 5), ...newer], true).map((r) => r.key);
  assert.ok(before.every((k) => after.includes(k)));
  assert.equal(new Set(after).size, after.length);
});

test("the line of the new stands before the first unread message of the customer", () => {
  const list = rows([said(1, NOON), said(2, NOON, { direction: "out" }), said(3, NOON)], false, 1);
  assert.deepEqual(kinds(list), ["start", "day", "message", "message", "unread", "message"]);
  assert.ok(!kinds(rows([said(1, NOON)], false, 1)).includes("unread"));
});

test("a reply keeps its key from Enter to the log", () => {
  const entry = { conversation: "a", cid: "k", text: "x", ts: NOON, state: "waiting" as const };
  const pending = rowsOf(append(EMPTY, [said(1, NOON)], false, true).thread, [entry], "a", MEI, 0).at(-1)!;
  const logged = rows([said(1, NOON), said(2, NOON, { direction: "out", cid: "k", author: { type: "agent", id: "mei" } })]).at(-1)!;
  assert.equal(pending.key, logged.key);
});

test("a question is open until somebody has answered it", () => {
  const t = append(EMPTY, [said(1, 1), said(2, 2)], false, true).thread;
  assert.equal(openQuestion(t)?.seq, 2);
  assert.equal(openQuestion(append(t, [said(3, 3, { direction: "out" })], true).thread), null);
  const bot = (did: string) => append(t, [said(3, 3, { direction: "out", author: { type: "bot" }, answer: { did } })], true).thread;
  for (const did of ["human", "menu", "ask"]) assert.equal(openQuestion(bot(did))?.seq, 2, did);
  for (const did of ["answer", "chosen"]) assert.equal(openQuestion(bot(did)), null, did);
});

test("a wait reads at a glance", () => {
  assert.deepEqual([0, 7_000, 61_000, 3_725_000, -5].map(elapsed), ["0:00", "0:07", "1:01", "1:02:05", "0:00"]);
  assert.deepEqual([0, 59_999, 60_000, 180_000, 300_000].map(waitLevel), [0, 0, 1, 2, 3]);
});

test("days are the calendar's, not 24 hours", () => {
  const late = new Date(2026, 5, 16, 23, 59).getTime();
  const early = new Date(2026, 5, 17, 0, 1).getTime();
  assert.equal(daysAgo(late, early), 1);
  const words = { today: "Today", yesterday: "Yesterday" };
  assert.equal(day(late, early, "en", words), "Yesterday");
  assert.match(day(NOON - 40 * DAY, NOON, "zh", words), /5月8日/);
  assert.match(day(NOON - 400 * DAY, NOON, "en", words), /2025/);
  assert.equal(short(NOON, NOON, "zh"), "12:00");
});
