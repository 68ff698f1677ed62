/**
 * What survives a reload, per channel, in localStorage: the visitor's token, the draft, messages without an
 * acknowledgement and how far the visitor has read. What was said stays with the server and is never stored here.
 * Each pending message has a key of its own, so that two tabs never overwrite each other's list. Where the page
 * may not store anything, or the store is full, all of it lives as long as the page.
 */

import { settings } from "./settings";

export interface Session {
	token: string;
	visitor: string;
	expires_ts: number;
	/** Who the site said this is; absent for an anonymous visitor. */
	identity?: string | undefined;
	/** Until when the site has proved that they have logged in. */
	proved?: number | undefined;
}

export interface Pending {
	cid: string;
	text: string;
	ts: number;
	/** The server refused it; the visitor may edit it. */
	failed?: boolean;
}

export const SESSION = "session";
export const DRAFT = "draft";
export const READ = "read";
export const PENDING = "out:";
/** The panel is shown, as it is to be again after a reload. */
export const OPEN = "open";

const prefix = `posthouse:${settings.channel}:`;
let disk: Record<string, string | undefined>;

try {
	disk = localStorage as unknown as typeof disk;
} catch {
	disk = {}; /* forbidden by the browser's settings */
}

export const load = (key: string) => disk[prefix + key];

export const save = (key: string, value?: string | number) => {
	if (value) {
		try {
			disk[prefix + key] = `${value}`;
		} catch {
			disk = { ...disk, [prefix + key]: `${value}` };
		}
	} else delete disk[prefix + key];
};

const keys = () => Object.keys(disk).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));

export const loadSession = () => JSON.parse(load(SESSION) || "null") as Session | null;
export const saveSession = (session: Session) => save(SESSION, JSON.stringify(session));

/** Messages without an acknowledgement, of all tabs, in the order they were written. */
export const pending = () =>
	keys()
		.filter((key) => key.startsWith(PENDING))
		.map((key) => JSON.parse(load(key)!) as Pending)
		.sort((a, b) => a.ts - b.ts);

export const keep = (message: Pending) => save(PENDING + message.cid, JSON.stringify(message));

/** Another person uses this browser now. */
export const forgetAll = () => keys().forEach((key) => save(key));

/** Runs `work` in one tab at a time, where the browser can (secure contexts). */
export const alone = <T>(work: () => Promise<T>): Promise<T> =>
	navigator.locks ? (navigator.locks.request(prefix, work) as Promise<T>) : work();
