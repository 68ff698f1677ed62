// The far end: one phone number is one handset. Parts of a submit_sm come in here, are joined as octets
// first and decoded after (a cut may go through a character), and become one message of the handset's
// thread. Also counts how often a text arrived from a sender, so that a test can find doubles.

import { alphabetOf, decode, isFlash, readUdh } from "./text.js";
import { tlvInt } from "./wire.js";

const KEEP = 2000; // messages a handset keeps

/** The one spelling of a number: +86138..., from 86138..., 0086138... or +86138...; short codes stay. */
export function numberOf(address) {
  const digits = String(address).replace(/[^\d+]/g, "");
  if (!digits) return String(address);
  if (digits.startsWith("+")) return digits;
  if (digits.startsWith("00")) return `+${digits.slice(2)}`;
  return digits.length > 8 ? `+${digits}` : digits;
}

/** What a part says of its place: {split, ref, total, part, octets, udh}; octets without any header. */
export function placeOf(pdu) {
  const payload = pdu.tlvs.get("message_payload");
  const whole = payload?.length ? payload : (pdu.short_message ?? Buffer.alloc(0));
  const via = payload?.length ? "payload" : "none";
  const udh = pdu.esm_class & 0x40 ? readUdh(whole) : null;
  if (udh) {
    const found = concatOf(udh.elements);
    return { split: via, ...found, octets: udh.rest, udh: udh.header.toString("hex") };
  }
  const sar = sarOf(pdu);
  return { split: via, ...sar, octets: whole };
}

// The element may stand anywhere in the header, beside others (docs/protocols/smpp.md).
function concatOf(elements) {
  const narrow = elements.find((e) => e.id === 0x00 && e.data.length === 3);
  const wide = elements.find((e) => e.id === 0x08 && e.data.length === 4);
  if (!narrow && !wide) return {};
  const [split, data, width] = wide ? ["udh16", wide.data, 2] : ["udh8", narrow.data, 1];
  const place = { split, ref: data.readUIntBE(0, width), total: data[width], part: data[width + 1] };
  return legal(place) ? place : {};
}

// All three or none (SMPP 3.4 5.3.2.22-24).
function sarOf(pdu) {
  const ref = tlvInt(pdu, "sar_msg_ref_num");
  const total = tlvInt(pdu, "sar_total_segments");
  const part = tlvInt(pdu, "sar_segment_seqnum");
  if (ref === undefined || total === undefined || part === undefined) return {};
  const place = { split: "sar", ref, total, part };
  return legal(place) ? place : {};
}

function legal({ total, part }) {
  return total > 0 && part > 0 && part <= total;
}

export class Handsets {
  #phones = new Map();
  #groups = new Map(); // concatenation key -> message that still lacks parts
  #whole = new Map(); // concatenation key -> the newest message that got all of them
  #counts = new Map();
  #next = 1;
  duplicateParts = 0;

  /** `changed(message)` is called whenever a message of a thread is new or different. */
  constructor({ defaultAlphabet = "gsm7", changed = () => {} } = {}) {
    this.defaultAlphabet = defaultAlphabet;
    this.changed = changed;
  }

  /** The handset of a number, made when first spoken of. */
  phone(number) {
    const key = numberOf(number);
    if (!this.#phones.has(key))
      this.#phones.set(key, { number: key, power: true, fate: "deliver", thread: [] });
    return this.#phones.get(key);
  }

  all() {
    return [...this.#phones.values()];
  }

  /** The newest messages of one handset or of all. */
  messages(number) {
    return number ? this.phone(number).thread : this.all().flatMap((phone) => phone.thread);
  }

  /** What this person sent; the SMSC keeps `parts` up to date while it delivers them. */
  typed(fields) {
    return this.#append({
      dir: "mo",
      complete: true,
      ...fields,
      phone: numberOf(fields.from),
      peer: fields.to,
    });
  }

  /** Takes an accepted part in. Returns the message it belongs to, and the part as recorded. */
  accept(pdu, { messageId, link }) {
    const place = placeOf(pdu);
    const part = record(pdu, place, messageId, link);
    const key = place.total > 1 ? groupKey(pdu, place) : null;
    const message = key ? this.#join(key, pdu, place, part) : this.#single(pdu, place, part);
    if (message.complete && !message.counted) this.#count(message);
    if (message.id) this.changed(message);
    return { message, part };
  }

