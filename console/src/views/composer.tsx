/**
 * The composer: Enter sends, `/` finds a canned reply, Alt+1 to 3 take a suggestion. An input method
 * that is composing keeps its Enter. The words live in the desk's drafts, so nothing is lost by leaving.
 */
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import type { Canned, Suggestion, Summary } from "../protocol";
import { fill, nextBlank } from "../model/blanks";
import { indexCanned, slashAt, wording } from "../model/canned";
import { countSms } from "../model/sms";
import { clock, daysAgo, short } from "../model/time";
import { askAbout, canned, draft, drafts, lookUp, looked, measure, measured, now, outbox, say, suggestions, typed, user } from "../state/desk";
import { combo } from "../state/keys";
import { lang, t, used, uses } from "../state/prefs";
import { Icon } from "./icons";

const MAX_CHARS = 5000;
const SHOWN = 40;
/** Say "typing" again this often while it goes on, and "stopped" after this long without a key. */
const TYPING_MS = 4000;
const LOOK_MS = 120;

/** What was found in the catalogue, in its place among the canned replies. */
const asCanned = ({ id, title = id, text }: Suggestion): Canned => ({ id, title: { zh: title, en: title }, text: { zh: text, en: text } });

export function Composer({ s }: { s: Summary }) {
  const id = s.conversation;
  const area = useRef<HTMLTextAreaElement>(null);
  const text = drafts.value[id] ?? "";
  const caret = useSignal(text.length);
  const pick = useSignal(0);
  const shut = useSignal(-1);
  const hint = useSignal("");
  const typing = useTyping(id);

  const index = useComputed(() => indexCanned(canned.value)).value;
  const slash = slashAt(text, caret.value);
  const open = slash !== null && slash.start !== shut.value;
  const query = open ? slash.query : "";
  const own = open ? index.search(query, uses.value).slice(0, SHOWN) : [];
  const more = looked.value.q === query ? looked.value.items.filter((x) => own.every((c) => c.id !== x.id)) : [];
  const found = query ? [...own, ...more.map(asCanned)] : own;
  const chosen = Math.min(pick.value, Math.max(0, found.length - 1));
  const ideas = suggestions.value?.conversation === id ? suggestions.value.items : [];

  useEffect(() => {
    const timer = query && setTimeout(() => lookUp(query), LOOK_MS);
    return () => clearTimeout(timer || undefined);
  }, [query]);
  // Whoever opens a conversation of theirs means to answer, unless they are busy in another field.
  useEffect(() => {
    const busy = document.activeElement?.matches("input, dialog *");
    if (!busy) area.current?.focus();
  }, []);
  useLayoutEffect(() => {
    const a = area.current;
    if (!a) return;
    a.style.height = "auto";
    a.style.height = `${a.scrollHeight}px`;
  }, [text]);

  const known = () => ({ agent: user.value?.name ?? "", address: s.title, date: new Date(now.value).toLocaleDateString(lang.value), time: clock(now.value, lang.value) });
  /** Puts words over a stretch and selects the first blank in them. */
  const insert = (start: number, end: number, words: string): void => {
    const filled = fill(words, known());
    draft(id, text.slice(0, start) + filled + text.slice(end));
    const blank = nextBlank(filled);
    place(blank ? start + blank.start : start + filled.length, blank ? start + blank.end : start + filled.length);
  };
  const place = (from: number, to: number): void => {
    requestAnimationFrame(() => {
      area.current?.focus();
      area.current?.setSelectionRange(from, to);
      caret.value = to;
    });
  };
  const choose = (c: Canned): void => {
    if (!slash) return;
    used(c.id);
    insert(slash.start, caret.value, wording(c, s.lang ?? lang.value));
  };
  const take = (n: number): void => {
    const idea = ideas[n];
    if (!idea) return;
    used(idea.id);
    const a = area.current;
    insert(a?.selectionStart ?? text.length, a?.selectionEnd ?? text.length, idea.text);
  };
  const send = (force: boolean): void => {
    const words = text.trim();
    if (!words) return;
    const blank = nextBlank(text, 0);
    if (blank && !force) {
      hint.value = t("blank", blank.name);
      return place(blank.start, blank.end);
    }
    if ([...words].length > MAX_CHARS) {
      hint.value = t("too_long");
      return;
    }
    hint.value = "";
    typing.stop();
    say(id, words);
    caret.value = 0;
    shut.value = -1;
  };

  const onKeyDown = (e: KeyboardEvent): void => {
    if (e.isComposing || e.keyCode === 229) return;
    if (open && found.length && onMenuKey(e)) return e.preventDefault();
    if (e.key === "Escape" && open) {
      e.preventDefault();
      shut.value = slash.start;
    } else if (/^Alt\+[123]$/.test(combo(e))) {
      e.preventDefault();
      take(Number(combo(e).slice(-1)) - 1);
    } else if (e.key === "Enter" && !e.shiftKey && !e.altKey) {
      e.preventDefault();
      send(e.ctrlKey || e.metaKey);
    } else if (e.key === "Tab" && !e.shiftKey) {
      const blank = nextBlank(text, area.current?.selectionEnd ?? 0);
      if (!blank) return;
      e.preventDefault();
      place(blank.start, blank.end);
    }
  };
  const onMenuKey = (e: KeyboardEvent): boolean => {
    const step = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    if (step && !e.altKey) {
      pick.value = (chosen + step + found.length) % found.length;
      return true;
    }
    const c = found[chosen];
    if ((e.key !== "Enter" && e.key !== "Tab") || e.shiftKey || !c) return false;
    choose(c);
    return true;
  };
  const onInput = (e: { currentTarget: HTMLTextAreaElement }): void => {
    draft(id, e.currentTarget.value);
    caret.value = e.currentTarget.selectionStart;
    pick.value = 0;
    hint.value = "";
    if (!slashAt(e.currentTarget.value, caret.value)) shut.value = -1;
    typing.key();
  };
  const follow = (): void => {
    const a = area.current;
    if (a) caret.value = a.selectionStart;
  };

  return (
    <footer class="composer">
      {open && <Menu found={found} chosen={chosen} s={s} choose={choose} />}
      {!open && ideas.length > 0 && !text && (
        <div class="ideas" role="group" aria-label={t("suggested")}>
          <span class="ideas-word">
            <Icon name="spark" /> {t("suggested")}
          </span>
          {ideas.map((idea, i) => (
            <button key={idea.id} type="button" title={idea.text} onClick={() => take(i)}>
              <kbd>Alt {i + 1}</kbd>
              <span>{fill(idea.text, known())}</span>
            </button>
          ))}
          <button type="button" class="about" title="Alt+A" onClick={() => askAbout(0)}>
            {t("about")}
          </button>
        </div>
      )}
      <div class="field">
        <label class="sr" for="reply">{t("reply")}</label>
        <textarea
          id="reply"
          ref={area}
          rows={1}
          dir="auto"
          placeholder={t("write")}
          value={text}
          aria-autocomplete="list"
          aria-controls={open ? "canned" : undefined}
          aria-activedescendant={open && found.length ? `canned-${chosen}` : undefined}
          onInput={onInput}
          onKeyDown={onKeyDown}
          onKeyUp={follow}
          onClick={follow}
          onBlur={typing.stop}
        />
        <button class="primary send" type="button" disabled={!text.trim()} aria-label={t("send")} title={`${t("send")} (Enter)`} onClick={() => send(false)}>
          <Icon name="send" />
        </button>
      </div>
      <div class="under">
        <span class="hint" role="status">{hint.value || <span class="muted">{t("send_hint")}</span>}</span>
        <Budget s={s} />
        {s.connector === "sms" && text && <SmsCounter conversation={s.conversation} text={text} />}
      </div>
    </footer>
  );
}

