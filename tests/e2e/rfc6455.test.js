// RFC 6455 on the wire, with raw sockets; then npm ws as a client that we did not write.
import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import test from "node:test";
import WebSocket from "ws";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { echoServer, raw } from "./echo.js";

const KEY = "dGhlIHNhbXBsZSBub25jZQ=="; // section 1.3
const ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

const headers = {
  Host: "a.example",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Key": KEY,
  "Sec-WebSocket-Version": "13",
};

function request(path = "/ws", changes = {}, line = `GET ${path} HTTP/1.1`) {
  const all = { ...headers, ...changes };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [].concat(value).map((one) => `${name}: ${one}`));
  return [line, ...lines, "", ""].join("\r\n");
}

/** A client's frame; every rule of it can be broken. */
function frame(opcode, payload = "", { fin = true, mask = true, rsv = 0, length } = {}) {
  const body = Buffer.from(payload);
  const size = length ?? (body.length < 126 ? 7 : body.length < 65536 ? 16 : 64);
  const head = [(fin ? 0x80 : 0) | (rsv << 4) | opcode];
  const bit = mask ? 0x80 : 0;
  if (size === 7) head.push(bit | body.length);
  else if (size === 16) head.push(bit | 126, body.length >> 8, body.length & 255);
  else {
    const wide = Buffer.alloc(8);
    wide.writeBigUInt64BE(BigInt(body.length));
    head.push(bit | 127, ...wide);
  }
  if (!mask) return Buffer.concat([Buffer.from(head), body]);
  const key = randomBytes(4);
  return Buffer.concat([Buffer.from(head), key, body.map((octet, i) => octet ^ key[i % 4])]);
}

const TEXT = 1, BINARY = 2, CLOSE = 8, PING = 9, PONG = 10;

async function open(t, server, path = "/ws", changes = {}, extra = Buffer.alloc(0)) {
  const c = await raw(t, server.port);
  c.write(Buffer.concat([Buffer.from(request(path, changes)), extra]));
  const answer = await c.answer();
  assert.equal(answer.status, 101);
  assert.equal(answer.headers["sec-websocket-accept"], ACCEPT);
  c.handshake = answer;
  return c;
}

/** The server's next frame. */
async function next(c) {
  const [first, second] = await c.read(2);
  assert.equal(second & 0x80, 0, "a server never masks");
  assert.equal(first & 0x70, 0, "no extension was agreed");
  let length = second & 127;
  if (length === 126) length = (await c.read(2)).readUInt16BE();
  else if (length === 127) length = Number((await c.read(8)).readBigUInt64BE());
  return { opcode: first & 15, fin: Boolean(first & 0x80), payload: length ? await c.read(length) : Buffer.alloc(0) };
}

/** It closes with code, then ends TCP itself while we say nothing (7.1.1). */
async function closes(c, code) {
  const f = await next(c);
  assert.equal(f.opcode, CLOSE);
  assert.equal(f.payload.length ? f.payload.readUInt16BE() : 1005, code);
  assert.ok(f.payload.length <= 125);
  assert.equal((await c.end()).length, 0, "nothing follows a close frame");
  return String(f.payload.subarray(2));
}

async function echoes(c, text) {
  c.write(frame(TEXT, text));
  const f = await next(c);
  assert.equal(f.opcode, TEXT);
  assert.equal(String(f.payload), text);
}

const server = await echoServer({ after: (stop) => test.after(stop) });

