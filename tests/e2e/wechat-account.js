// An Official Account of the gateway's on the simulated platform, and one user of it, for stories over WeChat.

import assert from "node:assert/strict";
import { until, world } from "./world.js";

export const USER = "oPosthouse_xiaoming_0000001";

/** A world whose account has its access token: from then on answers are passive where they can be. */
export async function account(t, options = {}) {
  const w = await world(t, { channels: ["wechat"], ...options });
  await until("the account to be up", async () => (await w.channel("bank-wechat"))?.state === "up");
  return w;
}

/** An account with one user whose conversation mei has. */
export async function served(t, options = {}) {
  const w = await account(t, { agents: ["mei"], ...options });
  const mei = await w.agent("mei");
  assert.ok((await w.wechat.say(USER, "人工")).ok);
  const conversation = await mei.conversationWith("人工");
  return { w, mei, conversation };
}
