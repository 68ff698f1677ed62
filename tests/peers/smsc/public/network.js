// The operator's side of the page: binds, faults, receipt forms and the wire. Each control is a row of a
// table and writes one setting.

import { clock, fill, h, send, toast } from "/shared/dom.js";

const say = (err) => toast(err.message);
const act = (name, body) => () => send("POST", `/api/links/${name}`, body).catch(say);

/** Switches: [word, is it on, what to set]. */
const SWITCHES = [
  ["throttle", (f) => f.throttlePerSecond === 0, (on) => ({ throttlePerSecond: on ? 0 : null })],
  ["throttleSome", (f) => f.throttlePerSecond > 0, (on) => ({ throttlePerSecond: on ? 5 : null })],
  ["countsMessages", (f) => f.throttleCounts === "messages", (on) => ({ throttleCounts: on ? "messages" : "parts" })],
  ["queueFull", (f) => f.queueFull, (on) => ({ queueFull: on })],
  ["refuseBind", (f) => f.refuseBind !== 0, (on) => ({ refuseBind: on ? 0x0d : 0 })],
  ["refuseTransceiver", (f) => f.refuseTransceiver, (on) => ({ refuseTransceiver: on })],
  ["answerEnquire", (f) => !f.answerEnquire, (on) => ({ answerEnquire: !on })],
  ["vendorTlvs", (f) => f.vendorTlvs, (on) => ({ vendorTlvs: on })],
  ["dribble", (f) => f.dribble > 0, (on) => ({ dribble: on ? 1 : 0 })],
  ["dropNext", (f) => f.dropNext > 0, (on) => ({ dropNext: on ? 1 : 0 })],
  ["failNext", (f) => f.errorNext?.status === 8, (on) => ({ errorNext: on ? { status: 8, count: 1 } : null })],
  ["vendorStatus", (f) => f.errorNext?.status === 1375, (on) => ({ errorNext: on ? { status: 1375, count: 1 } : null })],
  ["congestion", (f) => f.congestion !== null, (on) => ({ congestion: on ? 95 : null })],
  ["omitVersion", (f) => f.omitVersion, (on) => ({ omitVersion: on })],
  ["errorBody", (f) => f.errorBody, (on) => ({ errorBody: on })],
  ["duplicateResponses", (f) => f.duplicateResponses, (on) => ({ duplicateResponses: on })],
  ["readSlowly", (f) => f.readPerSecond > 0, (on) => ({ readPerSecond: on ? 200 : 0 })],
  ["idleCut", (f) => f.idleCutMs > 0, (on) => ({ idleCutMs: on ? 20000 : 0 })],
];

const RECEIPT_CHOICES = [
  ["timing", ["after", "before-response", "on-bind"]],
  ["over", ["any", "other"]],
  ["idStyle", ["decimal", "hex", "hex-lower", "padded", "uuid"]],
  ["receiptIdStyle", ["same", "decimal", "hex", "hex-lower", "padded"]],
  ["form", ["both", "text", "tlvs"]],
];

export class Network {
  constructor(t) {
    this.t = t;
    this.links = h("div");
    this.faults = h("div");
    this.receipts = h("div");
    this.wire = h("ol.wire", { tabIndex: 0, "aria-label": t("wire") }, h("li.nothing", {}, t("nothing")));
    this.node = h(
      "aside.side",
      { "aria-label": t("network") },
      h("section", {}, h("h2", {}, t("links")), h("p.hint", {}, t("linksHint")), this.links),
      h("section", {}, h("h2", {}, t("faults")), h("p.hint", {}, t("faultsHint")), this.faults),
      h("section", {}, h("h2", {}, t("receipts")), this.receipts),
      h("section", {}, h("h2", {}, t("wire")), h("p.hint", {}, t("wireHint")), this.wire),
    );
  }

