// The record of what a simulator saw and did. Tests wait on it under a deadline instead of sleeping;
// the pages and the control API read it. Bounded: a long traffic run keeps only the newest events.

import { EventEmitter } from "node:events";
import { PATIENCE_MS } from "./patience.js";

const KEEP = 20000;

export class EventLog extends EventEmitter {
  #events = [];
  #next = 1;

  constructor() {
    super();
    this.setMaxListeners(0);
  }

  /** Records an event and tells everyone who listens. Returns it with its number and time. */
  add(type, fields = {}) {
    const event = { n: this.#next++, ts: Date.now(), type, ...fields };
    this.#events.push(event);
    if (this.#events.length > KEEP) this.#events.splice(0, KEEP / 10);
    this.emit("event", event);
    return event;
  }

  /** The number that the next event will have: pass it as `since` to ignore what was before. */
  get mark() {
    return this.#next;
  }

  /** Events kept, oldest first, of one type or all. */
  list(type, since = 0) {
    return this.#events.filter((e) => e.n >= since && (!type || e.type === type));
  }

  /**
   * The first event for which match (a type or a predicate) holds, whether it already happened
   * (from `since` on) or is still to come. Rejects after timeoutMs, naming the last events.
   */
  wait(match, { timeoutMs = PATIENCE_MS, since = 0, what = String(match) } = {}) {
    const fits = typeof match === "string" ? (e) => e.type === match : match;
    const past = this.#events.find((e) => e.n >= since && fits(e));
    if (past) return Promise.resolve(past);
    return new Promise((resolve, reject) => {
      const on = (event) => {
        if (!fits(event)) return;
        done();
        resolve(event);
      };
      const timer = setTimeout(() => {
        done();
        const last = this.#events
          .slice(-5)
          .map((e) => e.type)
          .join(", ");
        reject(new Error(`not seen within ${timeoutMs} ms: ${what} (last events: ${last || "none"})`));
      }, timeoutMs);
      const done = () => {
        clearTimeout(timer);
        this.off("event", on);
      };
      this.on("event", on);
    });
  }

  clear() {
    this.#events = [];
  }
}

/** Timers that all end together, so that close() leaves nothing behind that keeps a test alive. */
export class Timers {
  #live = new Set();

  after(ms, run) {
    const timer = setTimeout(() => {
      this.#live.delete(timer);
      run();
    }, ms);
    this.#live.add(timer);
    return timer;
  }

  every(ms, run) {
    const timer = setInterval(run, ms);
    this.#live.add(timer);
    return timer;
  }

  cancel(timer) {
    clearTimeout(timer);
    this.#live.delete(timer);
  }

  /** Resolves after ms; never resolves when clear() comes first. */
  sleep(ms) {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  clear() {
    for (const timer of this.#live) clearTimeout(timer);
    this.#live.clear();
  }
}
