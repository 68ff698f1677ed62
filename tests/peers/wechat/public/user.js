// One WeChat user on the page: the chat with the account, its menu, what can be sent, and what is behind
// each bubble.

import { clock, fill, h, keepAtEnd, send, toast } from "/shared/dom.js";

const say = (err) => toast(err.message);

export class User {
  #bubbles = new Map();
  #open = new Set();
  #ready = false;

  constructor({ user, menu, t, onClose }) {
    this.openid = user.openid;
    this.t = t;
    this.menu = menu;
    this.thread = h("div.thread", { role: "log", "aria-label": user.name, tabIndex: 0 });
    this.empty = h("p.empty", {}, t("empty"));
    this.thread.append(this.empty);
    this.who = h("small");
    this.time = h("span", {}, clock(Date.now(), true));
    this.quota = h("p.quota");
    this.typing = h("span.typing", { hidden: true }, t("typing"));
    this.follow = h("button.follow", {
      onclick: () => this.#event(this.follows ? "unsubscribe" : "subscribe"),
    });
    this.dock = h("div.dock");
    this.node = h("article.phone", { "aria-label": user.name }, this.#screen(onClose));
    this.#showKeyboard();
    this.update(user);
  }

  #screen(onClose) {
    const { t } = this;
    const bars = h("span.signal", { "aria-hidden": "true" }, h("i"), h("i"), h("i"), h("i"));
    const close = h("button.icon", { onclick: onClose, title: t("remove"), "aria-label": t("remove") }, "‹");
    const names = h("div.names", {}, h("b", {}, t("bank")), this.who, this.typing);
    return h(
      "div.screen",
      {},
      h("div.status", {}, this.time, bars),
      h("header.who", {}, close, names, this.follow),
      this.quota,
      this.thread,
      this.dock,
    );
  }

  // --- what the person can do ------------------------------------------------------------------

