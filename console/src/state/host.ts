/** What the desk needs of a browser; a test gives its own. */
import type { SocketLike } from "../model/connection";
import type { Lang } from "../protocol";

export interface Host {
  socket(): SocketLike;
  session(): Promise<"in" | "out" | "unreachable">;
  now(): number;
  after(ms: number, fn: () => void): unknown;
  cancel(timer: unknown): void;
  random(): number;
  /** Unique in practice: 128 bits. */
  id(): string;
  load(key: string): string | null;
  save(key: string, value: string | null): void;
  lang(): Lang;
  /** A customer wrote: tell the agent, even when the window is hidden. */
  alert(title: string, text: string, conversation: string): void;
}
