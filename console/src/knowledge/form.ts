/** A template as fields to write in, and back. What the form has no field for goes along unchanged. */

export interface Template extends Record<string, unknown> {
  kind: string;
  id: string;
}

export type Language = "zh" | "en";
export interface Form {
  title: Record<Language, string>;
  text: Record<Language, string>;
  /** One sample a line. */
  samples: Record<Language, string>;
  one_sms: boolean;
  suggest_only: boolean;
  verified: boolean;
  /** All other fields, as JSON. */
  rest: string;
}

export const LANGUAGES: readonly Language[] = ["zh", "en"];
const OWN = ["kind", "id", "title", "text", "samples", "one_sms", "suggest_only", "needs"];

const both = (value: unknown): Record<Language, string> => {
  const o = (typeof value === "object" && value ? value : {}) as Record<string, unknown>;
  const one = (l: Language): string => (Array.isArray(o[l]) ? o[l].join("\n") : typeof o[l] === "string" || typeof o[l] === "number" ? String(o[l]) : "");
  return { zh: one("zh"), en: one("en") };
};

export const hasText = (kind: string): boolean => kind !== "handover" && kind !== "settings";
export const hasSamples = (kind: string): boolean => kind === "answer" || kind === "handover";

export function toForm(t: Template): Form {
  const rest = Object.fromEntries(Object.entries(t).filter(([key]) => !OWN.includes(key)));
  return {
    title: both(t.title), text: both(t.text), samples: both(t.samples),
    one_sms: t.one_sms === true, suggest_only: t.suggest_only === true, verified: t.needs === "verified",
    rest: Object.keys(rest).length ? JSON.stringify(rest, null, 2) : "",
  };
}

/** A form that is not saved, and the ETag of what it changes. */
export interface Unsaved {
  form: Form;
  etag: string;
}

const isPair = (x: unknown): boolean => typeof x === "object" && !!x && LANGUAGES.every((l) => typeof (x as Record<string, unknown>)[l] === "string");

function isUnsaved(x: unknown): x is Unsaved {
  const u = x as Unsaved | null;
  const f = typeof u === "object" ? u?.form : null;
  return typeof f === "object" && !!f && typeof u?.etag === "string" && isPair(f.title) && isPair(f.text) && isPair(f.samples) && typeof f.rest === "string";
}

/** What a tab kept, by id; what cannot be read is left out. */
export function readUnsaved(json: string | null): Record<string, Unsaved> {
  try {
    const o: unknown = JSON.parse(json ?? "{}");
    return Object.fromEntries(Object.entries(typeof o === "object" && o ? o : {}).filter((e): e is [string, Unsaved] => isUnsaved(e[1])));
  } catch {
    return {};
  }
}

export const samplesOf = (text: string): string[] => text.split("\n").map((s) => s.trim()).filter(Boolean);

/** Null: the other fields are no JSON object. Fields keep their places, so that what is not changed is the same text. */
export function fromForm(base: Template, f: Form): Template | null {
  let rest: unknown;
  try {
    rest = JSON.parse(f.rest.trim() || "{}");
  } catch {
    return null;
  }
  if (typeof rest !== "object" || !rest || Array.isArray(rest)) return null;
  const kept = Object.entries(base).filter(([key]) => OWN.includes(key) || key in (rest as object));
  const out = { ...Object.fromEntries(kept), kind: base.kind, id: base.id } as Template;
  const put = (key: string, value: unknown, there: boolean): void => {
    if (there) out[key] = value;
    else delete out[key];
  };
  if (base.kind !== "settings") put("title", { ...f.title }, true);
  put("text", { ...f.text }, hasText(base.kind));
  const samples = { zh: samplesOf(f.samples.zh), en: samplesOf(f.samples.en) };
  put("samples", samples, hasSamples(base.kind) && (samples.zh.length + samples.en.length > 0 || "samples" in base));
  put("one_sms", true, f.one_sms);
  put("suggest_only", true, f.suggest_only && base.kind === "answer");
  put("needs", "verified", f.verified && base.kind === "answer");
  return Object.assign(out, rest as object, { kind: base.kind, id: base.id });
}

export interface Fault {
  template?: string;
  field?: string;
  line?: number;
  detail: string;
}

/** The faults of one field: "text.zh" has those of text.zh, "samples.en" those of samples.en[3]; "" those of no field shown. */
export function faultsOf(faults: readonly Fault[], field: string, shown: readonly string[]): Fault[] {
  const of = (f: Fault, name: string): boolean => f.field === name || !!f.field?.startsWith(`${name}[`) || !!f.field?.startsWith(`${name}.`);
  // A fault of a whole (samples) stands with its first part.
  if (field) return faults.filter((f) => of(f, field) || (!!f.field && field === `${f.field}.zh`));
  return faults.filter((f) => !shown.some((name) => of(f, name) || (!!f.field && name === `${f.field}.zh`)));
}

/** An id for the answer to a question: its first words, where they are of letters that an id may have, else the spare one. */
export function idFor(question: string, spare: string): string {
  const words = question.toLowerCase().match(/[a-z]{2,}/g) ?? [];
  return words.length > 1 ? words.slice(0, 4).join("_").slice(0, 40) : spare;
}
