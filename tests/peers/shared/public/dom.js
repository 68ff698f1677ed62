// The few helpers the simulators' pages need instead of a framework: build elements, speak two
// languages, follow the event stream, send JSON. Text always goes in as text, never as HTML.

/** h("button.send", {onclick, disabled}, "Send"): an element with classes, properties and children. */
export function h(spec, props = {}, ...children) {
  const [tag, ...classes] = spec.split(".");
  const node = document.createElement(tag || "div");
  node.className = classes.join(" ");
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

/** Puts `children` in place of what the node holds. */
export function fill(node, ...children) {
  node.replaceChildren(...children.flat(3).filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const LANGUAGE = "posthouse.peers.language";

/**
 * Words of a page in `zh` and `en`: {key: [english, chinese]}. Returns t(key, {name: value}) with the
 * current language as t.lang; t.toggle() changes it and reloads, which is the simplest thing that is right.
 */
export function speak(words) {
  const lang = localStorage.getItem(LANGUAGE) ?? (navigator.language.startsWith("zh") ? "zh" : "en");
  const column = lang === "zh" ? 1 : 0;
  const t = (key, values = {}) => {
    const text = words[key]?.[column] ?? key;
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  };
  t.lang = lang;
  t.toggle = () => {
    localStorage.setItem(LANGUAGE, lang === "zh" ? "en" : "zh");
    location.reload();
  };
  document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
  return t;
}

/** Follows /api/stream: {hello, message, ...: data => void}. Comes back by itself; `lost(bool)` tells. */
export function follow(handlers, lost = () => {}) {
  const stream = new EventSource("/api/stream");
  for (const [type, run] of Object.entries(handlers)) {
    stream.addEventListener(type, (event) => run(JSON.parse(event.data)));
  }
  stream.onopen = () => lost(false);
  stream.onerror = () => lost(true);
  return stream;
}

/** Sends JSON; resolves to the answer, rejects with the sentence the simulator gave. */
export async function send(method, path, body = {}) {
  const response = await fetch(path, {
    method,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Error(answer?.error ?? `${response.status}`);
  return answer;
}

/** 14:05:09, or 14:05 when short. */
export function clock(ts, short = false) {
  const time = new Date(ts).toTimeString().slice(0, 8);
  return short ? time.slice(0, 5) : time;
}

/** Says something for a moment at the foot of the page. */
export function toast(text) {
  const node = h("div.toast", { role: "status" }, text);
  document.body.append(node);
  setTimeout(() => node.remove(), 4000);
}

/** Keeps a thread at its end unless the person has scrolled up to read. */
export function keepAtEnd(node, change) {
  const atEnd = node.scrollHeight - node.scrollTop - node.clientHeight < 60;
  change();
  if (atEnd) node.scrollTop = node.scrollHeight;
}

/** Remembers a small value of the page over reloads. */
export const memory = {
  read(key, initial) {
    try {
      return JSON.parse(localStorage.getItem(key)) ?? initial;
    } catch {
      return initial;
    }
  },
  write(key, value) {
    localStorage.setItem(key, JSON.stringify(value));
  },
};
