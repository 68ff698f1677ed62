// The platform: what users do goes to the gateway as signed callbacks, three tries of five seconds; what
// the gateway answers passively or sends by the API becomes bubbles. One Official Account a platform.

import { randomBytes } from "node:crypto";
import { EventLog, Timers } from "../shared/events.js";
import { Settings } from "../shared/settings.js";
import { Caller } from "./caller.js";
import { open, seal, seconds, verification } from "./envelope.js";
import { Media, samplePhoto } from "./media.js";
import { readReply } from "./replies.js";
import { Tokens } from "./tokens.js";
import { EVENTS, MESSAGES, bare } from "./types.js";
import { Users } from "./users.js";

/** What goes wrong on demand; all off at the start. */
export const FAULTS = {
  apiLatencyMs: [0, "number"],
  errorNext: [null, "error?"], // {status: errcode, count, to: API path}
  dropNext: [0, "number"], // take the next N sends, close the connection without an answer
  templateStatus: ["success", ["success", "failed:user block", "failed: system failed", "failed:freq limit"]],
  msgmenu: [true, "boolean"], // false: 40200, as for account types without the right
  service: [true, "boolean"], // false: 48001, as for accounts without the customer-service API
  enforceQuota: [true, "boolean"],
  doubleCallbacks: [false, "boolean"], // every callback twice at the same time
};

/** How callbacks are tried. */
export const CALLBACKS = {
  timeoutMs: [5000, "number"],
  gapMs: [5000, "number"],
  tries: [3, "number"],
};

const GRANTED_BY = { CLICK: "menu", VIEW: "menu", subscribe: "follow", SCAN: "scan" };
const MENU = [
  { zh: "我的账户", en: "My account", key: "ACCOUNT" },
  { zh: "优惠活动", en: "Offers", url: "https://farhaven.example/offers" },
  { zh: "附近网点", en: "Branches", url: "https://farhaven.example/branches" },
];

