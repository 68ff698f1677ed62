// The platform's side of the page: the callback and its check, faults, time.

import { fill, h, send, toast } from "/shared/dom.js";

const say = (err) => toast(err.message);
const ERRORS = [-1, 40001, 40003, 42001, 45002, 45009, 45011, 45015, 45047, 48001, 48002, 50002];
const DAYS_2 = 48 * 3600 * 1000 + 1000;

/** Switches: [word, is it on, what to set]. */
const SWITCHES = [
  ["doubleCallbacks", (f) => f.doubleCallbacks, (on) => ({ doubleCallbacks: on })],
  ["enforceQuota", (f) => !f.enforceQuota, (on) => ({ enforceQuota: !on })],
  ["msgmenu", (f) => !f.msgmenu, (on) => ({ msgmenu: !on })],
  ["service", (f) => !f.service, (on) => ({ service: !on })],
  ["dropNext", (f) => f.dropNext > 0, (on) => ({ dropNext: on ? 1 : 0 })],
];

export class Side {
  constructor(t) {
    this.t = t;
    this.url = h("p.url");
    this.proof = h("p.hint", { role: "status" });
    this.faults = h("div");
    const verify = h("button", { onclick: () => send("POST", "/api/verify").catch(say) }, t("verify"));
    const expire = h("button", { onclick: () => send("POST", "/api/tokens/expire").catch(say) }, t("expire"));
    const later = h(
      "button",
      { onclick: () => send("POST", "/api/advance", { ms: DAYS_2 }).catch(say) },
      t("later"),
    );
    const well = h("button", { onclick: () => send("DELETE", "/api/faults").catch(say) }, t("allWell"));
    this.node = h(
      "aside.side",
      { "aria-label": t("platform") },
      h(
        "section",
        {},
        h("h2", {}, t("callback")),
        h("p.hint", {}, t("callbackHint")),
        this.url,
        this.proof,
        h("div.buttons", {}, verify),
      ),
      h(
        "section",
        {},
        h("h2", {}, t("faults")),
        h("p.hint", {}, t("faultsHint")),
        this.faults,
        h("div.buttons", {}, expire, later, well),
      ),
    );
  }

  showCallback(url) {
    this.url.textContent = url;
  }

  showVerified({ ok, why }) {
    this.proof.textContent = ok ? `✓ ${this.t("verified")}` : this.t("notVerified", { why });
    this.proof.className = ok ? "hint good" : "hint bad";
  }

  showSettings({ faults: f }) {
    if (!f) return;
    const { t } = this;
    const set = (patch) => send("POST", "/api/faults", patch).catch(say);
    const delay = h("input", {
      type: "number",
      min: "0",
      step: "100",
      value: String(f.apiLatencyMs),
      onchange: (e) => set({ apiLatencyMs: Math.max(0, Math.trunc(Number(e.target.value) || 0)) }),
    });
    const codes = h(
      "select",
      {
        onchange: (e) =>
          set({
            errorNext: e.target.value ? { status: Number(e.target.value), count: 1, to: "custom/send" } : null,
          }),
      },
      h("option", { value: "" }, t("none")),
      ERRORS.map((code) =>
        h("option", { value: String(code), selected: f.errorNext?.status === code }, String(code)),
      ),
    );
    const outcomes = ["success", "failed:user block", "failed: system failed", "failed:freq limit"];
    const template = h(
      "select",
      { onchange: (e) => set({ templateStatus: e.target.value }) },
      outcomes.map((v) => h("option", { value: v, selected: v === f.templateStatus }, v)),
    );
    fill(
      this.faults,
      row(t("apiLatencyMs"), delay, f.apiLatencyMs > 0),
      row(t("errorNext"), codes, f.errorNext !== null),
      row(t("templateStatus"), template, f.templateStatus !== "success"),
      SWITCHES.map(([name, isOn, patch]) => {
        const box = h("input.switch", {
          type: "checkbox",
          role: "switch",
          checked: isOn(f),
          onchange: (e) => set(patch(e.target.checked)),
        });
        return row(t(name), box, isOn(f));
      }),
    );
  }
}

function row(label, control, on) {
  control.setAttribute("aria-label", label);
  return h(`div.row${on ? ".on" : ""}`, {}, h("span.label", {}, label), control);
}
