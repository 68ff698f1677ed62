/** Requests for the catalogue, by the log-in's cookie; and what the page knows, as signals. */
import { signal } from "@preact/signals";
import { leave, toast } from "../state/desk";
import { wOf } from "./words";
import type { Fault, Template } from "./form";

export interface Answer {
  ok: boolean;
  status: number;
  code: string;
  // The server is ours: a field that is missing shows as empty.
  // eslint-disable-next-line @typescript-eslint/no-explicit-any
  body: any;
  etag: string;
}

export async function call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  try {
    const r = await fetch(`api${path}`, {
      method, credentials: "same-origin",
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await r.text();
    const json: Record<string, unknown> = text ? JSON.parse(text) : {};
    if (r.status === 401) leave(true);
    return { ok: r.ok, status: r.status, code: String(json.code ?? ""), body: json, etag: r.headers.get("etag") ?? "" };
  } catch {
    return { ok: false, status: 0, code: "unreachable", body: {}, etag: "" };
  }
}

/** A short word over the page: what was done, or why not. */
export function tell(words: string): void {
  toast.value = { key: "", code: words, n: Date.now() };
}
export const tellProblem = (a: Answer): void => tell(wOf(`p_${a.code}`, String(a.body.detail ?? a.code)));

export interface Group {
  id: string;
  count: number;
  text: string;
  nearest: string | null;
  drafted: string[];
  ids: string[];
  questions: { id: string; text: string; ts: number }[];
}
export interface Listed {
  id: string;
  kind?: string;
  title?: { zh: string; en: string };
  samples?: number;
  state: "published" | "changed" | "removed" | "draft";
  by?: string;
  ts?: number;
}
export interface Held {
  id: string;
  state: Listed["state"];
  conflict: boolean;
  published: { template: Template; hash: string } | null;
  draft: { template: Template | null; hash: string; by: string; ts: number } | null;
}
export interface Version {
  version: number;
  current: boolean;
  by: string;
  ts: number;
  origin: string;
  from: number;
  changed: string[];
  authors?: string[];
  note?: string;
}
export type { Fault };

export type Section = "asked" | "answers" | "versions";
export const section = signal<Section>("answers");
export const may = signal<ReadonlySet<string>>(new Set());
export const fourEyes = signal(false);
/** The template that is open; "" for a new one. */
export const open = signal<string | null>(null);
export const only = signal<"all" | "drafts">("all");
export const find = signal("");
export const list = signal<readonly Listed[] | null>(null);
export const next = signal<string | null>(null);
export const trouble = signal("");

let asked = 0;

/** Reads the list; `more` goes on where it ended. An answer that comes late is not shown. */
export async function readList(more = false): Promise<void> {
  const mine = ++asked;
  const q = new URLSearchParams({ limit: "100" });
  if (find.value) q.set("q", find.value);
  else if (only.value === "drafts") q.set("drafts", "true");
  if (more && next.value) q.set("after", next.value);
  const a = await call("GET", `/templates?${q}`);
  if (mine !== asked) return;
  trouble.value = a.ok ? "" : a.code;
  if (!a.ok) return;
  may.value = new Set(a.body.may as string[]);
  fourEyes.value = a.body.four_eyes === true;
  const got = (a.body.items as Listed[]).filter((x) => !find.value || only.value === "all" || x.state !== "published");
  list.value = more ? [...(list.value ?? []), ...got] : got;
  next.value = a.body.next as string | null;
}

export function show(id: string | null): void {
  open.value = id;
  section.value = "answers";
}
