// The simulated SMSC when things go wrong: faults switched on, malformed PDUs, its control API, its program.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import net from "node:net";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { BANK, PHONE, client, smpp, smsc, submit } from "./esme.js";

const TEXT = { short_message: Buffer.from("hello"), data_coding: 0 };

const STATUSES = [
  ["throttling", { throttlePerSecond: 0 }, smpp.ESME_RTHROTTLED],
  ["a full queue", { queueFull: true }, smpp.ESME_RMSGQFUL],
  ["an ordered error", { errorNext: { status: 0x45, count: 5 } }, 0x45],
  ["an error for one destination", { submitStatusOf: { [PHONE]: 0x0b } }, 0x0b],
];

for (const [what, faults, status] of STATUSES) {
  test(`${what} refuses a submit, and nothing reaches the phone`, async (t) => {
    const peer = await smsc(t);
    const c = await client(t, peer);
    peer.faults.set(faults);
    const refused = await submit(c, TEXT);
    assert.equal(refused.command_status, status);
    assert.equal(refused.command_length, 16); // a bare header, as most SMSCs
    peer.faults.set({ errorBody: true });
    assert.ok((await submit(c, TEXT)).command_length > 16);
    assert.equal(peer.messages(PHONE).length, 0);
    peer.faults.clear();
    assert.equal((await submit(c, TEXT)).command_status, 0);
  });
}

test("throttling counts the submits of a second", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ throttlePerSecond: 3 });
  const statuses = (await Promise.all(Array.from({ length: 10 }, () => submit(c, TEXT)))).map(
    (r) => r.command_status,
  );
  const taken = statuses.filter((s) => s === 0).length;
  assert.ok(taken >= 3 && taken < 10, `${taken} taken`); // a second may turn in between
  assert.ok(statuses.every((s) => s === 0 || s === smpp.ESME_RTHROTTLED));
});

test("a mute SMSC takes submits without a response; one that drops the link leaves them unknown", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ mute: "submits" });
  void submit(c, TEXT);
  await peer.waitForText({ to: PHONE });
  assert.equal((await c.request("enquire_link")).command_status, 0);
  peer.faults.set({ mute: "off", dropNext: 1 });
  const closed = once(c.session, "close");
  void submit(c, TEXT);
  await closed;
  assert.equal(peer.messages(PHONE).length, 2);
  assert.equal(peer.faults.values.dropNext, 0);
});

test("latency delays the response to a submit and holds back nothing else", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  peer.faults.set({ latencyMs: 400 });
  const order = [];
  const started = Date.now();
  const slow = submit(c, TEXT).then(() => order.push("submit"));
  await c.request("enquire_link").then(() => order.push("enquire"));
  await slow;
  assert.deepEqual(order, ["enquire", "submit"]);
  assert.ok(Date.now() - started >= 399);
});

test("binds are refused, and a transceiver may be unknown", async (t) => {
  const peer = await smsc(t);
  peer.faults.set({ refuseTransceiver: true });
  assert.equal((await client(t, peer)).bound.command_status, smpp.ESME_RINVCMDID);
  assert.equal((await client(t, peer, { mode: "receiver" })).bound.command_status, 0);
  peer.faults.set({ refuseBind: smpp.ESME_RBINDFAIL });
  assert.equal((await client(t, peer, { mode: "receiver" })).bound.command_status, smpp.ESME_RBINDFAIL);
  peer.faults.clear();
  peer.faults.set({ omitVersion: true });
  assert.equal((await client(t, peer)).bound.sc_interface_version, undefined);
});

test("PDUs cut to single octets still arrive, also with a vendor's TLVs", async (t) => {
  const peer = await smsc(t);
  const socket = await raw(t, peer);
  await bindRaw(socket);
  peer.faults.set({ dribble: 1, vendorTlvs: true });
  const delivered = peer.deliver({ from: PHONE, to: BANK, text: "你好" });
  const pdu = await socket.frame();
  assert.equal(pdu.readUInt32BE(4), 5);
  const tail = pdu.subarray(-26); // 0x1401 "vendor", 0x2001 empty, 0x3177 four octets, 0x020c empty
  assert.equal(
    tail.toString("hex"),
    "14010006" + Buffer.from("vendor").toString("hex") + "20010000" + "3177000400010203" + "020c0000",
  );
  socket.write(frame(0x80000005, 0, pdu.readUInt32BE(12), Buffer.from([0])));
  assert.ok((await delivered).ok);
});

