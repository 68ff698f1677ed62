/** Finds web addresses in what people wrote. Only http and https; everything else stays text. */

export type Segment = { text: string; href?: string };

const URL_LIKE = /https?:\/\/[^\s<>"'，。！？、；：（）《》【】「」“”‘’\p{Script=Han}]+/giu;
const TRAILING = /[.,!?;:)\]}*_]+$/;

export function segments(text: string): Segment[] {
  const out: Segment[] = [];
  let end = 0;
  for (const m of text.matchAll(URL_LIKE)) {
    const shown = m[0].replace(TRAILING, "");
    const href = safeUrl(shown);
    if (!href) continue;
    if (m.index > end) out.push({ text: text.slice(end, m.index) });
    out.push({ text: shown, href });
    end = m.index + shown.length;
  }
  if (end < text.length || !out.length) out.push({ text: text.slice(end) });
  return out;
}

/** The address when it is plain http or https with a host and no user in it; otherwise null. */
export function safeUrl(raw: unknown): string | null {
  if (typeof raw !== "string") return null;
  try {
    const url = new URL(raw);
    const web = url.protocol === "https:" || url.protocol === "http:";
    return web && url.host && !url.username && !url.password ? url.href : null;
  } catch {
    return null;
  }
}
