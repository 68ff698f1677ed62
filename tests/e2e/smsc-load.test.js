// The load peer's habits (tests/peers/smsc-load), seen by a third party's ESME: what it measures by must be what it says.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { client, smpp, submit } from "./esme.js";
import { ROOT } from "./world.js";

const TEXT = { short_message: Buffer.from("hello"), data_coding: 0 };
const idIn = (pdu) => /^id:(\S+)/.exec((pdu.short_message.message ?? "").toString("latin1"))[1];

/** An operator with these habits; {smppPort}. */
async function operator(t, habit) {
  const program = path.join(ROOT, process.env.BUILD ?? "build", "bin", "smsc-load");
  const child = spawn(program, ["--habit", `0:${habit}`, "--numbers", "0", "--seconds", "60"], { stdio: ["ignore", "pipe", "inherit"] });
  t.after(() => child.kill("SIGKILL"));
  const [line] = await once(createInterface({ input: child.stdout }), "line", { signal: AbortSignal.timeout(PATIENCE_MS) });
  return { smppPort: JSON.parse(line).port };
}

test("it refuses each third submit with a vendor's status", async (t) => {
  const c = await client(t, await operator(t, "error=0x55F,error_every=3"));
  const statuses = [];
  for (let i = 0; i < 6; i++) statuses.push((await submit(c, TEXT)).command_status);
  assert.deepEqual(statuses, [0, 0, 0x55f, 0, 0, 0x55f]);
});

test("it takes so many submits a second and throttles the rest", async (t) => {
  const c = await client(t, await operator(t, "throttle=0"));
  assert.equal((await submit(c, TEXT)).command_status, smpp.ESME_RTHROTTLED);
});

test("its receipts come before the response, with another form of the id", async (t) => {
  const c = await client(t, await operator(t, "receipts,receipt_first,receipt_form=1"));
  for (let i = 0; i < 12; i++) {
    const { message_id } = await submit(c, TEXT);
    assert.equal(c.got.length, i + 1);
    assert.equal(Number(idIn(c.got[i])), Number.parseInt(message_id, 16));
  }
});

test("its receipts come over another session, later", async (t) => {
  const peer = await operator(t, "receipts,receipt_over_other,receipt_after=200,receipt_form=2");
  const [sender, other] = [await client(t, peer), await client(t, peer)];
  const begun = Date.now();
  const { message_id } = await submit(sender, TEXT);
  const [receipt] = await other.arrived(1);
  assert.ok(Date.now() - begun >= 195);
  assert.equal(idIn(receipt), message_id.toUpperCase().padStart(16, "0"));
  assert.equal(sender.got.length, 0);
});

test("a session that it is deaf on stands and is silent", async (t) => {
  const peer = await operator(t, "deaf_after=2");
  const c = await client(t, peer);
  let closed = false;
  c.session.on("close", () => (closed = true));
  for (let i = 0; i < 2; i++) assert.equal((await submit(c, TEXT)).command_status, 0);
  const answer = await Promise.race([submit(c, TEXT), new Promise((resolve) => setTimeout(resolve, 100, "silence"))]);
  assert.equal(answer, "silence");
  assert.equal(closed, false);
  assert.equal((await submit(await client(t, peer), TEXT)).command_status, 0);
});

test("it answers late, and reads late", async (t) => {
  const c = await client(t, await operator(t, "latency=150"));
  const begun = Date.now();
  await submit(c, TEXT);
  assert.ok(Date.now() - begun >= 145);
  const slow = await client(t, await operator(t, "read_pause=100"));
  const from = Date.now();
  for (let i = 0; i < 3; i++) await submit(slow, TEXT);
  assert.ok(Date.now() - from >= 195);
});
