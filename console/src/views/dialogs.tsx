/** The dialogs. They are the browser's own `dialog`: it keeps the focus in and closes on Escape. */
import type { ComponentChildren } from "preact";
import { useSignal, type Signal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { unsafe } from "../model/outbox";
import type { Suggestion } from "../protocol";
import { aboutSeq, aboutWhich, close, current, dialog, dispositions, ideasFor, looked, logOut, lookUp, outbox, questions, requeue, unwritten, wasAbout } from "../state/desk";
import { LATE } from "../text/late";
import { learn } from "../text/strings";
import { SHORTCUTS, toComposer } from "../state/keys";
import { lang, t } from "../state/prefs";

learn(LATE);

export function Dialogs() {
  switch (dialog.value) {
    case "help": return <Help />;
    case "close": return <Close />;
    case "requeue": return <Requeue />;
    case "about": return <About />;
    case "logout": return <LogOut />;
    default: return null;
  }
}

const shut = (): void => {
  dialog.value = null;
  toComposer();
};

function Modal({ title, children, wide }: { title: string; children: ComponentChildren; wide?: boolean }) {
  const box = useRef<HTMLDialogElement>(null);
  // Before anything else happens: the next key is the dialog's, however fast it comes.
  useLayoutEffect(() => {
    box.current?.showModal();
    return () => box.current?.close();
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "wide" : ""}
      aria-labelledby="dialog-title"
      onCancel={shut}
      onClick={(e) => e.target === box.current && shut()}
    >
      <div class="dialog-in">
        <h2 id="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

function Buttons({ ok, disabled }: { ok: string; disabled?: boolean }) {
  return (
    <p class="buttons">
      <button type="button" class="action" onClick={shut}>{t("cancel")}</button>
      <button type="submit" class="primary" disabled={disabled}>{ok}</button>
    </p>
  );
}

function Close() {
  const chosen = useSignal("");
  const note = useSignal("");
  const list = dispositions.value;
  const about = useAbout();
  const s = current.value;
  const number = (e: KeyboardEvent): void => {
    const writes = (e.target as HTMLElement).matches("input:not([type=radio]),select");
    const d = /^[1-9]$/.test(e.key) && !writes && list[Number(e.key) - 1];
    if (!d) return;
    e.preventDefault();
    chosen.value = d.id;
    document.querySelector<HTMLElement>(`input[value="${CSS.escape(d.id)}"]`)?.focus();
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    if (!s || (!chosen.value && list.length)) return;
    if (about.chosen.value !== NONE) wasAbout(about.seq.value, about.chosen.value);
    shut();
    void close(s.conversation, chosen.value, note.value.trim()).then(toComposer);
  };
  return (
    <Modal title={t("close_say")}>
      <form onSubmit={submit} onKeyDown={number}>
        <fieldset class="choices">
          <legend class="sr">{t("close_say")}</legend>
          {list.map((d, i) => (
            <label key={d.id} class="choice">
              <input type="radio" name="disposition" value={d.id} checked={chosen.value === d.id} onChange={() => (chosen.value = d.id)} autofocus={i === 0} />
              {i < 9 && <kbd>{i + 1}</kbd>}
              {d[lang.value] || d.id}
            </label>
          ))}
        </fieldset>
        <label class="note">
          {t("note")}
          <input id="note" maxLength={500} autocomplete="off" value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
        </label>
        {questions().length > 0 && (
          <details class="about-more">
            <summary>{t("about")}</summary>
            <AboutFields {...about} />
          </details>
        )}
        <Buttons ok={t("close")} disabled={!chosen.value && list.length > 0} />
      </form>
    </Modal>
  );
}

function Requeue() {
  const note = useSignal("");
  const s = current.value;
  const submit = (e: Event): void => {
    e.preventDefault();
    if (!s) return;
    shut();
    void requeue(s.conversation, note.value.trim()).then(toComposer);
  };
  return (
    <Modal title={t("requeue")}>
      <form onSubmit={submit}>
        <label class="note">
          {t("requeue_say")}
          <input id="note" maxLength={500} autocomplete="off" autofocus value={note.value} onInput={(e) => (note.value = e.currentTarget.value)} />
        </label>
        <Buttons ok={t("requeue")} />
      </form>
    </Modal>
  );
}

interface AboutState {
  seq: Signal<number>;
  chosen: Signal<string>;
}
const NONE = "-";
const useAbout = (): AboutState => ({ seq: useSignal(aboutSeq.value || (questions()[0]?.seq ?? 0)), chosen: useSignal(NONE) });

/** Which of the customer's messages, and which answer it wanted: one that is likely, or what is looked up. */
function AboutFields({ seq, chosen }: AboutState) {
  const query = useSignal("");
  const ideas = useSignal<readonly Suggestion[]>([]);
  const said = aboutWhich();
  const text = said.find((m) => m.seq === seq.value)?.text ?? "";
  useEffect(() => {
    ideas.value = [];
    if (text) ideasFor(text, (items) => (ideas.value = items));
  }, [text]);
  const list = query.value ? looked.value.items.filter((x) => x.kind === "answer").slice(0, 6) : ideas.value;
  const type = (q: string): void => {
    query.value = q;
    chosen.value = NONE;
    if (q) lookUp(q);
  };
  return (
    <>
      <label class="note">
        {t("about_which")}
        <select value={seq.value} onChange={(e) => (seq.value = Number(e.currentTarget.value))}>
          {said.map((m) => <option key={m.seq} value={m.seq}>{(m.text ?? "").slice(0, 80)}</option>)}
        </select>
      </label>
      <label class="note">
        {t("about_find")}
        <input id="about-find" maxLength={100} autocomplete="off" value={query.value} onInput={(e) => type(e.currentTarget.value)} />
      </label>
      <fieldset class="choices">
        <legend class="sr">{t("about")}</legend>
        {[...list, { id: "", title: t("about_none") }].map((x) => (
          <label key={x.id} class="choice">
            <input type="radio" name="about" value={x.id} checked={chosen.value === x.id} onChange={() => (chosen.value = x.id)} />
            {x.title ?? x.id}
          </label>
        ))}
      </fieldset>
    </>
  );
}

function About() {
  const about = useAbout();
  useEffect(() => {
    document.getElementById("about-find")?.focus();
    return () => void (aboutSeq.value = 0);
  }, []);
  const submit = (e: Event): void => {
    e.preventDefault();
    wasAbout(about.seq.value, about.chosen.value);
    shut();
  };
  return (
    <Modal title={t("about")}>
      <form onSubmit={submit}>
        <AboutFields {...about} />
        <Buttons ok={t("confirm")} disabled={about.chosen.value === NONE} />
      </form>
    </Modal>
  );
}

function LogOut() {
  const submit = (e: Event): void => {
    e.preventDefault();
    dialog.value = null;
    void logOut();
  };
  return (
    <Modal title={t("logout")}>
      <form onSubmit={submit}>
        {unsafe(outbox.value) > 0 && <p>{t("logout_unsent", unsafe(outbox.value))}</p>}
        {unwritten.value > 0 && <p>{t("logout_unsaved", unwritten.value)}</p>}
        <Buttons ok={t("logout_sure")} />
      </form>
    </Modal>
  );
}

const GROUPS = ["g_move", "g_write", "g_act", "g_look"] as const;
const NAMES: Record<string, string> = { ArrowDown: "↓", ArrowUp: "↑" };

function Keys({ keys }: { keys: readonly string[] }) {
  return (
    <span class="keys">
      {keys.map((k) => (
        <span key={k}>{k.split("+").map((part) => <kbd key={part}>{NAMES[part] ?? part}</kbd>)}</span>
      ))}
    </span>
  );
}

function Help() {
  return (
    <Modal title={t("help")} wide>
      <p class="muted">{t("help_say")}</p>
      <div class="help">
        {GROUPS.map((g) => (
          <section key={g}>
            <h3>{t(g)}</h3>
            <dl>
              {SHORTCUTS.filter((s) => s.group === g).map((s) => (
                <div key={s.say}>
                  <dt>{t(s.say)}</dt>
                  <dd><Keys keys={s.keys} /></dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
      <p class="buttons">
        <button type="button" class="primary" autofocus onClick={shut}>{t("confirm")}</button>
      </p>
    </Modal>
  );
}
