// The SMSC: accounts and binds, what becomes of a submit (faults, id, response, receipt), and what
// handsets send (encoding, splitting, store and forward). Everything it does is an event; the control API
// and the page only look at it and turn its settings.

import { createServer } from "node:net";
import { EventLog, Timers } from "../shared/events.js";
import { listen } from "../shared/http.js";
import { Settings } from "../shared/settings.js";
import { References, compose } from "./compose.js";
import { Handsets, numberOf, placeOf } from "./handsets.js";
import { Link } from "./link.js";
import { DELIVERY_OPTIONS, Outbox } from "./outbox.js";
import { RECEIPT_OPTIONS, STATES, idsFor, receiptBody, wanted } from "./receipts.js";
import { FAULTS, Rate, submitStatus } from "./faults.js";
import { HEADER, STATUS, decodeFrame, summary } from "./wire.js";

const KEEP = 100000; // message ids that query_sm and late receipts still know
const FATES = { deliver: "DELIVRD", fail: "UNDELIV", expire: "EXPIRED", reject: "REJECTD" };

export class Smsc {
  events = new EventLog();
  timers = new Timers();
  links = new Map();
  #server;
  #rate = new Rate();
  #nextLink = 1;
  #nextMessage = 0x1a2b3c00 + (Math.floor(Date.now() / 1000) % 0x10000); // hex and decimal differ
  #references = new References();
  #submitted = new Map(); // message id -> part
  #heldReceipts = []; // that wait for a bind

  /** `watch(type, data)` gets what the page shows; `watched()` says whether anyone looks. */
  constructor({
    systemId,
    password,
    accounts,
    defaultAlphabet,
    enquireMs = 30000,
    watch = () => {},
    watched = () => false,
  }) {
    this.accounts = { ...accounts, ...(systemId ? { [systemId]: password } : {}) };
    this.watch = watch;
    this.watched = watched;
    this.faults = new Settings(FAULTS, () => this.#faultsChanged());
    this.receipts = new Settings(RECEIPT_OPTIONS, () => watch("settings", this.settings()));
    this.delivery = new Settings(DELIVERY_OPTIONS, () => watch("settings", this.settings()));
    this.handsets = new Handsets({ defaultAlphabet, changed: (message) => watch("message", message) });
    this.outbox = new Outbox({
      links: (systemId) => this.receivers(systemId),
      events: this.events,
      timers: this.timers,
      options: this.delivery,
    });
    if (enquireMs) this.timers.every(enquireMs, () => this.enquire());
  }

  #faultsChanged() {
    for (const link of this.links.values()) link.watchIdle();
    this.watch("settings", this.settings());
  }

  settings() {
    return { faults: this.faults?.values, receipts: this.receipts?.values, delivery: this.delivery?.values };
  }

