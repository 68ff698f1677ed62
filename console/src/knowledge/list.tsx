/** All templates, those with a draft, or what a search finds. */
import { useEffect } from "preact/hooks";
import { lang } from "../state/prefs";
import { find, list, may, next, only, open, readList, show, type Listed } from "./api";
import { unsaved } from "./unsaved";
import { w, wOf } from "./words";

const LOOK_MS = 150;

export const titleOf = (x: Listed): string => x.title?.[lang.value] || x.title?.zh || x.title?.en || x.id;

export function AnswerList() {
  useEffect(() => {
    const timer = setTimeout(() => void readList(), LOOK_MS);
    return () => clearTimeout(timer);
  }, [find.value, only.value]);
  const items = list.value;
  return (
    <section class="pick" aria-label={w("answers")}>
      <div class="pick-head">
        <input type="search" aria-label={w("find")} placeholder={w("find")} value={find.value} onInput={(e) => (find.value = e.currentTarget.value)} />
        {may.value.has("propose") && <button type="button" class="action" onClick={() => show("")}>{w("new_answer")}</button>}
      </div>
      <div class="chips" role="group" aria-label={w("answers")}>
        {(["all", "drafts"] as const).map((x) => (
          <button key={x} type="button" aria-pressed={only.value === x} onClick={() => (only.value = x)}>{w(x)}</button>
        ))}
      </div>
      {items === null && <p class="muted pad">{w("loading")}</p>}
      {items?.length === 0 && <p class="muted pad">{w("none")}</p>}
      <ul class="picks">
        {items?.map((x) => (
          <li key={x.id}>
            <button type="button" aria-current={open.value === x.id ? "true" : undefined} onClick={() => show(x.id)}>
              <b>{titleOf(x)}</b>
              {unsaved.value[x.id] && <span class="chip is-unsaved">{w("unsaved_chip")}</span>}
              {x.state !== "published" && <span class={`chip st-${x.state}`}>{w(`st_${x.state}`)}</span>}
              <small>{x.id}{x.kind && x.kind !== "answer" ? ` · ${wOf(`kind_${x.kind}`, x.kind)}` : ""}</small>
            </button>
          </li>
        ))}
      </ul>
      {next.value && <button type="button" class="link pad" onClick={() => void readList(true)}>{w("more")}</button>}
    </section>
  );
}
