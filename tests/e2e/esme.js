// A third party's ESME (npm smpp) for the tests that hold the simulated SMSC against it.

import { once } from "node:events";
import { createRequire } from "node:module";
import { PATIENCE_MS } from "../peers/shared/patience.js";
import { startSmsc } from "../peers/smsc/main.js";

export const smpp = createRequire(import.meta.url)("smpp");
export const PHONE = "+8613800138000";
export const BANK = "95500";

/** A simulated SMSC that ends with the test. */
export async function smsc(t, options = {}) {
  const peer = await startSmsc({ enquireMs: 0, ...options });
  peer.receipts.set({ delayMs: 0 });
  t.after(() => peer.close());
  return peer;
}

/** A bound npm smpp client: request(command, fields) resolves to the response, `got` are deliver_sm. */
export async function client(
  t,
  peer,
  { mode = "transceiver", answer = () => 0, password = "secret", systemId = "posthouse" } = {},
) {
  const session = smpp.connect({ host: "127.0.0.1", port: peer.smppPort });
  const got = [];
  session.on("error", () => {});
  session.on("deliver_sm", (pdu) => {
    got.push(pdu);
    const status = answer(pdu, got.length);
    if (status !== null) session.send(pdu.response({ command_status: status }));
    session.emit("got", pdu);
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => session.send(pdu.response()));
  t.after(() => session.destroy());
  await once(session, "connect");
  const request = (command, fields = {}) => new Promise((resolve) => session[command](fields, resolve));
  const bound = await request(`bind_${mode}`, { system_id: systemId, password, interface_version: 0x34 });
  return { session, got, request, bound, arrived: (n) => arrived(session, got, n) };
}

async function arrived(session, got, n) {
  while (got.length < n) await once(session, "got", { signal: AbortSignal.timeout(PATIENCE_MS) });
  return got;
}

/** Submits to the phone; resolves to the response. */
export const submit = (c, fields) =>
  c.request("submit_sm", { source_addr: BANK, destination_addr: PHONE, ...fields });
