// The simulated platform's own HTTP face (page and tests), beside the API that the gateway calls.

import { HttpError } from "../shared/http.js";
import { apiRoutes, sendFile } from "./api.js";
import { ApiError, ERRORS } from "./errors.js";
import { EVENTS, MESSAGES } from "./types.js";

export function routes(platform) {
  return [
    ...apiRoutes(platform),
    ["GET", "/healthz", () => ({ ok: true })],
    ["GET", "/api/state", () => snapshot(platform)],
    [
      "GET",
      "/api/types",
      () => ({ messages: Object.keys(MESSAGES), events: Object.keys(EVENTS), errors: ERRORS }),
    ],
    ["GET", "/api/messages", ({ query }) => platform.users.messages(query.get("openid") ?? undefined)],
    ["GET", "/api/counts", () => platform.users.counts()],
    [
      "GET",
      "/api/events",
      ({ query }) => platform.events.list(query.get("type") ?? undefined, Number(query.get("since") ?? 0)),
    ],
    ["GET", "/media/:id", ({ params }) => media(platform, params.id)],
    [
      "POST",
      "/api/media",
      ({ req, raw }) =>
        guarded(() => ({ mediaId: platform.media.put("image", raw, req.headers["content-type"]) })),
      { any: true },
    ],
    [
      "POST",
      "/api/users/:openid",
      ({ params, json }) => guarded(() => change(platform, params.openid, json())),
    ],
    [
      "POST",
      "/api/users/:openid/say/:type",
      ({ params, json }) =>
        guarded(() => begin(platform, json(), (f) => platform.say(params.openid, params.type, f))),
    ],
    [
      "POST",
      "/api/users/:openid/event/:type",
      ({ params, json }) =>
        guarded(() => begin(platform, json(), (f) => platform.event(params.openid, params.type, f))),
    ],
    ["POST", "/api/verify", () => platform.verify()],
    ["POST", "/api/raw", ({ json }) => guarded(() => raw(platform, json()))],
    ["POST", "/api/faults", ({ json }) => guarded(() => platform.faults.set(json()))],
    ["DELETE", "/api/faults", () => platform.faults.clear()],
    ["POST", "/api/callbacks", ({ json }) => guarded(() => platform.callbacks.set(json()))],
    ["POST", "/api/tokens/expire", () => void platform.tokens.expireAll()],
    ["POST", "/api/advance", ({ json }) => guarded(() => void platform.advance(Number(json().ms) || 0))],
    ["POST", "/api/reset", () => void platform.reset()],
  ];
}

/** The picture a page starts from. */
export function snapshot(platform) {
  const { appid, id, mode } = platform.account;
  return {
    account: { appid, id, mode },
    callback: platform.callback,
    menu: platform.menu,
    settings: platform.settings(),
    tokens: { calls: platform.tokens.calls, forced: platform.tokens.forcedCalls },
    users: platform.users.all().map((user) => platform.users.describe(user)),
    messages: platform.users.messages().slice(-500),
  };
}

function change(platform, openid, { name }) {
  const user = platform.users.get(openid);
  if (name !== undefined) user.name = String(name).slice(0, 40);
  platform.showUser(user);
  return platform.users.describe(user);
}

// `wait: true` answers with what became of the callback; otherwise at once, and the event stream tells.
async function begin(platform, { wait = false, ...fields }, run) {
  const outcome = run(fields);
  if (wait) return outcome;
  outcome.catch((err) => platform.events.add("callback.failed", { why: err.message }));
  // A wrong type is known at once and still told as 400.
  await Promise.race([outcome, Promise.resolve()]);
  return { accepted: true };
}

async function raw(platform, request) {
  const { status, headers, body, error, ms } = await platform.raw(request);
  return { status, headers, body: body?.toString("utf8"), error, ms };
}

function media(platform, id) {
  try {
    return sendFile(platform.media.get(id), platform.media.nameOf(id));
  } catch {
    throw new HttpError(404, "no such media");
  }
}

async function guarded(act) {
  try {
    return await act();
  } catch (err) {
    if (err instanceof TypeError || err instanceof RangeError || err instanceof ApiError)
      throw new HttpError(400, err.message);
    throw err;
  }
}
