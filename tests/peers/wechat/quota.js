// How many customer-service messages an account may still send to one user (docs/protocols/wechat.md): what the user
// did opens a window with a number of messages.

import { ApiError } from "./errors.js";

const HOUR = 3600 * 1000;

/** {messages, milliseconds} by what the user did. */
export const GRANTS = {
  message: { count: 5, ms: 48 * HOUR },
  menu: { count: 3, ms: 60 * 1000 },
  follow: { count: 3, ms: 60 * 1000 },
  scan: { count: 3, ms: 60 * 1000 },
};

export class Quota {
  #windows = new Map();
  #now;

  constructor(now) {
    this.#now = now;
  }

  /** The user did something: its window starts anew. */
  grant(kind) {
    const { count, ms } = GRANTS[kind];
    this.#windows.set(kind, { left: count, until: this.#now() + ms });
  }

  #open() {
    const now = this.#now();
    return [...this.#windows.values()].filter((w) => w.until > now).sort((a, b) => a.until - b.until);
  }

  /** Takes one message from the window that ends first, or throws 45015 (none open) or 45047 (used up). */
  take() {
    const open = this.#open();
    if (open.length === 0) throw new ApiError(45015);
    const window = open.find((w) => w.left > 0);
    if (!window) throw new ApiError(45047);
    window.left--;
  }

  /** {left, until}: messages that may still be sent, and until when any window is open. */
  get state() {
    const open = this.#open();
    return { left: open.reduce((sum, w) => sum + w.left, 0), until: open.at(-1)?.until ?? null };
  }

  close() {
    this.#windows.clear();
  }
}
