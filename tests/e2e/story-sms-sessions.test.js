// How a session with an operator may begin and what may be said in it, against npm smpp, whose codec and TLS (node's)
// are not ours: 5.0 and its refusal, an outbind, TLS with certificates both ways, data_sm, receipts by data_sm.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { test } from "node:test";
import { freePorts } from "../peers/shared/ports.js";
import { until, world } from "./world.js";

const smpp = createRequire(import.meta.url)("smpp");
const PHONE = "8613800138000";
const BANK = "95500";
const FROM = { source_addr_ton: 1, source_addr_npi: 1, source_addr: PHONE, destination_addr: BANK };
const FAST = "\n    reconnect_least: 100 ms\n    reconnect_most: 200 ms";
const REFUSED = smpp.errors.ESME_RINVPARLEN ?? 0xc2;

const WRONG = "8613800138007";
const unknown = (dests) => dests.filter((d) => d.destination_addr === WRONG).map((d) => ({ ...d, error_status_code: smpp.errors.ESME_RINVDSTADR }));

/** What came over a session, answered as an SMSC does; bind(pdu) says what to answer a bind with. */
function serve(session, seen, bind = () => ({})) {
  let ids = 0;
  session.on("error", () => {});
  session.on("pdu", (pdu) => {
    seen.push(pdu);
    if (pdu.command.startsWith("bind_") && !pdu.isResponse()) session.send(pdu.response({ system_id: "SMSC", ...bind(pdu) }));
    else if (["submit_sm", "data_sm"].includes(pdu.command)) session.send(pdu.response({ message_id: `id${++ids}` }));
    else if (pdu.command === "submit_multi") session.send(pdu.response({ message_id: `many${++ids}`, unsuccess_sme: unknown(pdu.dest_address) }));
    else if (["unbind", "enquire_link"].includes(pdu.command)) session.send(pdu.response());
  });
}

/** An SMSC that listens; sessions are its bound sessions. */
async function listen(t, options, bind) {
  const seen = [];
  const sessions = [];
  const server = smpp.createServer(options, (session) => {
    sessions.push(session);
    serve(session, seen, bind);
  });
  server.on("tlsClientError", () => {});
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  t.after(() => {
    for (const s of sessions) s.destroy();
    server.close();
  });
  return { seen, sessions, port: server.address().port };
}

const request = (session, command, fields) =>
  new Promise((done) => session.send(new smpp.PDU(command, fields), (response) => done(response)));
const came = (seen, what, fits) => until(what, () => seen.find(fits));
const textOf = (pdu) => pdu.short_message?.message ?? pdu.message_payload?.message ?? pdu.message_payload;

async function asksAndIsAnswered(session, seen) {
  const { command_status } = await request(session, "deliver_sm", { ...FROM, short_message: "I lost my card" });
  assert.equal(command_status, 0);
  return came(seen, "the answer", (p) => /[Bb]lock it now/.test(String(textOf(p))));
}

test("a bind of 5.0 that is refused is one of 3.4 the next time", async (t) => {
  const smsc = await listen(t, {}, (pdu) => ({ command_status: pdu.interface_version === 0x50 ? REFUSED : 0, sc_interface_version: 0x34 }));
  const w = await world(t, { channels: ["sms"], smscPort: smsc.port, smppExtra: `${FAST}\n    interface_version: "5.0"` });
  const versions = smsc.seen.filter((p) => p.command === "bind_transceiver").map((p) => p.interface_version);
  assert.deepEqual(versions, [0x50, 0x34]);
  await asksAndIsAnswered(smsc.sessions.at(-1), smsc.seen);
  await w.gateway.stop();
});

test("an SMSC of 5.0 is spoken to as one, by data_sm, and its receipt by data_sm counts", async (t) => {
  const smsc = await listen(t, {}, () => ({ sc_interface_version: 0x50, congestion_state: 20 }));
  await world(t, { channels: ["sms"], smscPort: smsc.port, smppExtra: `${FAST}\n    interface_version: "5.0"\n    submit: data_sm` });
  const answer = await asksAndIsAnswered(smsc.sessions.at(-1), smsc.seen);
  assert.equal(answer.command, "data_sm");
  assert.equal(answer.destination_addr, PHONE);
  const { command_status } = await request(smsc.sessions.at(-1), "data_sm", {
    ...FROM, esm_class: 4, receipted_message_id: "id1", message_state: 2,
  });
  assert.equal(command_status, 0);
});

