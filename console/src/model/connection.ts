/**
 * Keeps one socket to a node alive and says in which state it is. Knows nothing of conversations:
 * the owner gives the `hello` and gets the frames. Clock, timers, chance and the socket itself come
 * from outside, so tests turn them by hand.
 */
import { parseFrame, type ClientFrame, type ServerFrame } from "../protocol";

export type LinkState =
  | { at: "connecting" }
  | { at: "ready" }
  | { at: "waiting"; until: number }
  /** The node said no for good: another console of the same user, no right, or no session. */
  | { at: "replaced" }
  | { at: "refused" }
  | { at: "logged_out" };

export interface SocketLike {
  readonly readyState: number;
  send(data: string): void;
  close(code?: number, reason?: string): void;
  onopen: (() => void) | null;
  onmessage: ((e: { data: unknown }) => void) | null;
  onclose: ((e: { code: number }) => void) | null;
}

export interface Outside {
  open(): SocketLike;
  /** Is the session still good? Asked when a connection did not even open. */
  session(): Promise<"in" | "out" | "unreachable">;
  now(): number;
  after(ms: number, fn: () => void): unknown;
  cancel(timer: unknown): void;
  random(): number;
}

export interface Owner {
  hello(): ClientFrame;
  frame(frame: ServerFrame): void;
  state(state: LinkState): void;
  /** The socket is gone: what had no answer will get none on it. */
  lost(): void;
}

export const PING_MS = 20_000;
export const DEAD_MS = 8_000;
export const OPEN_MS = 10_000;
/** WebSocket.OPEN: a socket that is closing takes words and loses them. */
const OPEN = 1;
const BACKOFF_MS = 500;
const BACKOFF_MAX_MS = 15_000;
/** Close codes that say "you ask too much": come back, but slowly. */
const SLOW = new Set([1009, 4002, 4008, 4009]);
const SLOW_MS = 5_000;

/** How long to wait before try number `tries` (from 0): doubling, and jittered over its upper half. */
export function backoff(tries: number, random: number): number {
  const full = Math.min(BACKOFF_MAX_MS, BACKOFF_MS * 2 ** Math.min(tries, 10));
  return Math.round(full / 2 + (full / 2) * random);
}

export class Connection {
  private socket: SocketLike | null = null;
  private tries = 0;
  private timer: unknown = null;
  private heard = 0;
  private pinged = false;
  private comeBackMs = 0;
  private stopped = false;
  private welcomed = false;

  constructor(
    private readonly out: Outside,
    private readonly owner: Owner,
  ) {}

  start(): void {
    this.stopped = false;
    this.tries = 0;
    this.connect();
  }

  /** Ends it without a word to the owner. */
  stop(): void {
    this.stopped = true;
    this.clear();
    this.drop(1000);
  }

  /** The network is said to be back, or the agent is impatient. */
  hurry(): void {
    if (this.stopped || this.socket) return;
    this.clear();
    this.connect();
  }

  /** Says it now, or answers false: not connected. */
  send(frame: ClientFrame): boolean {
    if (!this.socket || !this.welcomed || this.socket.readyState !== OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private connect(): void {
    this.owner.state({ at: "connecting" });
    const socket = this.out.open();
    let opened = false;
    this.socket = socket;
    this.welcomed = false;
    this.comeBackMs = 0;
    this.timer = this.out.after(OPEN_MS, () => this.dead(socket, opened));
    socket.onopen = () => {
      opened = true;
      socket.send(JSON.stringify(this.owner.hello()));
    };
    socket.onmessage = (e) => this.on(socket, e.data);
    socket.onclose = (e) => this.closed(socket, e.code, opened);
  }

  private on(socket: SocketLike, data: unknown): void {
    const frame = parseFrame(data);
    if (socket !== this.socket || !frame) return;
    this.heard = this.out.now();
    this.pinged = false;
    if (frame.type === "welcome") {
      this.welcomed = true;
      this.tries = 0;
      this.clear();
      this.watch(socket);
    } else if (frame.type === "bye") {
      this.comeBackMs = Math.max(1, frame.retry_after_ms ?? 0);
    }
    this.owner.frame(frame);
    if (frame.type === "welcome") this.owner.state({ at: "ready" });
  }

  /** A ping when nothing was heard for a while; no word after that means the link is dead. */
  private watch(socket: SocketLike): void {
    const quiet = this.out.now() - this.heard;
    const limit = this.pinged ? PING_MS + DEAD_MS : PING_MS;
    if (quiet >= limit) {
      if (this.pinged) return this.dead(socket, true);
      this.pinged = true;
      socket.send('{"type":"ping"}');
    }
    const next = (this.pinged ? PING_MS + DEAD_MS : PING_MS) - quiet;
    this.timer = this.out.after(Math.max(next, 1000), () => this.watch(socket));
  }

  private dead(socket: SocketLike, opened: boolean): void {
    if (socket !== this.socket) return;
    this.drop(4000);
    this.again(opened ? 0 : 1006, opened);
  }

  private closed(socket: SocketLike, code: number, opened: boolean): void {
    if (socket !== this.socket) return;
    this.socket = null;
    this.welcomed = false;
    this.clear();
    this.again(code, opened);
  }

  private again(code: number, opened: boolean): void {
    this.owner.lost();
    if (this.stopped) return;
    if (code === 4010) return this.owner.state({ at: "replaced" });
    if (code === 1008) return this.owner.state({ at: "refused" });
    if (code === 4001 || code === 1000) return this.owner.state({ at: "logged_out" });
    const base = backoff(this.tries++, this.out.random());
    const asked = this.comeBackMs ? this.comeBackMs * (1 + this.out.random() / 2) : 0;
    const wait = Math.round(Math.max(base, asked, SLOW.has(code) ? SLOW_MS : 0));
    this.owner.state({ at: "waiting", until: this.out.now() + wait });
    this.timer = this.out.after(wait, () => (opened ? this.connect() : this.ask()));
  }

  /** The last try did not open; a browser does not say why, so ask whether we are logged in. */
  private ask(): void {
    void this.out.session().then((answer) => {
      if (this.stopped || this.socket) return;
      if (answer === "out") this.owner.state({ at: "logged_out" });
      else this.connect();
    });
  }

  private drop(code: number): void {
    const socket = this.socket;
    this.socket = null;
    this.welcomed = false;
    this.clear();
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close(code);
  }

  private clear(): void {
    if (this.timer !== null) this.out.cancel(this.timer);
    this.timer = null;
  }
}
