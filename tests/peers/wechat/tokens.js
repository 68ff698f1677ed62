// access_token as docs/protocols/wechat.md has it: stable_token gives every caller the same token until its last five
// minutes, then a new one while both live; force_refresh kills the old one; the classic endpoint, where
// each call replaces the last, is a world of its own.

import { randomBytes } from "node:crypto";
import { ApiError } from "./errors.js";

const OVERLAP_S = 300;
const FORCED_PER_DAY = 20;
const FORCED_GAP_S = 30;

export class Tokens {
  #now;
  #life;
  #live = new Map(); // token -> end, in seconds
  #dead = new Set(); // tokens that were good once: 42001 for these, 40001 for strangers
  #stable = null;
  #classic = null;
  #forced = [];
  calls = 0;
  forcedCalls = 0;

  constructor({ now, lifeSeconds = 7200 }) {
    this.#now = () => Math.floor(now() / 1000);
    this.#life = lifeSeconds;
  }

  /** The answer to stable_token. */
  stable(force) {
    this.calls++;
    const now = this.#now();
    if (force) return this.#force(now);
    const current = this.#stable;
    const rest = current ? (this.#live.get(current) ?? 0) - now : 0;
    // Short lives in tests keep the overlap in proportion.
    if (rest <= Math.min(OVERLAP_S, this.#life / 24)) this.#stable = this.#make(now);
    return this.#answer(this.#stable, now);
  }

  #force(now) {
    this.#forced = this.#forced.filter((t) => t > now - 86400);
    if (this.#forced.length >= FORCED_PER_DAY) throw new ApiError(45009);
    if (this.#forced.length && now - this.#forced.at(-1) < FORCED_GAP_S) throw new ApiError(45011);
    this.#forced.push(now);
    this.forcedCalls++;
    if (this.#stable) this.kill(this.#stable);
    this.#stable = this.#make(now);
    return this.#answer(this.#stable, now);
  }

  /** The answer to the classic token endpoint. */
  classic() {
    const now = this.#now();
    if (this.#classic)
      this.#live.set(this.#classic, Math.min(this.#live.get(this.#classic) ?? 0, now + OVERLAP_S));
    this.#classic = this.#make(now);
    return this.#answer(this.#classic, now);
  }

  #make(now) {
    const token = `${Math.floor(Math.random() * 90 + 10)}_${randomBytes(66).toString("base64url")}`;
    this.#live.set(token, now + this.#life);
    return token;
  }

  #answer(token, now) {
    return { access_token: token, expires_in: (this.#live.get(token) ?? now) - now };
  }

  /** Throws what the API answers for this token. */
  check(token) {
    if (!token) throw new ApiError(41001);
    const end = this.#live.get(token);
    if (end === undefined) throw new ApiError(this.#dead.has(token) ? 42001 : 40001);
    if (end > this.#now()) return;
    this.#live.delete(token);
    this.#dead.add(token);
    throw new ApiError(42001);
  }

  /** From now on this token is not the latest: 40001. */
  kill(token) {
    this.#live.delete(token);
  }

  /** Ends every token at once: 42001 for all that was given out. */
  expireAll() {
    for (const token of this.#live.keys()) this.#dead.add(token);
    this.#live.clear();
    this.#stable = this.#classic = null;
  }
}