test("handshake", async (t) => {
  await t.test("the example of section 1.3", async (t) => {
    const c = await open(t, server);
    assert.equal(c.handshake.headers.upgrade.toLowerCase(), "websocket");
    assert.equal(c.handshake.headers.connection.toLowerCase(), "upgrade");
    assert.equal(c.handshake.headers["sec-websocket-protocol"], undefined);
    assert.equal(c.handshake.headers["sec-websocket-extensions"], undefined);
    await echoes(c, "hello");
  });
  await t.test("tokens in lists, in any case", async (t) => {
    const c = await open(t, server, "/ws", { Upgrade: "h2c, WebSocket", Connection: "keep-alive, UPGRADE" });
    await echoes(c, "hello");
  });
  await t.test("tokens in several fields", async (t) => {
    const c = await open(t, server, "/ws", { Connection: ["keep-alive", "Upgrade"] });
    await echoes(c, "hello");
  });
  await t.test("header names in any case", async (t) => {
    const c = await raw(t, server.port);
    c.write(request().replace(/^[A-Z][^:\r\n]*(?=:)/gm, (name) => name.toUpperCase()));
    assert.equal((await c.answer()).status, 101);
  });
  await t.test("octet by octet", async (t) => {
    const c = await raw(t, server.port);
    for (const octet of request()) {
      c.write(octet);
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal((await c.answer()).status, 101);
    await echoes(c, "hello");
  });
  await t.test("no extension is agreed to", async (t) => {
    const c = await open(t, server, "/ws", { "Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits" });
    assert.equal(c.handshake.headers["sec-websocket-extensions"], undefined);
    c.write(frame(TEXT, "x", { rsv: 4 }));
    await closes(c, 1002);
  });
  await t.test("a subprotocol is named only when it is offered", async (t) => {
    const c = await open(t, server, "/chat", { "Sec-WebSocket-Protocol": "other, test.v1" });
    assert.equal(c.handshake.headers["sec-websocket-protocol"], "test.v1");
    const d = await open(t, server, "/ws", { "Sec-WebSocket-Protocol": "test.v1" });
    assert.equal(d.handshake.headers["sec-websocket-protocol"], undefined);
  });

  const refused = [
    ["version 8", { "Sec-WebSocket-Version": "8" }, 426],
    ["version 14", { "Sec-WebSocket-Version": "14" }, 426],
    ["no version", { "Sec-WebSocket-Version": undefined }, 426],
    ["two versions", { "Sec-WebSocket-Version": ["13", "8"] }, 426],
    ["no Upgrade", { Upgrade: undefined }, 426],
    ["Upgrade to something else", { Upgrade: "websockets" }, 426],
    ["no Connection: Upgrade", { Connection: "keep-alive" }, 426],
    ["no key", { "Sec-WebSocket-Key": undefined }, 400],
    ["two keys", { "Sec-WebSocket-Key": [KEY, KEY] }, 400],
    ["a key of 15 octets", { "Sec-WebSocket-Key": randomBytes(15).toString("base64") }, 400],
    ["a key of 17 octets", { "Sec-WebSocket-Key": randomBytes(17).toString("base64") }, 400],
    ["a key that is not base64", { "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25j*Q==" }, 400],
    ["no Host", { Host: undefined }, 400],
    ["refused by the owner", { "X-Refuse": "yes" }, 403],
    ["subprotocol not offered", { "Sec-WebSocket-Protocol": "test.v2" }, 400, "/chat"],
    ["subprotocol in another case", { "Sec-WebSocket-Protocol": "TEST.V1" }, 400, "/chat"],
  ];
  for (const [what, changes, status, path = "/ws"] of refused)
    await t.test(`${what}: ${status}`, async (t) => {
      const c = await raw(t, server.port);
      c.write(request(path, changes));
      const answer = await c.answer();
      assert.equal(answer.status, status);
      assert.equal(answer.headers["content-type"], "application/problem+json");
      assert.equal(JSON.parse(answer.body).status, status);
      if (status === 426) assert.equal(answer.headers["sec-websocket-version"], "13");
    });
  await t.test("POST: 405", async (t) => {
    const c = await raw(t, server.port);
    c.write(request("/ws", {}, "POST /ws HTTP/1.1"));
    assert.equal((await c.answer()).status, 405);
  });
  await t.test("HTTP/1.0: 426", async (t) => {
    const c = await raw(t, server.port);
    c.write(request("/ws", {}, "GET /ws HTTP/1.0"));
    assert.equal((await c.answer()).status, 426);
  });
  await t.test("a body in the handshake is no frame", async (t) => {
    const c = await raw(t, server.port);
    c.write(`${request("/ws", { "Content-Length": "2" })}ab`);
    assert.equal((await c.answer()).status, 400);
  });
});

test("frames", async (t) => {
  await t.test("in the same segment as the request", async (t) => {
    const c = await open(t, server, "/ws", {}, Buffer.concat([frame(TEXT, "one"), frame(TEXT, "two")]));
    assert.equal(String((await next(c)).payload), "one");
    assert.equal(String((await next(c)).payload), "two");
  });
  await t.test("half of one in the same segment as the request", async (t) => {
    const one = frame(TEXT, "in two pieces");
    const c = await open(t, server, "/ws", {}, one.subarray(0, 7));
    c.write(one.subarray(7));
    assert.equal(String((await next(c)).payload), "in two pieces");
  });
  await t.test("octet by octet", async (t) => {
    const c = await open(t, server);
    for (const octet of frame(TEXT, "Grüße 你好")) {
      c.write(Buffer.from([octet]));
      await new Promise((resolve) => setImmediate(resolve));
    }
    assert.equal(String((await next(c)).payload), "Grüße 你好");
  });
  for (const size of [0, 1, 125, 126, 127, 65535, 65536, 300000])
    await t.test(`text of ${size} octets`, async (t) => {
      const c = await open(t, server);
      await echoes(c, "x".repeat(size));
    });
  for (const length of [16, 64])
    await t.test(`a length of ${length} bits that need not be`, async (t) => {
      const c = await open(t, server);
      c.write(frame(TEXT, "abc", { length }));
      assert.equal(String((await next(c)).payload), "abc");
    });
  await t.test("fragments, with a ping and a pong between", async (t) => {
    const c = await open(t, server);
    c.write(frame(TEXT, "a", { fin: false }));
    c.write(frame(PING, "are you there"));
    assert.deepEqual(await next(c), { opcode: PONG, fin: true, payload: Buffer.from("are you there") });
    c.write(frame(0, "b", { fin: false }));
    c.write(frame(PONG, "nobody asked"));
    c.write(frame(0, "", { fin: false }));
    c.write(frame(0, "c"));
    assert.equal(String((await next(c)).payload), "abc");
  });
  await t.test("a ping of 125 octets comes back as it was", async (t) => {
    const c = await open(t, server);
    const payload = randomBytes(125);
    c.write(frame(PING, payload));
    assert.deepEqual((await next(c)).payload, payload);
  });
  await t.test("UTF-8 cut between fragments", async (t) => {
    const c = await open(t, server);
    const text = Buffer.from("你好😀");
    for (let i = 0; i < text.length; i++)
      c.write(frame(i ? 0 : TEXT, text.subarray(i, i + 1), { fin: i === text.length - 1 }));
    assert.equal(String((await next(c)).payload), "你好😀");
  });
  await t.test("many in one segment are answered in order", async (t) => {
    const c = await open(t, server);
    c.write(Buffer.concat(Array.from({ length: 500 }, (_, i) => frame(TEXT, `n${i}`))));
    for (let i = 0; i < 500; i++) assert.equal(String((await next(c)).payload), `n${i}`);
  });

  const wrong = [
    ["unmasked", frame(TEXT, "x", { mask: false }), 1002],
    ["unmasked ping", frame(PING, "", { mask: false }), 1002],
    ["RSV1", frame(TEXT, "x", { rsv: 4 }), 1002],
    ["RSV2", frame(TEXT, "x", { rsv: 2 }), 1002],
    ["RSV3", frame(TEXT, "x", { rsv: 1 }), 1002],
    ["RSV1 on a ping", frame(PING, "x", { rsv: 4 }), 1002],
    ["reserved opcode 3", frame(3), 1002],
    ["reserved opcode 11", frame(11), 1002],
    ["reserved opcode 15", frame(15), 1002],
    ["fragmented ping", frame(PING, "x", { fin: false }), 1002],
    ["fragmented close", frame(CLOSE, "", { fin: false }), 1002],
    ["ping of 126 octets", frame(PING, "x".repeat(126)), 1002],
    ["continuation of nothing", frame(0, "x"), 1002],
    ["text within a message", Buffer.concat([frame(TEXT, "a", { fin: false }), frame(TEXT, "b")]), 1002],
    ["a 64-bit length with its top bit", Buffer.from("81ff800000000000000000000000", "hex"), 1002],
    ["binary", frame(BINARY, "x"), 1003],
    ["not UTF-8", frame(TEXT, Buffer.from([0xc0, 0x80])), 1007],
    ["a surrogate", frame(TEXT, Buffer.from([0xed, 0xa0, 0x80])), 1007],
    ["UTF-8 that ends too soon", frame(TEXT, Buffer.from([0xe4, 0xbd])), 1007],
    ["not UTF-8 in the second fragment",
      Buffer.concat([frame(TEXT, Buffer.from([0xe4]), { fin: false }), frame(0, "x", { fin: false })]), 1007],
    ["larger than allowed", Buffer.from("81ff000000000010000100000000", "hex"), 1009],
    ["larger than allowed in fragments", Buffer.concat([
      frame(TEXT, "x".repeat(600000), { fin: false }), frame(0, "x".repeat(600000))]), 1009],
    ["more fragments than allowed", Buffer.concat([
      frame(TEXT, "", { fin: false }), ...Array.from({ length: 300 }, () => frame(0, "", { fin: false }))]), 1008],
  ];
  for (const [what, octets, code] of wrong)
    await t.test(`${what}: ${code}`, async (t) => {
      const c = await open(t, server);
      c.write(octets);
      await closes(c, code);
    });
  await t.test("text fails before its frame is complete", async (t) => {
    const c = await open(t, server);
    const octets = frame(TEXT, Buffer.concat([Buffer.from([0xff]), Buffer.alloc(1000, 0x78)]));
    c.write(octets.subarray(0, 20));
    await closes(c, 1007);
  });
  await t.test("a limit of its own: 1000 octets", async (t) => {
    const c = await open(t, server, "/chat", { "Sec-WebSocket-Protocol": "test.v1" });
    await echoes(c, "x".repeat(1000));
    c.write(frame(TEXT, "x".repeat(1001)));
    await closes(c, 1009);
  });
  await t.test("too many pings: 4008", async (t) => {
    const c = await open(t, server);
    for (let i = 0; i < 51; i++) c.write(frame(PING));
    for (let i = 0; i < 50; i++) assert.equal((await next(c)).opcode, PONG);
    await closes(c, 4008);
  });
});

test("closing", async (t) => {
  for (const code of [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 3999, 4000, 4999])
    await t.test(`${code} is answered by itself, and the server ends TCP first`, async (t) => {
      const c = await open(t, server);
      c.write(frame(CLOSE, Buffer.from([code >> 8, code & 255, 0x6f, 0x6b])));
      await closes(c, code);
    });
  await t.test("without a code", async (t) => {
    const c = await open(t, server);
    c.write(frame(CLOSE));
    await closes(c, 1005);
  });
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    await t.test(`${code} must not be sent: 1002`, async (t) => {
      const c = await open(t, server);
      c.write(frame(CLOSE, Buffer.from([code >> 8, code & 255])));
      await closes(c, 1002);
    });
  await t.test("a body of one octet: 1002", async (t) => {
    const c = await open(t, server);
    c.write(frame(CLOSE, "x"));
    await closes(c, 1002);
  });
  await t.test("a reason that is not UTF-8: 1007", async (t) => {
    const c = await open(t, server);
    c.write(frame(CLOSE, Buffer.from([3, 232, 0xff])));
    await closes(c, 1007);
  });
  await t.test("nothing is said to what comes behind a close", async (t) => {
    const c = await open(t, server);
    c.write(Buffer.concat([frame(CLOSE, Buffer.from([3, 232])), frame(TEXT, "x"), frame(PING)]));
    await closes(c, 1000);
  });
  await t.test("by the server: its code and reason, then it waits for ours", async (t) => {
    const c = await open(t, server);
    c.write(frame(TEXT, "close 4001 why"));
    const f = await next(c);
    assert.equal(f.opcode, CLOSE);
    assert.equal(f.payload.readUInt16BE(), 4001);
    assert.equal(String(f.payload.subarray(2)), "why");
    c.write(frame(TEXT, "too late"));
    c.write(frame(CLOSE, f.payload));
    assert.equal((await c.end()).length, 0);
  });
  await t.test("by the server: a client that does not answer is not waited for longer than a while", async (t) => {
    const c = await open(t, server);
    c.write(frame(TEXT, "close 4001 why"));
    const began = Date.now();
    await c.end(8000);
    assert.ok(Date.now() - began > 1000, "it was given time");
  });
  await t.test("TCP without a close frame is 1006 to the owner", async (t) => {
    const one = await echoServer(t);
    const c = await open(t, one);
    c.socket.destroy();
    await until(() => one.said().includes("closed: 1006"));
  });
});

async function until(condition, ms = PATIENCE_MS) {
  for (const end = Date.now() + ms; !condition();) {
    assert.ok(Date.now() < end, "not in time");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test("a silent peer is asked, and dropped when it does not answer", async (t) => {
  const quick = await echoServer(t, { ECHO_PING_MS: "300" });
  const c = await open(t, quick);
  assert.equal((await next(c)).opcode, PING);
  c.write(frame(PONG));
  assert.equal((await next(c)).opcode, PING, "asked again after an answer");
  await assert.rejects(c.end(), /ECONNRESET/, "dropped without one");
  await until(() => quick.said().includes("closed: 1006"));
});

test("a slow reader has a bounded output, and hears when there is room again", async (t) => {
  const one = await echoServer(t);
  const c = await open(t, one);
  c.socket.pause();
  c.write(frame(TEXT, "flood"));
  await until(() => one.said().includes("then EAGAIN"));
  c.socket.resume();
  let frames = 0;
  for (;;) {
    const f = await next(c);
    assert.equal(f.opcode, TEXT);
    if (String(f.payload) === "drained") break;
    frames++;
  }
  assert.ok(frames > 10);
});

test("the server's end", async (t) => {
  const one = await echoServer(t);
  const c = await open(t, one);
  assert.equal(await one.stop(), 0, "it ends in order while sockets are open");
  await c.end().catch((error) => assert.match(String(error), /ECONNRESET/));
});

test("npm ws, which we did not write", async (t) => {
  const url = `ws://127.0.0.1:${server.port}`;
  await t.test("echoes", async () => {
    const ws = new WebSocket(`${url}/ws`);
    await once(ws, "open");
    for (const text of ["a", "你好 😀", "x".repeat(70000)]) {
      ws.send(text);
      const [data, isBinary] = await once(ws, "message");
      assert.equal(isBinary, false);
      assert.equal(String(data), text);
    }
    ws.ping("p");
    const [payload] = await once(ws, "pong");
    assert.equal(String(payload), "p");
    ws.close(1000, "done");
    const [code, reason] = await once(ws, "close");
    assert.equal(code, 1000);
    assert.equal(String(reason), "");
  });
  await t.test("subprotocol", async () => {
    const ws = new WebSocket(`${url}/chat`, ["test.v1"]);
    await once(ws, "open");
    assert.equal(ws.protocol, "test.v1");
    ws.terminate();
  });
  await t.test("permessage-deflate is offered and not taken", async () => {
    const ws = new WebSocket(`${url}/ws`, { perMessageDeflate: true });
    await once(ws, "open");
    assert.equal(ws.extensions, "");
    ws.terminate();
  });
  await t.test("a close of the server's", async () => {
    const ws = new WebSocket(`${url}/ws`);
    await once(ws, "open");
    ws.send("close 4001 why");
    const [code, reason] = await once(ws, "close");
    assert.equal(code, 4001);
    assert.equal(String(reason), "why");
  });
  await t.test("refused", async () => {
    const ws = new WebSocket(`${url}/ws`, { headers: { "X-Refuse": "yes" } });
    const [error] = await once(ws, "error");
    assert.match(String(error), /403/);
  });
  await t.test("fragments of a stream", async () => {
    const ws = new WebSocket(`${url}/ws`);
    await once(ws, "open");
    ws.send("a", { fin: false });
    ws.send("b", { fin: false });
    ws.send("c", { fin: true });
    const [data] = await once(ws, "message");
    assert.equal(String(data), "abc");
    ws.terminate();
  });
});

test("the accept key is the one of the RFC", () => {
  const digest = createHash("sha1").update(`${KEY}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest("base64");
  assert.equal(digest, ACCEPT);
});