  #single(pdu, place, part) {
    const message = this.#append(this.#begin(pdu, place, 1));
    message.parts.push(part);
    return this.#finish(message);
  }

  #join(key, pdu, place, part) {
    let message = this.#groups.get(key);
    if (message && repeats(message, part)) {
      this.duplicateParts++;
      message.duplicateParts = (message.duplicateParts ?? 0) + 1;
      return message;
    }
    // The same place with other octets is a new message that reuses the reference.
    if (!message || message.parts.some((p) => p.part === part.part)) {
      message = this.#open(key, pdu, place, part);
    }
    message.parts.push(part);
    message.parts.sort((a, b) => a.part - b.part);
    if (message.parts.length < message.total) return this.#decode(message);
    this.#groups.delete(key);
    this.#whole.set(key, message);
    if (!message.id) this.#append(message);
    return this.#finish(message);
  }

  // A part of a message that is whole already came again: a resend after a lost response. It is shown
  // (as a double) only when all the others come again too.
  #open(key, pdu, place, part) {
    const again = this.#whole.has(key) && repeats(this.#whole.get(key), part);
    const message = this.#begin(pdu, place, place.total);
    if (again) this.duplicateParts++;
    else this.#append(message);
    this.#groups.set(key, message);
    return message;
  }

  #begin(pdu, place, total) {
    const alphabet = alphabetOf(pdu.data_coding, this.defaultAlphabet);
    return {
      dir: "mt",
      phone: numberOf(pdu.destination_addr),
      peer: pdu.source_addr,
      encoding: alphabet,
      dataCoding: pdu.data_coding,
      flash: isFlash(pdu.data_coding),
      split: place.split,
      total,
      complete: false,
      umr: tlvInt(pdu, "user_message_reference"),
      parts: [],
      receipts: [],
    };
  }

  #finish(message) {
    message.complete = true;
    return this.#decode(message);
  }

  #decode(message) {
    const octets = Buffer.concat(message.parts.map((p) => Buffer.from(p.octets, "hex")));
    message.text = decode(octets, message.encoding);
    return message;
  }

  #append(fields) {
    const message = Object.assign(fields, { id: `m${this.#next++}`, ts: Date.now(), receipts: [] });
    const { thread } = this.phone(message.phone);
    thread.push(message);
    if (thread.length > KEEP) thread.splice(0, KEEP / 10);
    return message;
  }

  #count(message) {
    message.counted = true;
    const key = JSON.stringify([message.peer, message.phone, message.text]);
    const row = this.#counts.get(key) ?? {
      from: message.peer,
      to: message.phone,
      text: message.text,
      count: 0,
      umr: [],
    };
    row.count++;
    row.umr.push(message.umr ?? null);
    this.#counts.set(key, row);
  }

  /** [{from, to, text, count, umr: [...]}]: how often each whole text was submitted and accepted. */
  counts() {
    return [...this.#counts.values()];
  }

  clear() {
    this.#phones.clear();
    this.#groups.clear();
    this.#whole.clear();
    this.#counts.clear();
    this.duplicateParts = 0;
  }
}

function groupKey(pdu, place) {
  return JSON.stringify([pdu.source_addr, pdu.destination_addr, place.split, place.ref, place.total]);
}

function repeats(message, part) {
  return message.parts.some((p) => p.part === part.part && p.octets === part.octets);
}

function record(pdu, place, messageId, link) {
  return {
    part: place.part ?? 1,
    total: place.total ?? 1,
    ref: place.ref,
    split: place.split,
    udh: place.udh,
    octets: place.octets.toString("hex"),
    size: place.octets.length,
    messageId,
    link,
    ts: Date.now(),
    sequence: pdu.sequence_number,
    esmClass: pdu.esm_class,
    dataCoding: pdu.data_coding,
    registered: pdu.registered_delivery,
    priority: pdu.priority_flag,
    serviceType: pdu.service_type,
    validity: pdu.validity_period,
    source: { ton: pdu.source_addr_ton, npi: pdu.source_addr_npi, addr: pdu.source_addr },
    destination: { ton: pdu.dest_addr_ton, npi: pdu.dest_addr_npi, addr: pdu.destination_addr },
    umr: tlvInt(pdu, "user_message_reference"),
    tlvs: Object.fromEntries(
      [...pdu.tlvs].filter(([n]) => n !== "message_payload").map(([n, v]) => [n, v.toString("hex")]),
    ),
    state: "ENROUTE",
  };
}
