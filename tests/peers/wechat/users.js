// WeChat users and what they see: whether they follow the account, their thread of bubbles, their quota.

import { Quota } from "./quota.js";

const KEEP = 2000;

export class Users {
  #users = new Map();
  #next = 1;

  constructor({ now, changed = () => {} }) {
    this.now = now;
    this.changed = changed;
  }

  /** The user with this openid, made when first spoken of. */
  get(openid) {
    if (!this.#users.has(openid)) {
      this.#users.set(openid, {
        openid,
        name: openid,
        follows: true,
        typing: false,
        quota: new Quota(this.now),
        thread: [],
      });
    }
    return this.#users.get(openid);
  }

  has(openid) {
    return this.#users.has(openid);
  }

  all() {
    return [...this.#users.values()];
  }

  /** What the page shows of a user beside the thread. */
  describe({ openid, name, follows, typing, quota }) {
    return { openid, name, follows, typing, quota: quota.state };
  }

  /** A new bubble of a thread: dir is in (from the user), out (from the account) or system. */
  add(openid, fields) {
    const { thread } = this.get(openid);
    const message = { id: `w${this.#next++}`, openid, ts: Date.now(), ...fields };
    thread.push(message);
    if (thread.length > KEEP) thread.splice(0, KEEP / 10);
    this.changed(message);
    return message;
  }

  messages(openid) {
    return openid ? this.get(openid).thread : this.all().flatMap((u) => u.thread);
  }

  /** [{openid, kind, text, count}]: how often each text reached a user, by any way. */
  counts() {
    const rows = new Map();
    for (const m of this.messages()) {
      if (m.dir !== "out") continue;
      const key = JSON.stringify([m.openid, m.kind, m.text]);
      const row = rows.get(key) ?? { openid: m.openid, kind: m.kind, text: m.text, count: 0 };
      row.count++;
      rows.set(key, row);
    }
    return [...rows.values()];
  }

  clear() {
    for (const user of this.#users.values()) {
      user.thread = [];
      user.quota.close();
    }
  }
}
