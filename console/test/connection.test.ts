import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, Connection, DEAD_MS, OPEN_MS, PING_MS, type LinkState, type SocketLike } from "../src/model/connection";
import type { ServerFrame } from "../src/protocol";

class FakeSocket implements SocketLike {
  said: { type: string }[] = [];
  readyState = 1;
  closedWith: number | undefined;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number }) => void) | null = null;
  send(data: string): void {
    this.said.push(JSON.parse(data));
  }
  close(code?: number): void {
    this.closedWith = code;
  }
  hears(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }
}

function world(session: "in" | "out" | "unreachable" = "in") {
  let now = 0;
  let timers: { at: number; fn: () => void }[] = [];
  const sockets: FakeSocket[] = [];
  const states: LinkState[] = [];
  const frames: ServerFrame[] = [];
  let lost = 0;
  const link = new Connection(
    {
      open: () => (sockets.push(new FakeSocket()), sockets[sockets.length - 1]!),
      session: () => Promise.resolve(session),
      now: () => now,
      after: (ms, fn) => {
        const t = { at: now + ms, fn };
        timers.push(t);
        return t;
      },
      cancel: (t) => (timers = timers.filter((x) => x !== t)),
      random: () => 0,
    },
    { hello: () => ({ type: "hello", v: 1 }), frame: (f) => frames.push(f), state: (s) => states.push(s), lost: () => lost++ },
  );
  const last = (): FakeSocket => sockets[sockets.length - 1]!;
  return {
    link, sockets, states, frames, last,
    lost: () => lost,
    at: () => states[states.length - 1]!.at,
    /** Lets time pass, timer by timer. */
    async pass(ms: number): Promise<void> {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at)[0];
        if (!next) break;
        now = next.at;
        timers = timers.filter((t) => t !== next);
        next.fn();
        await Promise.resolve();
        await Promise.resolve();
      }
      now = end;
    },
    welcome(): void {
      last().onopen?.();
      last().hears({ type: "welcome" });
    },
  };
}

test("says hello first, and is ready only when welcomed", () => {
  const w = world();
  w.link.start();
  w.last().onopen?.();
  assert.deepEqual(w.last().said, [{ type: "hello", v: 1 }]);
  assert.equal(w.link.send({ type: "ping" }), false);
  w.last().hears({ type: "welcome" });
  assert.equal(w.at(), "ready");
  assert.equal(w.link.send({ type: "ping" }), true);
});

test("waits longer from try to try, and tries at once after a welcome", async () => {
  const w = world();
  w.link.start();
  const waits: number[] = [];
  for (let i = 0; i < 8; i++) {
    w.last().onclose?.({ code: 1006 });
    const n = w.sockets.length;
    let waited = 0;
    while (w.sockets.length === n) {
      await w.pass(250);
      waited += 250;
    }
    waits.push(waited);
  }
  assert.deepEqual(waits, [250, 500, 1000, 2000, 4000, 7500, 7500, 7500]);
  w.welcome();
  w.last().onclose?.({ code: 1006 });
  const n = w.sockets.length;
  await w.pass(250);
  assert.equal(w.sockets.length, n + 1);
});

test("the wait is jittered over its upper half and bounded", () => {
  assert.equal(backoff(0, 0), 250);
  assert.equal(backoff(0, 1), 500);
  assert.equal(backoff(50, 1), 15_000);
});

test("comes back when the node that left asked for it", async () => {
  const w = world();
  w.link.start();
  w.welcome();
  w.last().hears({ type: "bye", reason: "drain", retry_after_ms: 4000 });
  w.last().onclose?.({ code: 1012 });
  await w.pass(3900);
  assert.equal(w.sockets.length, 1);
  await w.pass(200);
  assert.equal(w.sockets.length, 2);
});

for (const [code, at] of [[4010, "replaced"], [1008, "refused"], [4001, "logged_out"], [1000, "logged_out"]] as const)
  test(`close ${code} means ${at}, and no further try`, async () => {
    const w = world();
    w.link.start();
    w.welcome();
    w.last().onclose?.({ code });
    assert.equal(w.at(), at);
    await w.pass(60_000);
    assert.equal(w.sockets.length, 1);
  });

for (const code of [1009, 4002, 4008, 4009])
  test(`close ${code} is answered slowly`, async () => {
    const w = world();
    w.link.start();
    w.welcome();
    w.last().onclose?.({ code });
    await w.pass(4900);
    assert.equal(w.sockets.length, 1);
    await w.pass(200);
    assert.equal(w.sockets.length, 2);
  });

test("a socket that is closing takes no more", () => {
  const w = world();
  w.link.start();
  w.welcome();
  w.last().readyState = 2;
  assert.equal(w.link.send({ type: "ping" }), false);
});

test("a connection that never opened because the login ended leads to the log in", async () => {
  const w = world("out");
  w.link.start();
  w.last().onclose?.({ code: 1006 });
  await w.pass(1000);
  assert.equal(w.at(), "logged_out");
  assert.equal(w.sockets.length, 1);
});

test("a quiet link is pinged, and one that does not answer is given up", async () => {
  const w = world();
  w.link.start();
  w.welcome();
  await w.pass(PING_MS);
  assert.equal(w.last().said.at(-1)?.type, "ping");
  w.last().hears({ type: "pong" });
  await w.pass(PING_MS);
  assert.deepEqual(w.last().said.map((f) => f.type), ["hello", "ping", "ping"]);
  await w.pass(DEAD_MS - 100);
  assert.equal(w.lost(), 0);
  await w.pass(500);
  assert.equal(w.sockets[0]!.closedWith, 4000);
  assert.deepEqual([w.lost(), w.sockets.length], [1, 2]);
});

test("an open that hangs is given up", async () => {
  const w = world();
  w.link.start();
  await w.pass(OPEN_MS + 300);
  assert.equal(w.sockets.length, 2);
});

test("what an old socket still says is not heard", async () => {
  const w = world();
  w.link.start();
  w.welcome();
  const old = w.last();
  const heard = old.onmessage;
  old.onclose?.({ code: 1006 });
  await w.pass(300);
  const n = w.frames.length;
  heard?.({ data: '{"type":"pong"}' });
  assert.equal(w.frames.length, n);
});

test("what is no frame is left alone", () => {
  const w = world();
  w.link.start();
  w.welcome();
  const n = w.frames.length;
  for (const data of ["", "{", "null", "[]", '"x"', '{"type":1}', new Uint8Array(2)]) w.last().onmessage?.({ data });
  assert.equal(w.frames.length, n);
});

test("in a hurry it tries now, and never twice at once", async () => {
  const w = world();
  w.link.start();
  w.last().onclose?.({ code: 1006 });
  w.link.hurry();
  w.link.hurry();
  assert.equal(w.sockets.length, 2);
  await w.pass(5000);
  assert.equal(w.sockets.length, 2);
});
