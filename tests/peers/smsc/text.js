// Text and octets as a handset and an SMSC see them: GSM 03.38 with its extension table (unpacked, one
// septet an octet, as SMPP 3.4 3.2.3 has it), Latin-1, UTF-16BE; which alphabet a data_coding means;
// and the cutting of a long text into parts. Written apart from the gateway's own code on purpose: two
// implementations that agree are worth more than one that agrees with itself.

const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = {
  0x0a: "\f",
  0x14: "^",
  0x28: "{",
  0x29: "}",
  0x2f: "\\",
  0x3c: "[",
  0x3d: "~",
  0x3e: "]",
  0x40: "|",
  0x65: "€",
};
const ESCAPE = 0x1b;

const toBasic = new Map([...BASIC].map((char, code) => [char, code]));
const toExtension = new Map(Object.entries(EXTENSION).map(([code, char]) => [char, Number(code)]));
toBasic.delete("\x1b");

export const ENCODINGS = ["auto", "gsm7", "latin1", "ucs2"];
export const SPLITS = ["udh8", "udh16", "sar", "payload"];
const DATA_CODING = { gsm7: 0x00, latin1: 0x03, ucs2: 0x08 };

/** gsm7 when every character has a place in GSM 03.38, else ucs2: what a handset picks by itself. */
export function detect(text) {
  for (const char of text) if (!toBasic.has(char) && !toExtension.has(char)) return "ucs2";
  return "gsm7";
}

/** {encoding, dataCoding, octets}. What an alphabet lacks becomes a question mark, as on a handset. */
export function encode(text, encoding = "auto") {
  const name = encoding === "auto" ? detect(text) : encoding;
  const coder = { gsm7: gsm7Encode, latin1: latin1Encode, ucs2: ucs2Encode }[name];
  if (!coder) throw new Error(`unknown encoding: ${encoding}`);
  return { encoding: name, dataCoding: DATA_CODING[name], octets: coder(text) };
}

function gsm7Encode(text) {
  const out = [];
  for (const char of text) {
    if (toBasic.has(char)) out.push(toBasic.get(char));
    else if (toExtension.has(char)) out.push(ESCAPE, toExtension.get(char));
    else out.push(0x3f);
  }
  return Buffer.from(out);
}

function latin1Encode(text) {
  return Buffer.from([...text].map((char) => (char.codePointAt(0) < 0x100 ? char.codePointAt(0) : 0x3f)));
}

function ucs2Encode(text) {
  return Buffer.from(text, "utf16le").swap16();
}

function gsm7Decode(octets) {
  let text = "";
  for (let i = 0; i < octets.length; i++) {
    if (octets[i] !== ESCAPE) text += BASIC[octets[i] & 0x7f];
    else if (++i < octets.length) text += EXTENSION[octets[i]] ?? BASIC[octets[i] & 0x7f];
  }
  return text;
}

function ucs2Decode(octets) {
  const even = Buffer.from(octets.subarray(0, octets.length & ~1)).swap16();
  // A lone surrogate becomes U+FFFD; toString leaves it, and JSON would carry it to the page.
  return new TextDecoder("utf-16le", { ignoreBOM: true }).decode(even);
}

/** What a data_coding means (SMPP 3.4 5.2.19, GSM 03.38 4); 0 is the SMSC's own default. */
export function alphabetOf(dataCoding, smscDefault = "gsm7") {
  if (dataCoding === 0) return smscDefault;
  if (dataCoding === 1) return "ascii";
  if (dataCoding === 3) return "latin1";
  if (dataCoding === 8) return "ucs2";
  if (dataCoding === 2 || dataCoding === 4) return "binary";
  const group = dataCoding >> 4;
  if (group <= 3 && dataCoding >= 0x10) return ["gsm7", "binary", "ucs2", "gsm7"][(dataCoding >> 2) & 3];
  if (group === 0xe) return "ucs2";
  if (group === 0xf) return dataCoding & 4 ? "binary" : "gsm7";
  return group === 0xc || group === 0xd ? "gsm7" : "binary";
}

/** Octets as the handset shows them. */
export function decode(octets, alphabet) {
  if (alphabet === "gsm7") return gsm7Decode(octets);
  if (alphabet === "ucs2") return ucs2Decode(octets);
  if (alphabet === "ascii" || alphabet === "latin1") return octets.toString("latin1");
  return `[${octets.length} octets: ${octets.toString("hex")}]`;
}

/** Flash (class 0) messages show at once and are not kept; the page marks them. */
export function isFlash(dataCoding) {
  const group = dataCoding >> 4;
  return (group === 1 || group === 0xf) && (dataCoding & 3) === 0;
}

// Octets of user data a part holds: GSM 7 counts septets, one to an octet here (docs/protocols/smpp.md).
const ROOM = {
  gsm7: { single: 160, udh8: 153, udh16: 152, sar: 152 },
  latin1: { single: 140, udh8: 134, udh16: 133, sar: 133 },
  ucs2: { single: 140, udh8: 134, udh16: 132, sar: 132 },
};

/**
 * Cuts octets into parts for a way of splitting. `cut: "anywhere"` cuts through escape and surrogate
 * pairs, as careless senders do; otherwise pairs stay whole.
 */
export function cutParts(octets, encoding, split, cut = "clean") {
  if (split === "payload" || octets.length <= ROOM[encoding].single) return [octets];
  const room = ROOM[encoding][split];
  const parts = [];
  for (let at = 0; at < octets.length;) {
    let end = Math.min(at + room, octets.length);
    if (cut === "clean" && end < octets.length) end -= overhang(octets, encoding, end);
    parts.push(octets.subarray(at, end));
    at = end;
  }
  return parts;
}

function overhang(octets, encoding, end) {
  if (encoding === "gsm7") return octets[end - 1] === ESCAPE && escapes(octets, end - 1) ? 1 : 0;
  if (encoding !== "ucs2") return 0;
  const unit = octets.readUInt16BE(end - 2);
  return unit >= 0xd800 && unit < 0xdc00 ? 2 : 0;
}

/** An escape octet that is itself escaped ends a pair and does not begin one. */
function escapes(octets, at) {
  let run = 0;
  while (at - run >= 0 && octets[at - run] === ESCAPE) run++;
  return run % 2 === 1;
}

/** The concatenation header: 8-bit reference (IE 0x00) or 16-bit (IE 0x08), GSM 03.40 9.2.3.24.1. */
export function concatUdh(split, ref, total, part) {
  if (split === "udh8") return Buffer.from([5, 0x00, 3, ref & 0xff, total, part]);
  return Buffer.from([6, 0x08, 4, (ref >> 8) & 0xff, ref & 0xff, total, part]);
}

/** The information elements of a user data header, or null when it is broken. */
export function readUdh(octets) {
  if (octets.length < 1 || octets[0] + 1 > octets.length) return null;
  const header = octets.subarray(0, octets[0] + 1);
  const elements = [];
  for (let at = 1; at < header.length;) {
    if (at + 2 > header.length || at + 2 + header[at + 1] > header.length) return null;
    elements.push({ id: header[at], data: header.subarray(at + 2, at + 2 + header[at + 1]) });
    at += 2 + header[at + 1];
  }
  return { header, elements, rest: octets.subarray(header.length) };
}
