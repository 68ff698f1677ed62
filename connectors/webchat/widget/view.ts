/**
 * How the chat looks: a launcher with what is unread, and a panel with the log and a field to write in, in a shadow
 * root that neither takes the page's styles nor gives it any. Draws again from the chat's state after every change.
 */

import { earlier, lines, Mark, more, seen, standing, submit, takeBack, textMax, troubled, typing, typist, unread } from "./chat";
import type { Line } from "./chat";
import { Link, link, start } from "./connection";
import { attributes, button, element, linked, write } from "./dom";
import { lang } from "./settings";
import { DRAFT, load, OPEN, save } from "./store";
import style from "./style.css";
import * as words from "./words";

const ROWS_MAX = 5;
const NEAR_END_PX = 60;
const DAY_MS = 86_400_000;

const badge = element("span", "badge");
const launch = button("launch", words.TITLE, () => show(true));
const who = element("p");
const notice = element("p", "notice");
const older = button("small older", words.EARLIER, earlier);
const greeting = element("div", "line turn", element("span", "text", words.GREETING));
const typistName = element("span");
const typingLine = element("p", "small", typistName, element("i", "", " •••"));
const log = element("div", "log", older, greeting, typingLine);
const field = element("textarea");
const hint = element("span", "", words.HINT);
const sendButton = element("button", "", "↑");
const form = element("form", "", element("label", "", hint, field), sendButton);
const closer = button("cross", "×", () => show(false));
const header = element("header", "", element("div", "", element("h2", "", words.TITLE), who), closer);
const panel = element("section", "panel", header, notice, log, form);
const spoken = element("p", "spoken");
const host = element("posthouse-chat" as "div");
const root = host.attachShadow({ mode: "open" });
/* Each line as it was drawn, by all that shows in it: what looks the same is the same. */
let drawn = new Map<string, HTMLElement>();

/** The stylesheet as an object, which no content security policy forbids; as an element where there is none yet. */
const dress = () => {
	try {
		const sheet = new CSSStyleSheet();

		sheet.replaceSync(style);
		root.adoptedStyleSheets = [sheet];
	} catch {
		root.append(element("style", "", style));
	}
};

const clock = (ts: number) =>
	new Date(ts).toLocaleString(lang, {
		...(Date.now() - ts > DAY_MS && { dateStyle: "short" }),
		timeStyle: "short",
	});

const fromEnd = () => log.scrollHeight - log.scrollTop - log.clientHeight;

const toEnd = () => {
	log.scrollTop = log.scrollHeight;
};

/** As many rows as the text needs. */
const fit = () => {
	for (field.rows = 1; field.rows < ROWS_MAX && field.scrollHeight > field.clientHeight; ) field.rows++;
};

const edit = (text: string) => {
	save(DRAFT, text);
	redraw();
};

const say = (text: string) => {
	if (!text.trim()) return;
	submit(text.trim());
	field.focus();
	toEnd();
};

const draw = ({ cid, mark, author, text, ts, options }: Line) => {
	const theirs = mark === undefined;
	const side = theirs ? author?.type || "bot" : "mine";
	const node = element("div", `line ${side}`);

	if (theirs) node.append(element("span", "small name", author?.name || (side === "bot" ? words.BOT : words.AGENT)));
	node.append(element("span", "text", ...linked(text)));
	if (options) node.append(element("div", "options", ...options.map((text) => button("", text, () => say(text)))));
	node.append(
		mark === Mark.failed
			? button("small", words.MARKS[mark]!, () => {
					takeBack(cid!);
					edit(text);
				})
			: element("span", "small mark", clock(ts) + (theirs ? "" : ` · ${words.MARKS[mark]}`)),
	);
	return node;
};

/** Puts the lines in order between `greeting` and `typing`; says a new one to whoever listens rather than looks. */
const drawLines = () => {
	const before = drawn;
	let fresh: Line | undefined;
	let after: Element = greeting;

	drawn = new Map();
	for (const line of lines()) {
		const as = JSON.stringify(line);
		const node = before.get(as) || draw(line);

		fresh = before.has(as) ? undefined : line;
		drawn.set(as, node);
		if (after.nextSibling !== node) after.after(node);
		after = node;
	}
	before.forEach((node, as) => drawn.has(as) || node.remove());
	greeting.hidden = drawn.size > 0;
	if (fresh && fresh.mark === undefined && before.size) write(spoken, fresh.text);
};

/** New lines keep the end in sight, older ones leave what is read where it is. */
const drawLog = () => {
	const distance = fromEnd();
	const oldest = greeting.nextSibling;

	older.hidden = !more;
	drawLines();
	typingLine.hidden = typist === undefined;
	write(typistName, words.fill(words.TYPING, typist || words.AGENT));
	if (distance < NEAR_END_PX) toEnd();
	else if (oldest !== greeting.nextSibling) log.scrollTop += fromEnd() - distance;
};

export const redraw = () => {
	const news = unread();
	const down = link === Link.down || troubled;

	drawLog();
	write(who, standing ? words.fill(words.STATES[standing.state], standing.agent?.name || words.AGENT) : "");
	write(
		notice,
		link === Link.refused ? words.REFUSED : !down ? "" : navigator.onLine ? words.RECONNECTING : words.OFFLINE,
	);
	write(badge, `${news}`);
	badge.hidden = !news;
	field.value = load(DRAFT) || ""; /* written by whichever tab */
	field.maxLength = textMax;
	hint.hidden = !!field.value;
	fit();
	if (!panel.hidden && !document.hidden && fromEnd() < NEAR_END_PX) seen();
};

/** Opens or closes the panel; takes the focus along unless it comes back by itself after a reload. */
export const show = (open: boolean, focus = true) => {
	save(OPEN, open ? 1 : 0);
	if (open) start();
	host.toggleAttribute("open", open);
	panel.hidden = !open;
	launch.hidden = open;
	redraw();
	toEnd();
	if (focus) (!open ? launch : matchMedia("(pointer:coarse)").matches ? panel : field).focus();
};

const describe = () => {
	attributes(host, { role: "region", "aria-label": words.TITLE, lang });
	attributes(panel, { role: "dialog", "aria-label": words.TITLE, tabindex: -1 });
	attributes(log, { role: "log", "aria-live": "off", "aria-label": words.TITLE, tabindex: 0 });
	for (const node of [who, notice, spoken]) attributes(node, { role: "status" });
	attributes(field, { "aria-label": words.HINT });
	attributes(closer, { "aria-label": words.CLOSE });
	attributes(sendButton, { "aria-label": words.SEND });
};

const onKey = (event: KeyboardEvent) => {
	event.stopPropagation(); /* the page's own shortcuts are not meant */
	if (event.isComposing || event.keyCode === 229) return; /* the key belongs to the input method */
	if (event.key === "Escape") show(false);
	if (event.key === "Enter" && !event.shiftKey && event.target === field) {
		event.preventDefault();
		sendButton.click();
	}
};

/** Puts the chat on the page, as this tab had it before a reload. */
export const mount = () => {
	describe();
	dress();
	launch.append(badge);
	root.append(launch, panel, spoken);
	panel.onkeydown = onKey;
	panel.onkeyup = panel.onkeypress = (event) => event.stopPropagation();
	form.onsubmit = (event) => {
		const text = field.value;

		event.preventDefault();
		edit("");
		say(text);
	};
	field.oninput = () => {
		typing(!!field.value);
		edit(field.value);
	};
	log.onscroll = () => fromEnd() < NEAR_END_PX && seen();
	document.body.append(host);
	show(!!load(OPEN), false);
};
