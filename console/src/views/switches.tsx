/** The small switches that both the log-in page and the rail have. */
import { lang, t, theme, type Theme } from "../state/prefs";
import { Icon } from "./icons";

export function LangSwitch() {
  const word = lang.value === "zh" ? "EN" : "中";
  return (
    <button
      class="quiet lang"
      type="button"
      lang={lang.value === "zh" ? "en" : "zh-CN"}
      aria-label={`${word} · ${t("lang")}`}
      title={t("lang")}
      onClick={() => (lang.value = lang.value === "zh" ? "en" : "zh")}
    >
      {word}
    </button>
  );
}

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };

export function ThemeSwitch() {
  const label = t(`theme_${theme.value}`);
  return (
    <button
      class={`quiet theme-${theme.value}`}
      type="button"
      aria-label={label}
      title={label}
      onClick={() => (theme.value = NEXT[theme.value])}
    >
      <Icon name="theme" />
    </button>
  );
}
