// The bank's web site: an origin of its own whose pages embed the widget with one script tag, and a start
// page that tells a newcomer what to do.
//   node tests/peers/site/main.js --http-port 7084 --gateway http://127.0.0.1:7080 --channel bank-web
// Also a module for tests (startSite). Addresses are filled into the pages here, so that they hold no
// script of their own beyond the copy buttons.

import { fileURLToPath } from "node:url";
import { isMain, runMain } from "../shared/cli.js";
import { serve } from "../shared/http.js";

const OPTIONS = {
  host: ["127.0.0.1", "address to listen on"],
  "http-port": [7084, "port of the site, 0 picks one"],
  gateway: ["http://127.0.0.1:7080", "the gateway's public address"],
  channel: ["bank-web", "the web chat channel that the widget speaks to"],
  console: ["", "the agents' console; the gateway's /console/ when empty"],
  phone: ["http://127.0.0.1:7082", "the page that plays the phones"],
  wechat: ["http://127.0.0.1:7083", "the page that plays the WeChat users"],
  "short-code": ["95500", "the bank's number"],
  login: ["mei", "who logs in to the console"],
  password: ["", "with which password; nothing is shown when empty"],
  "api-key": ["$(cat var/secrets/api_key)", "what stands for the API key in the curl command"],
};

/** Starts the site. Resolves to {httpPort, httpUrl, close()}. */
export async function startSite(options = {}) {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== "" && value !== undefined),
  );
  const initial = Object.fromEntries(
    Object.entries(OPTIONS).map(([flag, [value]]) => [
      flag.replace(/-(\w)/g, (_, c) => c.toUpperCase()),
      value,
    ]),
  );
  const o = { ...initial, ...given };
  const gateway = new URL(o.gateway);
  const page = await serve({
    host: o.host,
    port: options.httpPort ?? 0,
    root: fileURLToPath(new URL("./public/", import.meta.url)),
    routes: [["GET", "/api/status", () => status(o)]],
    csp: policy(gateway),
    page: (html, req, url) =>
      fillIn(html, { ...o, console: o.console || new URL("/console/", gateway).href, ...languages(req, url) }),
  });
  return { httpPort: page.port, httpUrl: page.url, close: () => page.close() };
}

// What a bank's own policy has to allow for the widget: its script and its connections.
function policy(gateway) {
  const socket = `${gateway.protocol === "https:" ? "wss:" : "ws:"}//${gateway.host}`;
  return [
    "default-src 'self'",
    `script-src 'self' ${gateway.origin}`,
    `connect-src 'self' ${gateway.origin} ${socket}`,
    "frame-ancestors 'none'",
    "base-uri 'none'",
  ].join("; ");
}

function languages(req, url) {
  const asked = url.searchParams.get("lang");
  const accepted = /^zh/i.test(req.headers["accept-language"] ?? "") ? "zh" : "en";
  const lang = asked === "zh" || asked === "en" ? asked : accepted;
  return {
    lang,
    htmlLang: lang === "zh" ? "zh-CN" : "en",
    other: lang === "zh" ? "en" : "zh",
    otherName: lang === "zh" ? "English" : "中文",
  };
}

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

function fillIn(html, values) {
  return html.replace(/\{\{(\w+)\}\}/g, (_, name) =>
    String(values[name] ?? "").replace(/[&<>"']/g, (c) => ESCAPES[c]),
  );
}

/** {gateway, phone, wechat}: which of them answer. */
async function status({ gateway, phone, wechat }) {
  const up = async (url) => {
    try {
      await fetch(url, { signal: AbortSignal.timeout(1500), redirect: "manual" });
      return true;
    } catch {
      return false;
    }
  };
  const [a, b, c] = await Promise.all([up(gateway), up(phone), up(wechat)]);
  return { gateway: a, phone: b, wechat: c };
}

if (isMain(import.meta)) {
  await runMain("site", OPTIONS, startSite, (s) => ({ httpPort: s.httpPort, url: s.httpUrl }));
}
