// What a user can do, as WeChat tells it to an Official Account: every message and event type, each row
// the elements that follow the common ones. Numbers are bare, text is CDATA, as on the real wire.
// Source: developers.weixin.qq.com, /doc/offiaccount/Message_Management and the pages of each event.

import { randomBytes } from "node:crypto";

/** A number that is written bare and may exceed 2^53. */
export const bare = (value) => ({ bare: String(value) });

const id32 = () => randomBytes(16).toString("hex");
const item = (fields) => ({ item: fields });

/** name: fields => elements. What `fields` lacks gets a plausible value. */
export const MESSAGES = {
  text: (f) => ({ Content: f.content ?? "", ...(f.menuId ? { bizmsgmenuid: f.menuId } : {}) }),
  image: (f) => ({ PicUrl: f.picUrl ?? "", MediaId: f.mediaId ?? id32() }),
  voice: (f) => ({
    MediaId: f.mediaId ?? id32(),
    Format: f.format ?? "amr",
    ...(f.recognition ? { Recognition: f.recognition } : {}),
    MediaId16K: f.mediaId16k ?? id32(),
  }),
  video: (f) => ({ MediaId: f.mediaId ?? id32(), ThumbMediaId: f.thumbMediaId ?? id32() }),
  shortvideo: (f) => ({ MediaId: f.mediaId ?? id32(), ThumbMediaId: f.thumbMediaId ?? id32() }),
  location: (f) => ({
    Location_X: bare(f.latitude ?? "31.239692"),
    Location_Y: bare(f.longitude ?? "121.499755"),
    Scale: bare(f.scale ?? 16),
    Label: f.label ?? "上海市浦东新区世纪大道1号",
  }),
  link: (f) => ({
    Title: f.title ?? "",
    Description: f.description ?? "",
    Url: f.url ?? "https://example.com/",
  }),
  miniprogrampage: (f) => ({
    Title: f.title ?? "",
    AppId: f.appid ?? "wx0000000000000000",
    PagePath: f.path ?? "pages/index",
    ThumbUrl: f.thumbUrl ?? "",
    ThumbMediaId: f.thumbMediaId ?? id32(),
  }),
  file: (f) => ({
    Title: f.title ?? "statement.pdf",
    Description: f.description ?? "",
    FileKey: f.fileKey ?? id32(),
    FileMd5: f.md5 ?? id32(),
    FileTotalLen: bare(f.size ?? 12345),
  }),
};

const scan = (f) => ({
  EventKey: f.key ?? "",
  ScanCodeInfo: { ScanType: f.scanType ?? "qrcode", ScanResult: f.result ?? "" },
});
const pictures = (f) => ({
  EventKey: f.key ?? "",
  SendPicsInfo: {
    Count: bare(f.pictures?.length ?? 1),
    PicList: (f.pictures ?? [id32()]).map((md5) => item({ PicMd5Sum: md5 })),
  },
});
const revoked = (f) => ({ OpenID: f.openid ?? "", AppID: f.appid ?? "", RevokeInfo: f.info ?? "1" });
const notice = (element, row) => (f) => ({
  [element]: (f.list ?? [{}]).map((entry) => ({ List: row(entry) })),
});

/** Events in the spelling of the documentation: case differs on purpose. */
export const EVENTS = {
  subscribe: (f) => ({
    EventKey: f.scene ? `qrscene_${f.scene}` : "",
    ...(f.scene ? { Ticket: f.ticket ?? id32() } : {}),
  }),
  unsubscribe: () => ({ EventKey: "" }),
  SCAN: (f) => ({ EventKey: f.scene ?? "", Ticket: f.ticket ?? id32() }),
  LOCATION: (f) => ({
    Latitude: bare(f.latitude ?? "31.239692"),
    Longitude: bare(f.longitude ?? "121.499755"),
    Precision: bare(f.precision ?? "40.000000"),
  }),
  CLICK: (f) => ({ EventKey: f.key ?? "" }),
  VIEW: (f) => ({ EventKey: f.url ?? "https://example.com/", MenuId: bare(f.menuId ?? 425000001) }),
  view_miniprogram: (f) => ({ EventKey: f.path ?? "pages/index", MenuId: bare(f.menuId ?? 425000002) }),
  scancode_push: scan,
  scancode_waitmsg: scan,
  pic_sysphoto: pictures,
  pic_photo_or_album: pictures,
  pic_weixin: pictures,
  location_select: (f) => ({
    EventKey: f.key ?? "",
    SendLocationInfo: {
      Location_X: f.latitude ?? "31.239692",
      Location_Y: f.longitude ?? "121.499755",
      Scale: f.scale ?? "16",
      Label: f.label ?? "",
      Poiname: f.poi ?? "",
    },
  }),
  TEMPLATESENDJOBFINISH: (f) => ({ MsgID: bare(f.msgId ?? 0), Status: f.status ?? "success" }),
  MASSSENDJOBFINISH: (f) => ({
    MsgID: bare(f.msgId ?? 0),
    Status: f.status ?? "send success",
    TotalCount: bare(f.total ?? 1),
    FilterCount: bare(f.filtered ?? 1),
    SentCount: bare(f.sent ?? 1),
    ErrorCount: bare(f.errors ?? 0),
  }),
  kf_create_session: (f) => ({ KfAccount: f.account ?? "agent@bank" }),
  kf_close_session: (f) => ({ KfAccount: f.account ?? "agent@bank", CloseType: f.closeType ?? "KF" }),
  kf_switch_session: (f) => ({ FromKfAccount: f.account ?? "agent@bank", ToKfAccount: f.to ?? "other@bank" }),
  subscribe_msg_popup_event: notice("SubscribeMsgPopupEvent", (e) => ({
    TemplateId: e.template ?? "tmpl",
    SubscribeStatusString: e.status ?? "accept",
    PopupScene: bare(e.scene ?? 2),
  })),
  subscribe_msg_change_event: notice("SubscribeMsgChangeEvent", (e) => ({
    TemplateId: e.template ?? "tmpl",
    SubscribeStatusString: e.status ?? "reject",
  })),
  subscribe_msg_sent_event: notice("SubscribeMsgSentEvent", (e) => ({
    TemplateId: e.template ?? "tmpl",
    MsgID: bare(e.msgId ?? "1864323726461255680"),
    ErrorCode: bare(e.code ?? 0),
    ErrorStatus: e.status ?? "success",
  })),
  user_info_modified: revoked,
  user_authorization_revoke: revoked,
};
