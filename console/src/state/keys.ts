/**
 * The keyboard: one table that the handler obeys and the help shows. Letters are by their place on
 * the keyboard (`code`), so that Option on a Mac and Chinese input methods do not matter.
 */
import type { Key } from "../text/strings";
import type { Dialog } from "./desk";
import * as desk from "./desk";
import { panel } from "./prefs";

export interface Shortcut {
  keys: readonly string[];
  group: "g_move" | "g_write" | "g_act" | "g_look";
  say: Key;
  /** It works without the conversations in sight, too. */
  anywhere?: true;
  /** Absent: the composer or the browser does it; it stands here for the help. */
  run?: () => void;
}

const focus = (selector: string): void => document.querySelector<HTMLElement>(selector)?.focus();
const ask = (dialog: Dialog): void => {
  if (desk.isMine.value) desk.dialog.value = dialog;
};

function nextSection(): void {
  const order = ["mine", "waiting", "recent"] as const;
  desk.section.value = order[(order.indexOf(desk.section.value) + 1) % 3] ?? "mine";
}

/** Once the thread of another conversation stands there. */
export function toComposer(): void {
  requestAnimationFrame(() => focus("#reply"));
}

const then = (run: () => void) => (): void => {
  run();
  toComposer();
};

export const SHORTCUTS: readonly Shortcut[] = [
  { keys: ["Alt+ArrowDown"], group: "g_move", say: "k_next", run: then(() => desk.step(1)) },
  { keys: ["Alt+ArrowUp"], group: "g_move", say: "k_prev", run: then(() => desk.step(-1)) },
  { keys: ["Alt+U"], group: "g_move", say: "k_need", run: then(desk.urgent) },
  { keys: ["Alt+L"], group: "g_move", say: "k_section", run: nextSection },
  { keys: ["Ctrl+K", "/"], group: "g_move", say: "k_search", run: () => focus("#search") },
  { keys: ["Alt+M"], group: "g_write", say: "k_compose", run: toComposer },
  { keys: ["Enter"], group: "g_write", say: "k_send" },
  { keys: ["Shift+Enter"], group: "g_write", say: "k_newline" },
  { keys: ["/"], group: "g_write", say: "k_canned" },
  { keys: ["Alt+1", "Alt+2", "Alt+3"], group: "g_write", say: "k_suggest" },
  { keys: ["Alt+N"], group: "g_act", say: "k_take", run: () => void desk.takeNext().then(toComposer) },
  { keys: ["Alt+X"], group: "g_act", say: "k_close", run: () => ask("close") },
  { keys: ["Alt+R"], group: "g_act", say: "k_requeue", run: () => ask("requeue") },
  { keys: ["Alt+A"], group: "g_act", say: "about", run: () => ask("about") },
  { keys: ["Alt+P"], group: "g_act", say: "k_presence", run: () => void desk.togglePresence() },
  { keys: ["Alt+H"], group: "g_look", say: "k_thread", run: () => focus("#thread") },
  { keys: ["Alt+End"], group: "g_look", say: "k_newest", run: () => document.dispatchEvent(new Event("newest")) },
  { keys: ["Alt+I"], group: "g_look", say: "k_panel", run: togglePanel },
  { keys: ["Alt+K"], group: "g_look", say: "answers", run: togglePane, anywhere: true },
  { keys: ["?", "Alt+/"], group: "g_look", say: "k_help", run: () => (desk.dialog.value = "help"), anywhere: true },
];

export function togglePanel(): void {
  panel.value = panel.value === "open" ? "shut" : "open";
}

export function togglePane(): void {
  if (desk.hasDesk.value) desk.pane.value = desk.pane.value === "desk" ? "answers" : "desk";
}

/** A key press as the table spells it. */
export function combo(e: KeyboardEvent): string {
  const code = /^(?:Key|Digit)(.)$/.exec(e.code)?.[1];
  const named = e.code === "Slash" && e.altKey ? "/" : e.key;
  const key = (e.altKey || e.ctrlKey || e.metaKey) && code ? code : named;
  const plain = key === "?" || key === "/";
  return [
    (e.ctrlKey || e.metaKey) && "Ctrl",
    e.altKey && "Alt",
    e.shiftKey && !plain && "Shift",
    key,
  ].filter(Boolean).join("+");
}

const writes = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement && target.matches("input:not([type=radio]),textarea,select");

export function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing || desk.page.value !== "desk" || desk.dialog.value) return;
  const pressed = combo(e);
  const bare = pressed.length === 1;
  if (bare && writes(e.target)) return;
  const shortcut = SHORTCUTS.find((s) => s.run && s.keys.includes(pressed));
  if (!shortcut?.run || (desk.pane.value !== "desk" && !shortcut.anywhere)) return;
  e.preventDefault();
  shortcut.run();
}