  showLinks(links) {
    const { t } = this;
    const rows = links.map((l) =>
      h(
        "div.row",
        {},
        h(
          "span.label",
          {},
          h(
            `span.chip.${l.silent ? "bad" : l.state === "open" ? "warn" : "good"}`,
            {},
            `#${l.id} ${l.systemId ?? ""} ${l.state.toUpperCase()}`,
          ),
        ),
        h(
          "div.buttons",
          {},
          h("button", { onclick: act("half-open", { link: l.id }) }, t("half")),
          h("button", { onclick: act("drop", { link: l.id }) }, t("drop")),
        ),
      ),
    );
    const all = h(
      "div.buttons",
      {},
      ["unbind", "enquire", "garbage", "retry"].map((name) => h("button", { onclick: act(name, {}) }, t(name))),
    );
    fill(this.links, rows.length ? rows : h("p.hint", {}, t("notBound")), all);
  }

  showSettings({ faults, receipts }) {
    if (faults) this.#showFaults(faults);
    if (receipts) this.#showReceipts(receipts);
  }

  #showFaults(f) {
    const { t } = this;
    const set = (patch) => send("POST", "/api/faults", patch).catch(say);
    const switches = SWITCHES.map(([name, isOn, patch]) =>
      row(
        t(name),
        toggle(isOn(f), (on) => set(patch(on))),
        isOn(f),
      ),
    );
    const mute = row(
      t("mute"),
      select(
        ["off", "submits", "all"],
        f.mute,
        (v) => t(`mute.${v}`),
        (v) => set({ mute: v }),
      ),
      f.mute !== "off",
    );
    const delay = row(
      t("latencyMs"),
      number(f.latencyMs, (v) => set({ latencyMs: v })),
      f.latencyMs > 0,
    );
    const well = h("button", { onclick: () => send("DELETE", "/api/faults").catch(say) }, t("allWell"));
    fill(this.faults, delay, mute, switches, h("div.buttons", {}, well));
  }

  #showReceipts(r) {
    const { t } = this;
    const set = (patch) => send("POST", "/api/receipts", patch).catch(say);
    const word = (v) => t(v === "text" ? "textOnly" : v);
    const choices = RECEIPT_CHOICES.map(([name, values]) =>
      row(
        t(name),
        select(values, r[name], word, (v) => set({ [name]: v })),
      ),
    );
    fill(
      this.receipts,
      row(
        t("delayMs"),
        number(r.delayMs, (v) => set({ delayMs: v })),
      ),
      choices,
      row(
        t("intermediate"),
        toggle(r.intermediate, (on) => set({ intermediate: on })),
      ),
      row(
        t("accepted"),
        toggle(r.accepted, (on) => set({ accepted: on })),
      ),
      row(
        t("copies"),
        toggle(r.copies > 1, (on) => set({ copies: on ? 2 : 1 })),
      ),
    );
  }

  showWire({ ts, link, way, line }) {
    this.wire.querySelector(".nothing")?.remove();
    this.wire.prepend(
      h(
        "li",
        {},
        h("time", {}, clock(ts)),
        h(`span.${way}`, {}, way === "in" ? "←" : "→"),
        h("span", {}, `#${link} ${line}`),
      ),
    );
    while (this.wire.children.length > 200) this.wire.lastChild.remove();
  }
}

function row(label, control, on = false) {
  return h(`div.row${on ? ".on" : ""}`, {}, h("label", {}, label), ariaNamed(control, label));
}

function ariaNamed(control, label) {
  control.setAttribute("aria-label", label);
  return control;
}

function toggle(checked, set) {
  return h("input.switch", {
    type: "checkbox",
    role: "switch",
    checked,
    onchange: (e) => set(e.target.checked),
  });
}

function number(value, set) {
  return h("input", {
    type: "number",
    min: "0",
    step: "100",
    value: String(value),
    onchange: (e) => set(Math.max(0, Math.trunc(Number(e.target.value) || 0))),
  });
}

function select(values, current, word, set) {
  return h(
    "select",
    { onchange: (e) => set(e.target.value) },
    values.map((v) => h("option", { value: v, selected: v === current }, word(v))),
  );
}
