/** Every publication: who, when, what; and back to it. */
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { full } from "../model/time";
import { lang } from "../state/prefs";
import { call, may, readList, show, tell, tellProblem, type Version } from "./api";
import { w, wOf } from "./words";

const SHOWN = 12;
/** "user:mei" as people say it. */
export const nameOf = (by: string): string => by.replace(/^user:/, "");

/** At once: the button that was pressed is gone, and the next key is for this one, which stands in its place. */
const focus = (button: HTMLButtonElement | null): void => button?.focus();

export function Versions() {
  const all = useSignal<readonly Version[] | null>(null);
  const etag = useSignal("");
  const asks = useSignal(0);
  const asked = useSignal(0);
  const read = async (): Promise<void> => {
    const a = await call("GET", "/templates/versions");
    if (!a.ok) return tellProblem(a);
    all.value = a.body.items;
    etag.value = a.etag;
  };
  useEffect(() => void read(), []);
  /** 0: it is answered, and the next key is for the button that asked. */
  const ask = (version: number): void => {
    asked.value = version ? 0 : asks.value;
    asks.value = version;
  };
  const back = async (version: number): Promise<void> => {
    ask(0);
    const a = await call("POST", "/templates/rollback", { version }, { "if-match": etag.value });
    if (a.ok) tell(w("published", a.body.version as number));
    else tellProblem(a); // published by others since: the list shows by whom
    void readList();
    void read();
  };
  return (
    <section class="versions" aria-label={w("versions")}>
      {all.value === null && <p class="muted pad">{w("loading")}</p>}
      <ol>
        {all.value?.map((v) => (
          <li key={v.version} class={v.current ? "is-current" : ""}>
            <div>
              <b>{w("version", v.version)}</b>
              {v.current && <span class="chip">{w("current")}</span>}
              <span class="muted">{full(v.ts, lang.value)} · {nameOf(v.by)} · {v.origin === "rollback" ? w("o_rollback", v.from) : wOf(`o_${v.origin}`, v.origin)}</span>
              {!!v.authors?.length && <span class="muted">{w("authors", v.authors.map(nameOf).join(", "))}</span>}
              {v.note && <q>{v.note}</q>}
              <span class="changes">
                {v.changed.length > SHOWN ? <span class="muted">{w("changed_n", v.changed.length)}</span> : v.changed.map((id) => <button key={id} type="button" class="link" onClick={() => show(id)}>{id}</button>)}
              </span>
            </div>
            {may.value.has("publish") && !v.current && (asks.value === v.version ? (
              <span class="line-row" role="group" aria-label={w("sure", v.version)}>
                {w("sure", v.version)}
                <button type="button" class="primary" ref={focus} onClick={() => void back(v.version)}>{w("yes")}</button>
                <button type="button" class="action" onClick={() => ask(0)}>{w("no")}</button>
              </span>
            ) : (
              <button type="button" class="action" ref={asked.value === v.version ? focus : null} aria-label={`${w("roll_back")}: ${w("version", v.version)}`} onClick={() => ask(v.version)}>{w("roll_back")}</button>
            ))}
          </li>
        ))}
      </ol>
    </section>
  );
}
