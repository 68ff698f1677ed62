/** The frames of docs/protocols/webchat.md, version 1, as the widget sends and gets them. */

export const SUBPROTOCOL = "posthouse.webchat.v1";

/** Why the server closed the socket; only those the widget treats apart. */
export const CLOSED_ORIGIN_REFUSED = 1008;
export const CLOSED_TOKEN_REFUSED = 4001;

export interface ChatEvent {
	seq: number;
	ts: number;
	type: "message";
	direction: "in" | "out";
	text: string;
	author?: { type: "customer" | "bot" | "agent"; name?: string };
	cid?: string;
	options?: string[];
}

export type SessionState = "bot" | "queued" | "assigned" | "closed";

export type ClientFrame =
	| { type: "hello"; v: 1; token: string; since: number; lang: string }
	| { type: "msg"; cid: string; text: string }
	| { type: "read"; seq: number }
	| { type: "typing"; on: boolean }
	| { type: "history"; before: number; limit: number }
	| { type: "renew" }
	| { type: "ping" };

export interface Standing {
	state: SessionState;
	agent?: { name: string };
}

export type ServerFrame =
	| ({
			type: "ready";
			visitor: string;
			seq: number;
			expires_ts: number;
			limits: { text_max: number; rate_per_10s: number };
	  } & Standing)
	| { type: "events"; events: ChatEvent[]; more?: boolean }
	| { type: "ack"; cid: string; seq: number; ts: number }
	| { type: "reset"; before: number }
	| ({ type: "state" } & Standing)
	| { type: "read"; seq: number }
	| { type: "typing"; on: boolean; name?: string }
	| { type: "token"; token: string; expires_ts: number }
	| { type: "service"; state: "ok" | "reconnecting" }
	| { type: "error"; code: string; detail?: string; cid?: string; retry_after_ms?: number }
	| { type: "bye"; retry_after_ms: number }
	| { type: "pong"; ts: number };
