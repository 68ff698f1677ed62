/**
 * The socket to the gateway and what keeps it up: the token, its renewal, the heartbeat and the way back after a
 * loss. The connection is not the session: whoever uses it asks for the log from its last `seq` at each `hello`.
 */

import { CLOSED_ORIGIN_REFUSED, CLOSED_TOKEN_REFUSED, SUBPROTOCOL } from "./protocol";
import type { ClientFrame, ServerFrame } from "./protocol";
import { base, lang } from "./settings";
import { alone, loadSession, save, saveSession, SESSION } from "./store";
import type { Session } from "./store";

/** idle: nobody asked for it yet. refused: this page may not chat, and trying again is no use. */
export const enum Link {
	idle,
	down,
	up,
	refused,
}

export interface Identity {
	identity: string;
	identity_hash: string;
}

const TICK = 1_000;
const HEARTBEAT = 25_000;
const PATIENCE = 15_000; /* for `ready`, and for anything at all after a ping */
const STABLE = 60_000;
const BACKOFF_MIN = 1_000;
const BACKOFF_MAX = 30_000;

export let link = Link.idle;

let onChange: () => void;
let sinceOf: (visitor: string) => number;
let onFrame: (frame: ServerFrame) => void;
let socket: WebSocket | undefined;
let request: AbortController | undefined;
let session: Session;
let wanted: Identity | undefined;
let refusedToken: string | undefined;
let life = 0; /* a loss or a restart ends one; what belongs to an earlier one is not heard any more */
let attempt = 0;
let retryAfter = 0;
let dialAt = 0; /* a time, as all that follow; 0: it is not so */
let up = 0;
let said = 0;
let asked = 0; /* since when an answer is waited for */

const become = (next: Link) => {
	link = next;
	onChange();
};

/** Until when the page's proof ("UNTIL.HEX") holds that its visitor has logged in; a proof without an end is hex alone. */
const provedBy = ({ identity_hash: proof }: Identity) => (proof.includes(".") && parseInt(proof)) || 0;

/** The page says more of its visitor than the token was given for. */
export const isNews = (kept: Session | null) => !!wanted && (wanted.identity !== kept?.identity || provedBy(wanted) > (kept.proved || 0));

/** A token for whom the page says the visitor is: the one kept, the same one renewed, or a new one. */
const obtain = async (): Promise<Session> => {
	const kept = loadSession();
	const other = isNews(kept) && wanted;

	if (!other && kept && kept.token !== refusedToken && kept.expires_ts > Date.now() + STABLE) return kept;
	const answer = await fetch(base + "/token", {
		method: "POST",
		headers: { "content-type": "application/json" },
		body: JSON.stringify(other || { token: kept?.token }),
		signal: request!.signal,
	});
	if (answer.status === 401 && (other || kept)) {
		if (other) {
			console.error("posthouse: identity_refused");
			wanted = undefined;
		} else save(SESSION);
		return obtain();
	}
	if (!answer.ok) {
		retryAfter = Number(answer.headers.get("retry-after")) * 1000;
		throw answer.status;
	}
	const next: Session = { ...(await answer.json()), identity: (other || kept)?.identity, proved: other ? provedBy(other) : kept?.proved };
	saveSession(next);
	return next;
};

const say = (frame: ClientFrame) => {
	said = Date.now();
	socket!.send(JSON.stringify(frame));
};

const probe = () => {
	asked ||= Date.now();
	say({ type: "ping" });
};

/** One clock for all that time asks: the way back, an answer that never comes, silence. */
const tick = () => {
	const now = Date.now();

	if (dialAt && now >= dialAt) void dial();
	else if (asked && now - asked > PATIENCE) lost();
	else if (up && now - said >= HEARTBEAT) probe();
};

const hangUp = () => {
	life++;
	dialAt = up = asked = 0;
	request?.abort();
	socket?.close();
};

const lost = (code?: number) => {
	attempt = up && Date.now() - up > STABLE ? 1 : attempt + 1;
	hangUp();
	if (code === CLOSED_TOKEN_REFUSED) refusedToken = session.token;
	if (code === CLOSED_ORIGIN_REFUSED) return become(Link.refused);
	const least = retryAfter || BACKOFF_MIN;
	const spread = retryAfter || Math.min(BACKOFF_MAX, BACKOFF_MIN * 2 ** attempt) - least;
	dialAt = Date.now() + least + Math.random() * spread;
	retryAfter = 0;
	become(Link.down);
};

const hear = (frame: ServerFrame) => {
	asked = 0;
	if (frame.type === "ready") up = Date.now();
	if (frame.type === "token") {
		session = { ...session, token: frame.token, expires_ts: frame.expires_ts };
		saveSession(session);
	}
	if (frame.type === "bye") retryAfter = frame.retry_after_ms;
	onFrame(frame);
	if (frame.type === "ready") become(Link.up);
};

const dial = async () => {
	hangUp();
	const mine = life;
	const ours = (work: () => void) => mine === life && work();

	asked = Date.now();
	request = new AbortController();
	try {
		const got = await alone(obtain);
		if (mine !== life) return;
		session = got;
	} catch (status) {
		ours(() => lost(status === 403 ? CLOSED_ORIGIN_REFUSED : 0));
		return;
	}
	socket = new WebSocket(base.replace("http", "ws") + "/ws", SUBPROTOCOL);
	socket.onopen = () =>
		ours(() => say({ type: "hello", v: 1, token: session.token, since: sinceOf(session.visitor), lang }));
	socket.onmessage = ({ data }) => ours(() => hear(JSON.parse(data as string) as ServerFrame));
	socket.onclose = ({ code }) => ours(() => lost(code));
};

/** The network or the page comes or goes: no reason to wait out the back-off, and a dead socket should show. */
const wake = () => {
	if (document.hidden) return;
	if (dialAt) void dial();
	else if (up) probe();
	onChange();
};

/**
 * changed: `link` is another one, or the page is in sight again. since, before `hello`: whose log this is; answers the highest seq already held of
 * it. hear: what the server says.
 */
export const listen = (changed: typeof onChange, since: typeof sinceOf, hear: typeof onFrame) => {
	onChange = changed;
	sinceOf = since;
	onFrame = hear;
	setInterval(tick, TICK);
	for (const type of ["online", "offline", "visibilitychange"]) addEventListener(type, wake);
};

/** Connects, unless that is done or under way. */
export const start = () => {
	if (link !== Link.idle) return;
	become(Link.down);
	void dial();
};

/** Hangs up until the next start. */
export const stop = () => {
	hangUp();
	become(Link.idle);
};

/** Who the site says the visitor is; heeded from the next start on. */
export const setIdentity = (identity?: Identity) => {
	wanted = identity;
};

/** Says it now or not at all; what must not be lost is kept by the caller until it is acknowledged. */
export const send = (frame: ClientFrame): boolean => {
	if (up) say(frame);
	return !!up;
};