  #say(type, fields) {
    return send("POST", `/api/users/${encodeURIComponent(this.openid)}/say/${type}`, fields).catch(say);
  }

  #event(type, fields = {}) {
    return send("POST", `/api/users/${encodeURIComponent(this.openid)}/event/${type}`, fields).catch(say);
  }

  #showKeyboard() {
    const { t } = this;
    const text = h("textarea", { rows: 1, placeholder: t("placeholder"), "aria-label": t("placeholder") });
    const go = h("button.go", {}, t("send"));
    const update = () => {
      text.style.height = "auto";
      if (text.scrollHeight) text.style.height = `${Math.min(text.scrollHeight + 2, 110)}px`;
      go.hidden = text.value.trim() === "";
      more.hidden = !go.hidden;
    };
    const put = () => {
      if (text.value.trim() === "") return;
      this.#say("text", { content: text.value });
      text.value = "";
      update();
      text.focus();
    };
    const drawer = this.#drawer();
    const more = h(
      "button.round",
      { title: t("more"), "aria-label": t("more"), onclick: () => (drawer.hidden = !drawer.hidden) },
      "+",
    );
    text.addEventListener("input", update);
    text.addEventListener("keydown", (e) => {
      if (e.key !== "Enter" || e.shiftKey || e.isComposing) return;
      e.preventDefault();
      put();
    });
    go.addEventListener("click", put);
    const swap = h(
      "button.round.swap",
      { title: t("menu"), "aria-label": t("menu"), onclick: () => this.#showMenu() },
      "≡",
    );
    fill(this.dock, h("div.line", {}, swap, text, go, more), drawer);
    update();
  }

  #showMenu() {
    const { t } = this;
    const keys = h("button.round.keys", {
      title: t("keyboard"),
      "aria-label": t("keyboard"),
      onclick: () => this.#showKeyboard(),
    });
    const items = this.menu.map((entry) => {
      const label = entry[t.lang] ?? entry.key;
      return h(
        "button.menu",
        { onclick: () => this.#event(entry.url ? "VIEW" : "CLICK", { ...entry, label }) },
        label,
      );
    });
    fill(this.dock, h("div.line.menus", {}, keys, items));
  }

  #drawer() {
    const { t } = this;
    const file = h("input", {
      type: "file",
      accept: "image/*",
      hidden: true,
      onchange: () => this.#upload(file.files[0]),
    });
    const tile = (name, run) =>
      h("button.tile", { onclick: run }, h(`span.pic.${name}`, { "aria-hidden": "true" }), t(name));
    return h(
      "div.drawer",
      { hidden: true },
      tile("photo", () => this.#say("image", {})),
      tile("location", () => this.#say("location", {})),
      tile("voice", () =>
        this.#say("voice", {
          recognition: t.lang === "zh" ? "我想查询信用卡账单" : "I want to see my card bill",
        }),
      ),
      tile("link", () => this.#say("link", { title: t("bank"), url: "https://example.com/offer" })),
      tile("upload", () => file.click()),
      file,
    );
  }

  async #upload(file) {
    if (!file) return;
    const response = await fetch("/api/media", {
      method: "POST",
      headers: { "content-type": file.type },
      body: file,
    });
    const answer = await response.json();
    if (response.ok)
      this.#say("image", { mediaId: answer.mediaId, picUrl: `${location.origin}/media/${answer.mediaId}` });
    else toast(answer.error);
  }

  // --- what the person sees --------------------------------------------------------------------

  /** Name, following, typing, quota. */
  update({ name, follows, typing, quota }) {
    const { t } = this;
    this.follows = follows;
    this.who.textContent = name;
    this.who.hidden = typing;
    this.typing.hidden = !typing;
    this.follow.textContent = t(follows ? "unfollow" : "follow");
    this.follow.classList.toggle("wanted", !follows);
    this.dock.inert = !follows;
    const until =
      quota.until &&
      new Date(quota.until).toLocaleString(t.lang === "zh" ? "zh-CN" : "en-GB", {
        weekday: "short",
        hour: "2-digit",
        minute: "2-digit",
      });
    this.quota.textContent = !follows
      ? t("notFollowing")
      : quota.until
        ? t("quota", { left: quota.left, until })
        : t("noQuota");
    this.quota.classList.toggle("low", follows && Boolean(quota.until) && quota.left <= 1);
  }

  settle() {
    this.#ready = true;
    this.thread.scrollTop = this.thread.scrollHeight;
  }

  clear() {
    this.#bubbles.clear();
    fill(this.thread, this.empty);
  }

  /** A bubble that is new or different. */
  show(message) {
    keepAtEnd(this.thread, () => {
      this.empty.remove();
      const old = this.#bubbles.get(message.id);
      const node = this.#row(message, !old && this.#ready);
      this.#bubbles.set(message.id, node);
      if (old) old.replaceWith(node);
      else this.thread.append(node);
    });
  }

  #row(message, isNew) {
    const { t } = this;
    if (message.dir === "system")
      return h(
        `div.system${message.kind === "unavailable" ? ".bad" : ""}`,
        { title: message.text },
        this.#system(message),
      );
    const mine = message.dir === "in";
    const shown = this.#open.has(message.id);
    const toggle = h(
      "button.behind",
      { "aria-expanded": String(shown), title: t("details"), onclick: () => this.#toggle(message) },
      this.#note(message),
    );
    const bubble = h(`div.bubble.${message.kind}${isNew ? ".new" : ""}`, {}, this.#content(message));
    const avatar = h(
      `span.avatar.${mine ? "person" : "bank"}`,
      { "aria-hidden": "true" },
      mine ? this.who.textContent.slice(0, 1) : "远",
    );
    return h(
      `div.said.${mine ? "mine" : "theirs"}`,
      { "data-id": message.id, "data-via": message.via },
      avatar,
      h("div.body", {}, bubble, toggle, shown && this.#facts(message)),
    );
  }

  #system(message) {
    const { t } = this;
    if (message.kind === "unavailable") return t("unavailable");
    const known = t(`e.${message.event}`, { text: message.text });
    return `${clock(message.ts, true)} ${known === `e.${message.event}` ? message.event : known}`;
  }

  #content(message) {
    if (message.kind === "image")
      return h("img", { src: message.picUrl ?? `/media/${message.mediaId}`, alt: this.t("photo") });
    if (message.kind === "location") return [h("span.map", { "aria-hidden": "true" }), message.text];
    if (message.kind === "voice") return h("span.wave", {}, "3″");
    if (message.kind === "news")
      return message.articles.map((a) => h("div.card", {}, h("b", {}, a.title), h("span", {}, a.description)));
    if (message.kind === "template")
      return h(
        "div.card",
        {},
        message.rows.map(([name, value]) => h("div", {}, h("small", {}, name), " ", value)),
      );
    if (message.kind === "msgmenu") return this.#choices(message);
    return message.text
      ? linked(message.text, (content, menuId) => this.#say("text", { content, menuId }))
      : `[${message.kind}]`;
  }

  #choices(message) {
    const pick = ({ id, content }) =>
      h("button.choice", { onclick: () => this.#say("text", { content, menuId: id }) }, content);
    return [
      message.text,
      h("div.choices", {}, message.choices.map(pick)),
      message.tail && h("div.tail", {}, message.tail),
    ];
  }

  #note(message) {
    const { t } = this;
    const time = clock(message.ts, true);
    if (message.dir === "out")
      return `${time} · ${t(`v.${message.via}`)}${message.account ? ` · ${message.account}` : ""}`;
    if (message.state === "lost") return h("b.bad", {}, `${time} · ${t("s.lost")}`);
    const tries = message.tries.length;
    return `${time} · ${tries > 1 || message.state === "sent" ? t("try", { n: Math.max(1, tries) }) : "✓"}`;
  }

  #toggle(message) {
    if (!this.#open.delete(message.id)) this.#open.add(message.id);
    const old = this.#bubbles.get(message.id);
    const node = this.#row(message, false);
    this.#bubbles.set(message.id, node);
    old.replaceWith(node);
    node.querySelector("button.behind").focus({ preventScroll: true });
    if (this.#open.has(message.id)) node.scrollIntoView({ block: "nearest" });
  }

  #facts(message) {
    const { t } = this;
    const rows = [
      [t("kind"), message.kind],
      message.msgId && ["MsgId", message.msgId],
      message.mode && [t("way"), t(message.mode)],
      message.via && [t("way"), t(`v.${message.via}`)],
      message.mediaId && ["media_id", message.mediaId],
      [t("time"), clock(message.ts)],
      message.state && [t("state"), t(`s.${message.state}`)],
      ...(message.tries ?? []).map((x) => [
        t("try", { n: x.n }),
        `${x.error ?? `HTTP ${x.status}`} · ${x.ms} ms`,
      ]),
    ];
    return h(
      "div.facts",
      {},
      h(
        "dl",
        {},
        rows.filter(Boolean).map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]),
      ),
    );
  }
}

/** Text with its menu links (weixin://bizmsgmenu?...) as buttons, all else as text. */
function linked(text, pick) {
  const pattern =
    /<a href="weixin:\/\/bizmsgmenu\?msgmenucontent=([^&"]*)&(?:amp;)?msgmenuid=([^"]*)">([^<]*)<\/a>/g;
  const out = [];
  let at = 0;
  for (const found of text.matchAll(pattern)) {
    const [whole, content, id, label] = found;
    out.push(
      text.slice(at, found.index),
      h("button.choice", { onclick: () => pick(decodeURIComponent(content), id) }, label),
    );
    at = found.index + whole.length;
  }
  return [...out, text.slice(at)];
}
