/** What is written and not saved stays in this tab, as replies do, until it is saved, given up, or its author logs out. */
import { effect, signal } from "@preact/signals";
import { unwritten, user } from "../state/desk";
import { read, write } from "../state/prefs";
import { readUnsaved, type Form, type Unsaved } from "./form";

export const unsaved = signal<Readonly<Record<string, Unsaved>>>({});

const key = (): string => `answers.${user.value?.id}`;

effect(() => {
  if (user.value) unsaved.value = readUnsaved(read("sessionStorage", key()));
});
effect(() => {
  unwritten.value = Object.keys(unsaved.value).length;
});

/** What is kept of an answer, and of which state it is a change; null: nothing any more. */
export function keep(id: string, form: Form | null, etag = ""): void {
  const { [id]: _, ...rest } = unsaved.value;
  unsaved.value = form ? { ...rest, [id]: { form, etag } } : rest;
  write("sessionStorage", key(), form || Object.keys(rest).length ? JSON.stringify(unsaved.value) : null);
}