  /** Listens; resolves to the real port. */
  async listen(port, host) {
    this.#server = createServer((socket) => this.#accept(socket));
    await listen(this.#server, port, host);
    return this.#server.address().port;
  }

  async close() {
    this.outbox.clear();
    for (const link of this.links.values()) link.drop("the SMSC closes");
    this.timers.clear();
    if (this.#server) await new Promise((resolve) => this.#server.close(resolve));
  }

  // --- what links call -------------------------------------------------------------------------

  #accept(socket) {
    const link = new Link(socket, this, this.#nextLink++);
    this.links.set(link.id, link);
    this.events.add("connect", { link: link.id, peer: link.peer });
    this.changed();
  }

  /** The status a bind gets. */
  admit(pdu, mode) {
    const { refuseBind, refuseTransceiver } = this.faults.values;
    if (refuseBind) return refuseBind;
    if (refuseTransceiver && mode === "trx") return STATUS.ESME_RINVCMDID;
    const known = Object.hasOwn(this.accounts, pdu.system_id);
    if (Object.keys(this.accounts).length > 0 && !known) return STATUS.ESME_RINVSYSID;
    if (known && this.accounts[pdu.system_id] !== pdu.password) return STATUS.ESME_RINVPASWD;
    return 0;
  }

  /** The links that can take a deliver_sm, of one account or of all. */
  receivers(systemId) {
    return [...this.links.values()].filter((l) => l.receives && (!systemId || l.systemId === systemId));
  }

  /** A bind was answered; one that receives gets what waited for it. */
  opened(link) {
    this.changed();
    if (link.receives) for (const push of this.#heldReceipts.splice(0)) push();
    this.outbox.pump();
  }

  gone(link) {
    this.links.delete(link.id);
    this.events.add("disconnect", { link: link.id });
    this.changed();
    this.outbox.pump();
  }

  heard(link, pdu) {
    if (this.watched()) this.watch("wire", { ts: Date.now(), link: link.id, way: "in", line: summary(pdu) });
    if (pdu.bad) this.events.add("malformed", { link: link.id, command: pdu.command, status: pdu.bad });
  }

  said(link, octets) {
    if (!this.watched() || octets.length < HEADER) return;
    this.watch("wire", { ts: Date.now(), link: link.id, way: "out", line: summary(decodeFrame(octets)) });
  }

  changed() {
    this.watch("links", this.describeLinks());
  }

  describeLinks() {
    return [...this.links.values()].map((link) => link.describe());
  }

  /** Takes a submit_sm or data_sm: refuses it, or delivers it to its handset and responds. */
  submit(link, pdu) {
    const v = this.faults.values;
    const number = numberOf(pdu.destination_addr);
    const status = invalid(pdu) || submitStatus(this.faults, number, this.#rate, placeOf(pdu).part ?? 1);
    if (status) {
      this.events.add("submit.refused", { link: link.id, to: number, status });
      return this.#respond(link, pdu, { command_status: status });
    }
    const ids = idsFor(this.#nextMessage++, this.receipts.values);
    const { message, part } = this.handsets.accept(pdu, { messageId: ids.inResponse, link: link.id });
    this.#remember(ids.inResponse, part);
    part.receiptId = ids.inReceipt;
    part.systemId = link.systemId;
    this.events.add("submit", {
      link: link.id,
      from: pdu.source_addr,
      to: number,
      messageId: ids.inResponse,
      text: message.text,
      complete: message.complete,
      part: part.part,
      total: part.total,
      umr: part.umr,
      message: message.id,
    });
    if (v.dropNext > 0) {
      this.faults.set({ dropNext: v.dropNext - 1 });
      link.drop("took a submit and did not respond");
    } else this.#respond(link, pdu, { message_id: ids.inResponse });
    this.#settle(message, part);
  }

  #remember(messageId, part) {
    this.#submitted.set(messageId, part);
    if (this.#submitted.size > KEEP) this.#submitted.delete(this.#submitted.keys().next().value);
  }

  #respond(link, pdu, fields) {
    const v = this.faults.values;
    if (v.mute !== "off") return;
    const first = this.receipts.values.timing === "before-response" && !fields.command_status ? 60 : 0;
    const wait = first + v.latencyMs + (v.jitterMs ? Math.floor(Math.random() * v.jitterMs) : 0);
    if (wait === 0) link.answer(pdu, fields);
    else this.timers.after(wait, () => link.answer(pdu, fields));
  }

  /** Answers query_sm from what the handset knows. */
  query(pdu) {
    const part = this.#submitted.get(pdu.message_id);
    if (!part) return { command_status: STATUS.ESME_RQUERYFAIL };
    return { message_id: pdu.message_id, final_date: "", message_state: STATES[part.state], error_code: 0 };
  }

  // --- receipts --------------------------------------------------------------------------------

  /** Decides what became of a part on its handset, and reports it as asked. */
  #settle(message, part) {
    const r = this.receipts.values;
    const phone = this.handsets.phone(message.phone);
    if (r.intermediate || wanted(part.registered, "ENROUTE")) this.#report(message, part, "ENROUTE", 1);
    if (r.accepted && wanted(part.registered, "ACCEPTD")) this.#report(message, part, "ACCEPTD", 1);
    if (!phone.power) return; // the SMSC keeps it; power() settles it
    const state = r.state || FATES[phone.fate];
    const now = r.timing === "before-response" ? 0 : r.delayMs;
    this.timers.after(now, () => this.#final(message, part, state));
  }

  #final(message, part, state) {
    part.state = state;
    part.done = Date.now();
    this.handsets.changed(message);
    if (this.receipts.values.enabled && wanted(part.registered, state))
      this.#report(message, part, state, this.receipts.values.copies);
  }

  #report(message, part, state, copies) {
    const r = this.receipts.values;
    const about = {
      id: part.receiptId,
      state,
      text: receiptText(message, part),
      submitted: part.ts,
      done: Date.now(),
    };
    const { short_message, tlvs } = receiptBody(about, r);
    const fields = {
      source_addr_ton: part.destination.ton,
      source_addr_npi: part.destination.npi,
      source_addr: part.destination.addr,
      dest_addr_ton: part.source.ton,
      dest_addr_npi: part.source.npi,
      destination_addr: part.source.addr,
      esm_class: state === "ENROUTE" ? 0x20 : r.esmClass,
      data_coding: 0,
      short_message,
      ...tlvs,
    };
    for (let copy = 0; copy < copies; copy++) this.#pushReceipt(message, part, state, fields);
  }

  #pushReceipt(message, part, state, fields) {
    const row = { part: part.part, id: part.receiptId, state, ts: Date.now(), status: "stored" };
    message.receipts.push(row);
    const report = (status) => {
      row.status = status;
      this.handsets.changed(message);
    };
    const about = { messageId: part.messageId, receiptId: part.receiptId, state };
    const { over, timing } = this.receipts.values;
    const avoid = over === "other" ? part.link : undefined;
    const push = () => this.outbox.push({ systemId: part.systemId, fields, kind: "receipt", avoid, about, report });
    if (timing === "on-bind") this.#heldReceipts.push(push);
    else push();
  }

  /** A receipt for a message that nobody asked about, or once more: {messageId, state}. */
  receipt({ messageId, state = "DELIVRD" }) {
    const part = this.#submitted.get(messageId);
    if (!part) throw new RangeError(`no such message id: ${messageId}`);
    if (!STATES[state]) throw new RangeError(`no such state: ${state}`);
    const message = this.handsets.messages().find((m) => m.parts?.includes(part));
    part.state = state;
    this.#report(message, part, state, 1);
  }

  /** Switches a handset on or off; what waited is delivered when it comes on. */
  power(number, on) {
    const phone = this.handsets.phone(number);
    const was = phone.power;
    phone.power = on;
    this.watch("phone", { number: phone.number, power: on, fate: phone.fate });
    if (was || !on) return;
    for (const message of phone.thread) {
      for (const part of message.parts ?? [])
        if (message.dir === "mt" && !part.done)
          this.#final(message, part, this.receipts.values.state || FATES[phone.fate]);
    }
  }

  /** What becomes of messages to this number: deliver, fail, expire or reject. */
  fate(number, fate) {
    if (!FATES[fate])
      throw new RangeError(`no such fate: ${fate} (there are: ${Object.keys(FATES).join(", ")})`);
    const phone = this.handsets.phone(number);
    phone.fate = fate;
    this.watch("phone", { number: phone.number, power: phone.power, fate });
  }

  // --- mobile originated -----------------------------------------------------------------------

  /**
   * The person with number `from` texts `to`. Resolves when the ESME has answered every part:
   * {ok, message, statuses}. Options: encoding (auto, gsm7, latin1, ucs2), split (udh8, udh16, sar,
   * payload), order (forward, reverse), cut (clean, anywhere), priority, systemId, link, ref, fields.
   */
  async deliver({ from, to, text, systemId, link, priority = 0, order = "forward", ...how }) {
    if (!from || !to || typeof text !== "string") throw new TypeError("deliver wants from, to and text");
    const parts = this.partsOf({ from, to, text, ...how });
    const message = this.handsets.typed({
      from,
      to,
      text,
      ...parts[0].describes,
      total: parts.length,
      split: parts.length > 1 || how.split === "payload" ? (how.split ?? "udh8") : "none",
      priority,
      parts: parts.map((p) => p.row),
    });
    this.handsets.changed(message);
    const sending = order === "reverse" ? [...parts].reverse() : parts;
    const outcomes = await Promise.all(
      sending.map((part) => this.#pushPart(message, part, { systemId, pin: link, priority })),
    );
    const statuses = outcomes.map((o) => o.status);
    return { ok: statuses.every((s) => s === 0), statuses, message };
  }

  #pushPart(message, { fields, row }, { systemId, pin, priority }) {
    const report = (state, more = {}) => {
      Object.assign(row, more, { state });
      this.handsets.changed(message);
    };
    const about = { message: message.id, from: message.phone, to: message.peer, part: row.part };
    return this.outbox.push({
      systemId,
      pin,
      fields: { ...fields, priority_flag: priority },
      kind: "mo",
      priority,
      about,
      report,
    });
  }

  /** The deliver_sm of a text, undelivered: [{fields, row, describes}]. */
  partsOf(text) {
    return compose(text, () => this.#references.next(text.from, text.to));
  }

  // --- what a person or a test does to the links -----------------------------------------------

  enquire() {
    return Promise.all(
      [...this.links.values()].map((link) => link.request("enquire_link", {}, { timeoutMs: 5000 })),
    );
  }

  #each(link, act) {
    const chosen = [...this.links.values()].filter((l) => link === undefined || l.id === link);
    chosen.forEach(act);
    return chosen.length;
  }

  drop(link) {
    return this.#each(link, (l) => l.drop());
  }

  halfOpen(link) {
    return this.#each(link, (l) => l.goSilent());
  }

  deafen(link) {
    return this.#each(link, (l) => l.goDeaf());
  }

  unbind(link) {
    return this.#each(link, (l) => void l.unbind());
  }

  /** Octets on the wire as they are, to one link or all. */
  raw(octets, link) {
    return this.#each(link, (l) => l.raw(octets));
  }

  /** A new beginning for the next test on the same SMSC: settings, threads, counters, queue. */
  reset() {
    this.faults.clear();
    this.receipts.clear();
    this.delivery.clear();
    this.outbox.clear();
    this.handsets.clear();
    this.events.clear();
    this.#submitted.clear();
    this.#heldReceipts = [];
    this.watch("reset", {});
  }
}

function invalid(pdu) {
  if (!pdu.destination_addr) return STATUS.ESME_RINVDSTADR;
  if (pdu.short_message?.length && pdu.tlvs.has("message_payload")) return STATUS.ESME_RTLVNOTALLWD;
  return 0;
}

function receiptText(message, part) {
  return message.encoding === "ucs2" ? Buffer.alloc(0) : Buffer.from(part.octets, "hex");
}
