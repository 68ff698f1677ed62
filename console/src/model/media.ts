/**
 * What stands on the card of a picture, a place, a link and the like. The fields are those that connectors put into a
 * message's `media`; whatever else is in it stays out of sight. The text is often no more than a label such as
 * "[图片]" that stands for the thing where only text is shown.
 */
import { safeUrl } from "./links";

type Media = Readonly<Record<string, unknown>>;

const WORDS = ["title", "name", "chosen_place", "label", "chosen_label", "description", "recognition", "scan_result", "event_key"];
const LINKS = ["url", "pic_url"];

const str = (v: unknown): string => (typeof v === "string" ? v.trim() : typeof v === "number" ? String(v) : "");

export interface Card {
  /** The label without its brackets, when the text is one. */
  label: string;
  lines: string[];
  href: string | null;
}

export function cardOf(media: Media | null | undefined, text: string): Card {
  const m = media ?? {};
  const label = /^\[([^\]]*)\]$/.exec(text.trim())?.[1] ?? "";
  const place = [str(m.latitude ?? m.chosen_latitude), str(m.longitude ?? m.chosen_longitude)].filter(Boolean).join(", ");
  const lines = [...WORDS.map((w) => str(m[w])), label ? "" : text.trim(), place];
  return {
    label,
    lines: [...new Set(lines.filter(Boolean))],
    href: LINKS.map((l) => safeUrl(m[l])).find((h) => h !== null) ?? null,
  };
}
