/** The panel at the right: who the customer is to us. Addresses come masked from the server. */
import { current, customers, user } from "../state/desk";
import { date, elapsed } from "../model/time";
import { lang, t } from "../state/prefs";
import { Icon, iconFor } from "./icons";
import { dispositionName } from "./message";

export function Customer() {
  const s = current.value;
  const card = s && customers.value.get(s.conversation);
  if (!s) return null;
  return (
    <aside class="customer" aria-label={t("panel")} tabIndex={0}>
      <h2>{t("addresses")}</h2>
      <ul class="addresses">
        {(card?.addresses ?? [{ address: s.title, channel: s.channel, connector: s.connector }]).map((a) => (
          <li key={a.address + a.channel}>
            <span class={`channel ch-${a.connector}`}>
              <Icon name={iconFor(a.connector, "web")} />
            </span>
            <span>
              <b>{a.address}</b>
              <span class="muted">{a.channel}</span>
            </span>
          </li>
        ))}
      </ul>
      {card && (
        <>
          <dl>
            <div>
              <dt>{t("first_contact")}</dt>
              <dd>{card.first_ts ? date(card.first_ts, lang.value) : "–"}</dd>
            </div>
            <div>
              <dt>{t("messages")}</dt>
              <dd>{card.messages}</dd>
            </div>
          </dl>
          <h2>{t("history")}</h2>
          <ol class="sessions">
            {[...card.sessions].sort((a, b) => b.opened_ts - a.opened_ts).map((x) => (
              <li key={x.id} class={`st-${x.state}`}>
                <b>{x.state === "closed" ? dispositionName(x.disposition) || t("s_closed") : t(`s_${x.state}`)}</b>
                <span class="muted">
                  {[
                    date(x.opened_ts, lang.value),
                    x.closed_ts ? elapsed(x.closed_ts - x.opened_ts) : "",
                    x.agent ? t("handled_by", x.agent === user.value?.id ? t("me") : x.agent) : "",
                  ].filter(Boolean).join(" · ")}
                </span>
              </li>
            ))}
          </ol>
        </>
      )}
    </aside>
  );
}