test("an SMSC that connects to us with an outbind is bound to over its connection", async (t) => {
  const [port] = await freePorts(1);
  const seen = [];
  let session;
  const dial = setInterval(() => {
    if (session) return;
    session = smpp.connect({ host: "127.0.0.1", port });
    serve(session, seen);
    session.on("close", () => (session = undefined));
    session.on("connect", () => session.send(new smpp.PDU("outbind", { system_id: "SMSC", password: "secret" })));
  }, 100);
  t.after(() => {
    clearInterval(dial);
    session?.destroy();
  });
  await world(t, {
    channels: ["sms"],
    smppExtra: `\n    bind: outbind\n    outbind: {enabled: true, host: 127.0.0.1, port: ${port}, peers: [127.0.0.1], system_id: SMSC, bind: transceiver}`,
  });
  const answer = await asksAndIsAnswered(session, seen);
  assert.equal(answer.source_addr, BANK);
});

test("a campaign of one text goes to many at once, and each has its own end", async (t) => {
  const smsc = await listen(t);
  const w = await world(t, { channels: ["sms"], smscPort: smsc.port, smppExtra: `${FAST}\n    submit_multi: true` });
  const numbers = Array.from({ length: 40 }, (_, i) => String(8613800138000 + i));
  await w.api("POST", "/v1/channels/sms-main/stop");
  await until("the unbind", () => smsc.seen.some((p) => p.command === "unbind"));
  const posted = await Promise.all(numbers.map((n) => w.api("POST", "/v1/messages", { to: `+${n}`, text: "Maintenance tonight from 1 to 3", lane: "campaign" })));
  await w.api("POST", "/v1/channels/sms-main/start");
  const status = async (i) => (await w.api("GET", `/v1/messages/${posted[i].body.id}`)).body.status;
  await until("all are told", async () => !(await Promise.all(numbers.map((_, i) => status(i)))).some((s) => ["accepted", "queued", "sending"].includes(s)));
  const requests = smsc.seen.filter((p) => p.command === "submit_multi");
  const alone = smsc.seen.filter((p) => p.command === "submit_sm").map((p) => p.destination_addr);
  const together = requests.flatMap((p) => p.dest_address.map((d) => d.destination_addr));
  assert.deepEqual([...alone, ...together].sort(), numbers);
  assert.ok(together.length > alone.length, `${together.length} together, ${alone.length} alone`);
  assert.equal(await status(numbers.indexOf(WRONG)), "failed");
  const [first] = requests;
  const receipt = `id:many1 sub:001 dlvrd:001 submit date:2611220100 done date:2611220101 stat:DELIVRD err:000 text:`;
  for (const d of first.dest_address) {
    await request(smsc.sessions.at(-1), "deliver_sm", { ...FROM, source_addr: d.destination_addr, esm_class: 4, short_message: receipt });
  }
  const reached = first.dest_address.map((d) => numbers.indexOf(d.destination_addr)).filter((i) => numbers[i] !== WRONG);
  await until("the receipts", async () => (await Promise.all(reached.map(status))).every((s) => s === "delivered"));
});

/** A certificate for the address 127.0.0.1 that its own authority signed, and one for us. */
function certificates(t) {
  const dir = mkdtempSync(path.join(tmpdir(), "posthouse-tls-"));
  t.after(() => rmSync(dir, { recursive: true }));
  const at = (name) => path.join(dir, name);
  const openssl = (...args) => execFileSync("openssl", args, { stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", at("ca.key"), "-out", at("ca.pem"), "-days", "2", "-subj", "/CN=Operator CA");
  for (const [name, alternative] of [["smsc", "subjectAltName=IP:127.0.0.1"], ["esme", "subjectAltName=DNS:esme.example"]]) {
    openssl("req", ...key, "-keyout", at(`${name}.key`), "-out", at(`${name}.csr`), "-subj", `/CN=${name}`);
    writeFileSync(at(`${name}.ext`), alternative);
    openssl("x509", "-req", "-in", at(`${name}.csr`), "-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2", "-extfile", at(`${name}.ext`), "-out", at(`${name}.pem`));
  }
  return at;
}

test("inside TLS each side sees the other's certificate", async (t) => {
  const at = certificates(t);
  const smsc = await listen(t, {
    tls: true, key: readFileSync(at("smsc.key")), cert: readFileSync(at("smsc.pem")), ca: readFileSync(at("ca.pem")),
    requestCert: true, rejectUnauthorized: true,
  });
  await world(t, {
    channels: ["sms"], smscPort: smsc.port,
    smppExtra: `${FAST}\n    tls: true\n    ca_file: ${at("ca.pem")}\n    cert_file: ${at("esme.pem")}\n    key_file: ${at("esme.key")}`,
  });
  const session = smsc.sessions.at(-1);
  await asksAndIsAnswered(session, smsc.seen);
  assert.equal(session.socket.getPeerCertificate().subject.CN, "esme");
});
