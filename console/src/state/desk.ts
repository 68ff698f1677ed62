/**
 * The desk: everything the console knows, as signals, and everything an agent can do, as functions.
 * It applies the server's frames through the pure models and never touches the document.
 */
import { batch, computed, effect, signal, type Signal } from "@preact/signals";
import { Connection, type LinkState } from "../model/connection";
import * as out from "../model/outbox";
import { backlog, neighbour, sectionOf, sections, type Section } from "../model/list";
import { append, EMPTY, prepend, type Thread } from "../model/thread";
import type {
  Canned, ClientFrame, CustomerCard, Disposition, LogEvent, Measure, MessageEvent, Presence, QueueState, ServerFrame, Suggestion, Summary, User,
} from "../protocol";
import { logout } from "./api";
import type { Host } from "./host";

type Frame<T extends ServerFrame["type"]> = Extract<ServerFrame, { type: T }>;
export type Dialog = "help" | "close" | "requeue" | "about" | "logout" | null;
/** What an action came to: "" or the error's code. */
export type Outcome = string;

const ACK_MS = 15_000;
const RETRY_MS = 3_000;
const ANSWER_MS = 20_000;
const TYPING_MS = 8_000;
const CUSTOMER_MS = 800;
const PAGE = 100;

export const page = signal<"loading" | "login" | "desk">("loading");
/** What stands beside the rail: the conversations, or the answers that are given in them. */
export const pane = signal<"desk" | "answers">("desk");
/** The login ended by itself: the login page says so. */
export const expired = signal(false);
export const user = signal<User | null>(null);
/** Marketers and editors have no desk, only the answers. */
export const hasDesk = computed(() => !/marketer|editor/.test(user.value?.role ?? ""));
export const link = signal<LinkState>({ at: "connecting" });
/** Was there ever a welcome: before it "connecting", after it "reconnecting". */
export const welcomed = signal(false);
export const service = signal<"ok" | "degraded">("ok");
export const presence = signal<Presence>("away");
export const summaries = signal<ReadonlyMap<string, Summary>>(new Map());
export const queues = signal<readonly QueueState[]>([]);
export const dispositions = signal<readonly Disposition[]>([]);
export const canned = signal<readonly Canned[]>([]);
export const outbox = signal<out.Outbox>([]);
export const drafts = signal<Readonly<Record<string, string>>>({});
/** Answers that were changed and not saved (knowledge/unsaved.ts); before that is there, whether there are any. */
export const unwritten = signal(0);
export const selected = signal<string | null>(null);
export const section = signal<Section>("mine");
export const query = signal("");
export const customers = signal<ReadonlyMap<string, CustomerCard>>(new Map());
export const looked = signal<{ q: string; items: readonly Suggestion[] }>({ q: "", items: [] });
export const suggestions = signal<{ conversation: string; seq: number; items: readonly Suggestion[] } | null>(null);
/** What the channel says of the draft that is being written; local counting stands in until then. */
export const measured = signal<{ text: string; of: Measure } | null>(null);
export const typing = signal<ReadonlySet<string>>(new Set());
export const loadingOlder = signal<string | null>(null);
export const dialog = signal<Dialog>(null);
/** A short word to the agent: an error's code, or a key of the strings. */
export const toast = signal<{ key: string; code: string; n: number } | null>(null);
/** The newest thing a customer said, for the live region. */
export const heard = signal<{ title: string; text: string; n: number } | null>(null);
/** The server's clock, once a second. */
export const now = signal(Date.now());

export const lists = computed(() => sections(summaries.value.values(), user.value?.id ?? ""));
export const current = computed(() => summaries.value.get(selected.value ?? "") ?? null);
export const isMine = computed(() => !!current.value && sectionOf(current.value, user.value?.id ?? "") === "mine");
export const unread = computed(() => lists.value.mine.reduce((n, s) => n + s.unread, 0));
/** The queues as counted by the server, or as we see them when it counts none. */
export const waiting = computed(() => {
  const told = backlog(queues.value);
  const seen = lists.value.waiting;
  return told.waiting || !seen.length
    ? told
    : { waiting: seen.length, oldest: seen[0]?.waiting_since ?? null };
});

