// One TCP connection of an ESME: bind states, the table of what is answered how, and everything that can
// go wrong on a wire (faults). Decisions about messages are the Smsc's; this file only speaks.

import { FrameSession, STATUS, decodeFrame, encodePdu } from "./wire.js";

const VENDOR_TLVS = [
  [0x1401, Buffer.from("vendor")],
  [0x2001, Buffer.alloc(0)],
  [0x3177, Buffer.from([0, 1, 2, 3])],
  [0x020c, Buffer.alloc(0)], // sar_msg_ref_num with no octets: legal to send, fatal to careless readers
];
const BINDS = { bind_receiver: "rx", bind_transmitter: "tx", bind_transceiver: "trx" };

/** Which commands are answered in which states (SMPP 3.4 table 2-1). */
const COMMANDS = {
  bind_receiver: { in: ["open"], run: "onBind" },
  bind_transmitter: { in: ["open"], run: "onBind" },
  bind_transceiver: { in: ["open"], run: "onBind" },
  submit_sm: { in: ["tx", "trx"], run: "onSubmit" },
  data_sm: { in: ["tx", "trx"], run: "onSubmit" },
  query_sm: { in: ["tx", "trx"], run: "onQuery" },
  enquire_link: { in: ["open", "tx", "rx", "trx"], run: "onEnquire" },
  unbind: { in: ["tx", "rx", "trx"], run: "onUnbind" },
};

export class Link {
  #session;
  #smsc;
  #pending = new Map();
  #sequence = 0;
  #deaf = false;
  #idle; // the timer of watchIdle()
  #silent = false; // half open: the TCP connection stands, nobody is there

  constructor(socket, smsc, id) {
    this.#smsc = smsc;
    this.id = id;
    this.state = "open";
    this.peer = `${socket.remoteAddress}:${socket.remotePort}`;
    this.since = Date.now();
    socket.setNoDelay(true);
    this.#session = new FrameSession({ socket });
    this.#session.on("frame", (frame) => this.#onFrame(frame));
    this.#session.on("corrupt", (length) => this.#onCorrupt(length));
    this.#session.on("error", () => socket.destroy());
    this.#session.on("close", () => this.#onClose());
  }

  get receives() {
    return !this.#silent && (this.state === "rx" || this.state === "trx");
  }

  get outstanding() {
    return this.#pending.size;
  }

  describe() {
    const { id, state, systemId, peer, since } = this;
    return { id, state, systemId, peer, since, outstanding: this.outstanding, silent: this.#silent };
  }

  /**
   * Sends a request. Resolves to {status, pdu}, or to {lost: "timeout" | "closed"}: then nobody knows
   * whether the peer took it.
   */
  request(command, fields = {}, { timeoutMs = 10000, extra = [] } = {}) {
    return new Promise((resolve) => {
      const sequence = this.#nextSequence();
      const timer = this.#smsc.timers.after(timeoutMs, () => this.#settle(sequence, { lost: "timeout" }));
      this.#pending.set(sequence, { resolve, timer, command });
      const vendor = this.#smsc.faults.values.vendorTlvs && command === "deliver_sm" ? VENDOR_TLVS : [];
      this.#write(
        encodePdu(command, { ...fields, sequence_number: sequence }, { extra: [...extra, ...vendor] }),
      );
    });
  }

  /** Writes octets as they are: garbage, half PDUs, PDUs that no table knows. */
  raw(octets) {
    this.#write(octets);
  }

  /** Cuts the TCP connection at once. */
  drop(why = "dropped by hand") {
    this.#smsc.events.add("link.dropped", { link: this.id, why });
    this.#session.socket.destroy();
  }

  /** From now on writes but does not read: whatever the peer answers is lost on the way. */
  goDeaf() {
    this.#deaf = true;
    this.#session.paused = true;
    this.#session.socket.pause();
  }

  /** From now on neither reads nor writes, and never closes: how mobile and cloud links really die. */
  goSilent() {
    this.#silent = true;
    this.goDeaf();
    this.#smsc.changed();
  }

  /** Counts its silence from now, where a fault says that silence is punished. */
  watchIdle() {
    const { idleCutMs } = this.#smsc.faults.values;
    this.#smsc.timers.cancel(this.#idle);
    this.#idle = idleCutMs ? this.#smsc.timers.after(idleCutMs, () => this.drop("silent for too long")) : undefined;
  }

