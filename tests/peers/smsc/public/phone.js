// One handset on the page: its thread of bubbles, what is behind each bubble, and the composer.

import { clock, fill, h, keepAtEnd, send, toast } from "/shared/dom.js";
import { encodingName, measure } from "./segments.js";

export class Phone {
  #bubbles = new Map();
  #open = new Set(); // bubbles whose details are shown
  #ready = false; // bubbles after the first picture arrive with a movement

  constructor({ number, shortCode, t, put, onClose }) {
    this.number = number;
    this.t = t;
    this.thread = h("div.thread", { role: "log", "aria-label": number, tabIndex: 0 });
    this.empty = h("p.empty", {}, t("empty"));
    this.thread.append(this.empty);
    this.how = { encoding: "auto", split: "udh8" };
    this.off = h("p.off", { hidden: true }, t("isOff"));
    this.power = h("button.icon.power", { onclick: () => this.#switch(), title: t("powerOff") });
    this.close = h("button.icon", { onclick: onClose, title: t("remove"), "aria-label": t("remove") }, "×");
    this.node = h("article.phone", { "aria-label": number }, this.#screen(shortCode, put));
  }

  #screen(shortCode, put) {
    const { t } = this;
    this.time = h("span", {}, clock(Date.now(), true));
    this.to = h("input.to", { value: shortCode, "aria-label": t("to"), inputmode: "tel", size: 8 });
    this.to.value = shortCode;
    const bars = h("span.signal", { "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i"));
    return h(
      "div.screen",
      {},
      h("div.status", {}, this.time, bars),
      h(
        "header.who",
        {},
        this.close,
        h("div.names", {}, h("label.peer", {}, h("span", {}, t("to")), this.to), h("small", {}, this.number)),
        this.power,
      ),
      this.thread,
      this.off,
      this.#composer(put),
    );
  }

  #composer(put) {
    const { t } = this;
    const counter = h("span.counter", { "aria-live": "off" });
    const text = h("textarea", { rows: 1, placeholder: t("placeholder"), "aria-label": t("placeholder") });
    const button = h("button.go", { title: t("send"), "aria-label": t("send") }, "↑");
    const update = () => {
      const m = measure(text.value, this.how.encoding, this.how.split);
      counter.textContent = text.value ? t("counter", m) : "";
      text.style.height = "auto";
      if (text.scrollHeight) text.style.height = `${Math.min(text.scrollHeight + 2, 120)}px`;
      button.disabled = text.value.trim() === "";
    };
    const go = () => {
      if (text.value.trim() === "") return;
      put({ from: this.number, to: this.to.value.trim(), text: text.value, ...this.how });
      text.value = "";
      update();
      text.focus();
    };
    text.addEventListener("input", update);
    text.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      go();
    });
    button.addEventListener("click", go);
    update();
    return h("div.composer", {}, this.#choices(update, counter), h("div.line", {}, text, button));
  }