let host: Host;
let wire: Connection | null = null;
let skew = 0;
let arrived = Number.MAX_SAFE_INTEGER;
let wanted: Presence | null = null;
let restoring = false;
let counter = 0;
const threads = new Map<string, Signal<Thread>>();
const told = new Map<string, number>();
const readSent = new Map<string, number>();
const healing = new Set<string>();
const pending = new Map<string, (frame: ServerFrame) => void>();
const typingTimers = new Map<string, unknown>();
let flushTimer: unknown = null;
let customerTimer: unknown = null;

export function thread(conversation: string): Signal<Thread> {
  let t = threads.get(conversation);
  if (!t) threads.set(conversation, (t = signal(EMPTY)));
  return t;
}

// ---- life ----------------------------------------------------------------------------------

export function init(h: Host): void {
  host = h;
  const tick = (): void => {
    now.value = host.now() + skew;
    host.after(1000, tick);
  };
  tick();
  effect(() => {
    const me = user.value?.id;
    if (me) host.save(`outbox.${me}`, out.unsafe(outbox.value) ? out.serialise(outbox.value) : null);
  });
  effect(() => {
    const me = user.value?.id;
    if (me) host.save(`drafts.${me}`, Object.keys(drafts.value).length ? JSON.stringify(drafts.value) : null);
  });
}

/** Logged in: take up what this tab kept for this agent, and connect. */
export function enter(who: User): void {
  batch(() => {
    outbox.value = out.restore(host.load(`outbox.${who.id}`));
    drafts.value = readDrafts(host.load(`drafts.${who.id}`));
    unwritten.value = +!!host.load(`answers.${who.id}`);
    user.value = who;
    expired.value = false;
    page.value = "desk";
    pane.value = hasDesk.value ? "desk" : "answers";
  });
  if (hasDesk.value) connect();
  else link.value = { at: "ready" };
}

function readDrafts(json: string | null): Record<string, string> {
  try {
    const o: unknown = JSON.parse(json ?? "{}");
    const entries = Object.entries(typeof o === "object" && o ? o : {});
    return Object.fromEntries(entries.filter((e): e is [string, string] => typeof e[1] === "string"));
  } catch {
    return {};
  }
}

/** Logged out; `kept` leaves the unsent words in this tab for the same agent's return. */
export function leave(kept: boolean): void {
  wire?.stop();
  wire = null;
  const me = user.value?.id;
  batch(() => {
    user.value = null;
    page.value = "login";
    expired.value = kept;
    welcomed.value = false;
    dialog.value = null;
    selected.value = null;
    summaries.value = new Map();
    customers.value = new Map();
    suggestions.value = null;
    outbox.value = [];
    drafts.value = {};
    unwritten.value = 0;
    query.value = "";
  });
  if (me && !kept) {
    host.save(`outbox.${me}`, null);
    host.save(`drafts.${me}`, null);
    host.save(`presence.${me}`, null);
    host.save(`answers.${me}`, null);
  }
  arrived = Number.MAX_SAFE_INTEGER;
  wanted = null;
  threads.clear();
  told.clear();
  readSent.clear();
}

export async function logOut(): Promise<void> {
  await logout();
  leave(false);
}

export function connect(): void {
  wire?.stop();
  wire = new Connection(
    {
      open: () => host.socket(),
      session: () => host.session(),
      now: () => host.now(),
      after: (ms, fn) => host.after(ms, fn),
      cancel: (t) => host.cancel(t),
      random: () => host.random(),
    },
    { hello, frame: (f) => batch(() => apply(f)), state: onLink, lost },
  );
  wire.start();
}

export const hurry = (): void => wire?.hurry();

function hello(): ClientFrame {
  const held: Record<string, number> = {};
  for (const s of lists.value.mine) hold(held, s.conversation);
  if (selected.value) hold(held, selected.value);
  return { type: "hello", v: 1, lang: host.lang(), since: held };
}

