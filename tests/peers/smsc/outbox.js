// Store and forward towards the ESME, as a real SMSC does it: what a handset said and every receipt waits
// here until a receiver has acknowledged it. A lost link or an unanswered deliver_sm sends it again over
// another session; a temporary error is tried again after a while, a permanent one ends it.

import { STATUS } from "./wire.js";

/** Errors after which an SMSC tries again (docs/protocols/smpp.md); all others end the message. */
const TEMPORARY = new Set([
  STATUS.ESME_RMSGQFUL,
  STATUS.ESME_RTHROTTLED,
  STATUS.ESME_RX_T_APPN,
  STATUS.ESME_RSYSERR,
  STATUS.ESME_RINVBNDSTS,
]);

export const DELIVERY_OPTIONS = {
  responseTimeoutMs: [10000, "number"], // then the link is dropped and the message goes over a new one
  retryMs: [1000, "number"], // after a temporary error
  attempts: [1000, "number"], // before a message is given up
  window: [10, "number"], // unanswered deliver_sm per link
};

export class Outbox {
  #waiting = []; // by priority, then in order
  #sent = new Set();
  #timers;
  #links;
  #events;
  #options;
  #turn = 0;
  #next = 1;

  /** `links()` lists the bound receivers; `options.values` has the rows of DELIVERY_OPTIONS. */
  constructor({ links, events, timers, options }) {
    this.#links = links;
    this.#events = events;
    this.#timers = timers;
    this.#options = options;
  }

  /**
   * Queues one deliver_sm for an account. Resolves with {status, attempts} when the ESME has answered for
   * good. Higher priority goes first, equal priority in order.
   */
  push({ systemId, fields, extra = [], kind, priority = 0, pin, avoid, about = {}, report = () => {} }) {
    return new Promise((resolve) => {
      const entry = {
        n: this.#next++,
        systemId,
        fields,
        extra,
        kind,
        priority,
        pin,
        avoid,
        about,
        report,
        resolve,
        attempts: 0,
        due: 0,
      };
      this.#queue(entry);
      report("stored");
      this.pump();
    });
  }

  // Behind all of its own priority; what comes again goes before those that never went.
  #queue(entry, again = false) {
    const last = this.#waiting.at(-1);
    const before = (e) =>
      e.priority < entry.priority || (again && e.priority === entry.priority && e.n > entry.n);
    if (!last || !before(last)) this.#waiting.push(entry);
    else this.#waiting.splice(this.#waiting.findIndex(before), 0, entry);
  }

  /** Sends whatever can go now. */
  pump() {
    const now = Date.now();
    for (let i = 0; i < this.#waiting.length && this.#roomy();) {
      const entry = this.#waiting[i];
      const link = entry.due > now ? null : this.#pick(entry);
      if (!link) i++;
      else {
        this.#waiting.splice(i, 1);
        this.#send(entry, link);
      }
    }
  }

  #roomy(systemId) {
    return this.#links(systemId).some((l) => l.outstanding < this.#options.values.window);
  }

  /** Makes what waits for its next try due now. */
  retry() {
    for (const entry of this.#waiting) entry.due = 0;
    this.pump();
  }

  /** {stored, sent}: how many wait, how many are sent and unanswered. */
  get depth() {
    return { stored: this.#waiting.length, sent: this.#sent.size };
  }

  clear() {
    for (const entry of [...this.#waiting, ...this.#sent]) {
      entry.resolve({ status: null, attempts: entry.attempts, dropped: true });
    }
    this.#waiting = [];
    this.#sent.clear();
  }

  // Round robin: parts of one long message and receipts spread over all binds of an account.
  #pick(entry) {
    const open = this.#links(entry.systemId).filter((l) => l.outstanding < this.#options.values.window);
    if (open.length === 0) return null;
    if (entry.pin !== undefined) return open.find((l) => l.id === entry.pin) ?? null;
    const others = open.filter((l) => l.id !== entry.avoid);
    const choice = others.length > 0 ? others : open;
    return choice[this.#turn++ % choice.length];
  }

  async #send(entry, link) {
    this.#sent.add(entry);
    entry.attempts++;
    const about = { kind: entry.kind, entry: entry.n, attempt: entry.attempts, link: link.id, ...entry.about };
    entry.report("sent", { link: link.id, attempt: entry.attempts });
    this.#events.add("deliver.sent", about);
    const { responseTimeoutMs } = this.#options.values;
    const outcome = await link.request("deliver_sm", entry.fields, {
      timeoutMs: responseTimeoutMs,
      extra: entry.extra,
    });
    if (!this.#sent.delete(entry)) return;
    if (outcome.status === undefined) this.#unanswered(entry, link, outcome.lost, about);
    else if (TEMPORARY.has(outcome.status)) this.#later(entry, outcome.status, about);
    else this.#end(entry, outcome.status, about);
    this.pump();
  }

  #unanswered(entry, link, lost, about) {
    entry.pin = undefined;
    entry.report("unanswered");
    this.#events.add("deliver.unanswered", { ...about, lost });
    // Without an answer the session is of no use: it goes, and the message comes again over the next.
    if (lost === "timeout") link.drop("no response to deliver_sm");
    this.#giveUpOr(entry, () => undefined);
  }

  #later(entry, status, about) {
    entry.due = Date.now() + this.#options.values.retryMs;
    entry.report("refused", { status, again: true });
    this.#events.add("deliver.refused", { ...about, status, again: true });
    this.#giveUpOr(entry, () => this.#timers.after(this.#options.values.retryMs + 1, () => this.pump()));
  }

  #giveUpOr(entry, next) {
    if (entry.attempts < this.#options.values.attempts) {
      this.#queue(entry, true);
      return void next();
    }
    entry.report("expired");
    entry.resolve({ status: null, attempts: entry.attempts, expired: true });
  }

  #end(entry, status, about) {
    entry.report(status === 0 ? "acknowledged" : "refused", { status });
    this.#events.add(status === 0 ? "deliver.acknowledged" : "deliver.refused", { ...about, status });
    entry.resolve({ status, attempts: entry.attempts });
  }
}
