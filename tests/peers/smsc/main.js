// A simulated SMSC: a program of its own (node tests/peers/smsc/main.js --smpp-port 2775 --http-port 7082)
// and a module for tests (startSmsc). Speaks SMPP 3.4 to ESMEs over real sockets; its web page plays the
// phones. Ports may be 0; the JSON line printed when ready has the real ones.

import { fileURLToPath } from "node:url";
import { isMain, runMain } from "../shared/cli.js";
import { serve } from "../shared/http.js";
import { PATIENCE_MS } from "../shared/patience.js";
import { routes, snapshot } from "./control.js";
import { Smsc } from "./smsc.js";

const OPTIONS = {
  host: ["127.0.0.1", "address to listen on"],
  "smpp-port": [2775, "port for ESMEs, 0 picks one"],
  "http-port": [7082, "port of the page and the control API, 0 picks one"],
  "system-id": ["posthouse", "account that may bind"],
  password: ["secret", "its password"],
  "short-code": ["95500", "number the page texts to by itself"],
  "default-alphabet": ["gsm7", "what data_coding 0 means: gsm7, latin1 or ascii"],
  "enquire-ms": [30000, "how often it sends enquire_link, 0 for never"],
};

/**
 * Starts an SMSC; `faults`, `receipts` and `delivery` are settings from the start. Resolves to {smppPort, httpPort, httpUrl, smsc, deliver(), waitForText(), messages(),
 * counts(), doubles(), receipt(), power(), fate(), drop(), halfOpen(), deafen(), raw(), retry(), reset(), events,
 * faults, receipts, delivery, links(), close()}; docs in README.md beside this file.
 */
export async function startSmsc(options = {}) {
  const {
    host = "127.0.0.1",
    smppPort = 0,
    httpPort = 0,
    shortCode = "95500",
    systemId = "posthouse",
    password = "secret",
    ...rest
  } = options;
  let page = null;
  const smsc = new Smsc({
    systemId,
    password,
    ...rest,
    watch: (type, data) => page?.publish(type, data),
    watched: () => page?.viewers > 0,
  });
  for (const name of ["faults", "receipts", "delivery"]) smsc[name].set(options[name] ?? {});
  smsc.waitForText = (match, how) => waitForText(smsc, match, how);
  const port = await smsc.listen(smppPort, host);
  const info = () => ({ smppPort: port, shortCode, systemId });
  try {
    page = await serve({
      host,
      port: httpPort,
      root: fileURLToPath(new URL("./public/", import.meta.url)),
      routes: routes(smsc, info),
      hello: () => snapshot(smsc, info),
    });
  } catch (err) {
    await smsc.close();
    throw err;
  }
  return face(smsc, page, port);
}

function face(smsc, page, smppPort) {
  return {
    smsc,
    smppPort,
    httpPort: page.port,
    httpUrl: page.url,
    events: smsc.events,
    faults: smsc.faults,
    receipts: smsc.receipts,
    delivery: smsc.delivery,
    deliver: (fields) => smsc.deliver(fields),
    waitForText: smsc.waitForText,
    messages: (phone) => smsc.handsets.messages(phone),
    counts: () => smsc.handsets.counts(),
    doubles: () => smsc.handsets.counts().filter((row) => row.count > 1),
    receipt: (fields) => smsc.receipt(fields),
    power: (number, on) => smsc.power(number, on),
    fate: (number, what) => smsc.fate(number, what),
    links: () => smsc.describeLinks(),
    drop: (link) => smsc.drop(link),
    halfOpen: (link) => smsc.halfOpen(link),
    deafen: (link) => smsc.deafen(link),
    unbind: (link) => smsc.unbind(link),
    enquire: () => smsc.enquire(),
    raw: (octets, link) => smsc.raw(octets, link),
    retry: () => smsc.outbox.retry(),
    reset: () => smsc.reset(),
    bound: (how = {}) => smsc.events.wait("bind", how),
    close: async () => {
      await smsc.close();
      await page.close();
    },
  };
}

/** The first whole message to a handset that contains `text` (or fits a RegExp); from a sender if given. */
async function waitForText(smsc, { to, from, text = "" }, { timeoutMs = PATIENCE_MS, since = 0 } = {}) {
  const number = to && smsc.handsets.phone(to).number;
  const fits = (e) =>
    e.type === "submit" &&
    e.complete &&
    (!number || e.to === number) &&
    (!from || e.from === from) &&
    holds(e.text, text);
  const event = await smsc.events.wait(fits, { timeoutMs, since, what: `a text ${text} to ${to ?? "anyone"}` });
  return smsc.handsets.messages(event.to).find((m) => m.id === event.message);
}

function holds(text, wanted) {
  return wanted instanceof RegExp ? wanted.test(text) : text.includes(wanted);
}

if (isMain(import.meta)) {
  await runMain("smsc", OPTIONS, startSmsc, (s) => ({
    smppPort: s.smppPort,
    httpPort: s.httpPort,
    url: s.httpUrl,
  }));
}