function hold(held: Record<string, number>, conversation: string): void {
  const t = threads.get(conversation)?.value;
  if (t?.loaded) held[conversation] = t.high;
}

function onLink(state: LinkState): void {
  if (state.at === "logged_out") return leave(true);
  link.value = state;
  if (state.at === "ready") {
    if (selected.value) load(selected.value);
    flush();
  }
}

function lost(): void {
  batch(() => {
    outbox.value = out.interrupted(outbox.value);
    typing.value = new Set();
    healing.clear();
    loadingOlder.value = null;
    const waitingFor = [...pending.values()];
    pending.clear();
    for (const done of waitingFor) done({ type: "error", code: "unavailable" });
  });
}

// ---- frames in -----------------------------------------------------------------------------

function apply(f: ServerFrame): void {
  const rid = "rid" in f ? f.rid : undefined;
  const done = rid ? pending.get(rid) : undefined;
  if (rid && done) {
    pending.delete(rid);
    return done(f);
  }
  switch (f.type) {
    case "welcome": return onWelcome(f);
    case "summary": return onSummary(f.summary);
    case "gone": return onGone(f.conversation);
    case "events": return onEvents(f.conversation, f.events, f.more, false);
    case "ack": {
      outbox.value = out.acked(outbox.value, f.cid, f.seq);
      confirm(f.conversation, thread(f.conversation).value.items);
      return flush();
    }
    case "error": return onError(f);
    case "queues": queues.value = f.queues; return;
    case "presence": return onPresence(f);
    case "typing": return onTyping(f.conversation, f.on);
    case "service":
      service.value = f.state;
      if (f.state === "ok") flush();
      return;
    default: return;
  }
}

function onWelcome(f: Frame<"welcome">): void {
  skew = f.server_ts ? f.server_ts - host.now() : 0;
  now.value = host.now() + skew;
  arrived = Math.min(arrived, f.server_ts);
  const first = !welcomed.value;
  const kept = current.value;
  const map = new Map(f.conversations.map((s) => [s.conversation, s]));
  if (kept && !map.has(kept.conversation)) map.set(kept.conversation, kept);
  user.value = { ...f.user };
  summaries.value = map;
  queues.value = f.queues ?? [];
  dispositions.value = f.dispositions ?? [];
  canned.value = f.canned ?? [];
  service.value = "ok";
  welcomed.value = true;
  presence.value = f.presence;
  if (first) want((host.load(`presence.${f.user.id}`) as Presence | null) ?? f.presence);
  if (wanted === "available" && f.presence === "away") restorePresence();
}

function onSummary(s: Summary): void {
  const me = user.value?.id ?? "";
  const old = summaries.value.get(s.conversation);
  // What we have said to have read may still be on its way there.
  const seen = Math.max(s.read_seq ?? 0, readSent.get(s.conversation) ?? 0);
  put(seen >= s.seq ? { ...s, unread: 0 } : s);
  if (sectionOf(s, me) === "mine" && (!old || sectionOf(old, me) !== "mine")) tell(s, s.last?.text ?? "", s.seq, now.value);
}

function put(s: Summary): void {
  summaries.value = new Map(summaries.value).set(s.conversation, s);
}

function onGone(conversation: string): void {
  const map = new Map(summaries.value);
  map.delete(conversation);
  summaries.value = map;
  if (selected.value === conversation) selected.value = null;
}

function onEvents(conversation: string, events: readonly LogEvent[], more: boolean | undefined, answer: boolean): void {
  const t = thread(conversation);
  const applied = append(t.value, events, more, answer);
  t.value = applied.thread;
  if (applied.gap) return heal(conversation);
  confirm(conversation, applied.added);
  if (conversation === selected.value && applied.added.some((e) => e.type !== "status")) customerSoon();
  const s = summaries.value.get(conversation);
  for (const e of applied.added) {
    if (e.type !== "message" || e.direction !== "in") continue;
    onTyping(conversation, false);
    if (s && sectionOf(s, user.value?.id ?? "") === "mine") tell(s, e.text ?? "", e.seq, e.ts);
  }
}

