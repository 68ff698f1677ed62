/**
 * How many SMS a text becomes: GSM 03.38 septets with the extension table, or UCS-2 as soon as one
 * character is outside. Parts of a long message lose 6 octets to the header (3GPP TS 23.040,
 * 9.2.3.24.1); neither an escape pair nor a surrogate pair is ever cut in two.
 */

const BASIC =
  "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
  "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";
const EXTENSION = "\f^{}\\[~]|€";

const WIDTH = new Map<string, number>();
for (const c of BASIC) WIDTH.set(c, 1);
for (const c of EXTENSION) WIDTH.set(c, 2);

export interface SmsCount {
  encoding: "GSM-7" | "UCS-2";
  parts: number;
  /** Units used, and how many more fit before there is one part more. */
  used: number;
  left: number;
  /** The first character that GSM-7 does not have; "" when there is none. */
  culprit: string;
  /** How many such characters there are. */
  culprits: number;
}

const LIMITS = { "GSM-7": { one: 160, many: 153 }, "UCS-2": { one: 70, many: 67 } } as const;

/** Parts when characters of these widths are packed without cutting one; `room` is the last one's rest. */
function pack(widths: readonly number[], many: number): { parts: number; room: number } {
  let parts = 1;
  let fill = 0;
  for (const w of widths) {
    if (fill + w > many) {
      parts++;
      fill = 0;
    }
    fill += w;
  }
  return { parts, room: many - fill };
}

export function countSms(text: string): SmsCount {
  const chars = [...text.replace(/\r\n?/g, "\n")];
  const foreign = chars.filter((c) => !WIDTH.has(c));
  const encoding = foreign.length ? "UCS-2" : "GSM-7";
  const widths = chars.map((c) => (foreign.length ? c.length : (WIDTH.get(c) ?? 1)));
  const used = widths.reduce((a, b) => a + b, 0);
  const { one, many } = LIMITS[encoding];
  const packed = pack(widths, many);
  return {
    encoding,
    parts: used === 0 ? 0 : used <= one ? 1 : packed.parts,
    used,
    left: used <= one ? one - used : packed.room,
    culprit: foreign[0] ?? "",
    culprits: foreign.length,
  };
}
