// Signatures and encryption of callbacks and passive replies (docs/protocols/wechat.md). The cryptography is a
// third party's (npm @wecom/crypto); what it leaves out, checking the appid inside, is done here.

import { randomBytes } from "node:crypto";
import { decrypt, encrypt, getSignature } from "@wecom/crypto";
import { readXml, writeXml } from "./xml.js";

export const MODES = ["plain", "compatible", "safe"];

/** {query, body} of a callback that carries `fields`, as the account's mode has it. */
export function seal(
  account,
  fields,
  { openid, timestamp = seconds(), nonce = randomNonce(), cipherAppid = account.appid } = {},
) {
  const query = { signature: getSignature(account.token, timestamp, nonce, ""), timestamp, nonce, openid };
  const plain = writeXml(fields);
  if (account.mode === "plain") return { query, body: plain, plain };
  const secret = encrypt(account.aesKey, plain, cipherAppid);
  const outer = account.mode === "safe" ? { ToUserName: fields.ToUserName } : fields;
  query.encrypt_type = "aes";
  query.msg_signature = getSignature(account.token, timestamp, nonce, secret);
  return { query, body: writeXml({ ...outer, Encrypt: secret }), plain };
}

/** The query of a URL verification. */
export function verification(account, echostr, timestamp = seconds(), nonce = randomNonce()) {
  return { signature: getSignature(account.token, timestamp, nonce, ""), timestamp, nonce, echostr };
}

/**
 * A passive reply's fields, or null for "success" and an empty body. Throws with what is wrong: then
 * WeChat shows the user that the service is unavailable.
 */
export function open(account, body) {
  const text = body.toString("utf8");
  if (text === "" || text === "success") return null;
  const outer = readXml(text);
  if (account.mode === "plain") return outer;
  if (!("Encrypt" in outer)) {
    if (account.mode === "safe") throw new Error("a plain reply in safe mode");
    return outer;
  }
  const expected = getSignature(account.token, outer.TimeStamp, outer.Nonce, outer.Encrypt);
  if (expected !== outer.MsgSignature) throw new Error("the reply's MsgSignature is wrong");
  const { message, id } = decrypt(account.aesKey, outer.Encrypt);
  if (id !== account.appid) throw new Error(`the reply is sealed for another appid: ${id}`);
  return readXml(message);
}

export function seconds(now = Date.now()) {
  return String(Math.floor(now / 1000));
}

export function randomNonce() {
  return String(randomBytes(6).readUIntBE(0, 6));
}