function confirm(conversation: string, events: readonly LogEvent[]): void {
  const before = outbox.value;
  outbox.value = out.confirmed(before, conversation, user.value?.id ?? "", events);
  if (outbox.value !== before) flush();
}

/** The stretch has a hole before what was pushed: ask for everything after what we hold. */
function heal(conversation: string): void {
  if (!healing.has(conversation)) load(conversation);
}

function load(conversation: string): void {
  healing.add(conversation);
  const t = thread(conversation).value;
  ask({ type: "open", conversation, since: t.loaded ? t.high : 0 }, (f) => {
    healing.delete(conversation);
    if (f.type === "events") onEvents(conversation, f.events, f.more, true);
    else if (f.type === "error" && !out.PASSING.has(f.code)) complain(f.code);
  });
}

/** Says aloud, once, that a customer wrote; never for what was there before we came. */
function tell(s: Summary, text: string, seq: number, ts: number): void {
  if (ts < arrived || seq <= (told.get(s.conversation) ?? 0)) return;
  told.set(s.conversation, seq);
  heard.value = { title: s.title, text, n: ++counter };
  host.alert(s.title, text, s.conversation);
}

function onError(f: Frame<"error">): void {
  if (!f.cid) return complain(f.code);
  outbox.value = out.refused(outbox.value, f.cid, f.code);
  if (out.PASSING.has(f.code)) flushLater(f.retry_after_ms ?? RETRY_MS);
  else flush();
}

function onPresence(f: Frame<"presence">): void {
  presence.value = f.state;
  if (f.reason === "connection_lost" && f.state === "away" && wanted === "available") restorePresence();
}

/** What the agent chose last; it outlives a reload of the page, as their being there does. */
function want(state: Presence): void {
  wanted = state;
  if (user.value) host.save(`presence.${user.value.id}`, state);
}

/** Only a lost connection, or a reload, made them away. */
function restorePresence(): void {
  if (restoring) return;
  restoring = true;
  ask({ type: "presence", state: "available" }, (f) => {
    restoring = false;
    if (f.type === "error") return;
    presence.value = "available";
    toast.value = { key: "conn_lost_away", code: "", n: ++counter };
  });
}

function onTyping(conversation: string, on: boolean): void {
  host.cancel(typingTimers.get(conversation));
  if (on) typingTimers.set(conversation, host.after(TYPING_MS, () => onTyping(conversation, false)));
  if (typing.value.has(conversation) === on) return;
  const set = new Set(typing.value);
  if (on) set.add(conversation);
  else set.delete(conversation);
  typing.value = set;
}

// ---- frames out ----------------------------------------------------------------------------

function ask(frame: ClientFrame, done: (f: ServerFrame) => void): void {
  const rid = `r${++counter}`;
  if (!wire?.send({ ...frame, rid })) return done({ type: "error", code: "unavailable" });
  const timer = host.after(ANSWER_MS, () => {
    if (pending.delete(rid)) batch(() => done({ type: "error", code: "unavailable" }));
  });
  pending.set(rid, (f) => {
    host.cancel(timer);
    done(f);
  });
}

/** An action that is done or not: answers "" or the code, and complains by itself. */
function act(frame: ClientFrame): Promise<Outcome> {
  return new Promise((resolve) => {
    ask(frame, (f) => {
      const code = f.type === "error" ? f.code : "";
      if (code) complain(code);
      resolve(code);
    });
  });
}

export function complain(code: string): void {
  toast.value = { key: `e_${code}`, code, n: ++counter };
}

function flushLater(ms: number): void {
  host.cancel(flushTimer);
  flushTimer = host.after(ms, () => batch(flush));
}

/** Sends what is due. Harmless at any time: a `cid` that is known is acknowledged again. */
function flush(): void {
  if (link.value.at !== "ready" || service.value !== "ok") return;
  for (const e of out.due(outbox.value)) {
    const { conversation, cid, text } = e;
    if (!wire?.send({ type: "send", conversation, cid, text })) return;
    outbox.value = out.sent(outbox.value, cid);
    host.after(ACK_MS, () => unanswered(cid));
  }
}

