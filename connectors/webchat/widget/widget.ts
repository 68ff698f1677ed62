/** The web chat on somebody's page; settings.ts says how it is embedded. */

import { begin, forget, identify, resume } from "./chat";
import { settings } from "./settings";
import { mount, redraw, show } from "./view";

export interface Posthouse {
	open(): void;
	close(): void;
	/** Says who the visitor is, with the site's proof; without arguments: nobody any more (after a logout). */
	identify(identity?: string, hash?: string): void;
}

declare global {
	interface Window {
		posthouse?: Posthouse;
	}
}

const start = () => {
	begin(redraw);
	mount();
	if (settings.identity) identify(settings.identity, settings.identityHash || "");
	resume();
	window.posthouse = {
		open: () => show(true),
		close: () => show(false),
		identify(identity, hash) {
			if (identity) return identify(identity, hash || "");
			forget();
			show(false, false);
		},
	};
};

/* A page that includes the script twice gets one chat. */
if (!document.querySelector("posthouse-chat")) document.body ? start() : addEventListener("DOMContentLoaded", start);
