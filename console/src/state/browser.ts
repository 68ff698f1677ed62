/** The desk's host in a browser: socket, timers, this tab's storage, notifications and a soft chime. */
import type { SocketLike } from "../model/connection";
import { me } from "./api";
import type { Host } from "./host";
import { alerts, lang, read, write } from "./prefs";
import { select } from "./desk";

function socket(): SocketLike {
  const url = new URL("ws", location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return new WebSocket(url, "posthouse.console.v1") as unknown as SocketLike;
}

function id(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}

let audio: AudioContext | null = null;

/** Two short notes; browsers allow them once the agent has touched the page. */
function chime(): void {
  try {
    audio ??= new AudioContext();
    const gain = audio.createGain();
    gain.connect(audio.destination);
    gain.gain.setValueAtTime(0.06, audio.currentTime);
    gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.5);
    [660, 880].forEach((hz, i) => {
      if (!audio) return;
      const note = audio.createOscillator();
      note.frequency.value = hz;
      note.connect(gain);
      note.start(audio.currentTime + i * 0.12);
      note.stop(audio.currentTime + 0.5);
    });
  } catch {
    // No sound is no loss: the list shows it.
  }
}

function alert(title: string, text: string, conversation: string): void {
  if (alerts.value === "off") return;
  chime();
  if (!document.hidden || typeof Notification === "undefined" || Notification.permission !== "granted") return;
  const n = new Notification(title, { body: text.slice(0, 120), tag: conversation, icon: "favicon.svg" });
  n.onclick = () => {
    window.focus();
    select(conversation);
    n.close();
  };
}

/** Turning alerts on is the moment to ask for the permission: browsers want a click for it. */
export function toggleAlerts(): void {
  alerts.value = alerts.value === "on" ? "off" : "on";
  if (alerts.value === "on" && typeof Notification !== "undefined" && Notification.permission === "default")
    void Notification.requestPermission();
}

export const browser: Host = {
  socket,
  session: async () => {
    const who = await me();
    return who ? "in" : who === null ? "out" : "unreachable";
  },
  now: () => Date.now(),
  after: (ms, fn) => window.setTimeout(fn, ms),
  cancel: (timer) => window.clearTimeout(timer as number | undefined),
  random: () => Math.random(),
  id,
  lang: () => lang.value,
  load: (key) => read("sessionStorage", key),
  save: (key, value) => write("sessionStorage", key, value),
  alert,
};
