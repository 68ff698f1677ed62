/**
 * The search behind `/`: Chinese by character, other scripts by word, its beginning or one slip of
 * the finger. Every word must be found; what this agent uses most comes first among equals.
 */
import type { Canned, Lang } from "../protocol";

const TOKEN = /\p{Script=Han}|[\p{L}\p{N}]+?(?=\p{Script=Han})|[\p{L}\p{N}]+/gu;
const HAN = /\p{Script=Han}/u;

/** Han characters one by one, everything else by word. */
export function tokens(text: string): string[] {
  return fold(text).match(TOKEN) ?? [];
}

const fold = (text: string): string => text.normalize("NFKC").toLowerCase();

/** Are they one insertion, deletion, exchange or swap of neighbours apart. */
export function oneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  if (a.slice(i + 1) === b.slice(i + 1) || a.slice(i) === b.slice(i + 1) || a.slice(i + 1) === b.slice(i)) return true;
  return a[i] === b[i + 1] && a[i + 1] === b[i] && a.slice(i + 2) === b.slice(i + 2);
}

const SLIP_FROM = 4;
const EXACT = 4;
const BEGINNING = 3;
const SLIP = 1;

/** How well one word of the query stands in these words; 0: not at all. */
function hit(word: string, words: readonly string[]): number {
  let best = 0;
  for (const w of words) {
    if (w === word) return EXACT;
    if (!HAN.test(word) && w.startsWith(word)) best = BEGINNING;
    else if (!best && word.length >= SLIP_FROM && !HAN.test(word) && oneSlip(word, w)) best = SLIP;
  }
  return best;
}

interface Field {
  weight: number;
  text: string;
  words: readonly string[];
}

export type Uses = Readonly<Record<string, number>>;

export interface CannedIndex {
  search(query: string, uses: Uses): Canned[];
}

export function indexCanned(list: readonly Canned[]): CannedIndex {
  const field = (weight: number, text: string): Field => ({ weight, text: fold(text), words: tokens(text) });
  const docs = list.map((c) => ({
    canned: c,
    fields: [
      field(3, `${c.title.zh} ${c.title.en}`),
      field(4, c.shortcut ?? ""),
      field(2, c.id),
      field(1, `${c.text.zh} ${c.text.en}`),
    ],
  }));
  const score = (fields: readonly Field[], words: readonly string[], phrase: string): number => {
    let sum = 0;
    for (const word of words) {
      const best = Math.max(...fields.map((f) => hit(word, f.words) * f.weight));
      if (!best) return 0;
      sum += best;
    }
    // Characters in the order of the query mean more than the same characters scattered.
    for (const f of fields) if (f.text.includes(phrase)) sum += f.weight * words.length;
    return sum;
  };
  return {
    search(query, uses) {
      const words = tokens(query);
      const phrase = fold(query).trim();
      return docs
        .map(({ canned, fields }) => ({
          canned,
          score: (words.length ? score(fields, words, phrase) : 1) * (1 + Math.log2(1 + (uses[canned.id] ?? 0)) / 4),
        }))
        .filter((d) => d.score > 0)
        .sort((a, b) => b.score - a.score)
        .map((d) => d.canned);
    },
  };
}

/**
 * The `/query` that ends at the caret, or null. The slash must begin the text or follow a space or a
 * Han character, so that 3/4 and a web address are left alone.
 */
export function slashAt(text: string, caret: number): { start: number; query: string } | null {
  const m = /(?:^|[\s\p{Script=Han}，。！？、；：])[/／]([^\n/／]{0,24})$/u.exec(text.slice(0, caret));
  if (!m) return null;
  const query = m[1] ?? "";
  return /\s\s|^\s/.test(query) ? null : { start: caret - query.length - 1, query };
}

/** The wording for a conversation: its own language, or whichever there is. */
export function wording(c: Canned, lang: Lang): string {
  return c.text[lang] || c.text.zh || c.text.en;
}
