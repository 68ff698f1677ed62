/** Variables in a canned reply: `{{name}}`. The known ones are filled, the others are blanks the agent fills. */

const BLANK = /\{\{\s*([\p{L}_][\p{L}\p{N}_.-]*)\s*\}\}/u;

export type Known = Readonly<Record<string, string>>;

export function fill(text: string, known: Known): string {
  return text.replace(new RegExp(BLANK, "gu"), (whole, name: string) => known[name] ?? whole);
}

/** The first blank at or after `from`, going round. */
export function nextBlank(text: string, from = 0): { start: number; end: number; name: string } | null {
  const at = (offset: number) => {
    const m = BLANK.exec(text.slice(offset));
    if (!m) return null;
    const start = offset + m.index;
    return { start, end: start + m[0].length, name: m[1] ?? "" };
  };
  return at(from) ?? (from > 0 ? at(0) : null);
}