test("a half-open link stands and is silent", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  assert.equal(peer.halfOpen(), 1);
  let closed = false;
  c.session.on("close", () => (closed = true));
  const answer = await Promise.race([
    c.request("enquire_link"),
    new Promise((r) => setTimeout(r, 60, "silence")),
  ]);
  assert.equal(answer, "silence");
  assert.equal(closed, false);
  const other = await client(t, peer);
  await peer.deliver({ from: PHONE, to: BANK, text: "x" });
  assert.equal(other.got.length, 1);
});

test("it sends enquire_link and unbind, and answers both", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  assert.equal((await peer.enquire())[0].status, 0);
  const unbound = once(c.session, "unbind");
  peer.unbind();
  await unbound;
  await once(c.session, "close");
});

// --- malformed PDUs: what the gateway may rely on being told ------------------------------------

function frame(id, status, sequence, body = Buffer.alloc(0)) {
  const head = Buffer.alloc(16);
  [16 + body.length, id, status, sequence].forEach((v, i) => head.writeUInt32BE(v >>> 0, i * 4));
  return Buffer.concat([head, body]);
}

/** A socket with frame(): the next whole PDU. */
async function raw(t, peer) {
  const socket = net.connect(peer.smppPort, "127.0.0.1");
  t.after(() => socket.destroy());
  await once(socket, "connect");
  let buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    buffer = Buffer.concat([buffer, chunk]);
    socket.emit("more");
  });
  socket.frame = async () => {
    while (buffer.length < 16 || buffer.length < buffer.readUInt32BE(0))
      await once(socket, "more", { signal: AbortSignal.timeout(PATIENCE_MS) });
    const length = buffer.readUInt32BE(0);
    const whole = buffer.subarray(0, length);
    buffer = buffer.subarray(length);
    return whole;
  };
  return socket;
}

async function bindRaw(socket) {
  const body = Buffer.concat([Buffer.from("posthouse\0secret\0\0"), Buffer.from([0x34, 0, 0, 0])]);
  socket.write(frame(9, 0, 1, body));
  assert.equal((await socket.frame()).readUInt32BE(8), 0);
}

const MALFORMED = [
  [
    "an unknown command",
    frame(0x0000abcd, 0, 7),
    { id: 0x80000000, status: 0x03, sequence: 7, survives: true },
  ],
  [
    "a submit_sm without its NUL",
    frame(4, 0, 8, Buffer.from("abcdef")),
    { id: 0x80000004, status: 0x02, sequence: 8, survives: true },
  ],
  [
    "an impossible command_length",
    Buffer.from("0000000400000004", "hex"),
    { id: 0x80000000, status: 0x02, sequence: 0, survives: false },
  ],
  [
    "another protocol",
    Buffer.from("GET / HTTP/1.1\r\nHost: x\r\n\r\n"),
    { id: 0x80000000, status: 0x02, sequence: 0, survives: false },
  ],
];

for (const [what, octets, wanted] of MALFORMED) {
  test(`${what} gets its answer${wanted.survives ? " and the link survives" : " and the link ends"}`, async (t) => {
    const peer = await smsc(t);
    const socket = await raw(t, peer);
    await bindRaw(socket);
    const ended = once(socket, "end");
    socket.write(octets);
    const answer = await socket.frame();
    assert.deepEqual(
      [4, 8, 12].map((at) => answer.readUInt32BE(at)),
      [wanted.id, wanted.status, wanted.sequence],
    );
    if (!wanted.survives) return void (await ended);
    socket.write(frame(0x15, 0, 9));
    assert.equal((await socket.frame()).readUInt32BE(4), 0x80000015);
  });
}

