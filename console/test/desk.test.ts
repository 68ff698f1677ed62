import assert from "node:assert/strict";
import { test } from "node:test";
import type { SocketLike } from "../src/model/connection";
import type { LogEvent, ServerFrame, Summary } from "../src/protocol";
import * as desk from "../src/state/desk";
import type { Host } from "../src/state/host";

/** A network and a node that do everything wrong by chance, but by the same chance each time. */
class Weather {
  now = 1_700_000_000_000;
  timers: { at: number; fn: () => void }[] = [];
  log: LogEvent[] = [];
  cids = new Map<string, number>();
  socket: (SocketLike & { readyState: number }) | null = null;
  alerts: string[] = [];
  stored = new Map<string, string>();
  calm = false;
  private ids = 0;

  constructor(private seed: number) {}

  chance(): number {
    this.seed = (this.seed * 1_103_515_245 + 12_345) & 0x7fffffff;
    return this.seed / 0x7fffffff;
  }

  bad(p: number): boolean {
    return !this.calm && this.chance() < p;
  }

  after(ms: number, fn: () => void): object {
    const t = { at: this.now + ms, fn };
    this.timers.push(t);
    return t;
  }

  /** Runs what is due until then, in the order of time. */
  pass(ms: number): void {
    const end = this.now + ms;
    for (;;) {
      const next = this.timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.now = Math.max(this.now, next.at);
      this.timers = this.timers.filter((t) => t !== next);
      next.fn();
    }
    this.now = end;
  }

  summary(): Summary {
    const last = this.log[this.log.length - 1];
    return {
      conversation: "c", channel: "sms-main", connector: "sms", title: "+86 138****8000", state: "assigned", agent: "mei",
      waiting_since: null, seq: this.log.length, unread: 0, read_seq: 0, last: last ? { text: "", ts: last.ts, direction: "in" } : null,
    };
  }

  append(e: object): void {
    this.log.push({ seq: this.log.length + 1, ts: this.now, ...e } as LogEvent);
    if (this.bad(0.1)) return; // The hint, and with it the push, is lost.
    const push: ServerFrame = { type: "events", conversation: "c", events: this.log.slice(-1), more: true };
    this.say(push);
    if (this.bad(0.1)) this.say(push);
  }

  customer(text: string): void {
    this.append({ type: "message", direction: "in", kind: "text", text, author: { type: "customer" } });
  }

  say(frame: ServerFrame): void {
    const socket = this.socket;
    this.after(Math.floor(this.chance() * 3), () => {
      if (socket && this.socket === socket) socket.onmessage?.({ data: JSON.stringify(frame) });
    });
  }

  cut(code = 1006): void {
    const socket = this.socket;
    this.socket = null;
    if (!socket) return;
    socket.readyState = 3;
    socket.onclose?.({ code });
  }

  open(): SocketLike {
    const socket = {
      readyState: 0,
      onopen: null as (() => void) | null,
      onmessage: null as ((e: { data: unknown }) => void) | null,
      onclose: null as ((e: { code: number }) => void) | null,
      send: (data: string) => this.after(1, () => this.socket === socket && this.hear(JSON.parse(data))),
      close: () => void (this.socket = null),
    };
    this.after(5, () => {
      if (this.bad(0.3)) return socket.onclose?.({ code: 1006 });
      this.socket = socket;
      socket.readyState = 1;
      return socket.onopen?.();
    });
    return socket;
  }

  hear(f: { type: string; rid?: string; cid?: string; since?: number | Record<string, number>; text?: string; before?: number; limit?: number }): void {
    if (this.bad(0.05)) return this.cut();
    const rid = f.rid ?? "";
    if (f.type === "hello") {
      this.say({ type: "welcome", user: { id: "mei", name: "Mei", role: "agent" }, presence: "available", server_ts: this.now, conversations: [this.summary()] });
      const since = (f.since as Record<string, number>).c ?? 0;
      this.say({ type: "events", conversation: "c", events: since ? this.log.slice(since) : this.log.slice(-50), more: this.log.length > 50 });
    } else if (f.type === "open") {
      const since = f.since as number;
      this.say({ type: "events", rid, conversation: "c", events: since ? this.log.slice(since) : this.log.slice(-50), more: since > 0 || this.log.length > 50 });
    } else if (f.type === "history") {
      const events = this.log.slice(0, f.before! - 1).slice(-f.limit!);
      this.say({ type: "events", rid, conversation: "c", events, more: (events[0]?.seq ?? 1) > 1 });
    } else if (f.type === "send") this.onSend(f.cid!, f.text!);
  }

  onSend(cid: string, text: string): void {
    if (this.bad(0.1)) return this.say({ type: "error", cid, code: "unavailable" });
    if (!this.cids.has(cid)) {
      this.append({ type: "message", direction: "out", kind: "text", text, status: "queued", author: { type: "agent", id: "mei" }, cid });
      this.cids.set(cid, this.log.length);
    }
    if (this.bad(0.1)) return this.cut(); // Durable, but the acknowledgement never leaves.
    if (this.bad(0.1)) return; // Or is lost.
    this.say({ type: "ack", conversation: "c", cid, seq: this.cids.get(cid)! });
  }

  host(): Host {
    return {
      socket: () => this.open(),
      session: () => Promise.resolve("in"),
      now: () => this.now,
      after: (ms, fn) => this.after(ms, fn),
      cancel: (t) => (this.timers = this.timers.filter((x) => x !== t)),
      random: () => this.chance(),
      id: () => `id-${++this.ids}`,
      lang: () => "zh",
      load: (key) => this.stored.get(key) ?? null,
      save: (key, value) => void (value === null ? this.stored.delete(key) : this.stored.set(key, value)),
      alert: (_title, text) => void this.alerts.push(text),
    };
  }
}

const texts = (events: readonly { type: string }[], direction: string): string[] =>
  (events as LogEvent[]).flatMap((e) => (e.type === "message" && e.direction === direction ? [e.text ?? ""] : []));

for (let seed = 1; seed <= 12; seed++)
  test(`whatever the network does, every reply is in the log once and in order (weather ${seed})`, async () => {
    const w = new Weather(seed * 7919);
    for (let i = 0; i < 120; i++) w.customer(`old ${i}`);
    const settle = async (ms: number): Promise<void> => {
      for (let i = 0; i < ms; i += 250) {
        w.pass(250);
        await Promise.resolve(); // The question whether the session is still good.
        await Promise.resolve();
      }
    };
    desk.init(w.host());
    desk.enter({ id: "mei", name: "Mei", role: "agent" });
    await settle(5_000);
    desk.select("c");
    const said: string[] = [];
    for (let i = 0; i < 60; i++) {
      const text = `reply ${i}`;
      said.push(text);
      desk.say("c", text);
      if (w.chance() < 0.5) w.customer(`new ${i}`);
      if (w.chance() < 0.2) w.cut();
      await settle(Math.floor(w.chance() * 4_000));
      if (w.chance() < 0.1) desk.older("c");
    }
    w.calm = true;
    await settle(60_000);
    w.customer("the last");
    await settle(5_000);
    while (desk.thread("c").value.more) {
      desk.older("c");
      await settle(1_000);
    }
    assert.deepEqual(texts(w.log, "out"), said);
    assert.deepEqual(desk.outbox.value, []);
    assert.deepEqual(desk.thread("c").value.items.map((i) => i.seq), w.log.map((e) => e.seq));
    assert.equal(new Set(w.alerts).size, w.alerts.length, "nothing is announced twice");
    assert.equal(w.stored.has("outbox.mei"), false);
    desk.leave(false);
    w.timers = [];
  });
