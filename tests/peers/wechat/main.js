// A simulated WeChat platform with one Official Account: a program of its own
//   node tests/peers/wechat/main.js --http-port 7083 --callback http://127.0.0.1:7080/wechat/bank-wechat
// and a module for tests (startWechat). Sends signed callbacks to the gateway, serves the API it calls, and
// its web page plays the users. The port may be 0; the JSON line printed when ready has the real one.

import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { isMain, runMain } from "../shared/cli.js";
import { serve } from "../shared/http.js";
import { PATIENCE_MS } from "../shared/patience.js";
import { routes, snapshot } from "./control.js";
import { MODES } from "./envelope.js";
import { Platform } from "./platform.js";

const OPTIONS = {
  host: ["127.0.0.1", "address to listen on"],
  "http-port": [7083, "port of the API, the page and the control API, 0 picks one"],
  callback: ["http://127.0.0.1:7080/wechat/bank-wechat", "the gateway's URL for this account"],
  appid: ["wx0123456789abcdef", "the account's appid"],
  secret: ["0123456789abcdef0123456789abcdef", "its AppSecret"],
  token: ["posthouse", "its callback token"],
  "aes-key": ["", "its EncodingAESKey, 43 characters; made up when empty"],
  mode: ["safe", `how callbacks are written: ${MODES.join(", ")}`],
  id: ["gh_0123456789ab", "its original id, the ToUserName of callbacks"],
};

const FIRST_USERS = [
  ["oPosthouse_xiaoming_0000001", "小明"],
  ["oPosthouse_alice_0000000002", "Alice"],
];

/**
 * Starts a platform; `faults` and `callbacks` are settings from the start. Resolves to {httpPort, httpUrl, platform, account, say(), choose(), event(), verify(), raw(),
 * sealed(), waitForReply(), messages(), counts(), doubles(), advance(), reset(), events, faults,
 * callbacks, tokens, users, close()}; docs in README.md beside this file.
 */
export async function startWechat(options = {}) {
  const account = accountOf(options);
  let page = null;
  const platform = new Platform({
    callback: options.callback ?? OPTIONS.callback[0],
    account,
    menu: options.menu,
    tokenSeconds: options.tokenSeconds,
    watch: (type, data) => page?.publish(type, data),
  });
  for (const name of ["faults", "callbacks"]) platform[name].set(options[name] ?? {});
  for (const [openid, name] of options.users ?? FIRST_USERS) platform.users.get(openid).name = name;
  page = await serve({
    host: options.host,
    port: options.httpPort ?? 0,
    root: fileURLToPath(new URL("./public/", import.meta.url)),
    routes: routes(platform),
    hello: () => snapshot(platform),
  });
  platform.base = page.url;
  return face(platform, page, account);
}

function accountOf(options) {
  const pick = (name) => options[name] || OPTIONS[name]?.[0];
  const mode = pick("mode");
  if (!MODES.includes(mode)) throw new Error(`mode is one of ${MODES.join(", ")}, not ${mode}`);
  const aesKey = options.aesKey || randomBytes(32).toString("base64").slice(0, 43);
  if (!/^[A-Za-z0-9+/]{43}$/.test(aesKey))
    throw new Error("the EncodingAESKey has 43 characters of A-Z a-z 0-9 + /");
  return { appid: pick("appid"), secret: pick("secret"), token: pick("token"), id: pick("id"), aesKey, mode };
}

function face(platform, page, account) {
  return {
    platform,
    account,
    httpPort: page.port,
    httpUrl: page.url,
    events: platform.events,
    faults: platform.faults,
    callbacks: platform.callbacks,
    tokens: platform.tokens,
    users: platform.users,
    say: (openid, type, fields) => platform.say(openid, ...asMessage(type, fields)),
    choose: (openid, choice) => platform.choose(openid, choice),
    event: (openid, type, fields) => platform.event(openid, type, fields),
    follow: (openid, scene) => platform.event(openid, "subscribe", { scene }),
    unfollow: (openid) => platform.event(openid, "unsubscribe"),
    verify: () => platform.verify(),
    raw: (request) => platform.raw(request),
    sealed: (openid, fields, how) => platform.sealed(openid, fields, how),
    setCallback: (url) => (platform.callback = url),
    waitForReply: (openid, match, how) => waitForReply(platform, openid, match, how),
    messages: (openid) => platform.users.messages(openid),
    counts: () => platform.users.counts(),
    doubles: () => platform.users.counts().filter((row) => row.count > 1),
    advance: (ms) => platform.advance(ms),
    reset: () => platform.reset(),
    close: async () => {
      await platform.close();
      await page.close();
    },
  };
}

/** say(openid, "hello") is a text; say(openid, "image", {...}) any type. */
function asMessage(type, fields) {
  return fields === undefined ? ["text", { content: type }] : [type, fields];
}

/** The first bubble from the account to a user, passive or by the API, that holds a text. */
async function waitForReply(platform, openid, match = "", { timeoutMs = PATIENCE_MS, since = 0 } = {}) {
  const fits = (m) =>
    m.dir === "out" && m.ts >= since && (match instanceof RegExp ? match.test(m.text) : m.text.includes(match));
  const find = () => platform.users.messages(openid).find(fits);
  const deadline = Date.now() + timeoutMs;
  for (let found = find(); ; found = find()) {
    if (found) return found;
    const mark = platform.events.mark;
    const what = `a reply ${match} to ${openid}`;
    await platform.events.wait((e) => ["send", "callback.answered", "template"].includes(e.type), {
      timeoutMs: Math.max(1, deadline - Date.now()),
      since: mark,
      what,
    });
    await new Promise(setImmediate); // the bubble is added right after its event
  }
}

if (isMain(import.meta)) {
  await runMain("wechat", OPTIONS, startWechat, (w) => ({
    httpPort: w.httpPort,
    url: w.httpUrl,
    mode: w.account.mode,
    aesKey: w.account.aesKey,
  }));
}
