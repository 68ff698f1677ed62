// How many parts a text will be, shown while the person types. The SMSC does the real cutting.

const GSM7 = /^[@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&'()*+,\-./0-9:;<=>?¡A-ZÄÖÑÜ§¿a-zäöñüà\f^{}\\[~\]|€]*$/;
const EXTENSION = /[\f^{}\\[~\]|€]/g;
const ROOM = { gsm7: [160, 153], latin1: [140, 134], ucs2: [70, 67] };
const NAMES = { gsm7: "GSM 7", latin1: "Latin-1", ucs2: "UCS-2" };

/** {encoding, used, room, parts} of a text; `wanted` is auto, gsm7, latin1 or ucs2. */
export function measure(text, wanted, split) {
  const encoding = wanted === "auto" ? (GSM7.test(text) ? "gsm7" : "ucs2") : wanted;
  const used = text.length + (encoding === "gsm7" ? (text.match(EXTENSION) ?? []).length : 0);
  const [single, several] = ROOM[encoding];
  const whole = used <= single || split === "payload";
  return {
    encoding: NAMES[encoding],
    used,
    room: whole ? single : several,
    parts: whole ? 1 : Math.ceil(used / several),
  };
}

export function encodingName(name) {
  return NAMES[name] ?? name;
}
