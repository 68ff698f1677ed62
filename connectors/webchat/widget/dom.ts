/** The few ways the widget makes elements: never from a string of HTML, never with a style attribute. */

type Child = Node | string;

export const attributes = <T extends Element>(node: T, values: Record<string, string | number>): T => {
	for (const name in values) node.setAttribute(name, `${values[name]}`);
	return node;
};

export const element = <K extends keyof HTMLElementTagNameMap>(tag: K, className = "", ...children: Child[]) => {
	const made = document.createElement(tag);

	made.className = className;
	made.append(...children);
	return made;
};

export const button = (className: string, label: Child, press: () => void) => {
	const made = element("button", className, label);

	made.type = "button";
	made.onclick = press;
	return made;
};

/** Writes only what differs: a live region speaks at each write. */
export const write = (node: HTMLElement, text: string) => {
	if (node.textContent !== text) node.textContent = text;
};

/* ASCII only, as Chinese goes on without a space; what ends a sentence does not end an address. */
const ADDRESS = /(https?:\/\/[!#-;=?-~]*[\w/=])/;

/** Text with its http and https addresses as links; everything else stays text. */
export const linked = (text: string): Child[] =>
	text.split(ADDRESS).map((part, index) =>
		index % 2
			? attributes(element("a", "", part), { href: part, target: "_blank", rel: "noreferrer nofollow" })
			: part,
	);
