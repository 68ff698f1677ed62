// What the gateway says to a user, checked as strictly as the platform does and turned into a bubble:
// passive replies (XML fields) and customer-service messages (JSON), docs/protocols/wechat.md.

import { ApiError } from "./errors.js";

const TEXT_LIMIT = 2048; // bytes

/** The bubble of a passive reply; throws with what is wrong. */
export function readReply(fields, { openid, account }) {
  if (fields.ToUserName !== openid) throw new Error(`the reply is for ${fields.ToUserName}, not for ${openid}`);
  if (fields.FromUserName !== account.id)
    throw new Error(`the reply comes from ${fields.FromUserName}, not from ${account.id}`);
  if (!/^\d+$/.test(fields.CreateTime ?? "")) throw new Error("the reply has no CreateTime");
  const read = PASSIVE[fields.MsgType];
  if (!read) throw new Error(`no such type of reply: ${fields.MsgType}`);
  return { kind: fields.MsgType, ...read(fields) };
}

const PASSIVE = {
  text(f) {
    const text = required(f.Content, "Content");
    if (Buffer.byteLength(text) > TEXT_LIMIT) throw new Error("Content is over 2048 bytes");
    return { text };
  },
  image: (f) => ({ text: "", mediaId: required(f.Image?.MediaId, "Image.MediaId") }),
  voice: (f) => ({ text: "", mediaId: required(f.Voice?.MediaId, "Voice.MediaId") }),
  video: (f) => ({ text: f.Video?.Title ?? "", mediaId: required(f.Video?.MediaId, "Video.MediaId") }),
  music: (f) => ({
    text: f.Music?.Title ?? "",
    mediaId: required(f.Music?.ThumbMediaId, "Music.ThumbMediaId"),
  }),
  news(f) {
    const items = [f.Articles?.item ?? []].flat();
    if (items.length !== Number(f.ArticleCount) || items.length === 0)
      throw new Error("ArticleCount does not match");
    const articles = items.map((a) => ({
      title: a.Title,
      description: a.Description,
      url: a.Url,
      picUrl: a.PicUrl,
    }));
    return { text: articles.map((a) => a.title).join("\n"), articles };
  },
  transfer_customer_service: () => ({ text: "" }),
};

function required(value, name) {
  if (value === undefined || value === "") throw new Error(`the reply lacks ${name}`);
  return value;
}

/** The bubble of a custom/send body; throws the ApiError the platform gives. */
export function readSend(body, { media, msgmenu }) {
  const read = SENDS[body.msgtype];
  if (!read) throw new ApiError(40008);
  if (body.msgtype === "msgmenu" && !msgmenu) throw new ApiError(40200);
  const content = body[body.msgtype];
  if (content === null || typeof content !== "object") throw new ApiError(44002);
  return { kind: body.msgtype, account: body.customservice?.kf_account, ...read(content, media) };
}

const SENDS = {
  text(c) {
    if (typeof c.content !== "string" || c.content === "") throw new ApiError(44004);
    if (Buffer.byteLength(c.content) > TEXT_LIMIT) throw new ApiError(45002);
    return { text: c.content };
  },
  image: withMedia,
  voice: withMedia,
  video: withMedia,
  mpnews: (c) => ({ text: "", mediaId: c.media_id }),
  mpnewsarticle: (c) => ({ text: "", articleId: c.article_id }),
  music: (c) => ({ text: c.title ?? "" }),
  wxcard: (c) => ({ text: c.card_id ?? "" }),
  miniprogrampage: (c) => ({ text: c.title ?? "" }),
  news(c) {
    if (!Array.isArray(c.articles) || c.articles.length !== 1) throw new ApiError(45008);
    const [{ title, description, url, picurl }] = c.articles;
    return { text: title ?? "", articles: [{ title, description, url, picUrl: picurl }] };
  },
  msgmenu(c) {
    if (!Array.isArray(c.list) || c.list.length === 0) throw new ApiError(44004);
    const texts = [c.head_content ?? "", c.tail_content ?? "", ...c.list.flatMap((x) => [x?.id, x?.content])];
    if (texts.some((text) => typeof text !== "string")) throw new ApiError(47001);
    if (c.list.some(({ id, content }) => id === "" || content === "")) throw new ApiError(44004);
    const choices = c.list.map(({ id, content }) => ({ id, content }));
    return { text: c.head_content ?? "", tail: c.tail_content ?? "", choices };
  },
};

function withMedia(content, media) {
  const { type } = media.get(content.media_id);
  return { text: content.title ?? "", mediaId: content.media_id, mediaType: type };
}
