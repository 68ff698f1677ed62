/** What an agent chose for this browser: language, appearance, alerts, the panel, and what they use most. */
import { computed, effect, signal, type Signal } from "@preact/signals";
import type { Lang } from "../protocol";
import type { Uses } from "../model/canned";
import { say, type Key } from "../text/strings";

const PREFIX = "posthouse.console.";

export type Theme = "auto" | "light" | "dark";

/** Storage may be refused (private windows, policies): the console then just forgets. */
export function read(store: "localStorage" | "sessionStorage", key: string): string | null {
  try {
    return window[store].getItem(PREFIX + key);
  } catch {
    return null;
  }
}

export function write(store: "localStorage" | "sessionStorage", key: string, value: string | null): void {
  try {
    if (value === null) window[store].removeItem(PREFIX + key);
    else window[store].setItem(PREFIX + key, value);
  } catch {
    // Nothing is lost but the memory of it.
  }
}

function kept<T extends string>(key: string, allowed: readonly T[], otherwise: T): Signal<T> {
  const stored = read("localStorage", key) as T | null;
  const s = signal<T>(stored && allowed.includes(stored) ? stored : otherwise);
  let last = s.value;
  effect(() => {
    if (s.value !== last) write("localStorage", key, (last = s.value));
  });
  return s;
}

export const lang = kept<Lang>("lang", ["zh", "en"], navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en");
export const langChosen = (): boolean => read("localStorage", "lang") !== null;
export const theme = kept<Theme>("theme", ["auto", "light", "dark"], "auto");
export const alerts = kept<"on" | "off">("alerts", ["on", "off"], "off");
export const panel = kept<"open" | "shut">("panel", ["open", "shut"], "open");

export const uses = signal<Uses>(readUses());

function readUses(): Uses {
  try {
    const o: unknown = JSON.parse(read("localStorage", "uses") ?? "{}");
    return typeof o === "object" && o ? (o as Uses) : {};
  } catch {
    return {};
  }
}

export function used(id: string): void {
  uses.value = { ...uses.value, [id]: (uses.value[id] ?? 0) + 1 };
  write("localStorage", "uses", JSON.stringify(uses.value));
}

/** A word of the console in the agent's language; a view that calls it follows a change of language. */
export const t = (key: Key, ...args: (string | number)[]): string => say(lang.value, key, ...args);

const systemDark = window.matchMedia("(prefers-color-scheme: dark)");
const system = signal(systemDark.matches);
systemDark.addEventListener("change", (e) => (system.value = e.matches));

const dark = computed(() => (theme.value === "auto" ? system.value : theme.value === "dark"));

/** Keeps the document's language and appearance in step with the choices. */
export function follow(): void {
  effect(() => {
    document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
    document.documentElement.dataset.theme = dark.value ? "dark" : "light";
  });
}
