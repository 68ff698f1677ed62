/** The page of those who write answers: what is asked in vain, the answers, their versions. */
import { useEffect } from "preact/hooks";
import { Asked } from "./asked";
import { may, open, readList, section, trouble, type Section } from "./api";
import { Editor } from "./editor";
import { AnswerList } from "./list";
import { combo } from "../state/keys";
import { Versions } from "./versions";
import { w, wOf } from "./words";

const STYLE = "knowledge.css";
let styled: Promise<void> | null = null;

/** The page's own style, before the page. */
export function ready(): Promise<void> {
  styled ??= new Promise((done) => {
    const link = document.createElement("link");
    link.rel = "stylesheet";
    link.href = STYLE;
    link.onload = link.onerror = () => done();
    document.head.append(link);
  });
  return styled;
}

const ORDER: readonly Section[] = ["asked", "answers", "versions"];

/** As at the desk: Alt+L goes round, / or Ctrl+K searches. */
function onKey(e: KeyboardEvent): void {
  const pressed = combo(e);
  const writes = (e.target as HTMLElement).matches("input,textarea,select");
  const sections = ORDER.filter((s) => s !== "asked" || may.value.has("edit"));
  if (pressed === "Alt+L") section.value = sections[(sections.indexOf(section.value) + 1) % sections.length] ?? "answers";
  else if (pressed === "Ctrl+K" || (pressed === "/" && !writes)) document.querySelector<HTMLElement>(".answers input[type=search]")?.focus();
  else return;
  e.preventDefault();
}

export function Answers() {
  useEffect(() => {
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
  // Who comes to edit sees first what is asked in vain; who comes back, what they were at.
  useEffect(() => void readList().then(() => may.value.has("edit") && section.value === "answers" && open.value === null && (section.value = "asked")), []);
  const at = section.value;
  return (
    <main class="answers" id="main">
      <h1 class="sr">{w("sections")}</h1>
      <nav class="answers-nav" aria-label={w("sections")}>
        {may.value.has("edit") && <Tab of="asked" />}
        <Tab of="answers" />
        <Tab of="versions" />
      </nav>
      {trouble.value && (
        <p class="trouble" role="alert">
          {wOf(`p_${trouble.value}`, trouble.value)} <button type="button" class="link" onClick={() => void readList()}>{w("again")}</button>
        </p>
      )}
      {at === "asked" && <Asked />}
      {at === "answers" && (
        <div class="split">
          <AnswerList />
          <Editor />
        </div>
      )}
      {at === "versions" && <Versions />}
    </main>
  );
}

function Tab({ of }: { of: Section }) {
  return (
    <button type="button" aria-current={section.value === of ? "page" : undefined} onClick={() => (section.value = of)}>
      {w(of)}
    </button>
  );
}
