// The SMSC's HTTP face: what the page and tests in any language use. One route, one sentence; all JSON.

import { HttpError } from "../shared/http.js";
import { ENCODINGS, SPLITS } from "./text.js";

/** Routes over `smsc`; `info()` adds what only the program knows (ports, short code). */
export function routes(smsc, info) {
  const state = () => ({
    ...info(),
    links: smsc.describeLinks(),
    settings: smsc.settings(),
    phones: smsc.handsets.all().map(({ number, power, fate }) => ({ number, power, fate })),
    outbox: smsc.outbox.depth,
    duplicateParts: smsc.handsets.duplicateParts,
    encodings: ENCODINGS,
    splits: SPLITS,
  });
  return [
    ["GET", "/healthz", () => ({ ok: true })],
    ["GET", "/api/state", state],
    ["GET", "/api/messages", ({ query }) => smsc.handsets.messages(query.get("phone") ?? undefined)],
    ["GET", "/api/counts", () => smsc.handsets.counts()],
    [
      "GET",
      "/api/events",
      ({ query }) => smsc.events.list(query.get("type") ?? undefined, Number(query.get("since") ?? 0)),
    ],
    ["GET", "/api/wait", ({ query }) => waitForText(smsc, query)],
    ["POST", "/api/deliver", ({ json }) => guarded(() => deliver(smsc, json()))],
    ["POST", "/api/phones/:number", ({ params, json }) => guarded(() => phone(smsc, params.number, json()))],
    ["POST", "/api/receipt", ({ json }) => guarded(() => void smsc.receipt(json()))],
    ["POST", "/api/faults", ({ json }) => guarded(() => smsc.faults.set(json()))],
    ["DELETE", "/api/faults", () => smsc.faults.clear()],
    ["POST", "/api/receipts", ({ json }) => guarded(() => smsc.receipts.set(json()))],
    ["POST", "/api/delivery", ({ json }) => guarded(() => smsc.delivery.set(json()))],
    ["POST", "/api/links/:act", ({ params, json }) => guarded(() => onLinks(smsc, params.act, json()))],
    ["POST", "/api/reset", () => void smsc.reset()],
  ];
}

/** The picture a page starts from. */
export function snapshot(smsc, info) {
  return {
    ...info(),
    links: smsc.describeLinks(),
    settings: smsc.settings(),
    phones: smsc.handsets.all().map(({ number, power, fate }) => ({ number, power, fate })),
    messages: smsc.handsets.messages().slice(-500),
  };
}

// `wait: true` answers when the ESME has acknowledged; otherwise at once, and the event stream tells.
async function deliver(smsc, { wait = false, ...fields }) {
  const outcome = smsc.deliver(fields);
  if (wait) return outcome;
  outcome.catch((err) => smsc.events.add("deliver.failed", { why: err.message }));
  return { accepted: true };
}

function phone(smsc, number, { power, fate }) {
  if (fate !== undefined) smsc.fate(number, fate);
  if (power !== undefined) smsc.power(number, Boolean(power));
  const { thread, ...rest } = smsc.handsets.phone(number);
  return { ...rest, messages: thread.length };
}

const ACTS = {
  drop: (smsc, { link }) => smsc.drop(link),
  "half-open": (smsc, { link }) => smsc.halfOpen(link),
  deafen: (smsc, { link }) => smsc.deafen(link),
  unbind: (smsc, { link }) => smsc.unbind(link),
  enquire: async (smsc) => (await smsc.enquire()).length,
  retry: (smsc) => smsc.outbox.retry(),
  garbage: (smsc, { link }) => smsc.raw(Buffer.from("HTTP/1.1 400 Bad Request\r\n\r\n"), link),
  raw: (smsc, { hex, link }) => smsc.raw(Buffer.from(String(hex).replace(/\s/g, ""), "hex"), link),
};

async function onLinks(smsc, act, fields) {
  if (!ACTS[act]) throw new HttpError(404, `no such act (there are: ${Object.keys(ACTS).join(", ")})`);
  return { links: (await ACTS[act](smsc, fields)) ?? 0 };
}

/** ?phone=&text=&timeout_ms=: the first whole message to that phone whose text contains `text`. */
async function waitForText(smsc, query) {
  const wanted = { phone: query.get("phone"), text: query.get("text") ?? "" };
  const timeoutMs = Math.min(Number(query.get("timeout_ms") ?? 5000), 60000);
  try {
    return await smsc.waitForText({ to: wanted.phone, text: wanted.text }, { timeoutMs });
  } catch (err) {
    throw new HttpError(408, err.message);
  }
}

/** A wrong argument is the caller's: 400 with the sentence, not 500. */
async function guarded(act) {
  try {
    return await act();
  } catch (err) {
    if (err instanceof TypeError || err instanceof RangeError) throw new HttpError(400, err.message);
    throw err;
  }
}
