/** One row of the thread: a day, an event of the session, a message, or a reply on its way. Text is text. */
import type { MessageEvent, SessionEvent, VerifiedEvent } from "../protocol";
import type { Entry } from "../model/outbox";
import type { Row, Who } from "../model/rows";
import type { StatusView } from "../model/thread";
import { clock, day, full } from "../model/time";
import { segments } from "../model/links";
import { cardOf } from "../model/media";
import { askAbout, discard, dispositions, isMine, now, retry, user } from "../state/desk";
import { lang, t } from "../state/prefs";
import { sayOf } from "../text/strings";
import { Icon, iconFor, type IconName } from "./icons";

export function RowView({ row }: { row: Row }) {
  switch (row.kind) {
    case "start":
      return <p class="line">{t("start")}</p>;
    case "day":
      return (
        <p class="day">
          <span>{dayWord(row.ts)}</span>
        </p>
      );
    case "unread":
      return (
        <p class="unread-line">
          <span>{t("new_below")}</span>
        </p>
      );
    case "session":
      return <SessionLine event={row.event} />;
    case "verified":
      return <VerifiedLine event={row.event} />;
    case "message":
      return <Message m={row.message} who={row.who} status={row.status} first={row.first} next={row.next} />;
    case "entry":
      return <Pending entry={row.entry} first={row.first} />;
  }
}

export const dayWord = (ts: number): string =>
  day(ts, now.value, lang.value, { today: t("today"), yesterday: t("yesterday") });

export function dispositionName(id: string | null | undefined): string {
  return (id && dispositions.value.find((d) => d.id === id)?.[lang.value]) || id || "";
}

function SessionLine({ event }: { event: SessionEvent }) {
  const who = event.agent ? (event.agent === user.value?.id ? t("me") : event.agent_name || event.agent) : "";
  const what = {
    bot: t("ev_bot"),
    queued: t("ev_queued", event.queue ?? ""),
    assigned: t("ev_assigned", who),
    wrapup: t("ev_wrapup"),
    closed: t("ev_closed"),
  }[event.state];
  const how = event.state === "closed" || event.state === "wrapup" ? dispositionName(event.disposition) : "";
  return (
    <p class="line">
      <span>
        {what}
        {how && <b> · {how}</b>}
      </span>
      {event.note && <q>{event.note}</q>}
      <time>{clock(event.ts, lang.value)}</time>
    </p>
  );
}

function VerifiedLine({ event }: { event: VerifiedEvent }) {
  return (
    <p class="line">
      <span>{event.until_ts ? t("verified", clock(event.until_ts, lang.value)) : t("verified_not")}</span>
      <span>{[event.how, event.by].filter(Boolean).join(" · ")}</span>
      <time>{clock(event.ts, lang.value)}</time>
    </p>
  );
}

/** What the bot did and how sure it was, and what the customer did next. */
function botNote(m: MessageEvent, next: string): string {
  const did = m.answer?.did;
  if (!did) return "";
  const sure = did === "answer" && m.answer?.confidence != null ? ` ${Math.round(m.answer.confidence * 100)} %` : "";
  return sayOf(lang.value, `b_${did}`, did) + sure + (next && ` → ${sayOf(lang.value, `n_${next}`, next)}`);
}

function label(m: MessageEvent, who: Who): string {
  if (who === "bot") return m.author?.name || t("bot");
  if (who === "colleague") return m.author?.name || m.author?.id || t("colleague");
  return who === "system" ? m.author?.name || t("system") : "";
}

