/** The rail at the left: who I am and whether I take conversations, and the switches. */
import { dialog, hasDesk, logOut, outbox, pane, presence, togglePresence, unwritten, user } from "../state/desk";
import { unsafe } from "../model/outbox";
import { toggleAlerts } from "../state/browser";
import { togglePane } from "../state/keys";
import { alerts, t } from "../state/prefs";
import { Icon, Mark } from "./icons";
import { LangSwitch, ThemeSwitch } from "./switches";

function Presence() {
  const me = user.value;
  const here = presence.value === "available";
  const state = here ? t("available") : t("away");
  const initials = me ? (/\p{Script=Han}/u.test(me.name) ? me.name.slice(-2) : me.name.split(/\s+/).map((w) => w[0]).join("").slice(0, 2)) : "";
  return (
    <>
      <button
        class={`presence ${here ? "is-here" : "is-away"}`}
        type="button"
        aria-pressed={here}
        aria-label={`${me?.name ?? ""} · ${state}`}
        title={`${me?.name ?? ""} · ${state} (Alt+P)`}
        onClick={() => void togglePresence()}
      >
        <span class="initials">{initials}</span>
        <span class="dot" />
      </button>
      <span class="presence-word" aria-hidden="true">{state}</span>
    </>
  );
}

export function Rail() {
  return (
    <nav class="rail" aria-label={t("console")}>
      <Mark />
      {hasDesk.value && <Presence />}
      {hasDesk.value && (
        <button class="quiet" type="button" aria-pressed={pane.value === "answers"} aria-label={t("answers")} title={`${t("answers")} (Alt+K)`} onClick={togglePane}>
          <Icon name="book" />
        </button>
      )}
      <span class="grow" />
      <button class="quiet" type="button" aria-pressed={alerts.value === "on"} aria-label={t(`alerts_${alerts.value}`)} title={t(`alerts_${alerts.value}`)} onClick={toggleAlerts}>
        <Icon name={alerts.value === "on" ? "bell" : "bell_off"} />
      </button>
      <LangSwitch />
      <ThemeSwitch />
      <button class="quiet" type="button" aria-label={t("help")} title={`${t("help")} (?)`} onClick={() => (dialog.value = "help")}>
        <Icon name="help" />
      </button>
      <button
        class="quiet"
        type="button"
        aria-label={t("logout")}
        title={t("logout")}
        onClick={() => (unsafe(outbox.value) + unwritten.value ? (dialog.value = "logout") : void logOut())}
      >
        <Icon name="logout" />
      </button>
    </nav>
  );
}