test("a TLV that runs past the end is refused with 0xC0", async (t) => {
  const peer = await smsc(t);
  const socket = await raw(t, peer);
  await bindRaw(socket);
  const body = new smpp.PDU("submit_sm", {
    source_addr: BANK,
    destination_addr: "8613800138000",
    short_message: Buffer.from("x"),
    data_coding: 0,
  })
    .toBuffer()
    .subarray(16);
  socket.write(frame(4, 0, 2, Buffer.concat([body, Buffer.from([0x02, 0x04, 0x00, 0x09, 1])])));
  assert.equal((await socket.frame()).readUInt32BE(8), 0xc0);
  assert.equal(peer.messages(PHONE).length, 0);
});

// --- the control API and the program ------------------------------------------------------------

const post = (url, body) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });

test("the control API delivers, waits, sets, and says what is wrong", async (t) => {
  const peer = await smsc(t);
  const c = await client(t, peer);
  const delivered = await post(`${peer.httpUrl}/api/deliver`, {
    from: PHONE,
    to: BANK,
    text: "你好",
    wait: true,
  });
  assert.deepEqual((await delivered.json()).statuses, [0]);
  await submit(c, TEXT);
  const found = await (
    await fetch(`${peer.httpUrl}/api/wait?phone=${encodeURIComponent(PHONE)}&text=hell`)
  ).json();
  assert.equal(found.text, "hello");
  assert.equal((await fetch(`${peer.httpUrl}/api/wait?text=never&timeout_ms=20`)).status, 408);
  const wrong = await post(`${peer.httpUrl}/api/faults`, { latncyMs: 5 });
  assert.equal(wrong.status, 400);
  assert.match((await wrong.json()).error, /latncyMs.*latencyMs/s);
  assert.equal((await post(`${peer.httpUrl}/api/faults`, { mute: "maybe" })).status, 400);
  assert.equal((await post(`${peer.httpUrl}/api/deliver`, { from: PHONE })).status, 200);
  assert.equal((await post(`${peer.httpUrl}/api/deliver`, { from: PHONE, wait: true })).status, 400);
  assert.equal((await fetch(`${peer.httpUrl}/api/reset`, { method: "POST" })).status, 415);
  assert.equal((await fetch(`${peer.httpUrl}/..%2fmain.js`)).status, 404);
  assert.equal((await (await fetch(`${peer.httpUrl}/api/counts`)).json())[0].count, 1);
});

test("the page comes with a strict policy, and its stream begins with the whole picture", async (t) => {
  const peer = await smsc(t);
  const page = await fetch(peer.httpUrl);
  assert.match(page.headers.get("content-security-policy"), /^default-src 'self';/);
  assert.doesNotMatch(await page.text(), /<script(?![^>]*src=)|<style|style=|onclick=/);
  const stream = await fetch(`${peer.httpUrl}/api/stream`);
  const reader = stream.body.getReader();
  const { value } = await reader.read();
  assert.match(Buffer.from(value).toString(), /^event: hello\ndata: \{"smppPort":\d+/);
  await reader.cancel();
});

test("the program says where it is, and ends on SIGTERM", async (t) => {
  const main = fileURLToPath(new URL("../peers/smsc/main.js", import.meta.url));
  const child = spawn(
    process.execPath,
    [main, "--smpp-port", "0", "--http-port", "0", "--system-id", "op1", "--password", "pw"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface(child.stdout), "line");
  const ready = JSON.parse(line);
  assert.equal(ready.ready, "smsc");
  const c = await client(t, ready, { systemId: "op1", password: "pw" });
  assert.equal(c.bound.command_status, 0);
  assert.deepEqual(await (await fetch(`${ready.url}/healthz`)).json(), { ok: true });
  child.kill("SIGTERM");
  assert.deepEqual(await once(child, "exit"), [0, null]);
  const wrong = spawn(process.execPath, [main, "--smpp-prt", "0"], { stdio: "ignore" });
  assert.deepEqual(await once(wrong, "exit"), [2, null]);
});
