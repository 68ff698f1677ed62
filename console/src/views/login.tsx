/** The log-in page: says what went wrong in a sentence, and counts down when it was too often. */
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { login } from "../state/api";
import { enter, expired } from "../state/desk";
import { lang, langChosen, t } from "../state/prefs";
import { LOGIN } from "../text/login";
import { learn } from "../text/strings";
import { Mark } from "./icons";
import { LangSwitch, ThemeSwitch } from "./switches";

learn(LOGIN);

export function Login() {
  const busy = useSignal(false);
  const problem = useSignal<"" | "login_failed" | "unreachable">("");
  const waitS = useSignal(0);
  const name = useRef<HTMLInputElement>(null);
  const secret = useRef<HTMLInputElement>(null);

  useEffect(() => name.current?.focus(), []);
  useEffect(() => {
    const timer = window.setInterval(() => (waitS.value = Math.max(0, waitS.value - 1)), 1000);
    return () => window.clearInterval(timer);
  }, []);

  const submit = async (e: Event): Promise<void> => {
    e.preventDefault();
    if (busy.value || waitS.value || !name.current || !secret.current) return;
    busy.value = true;
    problem.value = "";
    const result = await login(name.current.value.trim(), secret.current.value);
    busy.value = false;
    if (result.ok) {
      if (!langChosen() && result.user.lang) lang.value = result.user.lang;
      return enter(result.user);
    }
    if (result.code === "login_throttled") waitS.value = result.wait_s;
    else problem.value = result.code;
    secret.current?.select();
  };

  const said = waitS.value
    ? t("login_throttled", waitS.value)
    : problem.value === "unreachable"
      ? t("login_unreachable")
      : problem.value
        ? t(problem.value)
        : "";

  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <Mark />
        <h1>posthouse</h1>
        <p class="login-what">{t("console")}</p>
        {expired.value && !said && <p class="login-note" role="status">{t("login_again")}</p>}
        <p class={`login-problem${said ? "" : " is-empty"}`} role="alert">{said}</p>
        <label>
          {t("user")}
          <input ref={name} name="username" autocomplete="username" autocapitalize="none" spellcheck={false} required />
        </label>
        <label>
          {t("password")}
          <input ref={secret} name="password" type="password" autocomplete="current-password" required />
        </label>
        <button class="primary" type="submit" disabled={busy.value || waitS.value > 0}>
          {busy.value ? t("login_going") : t("login")}
        </button>
      </form>
      <footer class="login-foot">
        <LangSwitch />
        <ThemeSwitch />
      </footer>
    </main>
  );
}