function Message({ m, who, status, first, next }: { m: MessageEvent; who: Who; status: StatusView | null; first: boolean; next: string }) {
  const note = botNote(m, next);
  const name = label(m, who);
  const bad = status && /^(failed|undelivered|unknown|canceled|partially)/.test(status.status);
  return (
    <article class={`msg by-${who}${first ? " is-first" : ""}`} data-seq={m.seq}>
      {first && name && (
        <p class="author">
          {who === "bot" && <Icon name="bot" />}
          {name}
        </p>
      )}
      {!name && <span class="sr">{who === "me" ? t("me") : t("customer")}</span>}
      <div class={`bubble${bad ? " is-bad" : ""}`}>
        {m.kind && m.kind !== "text" ? <Media m={m} /> : <Text text={m.text ?? ""} />}
        <span class="meta">
          <time title={full(m.ts, lang.value)}>{clock(m.ts, lang.value)}</time>
          {who === "customer" && m.kind === "text" && isMine.value && (
            <button class="about-this" type="button" tabIndex={-1} aria-label={t("about")} title={`${t("about")} (Alt+A)`} onClick={() => askAbout(m.seq)}>
              <Icon name="spark" />
            </button>
          )}
          {status && <Tick status={status.status} {...(status.parts != null && { part: `${status.part}/${status.parts}` })} />}
        </span>
      </div>
      {bad && (
        <p class="why">
          {sayOf(lang.value, `m_${status.status}`, status.status)}
          {(status.reason || status.code) && `: ${[status.reason, status.code].filter(Boolean).join(" · ")}`}
        </p>
      )}
      {[...new Set([...(m.marks ?? []), ...(status?.marks ?? [])])].filter((mark) => mark !== "replaced").map((mark) => (
        <p class="mark-note" key={mark}>
          {sayOf(lang.value, mark, mark)}
        </p>
      ))}
      {m.first != null && (
        <p class="mark-note">
          {t("was_replaced")} <del>{m.first}</del>
        </p>
      )}
      {note && <p class="mark-note">{note}</p>}
    </article>
  );
}

/** What the log does not show yet looks like it will, only lighter. */
function Pending({ entry, first }: { entry: Entry; first: boolean }) {
  const refused = entry.state === "refused";
  const status = refused ? "refused" : entry.state === "acked" ? "queued" : entry.state === "sent" ? "saving" : "waiting";
  return (
    <article class={`msg by-me is-pending${first ? " is-first" : ""}`} data-cid={entry.cid}>
      <span class="sr">{t("me")}</span>
      <div class={`bubble${refused ? " is-bad" : ""}`}>
        <Text text={entry.text} />
        <span class="meta">
          <time>{clock(entry.ts, lang.value)}</time>
          <Tick status={status} />
        </span>
      </div>
      {refused && (
        <p class="why">
          {t("m_refused")}: {sayOf(lang.value, `e_${entry.code}`, entry.code ?? "")}{" "}
          <button type="button" class="link" onClick={() => retry(entry.cid)}>{t("retry")}</button>{" "}
          <button type="button" class="link" onClick={() => discard(entry.cid)}>{t("discard")}</button>
        </p>
      )}
    </article>
  );
}

const TICKS: Record<string, IconName> = {
  sent: "sent",
  delivered: "delivered",
  read: "delivered",
  partially_delivered: "sent",
  failed: "failed",
  undelivered: "failed",
  refused: "failed",
  canceled: "failed",
  unknown: "unknown",
};

function Tick({ status, part }: { status: string; part?: string }) {
  const word = sayOf(lang.value, `m_${status}`, status) + (part ? ` ${part}` : "");
  return (
    <span class={`tick tick-${status}`} title={word}>
      <Icon name={TICKS[status] ?? "waiting"} />
      {part}
      <span class="sr">{word}</span>
    </span>
  );
}

function Text({ text }: { text: string }) {
  return (
    <span class="text" dir="auto">
      {segments(text).map((s, i) =>
        s.href ? (
          <a key={i} href={s.href} target="_blank" rel="noopener noreferrer nofollow">
            {s.text}
          </a>
        ) : (
          s.text
        ),
      )}
    </span>
  );
}

/** A picture, a place and the like as a labelled card; nothing of it is fetched by itself. */
function Media({ m }: { m: MessageEvent }) {
  const card = cardOf(m.media, m.text ?? "");
  return (
    <span class="card">
      <Icon name={iconFor(m.kind === "video" ? "image" : m.kind, "file")} />
      <span>
        <b>{(m.kind === "event" && card.label) || sayOf(lang.value, `k_${m.kind}`, m.kind)}</b>
        {card.lines.map((line) => (
          <span key={line}>{line}</span>
        ))}
        {card.href && (
          <a href={card.href} target="_blank" rel="noopener noreferrer nofollow">
            {new URL(card.href).host}
          </a>
        )}
      </span>
    </span>
  );
}
