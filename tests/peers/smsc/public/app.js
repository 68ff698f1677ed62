// The phones page: several handsets side by side, live from the SMSC's event stream.

import { clock, fill, follow, h, memory, send, speak, toast } from "/shared/dom.js";
import { Network } from "./network.js";
import { Phone } from "./phone.js";
import { WORDS } from "./words.js";

const KEPT = "posthouse.phones";
const FIRST = ["+8613800138000"];
const SIDE_BY_SIDE = 6; // numbers that turn up by themselves; more can be added by hand

const t = speak(WORDS);
const network = new Network(t);
const phones = new Map();
const row = h("main.phones", { "aria-label": t("title") });
const binds = h("span.chip.bad", {}, t("notBound"));
const lost = h("span.chip.warn", { hidden: true }, t("lost"));
let picture = { shortCode: "", messages: [], phones: [] };

document.title = `${t("title")} · posthouse`;
document.body.append(top(), h("div.stage", {}, row, network.node));
network.node.hidden = !memory.read("posthouse.phones.network", true);

function top() {
  const number = h("input", { type: "tel", placeholder: "+86 139 …", "aria-label": t("number"), size: 16 });
  const add = (event) => {
    event.preventDefault();
    const digits = number.value.replace(/[^\d+]/g, "");
    if (digits.length < 3) return;
    open(digits.startsWith("+") || digits.length <= 8 ? digits : `+${digits}`);
    keep();
    number.value = "";
  };
  const side = h(
    "button",
    {
      onclick: () =>
        memory.write("posthouse.phones.network", (network.node.hidden = !network.node.hidden) === false),
    },
    t("network"),
  );
  return h(
    "header.top",
    {},
    h("div.brand", {}, h("h1", {}, t("title")), h("small", {}, t("subtitle"))),
    binds,
    lost,
    h("div.grow"),
    h("form.add", { onsubmit: add }, number, h("button", {}, t("add"))),
    side,
    h("button", { onclick: t.toggle }, t("language")),
  );
}

function open(number) {
  if (phones.has(number)) return phones.get(number);
  const phone = new Phone({
    number,
    shortCode: picture.shortCode,
    t,
    put: (fields) => send("POST", "/api/deliver", fields).catch((err) => toast(err.message)),
    onClose: () => close(number),
  });
  phones.set(number, phone);
  row.append(phone.node);
  for (const message of picture.messages) if (message.phone === number) phone.show(message);
  const known = picture.phones.find((p) => p.number === number);
  phone.setPower(known?.power ?? true);
  phone.settle();
  return phone;
}

function close(number) {
  phones.get(number)?.node.remove();
  phones.delete(number);
  keep();
}

function keep() {
  memory.write(KEPT, [...phones.keys()]);
}

function showBinds(links) {
  const up = links.filter((l) => l.state !== "open" && l.state !== "closed");
  binds.className = `chip ${up.length ? "good" : "bad"}`;
  binds.textContent = up.length
    ? up.map((l) => t("bound", { id: l.systemId, mode: l.state.toUpperCase() })).join(", ")
    : t("notBound");
  network.showLinks(links);
}

function onHello(data) {
  picture = data;
  for (const phone of phones.values()) phone.node.remove();
  phones.clear();
  const kept = memory.read(KEPT, []);
  for (const number of kept.length ? kept : FIRST) open(number);
  for (const message of data.messages) if (phones.size < SIDE_BY_SIDE) open(message.phone);
  showBinds(data.links);
  network.showSettings(data.settings);
}

function onMessage(message) {
  const at = picture.messages.findIndex((m) => m.id === message.id);
  if (at >= 0) picture.messages[at] = message;
  else picture.messages.push(message);
  if (picture.messages.length > 2000) picture.messages.splice(0, 500);
  if (phones.has(message.phone)) phones.get(message.phone).show(message);
  else if (phones.size < SIDE_BY_SIDE) open(message.phone);
}

follow(
  {
    hello: onHello,
    message: onMessage,
    links: showBinds,
    settings: (data) => network.showSettings(data),
    wire: (line) => network.showWire(line),
    phone: ({ number, power }) => phones.get(number)?.setPower(power),
    reset: () => {
      picture.messages = [];
      for (const phone of phones.values()) phone.clear();
    },
  },
  (isLost) => (lost.hidden = !isLost),
);

setInterval(() => {
  for (const phone of phones.values()) fill(phone.time, clock(Date.now(), true));
}, 5000);
