// SMSCs that we did not write, behind one face: npm smpp's server and Debian's Net::SMPP. They answer binds, submits,
// enquire_link and unbind by themselves; a test reads what came and sends what it wants.
//
//   const smsc = await strangers["net-smpp"](t, { refuse: ["bind_transceiver"] });
//   await smsc.wait("a bind", (pdu) => pdu.command === "bind_transceiver");
//   const { status } = await smsc.request("deliver_sm", { source_addr, destination_addr, short_message: octets });

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const smpp = createRequire(import.meta.url)("smpp");
const INVALID_COMMAND = 3;

class Stranger {
  constructor(options) {
    this.refuse = options.refuse ?? [];
    this.pdus = []; // {link, command, seq, status, fields, udh: Buffer, text}; fields.given_id: what a submit got
    this.links = new Set();
    this.waiting = new Set();
  }

  came(pdu) {
    this.pdus.push(pdu);
    for (const waiter of [...this.waiting]) waiter(pdu);
  }

  /** The first PDU, of those that came already (from index since) or will, that fits. */
  wait(what, fits, { since = 0, ms = 10_000 } = {}) {
    const there = this.pdus.slice(since).find(fits);
    if (there) return Promise.resolve(there);
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => (this.waiting.delete(look), reject(new Error(`waited in vain for ${what}`))), ms);
      const look = (pdu) => {
        if (!fits(pdu)) return;
        clearTimeout(late);
        this.waiting.delete(look);
        resolve(pdu);
      };
      this.waiting.add(look);
    });
  }

  /** The last session that was bound so and is there still. */
  bound(...modes) {
    const binds = this.pdus.filter((p) => modes.some((m) => p.command === `bind_${m}`) && !this.refuse.includes(p.command));
    return binds.filter((p) => this.links.has(p.link)).at(-1)?.link;
  }

  /** Sends a request over a session that receives (or over link); resolves to its response. */
  async request(command, fields = {}, link = this.bound("transceiver", "receiver")) {
    const since = this.pdus.length;
    const seq = await this.send(command, fields, link);
    const answers = [`${command}_resp`, "generic_nack"];
    return this.wait(`the response to ${command}`, (p) => p.link === link && p.seq === seq && answers.includes(p.command), { since });
  }

  /** submit_sm that came to this number. */
  submits(number) {
    return this.pdus.filter((p) => p.command === "submit_sm" && p.fields.destination_addr.endsWith(number));
  }
}

// GSM 7-bit is read as ASCII where the stack has no decoder of its own: tests keep to what both share.
function decode(octets, coding) {
  return coding === 8 ? Buffer.from(octets).swap16().toString("utf16le") : octets.toString("latin1");
}

/** npm smpp's server, in this process. */
class NpmSmpp extends Stranger {
  async listen() {
    this.sessions = new Map();
    let ids = 0;
    this.server = smpp.createServer((session) => {
      const link = this.sessions.size + 1;
      this.sessions.set(link, session);
      this.links.add(link);
      session.on("error", () => {});
      session.on("close", () => this.links.delete(link));
      session.on("pdu", (pdu) => {
        const given = pdu.command === "submit_sm" ? `npm-${++ids}` : undefined;
        this.answer(session, pdu, given);
        this.came(plain(link, pdu, given));
      });
    });
    this.server.listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.port = this.server.address().port;
    return this;
  }

  answer(session, pdu, id) {
    if (pdu.isResponse() || pdu.command === "generic_nack") return;
    const fields = {};
    if (pdu.command.startsWith("bind_")) {
      Object.assign(fields, { system_id: "npm", sc_interface_version: 0x34 });
      if (this.refuse.includes(pdu.command)) fields.command_status = INVALID_COMMAND;
    }
    if (id) fields.message_id = id;
    session.send(pdu.response(fields));
  }

  send(command, { short_message, ...fields }, link) {
    const given = short_message && (fields.esm_class & 0x40 ? withHead(short_message) : { message: short_message });
    const pdu = new smpp.PDU(command, { ...fields, ...(given ? { short_message: given } : {}) });
    this.sessions.get(link).send(pdu);
    return pdu.sequence_number;
  }

  async close() {
    for (const session of this.sessions.values()) session.destroy();
    this.server.close();
  }
}

function withHead(octets) {
  return { udh: octets.subarray(0, octets[0] + 1), message: octets.subarray(octets[0] + 1) };
}

function plain(link, pdu, given_id) {
  const fields = { given_id };
  for (const [name, value] of Object.entries(pdu)) {
    if (["string", "number"].includes(typeof value)) fields[name] = value;
  }
  const { udh = [], message = "" } = pdu.short_message ?? {};
  const text = Buffer.isBuffer(message) ? decode(message, pdu.data_coding) : message;
  return { link, command: pdu.command, seq: pdu.sequence_number, status: pdu.command_status, fields, udh: Buffer.concat(udh), text };
}

/** Net::SMPP, in a process of its own. */
class NetSmpp extends Stranger {
  async listen() {
    const program = fileURLToPath(new URL("net-smpp.pl", import.meta.url));
    this.child = spawn("perl", [program, ...this.refuse], { stdio: ["pipe", "pipe", "pipe"] });
    this.tags = 0;
    this.sent = new Map();
    let rest = "";
    let errors = "";
    this.child.stderr.on("data", (data) => (errors += data));
    const listening = new Promise((resolve, reject) => {
      this.child.on("exit", () => reject(new Error(`net-smpp.pl ended: ${errors}`)));
      this.child.stdout.on("data", (data) => {
        const lines = (rest + data).split("\n");
        rest = lines.pop();
        for (const line of lines) this.told(JSON.parse(line), resolve);
      });
    });
    this.port = await listening;
    return this;
  }

  told(event, listening) {
    if (event.event === "listening") listening(event.port);
    if (event.event === "open") this.links.add(event.link);
    if (event.event === "closed") this.links.delete(event.link);
    if (event.event === "sent") this.sent.get(event.tag)(event.seq);
    if (event.event === "pdu") {
      const { short_message, message_payload, ...pdu } = event;
      const octets = Buffer.from(short_message || message_payload, "hex");
      const head = pdu.fields.esm_class & 0x40 ? octets[0] + 1 : 0;
      this.came({ ...pdu, udh: octets.subarray(head && 1, head), text: decode(octets.subarray(head), pdu.fields.data_coding) });
    }
  }

  send(command, fields, link) {
    const hex = Object.fromEntries(Object.entries(fields).map(([k, v]) => [k, Buffer.isBuffer(v) ? v.toString("hex") : v]));
    return new Promise((resolve) => {
      this.sent.set(++this.tags, resolve);
      this.child.stdin.write(`${JSON.stringify({ do: command, tag: this.tags, link, fields: hex })}\n`);
    });
  }

  async close() {
    const ended = once(this.child, "exit");
    this.child.stdin.end();
    await ended;
  }
}

const starter = (Kind) => async (t, options = {}) => {
  const stranger = await new Kind(options).listen();
  t.after(() => stranger.close());
  return stranger;
};

export const strangers = { "npm smpp": starter(NpmSmpp), "Net::SMPP": starter(NetSmpp) };