function unanswered(cid: string): void {
  const e = outbox.value.find((x) => x.cid === cid);
  if (e?.state !== "sent") return;
  batch(() => {
    outbox.value = out.refused(outbox.value, cid, "timeout");
    flush();
  });
}

// ---- what an agent does --------------------------------------------------------------------

export function say(conversation: string, text: string): void {
  batch(() => {
    outbox.value = out.add(outbox.value, conversation, host.id(), text, now.value);
    draft(conversation, "");
    if (suggestions.value?.conversation === conversation) suggestions.value = null;
    flush();
  });
}

export function retry(cid: string): void {
  outbox.value = out.retry(outbox.value, cid);
  flush();
}

export function discard(cid: string): void {
  outbox.value = out.discard(outbox.value, cid);
  flush();
}

export function draft(conversation: string, text: string): void {
  if ((drafts.value[conversation] ?? "") === text) return;
  const { [conversation]: _old, ...rest } = drafts.value;
  drafts.value = text ? { ...rest, [conversation]: text } : rest;
}

export function select(conversation: string | null): void {
  const old = current.value;
  if (conversation === selected.value) return;
  batch(() => {
    selected.value = conversation;
    suggestions.value = null;
    if (old && sectionOf(old, user.value?.id ?? "") !== "mine")
      wire?.send({ type: "release", conversation: old.conversation });
    if (!conversation) return;
    const s = summaries.value.get(conversation);
    if (s && !query.value) section.value = sectionOf(s, user.value?.id ?? "");
    load(conversation);
    refreshCustomer();
  });
}

/** What the panel counts has changed; a burst of messages asks once. */
function customerSoon(): void {
  host.cancel(customerTimer);
  customerTimer = host.after(CUSTOMER_MS, refreshCustomer);
}

export function refreshCustomer(): void {
  const conversation = selected.value;
  if (!conversation) return;
  ask({ type: "customer", conversation }, (f) => {
    if (f.type === "customer") customers.value = new Map(customers.value).set(conversation, f);
  });
}

/** Asks for what might answer the customer's last question, once per question. */
export function suggest(conversation: string, seq: number): void {
  if (link.value.at !== "ready") return;
  const have = suggestions.value;
  if (have?.conversation === conversation && have.seq === seq) return;
  suggestions.value = { conversation, seq, items: [] };
  ask({ type: "suggest", conversation, q: "" }, (f) => {
    const mine = suggestions.value;
    if (f.type !== "suggestions" || mine?.conversation !== conversation || mine.seq !== seq) return;
    suggestions.value = { conversation, seq, items: f.items.slice(0, 3) };
  });
}

/** What the whole catalogue has for a query: beside the canned replies, which this page searches itself. */
export function lookUp(q: string): void {
  if (link.value.at !== "ready" || looked.value.q === q) return;
  ask({ type: "search", q, conversation: selected.value ?? undefined }, (f) => {
    if (f.type === "found") looked.value = { q, items: f.items };
  });
}

/** The message that "this was about" means, when it is not the customer's last. */
export const aboutSeq = signal(0);

const QUESTIONS = 8;

/** What the customer said last, newest first. */
export function questions(): MessageEvent[] {
  const items = current.value ? thread(current.value.conversation).value.items : [];
  return items.filter((e): e is MessageEvent => e.type === "message" && e.direction === "in" && e.kind === "text").reverse();
}

export function askAbout(seq: number): void {
  aboutSeq.value = seq;
  dialog.value = "about";
}

/** The last few, and the one that was chosen. */
export const aboutWhich = (): MessageEvent[] => questions().filter((m, i) => i < QUESTIONS || m.seq === aboutSeq.value);

/** What might answer any text. */
export function ideasFor(text: string, done: (items: readonly Suggestion[]) => void): void {
  const conversation = selected.value;
  if (conversation) ask({ type: "suggest", conversation, q: text.slice(0, 300) }, (f) => f.type === "suggestions" && done(f.items.slice(0, 3)));
}

