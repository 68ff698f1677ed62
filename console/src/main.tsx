/** Starts the console: asks who is logged in, then shows the page. */
import { effect } from "@preact/signals";
import { render } from "preact";
import { unsafe } from "./model/outbox";
import { me } from "./state/api";
import { browser } from "./state/browser";
import { enter, hurry, init, link, outbox, page, unread, unwritten } from "./state/desk";
import { onKey } from "./state/keys";
import { follow, t } from "./state/prefs";
import { App } from "./views/app";
import "./style/index.css";

const RETRY_MS = 2000;

follow();
init(browser);
document.addEventListener("keydown", onKey);
window.addEventListener("online", hurry);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && link.value.at === "waiting") hurry();
});
window.addEventListener("beforeunload", (e) => {
  if (unsafe(outbox.value) + unwritten.value) e.preventDefault();
});
effect(() => {
  const n = unread.value;
  document.title = `${n ? `(${n}) ` : ""}${t("console")} · posthouse`;
});

async function begin(): Promise<void> {
  const who = await me();
  if (who) enter(who);
  else if (who === null) page.value = "login";
  else window.setTimeout(() => void begin(), RETRY_MS);
}

const root = document.getElementById("app");
if (root) render(<App />, root);
void begin();
