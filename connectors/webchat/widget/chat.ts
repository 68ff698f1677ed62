/**
 * What the visitor sees, apart from how it looks: the conversation's log as far as it is known here, the messages
 * that are not acknowledged yet, who is at the other end, what is unread. Knows frames and the store, no DOM.
 */

import { Link, link, listen, send, setIdentity, isNews, start, stop } from "./connection";
import type { ChatEvent, ServerFrame, Standing } from "./protocol";
import { forgetAll, keep, load, loadSession, pending, PENDING, READ, save } from "./store";

/** How far a message of the visitor's has come; in the order of MARKS in words.ts. */
export const enum Mark {
	sending,
	sent,
	read,
	failed,
}

/** One bubble. */
export interface Line {
	text: string;
	ts: number;
	/** Of the visitor's own messages only. */
	mark?: Mark;
	cid?: string;
	author?: ChatEvent["author"];
	options?: string[];
}

const RESEND_MS = 10_000;
const TYPING_AGAIN_MS = 3_000;
const TYPING_SHOWN_MS = 10_000;
const HISTORY_PAGE = 50;

/** Who is at the other end, once that is known. */
export let standing: Standing | undefined;
/** Who types there: a name, or empty for nobody in particular. */
export let typist: string | undefined;
/** There are older messages than those of the log here. */
export let more = false;
export let textMax = 2000;
/** The gateway cannot acknowledge just now. */
export let troubled = false;

const log = new Map<number, ChatEvent>();
let changed: () => void;
let visitor: string | undefined;
let since = 0; /* through `events` only: an `ack` may run ahead of what was said before it */
let agentRead = 0;
let typistUntil = 0;
let typingSaid = 0;
let asked: string | undefined; /* the one message that waits for its `ack` */
let askedAt = 0;
let hold = 0;

const forgetLog = () => {
	log.clear();
	since = agentRead = 0;
	more = false;
	standing = typist = undefined;
};

/** One at a time, in the order written, so that neither a refusal nor a resend can change that order. */
const flush = () => {
	const next = pending().find(({ failed }) => !failed);
	const now = Date.now();

	if (!next || troubled || now < hold || (asked === next.cid && now < askedAt + RESEND_MS)) return;
	if (send({ type: "msg", cid: next.cid, text: next.text })) {
		asked = next.cid;
		askedAt = now;
	}
};

const find = (cid?: string) => pending().find((message) => message.cid === cid);

const take = (event: ChatEvent) => {
	log.set(event.seq, event);
	if (event.cid) save(PENDING + event.cid);
	if (event.direction === "out") typist = undefined;
};

const refused = (frame: ServerFrame & { type: "error" }) => {
	const message = find(frame.cid);

	asked = undefined;
	if (frame.retry_after_ms) hold = Date.now() + frame.retry_after_ms;
	else if (message) keep({ ...message, failed: true });
};

const hear = (frame: ServerFrame) => {
	switch (frame.type) {
		case "ready":
			standing = frame;
			troubled = false;
			asked = undefined;
			textMax = frame.limits.text_max;
			if (!load(READ)) save(READ, `${frame.seq}`); /* what was said before is not news to this browser */
			break;
		case "state":
			standing = frame;
			break;
		case "events":
			more = frame.more ?? more;
			frame.events.forEach(take);
			since = Math.max(since, ...frame.events.map(({ seq }) => seq));
			break;
		case "ack": {
			const message = find(frame.cid);
			if (message) take({ ...message, ...frame, type: "message", direction: "in" });
			break;
		}
		case "reset":
			forgetLog();
			break;
		case "read":
			agentRead = frame.seq;
			break;
		case "typing":
			typist = frame.on ? frame.name || "" : undefined;
			typistUntil = Date.now() + TYPING_SHOWN_MS;
			break;
		case "service":
			troubled = frame.state !== "ok";
			asked = undefined;
			break;
		case "error":
			refused(frame);
	}
	flush();
	changed();
};

const restart = () => {
	stop();
	start();
};

/** Another tab wrote. A message is sent by the tab it was written in, and by any other if that takes a moment. */
const heedTab = () => {
	const whose = loadSession()?.visitor;

	if (whose !== visitor) whose ? restart() : forget();
	changed();
};

/** `redraw` is called after every change. */
export const begin = (redraw: () => void) => {
	changed = redraw;
	listen(
		redraw,
		(whose) => {
			if (visitor !== whose) forgetLog();
			visitor = whose;
			return since;
		},
		hear,
	);
	addEventListener("storage", heedTab);
	setInterval(() => {
		flush();
		if (typist !== undefined && Date.now() > typistUntil) {
			typist = undefined;
			changed();
		}
	}, 1000);
};

const inOrder = () => [...log.values()].sort((a, b) => a.seq - b.seq);

const theirs = ({ direction }: ChatEvent) => direction === "out";

/** What is known of the conversation, oldest first, with what is still on its way at the end. */
export const lines = (): Line[] => {
	const events = inOrder();
	const answered = Math.max(agentRead, ...events.filter(theirs).map(({ seq }) => seq));

	return [
		...events.map((event) => (theirs(event) ? event : { ...event, mark: event.seq > answered ? Mark.sent : Mark.read })),
		...pending().map((message) => ({ ...message, mark: message.failed ? Mark.failed : Mark.sending })),
	];
};

export const unread = () => inOrder().filter((event) => theirs(event) && event.seq > +(load(READ) || 0)).length;

/** The visitor sees everything that is here. */
export const seen = () => {
	if (unread() && send({ type: "read", seq: since })) {
		save(READ, since);
		changed();
	}
};

export const submit = (text: string) => {
	const cid = crypto.getRandomValues(new Uint32Array(4)).join("-");

	keep({ cid, text, ts: Date.now() });
	typing(false);
	start();
	flush();
	changed();
};

/** Takes a refused message back, to be written anew. */
export const takeBack = (cid: string) => save(PENDING + cid);

/** The visitor types, or stopped; said again while it lasts. */
export const typing = (on: boolean) => {
	const now = Date.now();

	if (on ? now < typingSaid + TYPING_AGAIN_MS : !typingSaid) return;
	typingSaid = on ? now : 0;
	send({ type: "typing", on });
};

export const earlier = () => {
	send({ type: "history", before: inOrder()[0]!.seq, limit: HISTORY_PAGE });
};

/** A visitor who has been here before is connected at once, to see what is unread; another one on demand. */
export const resume = () => {
	if (loadSession() || pending().length) start();
};

/** What an anonymous visitor wrote stays with whom the site then says it is; another's does not. */
export const identify = (identity: string, hash: string) => {
	const kept = loadSession();
	const connected = link !== Link.idle;

	if (kept?.identity && kept.identity !== identity) forget();
	setIdentity({ identity, identity_hash: hash });
	if (connected && isNews(kept)) restart();
};

/** Another person uses this browser now. */
export const forget = () => {
	setIdentity();
	forgetAll();
	forgetLog();
	visitor = undefined;
	stop();
};