/** What a message of the customer was about, said by the agent: it teaches the catalogue. None: nothing there would have done. */
export function wasAbout(seq: number, template: string): void {
  const conversation = selected.value;
  if (!conversation) return;
  ask({ type: "about", conversation, seq, ...(template && { template }) }, (f) => {
    const n = now.value;
    toast.value = f.type === "error" ? { key: `e_${f.code}`, code: f.code, n } : { key: "about_kept", code: "", n };
  });
}

/** Asks what the text would take as SMS, by the channel's own alphabet, signature and replacements. */
export function measure(conversation: string, text: string): void {
  if (link.value.at !== "ready") return;
  ask({ type: "measure", conversation, text }, (f) => {
    if (f.type === "segments") measured.value = { text, of: f };
  });
}

export function older(conversation: string): void {
  const t = thread(conversation);
  if (!t.value.more || loadingOlder.value === conversation || link.value.at !== "ready") return;
  loadingOlder.value = conversation;
  const before = t.value.low;
  ask({ type: "history", conversation, before, limit: PAGE }, (f) => {
    if (loadingOlder.value === conversation) loadingOlder.value = null;
    if (f.type === "events") t.value = prepend(t.value, before, f.events, f.more);
  });
}

/** The agent has the newest message of this conversation before their eyes. */
export function seen(conversation: string): void {
  const s = summaries.value.get(conversation);
  const t = thread(conversation).value;
  if (!s || sectionOf(s, user.value?.id ?? "") !== "mine" || !t.loaded) return;
  if (t.high <= Math.max(s.read_seq ?? 0, readSent.get(conversation) ?? 0) && !s.unread) return;
  if (!wire?.send({ type: "read", conversation, seq: t.high })) return;
  readSent.set(conversation, t.high);
  put({ ...s, unread: 0, read_seq: t.high });
}

export function typed(conversation: string, on: boolean): void {
  wire?.send({ type: "typing", conversation, on });
}

export async function take(conversation: string): Promise<Outcome> {
  const code = await act({ type: "take", conversation });
  if (!code) {
    section.value = "mine";
    select(conversation);
    refreshCustomer();
  }
  return code;
}

/** Takes the open conversation when it waits for somebody, otherwise who has waited longest. */
export function takeNext(): Promise<Outcome> {
  const open = current.value;
  const takable = open && !isMine.value && (open.state === "queued" || open.state === "bot");
  const next = takable ? open : lists.value.waiting[0];
  return next ? take(next.conversation) : Promise.resolve("");
}

export function requeue(conversation: string, note: string): Promise<Outcome> {
  return act({ type: "requeue", conversation, note }).then((code) => moveOn(conversation, code));
}

export function close(conversation: string, disposition: string, note: string): Promise<Outcome> {
  return act({ type: "close", conversation, disposition, note }).then((code) => moveOn(conversation, code));
}

/** Done with one: on to whoever of mine has waited longest. */
function moveOn(conversation: string, code: Outcome): Outcome {
  if (code || selected.value !== conversation) return code;
  const next = lists.value.mine.find((s) => s.conversation !== conversation);
  if (next) select(next.conversation);
  else refreshCustomer();
  return code;
}

export function setPresence(state: Presence): Promise<Outcome> {
  want(state);
  return act({ type: "presence", state }).then((code) => {
    if (!code) presence.value = state;
    return code;
  });
}

export const togglePresence = (): Promise<Outcome> =>
  setPresence(presence.value === "available" ? "away" : "available");

/** The conversations as the list shows them now. */
export const visible = signal<readonly Summary[]>([]);

export function step(by: 1 | -1): void {
  const next = neighbour(visible.value, selected.value, by);
  if (next) select(next.conversation);
}

/** Mine that has waited longest, other than the open one. */
export function urgent(): void {
  const next =
    lists.value.mine.find((s) => s.waiting_since != null && s.conversation !== selected.value) ??
    lists.value.mine.find((s) => s.waiting_since != null);
  if (next) {
    section.value = "mine";
    select(next.conversation);
  }
}