/** What can be pressed in a bubble: the choices of a menu message, or links of a text that answer alike. */
function choicesOf({ choices, text }) {
  const links = /<a href="weixin:\/\/bizmsgmenu\?msgmenucontent=([^&"]*)&(?:amp;)?msgmenuid=([^"]*)">/g;
  return choices ?? [...(text ?? "").matchAll(links)].map(([, c, id]) => ({ id: decodeURIComponent(id), content: decodeURIComponent(c) }));
}

export class Platform {
  events = new EventLog();
  timers = new Timers();
  #offset = 0;
  #caller = new Caller();
  #nextMsgId = 24000000000000000n + BigInt(Date.now() % 1e9) * 100000n; // beyond 2^53, as in the field
  #jobs = new Map();

  /** `account`: {appid, secret, token, aesKey, mode, id}; `watch(type, data)` gets what the page shows. */
  constructor({ callback, account, menu = MENU, tokenSeconds, watch = () => {} }) {
    this.callback = callback;
    this.account = account;
    this.menu = menu;
    this.watch = watch;
    this.faults = new Settings(FAULTS, () => watch("settings", this.settings()));
    this.callbacks = new Settings(CALLBACKS, () => watch("settings", this.settings()));
    this.users = new Users({ now: () => this.now(), changed: (message) => watch("message", message) });
    this.media = new Media(() => this.now());
    this.tokens = new Tokens({ now: () => this.now(), lifeSeconds: tokenSeconds });
    this.base = ""; // our own address, known when we listen
  }

  settings() {
    return { faults: this.faults?.values, callbacks: this.callbacks?.values };
  }

  /** The platform's time, which a test can turn forward: windows close, tokens end. */
  now() {
    return Date.now() + this.#offset;
  }

  advance(ms) {
    this.#offset += ms;
    for (const user of this.users.all()) this.showUser(user);
  }

  async close() {
    this.timers.clear();
    this.#caller.close();
  }

  showUser(user) {
    this.watch("user", this.users.describe(user));
  }

  // --- what a user does ------------------------------------------------------------------------

  /** Sends a message of a type of MESSAGES. Resolves to {ok, tries, reply, msgId, message}. */
  async say(openid, type, fields = {}) {
    if (!MESSAGES[type])
      throw new RangeError(`no such message type: ${type} (there are: ${Object.keys(MESSAGES).join(", ")})`);
    const user = this.users.get(openid);
    const own = type === "image" ? this.#withPhoto(fields) : fields;
    const msgId = String(this.#nextMsgId++);
    user.quota.grant(fields.menuId ? "menu" : "message");
    this.showUser(user);
    const told = MESSAGES[type](own);
    const text = told.Content ?? told.Label ?? told.Title ?? told.Recognition ?? "";
    const bubble = { dir: "in", kind: type, text, picUrl: own.picUrl, msgId };
    return this.#call(openid, { MsgType: type, ...told, MsgId: bare(msgId) }, bubble);
  }

  /** Presses the choice with this text, or id, of the newest menu that has it; resolves as say(). */
  choose(openid, wanted) {
    const menus = this.users.messages(openid).filter((m) => m.dir === "out").reverse();
    const choice = menus.flatMap(choicesOf).find((c) => c.content === wanted || c.id === wanted);
    if (!choice) throw new RangeError(`no menu of this user has the choice "${wanted}"`);
    return this.say(openid, "text", { content: choice.content, menuId: choice.id });
  }

  #withPhoto(fields) {
    const mediaId = fields.mediaId ?? this.media.put("image", samplePhoto(), "image/png");
    return { mediaId, picUrl: fields.picUrl ?? `${this.base}/media/${mediaId}`, ...fields };
  }

  /** Raises an event of a type of EVENTS; follow and unfollow change the user. */
  async event(openid, type, fields = {}) {
    if (!EVENTS[type])
      throw new RangeError(`no such event: ${type} (there are: ${Object.keys(EVENTS).join(", ")})`);
    const user = this.users.get(openid);
    if (type === "subscribe") user.follows = true;
    if (type === "unsubscribe") user.follows = false;
    if (GRANTED_BY[type]) user.quota.grant(GRANTED_BY[type]);
    if (type === "unsubscribe") user.quota.close();
    this.showUser(user);
    const quiet = /^(TEMPLATE|MASS)SENDJOBFINISH$/.test(type);
    const bubble = quiet
      ? null
      : { dir: "system", kind: "event", event: type, text: fields.label ?? fields.key ?? fields.scene ?? "" };
    return this.#call(
      openid,
      { MsgType: "event", Event: type, ...EVENTS[type]({ openid, ...fields }) },
      bubble,
    );
  }

  async #call(openid, special, bubble) {
    const fields = {
      ToUserName: this.account.id,
      FromUserName: openid,
      CreateTime: bare(seconds(this.now())),
      ...special,
    };
    const message = bubble
      ? this.users.add(openid, { ...bubble, mode: this.account.mode, tries: [], state: "sent" })
      : { tries: [] };
    const copies = this.faults.values.doubleCallbacks ? 2 : 1;
    const outcomes = await Promise.all(
      Array.from({ length: copies }, () => this.#try(openid, fields, message, bubble)),
    );
    const outcome = outcomes.find((o) => !o.lost) ?? outcomes[0];
    const result = this.#answered(openid, outcome, message, bubble);
    return { ...result, tries: outcome.tries, status: outcome.status, msgId: message.msgId, message };
  }

  #try(openid, fields, message, bubble) {
    const show = (n, outcome) => {
      if (!outcome)
        return void this.events.add("callback.try", { openid, msgId: message.msgId, event: fields.Event, n });
      message.tries.push({ n, ms: outcome.ms, status: outcome.status, error: outcome.error });
      if (bubble) this.users.changed(message);
    };
    const make = () => seal(this.account, fields, { openid });
    const sleep = (ms) => this.timers.sleep(ms);
    return this.#caller.deliver(this.callback, make, { ...this.callbacks.values, sleep, onTry: show });
  }

  // What WeChat makes of the answer: nothing, a passive reply, or "service unavailable" for the user.
  #answered(openid, outcome, message, bubble) {
    const about = { openid, msgId: message.msgId, tries: outcome.tries, ms: outcome.ms };
    if (outcome.lost)
      return this.#unavailable(
        openid,
        message,
        bubble,
        "callback.lost",
        outcome.error ?? `HTTP ${outcome.status}`,
        about,
      );
    try {
      const fields = open(this.account, outcome.body);
      const reply = fields && readReply(fields, { openid, account: this.account });
      this.events.add("callback.answered", { ...about, reply: reply?.text ?? null });
      this.#mark(message, bubble, "answered");
      if (reply) this.users.add(openid, { dir: "out", via: "passive", ...reply });
      return { ok: true, reply };
    } catch (err) {
      return this.#unavailable(openid, message, bubble, "callback.bad-answer", err.message, about);
    }
  }

  #unavailable(openid, message, bubble, type, why, about) {
    this.events.add(type, { ...about, why });
    this.#mark(message, bubble, "lost");
    if (bubble?.dir === "in") this.users.add(openid, { dir: "system", kind: "unavailable", text: why });
    return { ok: false, why };
  }

  #mark(message, bubble, state) {
    message.state = state;
    if (bubble) this.users.changed(message);
  }

  /** Asks the gateway to prove that it knows the token, as the set-up page of an account does. */
  async verify() {
    const echostr = randomBytes(10).toString("hex");
    const outcome = await this.#caller.once(this.callback, {
      method: "GET",
      query: verification(this.account, echostr),
    });
    const ok = outcome.status === 200 && outcome.body.toString() === echostr;
    const why = ok ? null : (outcome.error ?? `HTTP ${outcome.status}, not the echostr`);
    this.events.add("verified", { ok, why, contentType: outcome.headers?.["content-type"] });
    this.watch("verified", { ok, why });
    return { ok, why, contentType: outcome.headers?.["content-type"] };
  }

  /** A callback made by hand: what forged, replayed and broken requests get. Resolves to the answer. */
  raw({ query = {}, body = "", headers = {}, method = "POST", timeoutMs = 5000 }) {
    return this.#caller.once(this.callback, { query, body, headers, method, timeoutMs });
  }

  /** {query, body} of a genuine callback, to be tampered with. */
  sealed(openid, fields, options = {}) {
    const common = { ToUserName: this.account.id, FromUserName: openid, CreateTime: bare(seconds(this.now())) };
    return seal(this.account, { ...common, ...fields }, { openid, ...options });
  }

  // --- what the API does (api.js checks, this acts) --------------------------------------------

  /** A customer-service message reached the user. */
  arrive(openid, bubble) {
    const user = this.users.get(openid);
    user.typing = false;
    this.showUser(user);
    const message = this.users.add(openid, { dir: "out", via: "api", ...bubble });
    this.events.add("send", { openid, kind: bubble.kind, text: bubble.text, message: message.id });
    return message;
  }

  typing(openid, on) {
    const user = this.users.get(openid);
    user.typing = on;
    this.events.add("typing", { openid, on });
    this.showUser(user);
    if (on) this.timers.after(15000, () => this.#stopTyping(user));
  }

  #stopTyping(user) {
    user.typing = false;
    this.showUser(user);
  }

  /** Sends a template message; tells of it by TEMPLATESENDJOBFINISH a moment later. Returns the msgid. */
  template({ touser, template_id: template, client_msg_id: clientId, data = {}, url }) {
    if (clientId && this.#jobs.has(clientId)) return null;
    const msgId = String(this.#nextMsgId++ * 100n);
    if (clientId) this.#jobs.set(clientId, msgId);
    const status = this.faults.values.templateStatus;
    const rows = Object.entries(data).map(([name, entry]) => [name, String(entry?.value ?? "")]);
    if (status === "success") {
      this.users.add(touser, {
        dir: "out",
        via: "template",
        kind: "template",
        template,
        rows,
        url,
        text: rows.map((r) => r[1]).join("\n"),
        msgId,
      });
    }
    this.events.add("template", { openid: touser, template, msgId, clientId });
    this.timers.after(150, () => void this.event(touser, "TEMPLATESENDJOBFINISH", { msgId, status }));
    return msgId;
  }

  reset() {
    this.faults.clear();
    this.callbacks.clear();
    this.users.clear();
    this.events.clear();
    this.#jobs.clear();
    this.#offset = 0;
    this.watch("reset", {});
  }
}
