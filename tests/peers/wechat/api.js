// The API that the gateway calls (/cgi-bin/...): tokens, customer-service messages, typing, template
// messages, media. Answers and error codes as the platform gives them; errors come with HTTP 200.

import { ApiError, errorBody } from "./errors.js";
import { readMultipart } from "./media.js";
import { readSend } from "./replies.js";

const OK = { errcode: 0, errmsg: "ok" };

/** Routes below /cgi-bin over `platform`; each row of the inner table is one API. */
export function apiRoutes(platform) {
  return APIS.map(([method, path, run, needs = "token"]) => [
    method,
    path,
    (ctx) => call(platform, path, run, needs, ctx),
    { any: true },
  ]);
}

const APIS = [
  ["POST", "/cgi-bin/stable_token", stableToken, "nothing"],
  ["GET", "/cgi-bin/token", classicToken, "nothing"],
  ["POST", "/cgi-bin/message/custom/send", customSend],
  ["POST", "/cgi-bin/message/custom/typing", customTyping],
  ["POST", "/cgi-bin/message/template/send", templateSend],
  ["POST", "/cgi-bin/media/upload", mediaUpload],
  ["GET", "/cgi-bin/media/get", mediaGet],
  ["GET", "/cgi-bin/user/info", userInfo],
];

async function call(platform, path, run, needs, ctx) {
  const { apiLatencyMs } = platform.faults.values;
  if (apiLatencyMs) await platform.timers.sleep(apiLatencyMs);
  try {
    const forced = onDemand(platform, path);
    if (forced) throw new ApiError(forced);
    if (needs === "token") platform.tokens.check(ctx.query.get("access_token"));
    return run(platform, ctx);
  } catch (err) {
    if (!(err instanceof ApiError)) throw err;
    platform.events.add("api.error", { path, errcode: err.code });
    return errorBody(err.code);
  }
}

/** The error code that was ordered for this API, or 0. */
function onDemand(platform, path) {
  const next = platform.faults.values.errorNext;
  if (!next || next.count <= 0 || (next.to && !path.endsWith(next.to))) return 0;
  platform.faults.set({ errorNext: next.count > 1 ? { ...next, count: next.count - 1 } : null });
  return next.status;
}

function credentials(platform, appid, secret) {
  if (appid !== platform.account.appid) throw new ApiError(40013);
  if (secret !== platform.account.secret) throw new ApiError(40125);
}

function stableToken(platform, { raw }) {
  const body = readJson(raw);
  credentials(platform, body.appid, body.secret);
  const answer = platform.tokens.stable(body.force_refresh === true);
  platform.events.add("token", { force: body.force_refresh === true });
  return answer;
}

function classicToken(platform, { query }) {
  credentials(platform, query.get("appid"), query.get("secret"));
  return platform.tokens.classic();
}

function customSend(platform, ctx) {
  const body = readJson(ctx.raw);
  if (!platform.faults.values.service) throw new ApiError(48001);
  const user = reachable(platform, body.touser);
  const bubble = readSend(body, { media: platform.media, msgmenu: platform.faults.values.msgmenu });
  if (platform.faults.values.enforceQuota) user.quota.take();
  platform.arrive(user.openid, bubble);
  const { dropNext } = platform.faults.values;
  if (dropNext > 0) {
    platform.faults.set({ dropNext: dropNext - 1 });
    ctx.req.socket.destroy(); // taken, and nobody will ever know
  }
  return OK;
}

function reachable(platform, openid) {
  if (!platform.users.has(openid)) throw new ApiError(40003);
  const user = platform.users.get(openid);
  if (!user.follows) throw new ApiError(43004);
  return user;
}

function customTyping(platform, { raw }) {
  const body = readJson(raw);
  const user = reachable(platform, body.touser);
  if (body.command !== "Typing" && body.command !== "CancelTyping") throw new ApiError(45072);
  if (user.quota.state.until === null) throw new ApiError(45080);
  const on = body.command === "Typing";
  if (on && user.typing) throw new ApiError(45081);
  platform.typing(user.openid, on);
  return OK;
}

function templateSend(platform, { raw }) {
  const body = readJson(raw);
  if (!body.template_id) throw new ApiError(40037);
  reachable(platform, body.touser);
  const msgId = platform.template(body);
  if (msgId === null) throw new ApiError(43116);
  // The msgid exceeds 2^53: written bare, as the platform does, and not through a double.
  return {
    status: 200,
    headers: { "content-type": "application/json; charset=utf-8" },
    body: `{"errcode":0,"errmsg":"ok","msgid":${msgId}}`,
  };
}

function mediaUpload(platform, { req, query, raw }) {
  const type = query.get("type");
  const { bytes, contentType } = readMultipart(req.headers["content-type"], raw);
  const id = platform.media.put(type, bytes, contentType);
  return { type, media_id: id, created_at: Math.floor(platform.now() / 1000) };
}

function mediaGet(platform, { query }) {
  const id = query.get("media_id");
  const file = platform.media.get(id);
  if (file.type === "video") return { video_url: `${platform.base}/media/${id}` };
  return sendFile(file, platform.media.nameOf(id));
}

/** A file as an HTTP answer. */
export function sendFile({ bytes, contentType }, name) {
  return {
    status: 200,
    headers: {
      "content-type": contentType,
      "content-disposition": `attachment; filename="${name}"`,
      "x-content-type-options": "nosniff",
    },
    body: bytes,
  };
}

function userInfo(platform, { query }) {
  const openid = query.get("openid");
  if (!platform.users.has(openid)) throw new ApiError(40003);
  const { follows } = platform.users.get(openid);
  return follows
    ? { subscribe: 1, openid, language: "zh_CN", subscribe_time: Math.floor(platform.now() / 1000) }
    : { subscribe: 0, openid };
}

// Raw UTF-8 or nothing: \uXXXX is refused, and so are octets that are no UTF-8 (docs/protocols/wechat.md, 16).
function readJson(raw) {
  if (raw.length === 0) throw new ApiError(44002);
  let text;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(raw);
  } catch {
    throw new ApiError(40033);
  }
  if (/\\u[0-9a-fA-F]{4}/.test(text.replaceAll("\\\\", ""))) throw new ApiError(40033);
  try {
    const body = JSON.parse(text);
    if (body !== null && typeof body === "object") return body;
  } catch {
    // said below
  }
  throw new ApiError(47001);
}
