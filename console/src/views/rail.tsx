/** The rail at the left: who I am and whether I take conversations, and the switches. */
import { dialog, outbox, page, presence, togglePresence, user } from "../state/desk";
import { leave } from "../state/desk";
import { unsafe } from "../model/outbox";
import { logout } from "../state/api";
import { toggleAlerts } from "../state/browser";
import { alerts, t } from "../state/prefs";
import { Icon, Mark } from "./icons";
import { LangSwitch, ThemeSwitch } from "./switches";

export async function logOut(): Promise<void> {
  await logout();
  leave(false);
  page.value = "login";
}

export function Rail() {
  const me = user.value;
  const here = presence.value === "available";
  const state = here ? t("available") : t("away");
  const initials = me ? (/\p{Script=Han}/u.test(me.name) ? me.name.slice(-2) : me.name.split(/\s+/).map((w) => w[0]).join("").slice(0, 2)) : "";
  return (
    <nav class="rail" aria-label={t("console")}>
      <Mark />
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
        onClick={() => (unsafe(outbox.value) ? (dialog.value = "logout") : void logOut())}
      >
        <Icon name="logout" />
      </button>
    </nav>
  );
}
