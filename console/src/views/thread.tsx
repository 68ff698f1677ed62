/** The thread of the open conversation: its head with the actions, the messages, and the composer. */
import { useComputed, useSignal, useSignalEffect } from "@preact/signals";
import { useCallback, useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { openQuestion, rowsOf } from "../model/rows";
import type { Summary } from "../protocol";
import { current, dialog, isMine, link, loadingOlder, now, older, outbox, presence, seen, select, suggest, take, thread, typing, user, waiting, lists, takeNext } from "../state/desk";
import { toComposer, togglePanel } from "../state/keys";
import { clock } from "../model/time";
import { lang, panel, t } from "../state/prefs";
import { Composer } from "./composer";
import { Icon, iconFor, Mark } from "./icons";
import { Wait } from "./list";
import { dayWord, RowView } from "./message";
import { useVirtual } from "./virtual";

/** Near enough to the end to be reading the newest. */
const AT_END_PX = 48;
const ROW_PX = 56;
/** Fetch older messages when this few rows are left above. */
const FETCH_ROWS = 12;

export function ThreadPane() {
  const s = current.value;
  if (!s) return <Nothing />;
  return (
    <main class="thread" id="main">
      <Head s={s} />
      <Messages key={s.conversation} conversation={s.conversation} />
      {isMine.value && s.state === "assigned" ? <Composer key={`c${s.conversation}`} s={s} /> : <NotMine s={s} />}
    </main>
  );
}

function Nothing() {
  const n = waiting.value.waiting;
  return (
    <main class="thread nothing" id="main">
      <Mark />
      <h1>{t("hello", user.value?.name ?? "")}</h1>
      <p>{n ? t("in_queue", n) : t("idle")}</p>
      {lists.value.waiting.length > 0 && (
        <button class="primary" type="button" onClick={() => void takeNext().then(toComposer)}>
          {t("take_next")} <kbd>Alt</kbd> <kbd>N</kbd>
        </button>
      )}
      {presence.value === "away" && <p class="muted">{t("away_hint")} · <kbd>Alt</kbd> <kbd>P</kbd></p>}
      <p class="muted">
        <kbd>?</kbd> {t("help")}
      </p>
    </main>
  );
}

function Head({ s }: { s: Summary }) {
  const mine = isMine.value;
  return (
    <header class="head">
      <button class="quiet back" type="button" aria-label={t("back")} onClick={() => select(null)}>
        <Icon name="back" />
      </button>
      <span class={`channel ch-${s.connector}`}>
        <Icon name={iconFor(s.connector, "web")} />
      </span>
      <div class="head-who">
        <h1>{s.title}</h1>
        <p>
          <span class={`state st-${s.state}`}>{t(`s_${s.state}`)}</span>
          <span>{s.channel}</span>
          {s.queue && <span>{s.queue}</span>}
          {s.verified && s.verified.until_ts > now.value && <span>{t("verified", clock(s.verified.until_ts, lang.value))}</span>}
          {s.waiting_since != null && <Wait since={s.waiting_since} />}
        </p>
      </div>
      {mine && (
        <>
          <button class="action" type="button" title="Alt+R" onClick={() => (dialog.value = "requeue")}>
            <Icon name="requeue" /> <span>{t("requeue")}</span>
          </button>
          <button class="action" type="button" title="Alt+X" onClick={() => (dialog.value = "close")}>
            <Icon name="close" /> <span>{t("close")}</span>
          </button>
        </>
      )}
      <button class="quiet" type="button" aria-pressed={panel.value === "open"} aria-label={t("panel")} title={`${t("panel")} (Alt+I)`} onClick={togglePanel}>
        <Icon name="panel" />
      </button>
    </header>
  );
}

function NotMine({ s }: { s: Summary }) {
  const takable = s.state === "queued" || s.state === "bot";
  const why =
    s.state === "queued" ? t("not_mine_queued")
    : s.state === "bot" ? t("not_mine_bot")
    : s.state === "closed" ? t("not_mine_closed")
    : s.agent === user.value?.id ? t("not_mine_wrapup")
    : t("not_mine_other", s.agent ?? "");
  return (
    <footer class="not-mine">
      <span>{why}</span>
      {takable && (
        <button class="primary" id="reply" type="button" onClick={() => void take(s.conversation).then(toComposer)}>
          {t("take")} <kbd>Alt</kbd> <kbd>N</kbd>
        </button>
      )}
    </footer>
  );
}

function Messages({ conversation }: { conversation: string }) {
  const box = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const behind = useSignal(0);
  const readTo = useRef(current.value?.unread ? current.value.read_seq ?? 0 : 0);
  const rows = useComputed(() => {
    const me = user.value;
    return me ? rowsOf(thread(conversation).value, outbox.value, conversation, me, readTo.current) : [];
  }).value;
  const t0 = thread(conversation).value;
  const stick = useRef(true);
  const virtual = useVirtual({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: useCallback((i: number) => rows[i]?.key ?? String(i), [rows]),
    overscan: 8,
    paddingStart: 12,
    paddingEnd: 12,
    anchor: true,
    stick,
  });

  const toEnd = (): void => {
    stick.current = true;
    atEnd.value = true;
    behind.value = 0;
    if (box.current) box.current.scrollTop = box.current.scrollHeight;
  };
  const look = (): void => {
    if (stick.current && document.hasFocus()) seen(conversation);
    const first = virtual.getVirtualItems()[0];
    if (first && first.index <= FETCH_ROWS) older(conversation);
  };
  // Only the reader's own way up lets go of the end: rows that grow move the end, not the reader.
  const lastTop = useRef(0);
  const onScroll = (): void => {
    const el = box.current;
    if (!el) return;
    const end = el.scrollHeight - el.clientHeight - el.scrollTop <= AT_END_PX;
    if (end) stick.current = true;
    else if (el.scrollTop < lastTop.current) stick.current = false;
    lastTop.current = el.scrollTop;
    atEnd.value = stick.current;
    if (stick.current) behind.value = 0;
    look();
  };

  // Whatever the agent says brings them back to the end.
  const own = outbox.value.filter((e) => e.conversation === conversation).length;
  const ownBefore = useRef(own);
  useLayoutEffect(() => {
    if (own > ownBefore.current) toEnd();
    ownBefore.current = own;
  }, [own]);

  const high = useRef(t0.high);
  useEffect(() => {
    if (high.current && !atEnd.value)
      behind.value += t0.items.filter((i) => i.seq > high.current && i.type === "message" && i.direction === "in").length;
    high.current = t0.high;
    look();
  }, [t0.high]);
  useEffect(look, [t0.low, link.value.at]);
  useEffect(() => {
    const looked = (): void => look();
    document.addEventListener("newest", toEnd);
    window.addEventListener("focus", looked);
    return () => {
      document.removeEventListener("newest", toEnd);
      window.removeEventListener("focus", looked);
    };
  }, []);
  useSignalEffect(() => {
    const question = openQuestion(thread(conversation).value);
    if (question && isMine.value && link.value.at === "ready") suggest(conversation, question.seq);
  });

  const items = virtual.getVirtualItems();
  const top = items.find((i) => i.end > (virtual.scrollOffset ?? 0) + 8);
  const topTs = top ? tsOf(rows[top.index]) : 0;
  const small = virtual.getTotalSize() <= (box.current?.clientHeight ?? 0);
  return (
    <div class="messages">
      {topTs > 0 && !small && !atEnd.value && (
        <p class="day is-floating" aria-hidden="true">
          <span>{dayWord(topTs)}</span>
        </p>
      )}
      <div class="scroller" id="thread" ref={box} tabIndex={0} role="log" aria-live="off" aria-label={t("thread", current.value?.title ?? "")} onScroll={onScroll}>
        <div class="sized" style={{ height: `${virtual.getTotalSize()}px` }}>
          <div class="window" style={{ transform: `translateY(${items[0]?.start ?? 0}px)` }}>
            {items.map((item) => {
              const row = rows[item.index];
              return row ? (
                <div key={item.key} data-index={item.index} ref={virtual.measureElement}>
                  <RowView row={row} />
                </div>
              ) : null;
            })}
          </div>
        </div>
      </div>
      {loadingOlder.value === conversation && <p class="loading" role="status">{t("loading")}</p>}
      {typing.value.has(conversation) && (
        <p class="typing" role="status">
          <span class="dots" aria-hidden="true"><i /><i /><i /></span>
          {t("customer_types")}
        </p>
      )}
      {!atEnd.value && (
        <button class="newest" type="button" title="Alt+End" onClick={toEnd}>
          {behind.value ? t("newest_n", behind.value) : t("newest")} <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function tsOf(row: ReturnType<typeof rowsOf>[number] | undefined): number {
  if (row?.kind === "message") return row.message.ts;
  if (row?.kind === "session") return row.event.ts;
  if (row?.kind === "day") return row.ts;
  return row?.kind === "entry" ? row.entry.ts : 0;
}
