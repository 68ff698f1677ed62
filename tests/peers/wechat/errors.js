// Error codes of the API as the platform spells them (docs/protocols/wechat.md). Any can be had on demand.

import { randomBytes } from "node:crypto";

export const ERRORS = {
  "-1": "system error",
  40001: "invalid credential, access_token is invalid or not latest",
  40003: "invalid openid",
  40004: "invalid media type",
  40007: "invalid media_id",
  40008: "invalid message type",
  40013: "invalid appid",
  40014: "invalid access_token",
  40033: "invalid charset. please check your request, if include \\uxxxx will create fail",
  40037: "invalid template_id",
  40125: "invalid appsecret",
  40164: "invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist",
  40200: "invalid account type",
  40243: "AppSecret has been frozen",
  41001: "access_token missing",
  42001: "access_token expired",
  43002: "require POST method",
  43004: "require subscribe",
  43101: "user refuse to accept the msg",
  43116: "duplicated client_msg_id",
  44002: "empty post data",
  44004: "empty content",
  45001: "media size out of limit",
  45002: "content size out of limit",
  45008: "article size out of limit",
  45009: "reach max api daily quota limit",
  45011: "api minute-quota reach limit, must slower, retry next minute",
  45015: "response out of time limit or subscription is canceled",
  45047: "out of response count limit",
  45072: "invalid command",
  45080: "user is not in conversation",
  45081: "typing status already set",
  47001: "data format error",
  48001: "api unauthorized",
  48002: "user block receive message",
  48004: "api forbidden for irregularities",
  50002: "user limited",
  61450: "system error",
  61458: "not your customer",
  61459: "kf_account offline",
};

/** Thrown anywhere below an API route. */
export class ApiError extends Error {
  constructor(code) {
    super(ERRORS[code] ?? "unknown error");
    this.code = Number(code);
  }
}

/** The body of an error: errmsg ends with the request's id, as Tencent support wants it. */
export function errorBody(code) {
  return { errcode: Number(code), errmsg: `${ERRORS[code] ?? "unknown error"} rid: ${rid()}` };
}

function rid() {
  return [4, 4, 4].map((n) => randomBytes(n).toString("hex")).join("-");
}