  // The next PDU is read when this one would have come through a line of that speed.
  #slowDown(octets) {
    const { readPerSecond } = this.#smsc.faults.values;
    if (!readPerSecond) return;
    this.#session.pause();
    this.#smsc.timers.after((octets * 1000) / readPerSecond, () => this.#deaf || this.#session.resume());
  }

  /** A polite end: unbind, wait for the answer, close. */
  async unbind(timeoutMs = 2000) {
    if (this.state === "open" || this.#silent) return this.drop("closing");
    await this.request("unbind", {}, { timeoutMs });
    this.#session.socket.end();
  }

  #onFrame(frame) {
    const pdu = decodeFrame(frame);
    this.#slowDown(frame.length);
    this.watchIdle();
    this.#smsc.heard(this, pdu);
    if (pdu.command_id >= 0x80000000) return this.#onResponse(pdu);
    if (pdu.command === "unknown") return this.#nack(pdu, STATUS.ESME_RINVCMDID);
    if (pdu.bad) return this.answer(pdu, { command_status: pdu.bad });
    const rule = COMMANDS[pdu.command];
    if (!rule) return this.#nack(pdu, STATUS.ESME_RINVCMDID);
    if (!rule.in.includes(this.state)) return this.answer(pdu, { command_status: this.#wrongState(pdu) });
    this[rule.run](pdu);
  }

  #wrongState(pdu) {
    return BINDS[pdu.command] ? STATUS.ESME_RALYBND : STATUS.ESME_RINVBNDSTS;
  }

  onBind(pdu) {
    const mode = BINDS[pdu.command];
    const status = this.#smsc.admit(pdu, mode);
    if (status === 0) {
      this.state = mode;
      this.systemId = pdu.system_id;
    }
    const version = this.#smsc.faults.values.omitVersion ? {} : { sc_interface_version: 0x34 };
    this.answer(pdu, { command_status: status, system_id: "posthouse-smsc", ...(status ? {} : version) });
    this.#smsc.events.add(status ? "bind.refused" : "bind", {
      link: this.id,
      mode,
      systemId: pdu.system_id,
      status,
    });
    this.#smsc.opened(this);
  }

  onSubmit(pdu) {
    this.#smsc.submit(this, pdu);
  }

  onQuery(pdu) {
    this.answer(pdu, this.#smsc.query(pdu));
  }

  onEnquire(pdu) {
    if (this.#smsc.faults.values.answerEnquire) this.answer(pdu);
  }

  onUnbind(pdu) {
    this.state = "closed";
    this.answer(pdu);
    this.#smsc.events.add("unbind", { link: this.id });
    this.#smsc.changed();
    // The ESME closes after our answer; one that does not is closed after a moment.
    this.#smsc.timers.after(1000, () => this.#session.socket.destroy());
  }

  #onCorrupt(length) {
    this.#smsc.events.add("corrupt", { link: this.id, length });
    this.#write(encodePdu("generic_nack", { command_status: STATUS.ESME_RINVCMDLEN, sequence_number: 0 }));
    this.#session.socket.end();
  }

  #onResponse(pdu) {
    if (pdu.command === "generic_nack")
      this.#smsc.events.add("nack", {
        link: this.id,
        status: pdu.command_status,
        sequence: pdu.sequence_number,
      });
    this.#settle(pdu.sequence_number, { status: pdu.command_status, pdu });
  }

  #onClose() {
    this.state = "closed";
    this.#smsc.timers.cancel(this.#idle);
    for (const sequence of [...this.#pending.keys()]) this.#settle(sequence, { lost: "closed" });
    this.#smsc.gone(this);
  }

  #settle(sequence, outcome) {
    const waiting = this.#pending.get(sequence);
    if (!waiting) return;
    this.#pending.delete(sequence);
    this.#smsc.timers.cancel(waiting.timer);
    waiting.resolve(outcome);
  }

  #nack(pdu, status) {
    this.#write(encodePdu("generic_nack", { command_status: status, sequence_number: pdu.sequence_number }));
  }

  /** Responds to a request now, with the faults of the moment. */
  answer(pdu, fields = {}) {
    const v = this.#smsc.faults.values;
    if (v.mute === "all") return;
    const congestion = v.congestion === null ? [] : [[0x0428, Buffer.from([v.congestion & 0xff])]];
    const tlvs = fields.command_status ? [] : [...congestion, ...(v.vendorTlvs ? VENDOR_TLVS : [])];
    const frame = encodePdu(
      `${pdu.command}_resp`,
      { ...fields, sequence_number: pdu.sequence_number },
      { extra: tlvs, body: v.errorBody },
    );
    this.#write(frame);
    if (v.duplicateResponses) this.#write(frame);
  }

  #write(octets) {
    const { socket } = this.#session;
    if (this.#silent || !socket.writable) return;
    this.#smsc.said(this, octets);
    const step = this.#smsc.faults.values.dribble;
    if (step === 0) return void socket.write(octets);
    for (let at = 0; at < octets.length; at += step) socket.write(octets.subarray(at, at + step));
  }

  #nextSequence() {
    do {
      this.#sequence = this.#sequence >= 0x7fffffff ? 1 : this.#sequence + 1;
    } while (this.#pending.has(this.#sequence));
    return this.#sequence;
  }
}