  #choices(update, counter) {
    const { t } = this;
    const choice = (name, values, names) =>
      h(
        "select",
        {
          "aria-label": t(name),
          title: t(name),
          onchange: (e) => {
            this.how[name] = e.target.value;
            update();
          },
        },
        values.map((value, i) => h("option", { value }, names[i])),
      );
    const encodings = choice(
      "encoding",
      ["auto", "gsm7", "latin1", "ucs2"],
      [t("auto"), "GSM 7", "Latin-1", "UCS-2"],
    );
    const splits = choice("split", ["udh8", "udh16", "sar", "payload"], ["UDH 8", "UDH 16", "SAR", "payload"]);
    return h("div.choices", {}, encodings, splits, counter);
  }

  #switch() {
    send("POST", `/api/phones/${encodeURIComponent(this.number)}`, { power: this.isOff }).catch((e) =>
      toast(e.message),
    );
  }

  /** The handset was switched on or off. */
  setPower(on) {
    this.isOff = !on;
    this.node.classList.toggle("is-off", !on);
    this.off.hidden = on;
    this.power.title = this.t(on ? "powerOff" : "powerOn");
    this.power.setAttribute("aria-label", this.power.title);
  }

  /** From now on what arrives moves in. */
  settle() {
    this.#ready = true;
    this.thread.scrollTop = this.thread.scrollHeight;
  }

  clear() {
    this.#bubbles.clear();
    fill(this.thread, this.empty);
  }

  /** A message that is new or different. */
  show(message) {
    keepAtEnd(this.thread, () => {
      this.empty.remove();
      const old = this.#bubbles.get(message.id);
      const node = this.#bubble(message, !old && this.#ready);
      this.#bubbles.set(message.id, node);
      if (old) old.replaceWith(node);
      else this.thread.append(node);
    });
  }

  #bubble(message, isNew) {
    const mine = message.dir === "mo";
    const shown = this.#open.has(message.id);
    const button = h(
      `button.bubble${isNew ? ".new" : ""}`,
      { "aria-expanded": String(shown), title: this.t("details"), onclick: () => this.#toggle(message) },
      message.text || "…",
    );
    const facts = shown ? this.#facts(message) : null;
    const note = h("div.note", {}, this.#note(message));
    return h(
      `div.said.${mine ? "mine" : "theirs"}${message.complete ? "" : ".partial"}${message.flash ? ".flash" : ""}`,
      { "data-id": message.id },
      button,
      note,
      facts,
    );
  }

  #toggle(message) {
    if (!this.#open.delete(message.id)) this.#open.add(message.id);
    const old = this.#bubbles.get(message.id);
    const node = this.#bubble(message, false);
    this.#bubbles.set(message.id, node);
    old.replaceWith(node);
    node.querySelector("button").focus({ preventScroll: true });
    if (this.#open.has(message.id)) node.scrollIntoView({ block: "nearest" });
  }

  // The line under a bubble: time, sender, how many parts, what became of it.
  #note(message) {
    const { t } = this;
    const words = [clock(message.ts, true)];
    if (message.dir === "mt") words.push(message.peer);
    words.push(encodingName(message.encoding));
    if (message.total > 1) words.push(`${message.parts.length}/${message.total}`);
    return [words.filter(Boolean).join(" · "), " ", this.#state(message, t)];
  }

  #state(message, t) {
    if (!message.complete)
      return h("b.warn", {}, t("s.parts", { have: message.parts.length, total: message.total }));
    const states = message.parts.map((p) => p.state);
    if (message.dir === "mo") {
      const state =
        ["refused", "expired", "unanswered", "stored", "sent"].find((s) => states.includes(s)) ??
        "acknowledged";
      return h(
        `b.${state === "acknowledged" ? "good" : state === "refused" || state === "expired" ? "bad" : "warn"}`,
        { title: t(`s.${state}`) },
        state === "acknowledged" ? "✓" : t(`s.${state}`),
      );
    }
    const worst = states.find((s) => s !== "DELIVRD");
    if (!worst) return h("b.good", { title: "DELIVRD" }, "✓");
    return h(`b.${worst === "ENROUTE" ? "warn" : "bad"}`, {}, worst === "ENROUTE" ? t("s.waiting") : worst);
  }

  #facts(message) {
    const { t } = this;
    const general = [
      [t("encoding"), encodingName(message.encoding)],
      ["data_coding", hex(message.dataCoding)],
      [t("split"), message.split],
      [t("parts"), `${message.parts.length}/${message.total}`],
      message.umr !== undefined && ["user_message_reference", message.umr],
      message.priority !== undefined && [t("priority"), message.priority],
    ];
    const parts = message.parts.map((part) => [h("hr"), list(this.#partFacts(part))]);
    const receipts = message.receipts.map((r) => [
      `${t("receipt")} ${r.part}`,
      `${r.state} ${clock(r.ts)} · ${r.id} · ${t(`s.${r.status}`)}`,
    ]);
    return h("div.facts", {}, list(general), parts, receipts.length ? [h("hr"), list(receipts)] : null);
  }

  #partFacts(part) {
    const { t } = this;
    return [
      [t("part"), `${part.part}/${part.total} · ${part.size} ${t("octets")}`],
      ["esm_class", hex(part.esmClass)],
      part.udh && ["UDH", part.udh],
      part.ref !== undefined && ["ref", part.ref],
      part.messageId && ["message_id", part.messageId],
      part.registered !== undefined && [t("registered"), part.registered],
      part.link !== undefined && ["bind", `#${part.link}${part.attempt > 1 ? ` (×${part.attempt})` : ""}`],
      [t("state"), t(`s.${part.state}`) === `s.${part.state}` ? part.state : t(`s.${part.state}`)],
      part.status ? ["command_status", hex(part.status, 8)] : null,
    ];
  }
}

function list(rows) {
  return h(
    "dl",
    {},
    rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]),
  );
}

function hex(value, digits = 2) {
  return value === undefined ? "–" : `0x${Number(value).toString(16).padStart(digits, "0")}`;
}
