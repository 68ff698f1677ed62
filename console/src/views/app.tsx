/** The page: log in or the desk, with what lies over it (connection, dialogs, toast, live region). */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { unsafe } from "../model/outbox";
import { connect, current, dialog, heard, hurry, leave, link, now, outbox, page, pane, service, toast, welcomed } from "../state/desk";
import { lang, panel, t } from "../state/prefs";
import { say, sayOf } from "../text/strings";
import { Customer } from "./customer";
import { Mark } from "./icons";
import { List } from "./list";
import { Rail } from "./rail";
import { ThreadPane } from "./thread";

const TOAST_MS = 6000;

export function App() {
  if (page.value === "loading") return <main class="login"><Mark /></main>;
  if (page.value === "login") return <Late of="login" />;
  const stopped = link.value.at === "replaced" || link.value.at === "refused";
  return (
    <>
      {!stopped && <a class="skip" href="#main">{t("skip")}</a>}
      <Banner />
      {stopped ? <Stopped /> : pane.value === "answers" ? <Answers /> : <Desk />}
      {(dialog.value || welcomed.value) && <Late of="dialogs" />}
      <Toast />
      <Live />
    </>
  );
}

function Desk() {
  return (
    <div class="desk" data-open={!!current.value} data-panel={panel.value === "open" && !!current.value}>
      <Rail />
      <List />
      <ThreadPane />
      {panel.value === "open" && <Customer />}
    </div>
  );
}

/** What comes when it is opened, or at once when there is time: the first page is lighter without it. */
function Late({ of }: { of: LateOnes }) {
  useEffect(() => void fetchLate(of), []);
  const View = late.value[of];
  return View ? <View /> : of === "dialogs" ? null : <main id="main" />;
}

type LateOnes = "answers" | "dialogs" | "login";

const late = signal<Partial<Record<LateOnes, ComponentType>>>({});
const SOURCES: Record<LateOnes, () => Promise<ComponentType>> = {
  answers: () => import("../knowledge/page").then((m) => m.ready().then(() => m.Answers)),
  dialogs: () => import("./dialogs").then((m) => m.Dialogs),
  login: () => import("./login").then((m) => m.Login),
};

async function fetchLate(of: LateOnes): Promise<void> {
  try {
    const View = await SOURCES[of]();
    late.value = { ...late.value, [of]: View };
  } catch {
    toast.value = { key: "reload", code: "", n: Date.now() };
  }
}

function Answers() {
  return (
    <div class="desk answers-desk">
      <Rail />
      <Late of="answers" />
    </div>
  );
}

/** A calm line on top while things are not as they should be; nothing when they are. */
function Banner() {
  const state = link.value;
  const unsent = unsafe(outbox.value);
  const tail = unsent ? ` ${t("unsent", unsent)}` : "";
  if (state.at === "ready" && service.value === "ok") return <div role="status" />;
  if (state.at === "ready") return <div class="banner is-degraded" role="status">{t("degraded")}{tail}</div>;
  if (state.at !== "waiting" && state.at !== "connecting") return <div role="status" />;
  const left = state.at === "waiting" ? Math.max(0, Math.ceil((state.until - Date.now()) / 1000)) : 0;
  // `now` is read so that the seconds count down.
  return (
    <div class="banner" role="status" data-now={now.value > 0}>
      <i class="pulse" aria-hidden="true" />
      {welcomed.value ? t("reconnecting") : t("connecting")}
      {tail}
      {state.at === "waiting" && left > 1 && <span class="banner-in" aria-hidden="true">{t("reconnect_in", left)}</span>}
      {state.at === "waiting" && left > 1 && (
        <button class="link" type="button" onClick={hurry}>{t("reconnect_now")}</button>
      )}
    </div>
  );
}

function Stopped() {
  const replaced = link.value.at === "replaced";
  return (
    <main class="login">
      <div class="login-card">
        <Mark />
        <h1>{t(replaced ? "replaced" : "refused")}</h1>
        <p>{t(replaced ? "replaced_say" : "refused_say")}</p>
        <button class="primary" type="button" autofocus onClick={connect}>{t(replaced ? "use_here" : "retry")}</button>
        <button class="link" type="button" onClick={() => leave(true)}>{t("login")}</button>
      </div>
    </main>
  );
}

function Toast() {
  const said = toast.value;
  useEffect(() => {
    if (!said) return;
    const timer = window.setTimeout(() => {
      if (toast.value === said) toast.value = null;
    }, TOAST_MS);
    return () => window.clearTimeout(timer);
  }, [said]);
  const words = said && (said.key ? sayOf(lang.value, said.key, say(lang.value, "e_other", said.code)) : said.code);
  return <div class={`toast${said ? " is-shown" : ""}`} role="status">{words}</div>;
}

function Live() {
  const h = heard.value;
  return (
    <div class="sr" aria-live="polite">
      {h && <p key={h.n}>{sayOf(lang.value, "live", "").replace("{0}", () => h.title).replace("{1}", () => h.text)}</p>}
    </div>
  );
}
