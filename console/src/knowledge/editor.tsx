/** One template: written as a draft, checked, published. What is published stays until somebody publishes the draft. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { full } from "../model/time";
import { combo } from "../state/keys";
import { lang } from "../state/prefs";
import { user } from "../state/desk";
import { call, fourEyes, may, open, readList, tell, tellProblem, type Held } from "./api";
import { faultsOf, fromForm, hasSamples, hasText, LANGUAGES, samplesOf, toForm, type Fault, type Form, type Language, type Template } from "./form";
import { keep, unsaved } from "./unsaved";
import { nameOf } from "./versions";
import { sayFault, w, wOf } from "./words";

const KINDS = ["answer", "canned", "handover", "notification", "confirmation"];
const SHOWN = ["title.zh", "title.en", "text.zh", "text.en", "samples.zh", "samples.en"];

export function Editor() {
  const id = open.value;
  if (id === null) return <section class="sheet nothing"><p class="muted">{w("pick")}</p></section>;
  return id === "" ? <New /> : <One key={id} id={id} />;
}

function New() {
  const id = useSignal("");
  const kind = useSignal("answer");
  const make = async (e: Event): Promise<void> => {
    e.preventDefault();
    const both = { zh: "", en: "" };
    const template = { kind: kind.value, id: id.value.trim(), title: both, ...(hasText(kind.value) && { text: both }), ...(hasSamples(kind.value) && { samples: { zh: [], en: [] } }) };
    const a = await call("POST", "/templates", { template });
    if (!a.ok) return tellProblem(a);
    void readList();
    open.value = template.id;
  };
  return (
    <section class="sheet" aria-label={w("new_answer")}>
      <form class="line-row" onSubmit={(e) => void make(e)}>
        <label class="grow">{w("id")}
          <input value={id.value} maxLength={64} pattern="[a-z0-9_]+([.][a-z0-9_]+)*" required autofocus autocomplete="off" spellcheck={false} onInput={(e) => (id.value = e.currentTarget.value)} />
          <small>{w("id_hint")}</small>
        </label>
        <label>{w("kind")}
          <select value={kind.value} onChange={(e) => (kind.value = e.currentTarget.value)}>
            {KINDS.map((k) => <option key={k} value={k}>{wOf(`kind_${k}`, k)}</option>)}
          </select>
        </label>
        <button type="submit" class="primary">{w("make_draft")}</button>
      </form>
    </section>
  );
}

type Check = { faults: readonly Fault[]; valid: boolean } | "going" | null;

function One({ id }: { id: string }) {
  const held = useSignal<Held | null>(null);
  const etag = useSignal("");
  const form = useSignal<Form | null>(null);
  const clean = useSignal("");
  /** Others have changed what the unsaved form is a change of. */
  const moved = useSignal(false);
  const check = useSignal<Check>(null);
  const note = useSignal("");
  const code = useSignal("");
  const busy = useSignal(false);

  const read = async (): Promise<void> => {
    const a = await call("GET", `/templates/${id}`);
    code.value = a.ok ? "" : a.code;
    if (!a.ok) return;
    const h = a.body as Held;
    const t = h.draft?.template ?? h.published?.template;
    const mine = unsaved.value[id];
    held.value = h;
    etag.value = a.etag;
    clean.value = JSON.stringify(t ? toForm(t) : null);
    form.value = t ? (mine?.form ?? toForm(t)) : null;
    moved.value = !!t && !!mine && mine.etag !== a.etag;
  };
  const verify = async (): Promise<void> => {
    check.value = "going";
    const a = await call("POST", "/templates/validate", { ids: [id] });
    // Faults of other templates are theirs, but for those that this one brings about.
    check.value = a.ok ? { faults: a.body.errors as Fault[], valid: a.body.valid === true } : null;
  };
  useEffect(() => void read().then(() => held.value?.draft && verify()), []);

  const base = held.value?.draft?.template ?? held.value?.published?.template ?? null;
  const dirty = !!form.value && JSON.stringify(form.value) !== clean.value;
  const change = (part: Partial<Form>): void => {
    if (!form.value) return;
    form.value = { ...form.value, ...part };
    keep(id, JSON.stringify(form.value) === clean.value ? null : form.value, seen());
  };
  /** What the form is a change of. */
  const seen = (): string => unsaved.value[id]?.etag ?? etag.value;
  /** The button that was pressed goes: the next key is for the answer. */
  const toTitle = (): void => document.getElementById("sheet-title")?.focus();
  const undo = async (): Promise<void> => {
    keep(id, null);
    await read();
    toTitle();
  };
  /** They have seen what others wrote, and theirs is to replace it. */
  const overwrite = (): void => {
    keep(id, form.value, etag.value);
    moved.value = false;
    toTitle();
  };
  /** What was read is what is changed: others' work is not overwritten unseen. */
  const match = (): Record<string, string> => (seen() ? { "if-match": seen() } : {});
  /** True: what stands in the form is the draft. */
  const save = async (): Promise<boolean> => {
    const sent = form.value;
    const template = base && sent && fromForm(base, sent);
    if (!template) {
      tell(w("rest_bad"));
      return false;
    }
    busy.value = true;
    const a = await call("PUT", `/templates/${id}`, { template }, match());
    busy.value = false;
    if (!a.ok) {
      tellProblem(a);
      if (a.status === 412) await read();
      return false;
    }
    tell(w("saved"));
    etag.value = `"${a.body.hash}"`;
    keep(id, form.value === sent ? null : form.value, etag.value); // what was typed meanwhile is a change of what is saved now
    await read();
    void readList();
    void verify();
    return true;
  };
  const publish = async (): Promise<void> => {
    if (dirty && !(await save())) return;
    busy.value = true;
    const a = await call("POST", "/templates/publish", { drafts: { [id]: held.value?.draft?.hash ?? "" }, ...(note.value.trim() && { note: note.value.trim() }) });
    busy.value = false;
    if (a.body.errors) check.value = { faults: a.body.errors as Fault[], valid: false };
    if (!a.ok) return tellProblem(a);
    tell(w("published", a.body.version as number));
    toTitle();
    note.value = "";
    check.value = null;
    void readList();
    await gone();
  };
  const discard = async (): Promise<void> => {
    const a = await call("DELETE", `/templates/${id}/draft`, undefined, match());
    if (!a.ok) return tellProblem(a);
    tell(w("discarded"));
    keep(id, null);
    check.value = null;
    void readList();
    await gone();
  };
  const remove = async (): Promise<void> => {
    const a = await call("DELETE", `/templates/${id}`, undefined, match());
    if (!a.ok) return tellProblem(a);
    tell(w("remove_kept"));
    keep(id, null);
    void readList();
    await gone();
    if (open.value) void verify();
  };
  /** It may be there no more. */
  const gone = async (): Promise<void> => {
    await read();
    if (code.value === "template_unknown") open.value = null;
  };
  const onKey = (e: KeyboardEvent): void => {
    if (combo(e) !== "Ctrl+S") return;
    e.preventDefault();
    if (dirty && !busy.value) void save();
  };

  if (code.value) {
    const mine = code.value === "template_unknown" ? unsaved.value[id]?.form : undefined;
    const words = mine && fromForm({ kind: "answer", id }, mine);
    return (
      <section class="sheet">
        <p class="trouble" role="alert">{wOf(`p_${code.value}`, code.value)}</p>
        {words && <Other t={words} say={w("yours")} open />}
        {mine && <p><button type="button" class="action" onClick={() => keep(id, null)}>{w("undo")}</button></p>}
      </section>
    );
  }
  const h = held.value;
  if (!h) return <section class="sheet nothing"><p class="muted">{w("loading")}</p></section>;
  const verdict = check.value;
  const faults = verdict && verdict !== "going" ? verdict.faults : [];
  const mine = h.draft?.by === `user:${user.value?.id}`;
  const editable = may.value.has("edit") || (may.value.has("propose") && (!h.draft || mine));
  return (
    <section class="sheet" aria-labelledby="sheet-title" onKeyDown={onKey}>
      <header>
        <h2 id="sheet-title" tabIndex={-1}>{id}</h2>
        <p class="muted">
          <span class={`chip st-${h.state}`}>{w(`st_${h.state}`)}</span> {base && wOf(`kind_${base.kind}`, base.kind)}
          {h.draft && ` · ${w("draft_by", nameOf(h.draft.by), full(h.draft.ts, lang.value))}`}
        </p>
      </header>
      {h.conflict && <p class="trouble" role="alert">{w("conflict")}</p>}
      {moved.value && (
        <div class="trouble" role="alert">
          <p>{w("moved")}</p>
          <button type="button" class="action" onClick={() => void undo()}>{w("take_theirs")}</button>
          <button type="button" class="action" onClick={overwrite}>{w("keep_mine")}</button>
        </div>
      )}
      {moved.value && base && <Other t={base} say={w("theirs")} open />}
      <Verdict check={verdict} faults={faultsOf(faults, "", SHOWN)} count={faults.length} />
      {form.value && base && h.state !== "removed" && <Fields form={form.value} base={base} faults={faults} change={change} locked={!editable} />}
      {h.draft && h.published && <Other t={h.published.template} say={w("show_published")} />}
      <footer class="acts">
        {editable && h.state !== "removed" && <button type="button" class="action" disabled={!dirty || busy.value} title="Ctrl+S" onClick={() => void save()}>{w("save")}</button>}
        {editable && h.draft && <button type="button" class="action" disabled={busy.value} onClick={() => void discard()}>{w("discard")}</button>}
        {editable && !h.draft && <button type="button" class="action" disabled={busy.value} onClick={() => void remove()}>{w("remove")}</button>}
        {dirty && <button type="button" class="action" disabled={busy.value} onClick={() => void undo()}>{w("undo")}</button>}
        <span class="muted" role="status">{dirty ? w("unsaved") : ""}</span>
        <span class="grow" />
        {(h.draft || dirty) && (may.value.has("publish") && !(fourEyes.value && mine) ? (
          <>
            <input class="note-in" aria-label={w("publish_note")} placeholder={w("publish_note")} maxLength={300} value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
            <button type="button" class="primary" disabled={busy.value} onClick={() => void publish()}>{w("publish")}</button>
          </>
        ) : (
          <span class="muted">{may.value.has("publish") ? w("four_eyes") : w("may_not_publish")}</span>
        ))}
      </footer>
    </section>
  );
}

