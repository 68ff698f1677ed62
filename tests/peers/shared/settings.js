// Settings that can be turned while a simulator runs, each from a table that names the allowed values:
// {name: [initial value, allowed values or a type]}. A wrong name or value is refused with a sentence,
// never ignored, so that a test with a typo fails instead of testing nothing.

const EMPTY = () => undefined;

export class Settings {
  #table;
  #values;
  #changed;

  constructor(table, changed = EMPTY) {
    this.#table = table;
    this.#changed = changed;
    this.clear();
  }

  get values() {
    return this.#values;
  }

  /** Changes what `patch` names; throws with a sentence on a wrong name or value, changing nothing. */
  set(patch) {
    for (const [name, value] of Object.entries(patch)) {
      if (!this.#table[name])
        throw new TypeError(`no such setting: ${name} (there are: ${Object.keys(this.#table).join(", ")})`);
      const [, allowed] = this.#table[name];
      if (!fits(value, allowed))
        throw new TypeError(`${name} cannot be ${JSON.stringify(value)}: ${allowedText(allowed)}`);
    }
    this.#values = { ...this.#values, ...structuredClone(patch) };
    this.#changed(this.#values);
    return this.#values;
  }

  /** All back to their initial values. */
  clear() {
    this.#values = Object.fromEntries(
      Object.entries(this.#table).map(([name, [initial]]) => [name, structuredClone(initial)]),
    );
    this.#changed(this.#values);
    return this.#values;
  }
}

function fits(value, allowed) {
  if (Array.isArray(allowed)) return allowed.includes(value);
  if (allowed.endsWith("?")) return value === null || fits(value, allowed.slice(0, -1));
  if (allowed === "number") return Number.isInteger(value) && value >= 0;
  if (allowed === "error")
    return typeof value === "object" && Number.isInteger(value.status) && Number.isInteger(value.count);
  if (allowed === "object") return typeof value === "object" && value !== null && !Array.isArray(value);
  return typeof value === allowed;
}

function allowedText(allowed) {
  if (Array.isArray(allowed)) return `one of ${allowed.map((v) => JSON.stringify(v)).join(", ")}`;
  if (allowed === "error" || allowed === "error?") return "{status, count, to?}";
  return allowed;
}