function Menu({ found, chosen, s, choose }: { found: readonly Canned[]; chosen: number; s: Summary; choose: (c: Canned) => void }) {
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => list.current?.children[chosen]?.scrollIntoView({ block: "nearest" }), [chosen]);
  if (!found.length) return <p class="canned canned-none" id="canned" role="status">{t("canned_none")}</p>;
  return (
    <ul class="canned" id="canned" role="listbox" aria-label={t("canned")} ref={list}>
      {found.map((c, i) => (
        <li
          key={c.id}
          id={`canned-${i}`}
          role="option"
          aria-selected={i === chosen}
          onMouseDown={(e) => {
            e.preventDefault();
            choose(c);
          }}
        >
          <b>{c.title[lang.value] || c.title.zh || c.title.en}</b>
          <span>{wording(c, s.lang ?? lang.value)}</span>
        </li>
      ))}
    </ul>
  );
}

const ALPHABETS: Record<string, string> = { gsm7: "GSM-7", ucs2: "UCS-2", latin1: "Latin-1", ascii: "ASCII", utf8: "UTF-8" };

/** Parts and room: counted here at once, then as the channel says (its signature counts, too). */
function SmsCounter({ conversation, text }: { conversation: string; text: string }) {
  useEffect(() => {
    const timer = setTimeout(() => measure(conversation, text), 300);
    return () => clearTimeout(timer);
  }, [conversation, text]);
  const said = measured.value?.text === text ? measured.value.of : null;
  const c = countSms(text);
  const parts = said?.parts ?? c.parts;
  const encoding = said ? (ALPHABETS[said.alphabet] ?? said.alphabet) : c.encoding;
  const culprit = said ? (said.forced[0] ?? "") : c.culprit;
  const forced = encoding === "UCS-2" && c.culprits <= Math.max(3, c.used / 10) && culprit;
  const why = [
    culprit && encoding === "UCS-2" ? t("sms_forced", culprit) : "",
    ...(said?.changes.map((x) => t("sms_change", x.from, x.to)) ?? []),
  ].filter(Boolean).join("\n");
  return (
    <span class={`sms${parts > 1 ? " is-many" : ""}`}>
      {forced && <span class="sms-forced">{t("sms_forced", culprit)}</span>}
      {said && said.changes.length > 0 && <span class="sms-forced">{t("sms_changed", said.changes.map((x) => x.from).join(" "))}</span>}
      <span title={why || undefined}>{t("sms_parts", parts, encoding)}</span>
      <span>{said?.too_long ? t("sms_too_long") : t("sms_left", said?.left ?? c.left)}</span>
    </span>
  );
}

