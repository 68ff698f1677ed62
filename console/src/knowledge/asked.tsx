/** What customers asked in vain, by likeness: a group becomes a draft in one step. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { now } from "../state/desk";
import { lang } from "../state/prefs";
import { short } from "../model/time";
import { call, readList, show, tell, tellProblem, type Group, type Listed } from "./api";
import { idFor } from "./form";
import { titleOf } from "./list";
import { w, wOf } from "./words";

const LOOK_MS = 200;

export function Asked() {
  const groups = useSignal<readonly Group[] | null>(null);
  const total = useSignal(0);
  const code = useSignal("");
  const at = useSignal<string | null>(null);
  const read = async (): Promise<void> => {
    const a = await call("GET", "/unanswered");
    code.value = a.ok ? "" : a.code;
    if (!a.ok) return;
    groups.value = a.body.groups;
    total.value = a.body.questions;
  };
  useEffect(() => void read(), []);
  const all = groups.value;
  const chosen = all?.find((g) => g.id === at.value) ?? null;
  if (code.value)
    return <p class="trouble" role="alert">{wOf(`p_${code.value}`, code.value)} <button type="button" class="link" onClick={() => void read()}>{w("again")}</button></p>;
  return (
    <div class="split">
      <section class="pick" aria-label={w("asked")}>
        <p class="muted pad">{all === null ? w("loading") : all.length ? w("asked_say", total.value, all.length) : w("asked_none")}</p>
        <ul class="picks">
          {all?.map((g) => (
            <li key={g.id}>
              <button type="button" aria-current={g.id === at.value ? "true" : undefined} onClick={() => (at.value = g.id)}>
                <b>{g.text}</b>
                <span class="count">{w("times", g.count)}</span>
                <small>{g.drafted.length ? w("in_draft", g.drafted.join(", ")) : g.nearest ? `${w("nearest")}: ${g.nearest}` : ""}</small>
              </button>
            </li>
          ))}
        </ul>
      </section>
      {chosen ? <One key={chosen.id} g={chosen} done={() => { at.value = null; void read(); }} /> : <section class="sheet nothing"><p class="muted">{w("asked_pick")}</p></section>}
    </div>
  );
}

function One({ g, done }: { g: Group; done: () => void }) {
  const id = useSignal(idFor(g.text, `asked.${g.id.replace("-", "_")}`));
  const q = useSignal("");
  const found = useSignal<readonly Listed[]>([]);
  const busy = useSignal(false);
  useEffect(() => {
    const timer = setTimeout(async () => {
      const a = q.value || g.nearest ? await call("GET", `/templates?kind=answer&q=${encodeURIComponent(q.value || g.text)}`) : null;
      found.value = a?.ok ? (a.body.items as Listed[]).slice(0, 5) : [];
    }, LOOK_MS);
    return () => clearTimeout(timer);
  }, [q.value]);
  const draft = async (body: object): Promise<void> => {
    busy.value = true;
    const a = await call("POST", `/unanswered/${g.id}/draft`, body);
    busy.value = false;
    if (!a.ok) return tellProblem(a);
    void readList();
    show(a.body.id as string);
  };
  const remove = async (): Promise<void> => {
    let removed = 0;
    for (let i = 0; i < g.ids.length; i += 500) {
      const a = await call("DELETE", "/unanswered", { ids: g.ids.slice(i, i + 500) });
      if (!a.ok) return tellProblem(a);
      removed += a.body.removed as number;
    }
    tell(w("removed", removed));
    done();
  };
  const submit = (e: Event): void => {
    e.preventDefault();
    void draft({ id: id.value.trim() });
  };
  return (
    <section class="sheet" aria-labelledby="group-title">
      <header>
        <h2 id="group-title">{g.text}</h2>
        <p class="muted">{w("times", g.count)}{g.nearest && ` · ${w("nearest")}: ${g.nearest}`}</p>
      </header>
      {g.drafted.map((name) => (
        <p key={name} class="note-line"><button type="button" class="link" onClick={() => show(name)}>{w("in_draft", name)}</button></p>
      ))}
      <form class="line-row" onSubmit={submit}>
        <label class="grow">{w("new_id")}
          <input value={id.value} maxLength={64} pattern="[a-z0-9_]+([.][a-z0-9_]+)*" required autocomplete="off" spellcheck={false} onInput={(e) => (id.value = e.currentTarget.value)} />
          <small>{w("id_hint")}</small>
        </label>
        <button type="submit" class="primary" disabled={busy.value}>{w("make_draft")}</button>
      </form>
      <div class="into">
        <label>{w("or_into")}
          <input type="search" placeholder={w("find")} value={q.value} onInput={(e) => (q.value = e.currentTarget.value)} />
        </label>
        <ul>
          {found.value.map((x) => (
            <li key={x.id}>
              <span><b>{titleOf(x)}</b> <small>{x.id}</small></span>
              <button type="button" class="action" aria-label={`${w("add_into")}: ${titleOf(x)}`} disabled={busy.value} onClick={() => void draft({ into: x.id })}>{w("add_into")}</button>
            </li>
          ))}
        </ul>
      </div>
      <h3>{w("questions")}</h3>
      <ul class="said">
        {g.questions.map((x) => (
          <li key={x.id}><q>{x.text}</q> <time class="muted">{short(x.ts, now.value, lang.value)}</time></li>
        ))}
      </ul>
      <p><button type="button" class="link quiet-link" onClick={() => void remove()}>{w("needs_none")}</button></p>
    </section>
  );
}
