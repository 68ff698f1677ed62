/** The conversation list: the queue's state, three sections, search, and one row a conversation. */
import { useComputed, useSignalEffect } from "@preact/signals";
import { useCallback, useRef } from "preact/hooks";
import type { Summary } from "../protocol";
import { matches, type Section } from "../model/list";
import { elapsed, short, waitLevel } from "../model/time";
import { drafts, lists, now, presence, query, section, select, selected, take, takeNext, thread, togglePresence, unread, visible, waiting } from "../state/desk";
import { toComposer } from "../state/keys";
import { lang, t } from "../state/prefs";
import { Icon, iconFor } from "./icons";
import { useVirtual } from "./virtual";

const ROW_PX = 64;
const SECTIONS: readonly Section[] = ["mine", "waiting", "recent"];

/** A wait that ticks by itself; its colour says how bad it is. */
export function Wait({ since }: { since: number }) {
  const ms = now.value - since;
  return (
    <span class={`wait wait-${waitLevel(ms)}`}>
      <span class="sr">{t("waits", "")}</span>
      {elapsed(ms)}
    </span>
  );
}

function QueueHead() {
  const { waiting: n, oldest } = waiting.value;
  return (
    <div class="queue" data-busy={n > 0}>
      <div>
        <strong>{n ? t("in_queue", n) : t("queue_empty")}</strong>
        {n > 0 && oldest != null && (
          <span class="queue-oldest">
            {t("longest")} <Wait since={oldest} />
          </span>
        )}
      </div>
      <button class="primary small" type="button" disabled={!lists.value.waiting.length} title="Alt+N" onClick={() => void takeNext().then(toComposer)}>
        {t("take_next")}
      </button>
    </div>
  );
}

function Tabs() {
  const count: Record<Section, number> = {
    mine: lists.value.mine.length,
    waiting: waiting.value.waiting,
    recent: 0,
  };
  return (
    <div class="tabs" role="group" aria-label={t("conversations")}>
      {SECTIONS.map((s) => (
        <button key={s} type="button" aria-pressed={section.value === s} onClick={() => (section.value = s)}>
          {t(s)}
          {count[s] > 0 && <span class="count">{count[s]}</span>}
          {s === "mine" && unread.value > 0 && <span class="fresh"><span class="sr">{t("unread", unread.value)}</span></span>}
        </button>
      ))}
    </div>
  );
}

function lastLine(s: Summary): { lead: string; text: string } {
  const draft = drafts.value[s.conversation];
  if (draft) return { lead: t("draft"), text: draft };
  return { lead: s.last?.direction === "out" ? t("you_said") : "", text: s.last?.text ?? "" };
}

function RowView({ s, index }: { s: Summary; index: number }) {
  const { lead, text } = lastLine(s);
  const name = t(s.connector === "sms" || s.connector === "wechat" ? s.connector : "web");
  return (
    <>
      <button
        class="row"
        type="button"
        data-conversation={s.conversation}
        aria-current={s.conversation === selected.value ? "true" : undefined}
        data-index={index}
        onClick={() => {
          select(s.conversation);
          toComposer();
        }}
      >
        <span class={`channel ch-${s.connector}`} title={`${name} · ${s.channel}`}>
          <Icon name={iconFor(s.connector, "web")} />
          <span class="sr">{name}</span>
        </span>
        <span class="row-top">
          <span class="row-title">{s.title}</span>
          {s.waiting_since != null ? (
            <Wait since={s.waiting_since} />
          ) : (
            <span class="row-time">{s.last?.ts ? short(s.last.ts, now.value, lang.value) : ""}</span>
          )}
        </span>
        <span class="row-bottom">
          <span class="row-last">
            {lead && <em>{lead}</em>}
            {text}
          </span>
          {s.unread > 0 && (
            <span class="badge">
              {s.unread > 99 ? "99+" : s.unread}
              <span class="sr">{t("unread", "")}</span>
            </span>
          )}
        </span>
      </button>
      {s.state === "queued" && (
        <button class="row-take" type="button" aria-label={`${t("take")} ${s.title}`} onClick={() => void take(s.conversation).then(toComposer)}>
          {t("take")}
        </button>
      )}
    </>
  );
}

function known(s: Summary): string {
  return thread(s.conversation).value.items.map((i) => (i.type === "message" ? i.text ?? "" : "")).join("\n");
}

export function List() {
  const shown = useComputed((): readonly Summary[] => {
    const q = query.value.trim();
    if (!q) return lists.value[section.value];
    return SECTIONS.flatMap((s) => lists.value[s]).filter((s) => matches(q, s.title, s.last?.text, s.agent, s.queue, known(s)));
  });
  useSignalEffect(() => {
    visible.value = shown.value;
  });
  return (
    <section class="list" aria-label={t("conversations")}>
      <QueueHead />
      {presence.value === "away" && (
        <div class="away" role="status">
          <span>{t("away_hint")}</span>
          <button class="quiet" type="button" onClick={() => void togglePresence()}>{t("go_available")}</button>
        </div>
      )}
      <Tabs />
      <label class="search">
        <Icon name="search" />
        <span class="sr">{t("search")}</span>
        <input
          id="search"
          type="search"
          placeholder={t("search")}
          value={query.value}
          onInput={(e) => (query.value = e.currentTarget.value)}
          onKeyDown={onSearchKey}
        />
      </label>
      <Rows rows={shown.value} />
    </section>
  );
}

function onSearchKey(e: KeyboardEvent): void {
  if (e.key === "Escape") {
    query.value = "";
    toComposer();
  } else if (e.key === "Enter" && !e.isComposing && visible.value[0]) {
    select(visible.value[0].conversation);
    query.value = "";
    toComposer();
  } else if (e.key === "ArrowDown") {
    e.preventDefault();
    document.querySelector<HTMLElement>(".row")?.focus();
  }
}

function Rows({ rows }: { rows: readonly Summary[] }) {
  const box = useRef<HTMLDivElement>(null);
  const virtual = useVirtual({
    count: rows.length,
    getScrollElement: () => box.current,
    estimateSize: () => ROW_PX,
    getItemKey: useCallback((i: number) => rows[i]?.conversation ?? String(i), [rows]),
    overscan: 6,
  });
  const move = (e: KeyboardEvent): void => {
    const by = e.key === "ArrowDown" ? 1 : e.key === "ArrowUp" ? -1 : 0;
    const at = Number((e.target as HTMLElement).dataset.index);
    if (!by || e.altKey || Number.isNaN(at)) return;
    e.preventDefault();
    const to = at + by;
    if (to < 0) return document.getElementById("search")?.focus();
    if (to >= rows.length) return;
    virtual.scrollToIndex(to);
    requestAnimationFrame(() => box.current?.querySelector<HTMLElement>(`.row[data-index="${to}"]`)?.focus());
  };
  const items = virtual.getVirtualItems();
  return (
    <div class="rows" ref={box} onKeyDown={move}>
      {rows.length === 0 && (
        <p class="empty">{query.value.trim() ? t("none_found", query.value.trim()) : t(`none_${section.value}`)}</p>
      )}
      <ul style={{ height: `${virtual.getTotalSize()}px` }}>
        {items.map((item) => {
          const s = rows[item.index];
          return s ? (
            <li key={item.key} aria-setsize={rows.length} aria-posinset={item.index + 1} style={{ transform: `translateY(${item.start}px)` }}>
              <RowView s={s} index={item.index} />
            </li>
          ) : null;
        })}
      </ul>
    </div>
  );
}