/** The hour, and the day too when it is not today. */
const until = (ts: number): string =>
  daysAgo(ts, now.value) === 0 ? clock(ts, lang.value) : `${short(ts, now.value, lang.value)} ${clock(ts, lang.value)}`;

/** What the channel still takes, less what is on its way there. */
function Budget({ s }: { s: Summary }) {
  if (!s.reply) return null;
  const going = outbox.value.filter((e) => e.conversation === s.conversation && e.state !== "refused").length;
  const left = Math.max(0, s.reply.left - going);
  return (
    <span class={`budget${left <= 1 ? " is-low" : ""}`} role={left <= 1 ? "status" : undefined}>
      {left ? t("budget", left, until(s.reply.until_ts)) : t("budget_none")}
    </span>
  );
}

/** Tells the customer that an answer is being written; never more often than it helps. */
function useTyping(conversation: string): { key: () => void; stop: () => void } {
  const state = useRef({ since: 0, timer: 0 });
  const stop = (): void => {
    window.clearTimeout(state.current.timer);
    if (state.current.since) typed(conversation, false);
    state.current.since = 0;
  };
  useEffect(() => stop, []);
  return {
    stop,
    key: () => {
      const st = state.current;
      if (Date.now() - st.since > TYPING_MS) {
        st.since = Date.now();
        typed(conversation, true);
      }
      window.clearTimeout(st.timer);
      st.timer = window.setTimeout(stop, TYPING_MS);
    },
  };
}