function Verdict({ check, faults, count }: { check: Check; faults: readonly Fault[]; count: number }) {
  return (
    <div role="status" class="verdict">
      {check === "going" && <p class="muted">{w("checking")}</p>}
      {check && check !== "going" && check.valid && <p class="good">{w("valid")}</p>}
      {count > 0 && <p class="bad">{w("wrong", count)}</p>}
      <Faults faults={faults} named />
    </div>
  );
}

function Faults({ faults, named, id }: { faults: readonly Fault[]; named?: boolean; id?: string }) {
  if (!faults.length) return null;
  const at = (f: Fault): string => (named ? [f.template, f.field].filter(Boolean).join(" ") : `${/\[(\d+)\]/.exec(f.field ?? "")?.[1] ?? ""}`);
  return (
    <ul class="faults" id={id}>
      {faults.map((f, i) => (
        <li key={i}>{at(f) && <b>{named ? at(f) : `#${Number(at(f)) + 1}`}</b>} {sayFault(f.detail, lang.value)}</li>
      ))}
    </ul>
  );
}

interface FieldsProps {
  form: Form;
  base: Template;
  faults: readonly Fault[];
  change: (part: Partial<Form>) => void;
  locked: boolean;
}

function Fields({ form, base, faults, change, locked }: FieldsProps) {
  const pair = (field: "title" | "text" | "samples", l: Language, rows: number) => {
    const name = `${field}.${l}`;
    const wrong = faultsOf(faults, name, SHOWN);
    const value = form[field][l];
    const common = {
      id: name, value, lang: l === "zh" ? "zh-CN" : "en", readOnly: locked, "aria-invalid": wrong.length > 0, "aria-describedby": wrong.length ? `${name}-faults` : undefined,
      onInput: (e: { currentTarget: HTMLInputElement | HTMLTextAreaElement }) => change({ [field]: { ...form[field], [l]: e.currentTarget.value } }),
    };
    return (
      <div class="cell" key={name}>
        <label for={name}>{w(l)} {field !== "title" && <small>{field === "samples" ? w("lines", samplesOf(value).length) : w("chars", [...value].length)}</small>}</label>
        {rows ? <textarea rows={rows} {...common} /> : <input {...common} />}
        <Faults faults={wrong} id={`${name}-faults`} />
      </div>
    );
  };
  const group = (field: "title" | "text" | "samples", rows: number) => (
    <fieldset>
      <legend>{w(field)}</legend>
      <div class="pair">{LANGUAGES.map((l) => pair(field, l, rows))}</div>
    </fieldset>
  );
  const tick = (field: "one_sms" | "suggest_only" | "verified") => (
    <label class="tick-box"><input type="checkbox" checked={form[field]} disabled={locked} onChange={(e) => change({ [field]: e.currentTarget.checked })} /> {w(field)}</label>
  );
  return (
    <div class="fields">
      {base.kind !== "settings" && group("title", 0)}
      {hasText(base.kind) && group("text", 4)}
      {hasSamples(base.kind) && group("samples", 10)}
      <div class="ticks">
        {hasText(base.kind) && tick("one_sms")}
        {base.kind === "answer" && tick("suggest_only")}
        {base.kind === "answer" && tick("verified")}
      </div>
      <details open={base.kind === "settings"}>
        <summary>{w("rest")}</summary>
        <textarea class="code" aria-label={w("rest")} rows={8} spellcheck={false} readOnly={locked} value={form.rest} onInput={(e) => change({ rest: e.currentTarget.value })} />
      </details>
    </div>
  );
}

/** The same as it stands elsewhere, to compare with. */
function Other({ t, say, open: shown = false }: { t: Template; say: string; open?: boolean }) {
  const f = toForm(t);
  return (
    <details class="published" open={shown}>
      <summary>{say}</summary>
      <div class="pair">
        {LANGUAGES.map((l) => (
          <div key={l} lang={l === "zh" ? "zh-CN" : "en"}>
            <b>{f.title[l]}</b>
            <p>{f.text[l]}</p>
            <ul>{samplesOf(f.samples[l]).map((s, i) => <li key={i}>{s}</li>)}</ul>
          </div>
        ))}
      </div>
    </details>
  );
}
