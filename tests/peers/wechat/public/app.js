// The WeChat page: one phone a user, live from the platform's event stream.

import { clock, fill, follow, h, memory, send, speak, toast } from "/shared/dom.js";
import { Side } from "./side.js";
import { User } from "./user.js";
import { WORDS } from "./words.js";

const PUT_AWAY = "posthouse.wechat.away";
const SIDE_BY_SIDE = 6;

const t = speak(WORDS);
const side = new Side(t);
const users = new Map();
const row = h("main.phones", { "aria-label": t("title") });
const mode = h("span.chip");
const lost = h("span.chip.warn", { hidden: true }, t("lost"));
let picture = { menu: [], messages: [], users: [] };

document.title = `${t("title")} · posthouse`;
document.body.append(top(), h("div.stage", {}, row, side.node));
side.node.hidden = !memory.read("posthouse.wechat.side", true);

function top() {
  const name = h("input", { placeholder: t("name"), "aria-label": t("name"), size: 12, maxLength: 20 });
  const add = (event) => {
    event.preventDefault();
    if (!name.value.trim()) return;
    const openid = `oPosthouse_${[...crypto.getRandomValues(new Uint8Array(8))].map((b) => b.toString(16).padStart(2, "0")).join("")}`;
    send("POST", `/api/users/${openid}`, { name: name.value.trim() }).catch((err) => toast(err.message));
    name.value = "";
  };
  const toggle = h(
    "button",
    { onclick: () => memory.write("posthouse.wechat.side", (side.node.hidden = !side.node.hidden) === false) },
    t("platform"),
  );
  return h(
    "header.top",
    {},
    h("div.brand", {}, h("h1", {}, t("title")), h("small", {}, t("subtitle"))),
    mode,
    lost,
    h("div.grow"),
    h("form.add", { onsubmit: add }, name, h("button", {}, t("add"))),
    toggle,
    h("button", { onclick: t.toggle }, t("language")),
  );
}

function open(user) {
  const card = new User({ user, menu: picture.menu, t, onClose: () => putAway(user.openid) });
  users.set(user.openid, card);
  row.append(card.node);
  for (const message of picture.messages) if (message.openid === user.openid) card.show(message);
  card.settle();
  return card;
}

function putAway(openid) {
  users.get(openid)?.node.remove();
  users.delete(openid);
  memory.write(PUT_AWAY, [...memory.read(PUT_AWAY, []), openid].slice(-50));
}

function onHello(data) {
  picture = data;
  for (const card of users.values()) card.node.remove();
  users.clear();
  const away = memory.read(PUT_AWAY, []);
  for (const user of data.users) if (!away.includes(user.openid) && users.size < SIDE_BY_SIDE) open(user);
  mode.textContent = `${data.account.appid} · ${t("mode", { mode: t(data.account.mode) })}`;
  side.showCallback(data.callback);
  side.showSettings(data.settings);
}

function onMessage(message) {
  const at = picture.messages.findIndex((m) => m.id === message.id);
  if (at >= 0) picture.messages[at] = message;
  else picture.messages.push(message);
  if (picture.messages.length > 2000) picture.messages.splice(0, 500);
  users.get(message.openid)?.show(message);
}

function onUser(user) {
  const at = picture.users.findIndex((u) => u.openid === user.openid);
  if (at >= 0) picture.users[at] = user;
  else picture.users.push(user);
  if (users.has(user.openid)) users.get(user.openid).update(user);
  else if (at < 0 && users.size < SIDE_BY_SIDE) open(user);
}

follow(
  {
    hello: onHello,
    message: onMessage,
    user: onUser,
    settings: (data) => side.showSettings(data),
    verified: (data) => side.showVerified(data),
    reset: () => {
      picture.messages = [];
      for (const card of users.values()) card.clear();
    },
  },
  (isLost) => (lost.hidden = !isLost),
);

setInterval(() => {
  for (const card of users.values()) fill(card.time, clock(Date.now(), true));
}, 5000);
